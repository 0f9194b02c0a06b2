#include "ldap/transport.h"

#include <algorithm>
#include <cstring>

#include "ldap/net.h"

namespace muster::wire {
namespace {
constexpr std::size_t kReadAhead = 65536;
}  // namespace

/// The functions liblber calls; `sbiod_pvt` is the Transport.
struct Transport::Io {
  static Transport& self(Sockbuf_IO_Desc* io) { return *static_cast<Transport*>(io->sbiod_pvt); }
  static int setup(Sockbuf_IO_Desc* io, void* transport) {
    io->sbiod_pvt = transport;
    return 0;
  }
  static int remove(Sockbuf_IO_Desc*) { return 0; }
  static int control(Sockbuf_IO_Desc* io, int option, void*) {
    return option == LBER_SB_OPT_DATA_READY && self(io).begin_ < self(io).end_ ? 1 : 0;
  }
  static ber_slen_t read(Sockbuf_IO_Desc* io, void* to, ber_len_t size) { return self(io).read(to, size); }
  static ber_slen_t write(Sockbuf_IO_Desc* io, void* from, ber_len_t size) { return self(io).write(from, size); }
  static int close(Sockbuf_IO_Desc* io) {
    self(io).socket_ = Socket();
    return 0;
  }
  static Sockbuf_IO table;
};
Sockbuf_IO Transport::Io::table{setup, remove, control, read, write, close};

Transport::Transport(Socket socket, Deadline deadline, std::chrono::milliseconds silence)
    : socket_(std::move(socket)), deadline_(deadline), silence_(silence), buffer_(kReadAhead) {}

Result<Handle> Transport::attach(const std::string& url) {
  LDAP* raw = nullptr;
  const int rc = ldap_init_fd(socket_.get(), LDAP_PROTO_EXT, url.c_str(), &raw);
  if (rc != LDAP_SUCCESS) return error_from(rc, url);
  Handle handle(raw);
  Sockbuf* sockbuf = nullptr;
  if (ldap_get_option(raw, LDAP_OPT_SOCKBUF, &sockbuf) != LDAP_OPT_SUCCESS || !sockbuf ||
      ber_sockbuf_add_io(sockbuf, &Io::table, LBER_SBIOD_LEVEL_PROVIDER, this) != 0)
    return Error{Errc::io, url + ": libldap accepts no transport", ""};
  return handle;
}

bool Transport::wait(net::Ready ready) {
  const Deadline end = deadline_ ? *deadline_ : std::chrono::steady_clock::now() + silence_;
  if (net::wait_for(socket_.get(), ready, end)) return true;
  timed_out_ = true;
  net::set_timed_out();  // not "it would block", on which libldap would try again
  return false;
}

ber_slen_t Transport::receive(void* to, std::size_t size) {
  for (;;) {
    const auto got = static_cast<ber_slen_t>(net::receive(socket_.get(), to, size));
    if (got > 0) return got;
    if (got == 0 || !net::would_block()) {
      lost_ = true;
      return got;
    }
    if (!deadline_ || !wait(net::Ready::to_read)) return -1;
  }
}

ber_slen_t Transport::read(void* to, ber_len_t size) {
  if (begin_ == end_) {
    if (size >= buffer_.size()) return receive(to, size);
    const auto got = receive(buffer_.data(), buffer_.size());
    if (got <= 0) return got;
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
  }
  const std::size_t part = std::min<std::size_t>(size, end_ - begin_);
  std::memcpy(to, buffer_.data() + begin_, part);
  begin_ += part;
  return static_cast<ber_slen_t>(part);
}

ber_slen_t Transport::write(const void* from, ber_len_t size) {
  for (;;) {
    const auto put = static_cast<ber_slen_t>(net::send(socket_.get(), from, size));
    if (put >= 0) return put;
    if (!net::would_block()) {
      lost_ = true;
      return -1;
    }
    if (!wait(net::Ready::to_write)) return -1;
  }
}

}  // namespace muster::wire
