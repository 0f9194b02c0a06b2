#include <algorithm>
#include <array>
#include <span>

#include "ldap/ber.h"
#include "ldap/connection_impl.h"
#include "ldap/raw_search.h"

namespace muster::wire {
namespace {

enum class Form {
  uuid,    ///< "597ae2f6-16a6-1027-98f4-d28b5365dc14", or 389's "xxxxxxxx-xxxxxxxx-xxxxxxxx-xxxxxxxx"
  guid,    ///< 16 bytes, the first three fields little-endian
  csn,     ///< fixed width, compares as bytes
  number,  ///< an integer that grows
  writer,  ///< the DN of who wrote last
};
struct Special {
  std::string_view name;
  Form form;
};

constexpr std::array kOpenLdap{Special{"entryUUID", Form::uuid}, Special{"entryCSN", Form::csn},
                               Special{"modifiersName", Form::writer}};
constexpr std::array kDs389{Special{"nsUniqueId", Form::uuid}, Special{"entryUSN", Form::number},
                            Special{"modifiersName", Form::writer}};
constexpr std::array kActiveDirectory{Special{"objectGUID", Form::guid}, Special{"uSNChanged", Form::number}};
constexpr std::array kOther{Special{"entryUUID", Form::uuid}, Special{"nsUniqueId", Form::uuid}, Special{"entryCSN", Form::csn}};

std::span<const Special> specials_of(Family family) {
  switch (family) {
    case Family::openldap: return kOpenLdap;
    case Family::ds389: return kDs389;
    case Family::active_directory: return kActiveDirectory;
    case Family::other: return kOther;
  }
  return kOther;
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

bool contains_name(const std::vector<std::string>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [name](const std::string& n) { return same_name(n, name); });
}

const Special* special(Family family, std::string_view name) {
  for (const Special& s : specials_of(family))
    if (same_name(s.name, name)) return &s;
  return nullptr;
}

bool read_uuid(std::string text, EntryId& id) {
  std::erase(text, '-');
  return text.size() == 32 && parse_entry_id(text, id);
}

/// Where the bytes of a UUID in network order stand in an objectGUID, and the other way round (MS-DTYP section 2.3.4.2).
constexpr std::array<std::size_t, 16> kNetworkOrder{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

bool read_guid(std::string_view bytes, EntryId& id) {
  std::array<std::uint8_t, 16> swapped{};
  if (bytes.size() != swapped.size()) return false;
  for (std::size_t i = 0; i < swapped.size(); ++i) swapped[i] = static_cast<std::uint8_t>(bytes[kNetworkOrder[i]]);
  id = EntryId(swapped);
  return true;
}

std::string padded(std::string_view number) {
  constexpr std::size_t kWidth = 20;  // of 2^64
  return std::string(kWidth - std::min(kWidth, number.size()), '0').append(number);
}

/// 389's own form of a UUID: four groups of eight digits.
std::string unique_id(const EntryId& id) {
  std::string text = to_string(id);
  std::erase(text, '-');
  for (const std::size_t at : {std::size_t{24}, std::size_t{16}, std::size_t{8}}) text.insert(at, 1, '-');
  return text;
}

/// GUIDs are searched as their bytes (RFC 4515 section 3).
std::string escaped_guid(const EntryId& id) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const std::size_t i : kNetworkOrder) text.append({'\\', kHex[id.rep()[i] >> 4], kHex[id.rep()[i] & 15]});
  return text;
}

Error unreadable(std::string_view dn, std::string_view why) {
  return {Errc::untrusted, "the entry \"" + std::string(dn) + "\" cannot be used: " + std::string(why),
          "let the bind account read entryUUID, nsUniqueId or objectGUID of every entry below the bases"};
}

}  // namespace

/// An entry while its attributes are read.
struct EntryDecoder::Draft {
  std::string_view dn;
  Entry entry;
  bool identified = false;
  std::vector<PartialAttribute>* missing = nullptr;

  void take(Form form, std::string_view value, const std::string& incarnation) {
    switch (form) {
      case Form::uuid: identified = identified || read_uuid(std::string(value), entry.id); break;
      case Form::guid: identified = identified || read_guid(value, entry.id); break;
      case Form::csn: entry.version = value; break;
      case Form::number: entry.version = incarnation + ":" + padded(value); break;
      case Form::writer: entry.modifier = value; break;
    }
  }
};

EntryDecoder::EntryDecoder(const ServerInfo& server, const std::vector<std::string>& wanted)
    : family_(server.family), incarnation_(server.incarnation), request_(wanted) {
  if (request_.empty()) request_.emplace_back("*");
  for (const Special& s : specials_of(family_)) {
    if (contains_name(wanted, s.name)) {
      kept_.emplace_back(s.name);
    } else {
      request_.emplace_back(s.name);
    }
  }
}

