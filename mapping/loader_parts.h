// The loader by ideas. Private to the loader. Each part complains through its elements and fills in what it could read.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mapping/loader_element.h"
#include "mapping/rules.h"
#include "mapping/settings.h"

namespace muster {

// muster.xml
void load_directory(const Element& muster, DirectorySettings& directory);
void load_feed(const Element& muster, FeedSettings& feed);
/// Where a feed comes from, and what it is: everything but its fields and rules.
void load_feed_source(const Element& element, FeedSettings& feed);
/// Where a record of this feed has the field.
std::string read_field_place(const Element& element, const FeedSettings& feed);
void load_state(const Element& muster, Settings& settings);
void load_resync(const Element& muster, ResyncSettings& resync);
void load_metrics(const Element& muster, std::optional<std::uint16_t>& port);
void load_health(const Element& muster, HealthSettings& health);
void load_safety(const Element& muster, SafetySettings& safety);
void load_upstream(const Element& muster, UpstreamSettings& upstream);

/// <events> below <upstream>.
void load_events(const Element& events, UpstreamSettings& upstream);

/// The address of a server upstream, without a slash at its end; complains about one that is none or would send secrets in clear.
std::string read_http_url(const Element& element, std::string_view attribute);
/// The attributes of the XSD's group "Http", and the address in the attribute `url`.
HttpSettings read_http(const Element& element, std::string_view url);

/// What the rules are read against, and into.
struct RuleContext {
  const Settings& settings;
  ExpressionScope& scope;
  Rules& rules;
  const Element& muster;  ///< complained about when a rule is missing from all files
  bool complete;          ///< FileSet::complete()
};

/// `numbered`: it may name $number.
std::optional<Expression> read_expression(const Element& element, std::string_view attribute, const RuleContext& context,
                                          bool numbered = false);
/// read_expression() for a condition: complains where it is the same for everybody and reads like a mistake.
std::optional<Expression> read_condition(const Element& element, std::string_view attribute, const RuleContext& context);

// mapping.d: each gets the root elements of all mapping files.
/// unique, max-length and reuse-after, once the rule's value was read.
void load_unique(const Element& element, AttributeRule& rule);
/// What <joiner> says about first passwords.
PasswordRule load_password(const Element& joiner);
void load_joins(const std::vector<Element>& mappings, RuleContext& context);
void load_attributes(const std::vector<Element>& mappings, RuleContext& context);
void load_access(const std::vector<Element>& mappings, RuleContext& context);
void load_lifecycle(const std::vector<Element>& mappings, RuleContext& context);

/// Parts of load_lifecycle() with a file of their own.
void load_workers(const std::vector<Element>& mappings, RuleContext& context);
void load_places(const std::vector<Element>& mappings, RuleContext& context);
/// Complains where <leaver> would write what other parts of muster write.
void check_reserved_for_leavers(const Element& element, std::string_view attribute, const std::string& key);

/// The elements `name` in every `section` of every file, in order.
std::vector<Element> collect_rules(const std::vector<Element>& mappings, std::string_view section, std::string_view name);

}  // namespace muster
