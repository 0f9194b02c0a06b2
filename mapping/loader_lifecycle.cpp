// <lifecycle>
#include <sstream>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"
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

/// The position of the field that an attribute names; -1 after a complaint.
int read_field(const Element& element, std::string_view attribute, const FeedSettings& feed) {
  const std::string name = element.text(attribute);
  const int index = feed.index_of(name);
  if (index >= 0 || name.empty() || feed.fields.empty()) return index;
  std::vector<std::string> names;
  for (const FieldSettings& field : feed.fields) names.push_back(field.name);
  element.wrong_in(attribute, "unknown field '" + name + "'", did_you_mean(name, names, "the feed has " + listed(names)));
  return -1;
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
  auto rdn = read_expression(*joiner, "rdn", context);
  auto create = read_dn(*joiner, "create");
  if (create) must_be_under(*joiner, "create", *create, directory.base, "the directory's base");
  const auto days = static_cast<int>(joiner->count("days-before", 0));
  check_first_day(*joiner, context.settings.feed, days);
  std::istringstream words(joiner->text("object-class"));
  std::vector<std::string> classes;
  for (std::string word; words >> word;) classes.push_back(word);
  std::vector<ExpressionFault> none;
  if (!when) when = Expression::compile("false()", context.scope, none);
  context.rules.joiner = JoinerRule{std::move(*when), std::move(create), std::move(rdn), std::move(classes), days, joiner->at()};
  check_rdn(*joiner, *context.rules.joiner);
}

void check_leaver(const Element& element, const LeaverRule& rule, const DirectorySettings& directory) {
  if (rule.when.constant() == true) {
    element.wrong_in("when", "\"" + rule.when.source() + "\" makes everybody a leaver", "compare a field with something");
  }
  if (!rule.disable && rule.strip == Strip::none && !element.has("move-to") && !element.has("delete-after")) {
    element.lacks("this <leaver> does nothing", "add disable=\"true\", strip, move-to or delete-after");
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

void load_leavers(const std::vector<Element>& mappings, RuleContext& context) {
  for (const Element& element : collect_rules(mappings, "lifecycle", "leaver")) {
    auto when = read_condition(element, "when", context);
    const bool broken = !when;
    std::vector<ExpressionFault> none;
    if (!when) when = Expression::compile("false()", context.scope, none);
    LeaverRule rule{std::move(*when),
                    element.truth("disable", true),
                    element.choice("strip", Strip::none, kStrips),
                    read_dn(element, "move-to"),
                    read_delay(element, "delete-after"),
                    element.at()};
    check_leaver(element, rule, context.settings.directory);
    if (!broken) context.rules.leavers.push_back(std::move(rule));
  }
}

void load_absences(const std::vector<Element>& mappings, RuleContext& context) {
  for (const Element& element : collect_rules(mappings, "lifecycle", "absence")) {
    auto when = read_condition(element, "when", context);
    const bool disable = element.truth("disable", true);
    if (!disable) element.wrong_at("disable", "this <absence> does nothing", "write disable=\"true\", or remove the element");
    if (when) context.rules.absences.push_back({std::move(*when), disable, element.at()});
  }
}

void load_contractors(const std::vector<Element>& mappings, RuleContext& context) {
  const FeedSettings& feed = context.settings.feed;
  for (const Element& element : collect_rules(mappings, "lifecycle", "contractor")) {
    auto when = read_condition(element, "when", context);
    const int index = read_field(element, "expires", feed);
    if (index >= 0 && feed.fields[static_cast<std::size_t>(index)].type != FieldSettings::Type::date) {
      element.wrong_in("expires", "the field '" + element.text("expires") + "' is no date",
                       "add type=\"date\" and a format to the <field> at " + feed.fields[static_cast<std::size_t>(index)].at.str());
    }
    if (when && index >= 0) context.rules.contractors.push_back({std::move(*when), element.text("expires"), index, element.at()});
  }
}

void load_rehire(const std::vector<Element>& mappings, RuleContext& context) {
  const auto rehire = only_rule(mappings, "rehire");
  if (!rehire) return;
  const FeedSettings& feed = context.settings.feed;
  const int index = read_field(*rehire, "match", feed);
  if (index >= 0 && !feed.fields[static_cast<std::size_t>(index)].key) {
    rehire->warn(rehire->in("match"), "<rehire> by another field than the key is not in this version",
                 "a former leaver is known by the key alone");
  }
  context.rules.rehire = RehireRule{rehire->text("match"), rehire->truth("enable", true), rehire->at()};
}

}  // namespace

void load_lifecycle(const std::vector<Element>& mappings, RuleContext& context) {
  load_joiner(mappings, context);
  load_leavers(mappings, context);
  load_absences(mappings, context);
  load_contractors(mappings, context);
  load_rehire(mappings, context);
}

}  // namespace muster
