// A folder of a test's own.
#pragma once

#include <filesystem>
#include <random>
#include <string>

namespace muster::test {

/// Removed with all that is in it.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("muster-test-" + std::to_string(std::random_device()()))) {
    if (!std::filesystem::create_directory(path_)) throw std::filesystem::filesystem_error("it exists already", path_, {});
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string str() const { return path_.string(); }
  std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string operator/(const std::string& name) const { return path(name); }

 private:
  std::filesystem::path path_;
};

}  // namespace muster::test
