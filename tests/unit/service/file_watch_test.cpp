#include "service/file_watch.h"

#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include "folder.h"

namespace muster {
namespace {

using namespace service_test;
using std::chrono::milliseconds;

bool heard(FileWatch& watch, milliseconds patience) {
  const auto changed = watch.wait({}, patience);
  REQUIRE(changed);
  return *changed;
}

/// Until nothing more comes of what was done.
void drain(FileWatch& watch) {
  while (heard(watch, milliseconds(50))) {}
}

TEST_CASE("what happens to a file is heard of") {
  struct Way {
    std::string name;
    std::function<void(const Folder&)> happen;
    bool expected;
  };
  const Way ways[]{
      {"written", [](const Folder& f) { put(f.path("a"), "new"); }, true},
      {"replaced by rename", [](const Folder& f) { std::filesystem::rename(f.path("b"), f.path("a")); }, true},
      {"renamed away", [](const Folder& f) { std::filesystem::rename(f.path("a"), f.path("c")); }, true},
      {"deleted", [](const Folder& f) { std::filesystem::remove(f.path("a")); }, true},
      {"made readable", [](const Folder& f) { std::filesystem::permissions(f.path("a"), std::filesystem::perms::owner_read); },
       true},
      {"read", [](const Folder& f) { CHECK(content(f.path("a")) == "old"); }, false},
      {"left alone, while another is written", [](const Folder& f) { put(f.path("b"), "new"); }, false},
  };
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const Folder folder;
    put(folder.path("a"), "old");
    put(folder.path("b"), "other");
    auto watch = FileWatch::open(folder.path("a"));
    REQUIRE(watch);
    way.happen(folder);
    CHECK(heard(**watch, way.expected ? kLong : kShort) == way.expected);
  }
}

TEST_CASE("a file that does not exist yet, and any file of a folder") {
  const Folder folder;
  auto one = FileWatch::open(folder.path("a"));
  auto all = FileWatch::open(folder.str());
  REQUIRE(one);
  REQUIRE(all);
  put(folder.path("b"), "x");
  CHECK(heard(**all, kLong));
  CHECK_FALSE(heard(**one, kShort));
  put(folder.path("a"), "x");
  CHECK(heard(**one, kLong));
}

TEST_CASE("a folder that is replaced by another is watched on") {
  struct Way {
    std::string name;
    std::function<void(const std::string&)> take_away;
  };
  const Way ways[]{{"deleted", [](const std::string& path) { std::filesystem::remove_all(path); }},
                   {"renamed", [](const std::string& path) { std::filesystem::rename(path, path + ".old"); }}};
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const Folder folder;
    const std::string drop = folder.path("drop");
    std::filesystem::create_directory(drop);
    put(drop + "/a", "old");
    auto watch = FileWatch::open(drop + "/a");
    REQUIRE(watch);
    way.take_away(drop);
    CHECK(heard(**watch, kLong));
    drain(**watch);
    std::filesystem::create_directory(drop);
    CHECK(heard(**watch, kLong));
    drain(**watch);
    put(drop + "/a", "new");
    CHECK(heard(**watch, kLong));
  }
}

TEST_CASE("waiting ends with a stop request, and a folder must exist") {
  const Folder folder;
  auto watch = FileWatch::open(folder.path("a"));
  REQUIRE(watch);
  std::stop_source source;
  const std::jthread stopper([&] { source.request_stop(); });
  const auto changed = (*watch)->wait(source.get_token(), kLong);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().code == Errc::cancelled);

  const auto nowhere = FileWatch::open(folder.path("nowhere/a"));
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().what == "watching " + folder.path("nowhere") + ": No such file or directory");
}

TEST_CASE("whether somebody writes a file is known, or known to be unknown") {
  const Folder folder;
  CHECK(writers_of(folder.path("a")) == Writers::unknown);
  put(folder.path("a"), "x");
  const Writers closed = writers_of(folder.path("a"));
  CHECK(closed != Writers::some);
  std::ofstream writer(folder.path("a"), std::ios::app);
  CHECK(writers_of(folder.path("a")) == (closed == Writers::none ? Writers::some : Writers::unknown));
  writer.close();
  const std::ifstream reader(folder.path("a"));
  CHECK(writers_of(folder.path("a")) == closed);
}

TEST_CASE("a writer who comes while somebody looks neither waits nor does any harm") {
  const Folder folder;
  put(folder.path("a"), "x");
  std::jthread looker([&](std::stop_token stop) {
    while (!stop.stop_requested()) (void)writers_of(folder.path("a"));
  });
  int written = 0;
  for (int i = 0; i < 2000; ++i) written += (std::ofstream(folder.path("a"), std::ios::app) << "y" << std::flush).good();
  looker.request_stop();
  looker.join();
  CHECK(written == 2000);
  CHECK(content(folder.path("a")).size() == 2001);
}

}  // namespace
}  // namespace muster
