#include "agent/feed/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace muster {

namespace {

using Fault = Decoder::Fault;

constexpr std::uint64_t kHighBits = 0x8080808080808080U;

unsigned byte_at(std::string_view s, std::size_t i) { return static_cast<unsigned char>(s[i]); }

std::string hex(unsigned value, std::size_t digits) {
  std::string text(digits, '0');
  for (std::size_t i = digits; i-- > 0; value >>= 4) text[i] = "0123456789ABCDEF"[value & 15];
  return "0x" + text;
}

void append_utf8(std::string& text, unsigned c) {
  const auto put = [&](unsigned b) { text.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

Fault nul() { return {"a NUL byte", "the file is damaged, or it is UTF-16: then set encoding=\"utf-16\""}; }
Fault nul16() { return {"a NUL character", "the file is damaged: let HR write it again"}; }

/// How many of the first bytes are ASCII other than NUL.
std::size_t ascii_length(std::string_view s) {
  std::size_t i = 0;
  for (; i + 8 <= s.size(); i += 8) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, s.data() + i, 8);
    // (x - 1) & ~x has the high bit of each byte that is zero, or that follows one.
    if (((eight | ((eight - 0x0101010101010101U) & ~eight)) & kHighBits) != 0) break;
  }
  while (i < s.size() && byte_at(s, i) - 1 < 0x7F) ++i;
  return i;
}

class Utf8 final : public Decoder {
 protected:
  std::optional<Fault> begin(Mark mark, std::string_view first) override {
    if (mark == Mark::utf16le || mark == Mark::utf16be) {
      return Fault{"the file starts with the byte order mark of UTF-16, but encoding=\"utf-8\" is declared",
                   "set encoding=\"utf-16\"", true};
    }
    if (first.size() >= 2 && (first[0] == 0) != (first[1] == 0)) {
      return Fault{"the file looks like UTF-16, but encoding=\"utf-8\" is declared",
                   std::string("set encoding=\"") + (first[0] == 0 ? "utf-16be\"" : "utf-16le\""), true};
    }
    return std::nullopt;
  }

  std::optional<Fault> take(std::string_view& bytes, std::string& text) override {
    std::size_t i = 0;
    std::optional<Fault> fault;
    while (i < bytes.size()) {
      i += ascii_length(bytes.substr(i));
      if (i == bytes.size()) break;
      const int n = byte_at(bytes, i) == 0 ? 0 : utf8_length(bytes.substr(i));
      if (n == 0) fault = wrong(byte_at(bytes, i));
      if (n <= 0) break;
      i += static_cast<std::size_t>(n);
    }
    text.append(bytes.substr(0, i));
    bytes.remove_prefix(i);
    return fault;
  }

 private:
  static Fault wrong(unsigned byte) {
    if (byte == 0) return nul();
    return {"the byte " + hex(byte, 2) + " is not valid UTF-8 here", "if the file is Windows-1252, set encoding=\"windows-1252\""};
  }
};

class Utf16 final : public Decoder {
 public:
  enum class Order { by_mark, little, big };
  Utf16(std::string name, Order order) : name_(std::move(name)), declared_(order), big_(order == Order::big) {}

 protected:
  std::optional<Fault> begin(Mark mark, std::string_view first) override {
    const std::string declared = "encoding=\"" + name_ + "\" is declared";
    if (mark == Mark::utf8) {
      return Fault{"the file starts with the byte order mark of UTF-8, but " + declared, "set encoding=\"utf-8\"", true};
    }
    if (declared_ == Order::by_mark && mark == Mark::none)
      return Fault{"the file has no byte order mark, but " + declared, guess(first), true};
    const bool big = mark == Mark::utf16be;
    if (declared_ != Order::by_mark && mark != Mark::none && big != big_) {
      return Fault{std::string("the file starts with the byte order mark of UTF-16 ") + (big ? "big" : "little") + " endian, but " +
                       declared,
                   "set encoding=\"utf-16\"", true};
    }
    if (mark != Mark::none) big_ = big;
    return std::nullopt;
  }

  std::optional<Fault> take(std::string_view& bytes, std::string& text) override {
    std::size_t i = 0;
    std::optional<Fault> fault;
    while (i + 2 <= bytes.size() && !fault) {
      unsigned c = unit(bytes, i);
      const bool pair = c >= 0xD800 && c < 0xDC00;
      if (pair && i + 4 > bytes.size()) break;
      const unsigned low = pair ? unit(bytes, i + 2) : 0;
      if (c == 0) fault = nul16();
      if ((c >= 0xDC00 && c < 0xE000) || (pair && (low < 0xDC00 || low >= 0xE000))) {
        fault = Fault{"half a character of UTF-16 (" + hex(c, 4) + ")", "the file is damaged, or in another encoding"};
      }
      if (fault) break;
      if (pair) c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      append_utf8(text, c);
      i += pair ? 4 : 2;
    }
    bytes.remove_prefix(i);
    return fault;
  }

 private:
  static std::string guess(std::string_view first) {
    if (first.size() < 2 || (first[0] == 0) == (first[1] == 0))
      return "set encoding=\"utf-8\" or \"windows-1252\", whichever it is";
    return first[0] == 0 ? "set encoding=\"utf-16be\"" : "set encoding=\"utf-16le\"";
  }
  unsigned unit(std::string_view s, std::size_t i) const {
    return big_ ? byte_at(s, i) << 8 | byte_at(s, i + 1) : byte_at(s, i + 1) << 8 | byte_at(s, i);
  }

