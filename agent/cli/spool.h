// Text that is too long to keep, until it is known where it belongs.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace muster {

/// A file without a name, which is gone with the object. Trouble of writing is told by copy_to().
class Spool {
 public:
  Spool();
  Spool& operator<<(std::string_view text);
  bool empty() const { return size_ == 0; }
  /// Appends everything to an open file. Errc::io where anything failed, now or before.
  Status copy_to(std::FILE* out);

 private:
  struct Close {
    void operator()(std::FILE* f) const noexcept { (void)std::fclose(f); }
  };
  std::unique_ptr<std::FILE, Close> file_;
  std::size_t size_ = 0;
  bool failed_ = false;
};

/// A file that is complete or not there: written beside its name, and renamed by finish(). Errc::io.
class NewFile {
 public:
  explicit NewFile(std::string path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  NewFile& operator<<(std::string_view text);
  NewFile& operator<<(Spool& spool);
  Status finish();

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
  Status status_ = ok();
};

}  // namespace muster
