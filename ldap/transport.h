// Private to ldap/: the bytes below libldap, so that no call into it can block longer than we allow.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "ldap/dial.h"
#include "ldap/libldap.h"
#include "ldap/net.h"

namespace muster::wire {

/// A liblber I/O provider over one non-blocking socket.
///
/// libldap's own network timeout bounds neither a TLS handshake (2.5 retries it without waiting, at full CPU) nor a read in the
/// middle of a message. Here every wait has an end: in the connecting phase each read and write ends at one common
/// deadline; afterwards a read never waits (libldap waits in ldap_result, with a limit) and a write waits at most `silence` for
/// room. Reads go through a buffer of 64 KiB.
class Transport {
 public:
  Transport(Socket socket, Deadline deadline, std::chrono::milliseconds silence);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// A handle that speaks over this transport, which must outlive it. Nothing is sent. `url` is for the certificate's name check.
  Result<Handle> attach(const std::string& url);

  /// Ends the connecting phase.
  void established() { deadline_.reset(); }
  /// From now on writes give up at once: for taking leave of a server that may not listen.
  void hurry() {
    deadline_.reset();
    silence_ = std::chrono::milliseconds(0);
  }
  /// True when a wait has run into its end.
  bool timed_out() const { return timed_out_; }
  /// True when the peer closed or the network failed.
  bool lost() const { return lost_; }
  int fd() const { return socket_.get(); }

 private:
  struct Io;
  ber_slen_t read(void* to, ber_len_t size);
  ber_slen_t write(const void* from, ber_len_t size);
  ber_slen_t receive(void* to, std::size_t size);
  bool wait(net::Ready ready);

  Socket socket_;
  std::optional<Deadline> deadline_;
  std::chrono::milliseconds silence_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  ///< what of buffer_ is unread
  bool timed_out_ = false;
  bool lost_ = false;
};

}  // namespace muster::wire
