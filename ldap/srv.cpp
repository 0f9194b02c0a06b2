#include "ldap/srv.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <optional>
#include <random>
#include <set>

namespace muster::wire {
namespace {

constexpr int kLdapPort = 389, kLdapsPort = 636;

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

std::vector<SrvRecord> in_order(std::vector<SrvRecord> records, const std::function<std::uint32_t(std::uint32_t)>& random) {
  // Weightless records come first within a priority, or they would never be chosen first (RFC 2782).
  std::stable_sort(records.begin(), records.end(), [](const SrvRecord& a, const SrvRecord& b) {
    return a.priority != b.priority ? a.priority < b.priority : (a.weight == 0) > (b.weight == 0);
  });
  std::vector<SrvRecord> ordered;
  while (!records.empty()) {
    const auto end =
        std::find_if(records.begin(), records.end(), [&](const SrvRecord& r) { return r.priority != records.front().priority; });
    std::uint32_t total = 0;
    for (auto r = records.begin(); r != end; ++r) total += r->weight;
    std::uint32_t left = random(total);
    auto chosen = records.begin();
    for (; chosen + 1 != end && left > chosen->weight; ++chosen) left -= chosen->weight;
    ordered.push_back(std::move(*chosen));
    records.erase(chosen);
  }
  return ordered;
}

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

std::vector<std::string> srv_names(const std::string& domain, const std::string& site) {
  std::vector<std::string> names;
  if (!site.empty()) names.push_back("_ldap._tcp." + site + "._sites.dc._msdcs." + domain);
  names.push_back("_ldap._tcp.dc._msdcs." + domain);
  names.push_back("_ldap._tcp." + domain);
  return names;
}

Result<std::vector<std::string>> discover(const std::string& domain, const std::string& site, bool tls) {
  Resolver resolver;
  std::mt19937 generator(std::random_device{}());
  const auto random = [&](std::uint32_t most) { return std::uniform_int_distribution<std::uint32_t>(0, most)(generator); };
  std::vector<std::string> urls;
  std::set<std::string> seen;
  std::optional<Error> failure;  // only counts where nothing else names a server
  for (const std::string& name : srv_names(domain, site)) {
    auto records = resolver.ask(name);
    if (!records) {
      if (!failure) failure = std::move(records).error();
      continue;
    }
    for (const SrvRecord& r : in_order(std::move(*records), random)) {
      const int port = tls && r.port == kLdapPort ? kLdapsPort : r.port;
      std::string url = (tls ? "ldaps://" : "ldap://") + r.host + ":" + std::to_string(port);
      if (seen.insert(url).second) urls.push_back(std::move(url));
    }
  }
  if (!urls.empty()) return urls;
  if (failure) return *std::move(failure);
  return Error{Errc::config, "DNS names no LDAP server of " + domain + " (_ldap._tcp." + domain + ")",
               "check the domain's name, and that this machine asks the domain's name servers"};
}

}  // namespace muster::wire
