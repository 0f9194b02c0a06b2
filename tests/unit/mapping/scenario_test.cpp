// Runs scenarios/*.txt. A scenario is an unindented title and indented lines, carried out in order (README.md there).
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/support/company_rules.h"
#include "tests/support/plan_world.h"
#include "tests/support/time_zone.h"

using namespace muster;
using namespace muster::test;

namespace {

struct Line {
  std::string word, rest;
  int number = 0;
};
struct Scenario {
  std::string file, title;
  int number = 0;
  std::vector<Line> lines;
};

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; !text.empty();) {
    const auto end = text.find(separator, at);
    parts.push_back(trimmed(text.substr(at, end - at)));
    if (end == std::string::npos) break;
    at = end + separator.size();
  }
  return parts;
}

std::pair<std::string, std::string> pair_of(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) throw std::runtime_error("'" + text + "' is not name=value");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::vector<Scenario> read_file(const std::filesystem::path& path) {
  std::vector<Scenario> all;
  std::ifstream in(path);
  int number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    if (trimmed(text).empty() || text.front() == '#') continue;
    if (text.front() != ' ') {
      all.push_back({path.filename().string(), trimmed(text), number, {}});
      continue;
    }
    const std::string line = trimmed(text);
    const auto blank = line.find(' ');
    all.back().lines.push_back({line.substr(0, blank), blank == std::string::npos ? "" : trimmed(line.substr(blank)), number});
  }
  return all;
}

