#include "service/secret_store.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <optional>

#include "service/systemd/posix.h"

namespace muster {

namespace {

constexpr std::size_t kLongest = 65536;

Result<std::string> read_all(int fd, const std::string& path) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto n = read(fd, buffer.data(), buffer.size());
    if (n < 0) return posix::failure("reading the secret " + path);
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > kLongest) return Error{Errc::config, "the secret " + path + " is longer than 64 KiB", ""};
  }
}

/// None: there is no such file. `guarded`: the folder is the service manager's, which guards it itself.
Result<std::optional<Secret>> read_file(const std::string& path, bool guarded) {
  const posix::Fd fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::optional<Secret>();
  if (!fd) return posix::failure("opening the secret " + path);
  struct stat info {};
  if (fstat(fd.get(), &info) != 0) return posix::failure("looking at the secret " + path);
  if (!S_ISREG(info.st_mode)) return Error{Errc::config, "the secret " + path + " is not a file", ""};
  if (!guarded && (info.st_mode & 077) != 0) {
    return Error{Errc::config, "others than its owner can read the secret " + path, "chmod 600 " + path};
  }
  auto text = read_all(fd.get(), path);
  if (!text) return std::move(text).error();
  if (text->ends_with('\n')) text->pop_back();
  if (text->empty()) return Error{Errc::config, "the secret " + path + " is empty", ""};
  return std::optional<Secret>(Secret(std::move(*text)));
}

Status check_name(const std::string& name) {
  if (!name.empty() && name.find('/') == std::string::npos && name.front() != '.') return ok();
  return Error{Errc::config, "'" + name + "' is no name of a secret", "use a plain file name"};
}

}  // namespace

Result<Secret> read_secret(const std::string& name, const std::string& folder) {
  MUSTER_TRY(check_name(name));
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY")) {
    auto found = read_file(std::string(credentials) + "/" + name, true);
    if (!found) return std::move(found).error();
    if (*found) return std::move(**found);
  }
  const std::string path = folder + "/secrets/" + name;
  auto found = read_file(path, false);
  if (!found) return std::move(found).error();
  if (!*found) return Error{Errc::config, "the secret '" + name + "' does not exist", "put it into " + path + " (chmod 600)"};
  return std::move(**found);
}

Result<Secret> read_secret_file(const std::string& path) {
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  auto found = read_file(path, credentials && path.starts_with(std::string(credentials) + "/"));
  if (!found) return std::move(found).error();
  if (!*found) return Error{Errc::config, "there is no file " + path, ""};
  return std::move(**found);
}

Result<std::string> store_secret(const std::string& name, const std::string& folder, const Secret& secret) {
  MUSTER_TRY(check_name(name));
  const std::string drawer = folder + "/secrets", path = drawer + "/" + name, fresh = path + ".new";
  if (mkdir(drawer.c_str(), S_IRWXU) != 0 && errno != EEXIST) return posix::failure("making " + drawer);
  (void)unlink(fresh.c_str());
  MUSTER_TRY(make_secret_file(fresh, secret));
  if (rename(fresh.c_str(), path.c_str()) == 0) return path;
  return posix::failure("replacing " + path);
}

Status make_secret_file(const std::string& path, const Secret& secret) {
  const posix::Fd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return posix::failure("making " + path);
  std::string_view left = secret.rep();
  while (!left.empty()) {
    const auto n = write(fd.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  if (left.empty() && fsync(fd.get()) == 0) return ok();
  const Error why = posix::failure("writing " + path);
  (void)unlink(path.c_str());
  return why;
}

}  // namespace muster
