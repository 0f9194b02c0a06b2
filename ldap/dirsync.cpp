#include "ldap/dirsync.h"

#include <algorithm>
#include <map>
#include <set>

#include "ldap/ad_source.h"
#include "ldap/raw_search.h"
#include "ldap/server.h"

namespace muster::wire {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kCookieAge{10};  ///< how old the stored cookie may grow while nothing of ours changes
constexpr std::string_view kAdded = "member;range=1-1", kRemoved = "member;range=0-0";

/// What DirSync said of one object. It may come twice: its attributes, and its link values.
struct Delta {
  bool deleted = false;
  bool named = false;    ///< its name or its parent changed
  bool created = false;  ///< or came to be seen: everything of it was sent
  bool more_than_members = false;
  MembersChanged members;
};
using Deltas = std::map<EntryId, Delta>;

void take(Delta& delta, const std::string& name, Values&& values) {
  if (name == "objectguid" || name == "instancetype") return;
  if (name == kAdded || name == kRemoved) {
    Values& list = name == kAdded ? delta.members.added : delta.members.removed;
    std::move(values.begin(), values.end(), std::back_inserter(list));
    return;
  }
  delta.more_than_members = true;
  if (name == "isdeleted") delta.deleted = !values.empty() && to_lower(values.front()) == "true";
  if (name == "name" || name == "parentguid") delta.named = true;
  if (name == "objectclass") delta.created = true;
}

/// What is told later holds: a value is in one of the lists.
void supersede(Values&& values, Values& list, Values& opposite) {
  if (!opposite.empty()) {
    const std::set<std::string> now(values.begin(), values.end());
    std::erase_if(opposite, [&](const std::string& v) { return now.contains(v); });
  }
  std::move(values.begin(), values.end(), std::back_inserter(list));
}

class DirSync final : public AdSource {
 public:
  DirSync(Connection connection, const WatchRequest& request) : AdSource(std::move(connection), request, "dirsync") {}
  std::string_view method() const override { return "dirsync"; }

 protected:
  Result<std::optional<Cookie>> position(const std::stop_token& stop) override;
  Result<Round> round(const std::stop_token& stop) override;

 private:
  Result<DirSyncAnswer> ask(const std::string& filter, std::string_view cookie, Deltas* deltas, const std::stop_token& stop);
  Result<bool> names_others(const EntryId& id, const std::stop_token& stop);
  Error explain(const Answer& answer, bool with_cookie) const;

