#include "ldap/psearch.h"

#include <algorithm>
#include <charconv>

#include "ldap/ber.h"
#include "ldap/polling.h"
#include "ldap/position.h"
#include "ldap/raw_search.h"
#include "ldap/server.h"

namespace muster::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "xxxxxxxx-xxxxxxxx-xxxxxxxx-xxxxxxxx", as 389 writes it.
std::optional<EntryId> id_of_unique(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '-');
  EntryId id;
  return parse_entry_id(digits, id) ? std::optional(id) : std::nullopt;
}

/// The retro changelog, as the root DSE speaks of it.
struct Changelog {
  std::string base;
  std::uint64_t first = 0, last = 0;
};

/// What one change was about.
struct Changed {
  std::optional<EntryId> id;
  std::string name;  ///< before the change
  EntryChange::Type type = EntryChange::Type::modify;
};

class Psearch final : public PollingSource {
 public:
  Psearch(Connection connection, const WatchRequest& request)
      : PollingSource(std::move(connection), request, {milliseconds(500), seconds(2)}),
        base_(*Dn::parse(request.base)),
        doing_("watching " + request.base) {}

  std::string_view method() const override { return "psearch"; }
  Status prepare();

 protected:
  Result<std::optional<Cookie>> position(const std::stop_token& stop) override;
  Result<Round> round(const std::stop_token& stop) override;
  Result<bool> rest(Time until, const std::stop_token& stop) override;

 private:
  Result<std::optional<Changelog>> changelog();
  Status listen();
  Status take(LDAPMessage* message);
  Status read_changelog(const Changelog& log, const std::stop_token& stop);
  Result<bool> has_children(const EntryId& id);
  Error ended(LDAPMessage* message);
  std::string context() const;
  Connection::Impl& impl() { return connection_.impl(); }

  Dn base_;
  std::string doing_;
  int search_ = 0;
  bool has_log_ = false;
  Position at_;
  std::vector<Changed> changed_;  ///< told or read, and not delivered yet
};

/// The naming context that holds the base: who leaves the base is told there.
std::string Psearch::context() const {
  for (const std::string& name : connection_.server().naming_contexts) {
    const auto dn = Dn::parse(name);
    if (dn && !dn->empty() && base_.is_under(*dn)) return name;
  }
  return request_.base;
}

Result<std::optional<Changelog>> Psearch::changelog() {
  auto root = read_root(impl(), {"changelog", "firstchangenumber", "lastchangenumber"});
  if (!root) return std::move(root).error();
  const std::string base(root->first("changelog"));
  if (base.empty() || root->first("lastchangenumber").empty()) return std::optional<Changelog>();
  return std::optional(Changelog{base, number_of(root->first("firstchangenumber")), number_of(root->first("lastchangenumber"))});
}

Status Psearch::prepare() {
  // Registered before anything is read, so that nothing falls between.
  MUSTER_TRY(listen());
  auto log = changelog();
  if (!log) return std::move(log).error();
  has_log_ = log->has_value();
  if (!request_.resume_at || request_.resume_at->rep().empty()) return ok();
  const std::string server = connection_.server().url;
  auto known = Position::parse(*request_.resume_at, "psearch");
  if (!known) return Error{Errc::stale_cursor, server + ": the stored cookie is not one of psearch", ""};
  if (!has_log_) return Error{Errc::stale_cursor, server + ": the retro changelog is not there any more", ""};
  if (!Position::of("psearch", connection_.server(), (*log)->last).continues(*known) || (*log)->first > known->count + 1)
    return Error{Errc::stale_cursor,
                 server + ": the retro changelog does not reach back to what was read last (change " +
                     std::to_string(known->count) + "): it was trimmed or begun anew, or this is another server",
                 ""};
  at_ = std::move(*known);
  return ok();
}

Status Psearch::listen() {
  RawRequest request{context(), LDAP_SCOPE_SUBTREE, "(objectClass=*)", {"nsUniqueId"}, {persistent_search_request()}};
  auto id = send_search(impl(), request, doing_);
  if (!id) return std::move(id).error();
  search_ = *id;
  return ok();
}

