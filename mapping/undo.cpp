#include "mapping/undo.h"

#include <algorithm>
#include <optional>

namespace muster {

namespace {

/// The first and the last change of one thing.
struct Net {
  const AppliedChange* first = nullptr;
  const AppliedChange* last = nullptr;
};

enum class Aspect : std::uint8_t { account, name, end, value, membership, entry };

Aspect aspect_of(Action action) {
  switch (action) {
    case Action::disable:
    case Action::enable:
    case Action::create: return Aspect::account;
    case Action::rename:
    case Action::move: return Aspect::name;
    case Action::expire: return Aspect::end;
    case Action::set:
    case Action::clear: return Aspect::value;
    case Action::add_member:
    case Action::remove_member: return Aspect::membership;
    case Action::remove: break;
  }
  return Aspect::entry;
}

bool is_same_thing(const Change& a, const Change& b) {
  const Aspect aspect = aspect_of(a.action);
  if (aspect != aspect_of(b.action)) return false;
  if (aspect == Aspect::value) return to_lower(a.attribute) == to_lower(b.attribute);
  return aspect != Aspect::membership || a.group == b.group;
}

std::vector<Net> net_of(const std::vector<AppliedChange>& changes) {
  std::vector<Net> all;
  for (const AppliedChange& c : changes) {
    const auto known = std::find_if(all.begin(), all.end(), [&](const Net& n) { return is_same_thing(n.first->change, c.change); });
    if (known == all.end())
      all.push_back({&c, &c});
    else
      known->last = &c;
  }
  return all;
}

/// What an entry is called after a rename or a move.
Dn name_after(const Change& c) {
  if (c.to.empty()) return {};
  auto dn = Dn::parse(c.action == Action::rename ? c.to.front() + "," + c.dn.parent().str() : c.dn.rdn() + "," + c.to.front());
  return dn ? std::move(*dn) : Dn{};
}

std::string listed_values(const Values& values) {
  if (values.empty()) return "nothing";
  std::string text;
  for (const std::string& v : values) text += (text.empty() ? "'" : ", '") + v + "'";
  return text;
}

/// Records are text; a value that is none was recorded with this in place of what could not be written.
bool is_faithful(const Values& values) {
  return std::none_of(values.begin(), values.end(),
                      [](const std::string& v) { return v.find("\xef\xbf\xbd") != std::string::npos; });
}

Values end_values(const std::optional<Instant>& at) { return at ? Values{iso_time(*at)} : Values{}; }

class Reversal {
 public:
  Reversal(const Subject& now, const AttributeTypes& types) : now_(now), types_(types) {}

  Undo of(const std::vector<AppliedChange>& changes) {
    for (const Net& net : net_of(changes)) take_back(net);
    return std::move(undo_);
  }

 private:
  void take_back(const Net& n) {
    const Change& last = n.last->change;
    if (last.action == Action::remove)
      return left(n,
                  "a deleted account cannot be made again as it was: its identifier, password and what others wrote are gone; "
                  "restore it from the directory's recycle bin or backup");
    if (!now_.entry) return left(n, "the account is gone");
    if (now_.person && !last.person.rep().empty() && now_.person->key != last.person)
      return left(n, "the account belongs to person " + now_.person->key.rep() + " now");
    if (last.decision == Decision::order) return left(n, "somebody ordered it: muster disable and muster enable decide about it");
    if (last.decision == Decision::grant) return left(n, "it was given for a time: muster grant and muster revoke decide about it");
    switch (aspect_of(last.action)) {
      case Aspect::account: return take_back_account(n);
      case Aspect::name: return take_back_name(n);
      case Aspect::end: return take_back_end(n);
      case Aspect::value: return take_back_value(n);
      case Aspect::membership: return take_back_membership(n);
      case Aspect::entry: break;
    }
  }

  void left(const Net& n, std::string why) { undo_.left.push_back({n.last->change, std::move(why)}); }
  void changed_since(const Net& n, const std::string& what) { left(n, "changed since by somebody, left: " + what); }

  UndoStep& step(const Net& n, Action action, bool is_done) {
    UndoStep s;
    Change& c = s.change;
    const Change& original = n.last->change;
    c.action = action;
    c.person = original.person;
    c.entry = now_.entry->id;
    c.dn = now_.entry->dn;
    c.decision = original.decision;
    c.undoes = n.last->run;
    c.because = {original.because.rule, "takes back: " + original.because.text, original.because.cause};
    s.is_done = is_done;
    undo_.steps.push_back(std::move(s));
    return undo_.steps.back();
  }

  void take_back_account(const Net& n) {
    const bool is_disabled = now_.account.disabled;
    if (n.first->change.action == Action::create) {
      left({n.first, n.first}, "the account stays, disabled: to delete it is left to a person");
      return switch_to(n, true, is_disabled);
    }
    const bool was = n.first->change.action == Action::enable, became = n.last->change.action == Action::disable;
    if (was == became) return;
    switch_to(n, was, is_disabled);
  }

