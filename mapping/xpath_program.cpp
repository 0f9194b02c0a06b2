#include "mapping/xpath_program.h"

#include <array>
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "schema/ascii.h"
#include "schema/transliterate.h"

namespace muster::xpath {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Section 4.4's Number production, which is narrower than any C function: no exponent, no plus, no hexadecimal.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  std::size_t digits = 0, points = 0;
  for (const char c : text) {
    if (is_digit(c))
      ++digits;
    else if (c == '.' && points == 0)
      ++points;
    else
      return false;
  }
  return digits > 0;
}

/// The bytes of the UTF-8 character at the front; a stray continuation byte counts as a character of its own.
std::size_t character_length(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) ++length;
  return length;
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); text.remove_prefix(character_length(text))) ++count;
  return count;
}

/// Section 4.4: round towards positive infinity on a tie; [-0.5, -0] gives negative zero.
double rounded(double x) { return x >= -0.5 && x <= 0 ? std::ceil(x) : std::floor(x + 0.5); }

/// Section 4.2: the characters at position p with first <= p and p < end. Comparisons with NaN are false, hence empty.
void append_substring(std::string_view text, double first, double end, std::string& out) {
  double position = 1;
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (position >= first && position < end) out += text.substr(0, length);
    text.remove_prefix(length);
    position += 1;
  }
}

void append_squeezed(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  for (const char c : text) {
    if (kSpace.find(c) == std::string_view::npos)
      out += c;
    else if (out.size() > start && out.back() != ' ')
      out += ' ';
  }
  if (out.size() > start && out.back() == ' ') out.pop_back();
}

/// Position of the first occurrence of a character, counted in characters.
std::optional<std::size_t> position_of(std::string_view character, std::string_view in) {
  for (std::size_t i = 0; !in.empty(); ++i) {
    const std::size_t length = character_length(in);
    if (in.substr(0, length) == character) return i;
    in.remove_prefix(length);
  }
  return std::nullopt;
}

std::string_view character_at(std::size_t position, std::string_view in) {
  for (; !in.empty(); in.remove_prefix(character_length(in))) {
    if (position-- == 0) return in.substr(0, character_length(in));
  }
  return {};
}

void append_translated(std::string_view text, std::string_view from, std::string_view to, std::string& out) {
  while (!text.empty()) {
    const std::string_view character = text.substr(0, character_length(text));
    const auto position = position_of(character, from);
    out += position ? character_at(*position, to) : character;
    text.remove_prefix(character.size());
  }
}

}  // namespace

double to_number(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return kNan;
  text = text.substr(first, text.find_last_not_of(kSpace) - first + 1);
  if (!is_number(text)) return kNan;
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (parsed.ec == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
  return value;
}

/// Section 4.2: decimal, without exponent. 16 significant digits, as pugixml writes them.
std::string to_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  if (number == 0) return "0";
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.*e", DBL_DIG, std::fabs(number));
  const std::string_view written(buffer.data());
  const std::size_t e = written.find('e');
  int before_point = std::atoi(buffer.data() + e + 1) + 1;
  std::string digits = written[0] + std::string(written.substr(2, e - 2));
  digits.erase(digits.find_last_not_of('0') + 1);
  std::string out = number < 0 ? "-" : "";
  if (before_point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-before_point), '0');
    return out + digits;
  }
  const auto whole = static_cast<std::size_t>(before_point);
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0');
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string_view Program::view(Index at, const Record& record, std::string& scratch) const {
  const Node& node = nodes_[at];
  if (node.op == Op::field) return record.fields[node.field];
  if (node.op == Op::literal) return node.text;
  if (node.op == Op::place) return record.place;
  scratch.clear();
  append(at, record, scratch);
  return scratch;
}

bool Program::truth(Index at, const Record& record) const {
  const Node& node = nodes_[at];
  switch (node.op) {
    case Op::or_: return truth(node.args[0], record) || truth(node.args[1], record);
    case Op::and_: return truth(node.args[0], record) && truth(node.args[1], record);
    case Op::not_: return !truth(node.args[0], record);
    case Op::boolean: return truth(node.args[0], record);
    case Op::true_: return true;
    case Op::false_: return false;
    default: break;
  }
  if (node.type == Type::truth) return compare(node, record);
  if (node.type == Type::field) return true;  // a node-set with a node in it, whatever that holds (section 4.3)
  if (node.type == Type::number) {
    const double value = number(at, record);
    return value != 0 && !std::isnan(value);
  }
  std::string scratch;
  return !view(at, record, scratch).empty();
}

