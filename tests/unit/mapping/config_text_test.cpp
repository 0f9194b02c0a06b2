// The small parts below the loader: places in texts, URLs, patterns, fingerprints, XML that is none.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "mapping/directory_url.h"
#include "mapping/grammar.h"
#include "mapping/path_pattern.h"
#include "mapping/source_text.h"
#include "mapping/text_digest.h"
#include "mapping/xsd_check.h"
#include "tests/support/on_windows.h"

using namespace muster;

TEST_CASE("a place is a line and a column of characters, not of bytes") {
  const SourceText text("x.xml", "\xEF\xBB\xBF<a>\r\n\t\xC3\xA4\xE2\x82\xAC<b/>\n</a>");
  struct Case {
    std::string name;
    const char* what;
    std::string place;
  };
  const Case cases[] = {
      {"the first character, behind a byte order mark", "<a>", "x.xml:1:1"},
      {"a tab is one column", "\xC3\xA4", "x.xml:2:2"},
      {"a letter of two bytes is one column", "\xE2\x82\xAC", "x.xml:2:3"},
      {"a sign of three bytes is one column", "<b/>", "x.xml:2:4"},
      {"a line that ends with a line feed only", "</a>", "x.xml:3:1"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(text.at(text.text().find(c.what)).str() == c.place);
  }
  CHECK(text.at(10000).str() == "x.xml:3:5");
}

TEST_CASE("a byte of a value is found where it is written") {
  struct Case {
    std::string name;
    const char* tag;
    std::size_t decoded;
    std::string written;
  };
  const Case cases[] = {
      {"no entity before it", "<a v='one two'>", 4, "two'>"},
      {"&gt; is one byte of the value", "<a v='x &gt; y'>", 4, "y'>"},
      {"&amp; and &quot; too", "<a v='&amp;&quot;z'>", 2, "z'>"},
      {"a number for an ASCII letter", "<a v='&#65;z'>", 1, "z'>"},
      {"a number for a letter of two bytes", "<a v='&#228;z'>", 2, "z'>"},
      {"a hexadecimal number for a sign of three bytes", "<a v='&#x20AC;z'>", 3, "z'>"},
      {"a number for a sign of four bytes", "<a v='&#x1F600;z'>", 4, "z'>"},
      {"a line break of two bytes is one blank", "<a v='one\r\ntwo'>", 4, "two'>"},
      {"the second attribute", "<a u=\"'&gt;\" v='&lt;z'>", 1, "z'>"},
      {"blanks around the equals sign", "<a v = 'one'>", 1, "ne'>"},
      {"a name that ends like another", "<a xv='no' v='yes'>", 0, "yes'>"},
      {"past the end is the closing quote", "<a v='one'>", 99, "'>"},
      {"a '>' in another attribute's value", "<a u='>' v='one'>", 0, "one'>"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const SourceText text("x.xml", c.tag);
    const auto attribute = text.attribute(0, "v");
    REQUIRE(attribute);
    CHECK(text.text().substr(text.offset_in(*attribute, c.decoded)) == c.written);
  }
  CHECK_FALSE(SourceText("x.xml", "<a u='1'/>").attribute(0, "v"));
  CHECK_FALSE(SourceText("x.xml", "<a").attribute(0, "v"));
}

TEST_CASE("which URLs lead to a directory, and which of them in clear text over the network") {
  struct Case {
    std::string url;
    bool fine;
    bool clear;
  };
  const Case cases[] = {
      {"ldaps://dc1.example.com", true, false},
      {"ldaps://dc1.example.com:636/", true, false},
      {"ldap://dc1.example.com", true, true},
      {"LDAP://dc1.example.com:389", true, true},
      {"ldap://localhost:3890", true, false},
      {"ldap://127.0.0.2", true, false},
      {"ldap://[::1]:389", true, false},
      {"ldap://[fe80::1]", true, true},
      {"ldap://localhost.example.com", true, true},
      {"ldapi:///", true, false},
      {"ldapi://%2Frun%2Fslapd%2Fldapi", true, false},
      {"ldap://", false, true},
      {"ldap://host:0", false, true},
      {"ldap://host:389x", false, true},
      {"ldap://host:", false, true},
      {"https://host", false, false},
      {"host", false, false},
      {"ldaps://host/dc=x??sub", false, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.url);
    CHECK(!fault_of_url(c.url) == c.fine);
    CHECK(is_clear_text(c.url) == c.clear);
  }
}

TEST_CASE("names against patterns") {
  struct Case {
    std::string pattern, name;
    bool fits;
  };
  const Case cases[] = {
      {"*.xml", "access.xml", true},
      {"*.xml", "access.xml~", false},
      {"*.xml", ".access.xml", false},
      {".*", ".hidden", true},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"*", "", true},
      {"a*b*c", "axxbyybzzc", true},
      {"a*b*c", "axxbyybzz", false},
      {"", "", true},
      {"**", "x", true},
      {"?", "", false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.pattern);
    CAPTURE(c.name);
    CHECK(matches_name(c.pattern, c.name) == c.fits);
  }
  CHECK(matches_path("/etc/muster/mapping.d/*.xml", "/etc/muster/mapping.d/a.xml"));
  CHECK_FALSE(matches_path("/etc/muster/*.xml", "/etc/muster/mapping.d/a.xml"));
}

TEST_CASE("patterns find files in any folder, sorted, and no folders") {
  namespace fs = std::filesystem;
  const fs::path top = fs::temp_directory_path() / ("muster-pattern-" + std::to_string(std::random_device()()));
  fs::remove_all(top);
  for (const char* folder : {"b", "a", "a/deep.xml"}) fs::create_directories(top / folder);
  for (const char* file : {"b/2.xml", "b/1.xml", "a/3.xml", "a/3.txt"}) std::ofstream(top / file) << "x";
  const auto found = files_matching((top / "*" / "*.xml").string());
  CHECK(found ==
        std::vector<std::string>{(top / "a" / "3.xml").string(), (top / "b" / "1.xml").string(), (top / "b" / "2.xml").string()});
  CHECK(files_matching((top / "b/1.xml").string()).size() == 1);
  CHECK(files_matching((top / "c/*.xml").string()).empty());
  CHECK(files_matching((top / "a").string()).empty());
  fs::remove_all(top);
}

TEST_CASE("the fingerprint is SHA-256 (FIPS 180-4 examples)") {
  CHECK(text_digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(text_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(text_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(text_digest(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("validation stays offline: a document can name no DTD, no entity and no schema of its own") {
  const auto xsd = XsdCheck::compile(config_xsd(), "urn:muster:config:1");
  REQUIRE(xsd);
  const std::string name = "<muster xmlns='urn:muster:config:1'";
  const auto hinted = xsd->check(name +
                                 " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
                                 " xsi:schemaLocation='urn:muster:config:1 http://192.0.2.1/other.xsd'/>");
  CHECK_FALSE(hinted.not_xml);
  CHECK(hinted.faults.empty());
  for (const std::string prolog :
       {"<!DOCTYPE muster SYSTEM 'http://192.0.2.1/x.dtd'>", "<?xml version='1.0'?>\n<!-- <!DOCTYPE --> <!DOCTYPE muster []>",
        "<?xml version='1.0'?><?pi x?>\n<!DOCTYPE muster [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"}) {
    CAPTURE(prolog);
    const auto outcome = xsd->check(prolog + name + "/>");
    REQUIRE(outcome.not_xml);
    CHECK(outcome.not_xml->what == "a DOCTYPE is not allowed in configuration files");
  }
  CHECK_FALSE(xsd->check(name + "><!-- <!DOCTYPE muster> --></muster>").not_xml);
}

TEST_CASE("one misplaced element does not hide the next") {
  const auto xsd = XsdCheck::compile(config_xsd(), "urn:muster:config:1");
  REQUIRE(xsd);
  const auto outcome = xsd->check(
      "<muster xmlns='urn:muster:config:1'><one><two/></one><three/><state><four/><five/></state><include path='x' "
      "six='6'/></muster>");
  std::vector<std::size_t> elements;
  for (const XsdFault& fault : outcome.faults) {
    if (fault.kind == XsdFault::Kind::unknown_element) elements.push_back(fault.element);
  }
  std::sort(elements.begin(), elements.end());
  CHECK(elements == std::vector<std::size_t>{1, 3, 5, 6});
  CHECK(std::any_of(outcome.faults.begin(), outcome.faults.end(), [](const XsdFault& f) { return f.attribute == "six"; }));
  CHECK(std::any_of(outcome.faults.begin(), outcome.faults.end(),
                    [](const XsdFault& f) { return f.attribute == "path" && f.element == 4; }));
}

TEST_CASE("an XSD that is none is an error, not a crash") { CHECK_FALSE(XsdCheck::compile("<schema/>", "x")); }
