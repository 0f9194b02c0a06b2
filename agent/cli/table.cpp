#include "agent/cli/table.h"

#include <algorithm>
#include <cassert>
#include <numeric>

#include "agent/cli/text.h"

namespace muster {
namespace {

constexpr std::size_t kGap = 2;

}  // namespace

Table::Table(std::vector<Column> columns, std::string when_empty)
    : columns_(std::move(columns)), when_empty_(std::move(when_empty)) {}

void Table::add(std::vector<Cell> cells) {
  assert(cells.size() <= columns_.size());
  for (Cell& cell : cells) cell.text = printable(cell.text);
  cells.resize(columns_.size(), Cell(""));
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::natural_widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  return widths;
}

std::vector<std::size_t> Table::fitted_widths(std::size_t columns) const {
  std::vector<std::size_t> widths = natural_widths();
  if (columns == 0 || widths.empty()) return widths;
  std::size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  while (total > columns) {
    std::size_t widest = widths.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (widths[i] > columns_[i].least && (widest == widths.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == widths.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

std::string Table::line(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths, const Style& style) const {
  std::string out;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::string text = truncated(cells[i].text, widths[i]);
    const std::string padding(widths[i] - display_width(text), ' ');
    const bool right = columns_[i].align == Column::Align::right;
    if (i > 0) out.append(kGap, ' ');
    out += right ? padding + style.paint(cells[i].tone, text) : style.paint(cells[i].tone, text) + padding;
  }
  out.erase(out.find_last_not_of(' ') + 1);
  return out + "\n";
}

std::string Table::render(const Style& style, std::size_t columns) const {
  if (rows_.empty()) return when_empty_ + "\n";
  const std::vector<std::size_t> widths = fitted_widths(columns);
  std::vector<Cell> titles;
  for (const Column& column : columns_) titles.emplace_back(column.title, Tone::heading);
  std::string out = line(titles, widths, style);
  for (const auto& row : rows_) out += line(row, widths, style);
  return out;
}

}  // namespace muster
