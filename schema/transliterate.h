// Names of people in the letters of ASCII, and their upper and lower case, whatever the locale. Pure.
#pragma once

#include <string>
#include <string_view>

namespace muster {

/// What people write where only ASCII can be: ä ae, ö oe, ü ue, ß ss (DIN 5007-2, also of a letter and its own mark U+0308), ø o, å
/// a, æ ae, ł l, þ th; other marks are dropped (Latin with Vietnamese); Greek by ELOT 743 letter by letter, with ου as ou; Cyrillic
/// by BGN/PCGN without its apostrophes. ASCII stays as it is, what has no likeness is left out. One character gives at most four.
/// Bytes that are no UTF-8 are left out.
std::string to_ascii(std::string_view utf8);

/// Unicode's simple case mapping for Latin, Greek and Cyrillic; of upper_case also ß to SS. Bytes that are no UTF-8 stay.
std::string lower_case(std::string_view utf8);
std::string upper_case(std::string_view utf8);

}  // namespace muster
