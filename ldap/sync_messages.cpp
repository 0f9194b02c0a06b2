#include "ldap/sync_messages.h"

#include <algorithm>

#include "ldap/ber.h"
#include "ldap/libldap.h"

namespace muster::wire {
namespace {

constexpr std::uint8_t kBoolean = 0x01, kEnumerated = 0x0a;
constexpr std::uint8_t kNewCookie = 0x80, kRefreshDelete = 0xa1, kRefreshPresent = 0xa2, kIdSet = 0xa3;  // section 2.5
constexpr ber_int_t kRefreshAndPersist = 3;                                                              // section 2.2

Error malformed(std::string_view what) {
  return {Errc::untrusted, "the server sent a " + std::string(what) + " that cannot be read (RFC 4533 section 2)", ""};
}

bool take_cookie(std::string_view& rest, OptionalCookie& cookie) {
  if (rest.empty() || static_cast<std::uint8_t>(rest[0]) != kOctetString) return true;
  std::string_view bytes;
  if (!take_element(rest, kOctetString, bytes)) return false;
  if (!bytes.empty()) cookie = bytes;
  return true;
}

/// Leaves `value` at its DEFAULT where the element is absent.
bool take_boolean(std::string_view& rest, bool& value) {
  if (rest.empty() || static_cast<std::uint8_t>(rest[0]) != kBoolean) return true;
  std::string_view octet;
  if (!take_element(rest, kBoolean, octet) || octet.size() != 1) return false;
  value = octet[0] != 0;
  return true;
}

bool take_id(std::string_view& rest, EntryId& id) {
  std::array<std::uint8_t, 16> octets{};
  std::string_view bytes;
  if (!take_element(rest, kOctetString, bytes) || bytes.size() != octets.size()) return false;
  std::transform(bytes.begin(), bytes.end(), octets.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
  id = EntryId(octets);
  return true;
}

bool take_state(std::string_view& rest, SyncStateValue::State& state) {
  using State = SyncStateValue::State;
  constexpr std::array kStates{State::present, State::add, State::modify, State::remove};
  std::string_view octet;
  if (!take_element(rest, kEnumerated, octet) || octet.size() != 1) return false;
  const auto number = static_cast<std::uint8_t>(octet[0]);
  if (number >= kStates.size()) return false;
  state = kStates[number];
  return true;
}

bool take_id_set(std::string_view rest, SyncIdSet& set) {
  std::string_view ids;
  if (!take_cookie(rest, set.cookie) || !take_boolean(rest, set.deleted) || !take_element(rest, kSet, ids) || !rest.empty())
    return false;
  while (!ids.empty()) {
    if (!take_id(ids, set.ids.emplace_back())) return false;
  }
  return true;
}

/// The value is one SEQUENCE and nothing else.
bool take_whole_sequence(std::string_view ber, std::string_view& contents) {
  return take_element(ber, kSequence, contents) && ber.empty();
}

}  // namespace

Control sync_request(const std::optional<Cookie>& resume_at) {
  const Ber ber(ber_alloc_t(LBER_USE_DER));
  ber_printf(ber.get(), "{e", kRefreshAndPersist);
  if (resume_at && !resume_at->rep().empty())
    ber_printf(ber.get(), "o", resume_at->rep().data(), static_cast<ber_len_t>(resume_at->rep().size()));
  ber_printf(ber.get(), "}");
  berval* raw = nullptr;
  if (ber_flatten(ber.get(), &raw) != 0 || !raw) return {std::string(kSyncRequest), "", true, true};
  return {std::string(kSyncRequest), std::string(view(*Bytes(raw))), true, true};
}

Result<SyncStateValue> parse_sync_state(std::string_view ber) {
  SyncStateValue value;
  std::string_view rest;
  if (!take_whole_sequence(ber, rest) || !take_state(rest, value.state) || !take_id(rest, value.id) ||
      !take_cookie(rest, value.cookie) || !rest.empty())
    return malformed("sync state control");
  return value;
}

Result<SyncDoneValue> parse_sync_done(std::string_view ber) {
  SyncDoneValue value;
  std::string_view rest;
  if (!take_whole_sequence(ber, rest) || !take_cookie(rest, value.cookie) || !take_boolean(rest, value.refresh_deletes) ||
      !rest.empty())
    return malformed("sync done control");
  return value;
}

Result<SyncInfoValue> parse_sync_info(std::string_view ber) {
  const Error bad = malformed("sync info message");
  Element choice;
  if (!take_element(ber, choice) || !ber.empty()) return bad;
  std::string_view rest = choice.contents;
  switch (choice.tag) {
    case kNewCookie: return SyncInfoValue(NewCookie{rest.empty() ? OptionalCookie() : OptionalCookie(rest)});
    case kRefreshDelete:
    case kRefreshPresent: {
      RefreshPhaseEnd end;
      end.phase = choice.tag == kRefreshPresent ? RefreshPhaseEnd::Phase::present : RefreshPhaseEnd::Phase::deletes;
      if (!take_cookie(rest, end.cookie) || !take_boolean(rest, end.done) || !rest.empty()) return bad;
      return SyncInfoValue(std::move(end));
    }
    case kIdSet: {
      SyncIdSet set;
      if (!take_id_set(rest, set)) return bad;
      return SyncInfoValue(std::move(set));
    }
    default: return bad;
  }
}

}  // namespace muster::wire