Error Psearch::ended(LDAPMessage* message) {
  auto answer = read_answer(impl().ld.get(), message);
  if (!answer) return std::move(answer).error().within(doing_);
  if (answer->code == LDAP_INSUFFICIENT_ACCESS || answer->code == LDAP_UNAVAILABLE_CRITICAL_EXTENSION)
    return {
        Errc::config, doing_ + ": " + connection_.server().bound_as + " may not use persistent search: " + answer->diagnostic,
        "let it use the control (an aci on oid=2.16.840.1.113730.3.4.3,cn=features,cn=config), or use <watch method=\"poll\"/>"};
  if (answer->code == LDAP_SUCCESS) return {Errc::unreachable, doing_ + ": the server ended the persistent search", ""};
  Error error = error_from(*answer, doing_);
  error.code = Errc::unreachable;
  return error;
}

Status Psearch::take(LDAPMessage* message) {
  LDAPControl** raw = nullptr;
  if (ldap_get_entry_controls(impl().ld.get(), message, &raw) != LDAP_SUCCESS) return last_error(impl().ld.get(), doing_);
  const ControlArray owned(raw);
  const std::vector<Control> controls = copy_controls(raw);
  const Control* control = find_control(controls, kEntryChange);
  if (!control) return Error{Errc::untrusted, doing_ + ": the server did not say what happened to an entry", ""};
  auto change = parse_entry_change(*control);
  if (!change) return std::move(change).error().within(doing_);
  if (has_log_) return ok();  // the changelog tells it
  Changed changed;
  changed.id = id_of_unique(raw_attributes(impl().ld.get(), message).first("nsuniqueid"));
  changed.name = name_of(impl().ld.get(), message);
  changed.type = change->type;
  changed_.push_back(std::move(changed));
  return ok();
}

Result<bool> Psearch::rest(Time until, const std::stop_token& stop) {
  bool woken = false;
  for (;;) {
    const auto left = woken ? milliseconds(0) : std::chrono::ceil<milliseconds>(until - steady_clock::now());
    auto message = next_message(impl().ld.get(), {search_, std::max(left, milliseconds(0)), stop});
    if (!message) {
      Error error = std::move(message).error().within(doing_);
      return error.code == Errc::cancelled ? error : impl().fail(std::move(error));
    }
    if (!*message) return woken;
    const int type = ldap_msgtype(message->get());
    if (type == LDAP_RES_SEARCH_RESULT) return impl().fail(ended(message->get()));
    if (type == LDAP_RES_SEARCH_ENTRY) MUSTER_TRY(take(message->get()));
    woken = true;
  }
}

Result<std::optional<Cookie>> Psearch::position(const std::stop_token&) {
  auto log = changelog();
  if (!log) return std::move(log).error();
  if (!*log) return std::optional<Cookie>();
  at_ = Position::of("psearch", connection_.server(), (*log)->last);
  return std::optional(at_.cookie());
}

Status Psearch::read_changelog(const Changelog& log, const std::stop_token& stop) {
  constexpr std::uint64_t kWindow = 5000;
  for (std::uint64_t from = at_.count + 1; from <= log.last; from += kWindow) {
    const std::uint64_t to = std::min(log.last, from + kWindow - 1);
    RawRequest request{log.base,
                       LDAP_SCOPE_ONELEVEL,
                       "(&(changeNumber>=" + std::to_string(from) + ")(changeNumber<=" + std::to_string(to) + "))",
                       // Not the changes themselves: they may hold what nobody should see.
                       {"changeType", "targetDn", "targetUniqueId"},
                       {}};
    auto answer = raw_search(
        impl(), request, doing_,
        [&](LDAPMessage* message) {
          const Attributes a = raw_attributes(impl().ld.get(), message);
          const std::string type = to_lower(a.first("changetype"));
          changed_.push_back({id_of_unique(a.first("targetuniqueid")), std::string(a.first("targetdn")),
                              type == "delete"   ? EntryChange::Type::remove
                              : type == "add"    ? EntryChange::Type::add
                              : type == "modify" ? EntryChange::Type::modify
                                                 : EntryChange::Type::rename});
          return ok();
        },
        stop);
    if (!answer) return std::move(answer).error();
    if (answer->code != LDAP_SUCCESS) {
      Error error = error_from(*answer, "reading the retro changelog " + log.base);
      if (error.code != Errc::unreachable) error.code = Errc::untrusted;
      return error;
    }
  }
  return ok();
}