  std::uint32_t flags_ = kIncrementalValues;
  Time stored_{};  ///< when a cookie was last handed over
};

Error DirSync::explain(const Answer& answer, bool with_cookie) const {
  const std::string who = connection_.server().bound_as;
  if (with_cookie && (answer.code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION || answer.code == LDAP_PROTOCOL_ERROR ||
                      answer.code == LDAP_OPERATIONS_ERROR))
    return {Errc::stale_cursor, doing_ + ": the server does not take the stored cookie: " + answer.diagnostic, ""};
  if (answer.code == LDAP_INSUFFICIENT_ACCESS || answer.code == LDAP_UNWILLING_TO_PERFORM ||
      answer.code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
    return {Errc::config, doing_ + ": the server does not give its changes to " + who + ": " + answer.diagnostic,
            "grant it \"Replicating Directory Changes\" on the domain, or use <watch method=\"usn\"/>"};
  return error_from(answer, doing_);
}

/// One complete set of changes: all its pages.
Result<DirSyncAnswer> DirSync::ask(const std::string& filter, std::string_view cookie, Deltas* deltas,
                                   const std::stop_token& stop) {
  DirSyncAnswer at{true, std::string(cookie)};
  RawRequest request{connection_.server().default_context, LDAP_SCOPE_SUBTREE, filter, request_.attributes, {}};
  for (const char* always : {"isDeleted", "name", "parentGUID", "objectClass"}) request.attributes.emplace_back(always);
  while (at.more) {
    request.controls = {dirsync_request(flags_, at.cookie)};
    auto answer = raw_search(
        impl(), request, doing_,
        [&](LDAPMessage* message) {
          std::optional<EntryId> id;
          Delta delta;
          each_attribute(impl().ld.get(), message, [&](const std::string& name, Values&& values) {
            if (name == "objectguid" && !values.empty()) id = EntryDecoder::id_of_guid(values.front());
            take(delta, name, std::move(values));
          });
          if (!id || !deltas) return ok();
          Delta& known = (*deltas)[*id];
          known.deleted |= delta.deleted;
          known.named |= delta.named;
          known.created |= delta.created;
          known.more_than_members |= delta.more_than_members;
          supersede(std::move(delta.members.removed), known.members.removed, known.members.added);
          supersede(std::move(delta.members.added), known.members.added, known.members.removed);
          return ok();
        },
        stop);
    if (!answer) return std::move(answer).error();
    if (answer->code == LDAP_INSUFFICIENT_ACCESS && !(flags_ & kObjectSecurity)) {
      flags_ |= kObjectSecurity;  // without the right to replicate: what the account may read
      continue;
    }
    if (answer->code != LDAP_SUCCESS) return explain(*answer, !at.cookie.empty());
    const Control* control = find_control(answer->controls, kDirSync);
    if (!control) return Error{Errc::untrusted, doing_ + ": the server sent no cookie", ""};
    auto parsed = parse_dirsync(*control);
    if (!parsed) return std::move(parsed).error().within(doing_);
    at = std::move(*parsed);
  }
  return at;
}

/// A place in history, without the history: nothing has this class.
Result<std::optional<Cookie>> DirSync::position(const std::stop_token& stop) {
  auto count = committed();
  if (!count) return std::move(count).error();
  auto answer = ask("(objectClass=musterNoSuchClass)", "", nullptr, stop);
  if (!answer) return std::move(answer).error();
  begin_reading(*count, std::move(answer->cookie));
  stored_ = steady_clock::now();
  return std::optional(at_.cookie());
}

Result<bool> DirSync::names_others(const EntryId& id, const std::stop_token& stop) {
  RawRequest request;
  request.base = "<GUID=" + to_string(id) + ">";
  request.scope = LDAP_SCOPE_BASE;
  request.attributes = {"objectClass"};
  bool container = false;
  auto answer = raw_search(
      impl(), request, doing_,
      [&](LDAPMessage* message) {
        container = AdSource::is_container(raw_attributes(impl().ld.get(), message));
        return ok();
      },
      stop);
  if (!answer) return std::move(answer).error();
  return container;
}

Result<PollingSource::Round> DirSync::round(const std::stop_token& stop) {
  auto count = committed();
  if (!count) return std::move(count).error();
  Deltas deltas;
  auto answer = ask("(objectClass=*)", at_.rest, &deltas, stop);
  if (!answer) return std::move(answer).error();
  Round found;
  for (auto& [id, delta] : deltas) {
    deletes_told_ |= delta.deleted;
    if (delta.deleted) {
      found.notices.emplace_back(Gone{id});
    } else if (request_.groups && !delta.more_than_members) {
      delta.members.id = id;
      found.notices.emplace_back(std::move(delta.members));
    } else {
      found.to_look_at.push_back(id);
      if (!delta.named || delta.created) continue;
      // What is below a container that was renamed or moved has another name now, and no change of its own.
      auto container = names_others(id, stop);
      if (!container) return std::move(container).error();
      found.start_over |= *container;
    }
  }
  if (!deltas.empty()) MUSTER_TRY(check_scope(connection_, request_));
  found.start_over |= must_compare(*count);
  const bool old = steady_clock::now() - stored_ > kCookieAge && answer->cookie != at_.rest;
  advance(*count, std::move(answer->cookie));
  if (!deltas.empty() || old) {
    found.resume_at = at_.cookie();
    stored_ = steady_clock::now();
  }
  return found;
}

}  // namespace

Control dirsync_request(std::uint32_t flags, std::string_view cookie) {
  // The flags are a signed number on the wire: four bytes, also with the highest bit (MS-ADTS 3.1.1.3.4.1.3). MaxBytes is raised to
  // 1 MiB by the server where it is smaller.
  constexpr ber_int_t kMaxBytes = 0x100000;
  const Ber ber(ber_alloc_t(LBER_USE_DER));
  ber_printf(ber.get(), "{iio}", static_cast<ber_int_t>(flags), kMaxBytes, cookie.empty() ? "" : cookie.data(),
             static_cast<ber_len_t>(cookie.size()));
  berval* raw = nullptr;
  std::string value;
  if (ber_flatten(ber.get(), &raw) == 0 && raw) value = view(*Bytes(raw));
  return {std::string(kDirSync), std::move(value), true, true};
}

Result<DirSyncAnswer> parse_dirsync(const Control& control) {
  const berval value = borrow(control.value);
  const Ber ber(control.value.empty() ? nullptr : ber_init(const_cast<berval*>(&value)));
  ber_int_t more = 0, unused = 0;
  berval cookie{};
  if (!ber || ber_scanf(ber.get(), "{iim}", &more, &unused, &cookie) == LBER_ERROR)
    return Error{Errc::untrusted, "the server's DirSync control cannot be read", ""};
  return DirSyncAnswer{more != 0, std::string(view(cookie))};
}

Result<std::unique_ptr<ChangeSource>> open_dirsync(const Endpoint& endpoint, const WatchRequest& request) {
  auto connection = Connection::open(endpoint, true);
  if (!connection) return std::move(connection).error();
  auto source = std::make_unique<DirSync>(std::move(*connection), request);
  MUSTER_TRY(source->prepare());
  return std::unique_ptr<ChangeSource>(std::move(source));
}

}  // namespace muster::wire
