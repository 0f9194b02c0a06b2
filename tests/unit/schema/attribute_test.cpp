#include "schema/attribute.h"

#include <doctest/doctest.h>

using namespace muster;

namespace {

struct Case {
  Matching rule;
  std::string a, b;
  bool same;
};

/// As slapd 2.5 publishes them in cn=Subschema.
const std::vector<std::string> kTypes{
    "( 2.5.4.41 NAME 'name' DESC 'RFC4519: common supertype' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX "
    "1.3.6.1.4.1.1466.115.121.1.15{32768} )",
    "( 2.5.4.3 NAME ( 'cn' 'commonName' ) DESC 'it''s a (name)' SUP name )",
    "( 2.5.4.31 NAME 'member' SUP distinguishedName )",
    "( 2.5.4.49 NAME 'distinguishedName' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )",
    "( 1.3.6.1.1.1.1.0 NAME 'uidNumber' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 "
    "SINGLE-VALUE )",
    "( 2.5.18.1 NAME 'createTimestamp' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE "
    "NO-USER-MODIFICATION USAGE directoryOperation )",
    "( 9.9.9 NAME 'photo' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )",
    "( broken",
};

}  // namespace

TEST_CASE("attribute values: equality by matching rule") {
  const Case cases[] = {
      {Matching::case_ignore, "Sales  Team", " sales team", true},
      {Matching::case_ignore, "Ärger", "ärger", true},
      {Matching::case_ignore, "Sales", "Sale", false},
      {Matching::case_exact, "Sales", "sales", false},
      {Matching::case_exact, "a  b", "a b", true},
      {Matching::numeric_string, "12 34", "1234", true},
      {Matching::telephone_number, "+49 89-555 0100", "+49895550100", true},
      {Matching::telephone_number, "+49 89 555 0100", "+49 89 555 0101", false},
      {Matching::dn, "cn=Ann, dc=x", "CN=ann,DC=X", true},
      {Matching::dn, "not a dn", "NOT A DN", false},
      {Matching::name_and_uid, "cn=Ann,dc=x#'01'B", "CN=ann,DC=x#'01'B", true},
      {Matching::name_and_uid, "cn=Ann,dc=x#'01'B", "cn=Ann,dc=x", false},
      {Matching::integer, "007", "7", true},
      {Matching::integer, "-0", "0", true},
      {Matching::integer, "123456789012345678901234567890", "0123456789012345678901234567890", true},
      {Matching::integer, "7", "8", false},
      {Matching::boolean, "TRUE", "true", true},
      {Matching::boolean, "TRUE", "FALSE", false},
      {Matching::generalized_time, "20261123073753Z", "20261123083753+0100", true},
      {Matching::generalized_time, "20261123073753.0Z", "20261123073753Z", true},
      {Matching::generalized_time, "20261123073753Z", "20261123073754Z", false},
      {Matching::octets, "a ", "a", false},
      {Matching::octets, std::string("a\0b", 3), std::string("a\0b", 3), true},
      {Matching::octets, std::string("a\0b", 3), std::string("a\0c", 3), false},
  };
  for (const Case& c : cases) {
    CAPTURE(static_cast<int>(c.rule));
    CAPTURE(c.a);
    CAPTURE(c.b);
    CHECK(equal(c.rule, c.a, c.b) == c.same);
    CHECK(equal(c.rule, c.b, c.a) == c.same);
    CHECK((normalise(c.rule, c.a) == normalise(c.rule, c.b)) == c.same);
  }
}

TEST_CASE("attribute values: sets know neither order nor repetition") {
  CHECK(equal_sets(Matching::case_ignore, {"a", "B"}, {"b", "A", "a"}));
  CHECK_FALSE(equal_sets(Matching::case_ignore, {"a"}, {"a", "b"}));
  CHECK_FALSE(equal_sets(Matching::case_exact, {"a"}, {"A"}));
  CHECK(equal_sets(Matching::octets, {}, {}));
}

TEST_CASE("attribute types: read from a server's subschema") {
  const AttributeTypes types = AttributeTypes::parse(kTypes);
  CHECK(types.size() == 7);
  CHECK(types.skipped() == 1);
  REQUIRE(types.find("commonName"));
  CHECK(types.find("commonname") == types.find("CN"));
  CHECK(types.find("2.5.4.3") == types.find("cn"));
  CHECK(types.find("cn;lang-de") == types.find("cn"));
  CHECK(types.find("cn")->equality == Matching::case_ignore);
  CHECK(types.find("cn")->syntax == "1.3.6.1.4.1.1466.115.121.1.15");
  CHECK(types.equality_of("member") == Matching::dn);
  CHECK(types.equality_of("uidNumber") == Matching::integer);
  CHECK(types.find("uidNumber")->single_valued);
  CHECK_FALSE(types.find("uidNumber")->read_only);
  CHECK(types.find("createTimestamp")->read_only);
  CHECK(types.find("createTimestamp")->operational);
  CHECK(types.equality_of("photo") == Matching::octets);
  CHECK(types.find("nothing") == nullptr);
  CHECK(types.nearest("uidNumbr") == "uidNumber");
  CHECK(types.nearest("somethingElse") == "");
}

TEST_CASE("attribute types: the tables that are built in") {
  const AttributeTypes standard = AttributeTypes::standard(), ad = AttributeTypes::active_directory();
  for (const char* name :
       {"cn", "sn", "uid", "mail", "member", "uniqueMember", "memberUid", "telephoneNumber", "employeeNumber", "manager"}) {
    CAPTURE(name);
    CHECK(standard.find(name));
  }
  CHECK(standard.equality_of("telephoneNumber") == Matching::telephone_number);
  CHECK(standard.equality_of("uniqueMember") == Matching::name_and_uid);
  CHECK(ad.equality_of("member") == Matching::dn);
  CHECK(ad.equality_of("objectGUID") == Matching::octets);
  REQUIRE(ad.find("memberOf"));
  CHECK(ad.find("memberOf")->read_only);
  REQUIRE(ad.find("userAccountControl"));
  CHECK(ad.equality_of("userAccountControl") == Matching::integer);
}

TEST_CASE("object classes: what an entry must and may have, through its superiors") {
  const ObjectClasses classes = ObjectClasses::parse({
      "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
      "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber ) )",
      "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ( title $ l ) )",
      "( 1.2.3 NAME 'extra' SUP top AUXILIARY MAY shoeSize )",
  });
  REQUIRE(classes.find("PERSON"));
  CHECK(classes.find("extra")->kind == ObjectClass::Kind::auxiliary);
  CHECK(classes.must_of({"organizationalPerson"}) == std::vector<std::string>{"cn", "objectclass", "sn"});
  CHECK(classes.allowed_of({"organizationalPerson", "extra"}) ==
        std::vector<std::string>{"cn", "l", "objectclass", "shoesize", "sn", "telephonenumber", "title", "userpassword"});
  CHECK(classes.find("unknown") == nullptr);
}

TEST_CASE("did you mean: only what is near") {
  const std::vector<std::string> names{"department", "costCentre", "title"};
  CHECK(nearest_of("departmnet", names) == "department");
  CHECK(nearest_of("DEPARTMENT", names) == "department");
  CHECK(nearest_of("titel", names) == "title");
  CHECK(nearest_of("shoe", names) == "");
  CHECK(nearest_of("x", {}) == "");
}
