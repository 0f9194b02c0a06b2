#include "ldap/srv.h"

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace muster::wire {
namespace {

constexpr int kLdapPort = 389, kLdapsPort = 636;

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

std::vector<std::string> srv_names(const std::string& domain, const std::string& site) {
  std::vector<std::string> names;
  if (!site.empty()) names.push_back("_ldap._tcp." + site + "._sites.dc._msdcs." + domain);
  names.push_back("_ldap._tcp.dc._msdcs." + domain);
  names.push_back("_ldap._tcp." + domain);
  return names;
}

Result<std::vector<std::string>> discover(const std::string& domain, const std::string& site, bool tls) {
  std::mt19937 generator(std::random_device{}());
  const auto random = [&](std::uint32_t most) { return std::uniform_int_distribution<std::uint32_t>(0, most)(generator); };
  std::vector<std::string> urls;
  std::set<std::string> seen;
  std::optional<Error> failure;  // only counts where nothing else names a server
  for (const std::string& name : srv_names(domain, site)) {
    auto records = ask_dns(name);
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
