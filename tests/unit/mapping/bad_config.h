// A configuration that loads, and what a case of the table of bad configurations is.
#pragma once

#include <string>
#include <vector>

namespace muster::test {

inline constexpr const char* kMain = "/etc/muster/muster.xml";
inline constexpr const char* kRules = "/etc/muster/mapping.d/rules.xml";

inline constexpr const char* kGoodMain =
    R"~(<?xml version="1.0" encoding="UTF-8"?>
<muster xmlns="urn:muster:config:1">
  <directory name="corp" url="ldapi:///" base="dc=example,dc=com">
    <bind method="external"/>
    <people base="ou=people,dc=example,dc=com" filter="(objectClass=inetOrgPerson)"/>
    <groups base="ou=groups,dc=example,dc=com"/>
    <watch method="auto"/>
  </directory>
  <feed name="hr" path="feed/hr.csv">
    <field name="id" column="Employee ID" key="true"/>
    <field name="status" column="Status"><value from="Active" to="active"/><value from="Gone" to="gone"/></field>
    <field name="first" column="First Name"/>
    <field name="department" column="Department"/>
    <field name="start" column="Hire Date" type="date" format="%Y-%m-%d"/>
    <field name="end" column="End Date" type="date" format="%d.%m.%Y"/>
  </feed>
  <state path="state.db"/>
  <safety max-disables="25">
    <protect member-of="cn=admins,ou=groups,dc=example,dc=com"/>
  </safety>
  <upstream><file path="events.jsonl"/></upstream>
  <include path="mapping.d/*.xml"/>
</muster>
)~";

inline constexpr const char* kGoodRules =
    R"~(<mapping xmlns="urn:muster:config:1">
  <join><match attribute="employeeNumber" value="id"/></join>
  <attributes>
    <attribute name="givenName" owner="hr" value="first"/>
    <attribute name="mail" owner="directory" upstream="emails.value"/>
  </attributes>
  <access>
    <managed base="ou=birthright,ou=groups,dc=example,dc=com"/>
    <managed group="cn=vpn,ou=groups,dc=example,dc=com" membership="granted"/>
    <role name="staff" when="status='active'"><group dn="cn=staff,ou=birthright,ou=groups,dc=example,dc=com"/></role>
  </access>
  <lifecycle>
    <joiner when="status='active'" create="ou=people,dc=example,dc=com" rdn="concat('uid=', id)" days-before="7"/>
    <leaver when="status='gone' or ($today &gt; end and end != '')" strip="managed"/>
    <contractor when="status='active'" expires="end"/>
    <rehire match="id"/>
  </lifecycle>
</mapping>
)~";

/// `from` (null: the whole file) becomes `to`.
struct Edit {
  const char* file;
  const char* from;
  const char* to;
};
struct BadConfig {
  const char* name;
  std::vector<Edit> edits;
  std::vector<std::string> says;
};
struct Chapter {
  const char* title;
  std::vector<BadConfig> cases;
};

}  // namespace muster::test
