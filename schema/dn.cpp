#include "schema/dn.h"

#include <algorithm>
#include <array>

#include "schema/ascii.h"

namespace muster {

namespace {

/// RFC 4519 types that may stand as an OID (RFC 4514 section 3).
std::string_view name_of_oid(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kNames{{{"2.5.4.3", "cn"},
                                                                                  {"2.5.4.4", "sn"},
                                                                                  {"2.5.4.6", "c"},
                                                                                  {"2.5.4.7", "l"},
                                                                                  {"2.5.4.8", "st"},
                                                                                  {"2.5.4.9", "street"},
                                                                                  {"2.5.4.10", "o"},
                                                                                  {"2.5.4.11", "ou"},
                                                                                  {"0.9.2342.19200300.100.1.1", "uid"},
                                                                                  {"0.9.2342.19200300.100.1.25", "dc"}}};
  for (const auto& [oid, name] : kNames) {
    if (type == oid) return name;
  }
  return type;
}

std::string normal_type(std::string_view type) {
  std::string lower = to_lower(type);
  if (lower.starts_with("oid.")) lower.erase(0, 4);
  return std::string(name_of_oid(lower));
}

/// Case folded, runs of white space as one blank, none at the ends (RFC 4518 section 2.6.1).
std::string normal_value(std::string_view value) { return squeeze(fold_case(value)); }

/// RFC 4512 section 1.4: a letter, then letters, digits and hyphens.
bool is_descriptor(std::string_view type) { return is_alpha(type.front()) && type.find('.') == std::string_view::npos; }

/// RFC 4512 section 1.4: numbers with single dots between them.
bool is_numeric_oid(std::string_view type) {
  return is_digit(type.front()) && is_digit(type.back()) && type.find("..") == std::string_view::npos &&
         std::all_of(type.begin(), type.end(), [](char c) { return is_digit(c) || c == '.'; });
}

/// Reads one RFC 4514 string.
class DnParser {
 public:
  explicit DnParser(std::string_view text) : text_(text) {}

  Result<std::vector<std::vector<Ava>>> names() {
    std::vector<std::vector<Ava>> all;
    skip_blanks();
    if (at_end()) return all;
    for (;;) {
      all.emplace_back();
      MUSTER_TRY(rdn(all.back()));
      if (at_end()) return all;
      ++pos_;
      skip_blanks();
      if (at_end()) return fault("the name ends after a comma");
    }
  }

 private:
  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return text_[pos_]; }
  void skip_blanks() {
    while (!at_end() && peek() == ' ') ++pos_;
  }
  Error fault(const std::string& what) const {
    return {Errc::config,
            "'" + std::string(text_) + "' is no distinguished name: " + what + " at character " + std::to_string(pos_ + 1), ""};
  }

  Status rdn(std::vector<Ava>& avas) {
    for (;;) {
      skip_blanks();
      Ava ava;
      MUSTER_TRY(type(ava.type));
      MUSTER_TRY(value(ava.value));
      avas.push_back(std::move(ava));
      if (at_end() || peek() == ',' || peek() == ';') return ok();
      ++pos_;
    }
  }

  Status type(std::string& out) {
    const std::size_t begin = pos_;
    while (!at_end() && (is_alpha(peek()) || is_digit(peek()) || peek() == '-' || peek() == '.')) ++pos_;
    out = text_.substr(begin, pos_ - begin);
    if (out.empty()) return fault("an attribute type is missing");
    skip_blanks();
    if (at_end() || peek() != '=') return fault("'=' is missing");
    if (!is_descriptor(out) && !is_numeric_oid(out)) return fault("'" + out + "' is no attribute type");
    ++pos_;
    skip_blanks();
    return ok();
  }

  Status value(std::string& out) {
    if (!at_end() && peek() == '#') return hex_string(out);
    if (!at_end() && peek() == '"') return quoted(out);
    std::size_t keep = 0;
    while (!at_end()) {
      const char c = peek();
      if (c == ',' || c == '+' || c == ';') break;
      if (c == '"' || c == '<' || c == '>' || c == '\0') return fault("an unescaped special character");
      if (c == '\\') {
        MUSTER_TRY(escape(out));
        keep = out.size();
        continue;
      }
      out.push_back(c);
      ++pos_;
      if (c != ' ') keep = out.size();
    }
    out.resize(keep);
    return ok();
  }