  std::string name_;
  Order declared_;
  bool big_;
};

/// 0x80 to 0x9F in Windows-1252; 0: no character.
constexpr std::array<std::uint16_t, 32> kWindows1252{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
    0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

class Windows1252 final : public Decoder {
 protected:
  std::optional<Fault> begin(Mark mark, std::string_view) override {
    if (mark == Mark::none) return std::nullopt;
    const char* right = mark == Mark::utf8 ? "utf-8" : "utf-16";
    return Fault{std::string("the file starts with the byte order mark of ") + (mark == Mark::utf8 ? "UTF-8" : "UTF-16") +
                     ", but encoding=\"windows-1252\" is declared",
                 std::string("set encoding=\"") + right + "\"", true};
  }

  std::optional<Fault> take(std::string_view& bytes, std::string& text) override {
    while (!bytes.empty()) {
      const std::size_t n = ascii_length(bytes);
      if (n > 0) run_ends();
      text.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (bytes.empty()) break;
      const unsigned b = byte_at(bytes, 0);
      const unsigned c = b >= 0xA0 ? b : b == 0 ? 0 : kWindows1252[b - 0x80];
      if (c == 0)
        return b == 0 ? nul()
                      : Fault{"the byte " + hex(b, 2) + " is no character of Windows-1252",
                              "if the file is UTF-8, set encoding=\"utf-8\""};
      watch(b);
      append_utf8(text, c);
      bytes.remove_prefix(1);
    }
    return std::nullopt;
  }

  /// UTF-8 read as Windows-1252 has no unreadable byte and every name in it is wrong.
  std::optional<Fault> end() override {
    run_ends();
    if (!utf8_seen_ || other_seen_) return std::nullopt;
    return Fault{"the file is UTF-8, but encoding=\"windows-1252\" is declared", "set encoding=\"utf-8\"", true};
  }

 private:
  void watch(unsigned byte) {
    if (run_.size() < kRun) run_.push_back(static_cast<char>(byte));
  }
  /// A run of bytes above ASCII is over. Accidental UTF-8 would need each of them to look like it.
  void run_ends() {
    for (std::string_view s = run_; !s.empty();) {
      const int n = utf8_length(s);
      if (n < 0 && run_.size() == kRun) break;
      (n > 0 ? utf8_seen_ : other_seen_) = true;
      s.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : s.size());
    }
    run_.clear();
  }

  static constexpr std::size_t kRun = 64;  ///< of a longer run the beginning is enough
  std::string run_;
  bool utf8_seen_ = false, other_seen_ = false;
};

}  // namespace

int utf8_length(std::string_view s) {
  const unsigned lead = byte_at(s, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t n = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  for (std::size_t i = 1; i < n && i < s.size(); ++i) {
    unsigned low = 0x80, high = 0xBF;
    if (i == 1 && lead == 0xE0) low = 0xA0;
    if (i == 1 && lead == 0xED) high = 0x9F;
    if (i == 1 && lead == 0xF0) low = 0x90;
    if (i == 1 && lead == 0xF4) high = 0x8F;
    if (byte_at(s, i) < low || byte_at(s, i) > high) return 0;
  }
  return s.size() < n ? -1 : static_cast<int>(n);
}

std::size_t utf8_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Result<std::unique_ptr<Decoder>> Decoder::make(const std::string& encoding) {
  using Made = std::unique_ptr<Decoder>;
  if (encoding == "utf-8") return Made(std::make_unique<Utf8>());
  if (encoding == "utf-16") return Made(std::make_unique<Utf16>(encoding, Utf16::Order::by_mark));
  if (encoding == "utf-16le") return Made(std::make_unique<Utf16>(encoding, Utf16::Order::little));
  if (encoding == "utf-16be") return Made(std::make_unique<Utf16>(encoding, Utf16::Order::big));
  if (encoding == "windows-1252") return Made(std::make_unique<Windows1252>());
  return Error{Errc::config, "unknown encoding '" + encoding + "'", "there are utf-8, utf-16, utf-16le, utf-16be and windows-1252"};
}

std::optional<Fault> Decoder::open() {
  begun_ = true;
  const std::string_view all = rest_;
  Mark mark = Mark::none;
  if (all.starts_with("\xEF\xBB\xBF")) mark = Mark::utf8;
  if (all.starts_with("\xFF\xFE")) mark = Mark::utf16le;
  if (all.starts_with("\xFE\xFF")) mark = Mark::utf16be;
  rest_.erase(0, mark == Mark::none ? 0 : mark == Mark::utf8 ? 3 : 2);
  return begin(mark, rest_);
}

std::optional<Fault> Decoder::decode(std::string_view bytes, std::string& text) {
  if (begun_ && rest_.empty()) {
    auto fault = take(bytes, text);
    rest_.assign(bytes);
    return fault;
  }
  rest_.append(bytes);
  if (!begun_) {
    if (rest_.size() < 4) return std::nullopt;
    if (auto fault = open()) return fault;
  }
  std::string_view all = rest_;
  auto fault = take(all, text);
  rest_.erase(0, rest_.size() - all.size());
  return fault;
}

std::optional<Fault> Decoder::finish(std::string& text) {
  if (!begun_) {
    if (auto fault = open()) return fault;
  }
  std::string_view all = rest_;
  if (auto fault = take(all, text)) return fault;
  if (!all.empty()) return Fault{"the file ends inside a character", "it looks cut off: let HR write it again"};
  return end();
}

}  // namespace muster
