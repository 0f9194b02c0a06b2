#include "agent/cli/spool.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace muster {

namespace {

Error trouble(const std::string& what) {
  return {Errc::io, what + ": " + std::strerror(errno), "look whether the disk is full and whether you may write there"};
}

}  // namespace

Spool::Spool() : file_(std::tmpfile()), failed_(!file_) {}

Spool& Spool::operator<<(std::string_view text) {
  size_ += text.size();
  failed_ = failed_ || std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size();
  return *this;
}

Status Spool::copy_to(std::FILE* out) {
  if (failed_ || std::fflush(file_.get()) != 0) return trouble("writing a temporary file");
  std::rewind(file_.get());
  std::array<char, 65536> buffer{};
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file_.get())) {
    if (std::fwrite(buffer.data(), 1, n, out) != n) return trouble("writing");
  }
  return ok();
}

NewFile::NewFile(std::string path) : path_(std::move(path)), file_(std::fopen((path_ + ".new").c_str(), "wbe")) {
  if (!file_) status_ = trouble("creating " + path_);
}

NewFile::~NewFile() {
  if (!file_) return;
  (void)std::fclose(file_);
  (void)std::remove((path_ + ".new").c_str());
}

NewFile& NewFile::operator<<(std::string_view text) {
  if (status_ && std::fwrite(text.data(), 1, text.size(), file_) != text.size()) status_ = trouble("writing " + path_);
  return *this;
}

NewFile& NewFile::operator<<(Spool& spool) {
  if (status_) status_ = spool.copy_to(file_);
  return *this;
}

Status NewFile::finish() {
  if (!file_) return status_;
  if (std::fclose(std::exchange(file_, nullptr)) != 0 && status_) status_ = trouble("writing " + path_);
  const std::string written = path_ + ".new";
  if (status_ && std::rename(written.c_str(), path_.c_str()) != 0) status_ = trouble("writing " + path_);
  if (!status_) (void)std::remove(written.c_str());
  return status_;
}

}  // namespace muster