  Status escape(std::string& out) {
    ++pos_;
    if (at_end()) return fault("the name ends after a backslash");
    const char c = peek();
    if (std::string_view(" \"#+,;<=>\\").find(c) != std::string_view::npos) {
      out.push_back(c);
      ++pos_;
      return ok();
    }
    if (pos_ + 1 >= text_.size() || hex_value(c) < 0 || hex_value(text_[pos_ + 1]) < 0)
      return fault("a backslash that escapes nothing");
    out.push_back(static_cast<char>(hex_value(c) << 4 | hex_value(text_[pos_ + 1])));
    pos_ += 2;
    return ok();
  }

  /// The quoted form of RFC 1779, which RFC 4514 no longer writes but AD tools do.
  Status quoted(std::string& out) {
    ++pos_;
    while (!at_end() && peek() != '"') {
      if (peek() == '\\') {
        MUSTER_TRY(escape(out));
      } else {
        out.push_back(peek());
        ++pos_;
      }
    }
    if (at_end()) return fault("a quote that is not closed");
    ++pos_;
    skip_blanks();
    if (!at_end() && std::string_view(",+;").find(peek()) == std::string_view::npos) return fault("text after a quoted value");
    return ok();
  }

  /// "#04024869": BER of the value (RFC 4514 section 2.4). String types are unwrapped, others kept as they are.
  Status hex_string(std::string& out) {
    ++pos_;
    std::string ber;
    while (pos_ + 1 < text_.size() && hex_value(peek()) >= 0 && hex_value(text_[pos_ + 1]) >= 0) {
      ber.push_back(static_cast<char>(hex_value(peek()) << 4 | hex_value(text_[pos_ + 1])));
      pos_ += 2;
    }
    skip_blanks();
    if (ber.empty() || (!at_end() && std::string_view(",+;").find(peek()) == std::string_view::npos))
      return fault("a broken hexadecimal value");
    const auto tag = static_cast<unsigned char>(ber[0]);
    const bool string = tag == 0x04 || tag == 0x0c || tag == 0x13 || tag == 0x16;
    if (!string || ber.size() < 2 || static_cast<unsigned char>(ber[1]) >= 0x80 ||
        ber.size() != 2 + static_cast<std::size_t>(static_cast<unsigned char>(ber[1]))) {
      return fault("a hexadecimal value that is no string");
    }
    out = ber.substr(2);
    return ok();
  }

  std::string_view text_;
  std::size_t pos_ = 0;
};

std::string write_rdn(std::vector<std::pair<std::string, std::string>> avas) {
  std::sort(avas.begin(), avas.end());
  std::string out;
  for (const auto& [type, value] : avas) {
    if (!out.empty()) out.push_back('+');
    out += type;
    out.push_back('=');
    out += escape_dn_value(value);
  }
  return out;
}

std::string normal_rdn(const std::vector<Ava>& rdn) {
  std::vector<std::pair<std::string, std::string>> avas;
  for (const Ava& a : rdn) avas.emplace_back(normal_type(a.type), normal_value(a.value));
  return write_rdn(std::move(avas));
}

/// Lower-casing is all that a name like "uid=ann,ou=people,dc=example,dc=com" needs.
bool is_plain(std::string_view text) {
  bool in_value = false, empty = true;
  for (const char c : text) {
    if (is_alpha(c) || is_digit(c) || c == '-' || (in_value && (c == '_' || c == '@' || c == '.'))) {
      empty = false;
    } else if (c == '=' && !in_value && !empty) {
      in_value = true;
      empty = true;
    } else if (c == ',' && in_value && !empty) {
      in_value = false;
      empty = true;
    } else {
      return false;
    }
  }
  return in_value && !empty;
}

/// The end of the first RDN of a valid name: the first comma that is not escaped or quoted.
std::size_t rdn_end(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[i] == ',' || text[i] == ';')) {
      return i;
    }
  }
  return text.size();
}