std::vector<Scenario> read_all() {
  std::vector<std::filesystem::path> paths;
  for (const auto& item : std::filesystem::directory_iterator(MUSTER_SCENARIOS)) {
    if (item.path().extension() == ".txt") paths.push_back(item.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Scenario> all;
  for (const auto& path : paths) {
    for (Scenario& s : read_file(path)) all.push_back(std::move(s));
  }
  return all;
}

std::string joined(const Values& values) {
  std::string text;
  for (const std::string& v : values) text += (text.empty() ? "" : " + ") + v;
  return text;
}

std::string first_value(const Dn& name) { return name.rdn_avas().front().value; }

std::string shown(const Change& c) {
  std::string text(to_string(c.action));
  if (!c.group.empty()) return text + " " + first_value(c.group);
  switch (c.action) {
    case Action::create: return text + " " + c.dn.str() + (c.create_disabled ? " (disabled)" : "");
    case Action::move: return text + " " + first_value(dn(c.to.front()));
    case Action::clear: return text + " " + c.attribute;
    case Action::set: return text + " " + c.attribute + "=" + joined(c.to) + (c.decision == Decision::drift ? " (drift)" : "");
    case Action::rename:
    case Action::expire: return text + " " + (c.to.empty() ? "never" : joined(c.to));
    default: return text;
  }
}

std::string shown(const std::vector<Change>& changes) {
  std::string text;
  for (const Change& c : changes) text += (text.empty() ? "" : " | ") + shown(c);
  return text.empty() ? "(nothing)" : text;
}

std::string shown(const std::vector<PlanProblem>& problems) {
  std::string text;
  for (const PlanProblem& p : problems) text += (text.empty() ? "" : " ") + p.code + (p.attribute.empty() ? "" : ":" + p.attribute);
  return text.empty() ? "(none)" : text;
}

class Runner {
 public:
  Runner() {
    world_.person =
        Person{PersonKey("1042"),
               {"1042", "active", "Ann", "Lee", "Engineering", "Engineer", "Employee", "20200101", "", "ann@corp.example"},
               "feed hris, line 2",
               true};
    world_.entry = Entry{EntryId({1}), dn("CN=Ann Lee," + kPeople), "", {}};
    const std::pair<const char*, const char*> hr_owned[] = {
        {"cn", "Ann Lee"},    {"givenName", "Ann"}, {"sn", "Lee"}, {"displayName", "Ann Lee"}, {"departmentNumber", "Engineering"},
        {"title", "Engineer"}};
    for (const auto& [name, value] : hr_owned) {
      world_.entry->attributes.set(name, {value});
      world_.ledger.settled[to_lower(name)] = {value};
    }
    world_.entry->attributes.set("employeeNumber", {"1042"});
    world_.entry->attributes.set("telephoneNumber", {"+49 30 1"});
    groups("all-staff engineering granted:vpn");
    today("2026-11-23");
  }

  void run(const Scenario& scenario) {
    const auto& lines = scenario.lines;
    bool planned = false;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      INFO(scenario.file << ":" << lines[i].number << ": " << scenario.title);
      if (lines[i].word != "plan") {
        prepare(lines[i]);
        continue;
      }
      planned = true;
      const std::string expected = lines[i].rest;
      std::string problems = "(none)", again = "(nothing)";
      std::string due = "(any)", told = "(any)";
      std::map<std::string, std::string*> expectations{{"problems", &problems}, {"again", &again}, {"due", &due}, {"told", &told}};
      for (; i + 1 < lines.size() && expectations.count(lines[i + 1].word); ++i)
        *expectations.at(lines[i + 1].word) = lines[i + 1].rest;
      check(expected, problems, again, due, told);
    }
    REQUIRE(planned);
  }

 private:
  static std::string shown_due(const Plan& made) { return made.due ? iso_time(*made.due) : "(never)"; }
  static std::string shown_told(const Plan& made) {
    std::string text;
    for (const PlanNotice& n : made.notices) text += (text.empty() ? "" : " ") + n.kind;
    return text.empty() ? "(nothing)" : text;
  }

  void check(const std::string& expected, const std::string& problems, const std::string& again, const std::string& due,
             const std::string& told) {
    const Plan first = carry_out();
    if (due != "(any)") CHECK(shown_due(first) == due);
    if (told != "(any)") CHECK(shown_told(first) == told);
    CHECK(shown(first.changes) == expected);
    CHECK(shown(first.problems) == problems);
    CHECK(shown(carry_out().changes) == again);
    if (again != "(nothing)") CHECK(shown(carry_out().changes) == "(nothing)");
  }

  Plan carry_out() {
    if (!rules_) rules_ = CompanyRules::make(knobs_);
    const Plan made = plan(world_.subject(now_), *rules_, now_);
    world_.apply(made, now_);
    return made;
  }

  void prepare(const Line& line) {
    const std::string& rest = line.rest;
    if (line.word == "rules") return rules(rest);
    if (line.word == "today") return today(rest);
    if (line.word == "hr") return hr(rest);
    if (line.word == "entry") return entry(rest);
    if (line.word == "account") return account(rest);
    if (line.word == "groups") return groups(rest);
    if (line.word == "protected") {
      world_.is_protected = true;
      return;
    }
    if (line.word == "person") return reference(rest);
    if (line.word == "grant") return grant(rest);
    if (line.word == "order") return order(rest);
    if (line.word == "unsettled") return world_.ledger.settled.clear();
    throw std::runtime_error("no such line: " + line.word);
  }

  void rules(const std::string& text) {
    for (const std::string& knob : split(text, ";")) knobs_.insert(pair_of(knob));
    rules_.reset();
  }

  void today(const std::string& date) {
    const auto noon = parse_iso_time(date + (date.find('T') == std::string::npos ? "T09:00:00Z" : "Z"));
    if (!noon) throw std::runtime_error("no date: " + date);
    now_ = now_at(*noon);
  }

  void hr(const std::string& text) {
    if (text == "nobody") return world_.person.reset();
    if (text == "missing") {
      world_.person->listed = false;
      return;
    }
    if (text == "listed") {
      world_.person->listed = true;
      return;
    }
    const auto& fields = CompanyRules::fields();
    for (const std::string& item : split(text, ",")) {
      const auto [name, value] = pair_of(item);
      const auto found = std::find(fields.begin(), fields.end(), name);
      if (found == fields.end()) throw std::runtime_error("no field " + name);
      world_.person->fields[static_cast<std::size_t>(found - fields.begin())] = unescaped(value);
    }
  }

  static std::string unescaped(const std::string& value) { return value == "\\n" ? "two\nlines" : value == "_" ? " " : value; }

  /// Another person: "7 CN=Boss,OU=People,DC=corp,DC=example", "7 left", "7 circular", "7 without-entry".
  void reference(const std::string& text) {
    const auto blank = text.find(' ');
    const std::string key = text.substr(0, blank), what = trimmed(text.substr(blank));
    Reference r;
    r.known = true;
    r.leaving = what == "left";
    r.circular = what == "circular";
    if (what.starts_with("CN=")) r.dn = dn(what);
    world_.references[key] = r;
  }

  void entry(const std::string& text) {
    if (text == "none") {
      world_.entry.reset();
      world_.memberships.clear();
      world_.ledger = {};
      return;
    }
    for (const std::string& item : split(text, ";")) {
      const auto [name, value] = pair_of(item);
      if (name == "dn")
        world_.entry->dn = dn(value);
      else
        world_.entry->attributes.set(name, split(value, "+"));
    }
  }

  void account(const std::string& text) {
    for (const std::string& item : split(text, ",")) {
      if (item == "disabled") {
        world_.switched_off = true;
      } else if (item == "enabled") {
        world_.switched_off = false;
        world_.ledger.disabled_at.reset();
        world_.ledger.disabled_for.reset();
      } else if (const auto [name, value] = pair_of(item); name == "by-us-for") {
        Decision why{};
        if (!parse_decision(value, why)) throw std::runtime_error("no decision: " + value);
        world_.switched_off = true;
        world_.ledger.disabled_at = now_.utc;
        world_.ledger.disabled_for = why;
      } else {
        world_.expires = value.empty() ? std::nullopt : parse_iso_time(value);
      }
    }
  }

  void groups(const std::string& text) {
    world_.memberships.clear();
    for (std::string name : split(text, " ")) {
      const bool granted = name.starts_with("granted:"), by_grant = name.starts_with("for-a-time:");
      if (granted || by_grant) name = name.substr(name.find(':') + 1);
      world_.memberships.push_back({dn(group_dn(name)), granted || by_grant, by_grant ? 17 : 0});
    }
  }

  void grant(const std::string& text) {
    const auto words = split(text, " ");
    auto& all = world_.grants;
    std::erase_if(all, [&](const Grant& g) { return g.group == dn(group_dn(words.front())); });
    Grant g{17, dn(group_dn(words.front())), "carol", "", "incident 7", now_.utc + std::chrono::hours(8), ""};
    if (words.size() > 1) g.over = words[1];
    all.push_back(std::move(g));
  }

  void order(const std::string& text) {
    if (text == "lifted") {
      world_.lifted = std::move(world_.order);
      world_.lifted->lifted_by = "dave";
      world_.order.reset();
    } else {
      world_.order = Order{3, text, "stolen laptop", now_.utc, "", ""};
    }
  }

  PlanWorld world_;
  CompanyRules::Knobs knobs_;
  std::optional<Rules> rules_;
  Now now_;
};

}  // namespace

TEST_CASE("scenarios: what becomes of one person") {
  use_central_european_time();
  const auto scenarios = read_all();
  CHECK(scenarios.size() >= 60);
  for (const Scenario& s : scenarios) {
    INFO(s.file << ":" << s.number << ": " << s.title);
    try {
      Runner().run(s);
    } catch (const std::runtime_error& e) { FAIL_CHECK(std::string(e.what())); }
  }
}
