#include "ldap/syncrepl.h"

#include <algorithm>
#include <utility>

#include "ldap/connection_impl.h"
#include "ldap/sync_batches.h"
#include "ldap/sync_cookie.h"
#include "ldap/sync_messages.h"
#include "schema/calendar.h"

namespace muster::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Time = steady_clock::time_point;

/// The search that never ends, on a connection of its own.
class Syncrepl final : public ChangeSource {
 public:
  Syncrepl(Connection connection, const WatchRequest& request)
      : connection_(std::move(connection)),
        decoder_(connection_.server(), request.attributes),
        doing_("watching " + request.base),
        batches_(request.resume_at) {}

  Status ask(const WatchRequest& request);
  Result<Batch> next(std::stop_token stop, milliseconds patience) override;
  std::string_view method() const override { return "syncrepl"; }

 private:
  Result<std::optional<SyncEvent>> receive(const std::stop_token& stop, Time until);
  Result<Message> await(const std::stop_token& stop, Time until);
  Status check_peer(Time now);
  Result<std::optional<SyncEvent>> read(LDAPMessage* message);
  Result<std::optional<SyncEvent>> read_entry(LDAPMessage* message);
  Result<std::optional<SyncEvent>> read_info(LDAPMessage* message);
  Error read_end(LDAPMessage* message);
  Error explain(const Answer& answer);
  Error error(Errc code, std::string what, std::string hint = {}) const { return {code, doing_ + ": " + what, std::move(hint)}; }

  Connection::Impl& impl() { return connection_.impl(); }
  LDAP* ld() { return impl().ld.get(); }
  /// Half of the silence that is borne: then the other half is left for the answer to a ping.
  milliseconds half_silence() { return impl().timeout / 2; }

  Connection connection_;
  EntryDecoder decoder_;
  std::string doing_;
  SyncBatches batches_;
  int search_ = 0;
  std::optional<int> ping_;  ///< its answer is due
  Time heard_ = steady_clock::now(), pinged_{};
  std::optional<Error> failed_;
};

using MaybeEvent = std::optional<SyncEvent>;

Status Syncrepl::ask(const WatchRequest& request) {
  const std::vector<Control> controls{sync_request(request.resume_at)};
  ControlPointers pointers(controls);
  std::vector<std::string> names = decoder_.request();
  std::vector<char*> attributes;
  for (std::string& name : names) attributes.push_back(name.data());
  attributes.push_back(nullptr);
  const int rc = ldap_search_ext(ld(), request.base.c_str(), LDAP_SCOPE_SUBTREE, request.filter.c_str(), attributes.data(), 0,
                                 pointers.get(), nullptr, nullptr, LDAP_NO_LIMIT, &search_);
  if (rc != LDAP_SUCCESS) return impl().fail(error_from(rc, doing_));
  return ok();
}

Result<Batch> Syncrepl::next(std::stop_token stop, milliseconds patience) {
  if (failed_) return *failed_;
  const Time until = steady_clock::now() + patience;
  Batch batch = batches_.start();
  for (;;) {
    if (batches_.drained()) {
      const bool something = !batch.notices.empty() || batch.resume_at;
      auto event = receive(stop, something ? Time{} : until);
      if (!event) {
        failed_ = event.error().code == Errc::cancelled ? event.error() : impl().fail(std::move(event).error());
        if (something) return batch;
        return *failed_;
      }
      if (!*event) return batch;
      batches_.put(std::move(**event));
    }
    if (batches_.fill(batch)) return batch;
  }
}

/// The next message that says something; none: there was none until then. A time in the past asks for what is already here.
Result<MaybeEvent> Syncrepl::receive(const std::stop_token& stop, Time until) {
  for (;;) {
    auto message = await(stop, until);
    if (!message) return std::move(message).error();
    if (!*message) return MaybeEvent();
    auto event = read(message->get());
    if (!event) return std::move(event).error();
    if (*event) {
      (*event)->received = heard_;
      return event;
    }
  }
}

Result<Message> Syncrepl::await(const std::stop_token& stop, Time until) {
  for (;;) {
    const Time check = (ping_ ? pinged_ : heard_) + half_silence();
    const auto wait = std::chrono::ceil<milliseconds>(std::min(until, check) - steady_clock::now());
    auto message = next_message(ld(), {LDAP_RES_ANY, std::max(wait, milliseconds(0)), stop});
    if (!message) return std::move(message).error().within(doing_);
    const Time now = steady_clock::now();
    if (*message) {
      heard_ = now;
      return message;
    }
    if (now >= check) MUSTER_TRY(check_peer(now));
    if (now >= until) return Message();
  }
}

/// A peer that vanished is silent, and so is one that has nothing to say: ask.
Status Syncrepl::check_peer(Time now) {
  if (ping_) return error(Errc::unreachable, "the server has not answered for " + human_duration(impl().timeout));
  std::string nothing(LDAP_NO_ATTRS);
  char* attributes[] = {nothing.data(), nullptr};
  int msgid = 0;
  if (ldap_search_ext(ld(), "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, nullptr, nullptr, nullptr, LDAP_NO_LIMIT,
                      &msgid) != LDAP_SUCCESS)
    return last_error(ld(), doing_);
  ping_ = msgid;
  pinged_ = now;
  return ok();
}