bool Program::compare(const Node& node, const Record& record) const {
  const Index a = node.args[0], b = node.args[1];
  switch (node.op) {
    case Op::eq_truth: return truth(a, record) == truth(b, record);
    case Op::ne_truth: return truth(a, record) != truth(b, record);
    case Op::eq_number: return number(a, record) == number(b, record);
    case Op::ne_number: return number(a, record) != number(b, record);
    case Op::lt: return number(a, record) < number(b, record);
    case Op::le: return number(a, record) <= number(b, record);
    case Op::gt: return number(a, record) > number(b, record);
    case Op::ge: return number(a, record) >= number(b, record);
    default: break;
  }
  std::string left_scratch, right_scratch;
  const std::string_view left = view(a, record, left_scratch), right = view(b, record, right_scratch);
  if (node.op == Op::eq_text) return left == right;
  if (node.op == Op::ne_text) return left != right;
  if (node.op == Op::starts_with) return left.starts_with(right);
  return left.find(right) != std::string_view::npos;
}

double Program::number(Index at, const Record& record) const {
  const Node& node = nodes_[at];
  if (node.op == Op::today) return record.today;
  if (node.op == Op::now) return record.now;
  if (node.op == Op::number) return node.number;
  if (node.type == Type::number) return arithmetic(node, record);
  if (node.type == Type::truth) return truth(at, record) ? 1 : 0;
  std::string scratch;
  return to_number(view(at, record, scratch));
}

double Program::arithmetic(const Node& node, const Record& record) const {
  const auto arg = [&](std::size_t i) { return number(node.args[i], record); };
  switch (node.op) {
    case Op::add: return arg(0) + arg(1);
    case Op::subtract: return arg(0) - arg(1);
    case Op::multiply: return arg(0) * arg(1);
    case Op::divide: return arg(0) / arg(1);
    case Op::modulo: return std::fmod(arg(0), arg(1));
    case Op::negate: return -arg(0);
    case Op::floor: return std::floor(arg(0));
    case Op::ceiling: return std::ceil(arg(0));
    case Op::round: return rounded(arg(0));
    case Op::length: {
      std::string scratch;
      return static_cast<double>(characters(view(node.args[0], record, scratch)));
    }
    default: return arg(0);  // number()
  }
}

void Program::append(Index at, const Record& record, std::string& out) const {
  const Node& node = nodes_[at];
  if (node.op == Op::field)
    out += record.fields[node.field];
  else if (node.op == Op::literal)
    out += node.text;
  else if (node.op == Op::place)
    out += record.place;
  else if (node.type == Type::truth)
    out += truth(at, record) ? "true" : "false";
  else if (node.type == Type::number)
    out += to_text(number(at, record));
  else
    append_function(node, record, out);
}

void Program::append_function(const Node& node, const Record& record, std::string& out) const {
  if (node.op == Op::concat || node.op == Op::string) {
    for (const Index arg : node.args) append(arg, record, out);
    return;
  }
  std::string scratch;
  const std::string_view text = view(node.args[0], record, scratch);
  if (node.op == Op::squeeze) return append_squeezed(text, out);
  if (node.op == Op::ascii || node.op == Op::lower || node.op == Op::upper) {
    out += node.op == Op::ascii ? to_ascii(text) : node.op == Op::lower ? lower_case(text) : upper_case(text);
    return;
  }
  if (node.op == Op::substring) {
    const double first = rounded(number(node.args[1], record));
    const double end = node.args.size() < 3 ? HUGE_VAL : first + rounded(number(node.args[2], record));
    return append_substring(text, first, end, out);
  }
  std::string second_scratch;
  const std::string_view second = view(node.args[1], record, second_scratch);
  if (node.op == Op::translate) {
    std::string third_scratch;
    return append_translated(text, second, view(node.args[2], record, third_scratch), out);
  }
  const std::size_t found = text.find(second);
  if (found == std::string_view::npos) return;
  out += node.op == Op::before ? text.substr(0, found) : text.substr(found + second.size());
}

}  // namespace muster::xpath
