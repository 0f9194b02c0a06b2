#include "agent/support/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <ctime>
#include <memory>

#include "service/secret_store.h"

namespace muster {

namespace {

struct FreeArchive {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct FreeEntry {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};

la_ssize_t append(archive*, void* to, const void* bytes, std::size_t count) {
  static_cast<std::string*>(to)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

Result<std::string> packed(bool is_zip, const std::string& folder, std::span<const ArchivedFile> files) {
  std::string bytes;
  const std::unique_ptr<archive, FreeArchive> out(archive_write_new());
  if (!out) return Error{Errc::io, "no memory for an archive", ""};
  const auto failed = [&] { return Error{Errc::io, std::string("packing: ") + archive_error_string(out.get()), ""}; };
  const bool is_set =
      is_zip ? archive_write_set_format_zip(out.get()) == ARCHIVE_OK
             : archive_write_add_filter_gzip(out.get()) == ARCHIVE_OK && archive_write_set_format_ustar(out.get()) == ARCHIVE_OK;
  if (!is_set || archive_write_open(out.get(), &bytes, nullptr, append, nullptr) != ARCHIVE_OK) return failed();
  for (const ArchivedFile& file : files) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), (folder + "/" + file.name).c_str());
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(file.content.size()));
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_mtime(entry.get(), std::time(nullptr), 0);
    const bool is_written =
        archive_write_header(out.get(), entry.get()) == ARCHIVE_OK &&
        archive_write_data(out.get(), file.content.data(), file.content.size()) == static_cast<la_ssize_t>(file.content.size());
    if (!is_written) return failed();
  }
  if (archive_write_close(out.get()) != ARCHIVE_OK) return failed();
  return bytes;
}

}  // namespace

Status write_archive(const std::string& path, const std::string& folder, std::span<const ArchivedFile> files) {
  auto bytes = packed(path.ends_with(".zip"), folder, files);
  if (!bytes) return std::move(bytes).error().within(path);
  return make_secret_file(path, Secret(std::move(*bytes)));
}

}  // namespace muster
