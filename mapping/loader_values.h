// Attribute values with a meaning of their own. Private to the loader. None: absent, or wrong and complained about.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "mapping/loader_element.h"
#include "mapping/settings.h"
#include "schema/dn.h"
#include "schema/filter.h"

namespace muster {

std::optional<Dn> read_dn(const Element& element, std::string_view attribute);
std::optional<Filter> read_filter(const Element& element, std::string_view attribute);
/// "30s", "PT30S", "500ms".
struct DurationRange {
  std::chrono::milliseconds fallback, least, most;
};
std::chrono::milliseconds read_wait(const Element& element, std::string_view attribute, const DurationRange& range);
/// "never" (none) or a duration.
std::optional<std::chrono::seconds> read_delay(const Element& element, std::string_view attribute);
/// read_delay() of something that is not for ever: none where it is absent.
std::optional<std::chrono::seconds> read_span(const Element& element, std::string_view attribute);
/// "06:00": minutes since midnight.
std::optional<std::chrono::minutes> read_hour(const Element& element, std::string_view attribute);
/// The position of the field that `name`, from an attribute, means; -1 after a complaint.
int find_field(const Element& element, std::string_view attribute, const std::string& name, const FeedSettings& feed);
/// find_field() of a field that must be a date.
int find_date_field(const Element& element, std::string_view attribute, const FeedSettings& feed);
/// Absolute, from the folder of the file that names it; empty where absent.
std::string read_path(const Element& element, std::string_view attribute);
/// read_path() of a file that must be there.
std::string read_existing_path(const Element& element, std::string_view attribute);
/// `command`, split at blanks, and the <arg>s behind it: a program and its arguments. The program must have an absolute path.
std::vector<std::string> read_command(const Element& element);
/// Complains unless `dn` is `base` or below. An empty base is one that could not be read: nothing to say.
void must_be_under(const Element& element, std::string_view attribute, const Dn& dn, const Dn& base, const std::string& base_name);

/// "did you mean 'x'?", or `otherwise`.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates, std::string otherwise);
/// "a, b or c"
std::string listed(const std::vector<std::string>& words);

}  // namespace muster
