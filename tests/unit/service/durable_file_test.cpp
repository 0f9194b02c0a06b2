#include "service/durable_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"

namespace muster {
namespace {

using namespace service_test;

std::unique_ptr<DurableFile> open(const std::string& path) {
  auto file = DurableFile::open(path);
  REQUIRE_MESSAGE(file, (file ? "" : file.error().what));
  return std::move(*file);
}

TEST_CASE("lines are appended, and whoever opens the file again finds the last one") {
  const Folder folder;
  const std::string path = folder.path("events.jsonl");
  const mode_t before = umask(0);
  CHECK(open(path)->last_line() == "");
  umask(before);
  CHECK(mode_of(path) == 0640);
  CHECK(open(path)->append("one\ntwo\n"));
  const auto file = open(path);
  CHECK(file->last_line() == "two");
  CHECK(file->append("three\n"));
  CHECK(content(path) == "one\ntwo\nthree\n");
  CHECK(open(path)->last_line() == "three");
}

TEST_CASE("what a crash left half written is cut off") {
  struct Row {
    std::string name, before, kept, last;
  };
  const std::string large(200000, 'x');
  const Row rows[]{
      {"nothing", "", "", ""},
      {"whole lines", "one\ntwo\n", "one\ntwo\n", "two"},
      {"half a line after a whole one", "one\ntw", "one\n", "one"},
      {"half a line and nothing else", "on", "", ""},
      {"an empty line at the end", "one\n\n", "one\n\n", ""},
      {"only an empty line", "\n", "\n", ""},
      {"a last line longer than what is read at once", "one\n" + large + "\n", "one\n" + large + "\n", large},
      {"half a line longer than that", "one\n" + large, "one\n", "one"},
      {"zeroes of a file system that lost data", "one\n" + std::string(5000, '\0'), "one\n", "one"},
  };
  for (const Row& r : rows) {
    CAPTURE(r.name);
    const Folder folder;
    const std::string path = folder.path("events.jsonl");
    put(path, r.before);
    const auto file = open(path);
    CHECK(file->last_line() == r.last);
    CHECK(content(path) == r.kept);
    CHECK(file->append("next\n"));
    CHECK(content(path) == r.kept + "next\n");
  }
}

TEST_CASE("a file that log rotation took away is made anew") {
  const Folder folder;
  const std::string path = folder.path("events.jsonl");
  const auto file = open(path);
  CHECK(file->append("one\n"));
  std::filesystem::rename(path, path + ".1");
  CHECK(file->append("two\n"));
  CHECK(content(path + ".1") == "one\n");
  CHECK(content(path) == "two\n");
  std::filesystem::remove(path);
  CHECK(file->append("three\n"));
  CHECK(content(path) == "three\n");
  std::filesystem::rename(path, path + ".2");
  put(path, "made by logrotate\n");
  CHECK(file->append("four\n"));
  CHECK(content(path) == "made by logrotate\nfour\n");
}

TEST_CASE("a file that cannot be written says so") {
  const Folder folder;
  const auto nowhere = DurableFile::open(folder.path("nowhere/events.jsonl"));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == Errc::io);
  CHECK(nowhere.error().what == "opening " + folder.path("nowhere/events.jsonl") + ": No such file or directory");

  const auto file = open(folder.path("events.jsonl"));
  std::filesystem::remove_all(folder.str());
  const Status gone = file->append("one\n");
  REQUIRE_FALSE(gone);
  CHECK(gone.error().code == Errc::io);
}

TEST_CASE("a full disk leaves whole lines, and the next attempt starts a line") {
  const auto full = DurableFile::open("/dev/full");
  if (!full) return;  // some containers have none
  const Status written = (*full)->append("one\n");
  REQUIRE_FALSE(written);
  CHECK(written.error().what == "writing /dev/full: No space left on device");
}

TEST_CASE("what root makes in another user's folder is that user's, and in root's own, and for others, nothing changes") {
  if (geteuid() != 0) return;  // only root can give away
  const Folder folder;
  constexpr uid_t kUser = 12345;
  struct stat info {};
  for (const uid_t owner : {uid_t{0}, kUser}) {
    CAPTURE(owner);
    const std::string path = folder.path("file" + std::to_string(owner));
    REQUIRE(chown(folder.str().c_str(), owner, owner) == 0);
    put(path, "x");
    give_to_owner_of_folder(path);
    REQUIRE(stat(path.c_str(), &info) == 0);
    CHECK(info.st_uid == owner);
    CHECK(info.st_gid == owner);
  }
  give_to_owner_of_folder(folder.path("nothing"));  // no file: no harm
}

}  // namespace
}  // namespace muster
