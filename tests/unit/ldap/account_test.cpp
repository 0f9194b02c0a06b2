#include "ldap/account.h"

#include <doctest/doctest.h>

namespace muster {
namespace {

using Method = AccountSettings::Method;

const Instant kNow = *parse_generalized_time("20261123073753Z");
const Instant kTomorrow = *parse_generalized_time("20261124073753Z");

/// A server that has these, in the words of its subschema.
ServerInfo server(const std::vector<std::string>& attributes, bool shadow_class = true) {
  static const std::map<std::string, std::string> kTypes{
      {"pwdEndTime",
       "( 1.3.6.1.4.1.42.2.27.8.1.28 NAME 'pwdEndTime' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 "
       "SINGLE-VALUE USAGE directoryOperation )"},
      {"pwdAccountLockedTime",
       "( 1.3.6.1.4.1.42.2.27.8.1.17 NAME 'pwdAccountLockedTime' EQUALITY generalizedTimeMatch SYNTAX "
       "1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE USAGE directoryOperation )"},
      {"shadowExpire",
       "( 1.3.6.1.1.1.1.10 NAME 'shadowExpire' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )"},
      {"employeeType",
       "( 2.16.840.1.113730.3.1.4 NAME 'employeeType' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )"},
      {"nsAccountLock",
       "( 2.16.840.1.113730.3.1.610 NAME 'nsAccountLock' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 "
       "SINGLE-VALUE USAGE directoryOperation )"}};
  std::vector<std::string> descriptions;
  for (const std::string& a : attributes) descriptions.push_back(kTypes.at(a));
  ServerInfo info;
  info.url = "ldap://ldap1.example";
  info.vendor = "OpenLDAP";
  info.types = AttributeTypes::parse(descriptions);
  if (shadow_class)
    info.classes = ObjectClasses::parse(
        {"( 1.3.6.1.1.1.2.1 NAME 'shadowAccount' SUP top AUXILIARY MUST uid MAY ( userPassword $ shadowExpire ) )"});
  return info;
}
const std::vector<std::string> kAll{"pwdEndTime", "pwdAccountLockedTime", "shadowExpire", "employeeType", "nsAccountLock"};

AccountSettings settings(Method method) {
  AccountSettings s;
  s.method = method;
  return s;
}
AccountSettings by_attribute(std::string attribute, std::string value, std::string enabled = "") {
  AccountSettings s = settings(Method::attribute);
  s.attribute = std::move(attribute);
  s.value = std::move(value);
  s.enabled = std::move(enabled);
  return s;
}
AccountSettings by_move() {
  AccountSettings s = settings(Method::move);
  s.move_to = *Dn::parse("ou=leavers,dc=example");
  return s;
}

AccountControl control(const AccountSettings& s) {
  auto chosen = AccountControl::choose(server(kAll), s);
  REQUIRE(chosen);
  return *chosen;
}

Entry entry(const std::vector<std::pair<std::string, Values>>& attributes, const std::string& dn = "uid=ann,ou=people,dc=example") {
  Entry e;
  e.dn = *Dn::parse(dn);
  for (const auto& [name, values] : attributes) e.attributes.set(name, values);
  return e;
}

/// "replace pwdEndTime: 1970..; add x: y"
std::string text(const std::vector<Mod>& mods) {
  std::string s;
  for (const Mod& m : mods) {
    s += (s.empty() ? "" : "; ");
    s += (m.op == Mod::Op::add ? "add " : m.op == Mod::Op::remove ? "remove " : "replace ") + m.attribute + ":";
    for (const std::string& v : m.values) s += " " + v;
  }
  return s;
}

TEST_CASE("without a word about it, accounts are disabled in the best way that the server has") {
  struct Case {
    std::string name;
    std::vector<std::string> has;
    bool shadow_class;
    std::string expected;
  };
  const Case cases[] = {
      {"OpenLDAP 2.5 with ppolicy", {"pwdEndTime", "pwdAccountLockedTime", "shadowExpire"}, true, "pwdEndTime"},
      {"OpenLDAP 2.4 with ppolicy", {"pwdAccountLockedTime", "shadowExpire"}, true, "pwdAccountLockedTime"},
      {"no ppolicy, Unix accounts", {"shadowExpire"}, true, "shadowExpire"},
      {"no class that allows it", {"shadowExpire"}, false, ""},
      {"nothing of the kind", {"employeeType"}, false, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto chosen = AccountControl::choose(server(c.has, c.shadow_class), settings(Method::automatic));
    CHECK((chosen ? std::string(chosen->name()) : "") == c.expected);
    if (!chosen) CHECK(chosen.error().code == Errc::config);
  }
  const auto none = AccountControl::choose(server({}, false), settings(Method::automatic));
  REQUIRE_FALSE(none);
  CHECK(none.error().what == "ldap://ldap1.example (OpenLDAP) offers no way to disable accounts that muster knows");
  CHECK(none.error().hint ==
        "load the ppolicy overlay, or say how accounts are disabled here: <disable attribute=\"...\" value=\"...\"/> or <disable "
        "move-to=\"...\"/>");
}

TEST_CASE("a declared way that cannot work is an error of the configuration") {
  struct Case {
    std::string name;
    std::vector<std::string> has;
    AccountSettings settings;
    std::string what;
  };
  const Case cases[] = {
      {"pwdEndTime before OpenLDAP 2.5",
       {"pwdAccountLockedTime"},
       settings(Method::password_end_time),
       "accounts cannot be disabled by pwdEndTime: the server's schema has no such attribute"},
      {"a lock without ppolicy",
       {},
       settings(Method::password_lock),
       "accounts cannot be disabled by pwdAccountLockedTime: the server's schema has no such attribute"},
      {"an attribute misspelled",
       {"employeeType"},
       by_attribute("employeType", "gone"),
       "accounts cannot be disabled by employeType: the server's schema has no such attribute"},
      {"an attribute without its value",
       {"employeeType"},
       by_attribute("employeeType", ""),
       "<disable attribute=\"employeeType\"> does not say which value means disabled"},
      {"a move to nowhere", {}, settings(Method::move), "<disable> by moving does not say where to"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto chosen = AccountControl::choose(server(c.has), c.settings);
    REQUIRE_FALSE(chosen);
    CHECK(chosen.error().code == Errc::config);
    CHECK(chosen.error().what == c.what);
  }
  const auto near = AccountControl::choose(server({"employeeType"}), by_attribute("employeType", "gone"));
  CHECK(near.error().hint == "did you mean \"employeeType\"?");
}

TEST_CASE("an account is disabled, enabled, and known for what it is") {
  const AccountSettings end = settings(Method::password_end_time), lock = settings(Method::password_lock),
                        shadow = settings(Method::shadow_expire), single = by_attribute("nsAccountLock", "true"),
                        several = by_attribute("employeeType", "gone", "staff");
  struct Case {
    std::string name;
    AccountSettings settings;
    std::vector<std::pair<std::string, Values>> attributes;
    bool disabled;
    std::string disable, enable;
  };
  const std::string kEnd = "replace pwdEndTime: 19700101000000Z", kLock = "replace pwdAccountLockedTime: 000001010000Z";
  const Case cases[] = {
      {"end time: a plain account", end, {}, false, kEnd, ""},
      {"end time: disabled", end, {{"pwdEndTime", {"19700101000000Z"}}}, true, "", "remove pwdEndTime: 19700101000000Z"},
      {"end time: ended this second", end, {{"pwdEndTime", {"20261123073753Z"}}}, true, "", "remove pwdEndTime: 20261123073753Z"},
      {"end time: ends next second", end, {{"pwdEndTime", {"20261123073754Z"}}}, false, kEnd, "remove pwdEndTime: 20261123073754Z"},
      {"end time: locked for wrong passwords only", end, {{"pwdAccountLockedTime", {"20261123073753Z"}}}, false, kEnd, ""},
      {"lock: a plain account", lock, {}, false, kLock, ""},
      {"lock: disabled",
       lock,
       {{"pwdAccountLockedTime", {"000001010000Z"}}},
       true,
       "",
       "remove pwdAccountLockedTime: 000001010000Z"},
      {"lock: locked for wrong passwords only", lock, {{"pwdAccountLockedTime", {"20261123073753Z"}}}, false, kLock, ""},
      {"shadow: a plain account", shadow, {}, false, "replace shadowExpire: 1", ""},
      {"shadow: disabled", shadow, {{"shadowExpire", {"1"}}}, true, "", "remove shadowExpire: 1"},
      {"shadow: expires today", shadow, {{"shadowExpire", {"20780"}}}, true, "", "remove shadowExpire: 20780"},
      {"shadow: expires tomorrow",
       shadow,
       {{"shadowExpire", {"20781"}}},
       false,
       "replace shadowExpire: 1",
       "remove shadowExpire: 20781"},
      {"shadow: never", shadow, {{"shadowExpire", {"-1"}}}, false, "replace shadowExpire: 1", "remove shadowExpire: -1"},
      {"shadow: not a number", shadow, {{"shadowExpire", {"soon"}}}, false, "replace shadowExpire: 1", "remove shadowExpire: soon"},
      {"attribute: a plain account", single, {}, false, "replace nsAccountLock: true", ""},
      {"attribute: disabled, in another spelling", single, {{"nsAccountLock", {"TRUE"}}}, true, "", "remove nsAccountLock: TRUE"},
      {"attribute: another value", single, {{"nsAccountLock", {"false"}}}, false, "replace nsAccountLock: true", ""},
      {"several values: a plain account",
       several,
       {{"employeeType", {"manager", "Staff"}}},
       false,
       "remove employeeType: staff; add employeeType: gone",
       ""},
      {"several values: without the enabled one", several, {{"employeeType", {"manager"}}}, false, "add employeeType: gone", ""},
      {"several values: disabled, the others stay",
       several,
       {{"employeeType", {"manager", "gone"}}},
       true,
       "",
       "remove employeeType: gone; add employeeType: staff"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const AccountControl accounts = control(c.settings);
    const Entry e = entry(c.attributes);
    CHECK(accounts.is_disabled(e, kNow) == c.disabled);
    CHECK(text(accounts.disable(e, kNow)) == c.disable);
    CHECK(text(accounts.enable(e)) == c.enable);
  }
}

TEST_CASE("disabled by moving means: is where leavers live") {
  const AccountControl accounts = control(by_move());
  CHECK(accounts.name() == "move");
  CHECK(accounts.attributes().empty());
  CHECK_FALSE(accounts.is_disabled(entry({}), kNow));
  CHECK(accounts.is_disabled(entry({}, "uid=ann,OU=Leavers, dc=example"), kNow));
  CHECK_FALSE(accounts.is_disabled(entry({}, "ou=leavers,dc=example"), kNow));
  CHECK(accounts.disable(entry({}), kNow).empty());
  CHECK(accounts.enable(entry({})).empty());
  CHECK(accounts.initially(true).size() == 0);
}

TEST_CASE("an end date is set, changed and taken away, and never enables who was disabled") {
  const AccountSettings end = settings(Method::password_end_time), shadow = settings(Method::shadow_expire);
  struct Case {
    std::string name;
    AccountSettings settings;
    std::vector<std::pair<std::string, Values>> attributes;
    std::optional<Instant> at;
    std::string expected;
  };
  const Case cases[] = {
      {"a first end date", end, {}, kTomorrow, "add pwdEndTime: 20261124073753Z"},
      {"the same one", end, {{"pwdEndTime", {"20261124073753Z"}}}, kTomorrow, ""},
      {"the same one, spelled otherwise", end, {{"pwdEndTime", {"20261124073753.0Z"}}}, kTomorrow, ""},
      {"extended",
       end,
       {{"pwdEndTime", {"20261123000000Z"}}},
       kTomorrow,
       "remove pwdEndTime: 20261123000000Z; add pwdEndTime: 20261124073753Z"},
      {"half a second is not lost", end, {}, kTomorrow - std::chrono::milliseconds(500), "add pwdEndTime: 20261124073753Z"},
      {"taken on for good", end, {{"pwdEndTime", {"20261124073753Z"}}}, std::nullopt, "remove pwdEndTime: 20261124073753Z"},
      {"had none and gets none", end, {}, std::nullopt, ""},
      {"disabled: no end date", end, {{"pwdEndTime", {"19700101000000Z"}}}, kTomorrow, ""},
      {"disabled: no end date to take away", end, {{"pwdEndTime", {"19700101000000Z"}}}, std::nullopt, ""},
      {"shadow: the day after, for it knows whole days", shadow, {}, kTomorrow, "add shadowExpire: 20782"},
      {"shadow: on the stroke of midnight", shadow, {}, Instant(Day(std::chrono::days(20781))), "add shadowExpire: 20781"},
      {"shadow: the same one", shadow, {{"shadowExpire", {"20782"}}}, kTomorrow, ""},
      {"shadow: disabled", shadow, {{"shadowExpire", {"1"}}}, kTomorrow, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto mods = control(c.settings).expire(entry(c.attributes), c.at);
    REQUIRE(mods);
    CHECK(text(*mods) == c.expected);
  }
  const auto refused = control(settings(Method::password_lock)).expire(entry({}), kTomorrow);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::config);
  CHECK(refused.error().what ==
        "uid=ann,ou=people,dc=example: an account that is disabled by pwdAccountLockedTime cannot be given an end date");
}

TEST_CASE("what expire() writes is what expires() reads") {
  for (const Method method : {Method::password_end_time, Method::shadow_expire}) {
    const AccountControl accounts = control(settings(method));
    const auto mods = accounts.expire(entry({}), kTomorrow);
    REQUIRE(mods);
    REQUIRE(mods->size() == 1);
    const Entry after = entry({{mods->front().attribute, mods->front().values}});
    CHECK(accounts.expires(after) == accounts.rounded(kTomorrow));
    CHECK(accounts.rounded(kTomorrow) >= kTomorrow);
    CHECK_FALSE(accounts.is_disabled(after, kNow));
    CHECK(accounts.is_disabled(after, accounts.rounded(kTomorrow)));
  }
}

TEST_CASE("a new entry that starts disabled is disabled") {
  for (const AccountSettings& s :
       {settings(Method::password_end_time), settings(Method::password_lock), settings(Method::shadow_expire),
        by_attribute("nsAccountLock", "true"), by_attribute("employeeType", "gone", "staff")}) {
    const AccountControl accounts = control(s);
    CAPTURE(accounts.name());
    Entry e = entry({});
    e.attributes = accounts.initially(true);
    CHECK(accounts.is_disabled(e, kNow));
    CHECK_FALSE(accounts.expires(e));
    const auto names = accounts.attributes();
    for (const auto& [name, values] : e.attributes) CHECK(std::find(names.begin(), names.end(), name) != names.end());
  }
}

}  // namespace
}  // namespace muster
