#include "agent/feed/json_stream.h"

#include <algorithm>
#include <istream>
#include <streambuf>
#include <utility>

namespace muster {

using nlohmann::json;

namespace {

/// A place in a text, which grows as it is read.
struct Position {
  std::size_t line = 1, column = 1;
  void pass(std::string_view text) {
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    line += lines;
    if (lines > 0) column = 1;
    column += utf8_count(text.substr(lines > 0 ? text.rfind('\n') + 1 : 0));
  }
};

/// What nlohmann's parser pulls its characters from; knows where it is, and ends where it becomes too long.
class Characters final : public std::streambuf {
 public:
  using Next = std::function<std::optional<std::string_view>()>;
  Characters(Next next, std::size_t line) : next_(std::move(next)) { before_.line = line; }

  /// Of the character that was read last.
  Position here() const {
    Position p = before_;
    const std::string_view read(eback(), static_cast<std::size_t>(gptr() - eback()));
    if (!read.empty()) p.pass(read.substr(0, read.size() - 1));
    return p;
  }
  /// Of the character that would come next.
  Position next() const {
    Position p = before_;
    p.pass({eback(), static_cast<std::size_t>(gptr() - eback())});
    return p;
  }
  /// What follows may be as long as a record.
  void mark() { marked_ = passed_ + static_cast<std::size_t>(gptr() - eback()); }
  bool is_too_long() const { return too_long_; }
  bool has_ended() const { return ended_; }

 protected:
  int_type underflow() override {
    const std::string_view old(eback(), static_cast<std::size_t>(egptr() - eback()));
    passed_ += old.size();
    if (passed_ > marked_ + kLongestJsonRecord) too_long_ = true;
    const auto piece = too_long_ ? std::nullopt : next_();
    if (!piece) {
      // The characters stay, so that here() is the last of them.
      passed_ -= old.size();
      ended_ = true;
      return traits_type::eof();
    }
    before_.pass(old);
    text_ = *piece;
    setg(text_.data(), text_.data(), text_.data() + text_.size());
    return traits_type::to_int_type(text_.front());
  }

 private:
  Next next_;
  std::string text_;
  Position before_;  ///< of the first character in text_
  std::size_t passed_ = 0, marked_ = 0;
  bool too_long_ = false, ended_ = false;
};

std::string kind_of(const json& value) {
  if (value.is_null()) return "null";
  return value.is_boolean() ? "true or false" : value.is_array() ? "an array" : "a single value";
}

std::string pointer_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += '/';
    for (const char c : name) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return text;
}

/// What is left of nlohmann's sentence without its name and place; empty: the text has ended too early.
std::string reason_in(std::string what) {
  if (const auto at = what.find("] "); what.starts_with('[') && at != std::string::npos) what.erase(0, at + 2);
  if (const auto at = what.find("; last read:"); at != std::string::npos) what.erase(at);
  if (what.find("unexpected end of input") != std::string::npos || what.find("missing closing quote") != std::string::npos)
    return "";
  const auto dash = what.find(" - ");
  return dash == std::string::npos ? what : what.substr(dash + 3);
}

/// nlohmann's events become records.
class Events final : public nlohmann::json_sax<json> {
 public:
  Events(const JsonPlace& place, Characters& characters, Snapshot& snapshot, const OnJsonRecord& take)
      : place_(place), characters_(characters), snapshot_(snapshot), take_(take) {}

