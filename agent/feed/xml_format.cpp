// XML: an element for each person. libxml2 reads the text piece by piece, pugixml holds one record and evaluates its XPaths.
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <pugixml.hpp>

#include "agent/feed/file_feed.h"

namespace muster {

namespace {

constexpr std::size_t kLongestRecord = 1 << 20;  ///< bytes of names and texts
constexpr std::size_t kDeepest = 64;

using Queries = std::vector<pugi::xpath_query>;

std::string_view view(const xmlChar* text) { return text ? reinterpret_cast<const char*>(text) : std::string_view(); }

/// "wd:Worker", as the file writes it.
std::string qualified(const xmlChar* name, const xmlChar* prefix) {
  return prefix ? std::string(view(prefix)) + ":" + std::string(view(name)) : std::string(view(name));
}

std::string_view trimmed_lines(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  return from == std::string_view::npos ? std::string_view() : text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::vector<std::string> names_in(std::string_view path) {
  std::vector<std::string> names;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    names.emplace_back(path.substr(0, path.find('/')));
    path.remove_prefix(names.back().size());
  }
  return path.empty() ? names : std::vector<std::string>();
}

FoundValue value_of(const pugi::xpath_node& at) {
  if (at.attribute()) return {true, std::string(trimmed_lines(at.attribute().value()))};
  const pugi::xml_node node = at.node();
  if (node.type() != pugi::node_element) return {true, std::string(trimmed_lines(node.value()))};
  std::string text;
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() == pugi::node_element) return {true, "", "is an element with others in it: let the path name one of them"};
    text += child.value();
  }
  return {true, std::string(trimmed_lines(text))};
}

FoundValue find(const pugi::xpath_query& query, const pugi::xml_node& record) {
  if (query.return_type() != pugi::xpath_type_node_set) return {true, query.evaluate_string(record)};
  const pugi::xpath_node_set nodes = query.evaluate_node_set(record);
  if (nodes.empty()) return {};
  if (nodes.size() > 1) return {true, "", "has " + std::to_string(nodes.size()) + " values: let the path say which one is meant"};
  return value_of(nodes.first());
}

struct FreeParser {
  void operator()(xmlParserCtxt* p) const noexcept { xmlFreeParserCtxt(p); }
};

