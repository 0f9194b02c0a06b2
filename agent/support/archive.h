// Several files in one.
#pragma once

#include <span>
#include <string>

#include "schema/result.h"

namespace muster {

struct ArchivedFile {
  std::string name, content;
};

/// Writes `files` below `folder` into a new file that its owner alone can read: as ZIP where `path` ends in .zip, else as .tar.gz.
/// Errc::io: nothing is left of it; a file that exists is not touched.
Status write_archive(const std::string& path, const std::string& folder, std::span<const ArchivedFile> files);

}  // namespace muster
