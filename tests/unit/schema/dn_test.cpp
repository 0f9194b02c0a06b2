#include "schema/dn.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

struct Same {
  const char* what;
  const char* a;
  const char* b;
  bool same;
};

}  // namespace

TEST_CASE("dn: names that mean the same entry are equal, others are not") {
  const Same cases[] = {
      {"case of types and values", "CN=Ann,DC=Example,DC=com", "cn=ann,dc=example,dc=COM", true},
      {"space around separators", "cn=Ann , dc=example", "cn=Ann,dc=example", true},
      {"space inside is squeezed", "cn=Ann  Lee,dc=example", "cn=ann lee,dc=example", true},
      {"an escaped leading space counts as insignificant", "cn=\\ Ann,dc=example", "cn=Ann,dc=example", true},
      {"hex and backslash escapes", "cn=Lee\\2C Ann,dc=example", "cn=Lee\\, Ann,dc=example", true},
      {"UTF-8 by bytes or as text", "cn=J\\C3\\B6rg,dc=example", "cn=Jörg,dc=example", true},
      {"case of umlauts", "cn=JÖRG,dc=example", "cn=jörg,dc=example", true},
      {"case of Greek and Cyrillic", "cn=ΑΝΝΑ ИВАН,dc=example", "cn=αννα иван,dc=example", true},
      {"order in a multi-valued RDN", "cn=Ann+uid=a1,dc=example", "UID=a1+CN=Ann,dc=example", true},
      {"OIDs of naming types", "2.5.4.3=Ann,0.9.2342.19200300.100.1.25=example", "cn=ann,dc=example", true},
      {"another value", "cn=Ann,dc=example", "cn=Anne,dc=example", false},
      {"another type", "cn=Ann,dc=example", "uid=Ann,dc=example", false},
      {"one level more", "cn=Ann,ou=a,dc=example", "cn=Ann,dc=example", false},
      {"an umlaut is not its base letter", "cn=Jörg,dc=example", "cn=Jorg,dc=example", false},
      {"a comma in a value is not a separator", "cn=Ann\\,ou=a,dc=example", "cn=Ann,ou=a,dc=example", false},
  };
  for (const Same& c : cases) {
    CAPTURE(c.what);
    const auto a = Dn::parse(c.a), b = Dn::parse(c.b);
    REQUIRE(a);
    REQUIRE(b);
    CHECK((*a == *b) == c.same);
    CHECK((a->normal() == b->normal()) == c.same);
    CHECK(*Dn::parse(a->normal()) == *a);
    CHECK(a->str() == c.a);
  }
}

TEST_CASE("dn: what is no name is refused, with the place") {
  for (const std::string text : {"ann", "cn", "=ann", "cn=ann,", ",cn=ann", "cn=ann,,dc=x", "cn=a\"b", "cn=ann\\", "cn=ann\\2",
                                 "cn=a;b=c<d", "c n=ann", "1.2.=x", "cn=#zz", "cn=a+", "cn=ann+,dc=x"}) {
    CAPTURE(text);
    const auto dn = Dn::parse(text);
    REQUIRE_FALSE(dn);
    CHECK(dn.error().code == Errc::config);
    CHECK_FALSE(dn.error().text().empty());
  }
}

TEST_CASE("dn: children and parents") {
  const Dn base = *Dn::parse("ou=people,dc=example,dc=com");
  for (const std::string value : {"Ann", "Lee, Ann", " lead and trail ", "#hash", "a+b=c<d>e;f\"g\\h", "Jörg", "nul\\00"}) {
    CAPTURE(value);
    const Dn child = Dn::child({"cn", value}, base);
    CHECK(child.is_under(base));
    CHECK(child.parent() == base);
    const auto again = Dn::parse(child.str());
    REQUIRE(again);
    CHECK(*again == child);
    REQUIRE(again->rdn_avas().size() == 1);
    CHECK(again->rdn_avas()[0].value == value);
  }
  CHECK(base.is_under(base));
  CHECK_FALSE(base.is_under(*Dn::parse("ou=people,dc=example,dc=org")));
  CHECK_FALSE(Dn::parse("xou=people,dc=example,dc=com")->is_under(*Dn::parse("ou=people,dc=example,dc=com")));
  CHECK(base.is_under(Dn()));
  CHECK(Dn::parse("dc=com")->parent().empty());
  CHECK(Dn().parent().empty());
  CHECK(Dn::parse("cn=Ann+uid=a1,dc=x")->rdn() == "cn=Ann+uid=a1");
  CHECK(Dn::parse("cn=Ann+uid=a1,dc=x")->rdn_avas().size() == 2);
}

TEST_CASE("dn: a control character in a value survives the round through text") {
  const std::string odd("a\0b\nc", 5);
  const Dn dn = Dn::child({"cn", odd}, *Dn::parse("dc=x"));
  const auto again = Dn::parse(dn.str());
  REQUIRE(again);
  CHECK(again->rdn_avas()[0].value == odd);
}
