// A folder in which HR puts its files, and the feed that reads them.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/feed/feed.h"
#include "tests/support/folder.h"

namespace muster::feed_test {

class Folder : public test::Folder {
 public:
  std::string path(const std::string& name = "hr.csv") const { return test::Folder::path(name); }
};

/// Complete, and old enough that nobody takes it for a file being written.
inline void put(const std::string& path, std::string_view bytes, std::chrono::seconds age = std::chrono::hours(1)) {
  std::ofstream(path, std::ios::binary) << bytes;
  std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() - age);
}

inline FieldSettings field(std::string name, std::string column) {
  FieldSettings f;
  f.name = std::move(name);
  f.column = std::move(column);
  f.at = {"muster.xml", 12, 5};
  return f;
}

inline const std::string kHeader = "Employee ID,Status,First Name,Last Name,Department,Hire Date,Termination Date\n";
inline const std::string kAnn = "1042,Active,Ann,Ames,Sales,2019-04-01,\n";
inline const std::string kBob = "1043,Terminated,Bob,Beck,Sales,2018-11-15,2026-10-31\n";

/// The feed of the documentation's example, reading `path`.
inline FeedSettings hris(const std::string& path) {
  FeedSettings s;
  s.name = "hris";
  s.path = path;
  s.at = {"muster.xml", 10, 3};
  s.fields = {field("id", "Employee ID"),      field("status", "Status"),         field("first", "First Name"),
              field("last", "Last Name"),      field("department", "Department"), field("start", "Hire Date"),
              field("end", "Termination Date")};
  s.fields[0].key = s.fields[0].required = true;
  s.fields[1].values = {{"Active", "active"}, {"Terminated", "terminated"}, {"On Leave", "leave"}};
  s.fields[3].required = true;
  s.fields[5].type = s.fields[6].type = FieldSettings::Type::date;
  return s;
}

/// What a reading came to.
struct Outcome {
  std::vector<Person> people;
  std::vector<FeedProblem> faults;
  FeedReport report;
  std::string error, hint;  ///< empty: it was taken
  Errc code = Errc::io;
};

inline Outcome read(const FeedSettings& settings, bool all_faults = false) {
  Outcome o;
  auto feed = open_feed(settings);
  REQUIRE(feed);
  const auto each = [&](Person&& p) {
    o.people.push_back(std::move(p));
    return ok();
  };
  auto report = (*feed)->read(each, all_faults ? &o.faults : nullptr);
  if (report) {
    o.report = std::move(*report);
  } else {
    o.error = report.error().what;
    o.hint = report.error().hint;
    o.code = report.error().code;
  }
  return o;
}

/// "1042 active Ann Ames Sales 20190401 -": for comparing.
inline std::string text(const Person& p) {
  std::string s;
  for (const std::string& f : p.fields) s += (s.empty() ? "" : " ") + (f.empty() ? std::string("-") : f);
  return s;
}

/// ASCII to UTF-16, without a byte order mark.
inline std::string utf16(std::string_view ascii, bool big) {
  std::string s;
  for (const char c : ascii) {
    s.push_back(big ? '\0' : c);
    s.push_back(big ? c : '\0');
  }
  return s;
}

}  // namespace muster::feed_test