  bool null() override { return value(json()); }
  bool boolean(bool b) override { return value(json(b)); }
  bool number_integer(number_integer_t n) override { return value(json(std::to_string(n))); }
  bool number_unsigned(number_unsigned_t n) override { return value(json(std::to_string(n))); }
  bool number_float(number_float_t, const string_t& text) override { return value(json(text)); }
  bool string(string_t& text) override { return value(json(std::move(text))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return start(json::object()); }
  bool start_array(std::size_t) override { return start(json::array()); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }
  bool key(string_t& name) override {
    if (!open_.empty()) return record_key(name);
    levels_.back().name = name;
    mark();
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& e) override {
    error_ = reason_in(e.what());
    return false;
  }

  const std::optional<std::string>& error() const { return error_; }
  JsonFound& found() { return found_; }

 private:
  /// An object or array outside records.
  struct Level {
    bool is_array = false;
    std::size_t index = 0;
    std::string name;
  };

  std::vector<std::string> path() const {
    std::vector<std::string> names;
    for (const Level& l : levels_) names.push_back(l.is_array ? std::to_string(l.index) : l.name);
    return names;
  }

  bool is_in_records() const {
    return place_.is_document ? levels_.empty() : records_depth_ > 0 && levels_.size() == records_depth_;
  }

  void mark() {
    if (open_.empty()) characters_.mark();
  }

  bool wrong(std::string what, std::string hint) {
    const Position at = characters_.here();
    (void)snapshot_.fault({at.line, at.column, std::move(what), std::move(hint)});
    return false;
  }

  bool record_key(const std::string& name) {
    if (open_.back()->contains(name))
      return wrong("the member " + shown(name) + " stands twice in one object",
                   "nobody can tell which of them counts: let HR remove one");
    key_ = name;
    return true;
  }

  json* add(json value) {
    json& parent = *open_.back();
    if (!parent.is_array()) return &(parent[key_] = std::move(value));
    parent.push_back(std::move(value));
    return &parent.back();
  }

  bool value(json v) {
    if (!open_.empty()) return add(std::move(v)) != nullptr;
    if (is_in_records()) return wrong("a record must be an object, not " + kind_of(v), "let HR deliver one object for each person");
    if (levels_.size() == 1 && !place_.number.empty() && levels_.back().name == place_.number && v.is_string())
      found_.number = v.get<std::string>();
    return passed();
  }

  /// One value of the level is complete.
  bool passed() {
    if (!levels_.empty() && levels_.back().is_array) ++levels_.back().index;
    mark();
    return true;
  }

  bool start(json v) {
    if (levels_.size() + open_.size() >= kDeepestJson)
      return wrong("objects and arrays are nested deeper than " + std::to_string(kDeepestJson), "let HR deliver something flatter");
    if (!open_.empty()) {
      open_.push_back(add(std::move(v)));
      return true;
    }
    if (is_in_records()) return start_record(std::move(v));
    const bool is_array = v.is_array();
    if (is_array && !note_array()) return false;
    levels_.push_back({is_array, 0, ""});
    mark();
    return true;
  }

  bool start_record(json v) {
    if (v.is_array()) return value(std::move(v));
    const Position at = characters_.here();
    characters_.mark();
    record_ = {at.line, at.column, std::move(v)};
    open_ = {&record_.value};
    return true;
  }

  /// False: a second array of records.
  bool note_array() {
    const auto here = path();
    const auto at = std::find(place_.arrays.begin(), place_.arrays.end(), here);
    if (at == place_.arrays.end()) {
      if (found_.other_array.empty() && !here.empty()) found_.other_array = pointer_of(here);
      return true;
    }
    if (found_.array) return wrong("there is a second array of records", "nobody can tell which of them counts: let HR remove one");
    found_.array = static_cast<std::size_t>(at - place_.arrays.begin());
    records_depth_ = levels_.size() + 1;
    return true;
  }

  bool end() {
    if (!open_.empty()) {
      open_.pop_back();
      if (!open_.empty()) return true;
      return take_(record_, found_.array.value_or(0)) && passed();
    }
    if (is_in_records()) records_depth_ = 0;
    levels_.pop_back();
    return passed();
  }

  const JsonPlace& place_;
  Characters& characters_;
  Snapshot& snapshot_;
  const OnJsonRecord& take_;
  std::vector<Level> levels_;
  std::size_t records_depth_ = 0;  ///< of levels_ inside the array of records; 0: outside
  std::vector<json*> open_;        ///< inside a record: its objects and arrays that are not complete
  std::string key_;
  JsonRecord record_;
  JsonFound found_;
  std::optional<std::string> error_;
};

/// Why the parser ended before the document did, in the text's own words.
void note_end(const Events& events, const Characters& characters, Snapshot& snapshot) {
  if (!events.error()) return;
  const Position at = characters.here();
  if (characters.is_too_long()) {
    return (void)snapshot.fault({at.line, at.column, "a record, or what stands before one, is longer than 1 MiB",
                                 "a quote or a bracket is probably never closed: let HR write the file again"});
  }
  const std::string& why = *events.error();
  (void)snapshot.fault(
      why.empty() ? FeedFault{at.line, at.column, "the text ends inside a value: it is cut off", "let HR write it again"}
                  : FeedFault{at.line, at.column, "this is no JSON: " + why, "let HR write the file with a library for JSON"});
}

bool parse(Characters& characters, Events& events) {
  std::istream stream(&characters);
  return json::sax_parse(stream, &events);
}

}  // namespace

Result<std::optional<JsonFound>> read_json_records(FeedText& text, const JsonPlace& place, Snapshot& snapshot,
                                                   const OnJsonRecord& take) {
  Characters characters([&text] { return text.next(); }, 1);
  Events events(place, characters, snapshot, take);
  const bool done = parse(characters, events);
  if (Status failed = text.failed(); !failed) return std::move(failed).error();
  if (const auto& wrong = text.fault(); wrong && characters.has_ended()) {
    const Position at = wrong->whole ? Position{0, 0} : characters.next();
    (void)snapshot.fault({at.line, at.column, wrong->what, wrong->hint});
    return std::optional<JsonFound>();
  }
  if (done) return std::optional(std::move(events.found()));
  if (text.is_empty())
    (void)snapshot.fault({0, 0, "the file is empty", kFeedRefused});
  else
    note_end(events, characters, snapshot);
  return std::optional<JsonFound>();
}

std::optional<JsonRecord> read_json_line(std::string_view text, std::size_t line, Snapshot& snapshot) {
  std::optional<JsonRecord> record;
  const JsonPlace place{true, {}, ""};
  Characters characters([rest = std::optional(text)]() mutable { return std::exchange(rest, std::nullopt); }, line);
  const OnJsonRecord keep = [&](const JsonRecord& r, std::size_t) {
    record = r;
    return true;
  };
  Events events(place, characters, snapshot, keep);
  if (parse(characters, events)) return record;
  note_end(events, characters, snapshot);
  return std::nullopt;
}

std::optional<std::vector<std::string>> json_pointer_names(std::string_view pointer) {
  std::vector<std::string> names;
  if (pointer.empty()) return names;
  if (!pointer.starts_with('/')) return std::nullopt;
  for (std::size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      names.emplace_back();
    } else if (pointer[i] != '~') {
      names.back() += pointer[i];
    } else {
      const char next = ++i < pointer.size() ? pointer[i] : '\0';
      if (next != '0' && next != '1') return std::nullopt;
      names.back() += next == '0' ? '~' : '/';
    }
  }
  return names;
}

}  // namespace muster
