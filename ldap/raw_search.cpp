#include "ldap/raw_search.h"

#include <algorithm>
#include <charconv>

#include "ldap/ber.h"
#include "ldap/server.h"

namespace muster::wire {
namespace {

constexpr std::string_view kRange = ";range=";

/// One more part of an attribute, by the entry's GUID: it may be renamed meanwhile.
struct Part {
  Values values;
  std::size_t next = 0;  ///< 0: that was the last
  std::string version;
};

Result<Part> read_part(Connection::Impl& impl, const EntryId& id, const PartialAttribute& from, const std::stop_token& stop) {
  const std::string doing = "reading " + from.name + " from value " + std::to_string(from.next);
  RawRequest request;
  request.base = "<GUID=" + to_string(id) + ">";
  request.scope = LDAP_SCOPE_BASE;
  request.attributes = {from.name + std::string(kRange) + std::to_string(from.next) + "-*", "uSNChanged"};
  Part part;
  auto answer = raw_search(
      impl, request, doing,
      [&](LDAPMessage* message) {
        for (auto& [name, values] : raw_attributes(impl.ld.get(), message)) {
          if (name == "usnchanged" && !values.empty()) part.version = values.front();
          const auto range = parse_range(name);
          if (!range || range->name != from.name) continue;
          part.next = range->next;
          part.values = values;
        }
        return ok();
      },
      stop);
  if (!answer) return std::move(answer).error();
  if (answer->code != LDAP_SUCCESS) return impl.fail(error_from(*answer, doing));
  return part;
}

/// All values, of one state of the entry.
Result<Values> read_whole(Connection::Impl& impl, const EntryId& id, const std::string& name, const std::stop_token& stop) {
  constexpr int kMostAttempts = 5;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    Values values;
    std::string version;
    PartialAttribute from{name, 0};
    bool same = true;
    do {
      auto part = read_part(impl, id, from, stop);
      if (!part) return std::move(part).error();
      if (from.next == 0) version = part->version;
      same = part->version == version;
      std::move(part->values.begin(), part->values.end(), std::back_inserter(values));
      from.next = part->next;
    } while (same && from.next != 0);
    if (same) return values;
  }
  return Error{Errc::untrusted, name + " changes faster than it can be read", ""};
}

}  // namespace

Result<int> send_search(Connection::Impl& impl, const RawRequest& request, std::string_view doing) {
  MUSTER_TRY(impl.usable());
  std::vector<std::string> names = request.attributes;
  std::vector<char*> attributes;
  for (std::string& n : names) attributes.push_back(n.data());
  attributes.push_back(nullptr);
  ControlPointers pointers(request.controls);
  int msgid = 0;
  const int rc = ldap_search_ext(impl.ld.get(), request.base.c_str(), request.scope, request.filter.c_str(), attributes.data(), 0,
                                 pointers.get(), nullptr, nullptr, LDAP_NO_LIMIT, &msgid);
  if (rc != LDAP_SUCCESS) return impl.fail(error_from(rc, doing));
  return msgid;
}

Result<Answer> raw_search(Connection::Impl& impl, const RawRequest& request, std::string_view doing,
                          const std::function<Status(LDAPMessage*)>& each, const std::stop_token& stop) {
  auto msgid = send_search(impl, request, doing);
  if (!msgid) return std::move(msgid).error();
  for (;;) {
    auto message = impl.next(*msgid, doing, stop);
    if (!message) {
      if (!impl.broken) ldap_abandon_ext(impl.ld.get(), *msgid, nullptr, nullptr);
      return std::move(message).error();
    }
    const int type = ldap_msgtype(message->get());
    if (type == LDAP_RES_SEARCH_ENTRY) {
      if (Status taken = each(message->get()); !taken) {
        ldap_abandon_ext(impl.ld.get(), *msgid, nullptr, nullptr);
        return std::move(taken).error();
      }
    } else if (type == LDAP_RES_SEARCH_RESULT) {
      auto answer = read_answer(impl.ld.get(), message->get());
      if (!answer) return impl.fail(std::move(answer).error().within(doing));
      return answer;
    }
  }
}

void each_attribute(LDAP* ld, LDAPMessage* message, const std::function<void(const std::string&, Values&&)>& each) {
  BerElement* raw = nullptr;
  berval dn{}, item{};
  if (ldap_get_dn_ber(ld, message, &raw, &dn) != LDAP_SUCCESS) return;
  const BorrowedBer ber(raw);
  ber_len_t left = 0;
  while (ber_get_option(raw, LBER_OPT_REMAINING_BYTES, &left) == LBER_OPT_SUCCESS && left > 0) {
    if (ber_skip_element(raw, &item) != LBER_SEQUENCE) return;
    std::string_view contents = view(item), name, set, value;
    if (!take_element(contents, kOctetString, name) || !take_element(contents, kSet, set)) continue;
    Values values;
    while (take_element(set, kOctetString, value)) values.emplace_back(value);
    each(to_lower(name), std::move(values));
  }
}

std::string name_of(LDAP* ld, LDAPMessage* message) {
  BerElement* raw = nullptr;
  berval dn{};
  const int rc = ldap_get_dn_ber(ld, message, &raw, &dn);
  const BorrowedBer ber(raw);
  return rc == LDAP_SUCCESS ? std::string(view(dn)) : std::string();
}

std::optional<PartialAttribute> parse_range(std::string_view name) {
  const std::string lower = to_lower(name);
  const auto at = lower.find(kRange);
  if (at == std::string::npos) return std::nullopt;
  PartialAttribute partial{lower.substr(0, at), 0};
  const std::string_view range = std::string_view(lower).substr(at + kRange.size());
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const std::string_view last = range.substr(dash + 1);
  std::size_t end = 0;
  const auto [stopped, fault] = std::from_chars(last.data(), last.data() + last.size(), end);
  if (fault == std::errc() && stopped == last.data() + last.size()) partial.next = end + 1;
  return partial;
}

Status complete(Connection::Impl& impl, Entry& entry, const std::vector<PartialAttribute>& missing, const std::stop_token& stop) {
  for (const PartialAttribute& attribute : missing) {
    auto values = read_whole(impl, entry.id, attribute.name, stop);
    if (!values) return std::move(values).error().within(entry.dn.str());
    entry.attributes.set(attribute.name, std::move(*values));
  }
  return ok();
}

}  // namespace muster::wire