/// One reading of a document, as libxml2's callbacks see it.
class Reading {
 public:
  Reading(const std::vector<std::string>& place, const Queries& queries, Snapshot& snapshot)
      : place_(place), queries_(queries), values_(queries.size()), snapshot_(snapshot) {
    xmlSAXHandler sax{};
    sax.initialized = XML_SAX2_MAGIC;
    sax.startElementNs = on_start;
    sax.endElementNs = on_end;
    sax.characters = sax.cdataBlock = sax.ignorableWhitespace = on_text;
    sax.internalSubset = on_doctype;
    sax.serror = on_error;
    parser_.reset(xmlCreatePushParserCtxt(&sax, nullptr, nullptr, 0, nullptr));
    if (!parser_) return;
    parser_->_private = this;
    parser_->userData = parser_.get();
    xmlCtxtUseOptions(parser_.get(), XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  }

  /// False: read no more.
  bool add(std::string_view bytes, bool last) {
    if (!parser_) return false;
    (void)xmlParseChunk(parser_.get(), bytes.data(), static_cast<int>(bytes.size()), last ? 1 : 0);
    if (error_ && !stopped_) {
      error_->hint = last ? "is it cut off? Let HR write it again" : "let HR write the file with a library for XML";
      (void)snapshot_.fault(std::move(*error_));
      stopped_ = true;
    }
    return !stopped_;
  }

  void finish() {
    if (!found_) {
      std::string where;
      for (const std::string& name : place_) where += "/" + name;
      const std::string hint = root_.empty() ? "" : "the root element is <" + root_ + ">; ";
      return (void)snapshot_.fault(
          {0, 0, "there is no element at " + shown(where), hint + "records must lead from the root to an element for each person"});
    }
    snapshot_.finish("the file has no records");
  }

 private:
  static Reading& self(void* parser) { return *static_cast<Reading*>(static_cast<xmlParserCtxt*>(parser)->_private); }

  static void on_start(void* parser, const xmlChar* name, const xmlChar* prefix, const xmlChar*, int, const xmlChar**, int n, int,
                       const xmlChar** attributes) {
    Reading& r = self(parser);
    if (!r.stopped_) r.start(qualified(name, prefix), attributes, n);
  }
  static void on_end(void* parser, const xmlChar*, const xmlChar*, const xmlChar*) {
    Reading& r = self(parser);
    if (!r.stopped_) r.end();
  }
  static void on_text(void* parser, const xmlChar* text, int size) {
    Reading& r = self(parser);
    if (!r.stopped_ && r.at_) r.text({reinterpret_cast<const char*>(text), static_cast<std::size_t>(size)});
  }
  static void on_doctype(void* parser, const xmlChar*, const xmlChar*, const xmlChar*) {
    Reading& r = self(parser);
    r.wrong("the file has a DOCTYPE, whose entities could name other files, or blow up", "let HR deliver XML without one");
  }
  static void on_error(void* parser, xmlErrorPtr e) {
    if (e->level < XML_ERR_ERROR) return;
    Reading& r = self(parser);
    if (r.error_) return;
    std::string why = e->message ? e->message : "";
    while (!why.empty() && (why.back() == '\n' || why.back() == '.')) why.pop_back();
    r.error_ = FeedFault{static_cast<std::size_t>(std::max(0, e->line)), static_cast<std::size_t>(std::max(0, e->int2)),
                         "this is no well-formed XML: " + why, ""};
  }

  void wrong(std::string what, std::string hint) {
    if (!stopped_) (void)snapshot_.fault({line(), column(), std::move(what), std::move(hint)});
    stop();
  }
  void stop() {
    stopped_ = true;
    xmlStopParser(parser_.get());
  }
  std::size_t line() const { return static_cast<std::size_t>(std::max(0, xmlSAX2GetLineNumber(parser_.get()))); }
  std::size_t column() const { return static_cast<std::size_t>(std::max(0, xmlSAX2GetColumnNumber(parser_.get()))); }

  void start(std::string name, const xmlChar** attributes, int n) {
    if (levels_ == 0) root_ = name;
    if (++levels_ > kDeepest)
      return wrong("elements are nested deeper than " + std::to_string(kDeepest), "let HR deliver something flatter");
    const bool fits = levels_ <= place_.size() && fitting_ + 1 == levels_ && place_[levels_ - 1] == name;
    if (fits) fitting_ = levels_;
    if (!at_ && !(fits && fitting_ == place_.size())) return;
    if (!at_)
      begin();
    else
      put_text();
    at_ = at_.append_child(name.c_str());
    grow(name.size());
    // Five pointers for each: name, prefix, namespace, and where the value begins and ends.
    for (int i = 0; i < n && !stopped_; ++i, attributes += 5) {
      const std::string value(reinterpret_cast<const char*>(attributes[3]), reinterpret_cast<const char*>(attributes[4]));
      at_.append_attribute(qualified(attributes[0], attributes[1]).c_str()).set_value(value.c_str());
      grow(value.size());
    }
  }

  void begin() {
    found_ = true;
    record_.reset();
    at_ = record_;
    size_ = 0;
    line_ = line();
  }

  void text(std::string_view piece) {
    grow(piece.size());
    if (!stopped_) text_ += piece;  // a parser that was stopped has forgotten its text
  }
  void put_text() {
    if (!text_.empty()) at_.append_child(pugi::node_pcdata).set_value(text_.c_str());
    text_.clear();
  }

  void grow(std::size_t bytes) {
    size_ += bytes;
    if (size_ <= kLongestRecord || stopped_) return;
    (void)snapshot_.fault({line_, 0, "the record is longer than 1 MiB", "the file is damaged: let HR write it again"});
    stop();
  }

  void end() {
    if (fitting_ == levels_) --fitting_;
    --levels_;
    if (!at_) return;
    put_text();
    at_ = at_.parent();
    if (at_ != record_) return;
    const pugi::xml_node record = record_.first_child();
    for (std::size_t i = 0; i < queries_.size(); ++i) values_[i] = find(queries_[i], record);
    at_ = pugi::xml_node();
    if (!snapshot_.take(line_, 0, values_)) stop();
  }

  const std::vector<std::string>& place_;
  const Queries& queries_;
  std::vector<FoundValue> values_;
  Snapshot& snapshot_;
  std::unique_ptr<xmlParserCtxt, FreeParser> parser_;
  pugi::xml_document record_;
  pugi::xml_node at_;  ///< the innermost element that is open in a record; none: outside
  std::string root_, text_;
  std::size_t levels_ = 0, fitting_ = 0;  ///< elements that are open, and how many of them are those of place_
  std::size_t size_ = 0, line_ = 0;
  bool found_ = false, stopped_ = false;
  std::optional<FeedFault> error_;
};

/// Errc::config: one is no XPath.
Result<Queries> queries_of(const FeedSettings& settings) {
  Queries queries;
  for (const FieldSettings& f : settings.fields) {
    try {
      queries.emplace_back(f.column.c_str());
    } catch (const pugi::xpath_exception& e) {
      return Error{Errc::config, f.at.str() + ": '" + f.column + "' is no XPath: " + e.what(), "write name/first or @id"};
    }
  }
  return queries;
}

Status read_xml(const FeedSettings& settings, const NextBytes& next, Snapshot& snapshot) {
  const std::vector<std::string> place = names_in(settings.records);
  const auto queries = queries_of(settings);
  if (!queries) return queries.error();
  Reading reading(place, *queries, snapshot);
  bool begun = false;
  for (;;) {
    auto bytes = next();
    if (!bytes) return std::move(bytes).error();
    const std::string kind = begun ? "" : other_kind(*bytes, "XML");
    if (!kind.empty()) {
      (void)snapshot.fault({0, 0, "the file is " + kind + ", not XML", "let HR deliver XML"});
      return ok();
    }
    if (!begun && bytes->empty()) {
      (void)snapshot.fault({0, 0, "the file is empty", kFeedRefused});
      return ok();
    }
    begun = true;
    if (!reading.add(*bytes, bytes->empty())) return ok();
    if (bytes->empty()) break;
  }
  reading.finish();
  return ok();
}

}  // namespace

Result<ReadFormat> xml_format(const FeedSettings& settings) {
  if (auto queries = queries_of(settings); !queries) return std::move(queries).error();
  if (names_in(settings.records).empty())
    return Error{Errc::config, settings.at.str() + ": 'records' does not say which elements are people", "write /workers/worker"};
  return ReadFormat([settings](const NextBytes& next, Snapshot& snapshot) { return read_xml(settings, next, snapshot); });
}

}  // namespace muster
