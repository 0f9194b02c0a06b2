#include "mapping/source_text.h"

#include <algorithm>
#include <charconv>

namespace muster {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kMark = "\xEF\xBB\xBF";

/// How many bytes are written for the next piece of a value, and how many a parser delivers.
struct Piece {
  std::size_t written = 1;
  std::size_t delivered = 1;
};

std::size_t utf8_length(unsigned long code) { return code < 0x80 ? 1U : code < 0x800 ? 2U : code < 0x10000 ? 3U : 4U; }

Piece piece_at(std::string_view rest) {
  if (rest.starts_with("\r\n")) return {2, 1};
  if (!rest.starts_with('&')) return {};
  const std::size_t end = rest.find(';');
  if (end == std::string_view::npos) return {};
  if (!rest.starts_with("&#")) return {end + 1, 1};
  const bool hex = rest.size() > 2 && rest[2] == 'x';
  unsigned long code = 0;
  std::from_chars(rest.data() + (hex ? 3 : 2), rest.data() + end, code, hex ? 16 : 10);
  return {end + 1, utf8_length(code)};
}

}  // namespace

SourceText::SourceText(std::string file, std::string text) : file_(std::move(file)), text_(std::move(text)), lines_{0} {
  if (text_.starts_with(kMark)) text_.erase(0, kMark.size());
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') lines_.push_back(i + 1);
  }
}

Location SourceText::at(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto line = std::upper_bound(lines_.begin(), lines_.end(), offset) - 1;
  int column = 1;
  for (std::size_t i = *line; i < offset; ++i) {
    if ((static_cast<unsigned char>(text_[i]) & 0xC0U) != 0x80U) ++column;
  }
  return {file_, static_cast<int>(line - lines_.begin()) + 1, column};
}

std::optional<SourceText::Attribute> SourceText::attribute(std::size_t tag, std::string_view name) const {
  const std::string_view text = text_;
  std::size_t at = std::min(text.find_first_of(" \t\r\n/>", tag), text.size());
  for (;;) {
    at = text.find_first_not_of(kSpace, at);
    if (at == std::string_view::npos || text[at] == '>' || text[at] == '/') return std::nullopt;
    Attribute found;
    found.begin = at;
    const std::size_t name_end = text.find_first_of(" \t\r\n=", at);
    const std::size_t open = text.find_first_of("\"'", at);
    if (name_end == std::string_view::npos || open == std::string_view::npos) return std::nullopt;
    found.name = text.substr(at, name_end - at);
    found.value = open + 1;
    found.end = text.find(text[open], open + 1);
    if (found.end == std::string_view::npos) return std::nullopt;
    if (found.name == name) return found;
    at = found.end + 1;
  }
}

std::size_t SourceText::offset_in(const Attribute& attribute, std::size_t decoded) const {
  const std::string_view text = text_;
  std::size_t at = attribute.value;
  while (decoded > 0 && at < attribute.end) {
    const Piece piece = piece_at(text.substr(at, attribute.end - at));
    if (decoded < piece.delivered) break;
    decoded -= piece.delivered;
    at += piece.written;
  }
  return at;
}

}  // namespace muster
