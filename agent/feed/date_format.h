// Dates as HR writes them, whatever the locale.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/calendar.h"

namespace muster {

/// strptime(3)'s %Y %y %m %b %B %d %e, for times (which do not count) %H %M %S, and %%. Month names are English, short or long, in
/// any case; a blank stands for any number of blanks. %Y is four digits; %y 69 to 99 are 1969 to 1999 (POSIX). Other numbers have
/// one or two digits, two where nothing separates them (%Y%m%d).
class DateFormat {
 public:
  /// None: a specifier that is not in the list.
  static std::optional<DateFormat> compile(std::string format);
  /// None: the text is not of this form, or there is no such day.
  std::optional<Day> parse(std::string_view text) const;
  const std::string& str() const { return format_; }

 private:
  explicit DateFormat(std::string format) : format_(std::move(format)) {}
  std::string format_;
  bool packed_ = false;  ///< numbers stand beside each other
};

}  // namespace muster
