// <lifecycle>
#include <sstream>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"
#include "mapping/zone.h"
#include "schema/attribute.h"

namespace muster {
namespace {

using Strip = LeaverRule::Strip;

constexpr std::array<std::pair<std::string_view, Strip>, 3> kStrips{
    {{"none", Strip::none}, {"managed", Strip::managed}, {"all", Strip::all}}};

/// The first of elements of which there may be one in all files.
std::optional<Element> only_rule(const std::vector<Element>& mappings, std::string_view name) {
  const std::vector<Element> all = collect_rules(mappings, "lifecycle", name);
  for (std::size_t i = 1; i < all.size(); ++i) {
    all[i].wrong("a second " + all[i].tag() + "; the first is at " + all.front().at().str(), "keep one of the two");
  }
  return all.empty() ? std::nullopt : std::optional(all.front());
}

void check_first_day(const Element& joiner, const FeedSettings& feed, int days_before) {
  const int start = feed.index_of("start");
  const bool date = start >= 0 && feed.fields[static_cast<std::size_t>(start)].type == FieldSettings::Type::date;
  if (start >= 0 && !date) {
    joiner.complaints().error(feed.fields[static_cast<std::size_t>(start)].at,
                              "the field 'start', a joiner's first day, is no date", "add type=\"date\" and a format");
  }
  if (start < 0 && days_before > 0 && !feed.fields.empty()) {
    joiner.wrong_at("days-before", "'days-before' counts from the field 'start', which the feed does not have",
                    "add <field name=\"start\" column=\"...\" type=\"date\" format=\"...\"/>, or remove 'days-before'");
  }
}

void check_rdn(const Element& joiner, const JoinerRule& rule) {
  if (joiner.has("create") != joiner.has("rdn") && !joiner.has_misspelt_attribute()) {
    const bool create = joiner.has("create");
    joiner.wrong_at(create ? "create" : "rdn",
                    create ? "'create' does not say how new entries are named" : "'rdn' names entries that are never created",
                    create ? "add rdn=\"concat('CN=', ...)\"" : "add create=\"OU=...\"");
  }
  if (joiner.has("object-class") && !joiner.has("create") && !joiner.has_misspelt_attribute()) {
    joiner.wrong_at("object-class", "'object-class' is for entries that are never created",
                    "add create=\"OU=...\" and rdn=\"...\"");
  }
  if (!rule.rdn || !rule.rdn->fields().empty()) return;
  joiner.wrong_in("rdn", "\"" + rule.rdn->source() + "\" gives everybody the same name",
                  "name a field of the feed: concat('CN=', ...)");
}

void load_joiner(const std::vector<Element>& mappings, RuleContext& context) {
  const auto joiner = only_rule(mappings, "joiner");
  if (!joiner) return;
  const DirectorySettings& directory = context.settings.directory;
  auto when = read_condition(*joiner, "when", context);
  auto rdn = read_expression(*joiner, "rdn", context, true);
  auto create = read_dn(*joiner, "create");
  if (create) must_be_under(*joiner, "create", *create, directory.base, "the directory's base");
  const auto days = static_cast<int>(joiner->count("days-before", 0));
  check_first_day(*joiner, context.settings.feed, days);
  std::istringstream words(joiner->text("object-class"));
  std::vector<std::string> classes;
  for (std::string word; words >> word;) classes.push_back(word);
  std::vector<ExpressionFault> none;
  if (!when) when = Expression::compile("false()", context.scope, none);
  if (joiner->has("at") && context.settings.feed.index_of("start") < 0 && !context.settings.feed.fields.empty()) {
    joiner->wrong_at("at", "'at' is an hour of the field 'start', which the feed does not have",
                     "add <field name=\"start\" column=\"...\" type=\"date\" format=\"...\"/>, or remove 'at'");
  }
  context.rules.joiner = JoinerRule{std::move(*when),
                                    std::move(create),
                                    std::move(rdn),
                                    std::move(classes),
                                    days,
                                    joiner->at(),
                                    read_hour(*joiner, "at").value_or(std::chrono::minutes(0))};
  context.rules.joiner->password = load_password(*joiner);
  check_rdn(*joiner, *context.rules.joiner);
}

void check_leaver(const Element& element, const LeaverRule& rule, const DirectorySettings& directory) {
  if (rule.when.constant() == true) {
    element.wrong_in("when", "\"" + rule.when.source() + "\" makes everybody a leaver", "compare a field with something");
  }
  const bool writes = !element.children("set").empty() || !element.children("clear").empty();
  if (!rule.disable && rule.strip == Strip::none && !element.has("move-to") && !element.has("delete-after") && !writes) {
    element.lacks("this <leaver> does nothing", "add disable=\"true\", strip, move-to, delete-after, <set> or <clear>");
  }
  if (!rule.move_to) return;
  must_be_under(element, "move-to", *rule.move_to, directory.base, "the directory's base");
  if (directory.disable.method != DisableSettings::Method::move || !rule.disable || *rule.move_to == directory.disable.move_to)
    return;
  element.wrong_in(
      "move-to",
      "leavers are moved here, and to '" + directory.disable.move_to.str() + "' by the <disable> at " + directory.disable.at.str(),
      "an entry has one place: keep one of the two");
}

/// An attribute has one owner: what directory or upstream own is theirs for leavers, too.
void check_write(const Element& element, const LeaverRule& rule, const LeaverWrite& write, const RuleContext& context) {
  const AttributeRule* owner = context.rules.attribute(write.key);
  if (owner && owner->owner != Owner::hr) {
    element.wrong_in("attribute",
                     "'" + write.name + "' has two owners: <leaver> here, and " + std::string(to_string(owner->owner)) + " at " +
                         owner->at.str(),
                     "an attribute has one owner: keep one of the two");
  }
  for (const LeaverWrite& other : rule.writes) {
    if (other.key != write.key) continue;
    element.wrong_in("attribute", "'" + write.name + "' is written twice: here and at " + other.at.str(), "keep one of the two");
  }
  check_reserved_for_leavers(element, "attribute", write.key);
}

void load_writes(const Element& leaver, LeaverRule& rule, RuleContext& context) {
  for (const Element& element : leaver.children()) {
    const bool sets = element.name() == "set";
    if (!sets && element.name() != "clear") continue;
    LeaverWrite write;
    write.name = element.text("attribute");
    write.key = to_lower(write.name);
    write.at = element.at();
    if (sets) write.value = read_expression(element, "value", context);
    if (write.name.empty() || (sets && !write.value)) continue;
    check_write(element, rule, write, context);
    rule.writes.push_back(std::move(write));
  }
}

/// The condition of a leaver; false() where the rule goes by a date alone. None: after a complaint.
std::optional<Expression> leaver_condition(const Element& element, RuleContext& context) {
  if (element.has("when")) return read_condition(element, "when", context);
  if (!element.has("on")) {
    element.lacks("this <leaver> does not say who leaves", "add when=\"...\", or on=\"...\" with the field of the last day");
    return std::nullopt;
  }
  std::vector<ExpressionFault> none;
  return Expression::compile("false()", context.scope, none);
}

void load_leavers(const std::vector<Element>& mappings, RuleContext& context) {
  for (const Element& element : collect_rules(mappings, "lifecycle", "leaver")) {
    auto when = leaver_condition(element, context);
    const bool broken = !when;
    std::vector<ExpressionFault> none;
    if (!when) when = Expression::compile("false()", context.scope, none);
    LeaverRule rule{std::move(*when),
                    element.truth("disable", true),
                    element.choice("strip", Strip::none, kStrips),
                    read_dn(element, "move-to"),
                    read_delay(element, "delete-after"),
                    element.at()};
    if (element.has("on")) rule.on_index = find_date_field(element, "on", context.settings.feed);
    if (element.has("at") && !element.has("on"))
      element.wrong_at("at", "'at' is an hour of the day that 'on' names", "add on=\"...\", or remove 'at'");
    rule.on_hour = read_hour(element, "at");
    load_writes(element, rule, context);
    check_leaver(element, rule, context.settings.directory);
    if (!broken) context.rules.leavers.push_back(std::move(rule));
  }
}

void load_absences(const std::vector<Element>& mappings, RuleContext& context) {
  for (const Element& element : collect_rules(mappings, "lifecycle", "absence")) {
    auto when = read_condition(element, "when", context);
    const bool disable = element.truth("disable", true);
    const bool suspend = element.text("access", "keep") == "suspend";
    if (!disable && !suspend) {
      element.wrong_at("disable", "this <absence> does nothing",
                       "write disable=\"true\" or access=\"suspend\", or remove the element");
    }
    if (when) context.rules.absences.push_back({std::move(*when), disable, element.at(), suspend});
  }
}

void load_rehire(const std::vector<Element>& mappings, RuleContext& context) {
  const auto rehire = only_rule(mappings, "rehire");
  if (!rehire) return;
  const FeedSettings& feed = context.settings.feed;
  RehireRule rule{rehire->text("match"), rehire->truth("enable", true), rehire->at()};
  std::istringstream words(rule.match);
  for (std::string word; words >> word;) {
    const int index = find_field(*rehire, "match", word, feed);
    if (index >= 0 && !feed.fields[static_cast<std::size_t>(index)].key) rule.fields.push_back(static_cast<std::size_t>(index));
  }
  context.rules.rehire = std::move(rule);
}

void load_zone(const std::vector<Element>& mappings, RuleContext& context) {
  const auto zone = only_rule(mappings, "zone");
  if (!zone) return;
  auto value = read_expression(*zone, "value", context);
  if (!value) return;
  if (value->fields().empty() && !Zone::named(value->text())) {
    zone->wrong_in("value", "'" + value->text() + "' is no time zone",
                   "write a text with a name of the IANA database: value=\"'Europe/Berlin'\", or a field that holds one");
  }
  context.rules.zone = std::move(*value);
  context.rules.zone_at = zone->at();
}

}  // namespace

void load_lifecycle(const std::vector<Element>& mappings, RuleContext& context) {
  load_joiner(mappings, context);
  load_leavers(mappings, context);
  load_absences(mappings, context);
  load_workers(mappings, context);
  load_places(mappings, context);
  load_zone(mappings, context);
  load_rehire(mappings, context);
}

}  // namespace muster
