#include "ldap/srv.h"

// They need each other in this order.
// clang-format off
#include <winsock2.h>
#include <windns.h>
// clang-format on

#include <memory>

namespace muster::wire {
namespace {

struct FreeRecords {
  void operator()(DNS_RECORDW* p) const noexcept { DnsRecordListFree(p, DnsFreeRecordList); }
};

std::wstring wide(const std::string& text) {
  std::wstring to(static_cast<std::size_t>(MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0)),
                  L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), to.data(), static_cast<int>(to.size()));
  return to;
}

/// Names of hosts are ASCII (RFC 1123 section 2.1); anything else is none.
std::string narrow(const wchar_t* text) {
  std::string to;
  for (; text && *text; ++text) {
    if (*text > 0x7E) return {};
    to += static_cast<char>(*text);
  }
  return to;
}

}  // namespace

Result<std::vector<SrvRecord>> ask_dns(const std::string& name) {
  DNS_RECORDW* raw = nullptr;
  const DNS_STATUS status =
      DnsQuery_W(wide(name).c_str(), DNS_TYPE_SRV, DNS_QUERY_STANDARD, nullptr, reinterpret_cast<DNS_RECORD**>(&raw), nullptr);
  const std::unique_ptr<DNS_RECORDW, FreeRecords> records(raw);
  if (status == DNS_ERROR_RCODE_NAME_ERROR || status == DNS_INFO_NO_RECORDS) return std::vector<SrvRecord>();
  if (status != 0) return Error{Errc::unreachable, "DNS does not answer for " + name, "check this machine's name servers"};
  std::vector<SrvRecord> found;
  for (const DNS_RECORDW* r = raw; r; r = r->pNext) {
    if (r->wType != DNS_TYPE_SRV || r->Flags.S.Section != DnsSectionAnswer) continue;
    const auto& srv = r->Data.SRV;
    SrvRecord one{srv.wPriority, srv.wWeight, srv.wPort, narrow(srv.pNameTarget)};
    if (one.host != "." && !one.host.empty()) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace muster::wire
