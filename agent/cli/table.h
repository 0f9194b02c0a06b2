// Aligned columns for people.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "agent/cli/style.h"

namespace muster {

/// One cell. Text is shown printable() (agent/cli/text.h), so it may come from anywhere.
struct Cell {
  Cell(std::string content, Tone tone_of_it = Tone::plain) : text(std::move(content)), tone(tone_of_it) {}
  Cell(const char* content) : text(content) {}
  std::string text;
  Tone tone = Tone::plain;
};

class Table {
 public:
  struct Column {
    enum class Align { left, right };  ///< right: numbers
    std::string title;
    Align align = Align::left;
    std::size_t least = 8;  ///< width below which truncation to the terminal does not push it, if its content is wider
  };

  /// `when_empty` is printed, as a sentence, instead of a heading without rows.
  Table(std::vector<Column> columns, std::string when_empty);

  /// Missing cells are empty, surplus ones a programming error.
  void add(std::vector<Cell> cells);
  bool empty() const { return rows_.empty(); }
  std::size_t size() const { return rows_.size(); }

  /// The lines, each ended by a newline. With a limit of `columns` (0: none) the widest columns are cut first, with "…", until a
  /// line fits or every column is at its least.
  std::string render(const Style& style, std::size_t columns) const;

 private:
  std::vector<std::size_t> natural_widths() const;
  std::vector<std::size_t> fitted_widths(std::size_t columns) const;
  std::string line(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths, const Style& style) const;

  std::vector<Column> columns_;
  std::string when_empty_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace muster
