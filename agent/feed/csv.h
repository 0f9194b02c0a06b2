// CSV as RFC 4180 has it, strictly, with the place of every record.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster {

/// A row. Valid until the reader goes on.
struct CsvRecord {
  std::size_t line = 0;  ///< physical line on which it starts
  bool last = false;     ///< the text ended without a line end after it
  std::vector<std::string_view> values;
};

/// Lines end with LF, CRLF or CR, in any mixture; quoted values may span lines. Blanks around values and empty lines do not count.
/// A quote where none may be is a fault. Memory is bounded by the longest record, 1 MiB.
class CsvReader {
 public:
  /// False: stop reading.
  using OnRecord = std::function<bool(const CsvRecord&)>;
  struct Fault {
    std::size_t line = 0, column = 0;  ///< column in characters; 0: the whole record
    std::string what, hint;
  };

  CsvReader(char delimiter, OnRecord on_record);
  ~CsvReader();

  /// The next piece of the text, valid UTF-8. After a Fault or a stop, nothing more is read.
  std::optional<Fault> read(std::string_view text);
  /// No text follows.
  std::optional<Fault> finish();
  bool stopped() const;
  /// Where the text read so far ends: the next character's place.
  std::size_t line() const;
  std::size_t column() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace muster
