// From a row of values to a person, as the <field>s declare it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/feed/date_format.h"
#include "agent/feed/feed.h"

namespace muster {

/// A value as it is shown in a sentence: in quotes, shortened, without control characters.
std::string shown(std::string_view value);
/// Without the blanks and tabs around it.
std::string_view trimmed(std::string_view value);

/// As it is called in a sentence.
std::string delimiter_name(char delimiter);

/// What is wrong, and what to do about it.
struct Flaw {
  std::string what, hint;
};

/// Knows which column belongs to which field, and what may stand there.
class RecordMaker {
 public:
  using Values = std::vector<std::string_view>;
  using Wrong = std::optional<Flaw>;

  /// Errc::config: no key, or a date format that nobody can read.
  static Result<RecordMaker> make(const FeedSettings& settings);

  /// The header. Everything that is wrong with it.
  std::vector<Flaw> bind(const Values& header);
  /// For formats without a header: a row has the fields in the order of their declarations.
  void bind_in_order();
  /// As many as the header has.
  std::size_t columns() const { return columns_; }

  /// What the format itself found wrong, by field; empty: nothing.
  using Flaws = std::vector<std::string>;
  /// Takes the key out of a row; a key that cannot be used is wrong.
  Wrong read_key(const Values& row, const Flaws& flaws, std::string& key) const;
  /// As the file has it, without blanks around it.
  std::string_view raw(const Values& row, std::size_t field) const { return trimmed(row[bound_[field].index]); }
  /// Fills `fields` in the order of the declarations. What is wrong with single values comes back as one sentence, and `field`
  /// names the first.
  Wrong read_fields(const Values& row, const Flaws& flaws, std::vector<std::string>& fields, std::string& field) const;

 private:
  struct Column {
    std::size_t index = 0;
    std::optional<DateFormat> date;
  };
  explicit RecordMaker(const FeedSettings& settings) : settings_(settings), bound_(settings.fields.size()) {}
  std::string hint_for(const std::vector<std::string>& columns, const Values& header) const;
  std::optional<std::string> convert(std::size_t i, std::string_view value, std::string& out) const;
  std::string place_of(const FieldSettings& field) const;
  const FieldSettings& key_field() const { return settings_.fields[key_]; }

  FeedSettings settings_;
  std::vector<Column> bound_;
  std::size_t columns_ = 0, key_ = 0;
};

}  // namespace muster
