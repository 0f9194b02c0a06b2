#include "agent/commands.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "agent/change_json.h"
#include "agent/crash_point.h"
#include "agent/feed/records.h"
#include "agent/feed/scim_user.h"
#include "agent/json_text.h"
#include "agent/recent_commands.h"

namespace muster {

using nlohmann::json;

namespace {

using Fault = std::optional<SetFault>;

SetFault invalid(std::string what) { return {"invalid_request", std::move(what)}; }
SetFault denied(std::string what) { return {"access_denied", std::move(what)}; }

/// Of those that were issued in the same second the first is meant to come first.
enum class Order { create, put, patch, activate, deactivate, remove };

/// RFC 9967; older software writes SCIM in capitals.
std::optional<Order> order_of(const std::string& uri) {
  static constexpr std::array<std::pair<std::string_view, Order>, 6> kOrders{{{"create:full", Order::create},
                                                                              {"put:full", Order::put},
                                                                              {"patch:full", Order::patch},
                                                                              {"delete", Order::remove},
                                                                              {"activate", Order::activate},
                                                                              {"deactivate", Order::deactivate}}};
  const std::string known = to_lower(uri), prefix = "urn:ietf:params:scim:event:prov:";
  if (!known.starts_with(prefix)) return std::nullopt;
  for (const auto& [name, order] : kOrders) {
    if (known.substr(prefix.size()) == name) return order;
  }
  return std::nullopt;
}

SetFault not_understood(const std::string& uri) {
  if (to_lower(uri).ends_with(":notice"))
    return invalid("a notice says only which attributes changed, and muster can ask nobody for them; send the event with :full");
  return invalid("muster does not understand the event " + shown(uri));
}

class Commands {
 public:
  Commands(Context& context, const UpstreamSettings::Events::Trust& trust, Instant now)
      : context_(context), store_(context.store), trust_(trust), now_(now) {}

  SetAnswer take(const ReceivedSet& set) {
    if (auto known = answered(set)) return *known;
    SetAnswer answer{set.jti, "", ""};
    const auto* good = std::get_if<VerifiedSet>(&set.checked);
    const Fault fault = good ? obey(*good) : std::get<SetFault>(set.checked);
    if (fault) {
      answer.err = fault->err;
      answer.description = fault->description;
    }
    record(good, answer);
    store_.add_inbox({good ? trust_.issuer : "", set.jti, set.digest, answer.err, answer.description, now_});
    return answer;
  }

 private:
  const FeedSettings& feed() const { return context_.config->settings.feed; }

  std::optional<SetAnswer> answered(const ReceivedSet& set) {
    const auto same = [&](const InboxRow& r) { return r.digest == set.digest; };
    const auto believed = store_.inbox(trust_.issuer, set.jti);
    if (const auto row = std::find_if(believed.begin(), believed.end(), same); row != believed.end())
      return SetAnswer{set.jti, row->err, row->description, false};
    if (const auto* fault = std::get_if<SetFault>(&set.checked)) {
      const auto others = store_.inbox("", set.jti);
      if (std::none_of(others.begin(), others.end(), same)) return std::nullopt;
      return SetAnswer{set.jti, fault->err, fault->description, false};
    }
    return std::nullopt;
  }

  Fault obey(const VerifiedSet& set) {
    if (!store_.inbox(trust_.issuer, set.jti).empty()) return invalid("another token was sent under this jti before");
    const auto order = order_of(set.event);
    if (!order) return not_understood(set.event);
    if (text_in(set.subject, "format") != "scim") return invalid("the sub_id of a SCIM event has the format scim (RFC 9967)");
    const std::string uri = text_in(set.subject, "uri"), key = text_in(set.subject, "externalId");
    if (!uri.empty() && !to_lower(uri).starts_with("/users/")) return invalid("commands are about people: a uri below /Users");
    if (key.empty()) return invalid("the sub_id does not name the person (externalId)");
    if (*order == Order::activate || *order == Order::deactivate) return switch_person(set, *order, key);
    if (feed().type != "events") return denied("people come from the feed " + feed().name + ", not by commands");
    return *order == Order::remove ? remove(set, key) : describe(set, *order, key);
  }

  std::string source_of(const VerifiedSet& set) const { return "command " + set.jti + " of " + trust_.issuer; }

  Fault describe(const VerifiedSet& set, Order order, const std::string& key) {
    const auto data = set.payload.find("data");
    if (data == set.payload.end() || !data->is_object()) return invalid("the event has no 'data', or it is no object");
    const auto known = store_.resource(key);
    json resource = *data;
    if (order == Order::patch) {
      if (!known || known->body.empty()) return invalid("there is nobody called " + shown(key) + " to be changed");
      resource = json::parse(known->body);
      if (const Status patched = patch_scim_user(resource, *data); !patched) return invalid(patched.error().what);
    } else if (known && known->full_at > set.iat) {
      return std::nullopt;  // something newer was said already (RFC 8417 section 5.3: events come in any order)
    }
    auto person = read_scim_user(feed(), resource);
    if (!person) return invalid(person.error().what);
    if (person->key.rep() != key)
      return invalid("the sub_id is about " + shown(key) + ", the data about " + shown(person->key.rep()));
    const std::int64_t full_at = order == Order::patch ? known->full_at : set.iat;
    store_.put_resource({key, dump(resource), source_of(set), full_at});
    person->source = source_of(set);
    const auto before = store_.person(person->key);
    if (before && before->person.fields == person->fields && before->person.listed)
      store_.set_source(before->id, person->source);
    else
      store_.put_person(*person, now_);
    store_.set_meta("feed.taken", iso_time(now_));
    return std::nullopt;
  }

