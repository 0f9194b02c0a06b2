// <worker>, <contractor> and <place>
#include <algorithm>
#include <sstream>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"

namespace muster {
namespace {

/// "30d 7d 1d": longest first.
std::vector<std::chrono::seconds> read_spans(const Element& element, std::string_view attribute) {
  std::vector<std::chrono::seconds> spans;
  std::istringstream words(element.text(attribute));
  for (std::string word; words >> word;) {
    if (const auto span = parse_duration(word)) {
      spans.push_back(*span);
    } else {
      element.wrong_in(attribute, "'" + word + "' is no duration", "write durations such as 30d 7d 1d, separated by blanks");
    }
  }
  std::sort(spans.rbegin(), spans.rend());
  return spans;
}

void check_worker(const Element& element, const WorkerRule& rule, const FeedSettings& feed) {
  if (element.has("expires")) return;
  for (const char* attribute : {"expiry", "warn-before", "max-term"}) {
    if (!element.has(attribute)) continue;
    element.wrong_at(attribute, "'" + std::string(attribute) + "' is about an end, and no 'expires' names the field with it",
                     "add expires=\"...\", or remove it");
  }
  if (!element.has("owner") && !feed.fields.empty())
    element.lacks("<worker name=\"" + rule.name + "\"> does nothing", "add expires=\"...\" or owner=\"...\"");
}

void load_worker(const Element& element, RuleContext& context) {
  const FeedSettings& feed = context.settings.feed;
  const bool is_short = element.name() == "contractor";
  auto when = read_condition(element, "when", context);
  const bool broken = !when;
  std::vector<ExpressionFault> none;
  if (!when) when = Expression::compile("false()", context.scope, none);
  WorkerRule rule{is_short ? "contractor" : element.text("name"), std::move(*when), element.text("expires"), -1, element.at()};
  if (element.has("expires")) rule.expires_index = find_date_field(element, "expires", feed);
  rule.expiry_required = element.has("expires") && element.text("expiry", "required") == "required";
  rule.warn_before = read_spans(element, "warn-before");
  if (const auto term = read_span(element, "max-term")) rule.max_term = std::chrono::duration_cast<std::chrono::days>(*term);
  rule.owner_field = element.text("owner");
  if (!rule.owner_field.empty()) rule.owner_index = find_field(element, "owner", rule.owner_field, feed);
  rule.disable_without_owner = element.text("on-owner-left", "report") == "disable";
  if (rule.disable_without_owner && rule.owner_field.empty())
    element.wrong_at("on-owner-left", "'on-owner-left' is about an owner, and no 'owner' names the field with one",
                     "add owner=\"...\", or remove it");
  if (!is_short) check_worker(element, rule, feed);
  const bool misses_field =
      (element.has("expires") && rule.expires_index < 0) || (!rule.owner_field.empty() && rule.owner_index < 0);
  if (!broken && !misses_field) context.rules.workers.push_back(std::move(rule));
}

}  // namespace

/// In the order of the files: the first that applies to a person counts.
void load_workers(const std::vector<Element>& mappings, RuleContext& context) {
  for (const Element& mapping : mappings) {
    for (const Element& holder : mapping.children("lifecycle")) {
      for (const Element& element : holder.children()) {
        if (element.name() == "worker" || element.name() == "contractor") load_worker(element, context);
      }
    }
  }
}

void load_places(const std::vector<Element>& mappings, RuleContext& context) {
  const PlaceRule* always = nullptr;
  context.rules.places.reserve(collect_rules(mappings, "lifecycle", "place").size());
  for (const Element& element : collect_rules(mappings, "lifecycle", "place")) {
    auto when = read_expression(element, "when", context);
    auto base = read_dn(element, "base");
    if (base) must_be_under(element, "base", *base, context.settings.directory.base, "the directory's base");
    if (always)
      element.wrong("this <place> is never reached: the one at " + always->at.str() + " always applies", "put it before that one");
    if (!when || !base) continue;
    const bool applies_to_all = when->constant() == true;
    context.rules.places.push_back({std::move(*when), std::move(*base), element.at()});
    if (applies_to_all) always = &context.rules.places.back();
  }
}

}  // namespace muster
