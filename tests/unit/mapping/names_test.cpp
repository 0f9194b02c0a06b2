// Names that nobody else has: which are found, promised and kept.
#include <doctest/doctest.h>

#include <set>

#include "tests/support/company_rules.h"
#include "tests/support/plan_world.h"

using namespace muster;
using namespace muster::test;

namespace {

/// Taken names by "attribute=normal form".
class Taken final : public Names {
 public:
  std::set<std::string> taken;
  std::map<std::string, std::string, std::less<>> promises;
  bool is_taken(const NameWish& w) const override { return taken.count(w.attribute + "=" + w.normal) > 0; }
  std::string promised(std::string_view attribute) const override {
    const auto found = promises.find(attribute);
    return found == promises.end() ? "" : found->second;
  }
};

const Now kNow = now_at(*parse_iso_time("2026-11-23T09:00:00Z"));

struct World : PlanWorld {
  RulesBuilder builder{{"id", "first", "last", "login"}};
  Taken names;
  std::optional<Rules> rules;

  World() {
    person = Person{PersonKey("1"), {"1", "Jörg", "Müller", ""}, "feed hris, line 2", true};
    builder.join("employeeNumber", "id");
    JoinerRule& joiner = builder.joiner("id != ''");
    joiner.create = dn("OU=People,DC=corp,DC=example");
    joiner.rdn = builder.expression("concat('CN=', first, ' ', last)");
  }
  AttributeRule& unique(const std::string& name, const std::string& value) {
    std::vector<ExpressionFault> faults;
    AttributeRule& rule = builder.owned(name, Owner::hr);
    rule.value = Expression::compile(value, *builder.rules().scope, faults, true);
    REQUIRE_MESSAGE(rule.value, value);
    rule.unique = true;
    return rule;
  }
  void numbered_rdn(const std::string& rdn) {
    std::vector<ExpressionFault> faults;
    builder.rules().joiner->rdn = Expression::compile(rdn, *builder.rules().scope, faults, true);
    REQUIRE(builder.rules().joiner->rdn);
  }
  Plan made() {
    if (!rules) rules = builder.take();
    Subject s = subject(kNow);
    s.names = &names;
    return plan(s, *rules, kNow);
  }
  Plan carried_out() {
    Plan p = made();
    apply(p, kNow);
    return p;
  }
};

std::string value_of(const Plan& p, const char* attribute) {
  return p.changes.empty() ? "" : std::string(p.changes.front().initial.first(attribute));
}

const char* kMail = "concat(lower-case(ascii(first)), '.', lower-case(ascii(last)), '@x.example')";

}  // namespace

