// The table of bad configurations. docs/messages.md is made of it: run this test with MUSTER_UPDATE_DOCS=1 after a change.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "mapping/loader.h"
#include "tests/support/on_windows.h"
#include "tests/unit/mapping/bad_config_cases.h"

using namespace muster;
using namespace muster::test;

namespace {

std::string edited(std::string text, const Edit& edit) {
  if (!edit.from) return edit.to;
  const std::size_t at = text.find(edit.from);
  REQUIRE_MESSAGE(at != std::string::npos, "the good configuration does not contain: ", edit.from);
  REQUIRE_MESSAGE(text.find(edit.from, at + 1) == std::string::npos, "the good configuration contains twice: ", edit.from);
  return text.replace(at, std::string(edit.from).size(), edit.to);
}

LoadResult load(const std::vector<Edit>& edits) {
  std::map<std::string, std::string> files{{kMain, kGoodMain}, {kRules, kGoodRules}};
  for (const Edit& edit : edits) files[edit.file] = edited(files[edit.file], edit);
  return load_config(kMain, ConfigFiles::with_mappings(files));
}

/// As for a user who stands in the folder of muster.xml.
std::string from_its_folder(std::string message) {
  const std::string full = kMain;
  for (std::size_t at = message.find(full + ":"); at != std::string::npos; at = message.find(full + ":")) {
    message.erase(at, full.size() - std::string("muster.xml").size());
  }
  return message;
}

/// One line each.
std::string messages(const LoadResult& result) {
  std::string all;
  for (const Complaint& c : result.errors) all += with_linux_paths(from_its_folder(c.str())) + "\n";
  return all;
}

std::string lines(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + "\n";
  return all;
}

std::string as_code(std::string text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += ' ';
    else if (c == '|')
      out += "\\|";
    else if (static_cast<unsigned char>(c) >= 0x80)
      out += "?";
    else
      out += c;
  }
  const std::size_t first = out.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  out = out.substr(first, out.find_last_not_of(' ') - first + 1);
  return out.find('`') == std::string::npos ? "`" + out + "`" : "`` " + out + " ``";
}

std::string excerpt(const Edit& edit) {
  constexpr std::size_t kLongest = 110;
  std::string to = std::regex_replace(edit.to, std::regex("[ \n]+"), " ");
  if (to.size() > kLongest) to = to.substr(0, kLongest) + " ...";
  if (to = as_code(to); !to.empty()) return to;
  return edit.from ? "without " + as_code(edit.from) : "an empty file";
}

std::string rendered() {
  std::ostringstream out;
  out << "# What muster says about configurations that are wrong\n\n"
         "Made of `tests/unit/mapping/bad_config_cases.h` and checked against it by the test `docs/messages.md is up to date`\n"
         "(`MUSTER_UPDATE_DOCS=1` rewrites it). Every message names file, line and column; all of a configuration's messages come "
         "in one\n"
         "run, sorted by place. The middle column is what was changed in a configuration that loads.\n";
  for (const Chapter& chapter : bad_configs()) {
    out << "\n## " << chapter.title << "\n\n| what is wrong | for example | what muster says |\n|---|---|---|\n";
    for (const BadConfig& c : chapter.cases) {
      out << "| " << c.name << " | ";
      for (std::size_t i = 0; i < c.edits.size(); ++i) out << (i ? " and " : "") << excerpt(c.edits[i]);
      out << " | ";
      for (std::size_t i = 0; i < c.says.size(); ++i) out << (i ? "<br>" : "") << as_code(c.says[i]);
      out << " |\n";
    }
  }
  return out.str();
}

}  // namespace

TEST_CASE("the configuration that the table changes loads without a word") {
  const LoadResult result = load({});
  CHECK(messages(result) == "");
  REQUIRE(result.config);
  CHECK(result.config->warnings.empty());
}

TEST_CASE("a bad configuration gets exactly the messages it deserves") {
  for (const Chapter& chapter : bad_configs()) {
    for (const BadConfig& c : chapter.cases) {
      CAPTURE(std::string(chapter.title));
      CAPTURE(std::string(c.name));
      const LoadResult result = load(c.edits);
      CHECK(messages(result) == lines(c.says));
      CHECK_FALSE(result.config);
    }
  }
}

TEST_CASE("the table is large, its cases have names of their own, and every message names its place") {
  std::set<std::string> names;
  std::size_t count = 0;
  for (const Chapter& chapter : bad_configs()) {
    for (const BadConfig& c : chapter.cases) {
      ++count;
      CHECK_MESSAGE(names.insert(c.name).second, c.name);
      for (const Complaint& complaint : load(c.edits).errors) {
        CAPTURE(complaint.str());
        CHECK(complaint.at.line > 0);
        CHECK(complaint.at.column > 0);
        CHECK_FALSE(complaint.at.file.empty());
      }
    }
  }
  CHECK(count >= 45);
}

TEST_CASE("docs/messages.md is up to date") {
  const std::string path = std::string(MUSTER_SOURCE_DIR) + "/docs/messages.md";
  const std::string wanted = rendered();
  if (std::getenv("MUSTER_UPDATE_DOCS")) std::ofstream(path, std::ios::binary) << wanted;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream found;
  found << in.rdbuf();
  CHECK_MESSAGE(found.str() == wanted, "run this test with MUSTER_UPDATE_DOCS=1 and look at the difference");
}
