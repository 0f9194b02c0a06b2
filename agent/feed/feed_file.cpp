#include "agent/feed/feed_file.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "service/file_watch.h"

namespace muster {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 256 * 1024;
constexpr std::chrono::seconds kQuiet{1};

struct CloseFile {
  void operator()(std::FILE* f) const noexcept { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Error io_error(const std::string& path, int number) {
  const bool missing = number == ENOENT || number == ENOTDIR;
  return {missing ? Errc::not_found : Errc::io, path + ": " + std::error_code(number, std::generic_category()).message(),
          number == EACCES ? "let the service's user read it" : ""};
}

/// SHA-256 without framing: what sha256sum prints.
class Sum {
 public:
  Sum() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
    unsigned n = 0;
    EVP_DigestFinal_ex(context_.get(), sum.data(), &n);
    std::string text;
    for (unsigned i = 0; i < n; ++i) {
      text.push_back("0123456789abcdef"[sum[i] >> 4]);
      text.push_back("0123456789abcdef"[sum[i] & 15]);
    }
    return text;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* c) const noexcept { EVP_MD_CTX_free(c); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_{EVP_MD_CTX_new()};
};

/// What tells two states of a file apart without reading it.
struct Stamp {
  std::uintmax_t size = 0;
  fs::file_time_type changed{};
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

std::optional<Stamp> stamp_of(const std::string& path) {
  std::error_code size_error, time_error;
  const Stamp stamp{fs::file_size(path, size_error), fs::last_write_time(path, time_error)};
  if (size_error || time_error) return std::nullopt;
  return stamp;
}

bool changed_just_now(const fs::file_time_type& at) {
  const auto age = fs::file_time_type::clock::now() - at;
  return age < kQuiet && age > -kQuiet;
}

Status nobody_writes(const std::string& path) {
  const char* remedy = "it is read once it is complete; best, HR writes it under another name and renames it";
  const Writers writers = writers_of(path);
  if (writers == Writers::some)
    return Error{Errc::untrusted, path + ": still being written: a process has it open for writing", remedy};
  const auto stamp = stamp_of(path);
  if (writers == Writers::unknown && stamp && changed_just_now(stamp->changed)) {
    return Error{Errc::untrusted, path + ": perhaps still being written: it changed less than a second ago", remedy};
  }
  return ok();
}

/// nobody_writes(), after the rest of a second in which nobody may: whoever asks right after HR wrote shall not have to ask again.
Status nobody_writes_soon(const std::string& path) {
  Status free = nobody_writes(path);
  const auto stamp = stamp_of(path);
  if (free || !stamp || writers_of(path) != Writers::unknown || !changed_just_now(stamp->changed)) return free;
  const auto rest = stamp->changed + kQuiet - fs::file_time_type::clock::now();
  std::this_thread::sleep_for(std::min<fs::file_time_type::duration>(rest, kQuiet) + std::chrono::milliseconds(50));
  return nobody_writes(path);
}

Result<File> open_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (error) return io_error(path, error.value());
  if (!fs::is_regular_file(status)) return Error{Errc::io, path + ": not a file", "name a file of CSV, or a folder that has one"};
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) return io_error(path, errno);
  std::setvbuf(file.get(), nullptr, _IONBF, 0);
  return file;
}

Result<std::string_view> read_piece(const File& file, std::vector<char>& buffer, const std::string& path) {
  const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get());
  if (n == 0 && std::ferror(file.get())) return io_error(path, errno);
  return std::string_view(buffer.data(), n);
}

Error changed(const std::string& path) {
  return {Errc::untrusted, path + ": changed while it was read",
          "it is read again once it is complete; best, HR writes it under another name and renames it"};
}

class ReadFile final : public FeedFile {
 public:
  ReadFile(std::string path, File file, Stamp stamp)
      : path_(std::move(path)), file_(std::move(file)), stamp_(stamp), buffer_(kPiece) {}

  Result<std::string_view> next() override {
    auto piece = read_piece(file_, buffer_, path_);
    if (!piece) return piece;
    sum_.add(*piece);
    bytes_ += piece->size();
    return piece;
  }

  Status same() const override {
    MUSTER_TRY(nobody_writes(path_));
    if (stamp_of(path_) != stamp_) return changed(path_);
    return ok();
  }

  Result<std::string> confirm() override {
    MUSTER_TRY(same());
    std::string digest = sum_.hex();
    auto again = file_digest(path_);
    if (!again) return again;
    if (bytes_ != stamp_.size || *again != digest) return changed(path_);
    return digest;
  }

  std::size_t bytes() const override { return bytes_; }

 private:
  std::string path_;
  File file_;
  Stamp stamp_;
  std::vector<char> buffer_;
  Sum sum_;
  std::size_t bytes_ = 0;
};

/// Names under which programs keep what is not complete.
bool is_temporary(const std::string& name) {
  constexpr std::array<std::string_view, 6> kEndings{".tmp", ".part", ".partial", ".filepart", ".crdownload", "~"};
  return name.starts_with('.') ||
         std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view e) { return name.ends_with(e); });
}

Result<std::string> newest_in(const std::string& folder) {
  std::optional<std::pair<fs::file_time_type, std::string>> newest;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code gone;
    if (is_temporary(entries->path().filename().string()) || !entries->is_regular_file(gone) || gone) continue;
    const auto at = entries->last_write_time(gone);
    if (gone) continue;
    auto candidate = std::pair(at, entries->path().string());
    if (!newest || *newest < candidate) newest = std::move(candidate);
  }
  if (error) return io_error(folder, error.value());
  if (!newest)
    return Error{Errc::not_found, folder + ": there is no file in this folder", "it is read as soon as HR puts one there"};
  return std::move(newest->second);
}

}  // namespace

Result<std::string> newest_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return newest_in(path);
  if (status.type() == fs::file_type::not_found)
    return Error{Errc::not_found, path + ": there is no such file", "it is read as soon as HR puts it there"};
  return path;
}

bool is_fresh(const std::string& path) {
  const auto stamp = stamp_of(path);
  return stamp && fs::file_time_type::clock::now() - stamp->changed < std::chrono::seconds(5);
}

bool is_settled(const std::string& path) { return static_cast<bool>(nobody_writes(path)); }

Result<std::string> file_digest(const std::string& path) {
  auto file = open_file(path);
  if (!file) return std::move(file).error();
  std::vector<char> buffer(kPiece);
  Sum sum;
  for (;;) {
    auto piece = read_piece(*file, buffer, path);
    if (!piece) return std::move(piece).error();
    if (piece->empty()) return sum.hex();
    sum.add(*piece);
  }
}

Result<std::unique_ptr<FeedFile>> FeedFile::open(const std::string& path) {
  auto file = open_file(path);
  if (!file) return std::move(file).error();
  MUSTER_TRY(nobody_writes_soon(path));
  const auto stamp = stamp_of(path);
  if (!stamp) return changed(path);
  return std::unique_ptr<FeedFile>(std::make_unique<ReadFile>(path, std::move(*file), *stamp));
}

}  // namespace muster