  Fault remove(const VerifiedSet& set, const std::string& key) {
    const auto known = store_.resource(key);
    const auto person = store_.person(PersonKey(key));
    if (!known && !person) return invalid("there is nobody called " + shown(key));
    if (known && known->full_at > set.iat) return std::nullopt;
    store_.put_resource({key, "", source_of(set), set.iat});
    if (person && person->person.listed) {
      store_.set_unlisted(person->id, now_);
      store_.set_source(person->id, source_of(set));
    }
    return std::nullopt;
  }

  /// Orders of people here are theirs to lift.
  Fault switch_person(const VerifiedSet& set, Order order, const std::string& key) {
    const auto person = store_.person(PersonKey(key));
    if (!person) return invalid("there is nobody called " + shown(key));
    const Row entry = person->entry.value_or(0);
    const auto standing = store_.order_on(person->id, entry);
    const bool is_off = order == Order::deactivate;
    if (static_cast<bool>(standing) == is_off) return std::nullopt;
    const auto newest = standing ? standing : store_.last_lifted_order(person->id, entry);
    if (newest && newest->issued > set.iat) return std::nullopt;  // it is older than what was said last
    const std::string reason = source_of(set) + (set.txn.empty() ? "" : ", transaction " + set.txn);
    Row number = standing ? standing->id : 0;
    if (is_off) {
      number = store_.add_order({0, person->id, entry, trust_.issuer, reason, now_, {}, "", "", trust_.issuer, set.iat});
    } else if (standing->upstream != trust_.issuer) {
      return denied("the account is disabled by order of " + standing->by + ", who alone may lift that (muster enable)");
    } else {
      store_.lift_order(number, trust_.issuer, reason, now_);
      store_.set_order_issued(number, set.iat);
    }
    json details = {{"order", number}, {"actor", trust_.issuer}, {"reason", reason}, {"person", key}};
    if (const auto row = entry ? store_.entry_by_row(entry) : std::nullopt)
      details.update({{"entry", to_string(row->entry.id)}, {"dn", row->entry.dn.str()}});
    context_.recorder.decided(is_off ? "disable-ordered" : "disable-lifted", std::move(details), now_);
    store_.set_attempts(person->id, 0, std::nullopt);
    store_.mark_person_dirty(person->id);
    if (entry) store_.mark_owner_dirty(entry);
    return std::nullopt;
  }

  void record(const VerifiedSet* set, const SetAnswer& answer) {
    json details = {{"jti", answer.jti}, {"issuer", set ? set->issuer : ""}};
    if (set) {
      details.update({{"txn", set->txn}, {"command", set->event}, {"person", text_in(set->subject, "externalId")}});
      if (const std::string uri = text_in(set->subject, "uri"); !uri.empty()) details["uri"] = uri;
    }
    if (answer.err.empty()) {
      details.update({{"reason", "ordered by " + trust_.issuer}, {"status", "200"}});
      return context_.recorder.decided("command", std::move(details), now_);
    }
    details.update(
        {{"reason", answer.description}, {"err", answer.err}, {"status", answer.err == "access_denied" ? "403" : "400"}});
    context_.recorder.decided("command-refused", std::move(details), now_);
  }

  Context& context_;
  Store& store_;
  const UpstreamSettings::Events::Trust& trust_;
  Instant now_;
};

/// The map of a delivery has no order (RFC 8936 section 2.3).
std::pair<std::int64_t, int> turn_of(const ReceivedSet& set) {
  const auto* good = std::get_if<VerifiedSet>(&set.checked);
  const auto order = good ? order_of(good->event) : std::nullopt;
  return {good ? good->iat : 0, order ? static_cast<int>(*order) : -1};
}

}  // namespace

std::vector<SetAnswer> take_commands(Context& context, const UpstreamSettings::Events::Trust& trust,
                                     const std::vector<ReceivedSet>& sets, Instant now) {
  std::vector<const ReceivedSet*> ordered;
  for (const ReceivedSet& s : sets) ordered.push_back(&s);
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return turn_of(*a) < turn_of(*b); });
  std::vector<SetAnswer> answers;
  Store::Transaction transaction(context.store);
  Commands commands(context, trust, now);
  for (const ReceivedSet* s : ordered) answers.push_back(commands.take(*s));
  if (std::any_of(answers.begin(), answers.end(), [](const SetAnswer& a) { return a.is_news && a.err.empty(); }))
    RecentCommands(context.store).begin_run();
  context.store.forget_inbox(now - 2 * (trust.max_age + kMostSkew));
  crash_point("command-noted");
  transaction.commit();
  crash_point("command-taken");
  return answers;
}

}  // namespace muster