/// Whether a rename of this entry changed the names of others.
Result<bool> Psearch::has_children(const EntryId& id) {
  RawRequest request{
      context(), LDAP_SCOPE_SUBTREE, EntryDecoder::filter_for(connection_.server().family, id), {"numSubordinates"}, {}};
  bool any = false;
  auto answer = raw_search(impl(), request, doing_, [&](LDAPMessage* message) {
    any |= number_of(raw_attributes(impl().ld.get(), message).first("numsubordinates")) > 0;
    return ok();
  });
  if (!answer) return std::move(answer).error();
  return any;
}

Result<PollingSource::Round> Psearch::round(const std::stop_token& stop) {
  auto log = changelog();
  if (!log) return std::move(log).error();
  if (has_log_ && (!*log || (*log)->last < at_.count))
    return Error{Errc::stale_cursor, connection_.server().url + ": the retro changelog was begun anew", ""};
  if (has_log_) MUSTER_TRY(read_changelog(**log, stop));
  Round found;
  for (const Changed& changed : std::exchange(changed_, {})) {
    const auto name = Dn::parse(changed.name);
    const bool inside = name && name->is_under(base_);
    if (changed.type == EntryChange::Type::rename) {
      auto others = changed.id ? has_children(*changed.id) : Result<bool>(true);
      if (!others) return std::move(others).error();
      found.start_over |= *others;
    } else if (!inside) {
      continue;
    }
    if (!changed.id) {
      found.start_over = true;  // the changelog does not name entries by id (nsslapd-attribute: nsuniqueid:targetUniqueId)
    } else if (changed.type == EntryChange::Type::remove) {
      found.notices.emplace_back(Gone{*changed.id});
    } else if (std::find(found.to_look_at.begin(), found.to_look_at.end(), *changed.id) == found.to_look_at.end()) {
      found.to_look_at.push_back(*changed.id);
    }
  }
  if (!found.notices.empty() || !found.to_look_at.empty()) MUSTER_TRY(check_scope(connection_, request_));
  if (!has_log_ || (*log)->last == at_.count) return found;
  at_ = Position::of("psearch", connection_.server(), (*log)->last);
  found.resume_at = at_.cookie();
  return found;
}

}  // namespace

Control persistent_search_request() {
  constexpr ber_int_t kAllChanges = 15;
  const Ber ber(ber_alloc_t(LBER_USE_DER));
  ber_printf(ber.get(), "{ibb}", kAllChanges, ber_int_t{1}, ber_int_t{1});
  berval* raw = nullptr;
  std::string value;
  if (ber_flatten(ber.get(), &raw) == 0 && raw) value = view(*Bytes(raw));
  return {std::string(kPersistentSearch), std::move(value), true, true};
}

Result<EntryChange> parse_entry_change(const Control& control) {
  constexpr std::uint8_t kEnumerated = 0x0a;
  const Error bad{Errc::untrusted, "the server's entry change notification cannot be read", ""};
  std::string_view bytes = control.value, contents, type, name;
  if (!take_element(bytes, kSequence, contents) || !take_element(contents, kEnumerated, type) || type.size() != 1) return bad;
  const int number = type.front();
  if (number != 1 && number != 2 && number != 4 && number != 8) return bad;
  EntryChange change{static_cast<EntryChange::Type>(number), {}};
  if (take_element(contents, kOctetString, name)) change.previous_name = name;
  return change;
}

Result<std::unique_ptr<ChangeSource>> open_psearch(const Endpoint& endpoint, const WatchRequest& request) {
  auto connection = Connection::open(endpoint, true);
  if (!connection) return std::move(connection).error();
  if (auto base = Dn::parse(request.base); !base) return std::move(base).error();
  auto source = std::make_unique<Psearch>(std::move(*connection), request);
  MUSTER_TRY(source->prepare());
  return std::unique_ptr<ChangeSource>(std::move(source));
}

}  // namespace muster::wire
