// <feed>: where it comes from, and how its records are read.
#include <algorithm>
#include <array>
#include <pugixml.hpp>

#include "mapping/loader_parts.h"
#include "mapping/loader_values.h"
#include "mapping/scim_path.h"

namespace muster {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

/// An attribute that only some feeds have.
struct Only {
  const char* attribute;
  const char* what;
  const char* hint;
  bool (*fits)(const FeedSettings&);
};

bool is_exec(const FeedSettings& feed) { return feed.type == "exec"; }
bool has_text(const FeedSettings& feed) { return feed.type != "events"; }

constexpr std::array<Only, 12> kOnly{{
    {"path", "what is fetched is in no file of yours", "remove 'path', or else 'type=\"exec\"' or <server>",
     [](const auto& f) { return !f.is_fetched(); }},
    {"path", "people who come by events are in no file", "remove it", has_text},
    {"mode", "people who come by events come one by one", "remove it", has_text},
    {"min-ratio", "people who come by events come one by one", "remove it", has_text},
    {"effective", "an event counts at once", "remove it", has_text},
    {"command", "only a feed of type=\"exec\" runs a command", "add type=\"exec\", or remove it", is_exec},
    {"output", "only a feed of type=\"exec\" has an output", "add type=\"exec\", or remove it", is_exec},
    {"timeout", "only a feed of type=\"exec\" runs a command", "add type=\"exec\", or remove it", is_exec},
    {"every", "only a feed of type=\"exec\" is run; a file is read whenever it changes", "remove it", is_exec},
    {"max-bytes", "only a feed of type=\"exec\" has an output", "add type=\"exec\", or remove it", is_exec},
    {"delimiter", "only CSV has delimiters", "remove it", [](const auto& f) { return f.format() == "csv"; }},
    {"encoding", "XML says itself how it is encoded", "remove it", [](const auto& f) { return f.format() != "xml"; }},
}};

/// RFC 6901: empty, or names that begin with '/', in which '~' stands before 0 or 1.
bool is_json_pointer(std::string_view text) {
  if (!text.empty() && !text.starts_with('/')) return false;
  for (auto at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

/// "/workers/worker": names with nothing else, not even a position.
bool is_element_path(std::string_view text) {
  return text.starts_with('/') && !text.ends_with('/') && text.find("//") == std::string_view::npos &&
         text.find_first_of("[]@*()'\" \t|") == std::string_view::npos;
}

void load_records(const Element& element, FeedSettings& feed) {
  feed.records = element.text("records");
  const std::string& format = feed.format();
  if (format == "json") {
    if (!is_json_pointer(feed.records))
      element.wrong_in("records", "'" + feed.records + "' is no JSON Pointer", "write /workers, for example (RFC 6901)");
  } else if (format == "xml") {
    if (!element.has("records"))
      element.lacks("a feed of XML does not say which elements are people", "add records=\"/workers/worker\" or the like");
    else if (!is_element_path(feed.records))
      element.wrong_in("records", "'" + feed.records + "' does not lead to elements",
                       "write the names from the root on: /workers/worker");
  } else if (element.has("records")) {
    element.wrong_at("records", "'records' is for JSON and XML, not for " + format, "remove it");
  }
}

void load_command(const Element& element, FeedSettings& feed) {
  if (!is_exec(feed)) {
    for (const Element& arg : element.children("arg")) arg.wrong("<arg> belongs to a command", "remove it, or add type=\"exec\"");
    return;
  }
  if (!element.has("command")) element.lacks("a feed of type=\"exec\" has no command", "add command=\"/path/of/a/program\"");
  if (!element.has("output"))
    element.lacks("a feed of type=\"exec\" does not say what the command prints", "add output=\"csv\", json, jsonl, scim or xml");
  feed.command.words = read_command(element);
  feed.command.timeout = read_wait(element, "timeout", {feed.command.timeout, 1s, 1h});
  feed.command.every =
      std::chrono::duration_cast<std::chrono::seconds>(read_wait(element, "every", {feed.command.every, 10s, 24h}));
  feed.command.most_bytes = element.count("max-bytes", feed.command.most_bytes);
}

void load_server(const Element& element, FeedSettings& feed) {
  const auto server = only_child(element, "server");
  if (!server) return;
  if (feed.type != "scim") return server->wrong("<server> speaks SCIM", "add type=\"scim\" to <feed>, or remove it");
  FeedSettings::Server read;
  read.http = read_http(*server, "url");
  read.folder = element.file().folder;
  read.every = std::chrono::duration_cast<std::chrono::seconds>(read_wait(*server, "every", {read.every, 10s, 24h}));
  feed.server = std::move(read);
}

void check_xpath(const Element& field, const std::string& path) {
  try {
    const pugi::xpath_query query(path.c_str());
  } catch (const pugi::xpath_exception& e) {
    field.wrong_in("path", "'" + path + "' is no XPath: " + e.what(), "write name/first or @id, from the record's element on",
                   static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, e.result().offset)));
  }
}

void check_path(const Element& field, const std::string& path, const std::string& format) {
  if (path.empty()) return;
  if (format == "xml") return check_xpath(field, path);
  if (format == "scim") {
    const auto read = ScimPath::parse(path);
    if (!read) field.wrong_in("path", read.error().what, read.error().hint);
    return;
  }
  if (!is_json_pointer(path)) field.wrong_in("path", "'" + path + "' is no JSON Pointer", "write /name or /name/first (RFC 6901)");
}

}  // namespace

void load_feed_source(const Element& element, FeedSettings& feed) {
  feed.type = element.text("type", feed.type);
  feed.output = element.text("output", feed.output);
  load_server(element, feed);
  for (const Only& only : kOnly) {
    if (element.has(only.attribute) && !only.fits(feed)) element.wrong_at(only.attribute, only.what, only.hint);
  }
  const bool is_file = !feed.is_fetched() && has_text(feed);
  if (is_file && !element.has("path")) element.lacks("<feed> lacks the attribute 'path'", "add path=\"...\"");
  if (is_file) feed.path = read_path(element, "path");
  load_records(element, feed);
  load_command(element, feed);
}

std::string read_field_place(const Element& element, const FeedSettings& feed) {
  const bool is_csv = feed.format() == "csv";
  const char* const wanted = is_csv ? "column" : "path";
  const char* const other = is_csv ? "path" : "column";
  if (element.has(other)) {
    element.wrong_at(other, is_csv ? "a field of CSV is a column" : "only CSV has columns",
                     is_csv ? "write column=\"...\" instead" : "write path=\"...\" instead");
  } else if (!element.has(wanted)) {
    element.lacks(std::string("<field> lacks the attribute '") + wanted + "'", std::string("add ") + wanted + "=\"...\"");
  }
  if (is_csv && element.has("optional"))
    element.wrong_at("optional", "'optional' is not for CSV, whose header says what there is", "remove it");
  if (!is_csv) check_path(element, element.text("path"), feed.format());
  return element.text(wanted);
}

}  // namespace muster
