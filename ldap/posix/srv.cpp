#include "ldap/srv.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

#include <array>

#include "ldap/posix/dns_answer.h"

namespace muster::wire {
namespace {

/// A resolver of one's own: the one of the process is not for several threads.
class Resolver {
 public:
  Resolver() : usable_(res_ninit(&state_) == 0) {}
  ~Resolver() {
    if (usable_) res_nclose(&state_);
  }
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Empty: there is no such name.
  Result<std::vector<SrvRecord>> ask(const std::string& name) {
    std::array<unsigned char, 64 * 1024> answer{};
    const int size = usable_ ? res_nquery(&state_, name.c_str(), ns_c_in, ns_t_srv, answer.data(), answer.size()) : -1;
    if (size >= 0) return parse_srv({reinterpret_cast<const char*>(answer.data()), static_cast<std::size_t>(size)});
    if (state_.res_h_errno == HOST_NOT_FOUND || state_.res_h_errno == NO_DATA) return std::vector<SrvRecord>();
    return Error{Errc::unreachable, "DNS does not answer for " + name, "check the name servers in /etc/resolv.conf"};
  }

 private:
  struct __res_state state_ {};
  bool usable_;
};

}  // namespace

Result<std::vector<SrvRecord>> ask_dns(const std::string& name) { return Resolver().ask(name); }

Result<std::vector<SrvRecord>> parse_srv(std::string_view answer) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(answer.data());
  const Error bad{Errc::untrusted, "the answer of DNS cannot be read", ""};
  ns_msg message;
  if (ns_initparse(bytes, static_cast<int>(answer.size()), &message) != 0) return bad;
  std::vector<SrvRecord> records;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    constexpr int kHead = 6;
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) return bad;
    if (ns_rr_type(record) != ns_t_srv) continue;
    if (ns_rr_rdlen(record) <= kHead) return bad;
    const unsigned char* data = ns_rr_rdata(record);
    std::array<char, NS_MAXDNAME> host{};
    if (ns_name_uncompress(ns_msg_base(message), ns_msg_end(message), data + kHead, host.data(), host.size()) < 0) return bad;
    const auto number = [&](int at) { return static_cast<std::uint16_t>(data[at] << 8 | data[at + 1]); };
    SrvRecord srv{number(0), number(2), number(4), host.data()};
    if (srv.host != "." && !srv.host.empty()) records.push_back(std::move(srv));
  }
  return records;
}

}  // namespace muster::wire
