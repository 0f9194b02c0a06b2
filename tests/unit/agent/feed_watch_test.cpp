// A change of the feed is heard of once it is complete.
#include <functional>
#include <thread>

#include "feed_support.h"
#include "service/file_watch.h"

namespace muster {
namespace {

using namespace feed_test;
using std::chrono::milliseconds;

constexpr milliseconds kLong{20000};  ///< longer than any machine needs
constexpr milliseconds kShort{300};   ///< for what must not happen

const std::string kPeople = kHeader + kAnn + kBob;

bool heard(FeedWatch& watch, milliseconds patience) {
  const auto changed = watch.wait({}, patience);
  REQUIRE(changed);
  return *changed;
}

TEST_CASE("every way in which HR may deliver a file is heard of") {
  struct Way {
    std::string name;
    std::function<void(const Folder&)> deliver;
  };
  const Way ways[]{
      {"written anew", [](const Folder& f) { put(f.path(), kPeople + "\n"); }},
      {"written under another name and renamed",
       [](const Folder& f) {
         put(f.path("hr.csv.part"), kPeople);
         std::filesystem::rename(f.path("hr.csv.part"), f.path());
       }},
      {"appended to", [](const Folder& f) { std::ofstream(f.path(), std::ios::app) << "1,Active,Cy,Cole,,,\n"; }},
      {"taken away", [](const Folder& f) { std::filesystem::remove(f.path()); }},
  };
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const Folder folder;
    put(folder.path(), kPeople);
    auto watch = FeedWatch::open(hris(folder.path()));
    REQUIRE(watch);
    CHECK_FALSE(heard(**watch, milliseconds(0)));
    way.deliver(folder);
    CHECK(heard(**watch, kLong));
  }
}

TEST_CASE("a file that changed just before the watch began is looked at, for who looked then may have found it too fresh") {
  const Folder folder;
  put(folder.path(), kPeople);
  std::filesystem::last_write_time(folder.path(), std::filesystem::file_time_type::clock::now());
  auto watch = FeedWatch::open(hris(folder.path()));
  REQUIRE(watch);
  CHECK(heard(**watch, kLong));
  CHECK_FALSE(heard(**watch, milliseconds(0)));
  std::filesystem::last_write_time(folder.path(), std::filesystem::file_time_type::clock::now() - std::chrono::minutes(1));
  auto later = FeedWatch::open(hris(folder.path()));
  REQUIRE(later);
  CHECK_FALSE(heard(**later, milliseconds(0)));
}

TEST_CASE("a new file in the feed's folder is heard of") {
  const Folder folder;
  auto watch = FeedWatch::open(hris(folder.str()));
  REQUIRE(watch);
  CHECK_FALSE(heard(**watch, milliseconds(0)));
  put(folder.path("tuesday.csv"), kPeople);
  CHECK(heard(**watch, kLong));
}

TEST_CASE("another file beside the feed's is no news") {
  const Folder folder;
  put(folder.path(), kPeople);
  auto watch = FeedWatch::open(hris(folder.path()));
  REQUIRE(watch);
  put(folder.path("readme.txt"), "x");
  CHECK_FALSE(heard(**watch, kShort));
}

TEST_CASE("a file is not announced before its writer is done") {
  const Folder folder;
  put(folder.path(), kPeople);
  auto watch = FeedWatch::open(hris(folder.path()));
  REQUIRE(watch);
  std::ofstream writer(folder.path());
  writer << kHeader << std::flush;
  if (writers_of(folder.path()) == Writers::some) CHECK_FALSE(heard(**watch, kShort));
  writer << kAnn;
  writer.close();
  CHECK(heard(**watch, kLong));
  CHECK_FALSE(heard(**watch, milliseconds(0)));
}

TEST_CASE("waiting for the feed ends when the service stops") {
  const Folder folder;
  auto watch = FeedWatch::open(hris(folder.path()));
  REQUIRE(watch);
  std::stop_source source;
  std::jthread stopper([&] { source.request_stop(); });
  const auto begun = std::chrono::steady_clock::now();
  const auto changed = (*watch)->wait(source.get_token(), kLong);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().code == Errc::cancelled);
  CHECK(std::chrono::steady_clock::now() - begun < kLong / 2);
}

TEST_CASE("a feed whose folder does not exist cannot be watched") {
  const Folder folder;
  const auto watch = FeedWatch::open(hris(folder.path("nowhere/hr.csv")));
  REQUIRE_FALSE(watch);
  CHECK(watch.error().code == Errc::io);
  CHECK(watch.error().what.starts_with("watching " + folder.path("nowhere") + ": "));
}

}  // namespace
}  // namespace muster
