#include "mapping/path_pattern.h"

#include <algorithm>
#include <filesystem>

namespace muster {
namespace {

namespace fs = std::filesystem;

/// Backtracks to the last * only, so its time is bounded by the product of the lengths.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0, star = std::string_view::npos, resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

void expand(const fs::path& folder, fs::path::const_iterator part, const fs::path::const_iterator& end,
            std::vector<std::string>& found) {
  std::error_code ignored;
  if (part == end) {
    if (fs::exists(folder, ignored) && !fs::is_directory(folder, ignored)) found.push_back(folder.string());
    return;
  }
  const std::string name = part->string();
  const auto rest = std::next(part);
  if (!has_wildcard(name)) return expand(folder / name, rest, end, found);
  for (fs::directory_iterator entry(folder, ignored); !ignored && entry != fs::directory_iterator(); entry.increment(ignored)) {
    if (matches_name(name, entry->path().filename().string())) expand(entry->path(), rest, end, found);
  }
}

}  // namespace

bool has_wildcard(std::string_view path) { return path.find_first_of("*?") != std::string_view::npos; }

bool matches_name(std::string_view pattern, std::string_view name) {
  const bool hidden = name.starts_with('.') && !pattern.starts_with('.');
  return !hidden && matches(pattern, name);
}

bool matches_path(const std::string& pattern, const std::string& path) {
  const fs::path wanted(pattern), given(path);
  return std::equal(wanted.begin(), wanted.end(), given.begin(), given.end(),
                    [](const fs::path& a, const fs::path& b) { return matches_name(a.string(), b.string()); });
}

std::vector<std::string> files_matching(const std::string& pattern) {
  const fs::path whole(pattern);
  std::vector<std::string> found;
  const fs::path relative = whole.relative_path();
  expand(whole.root_path(), relative.begin(), relative.end(), found);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace muster
