// Bytes to UTF-8, strictly: a character that cannot be read is a fault, never a question mark.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "schema/result.h"

namespace muster {

/// Turns a file's bytes, piece by piece, into UTF-8 without a byte order mark. NUL is no character of any text.
class Decoder {
 public:
  struct Fault {
    std::string what, hint;
    bool whole = false;  ///< about the file, not about the character after the text so far
  };

  /// utf-8, utf-16 (with a byte order mark), utf-16le, utf-16be or windows-1252. Errc::config for any other.
  static Result<std::unique_ptr<Decoder>> make(const std::string& encoding);
  virtual ~Decoder() = default;

  /// Appends to `text` what `bytes` mean. After a Fault `text` ends with the last good character, and nothing may follow.
  std::optional<Fault> decode(std::string_view bytes, std::string& text);
  /// No bytes follow.
  std::optional<Fault> finish(std::string& text);

 protected:
  enum class Mark { none, utf8, utf16le, utf16be };
  /// Appends what it can of `bytes`, which start at a character, and takes that off; a character that is cut off by the end is
  /// left.
  virtual std::optional<Fault> take(std::string_view& bytes, std::string& text) = 0;
  /// `mark`: what the file starts with; it is taken off already.
  virtual std::optional<Fault> begin(Mark mark, std::string_view first) = 0;
  virtual std::optional<Fault> end() { return std::nullopt; }

 private:
  std::optional<Fault> open();
  std::string rest_;
  bool begun_ = false;
};

/// Bytes of the UTF-8 character (Unicode 15, table 3-7) at the start of `text`, which is not empty. 0: none begins here. -1: it is
/// cut off.
int utf8_length(std::string_view text);
/// Characters of valid UTF-8.
std::size_t utf8_count(std::string_view text);

}  // namespace muster
