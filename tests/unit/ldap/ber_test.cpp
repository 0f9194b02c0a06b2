// Reading BER in place.
#include "ldap/ber.h"

#include <doctest/doctest.h>

#include <string>

using namespace muster;

TEST_CASE("ber: one element is taken when all of it is there") {
  struct Case {
    const char* name;
    std::string bytes;
    bool taken;
    std::string contents, rest;
  };
  const std::string long_value(200, 'x');
  const Case cases[] = {
      {"a short one", std::string("\x04\x02hi", 4), true, "hi", ""},
      {"an empty one, and more behind it", std::string("\x04\x00\x30", 3), true, "", "\x30"},
      {"a length in one octet more", "\x04\x81\xc8" + long_value, true, long_value, ""},
      {"a length with leading zeros", std::string("\x04\x84\x00\x00\x00\x01z!", 8), true, "z", "!"},
      {"nothing", "", false, "", ""},
      {"a tag alone", "\x04", false, "", "\x04"},
      {"contents cut off", std::string("\x04\x03hi", 4), false, "", std::string("\x04\x03hi", 4)},
      {"a length cut off", std::string("\x04\x82\x01", 3), false, "", std::string("\x04\x82\x01", 3)},
      {"the indefinite length, which LDAP does not have", std::string("\x30\x80\x00\x00", 4), false, "",
       std::string("\x30\x80\x00\x00", 4)},
      {"a length beyond four octets", std::string("\x04\x85\x00\x00\x00\x00\x01z", 8), false, "",
       std::string("\x04\x85\x00\x00\x00\x00\x01z", 8)},
      {"a length that would overflow", std::string("\x04\x84\xff\xff\xff\xffz", 7), false, "",
       std::string("\x04\x84\xff\xff\xff\xffz", 7)},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    std::string_view rest = c.bytes;
    wire::Element element;
    CHECK(wire::take_element(rest, element) == c.taken);
    CHECK(element.contents == c.contents);
    CHECK(rest == c.rest);
  }
}

TEST_CASE("ber: an element of another tag is left where it is") {
  const std::string bytes("\x04\x02hi", 4);
  std::string_view rest = bytes, contents;
  CHECK_FALSE(wire::take_element(rest, wire::kSequence, contents));
  CHECK(rest == bytes);
  CHECK(wire::take_element(rest, wire::kOctetString, contents));
  CHECK(contents == "hi");
  CHECK(rest.empty());
}