  void switch_to(const Net& n, bool off, bool is_off) {
    UndoStep& s = step(n, off ? Action::disable : Action::enable, off == is_off);
    s.change.from = {off ? "enabled" : "disabled"};
    s.change.to = {off ? "disabled" : "enabled"};
  }

  void take_back_name(const Net& n) {
    const Dn &was = n.first->change.dn, &is = now_.entry->dn;
    const Dn became = name_after(n.last->change);
    if (was == became) return;
    const bool is_done = is == was;
    if (!is_done && !(is == became)) return changed_since(n, "it is called " + is.str());
    const auto with_rdn = [](const Dn& rdn, const Dn& parent) { return Dn::parse(rdn.rdn() + "," + parent.str()); };
    const auto same_parent = with_rdn(was, became.parent());
    if (!same_parent || !(*same_parent == became)) {
      UndoStep& s = step(n, Action::rename, is_done);
      s.change.attribute = n.last->change.attribute;
      s.change.from = {is.rdn()};
      s.change.to = {was.rdn()};
      s.undone = {became.rdn()};
    }
    if (was.parent() == became.parent()) return;
    UndoStep& s = step(n, Action::move, is_done);
    s.change.from = {is.parent().str()};
    s.change.to = {was.parent().str()};
    s.undone = {became.parent().str()};
  }

  void take_back_end(const Net& n) {
    const Values was = n.first->change.from, became = n.last->change.to, is = end_values(now_.account.expires);
    if (was == became) return;
    if (is != was && !is_end(became)) return changed_since(n, "it ends " + (is.empty() ? "never" : is.front()));
    UndoStep& s = step(n, Action::expire, is == was);
    s.change.attribute = n.last->change.attribute;
    s.change.from = is;
    s.change.to = was;
    s.undone = became;
  }

  /// Some servers keep whole days only, and let an account live until the next one.
  bool is_end(const Values& wanted) const {
    const auto& is = now_.account.expires;
    const auto at = wanted.empty() ? std::nullopt : parse_iso_time(wanted.front());
    if (!is || !at) return !is && wanted.empty();
    return *is == *at || *is == Instant(std::chrono::ceil<std::chrono::days>(*at));
  }

  void take_back_value(const Net& n) {
    const std::string& name = n.last->change.attribute;
    const Values &was = n.first->change.from, &became = n.last->change.to;
    const Values* found = now_.entry->attributes.find(to_lower(name));
    const Values is = found ? *found : Values{};
    const Matching rule = types_.equality_of(name);
    if (equal_sets(rule, was, became)) return;
    if (!is_faithful(was)) return left(n, name + " was no text, and the audit trail holds texts only");
    const bool is_done = equal_sets(rule, is, was);
    if (!is_done && !equal_sets(rule, is, became)) return changed_since(n, name + " is " + listed_values(is));
    UndoStep& s = step(n, was.empty() ? Action::clear : Action::set, is_done);
    s.change.attribute = name;
    s.change.from = is;
    s.change.to = was;
    s.undone = became;
  }

  void take_back_membership(const Net& n) {
    const bool was = n.first->change.action == Action::remove_member, became = n.last->change.action == Action::add_member;
    if (was == became) return;
    const Dn& group = n.last->change.group;
    const bool is =
        std::any_of(now_.memberships.begin(), now_.memberships.end(), [&](const Membership& m) { return m.group == group; });
    UndoStep& s = step(n, was ? Action::add_member : Action::remove_member, is == was);
    s.change.group = group;
  }

  const Subject& now_;
  const AttributeTypes& types_;
  Undo undo_;
};

bool same_dn(const Values& a, const Values& b) {
  if (a.size() != 1 || b.size() != 1) return false;
  const auto x = Dn::parse(a.front()), y = Dn::parse(b.front());
  return x && y && *x == *y;
}

}  // namespace

Undo undo(const std::vector<AppliedChange>& changes, const Subject& now, const AttributeTypes& types) {
  return Reversal(now, types).of(changes);
}

bool repeats(const Change& planned, const UndoStep& step, const AttributeTypes& types) {
  const Change& back = step.change;
  switch (back.action) {
    case Action::disable: return planned.action == Action::enable;
    case Action::enable: return planned.action == Action::disable;
    case Action::add_member: return planned.action == Action::remove_member && planned.group == back.group;
    case Action::remove_member: return planned.action == Action::add_member && planned.group == back.group;
    case Action::set:
    case Action::clear:
      return aspect_of(planned.action) == Aspect::value && to_lower(planned.attribute) == to_lower(back.attribute) &&
             equal_sets(types.equality_of(back.attribute), planned.to, step.undone);
    case Action::rename:
    case Action::move: return planned.action == back.action && same_dn(planned.to, step.undone);
    case Action::expire: return planned.action == Action::expire && planned.to == step.undone;
    case Action::create:
    case Action::remove: break;
  }
  return false;
}

}  // namespace muster
