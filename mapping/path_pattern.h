// File names with * and ?.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace muster {

bool has_wildcard(std::string_view path);
/// * stands for any characters, ? for one, neither for a separator nor for the dot that hides a file.
bool matches_name(std::string_view pattern, std::string_view name);
/// matches_name() part by part.
bool matches_path(const std::string& pattern, const std::string& path);
/// The files, not folders, that an absolute pattern names; sorted.
std::vector<std::string> files_matching(const std::string& pattern);

}  // namespace muster