std::string_view trim_front(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

/// Where a code point of two bytes folds to: Latin-1, Latin Extended-A, Greek, Cyrillic.
unsigned fold_point(unsigned c) {
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
  if (c >= 0x100 && c <= 0x137 && c != 0x130 && c != 0x131) return c | 1;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c % 2 ? c + 1 : c;
  if (c >= 0x14A && c <= 0x177) return c | 1;
  if (c == 0x178) return 0xFF;
  if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 0x20;
  if (c == 0x3C2) return 0x3C3;
  if (c == 0x386) return 0x3AC;
  if (c >= 0x388 && c <= 0x38A) return c + 0x25;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 0x3F;
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  return c;
}

}  // namespace

std::string to_lower(std::string_view ascii) {
  std::string out(ascii);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::string fold_case(std::string_view utf8) {
  std::string out = to_lower(utf8);
  for (std::size_t i = 0; i + 1 < out.size(); ++i) {
    const auto a = static_cast<unsigned char>(out[i]), b = static_cast<unsigned char>(out[i + 1]);
    if (a < 0xC3 || a > 0xD1 || (b & 0xC0) != 0x80) continue;
    const unsigned folded = fold_point((a & 0x1Fu) << 6 | (b & 0x3Fu));
    out[i] = static_cast<char>(0xC0 | folded >> 6);
    out[i + 1] = static_cast<char>(0x80 | (folded & 0x3F));
    ++i;
  }
  return out;
}

std::string squeeze(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c != ' ') {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string escape_dn_value(std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool edge_blank = c == ' ' && (i == 0 || i + 1 == value.size());
    if (edge_blank || (c == '#' && i == 0) || std::string_view("\"+,;<>\\").find(c) != std::string_view::npos) {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out.push_back('\\');
      out.push_back(kHex[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kHex[static_cast<unsigned char>(c) & 15]);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

Result<Dn> Dn::parse(std::string_view text) {
  if (is_plain(text) && !(is_digit(text.front()) || text.find(",0.") != std::string_view::npos))
    return Dn(std::string(text), to_lower(text));
  auto names = DnParser(text).names();
  if (!names) return std::move(names).error();
  std::string normal;
  for (const auto& rdn : *names) {
    if (!normal.empty()) normal.push_back(',');
    normal += normal_rdn(rdn);
  }
  return Dn(names->empty() ? std::string() : std::string(text), std::move(normal));
}

Dn Dn::child(const Ava& rdn, const Dn& parent) {
  std::string text = rdn.type + "=" + escape_dn_value(rdn.value);
  std::string normal = normal_rdn({rdn});
  if (!parent.empty()) {
    text += "," + parent.text_;
    normal += "," + parent.normal_;
  }
  return Dn(std::move(text), std::move(normal));
}

bool Dn::is_under(const Dn& base) const {
  if (base.empty()) return true;
  const std::string_view mine = normal_, its = base.normal_;
  if (!mine.ends_with(its)) return false;
  if (mine.size() == its.size()) return true;
  const std::size_t comma = mine.size() - its.size() - 1;
  if (mine[comma] != ',') return false;
  std::size_t backslashes = 0;
  while (backslashes < comma && mine[comma - 1 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 0;
}

Dn Dn::parent() const {
  const std::string_view text = text_, normal = normal_;
  const std::size_t t = rdn_end(text), n = rdn_end(normal);
  if (t == text.size() || n == normal.size()) return {};
  return Dn(std::string(trim_front(text.substr(t + 1))), std::string(normal.substr(n + 1)));
}

std::string Dn::rdn() const { return text_.substr(0, rdn_end(text_)); }

std::vector<Ava> Dn::rdn_avas() const {
  auto names = DnParser(rdn()).names();
  return names && !names->empty() ? std::move(names->front()) : std::vector<Ava>{};
}

}  // namespace muster
