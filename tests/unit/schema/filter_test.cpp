#include "schema/filter.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

Entry ann() {
  Entry e;
  e.dn = *Dn::parse("uid=ann,ou=people,dc=x");
  e.attributes.set("objectClass", {"top", "inetOrgPerson"});
  e.attributes.set("cn", {"Ann (Lee) *"});
  e.attributes.set("uidNumber", {"1000"});
  e.attributes.set("memberOf", {"CN=Admins, OU=groups,DC=x"});
  e.attributes.set("userAccountControl", {"514"});
  return e;
}

}  // namespace

TEST_CASE("filter: what it matches") {
  struct Case {
    const char* filter;
    bool matches;
  };
  const Case cases[] = {
      {"(objectClass=inetOrgPerson)", true},
      {"(OBJECTCLASS=INETORGPERSON)", true},
      {"(objectClass=group)", false},
      {"(cn=*)", true},
      {"(sn=*)", false},
      {"(!(sn=*))", true},
      {"(cn=ann \\28lee\\29 \\2a)", true},
      {"(cn=Ann*)", true},
      {"(cn=*lee*)", true},
      {"(cn=*lee)", false},
      {"(cn=a*l*\\2a)", true},
      {"(&(cn=ann*)(uidNumber>=1000)(uidNumber<=1000))", true},
      {"(uidNumber>=999)", true},
      {"(uidNumber<=999)", false},
      {"(uidNumber=01000)", true},
      {"(|(sn=x)(cn=ann*))", true},
      {"(&)", true},
      {"(|)", false},
      {"(memberOf=cn=admins,ou=groups,dc=x)", true},
      {"(memberOf=cn=others,ou=groups,dc=x)", false},
      {"(userAccountControl:1.2.840.113556.1.4.803:=2)", true},
      {"(userAccountControl:1.2.840.113556.1.4.803:=514)", true},
      {"(userAccountControl:1.2.840.113556.1.4.803:=515)", false},
      {"(userAccountControl:1.2.840.113556.1.4.804:=3)", true},
      {"(userAccountControl:1.2.840.113556.1.4.804:=1)", false},
      {"(memberOf:1.2.840.113556.1.4.1941:=cn=admins,ou=groups,dc=x)", false},  // only the server knows
      {"(!(memberOf:1.2.840.113556.1.4.1941:=cn=others,ou=groups,dc=x))", false},
      {"(cn~=ANN \\28lee\\29 \\2a)", true},
      {"(sn=x)", false},
      {"(!(sn=x))", true},
  };
  const AttributeTypes types = AttributeTypes::active_directory();
  for (const Case& c : cases) {
    CAPTURE(c.filter);
    const auto filter = Filter::parse(c.filter);
    REQUIRE(filter);
    CHECK(filter->matches(ann(), types) == c.matches);
    CHECK(filter->str() == c.filter);
  }
}

TEST_CASE("filter: what is none is refused, with the place") {
  for (const std::string text : {"", "cn=ann", "(cn=ann", "(cn=ann))", "()", "(cn)", "(&(cn=a)", "(!(a=b)(c=d))", "(cn=a\\2)",
                                 "(cn=a\\zz)", "(cn:caseExactMatch:=a)", "(=a)", "(cn=a(b)"}) {
    CAPTURE(text);
    const auto filter = Filter::parse(text);
    REQUIRE_FALSE(filter);
    CHECK(filter.error().code == Errc::config);
  }
}

TEST_CASE("filter: names the attributes that it looks at") {
  CHECK(Filter::parse("(&(objectClass=user)(!(SN=x))(|(cn=a*)(Cn=b)))")->attributes() ==
        std::vector<std::string>{"cn", "objectclass", "sn"});
}

TEST_CASE("filter: what it asks an attribute to be, and whether nested") {
  struct Case {
    const char* filter;
    Values groups;
    bool nested = false;
  };
  const Case cases[] = {
      {"(objectClass=user)", {}},
      {"(memberOf=cn=a,dc=x)", {"cn=a,dc=x"}},
      {"(&(objectClass=user)(|(memberof=cn=a,dc=x)(MemberOf:1.2.840.113556.1.4.1941:=cn=b,dc=x)))",
       {"cn=a,dc=x", "cn=b,dc=x"},
       true},
      {"(memberOf=cn=a \\28all\\29,dc=x)", {"cn=a (all),dc=x"}},
      {"(memberOf=*)", {}},
      {"(memberOf=cn=a*)", {}},
      {"(&)", {}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.filter);
    const auto filter = Filter::parse(c.filter);
    REQUIRE(filter);
    CHECK(filter->values_of("memberOf") == c.groups);
    CHECK(filter->asks_for_nesting() == c.nested);
  }
}

TEST_CASE("filter: an escaped value is found again as it was") {
  const std::string odd("a*(b)\\c\0d", 9);
  Entry e;
  e.attributes.set("description", {odd});
  const auto filter = Filter::parse("(description=" + escape_filter_value(odd) + ")");
  REQUIRE(filter);
  CHECK(filter->matches(e, AttributeTypes::standard()));
}