Result<MaybeEvent> Syncrepl::read(LDAPMessage* message) {
  const int type = ldap_msgtype(message), id = ldap_msgid(message);
  if (ping_ && id == *ping_) {
    if (type == LDAP_RES_SEARCH_RESULT) ping_.reset();
    return MaybeEvent();
  }
  if (id == LDAP_RES_UNSOLICITED) return read_end(message);
  if (id != search_) return MaybeEvent();
  switch (type) {
    case LDAP_RES_SEARCH_ENTRY: return read_entry(message);
    case LDAP_RES_INTERMEDIATE: return read_info(message);
    case LDAP_RES_SEARCH_RESULT: return read_end(message);
    case LDAP_RES_SEARCH_REFERENCE:
      return error(Errc::untrusted, "a part of the tree is held by another server",
                   "choose a base that one server holds completely");
    default: return MaybeEvent();
  }
}

Result<MaybeEvent> Syncrepl::read_entry(LDAPMessage* message) {
  LDAPControl** raw = nullptr;
  if (ldap_get_entry_controls(ld(), message, &raw) != LDAP_SUCCESS) return last_error(ld(), doing_);
  const ControlArray owned(raw);
  const std::vector<Control> controls = copy_controls(raw);
  const Control* control = find_control(controls, kSyncState);
  if (!control) return error(Errc::untrusted, "the server sent an entry without a sync state (RFC 4533 section 2.3)");
  auto state = parse_sync_state(control->value);
  if (!state) return std::move(state).error().within(doing_);
  SyncEvent event;
  event.cookie = std::move(state->cookie);
  switch (state->state) {
    case SyncStateValue::State::present: event.notices.emplace_back(Unchanged{state->id}); break;
    case SyncStateValue::State::remove: event.notices.emplace_back(Gone{state->id}); break;
    case SyncStateValue::State::add:
    case SyncStateValue::State::modify: {
      auto entry = decoder_.decode(ld(), message, &state->id);
      if (!entry) return std::move(entry).error().within(doing_);
      event.notices.emplace_back(Upsert{std::move(*entry)});
    }
  }
  return MaybeEvent(std::move(event));
}

Result<MaybeEvent> Syncrepl::read_info(LDAPMessage* message) {
  char* raw_oid = nullptr;
  berval* raw_value = nullptr;
  if (ldap_parse_intermediate(ld(), message, &raw_oid, &raw_value, nullptr, 0) != LDAP_SUCCESS) return last_error(ld(), doing_);
  const Text oid(raw_oid);
  const Bytes value(raw_value);
  // RFC 4511 section 4.13: an intermediate response of a kind that is not known says nothing.
  if (!oid || oid.get() != kSyncInfo) return MaybeEvent();
  auto info = parse_sync_info(value ? view(*value) : std::string_view());
  if (!info) return std::move(info).error().within(doing_);
  return MaybeEvent(event_of(std::move(*info)));
}

Error Syncrepl::read_end(LDAPMessage* message) {
  auto answer = read_answer(ld(), message);
  if (!answer) return std::move(answer).error().within(doing_);
  return explain(*answer);
}

Error Syncrepl::explain(const Answer& answer) {
  const std::string who = connection_.server().bound_as;
  switch (answer.code) {
    case LDAP_SUCCESS:
    case LDAP_CANCELLED: return error(Errc::unreachable, "the server ended the watch");
    case LDAP_SYNC_REFRESH_REQUIRED: return error(Errc::stale_cursor, "the server no longer honours the stored cookie (4096)");
    case LDAP_UNAVAILABLE_CRITICAL_EXTENSION:
      return error(Errc::config, "the server does not offer content synchronization (RFC 4533) at this base",
                   "load the syncprov overlay on the database that holds it");
    case LDAP_NO_SUCH_OBJECT:
      return error(Errc::untrusted, "the base does not exist, or " + who + " may not see it",
                   "check the base and the rights of the bind account");
    case LDAP_UNWILLING_TO_PERFORM:
      // slapd: "consumer state is newer than provider!" Everything that it then sent would be old.
      if (answer.diagnostic.find("newer") != std::string::npos)
        return error(Errc::untrusted, "the server knows less than when it was last asked: " + answer.diagnostic,
                     "it lags behind or was restored from a backup: wait until it has caught up, or run muster resync --full");
      break;
    default: break;
  }
  return error_from(answer, doing_);
}

/// What to resume at. To a cookie that it cannot read, or that names no change, slapd sends all content and then names the delete
/// phase, as if nothing were missing: such a cookie is better not sent, for then absence means gone.
std::optional<Cookie> usable(const std::optional<Cookie>& cookie, ServerInfo::Family family) {
  if (!cookie || cookie->rep().empty()) return std::nullopt;
  if (family != ServerInfo::Family::openldap) return cookie;
  const auto known = SyncCookie::parse(cookie->rep());
  return known && !known->csns.empty() ? std::optional(Cookie(known->str())) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<ChangeSource>> open_syncrepl(const Endpoint& endpoint, const WatchRequest& request) {
  auto connection = Connection::open(endpoint, true);
  if (!connection) return std::move(connection).error();
  auto method = choose_watch_method(connection->server(), "syncrepl");
  if (!method) return std::move(method).error().within(endpoint.name);
  WatchRequest asked = request;
  asked.resume_at = usable(request.resume_at, connection->server().family);
  auto source = std::make_unique<Syncrepl>(std::move(*connection), asked);
  MUSTER_TRY(source->ask(asked));
  return std::unique_ptr<ChangeSource>(std::move(source));
}

}  // namespace muster::wire