TEST_CASE("names: the first that is free, with its number in the declared place") {
  struct Case {
    const char* value;
    std::size_t most;
    std::set<std::string> taken;
    const char* given;
  };
  const Case cases[] = {
      {kMail, 0, {}, "joerg.mueller@x.example"},
      {kMail, 0, {"joerg.mueller@x.example"}, "joerg.mueller2@x.example"},
      {kMail, 0, {"joerg.mueller@x.example", "joerg.mueller2@x.example"}, "joerg.mueller3@x.example"},
      {kMail, 20, {}, "joerg.muel@x.example"},
      {kMail, 19, {"joerg.mue@x.example"}, "joerg.mu2@x.example"},
      {kMail, 16, {}, "joerg@x.example"},
      {kMail, 10, {}, ""},
      {"concat(ascii(last), $number, '-ext')", 0, {"mueller-ext"}, "Mueller2-ext"},
      {"concat(ascii(last), $number, '-ext')", 10, {"muelle-ext"}, "Muell2-ext"},
      {"last", 0, {"müller"}, "Müller2"},
      {"last", 3, {"mül"}, "Mü2"},
      {"concat(last, $number, $number)", 0, {"müller"}, "Müller22"},
      {"substring(concat(last, $number), 1, 6)", 0, {"müller"}, ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    CAPTURE(c.most);
    World w;
    w.unique("mail", c.value).max_length = c.most;
    for (const std::string& t : c.taken) w.names.taken.insert("mail=" + t);
    const Plan p = w.made();
    CHECK(value_of(p, "mail") == c.given);
    CHECK(p.problems.size() == (*c.given ? 0 : 1));
    if (!p.problems.empty()) CHECK(p.problems.front().code == "bad-name");
    if (*c.given) {
      REQUIRE(p.names.size() == 1);
      CHECK(p.names.front().value == c.given);
    }
  }
}

TEST_CASE("names: a promise is kept while HR says the same, and while nobody else got it") {
  World w;
  w.unique("mail", kMail);
  w.names.promises["mail"] = "joerg.mueller3@x.example";
  CHECK(value_of(w.made(), "mail") == "joerg.mueller3@x.example");
  w.names.taken.insert("mail=joerg.mueller3@x.example");
  CHECK(value_of(w.made(), "mail") == "joerg.mueller@x.example");
  w.names.promises["mail"] = "another@x.example";
  CHECK(value_of(w.made(), "mail") == "joerg.mueller@x.example");
}

TEST_CASE("names: once given, a name stays when HR's value changes, a foreign change is drift") {
  World w;
  AttributeRule& rule = w.unique("mail", kMail);
  rule.on_drift = AttributeRule::OnDrift::revert;
  w.names.taken.insert("mail=joerg.mueller@x.example");
  w.carried_out();
  w.names.taken.insert("mail=joerg.mueller2@x.example");  // its own: nobody asks about it any more
  w.person->fields[2] = "Maier";
  CHECK(w.carried_out().changes.empty());
  w.names.taken.erase("mail=joerg.mueller2@x.example");
  w.entry->attributes.set("mail", {"other@x.example"});
  const Plan back = w.carried_out();
  REQUIRE(back.changes.size() == 1);
  CHECK(back.changes.front().decision == Decision::drift);
  CHECK(w.entry->attributes.first("mail") == "joerg.mueller2@x.example");
  w.entry->attributes.set("mail", {});
  w.names.taken.insert("mail=joerg.mueller2@x.example");
  const Plan lost = w.made();
  CHECK(lost.changes.empty());
  REQUIRE(lost.problems.size() == 1);
  CHECK(lost.problems.front().code == "name-taken");
}

TEST_CASE("names: an account that was linked keeps what it has, and gets what it lacks") {
  World w;
  w.unique("mail", kMail);
  w.entry = Entry{EntryId({1}), dn("CN=Jörg Müller,OU=People,DC=corp,DC=example"), "", {}};
  w.entry->attributes.set("mail", {"jm@x.example"});
  CHECK(w.carried_out().changes.empty());
  CHECK(w.ledger.settled["mail"] == Values{"jm@x.example"});
  w.ledger.settled.clear();
  w.entry->attributes.set("mail", {});
  w.names.taken.insert("mail=joerg.mueller@x.example");
  const Plan p = w.carried_out();
  REQUIRE(p.changes.size() == 1);
  CHECK(p.changes.front().to == Values{"joerg.mueller2@x.example"});
  CHECK(w.carried_out().changes.empty());
}

TEST_CASE("names: entries are numbered where the rule says so, and their naming attribute with them") {
  const std::string taken = "rdn=" + dn("cn=Jörg Müller").normal();
  for (const bool owned : {false, true}) {
    CAPTURE(owned);
    World w;
    w.numbered_rdn("concat('CN=', first, ' ', last, $number)");
    if (owned) w.builder.hr("cn", "concat(first, ' ', last)");
    w.names.taken.insert(taken);
    const Plan p = w.carried_out();
    REQUIRE(p.changes.size() == 1);
    CHECK(p.changes.front().dn == dn("CN=Jörg Müller2,OU=People,DC=corp,DC=example"));
    CHECK(value_of(p, "cn") == (owned ? "Jörg Müller2" : ""));
    CHECK(w.carried_out().changes.empty());
    w.person->fields[2] = "Maier";
    w.names.taken.insert("rdn=" + dn("cn=Jörg Maier").normal());
    const Plan renamed = w.carried_out();
    REQUIRE(renamed.changes.size() == (owned ? 1 : 0));
    if (owned) CHECK(renamed.changes.front().to == Values{"CN=Jörg Maier2"});
    CHECK(w.carried_out().changes.empty());
  }
}

TEST_CASE("names: without $number an entry's name is HR's own") {
  World w;
  w.names.taken.insert("rdn=" + dn("cn=Jörg Müller").normal());
  CHECK(w.made().changes.front().dn == dn("CN=Jörg Müller,OU=People,DC=corp,DC=example"));
}

TEST_CASE("names: a unique attribute that names the entry") {
  World w;
  w.unique("uid", "lower-case(ascii(last))");
  w.builder.rules().joiner->rdn = w.builder.expression("concat('uid=', id)");
  w.names.taken.insert("uid=mueller");
  const Plan p = w.carried_out();
  CHECK(p.changes.front().dn == dn("uid=mueller2,OU=People,DC=corp,DC=example"));
  w.person->fields[2] = "Maier";
  CHECK(w.carried_out().changes.empty());
}

TEST_CASE("names: logon names of Active Directory, with rules and without") {
  struct Case {
    const char *account_rule, *principal_rule;
    std::set<std::string> taken;
    const char *account, *principal;
  };
  const Case cases[] = {
      {"", "", {}, "joergmueller", "joergmueller@corp.example"},
      {"", "", {"samaccountname=joergmueller"}, "joergmueller2", "joergmueller2@corp.example"},
      {"", "", {"userprincipalname=joergmueller@corp.example"}, "joergmueller2", "joergmueller2@corp.example"},
      {"", "concat(id, '@y')", {"userprincipalname=joergmueller@corp.example"}, "joergmueller", "1@y"},
      {"concat('a+b=', last)", "", {}, "abMüller", "abMüller@corp.example"},
      {"concat('a:', last, $number, ':z')", "", {"samaccountname=amüllerz"}, "aMüller2z", "aMüller2z@corp.example"},
      {"concat(first, first, first, first, first, first)", "", {}, "JörgJörgJörgJörgJörg", "JörgJörgJörgJörgJörg@corp.example"},
      {"id", "", {"userprincipalname=1@corp.example"}, "1", "12@corp.example"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.account_rule);
    World w;
    w.builder.rules().logon_suffix = "@corp.example";
    if (*c.account_rule) w.unique("sAMAccountName", c.account_rule);
    if (*c.principal_rule) w.unique("userPrincipalName", c.principal_rule);
    w.names.taken = c.taken;
    const Plan p = w.made();
    CHECK(value_of(p, "samaccountname") == c.account);
    CHECK(value_of(p, "userprincipalname") == c.principal);
  }
  World nobody;
  nobody.builder.rules().logon_suffix = "@corp.example";
  nobody.person->fields[1] = nobody.person->fields[2] = "李";
  const Plan p = nobody.made();
  CHECK(p.changes.empty());
  REQUIRE(p.problems.size() == 1);
  CHECK(p.problems.front().code == "bad-name");
}

TEST_CASE("names: of accounts in Active Directory") {
  struct Case {
    const char *wish, *name;
  };
  const Case cases[] = {
      {"Ann.Lee", "ann.lee"},
      {"Bjørn.Ångström", "bjorn.angstroem"},
      {"Jürgen.Groß", "juergen.gross"},
      {"Łukasz.Żółć", "lukasz.zolc"},
      {"Cem.O'Neil, Jr.", "cem.oneiljr"},
      {"\"/\\[]:;|=,+*?<>@", ""},
      {"Анна", "anna"},
      {"李", ""},
      {"Maximiliane.Oberhuber-Schmidt", "maximiliane.oberhube"},
      {"abcdefghijklmnopqrs.t", "abcdefghijklmnopqrs"},
  };
  for (const Case& c : cases) CHECK_MESSAGE(account_name(c.wish) == c.name, c.wish);
  CHECK(account_name("Maximiliane.Oberhuber", 12) == "maximiliane.oberhu12");
  CHECK(account_name("ann.lee", 2) == "ann.lee2");
}
