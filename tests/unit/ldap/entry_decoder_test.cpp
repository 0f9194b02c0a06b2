// Entries as the servers of different families send them.
#include <doctest/doctest.h>

#include "ldap/connection_impl.h"

using namespace muster;

namespace {

std::string tlv(int tag, const std::string& contents) {
  std::string bytes(1, static_cast<char>(tag));
  if (contents.size() < 128) return bytes + static_cast<char>(contents.size()) + contents;
  return bytes + '\x82' + static_cast<char>(contents.size() >> 8) + static_cast<char>(contents.size() & 255) + contents;
}
std::string octets(const std::string& text) { return tlv(0x04, text); }
std::string attribute(const std::string& name, const Values& values) {
  std::string set;
  for (const std::string& v : values) set += octets(v);
  return tlv(0x30, octets(name) + tlv(0x31, set));
}
std::string entry(const std::string& dn, const std::string& attributes) { return tlv(0x64, octets(dn) + tlv(0x30, attributes)); }

wire::EntryDecoder decoder(Family family, const std::vector<std::string>& wanted) {
  ServerInfo server;
  server.family = family;
  server.incarnation = "dc1";
  return {server, wanted};
}

Result<Entry> decode(Family family, const std::vector<std::string>& wanted, const std::string& bytes) {
  return decoder(family, wanted).decode_bytes(bytes);
}

const std::string kUuid = "597ae2f6-16a6-1027-98f4-d28b5365dc14";
const std::string kGuid("\xf6\xe2\x7a\x59\xa6\x16\x27\x10\x98\xf4\xd2\x8b\x53\x65\xdc\x14", 16);

}  // namespace

TEST_CASE("entry: identity and version of each family") {
  struct Case {
    const char* name;
    Family family;
    std::string id_name, id, version_name, version, expected_version;
  };
  const Case cases[] = {
      {"OpenLDAP", Family::openldap, "entryUUID", kUuid, "entryCSN", "20260101000000.000000Z#000000#001#000000",
       "20260101000000.000000Z#000000#001#000000"},
      {"389", Family::ds389, "nsUniqueId", "597ae2f6-16a61027-98f4d28b-5365dc14", "entryUSN", "4711", "dc1:00000000000000004711"},
      {"Active Directory", Family::active_directory, "objectGUID", kGuid, "uSNChanged", "99", "dc1:00000000000000000099"},
      {"another with entryUUID", Family::other, "entryuuid", kUuid, "entrycsn", "7", "7"},
      {"another with nsUniqueId", Family::other, "nsuniqueid", "597ae2f6-16a61027-98f4d28b-5365dc14", "entryCSN", "7", "7"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto e = decode(
        c.family, {"cn"},
        entry("cn=Ann,dc=x", attribute("cn", {"Ann"}) + attribute(c.id_name, {c.id}) + attribute(c.version_name, {c.version})));
    REQUIRE_MESSAGE(e, (e ? "" : e.error().text()));
    CHECK(to_string(e->id) == kUuid);
    CHECK(e->version == c.expected_version);
    CHECK(e->attributes.size() == 1);
  }
}

TEST_CASE("entry: names are lower case, values and options stay as they are") {
  const Values binary{std::string("\0\xff\x00z", 4), ""};
  const auto e = decode(Family::openldap, {"givenName;lang-de", "userCertificate;binary", "entryUUID"},
                        entry("cn=Ann,dc=x", attribute("givenName;lang-DE", {"b", "a"}) +
                                                 attribute("userCertificate;binary", binary) + attribute("entryUUID", {kUuid})));
  REQUIRE(e);
  REQUIRE(e->attributes.find("givenname;lang-de"));
  CHECK(*e->attributes.find("givenname;lang-de") == Values{"b", "a"});
  CHECK(*e->attributes.find("usercertificate;binary") == binary);
  CHECK(e->attributes.first("entryuuid") == kUuid);
  CHECK(e->dn.str() == "cn=Ann,dc=x");
}

TEST_CASE("entry: what is asked for") {
  CHECK(decoder(Family::openldap, {"cn"}).request() == std::vector<std::string>{"cn", "entryUUID", "entryCSN", "modifiersName"});
  CHECK(decoder(Family::openldap, {}).request() == std::vector<std::string>{"*", "entryUUID", "entryCSN", "modifiersName"});
  CHECK(decoder(Family::openldap, {"ENTRYuuid"}).request() == std::vector<std::string>{"ENTRYuuid", "entryCSN", "modifiersName"});
  CHECK(decoder(Family::active_directory, {"cn"}).request() == std::vector<std::string>{"cn", "objectGUID", "uSNChanged"});
}

TEST_CASE("entry: what cannot be trusted is refused, and named") {
  const std::string id = attribute("entryUUID", {kUuid});
  struct Case {
    const char* name;
    std::string bytes, says;
  };
  const Case cases[] = {
      {"no identity: the account may not read it", entry("cn=Ann,dc=x", attribute("cn", {"Ann"})), "cn=Ann,dc=x"},
      {"an identity that is none", entry("cn=Ann,dc=x", attribute("entryUUID", {"597ae2f6"})), "no readable entryUUID"},
      {"an identity without a value", entry("cn=Ann,dc=x", attribute("entryUUID", {})), "no readable entryUUID"},
      {"only some of the values", entry("cn=Ann,dc=x", id + attribute("member;range=0-1499", {"cn=b,dc=x"})),
       "member;range=0-1499"},
      {"a name that is none", entry("Ann", id), "\"Ann\""},
      {"an attribute that is none", entry("cn=Ann,dc=x", id + tlv(0x30, octets("cn"))), "cn=Ann,dc=x"},
      {"values that are none", entry("cn=Ann,dc=x", id + tlv(0x30, octets("cn") + tlv(0x31, "\x04\x09x"))), "values of cn"},
      {"cut off", entry("cn=Ann,dc=x", id).substr(0, 30), "cannot be read"},
      {"nothing", "", "cannot be read"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const auto e = decode(Family::openldap, {}, c.bytes);
    REQUIRE_FALSE(e);
    CHECK(e.error().code == Errc::untrusted);
    CHECK_MESSAGE(e.error().what.find(c.says) != std::string::npos, e.error().what);
  }
}

TEST_CASE("entry: the filter that finds one by its identity") {
  EntryId id;
  REQUIRE(parse_entry_id(kUuid, id));
  const auto filter = [&id](Family family) { return wire::EntryDecoder::filter_for(family, id); };
  CHECK(filter(Family::openldap) == "(entryUUID=597ae2f6-16a6-1027-98f4-d28b5365dc14)");
  CHECK(filter(Family::ds389) == "(nsUniqueId=597ae2f6-16a61027-98f4d28b-5365dc14)");
  CHECK(filter(Family::active_directory) == "(objectGUID=\\f6\\e2\\7a\\59\\a6\\16\\27\\10\\98\\f4\\d2\\8b\\53\\65\\dc\\14)");
  CHECK(filter(Family::other) ==
        "(|(entryUUID=597ae2f6-16a6-1027-98f4-d28b5365dc14)(nsUniqueId=597ae2f6-16a61027-98f4d28b-5365dc14))");
}