std::optional<EntryId> EntryDecoder::id_of_guid(std::string_view bytes) {
  EntryId id;
  return read_guid(bytes, id) ? std::optional(id) : std::nullopt;
}

std::string EntryDecoder::filter_for(Family family, const EntryId& id) {
  const std::string entry_uuid = "(entryUUID=" + to_string(id) + ")", ns_unique_id = "(nsUniqueId=" + unique_id(id) + ")";
  switch (family) {
    case Family::openldap: return entry_uuid;
    case Family::ds389: return ns_unique_id;
    case Family::active_directory: return "(objectGUID=" + escaped_guid(id) + ")";
    case Family::other: break;
  }
  return "(|" + entry_uuid + ns_unique_id + ")";
}

/// 389's content synchronization also sends what was not asked for, and not always.
bool EntryDecoder::asked_for(std::string_view name) const {
  if (family_ != Family::ds389) return true;
  const std::string_view type = name.substr(0, name.find(';'));
  return contains_name(request_, type) || contains_name(request_, name) || contains_name(request_, "*") ||
         contains_name(request_, "+");
}

Status EntryDecoder::take_attribute(std::string_view contents, Draft& draft) const {
  std::string_view name, set, value;
  if (!take_element(contents, kOctetString, name) || !take_element(contents, kSet, set))
    return unreadable(draft.dn, "the server sent an attribute that is not one (RFC 4511 section 4.1.7)");
  const auto range = name.find(';') == std::string_view::npos ? std::nullopt : parse_range(name);
  if (range && !draft.missing) return unreadable(draft.dn, "the server sent only part of the values of " + std::string(name));
  if (range) {
    if (range->next) draft.missing->push_back(*range);
    name = name.substr(0, range->name.size());
  }
  const Special* role = special(family_, name);
  Values values;
  while (take_element(set, kOctetString, value)) {
    if (role && values.empty()) draft.take(role->form, value, incarnation_);
    values.emplace_back(value);
  }
  if (!set.empty()) return unreadable(draft.dn, "the values of " + std::string(name) + " are not valid BER");
  // Beside the range there is an attribute of the plain name, and it is empty.
  const bool hollow = values.empty() && draft.entry.attributes.find(name);
  if (!hollow && (role ? contains_name(kept_, name) : asked_for(name))) draft.entry.attributes.set(name, std::move(values));
  return ok();
}

Result<Entry> EntryDecoder::finish(Draft&& draft) const {
  auto dn = Dn::parse(draft.dn);
  if (!dn) return unreadable(draft.dn, dn.error().what);
  if (!draft.identified) {
    std::string names;
    for (const Special& s : specials_of(family_))
      if (s.form == Form::uuid || s.form == Form::guid) names += (names.empty() ? "" : " or ") + std::string(s.name);
    return unreadable(draft.dn, "it has no readable " + names);
  }
  draft.entry.dn = std::move(*dn);
  return std::move(draft.entry);
}

Result<Entry> EntryDecoder::decode(LDAP* ld, LDAPMessage* message, const EntryId* id,
                                   std::vector<PartialAttribute>* missing) const {
  BerElement* raw = nullptr;
  berval dn{};
  const int rc = ldap_get_dn_ber(ld, message, &raw, &dn);
  const BorrowedBer ber(raw);
  if (rc != LDAP_SUCCESS) return Error{Errc::untrusted, "the server sent an entry that cannot be read", ""};
  Draft draft{view(dn), {}, id != nullptr, missing};
  if (id) draft.entry.id = *id;
  berval attribute{};
  ber_len_t left = 0;
  while (ber_get_option(raw, LBER_OPT_REMAINING_BYTES, &left) == LBER_OPT_SUCCESS && left > 0) {
    if (ber_skip_element(raw, &attribute) != LBER_SEQUENCE) return unreadable(draft.dn, "it is not valid BER");
    MUSTER_TRY(take_attribute(view(attribute), draft));
  }
  return finish(std::move(draft));
}

Result<Entry> EntryDecoder::decode_bytes(std::string_view ber) const {
  const Error bad{Errc::untrusted, "the server's read-back of an entry cannot be read (RFC 4527)", ""};
  Element entry;
  Draft draft;
  std::string_view list, attribute;
  if (!take_element(ber, entry) || !take_element(entry.contents, kOctetString, draft.dn) ||
      !take_element(entry.contents, kSequence, list))
    return bad;
  while (take_element(list, kSequence, attribute)) MUSTER_TRY(take_attribute(attribute, draft));
  if (!list.empty()) return bad;
  return finish(std::move(draft));
}

}  // namespace muster::wire
