// What goes wrong in configurations, and exactly what muster says about it. Each case changes a configuration that loads.
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

// clang-format off
inline std::vector<Chapter> bad_configs() {
  return {
    {"Files and XML",
     {
       {"an element that is not closed",
        {{kMain, R"~(  </directory>
)~", ""}},
        {"muster.xml:22:1: <directory> of line 3 is closed by </muster>; close it with </directory>"}},
       {"an element closed under another name",
        {{kRules, "</attributes>", "</attribute>"}},
        {"mapping.d/rules.xml:6:3: <attributes> of line 3 is closed by </attribute>; close it with </attributes>"}},
       {"a file that was cut off",
        {{kRules, nullptr, R"~(<mapping xmlns="urn:muster:config:1">
  <join>
    <match attr)~"}},
        {R"~(mapping.d/rules.xml:3:16: the attribute 'attr' has no value; write attr="...")~"}},
       {"an empty file",
        {{kRules, nullptr, ""}},
        {"mapping.d/rules.xml:1:1: the file is empty, or does not begin with an element"}},
       {"an attribute without quotes",
        {{kMain, R"~(name="corp")~", "name=corp"}},
        {R"~(muster.xml:3:19: the value of an attribute lacks its quotes; write name="value")~"}},
       {"an attribute twice in one element",
        {{kMain, R"~(name="corp")~", R"~(name="corp" name="lab")~"}},
        {"muster.xml:3:26: the attribute 'name' stands twice in one element; keep one"}},
       {"'<' in a condition",
        {{kRules, "$today &gt; end", "$today < end"}},
        {"mapping.d/rules.xml:14:44: a '<' stands in the value of an attribute; write &lt;, or close the quote before it"}},
       {"'&' in a name",
        {{kMain, R"~(column="Department")~", R"~(column="Dept & Team")~"}},
        {"muster.xml:13:43: a '&' stands alone; write &amp;"}},
       {"an entity of HTML",
        {{kMain, R"~(column="Department")~", R"~(column="Dept&nbsp;Team")~"}},
        {"muster.xml:13:42: XML does not know &nbsp;; there are &lt; &gt; &amp; &quot; &apos; and &#number;"}},
       {"a DOCTYPE",
        {{kRules, "<mapping ", R"~(<!DOCTYPE mapping SYSTEM "http://example.com/mapping.dtd">
<mapping )~"}},
        {"mapping.d/rules.xml:1:1: a DOCTYPE is not allowed in configuration files; remove it"}},
       {"another encoding",
        {{kMain, R"~(encoding="UTF-8")~", R"~(encoding="ISO-8859-1")~"}},
        {"muster.xml:1:31: the encoding 'ISO-8859-1' is not supported; save the file as UTF-8"}},
       {"bytes that are no UTF-8",
        {{kMain, R"~(column="First Name")~", R"~(column="Vorname )~" "\xFC" R"~(")~"}},
        {"muster.xml:12:41: a character stands here that XML does not allow; is the file saved as UTF-8?"}},
       {"a comment with two hyphens",
        {{kMain, "  <state ", R"~(  <!-- was -- once -->
  <state )~"}},
        {"muster.xml:17:12: '--' stands inside a comment; XML allows it only at the end"}},
       {"another root element",
        {{kMain, nullptr, R"~(<config xmlns="urn:muster:config:1"/>)~"}},
        {"muster.xml:1:1: the root element <config> is none of muster's; it must be <mapping> or <muster>"}},
       {"rules given as muster.xml",
        {{kMain, nullptr, R"~(<mapping xmlns="urn:muster:config:1"/>)~"}},
        {"muster.xml:1:1: this is a file of rules (<mapping>); name muster.xml, which includes it"}},
       {"muster.xml among the rules",
        {{kRules, nullptr, R"~(<muster xmlns="urn:muster:config:1"/>)~"}},
        {"mapping.d/rules.xml:1:1: <muster> stands in an included file; included files are <mapping>"}},
       {"the namespace forgotten",
        {{kRules, R"~(<mapping xmlns="urn:muster:config:1">)~", "<mapping>"}},
        {R"~(mapping.d/rules.xml:1:1: <mapping> is not in the namespace urn:muster:config:1; write <mapping xmlns="urn:muster:config:1">)~"}},
       {"a namespace that ends one element too early",
        {{kMain, "<state path", R"~(<state xmlns="" path)~"}},
        {R"~(muster.xml:17:3: <state> is not in the namespace urn:muster:config:1; write <state xmlns="urn:muster:config:1">)~"}},
       {"an include that names no file",
        {{kMain, "mapping.d/*.xml", "mapping.d/rule.xml"}},
        {"muster.xml:22:18: there is no file 'mapping.d/rule.xml'; did you mean 'rules.xml'?"}},
       {"files that include each other",
        {{kRules, "<join>", R"~(<include path="more.xml"/>
  <join>)~"}, {"/etc/muster/mapping.d/more.xml", nullptr, R"~(<mapping xmlns="urn:muster:config:1">
  <include path="rules.xml"/>
</mapping>
)~"}},
        {"mapping.d/rules.xml:2:18: this <include> leads back to mapping.d/more.xml (mapping.d/more.xml -> mapping.d/rules.xml -> mapping.d/more.xml); let files of rules include only files that do not include them"}},
     }},
    {"Names and values",
     {
       {"an element misspelt",
        {{kMain, "<watch method", "<wach method"}},
        {"muster.xml:7:5: unknown element <wach>; did you mean <watch>?"}},
       {"an element that does not exist",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<proxy host="p"/>)~"}},
        {"muster.xml:7:5: unknown element <proxy>; <directory> takes <bind>, <disable>, <groups>, <limits>, <people>, <tls> or <watch>"}},
       {"an element in the wrong place",
        {{kRules, R"~(<join><match attribute="employeeNumber" value="id"/></join>)~", R"~(<join><match attribute="employeeNumber" value="id"/></join>
  <match attribute="mail" value="id"/>)~"}},
        {"mapping.d/rules.xml:3:3: <match> does not belong into <mapping>; it belongs into <join>"}},
       {"an element where none belongs",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<watch method="auto"><people base="dc=example,dc=com"/></watch>)~"}},
        {"muster.xml:7:26: <people> does not belong into <watch>; it belongs into <directory>"}},
       {"an attribute misspelt",
        {{kRules, R"~(create="ou)~", R"~(creat="ou)~"}},
        {"mapping.d/rules.xml:13:36: unknown attribute 'creat' of <joiner>; did you mean 'create'?"}},
       {"an attribute that does not exist",
        {{kMain, R"~(<state path="state.db"/>)~", R"~(<state path="state.db" engine="sqlite"/>)~"}},
        {"muster.xml:17:26: unknown attribute 'engine' of <state>; <state> takes path"}},
       {"an attribute missing",
        {{kMain, R"~( column="First Name")~", ""}},
        {R"~(muster.xml:12:5: <field> lacks the attribute 'column'; add column="...")~"}},
       {"a choice missing",
        {{kMain, R"~(<bind method="external"/>)~", "<bind/>"}},
        {"muster.xml:4:5: <bind> lacks the attribute 'method'; it is simple, external, gssapi, spnego or anonymous"}},
       {"a choice misspelt",
        {{kRules, R"~(owner="directory")~", R"~(owner="directry")~"}},
        {"mapping.d/rules.xml:5:35: 'directry' is no value of 'owner' of <attribute>; did you mean 'directory'?"}},
       {"a choice that does not exist",
        {{kRules, R"~(membership="granted")~", R"~(membership="strict")~"}},
        {"mapping.d/rules.xml:9:69: 'strict' is no value of 'membership' of <managed>; it is exclusive or granted"}},
       {"an empty value",
        {{kMain, R"~(name="corp")~", R"~(name="")~"}},
        {"muster.xml:3:20: 'name' of <directory> is empty; give it a value"}},
       {"text between elements",
        {{kMain, "  <state ", R"~(  keep it here:
  <state )~"}},
        {"muster.xml:17:3: text stands in <muster>; it takes <directory>, <feed>, <include>, <safety>, <state> or <upstream>"}},
       {"a number that is none",
        {{kMain, R"~(max-disables="25")~", R"~(max-disables="many")~"}},
        {"muster.xml:18:25: 'max-disables' of <safety> is 'many', which is no whole number; write one between 0 and 1000000000"}},
       {"a number below its range",
        {{kMain, R"~(max-disables="25")~", R"~(max-disables="-1")~"}},
        {"muster.xml:18:25: 'max-disables' of <safety> is -1; it must be between 0 and 1000000000"}},
       {"a ratio above one",
        {{kMain, R"~(path="feed/hr.csv")~", R"~(path="feed/hr.csv" min-ratio="90")~"}},
        {"muster.xml:9:49: 'min-ratio' of <feed> is 90; it must be between 0 and 1"}},
       {"a percentage above a hundred",
        {{kMain, R"~(max-disables="25")~", R"~(max-disables-percent="250")~"}},
        {"muster.xml:18:33: 'max-disables-percent' of <safety> is 250; it must be between 0 and 100"}},
       {"a schema chosen by the file",
        {{kMain, R"~(<state path="state.db"/>)~", R"~(<state xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Feed" path="state.db"/>)~"}},
        {"muster.xml:17:64: unknown attribute 'type' of <state>; <state> takes path"}},
     }},
    {"The directory",
     {
       {"no directory",
        {{kMain, nullptr, R"~(<muster xmlns="urn:muster:config:1">
  <feed name="hr" path="hr.csv"><field name="id" column="ID" key="true"/></feed>
  <state path="state.db"/>
  <include path="mapping.d/join.xml"/>
</muster>
)~"}, {"/etc/muster/mapping.d/join.xml", nullptr, R"~(<mapping xmlns="urn:muster:config:1">
  <join><match attribute="uid" value="id"/></join>
</mapping>
)~"}},
        {R"~(muster.xml:1:1: <muster> has no <directory>; add <directory name="..." url="ldaps://..." base="...">)~"}},
       {"two directories",
        {{kMain, "<feed name", R"~(<directory name="lab" url="ldapi:///" base="dc=lab"><bind method="external"/><people base="dc=lab"/></directory>
  <feed name)~"}},
        {"muster.xml:9:3: a second <directory>; the first is at muster.xml:3:3; keep one of the two"}},
       {"no bind",
        {{kMain, R"~(    <bind method="external"/>
)~", ""}},
        {R"~(muster.xml:3:3: <directory> has no <bind>; add <bind method="simple" dn="..." secret="..."/>)~"}},
       {"no people",
        {{kMain, R"~(    <people base="ou=people,dc=example,dc=com" filter="(objectClass=inetOrgPerson)"/>
)~", ""}},
        {R"~(muster.xml:3:3: <directory> has no <people>; add <people base="..."/>)~"}},
       {"a URL without protocol",
        {{kMain, R"~(url="ldapi:///")~", R"~(url="dc1.example.com")~"}},
        {"muster.xml:3:31: 'dc1.example.com' is no URL of a directory; write ldaps://host, ldap://host, srv:domain or ldapi:///"}},
       {"the protocol misspelt in the second URL",
        {{kMain, R"~(url="ldapi:///")~", R"~(url="ldapi:/// ldpas://dc2.example.com")~"}},
        {"muster.xml:3:41: 'ldpas' is no protocol of directories; did you mean 'ldaps'?"}},
       {"a port that is none",
        {{kMain, R"~(url="ldapi:///")~", R"~(url="ldapi:/// ldaps://dc1.example.com:70000")~"}},
        {"muster.xml:3:65: '70000' is no port; it must be between 1 and 65535"}},
       {"a base in the URL",
        {{kMain, R"~(url="ldapi:///")~", R"~(url="ldapi:/// ldaps://dc1.example.com/dc=example")~"}},
        {"muster.xml:3:64: 'ldaps://dc1.example.com/dc=example' says more than host and port; bases and filters have attributes of their own"}},
       {"a password in clear text",
        {{kMain, R"~(url="ldapi:///" base="dc=example,dc=com">
    <bind method="external"/>)~", R"~(url="ldap://dc1.example.com" base="dc=example,dc=com">
    <bind method="simple" dn="cn=muster,dc=example,dc=com" secret="ldap-bind"/>)~"}},
        {R"~(muster.xml:3:31: 'ldap://dc1.example.com' would send the password and everybody's data in clear text over the network; use ldaps://, or add <tls start-tls="true"/>)~"}},
       {"clear text to the second server only",
        {{kMain, R"~(url="ldapi:///")~", R"~(url="ldapi:/// ldap://10.0.0.5:389")~"}},
        {R"~(muster.xml:3:41: 'ldap://10.0.0.5:389' would send everybody's data in clear text over the network; use ldaps://, or add <tls start-tls="true"/>)~",
        R"~(muster.xml:4:19: method="external" needs a client certificate; add <tls cert="..." key="..."/>, or use ldapi://)~"}},
       {"a bind without its password",
        {{kMain, R"~(method="external")~", R"~(method="simple" dn="cn=muster,dc=example,dc=com")~"}},
        {R"~(muster.xml:4:5: <bind method="simple"> lacks the attribute 'secret'; add secret="...")~"}},
       {"a bind DN that is none",
        {{kMain, R"~(method="external")~", R"~(method="simple" dn="cn=muster;;dc=example" secret="x")~"}},
        {"muster.xml:4:41: 'cn=muster;;dc=example' is no distinguished name: an attribute type is missing"}},
       {"a secret that is a path",
        {{kMain, R"~(method="external")~", R"~(method="simple" dn="cn=muster,dc=example,dc=com" secret="../password")~"}},
        {"muster.xml:4:68: '../password' cannot be 'secret' of <bind>; write a plain file name: the secret is looked up by it"}},
       {"a password for a bind that has none",
        {{kMain, R"~(method="external")~", R"~(method="external" secret="ldap-bind")~"}},
        {R"~(muster.xml:4:29: method="external" of <bind> does not use 'secret'; remove it, or choose another method)~"}},
       {"a client certificate bind without certificate",
        {{kMain, R"~(url="ldapi:///")~", R"~(url="ldaps://dc1.example.com")~"}},
        {R"~(muster.xml:4:19: method="external" needs a client certificate; add <tls cert="..." key="..."/>, or use ldapi://)~"}},
       {"a CA file that is not there",
        {{kMain, R"~(<bind method="external"/>)~", R"~(<bind method="external"/><tls ca="tls/no-such-ca.pem"/>)~"}},
        {"muster.xml:4:39: there is no file 'tls/no-such-ca.pem'; it is looked for at /etc/muster/tls/no-such-ca.pem"}},
       {"a certificate without its key",
        {{kMain, R"~(<bind method="external"/>)~", R"~(<bind method="external"/><tls key="tls/no-such-key.pem"/>)~"}},
        {R"~(muster.xml:4:35: a key without its client certificate; add cert="...")~",
        "muster.xml:4:40: there is no file 'tls/no-such-key.pem'; it is looked for at /etc/muster/tls/no-such-key.pem"}},
       {"a base that is no DN",
        {{kMain, R"~(base="dc=example,dc=com">)~", R"~(base="dc=example,example.com">)~"}},
        {"muster.xml:3:70: 'dc=example,example.com' is no distinguished name: '=' is missing"}},
       {"people outside the directory's base",
        {{kMain, R"~(base="ou=people,dc=example,dc=com")~", R"~(base="ou=people,dc=example,dc=org")~"}},
        {"muster.xml:5:19: 'ou=people,dc=example,dc=org' is outside the directory's base (dc=example,dc=com); muster writes only below the bases that muster.xml declares"}},
       {"a filter without its parenthesis",
        {{kMain, R"~(filter="(objectClass=inetOrgPerson)")~", R"~(filter="(&amp;(objectClass=inetOrgPerson)(uid=*)")~"}},
        {"muster.xml:5:96: '(&(objectClass=inetOrgPerson)(uid=*)' is no search filter: ')' is missing"}},
       {"a filter with an unknown matching rule",
        {{kMain, R"~(filter="(objectClass=inetOrgPerson)")~", R"~(filter="(uid:caseExactMatch:=ann)")~"}},
        {"muster.xml:5:60: '(uid:caseExactMatch:=ann)' is no search filter: the matching rule 'caseExactMatch' is not supported"}},
       {"a disable attribute without its value",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<disable attribute="employeeType"/>)~"}},
        {R"~(muster.xml:7:5: <disable> by attribute lacks the attribute 'value'; add value="...")~"}},
       {"a disable attribute that means two things",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<disable attribute="employeeType" value="off" enabled="off"/>)~"}},
        {"muster.xml:7:60: 'off' means both disabled and enabled"}},
       {"a disable by moving that says not where to",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<disable method="move"/>)~"}},
        {R"~(muster.xml:7:5: <disable> by move lacks the attribute 'move-to'; add move-to="...")~"}},
       {"a disable method with what belongs to another",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<disable method="shadowExpire" move-to="ou=gone,dc=example,dc=com"/>)~"}},
        {R"~(muster.xml:7:36: method="shadowExpire" of <disable> does not use 'move-to'; remove it, or choose another method)~"}},
       {"a time-out that is no duration",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<limits timeout="soon"/>)~"}},
        {"muster.xml:7:22: 'soon' is no duration; write 30s, 500ms, 2m or PT30S"}},
       {"a time-out out of range",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<limits connect-timeout="2h"/>)~"}},
        {"muster.xml:7:30: 'connect-timeout' is 2h; it must be between 100 ms and 10 min"}},
       {"a page size of nothing",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<limits page-size="0"/>)~"}},
        {"muster.xml:7:24: 'page-size' of <limits> is 0; it must be between 1 and 100000"}},
     }},
    {"The feed, the limits, the upstream",
     {
       {"no fields",
        {{kMain, nullptr, R"~(<muster xmlns="urn:muster:config:1">
  <directory name="corp" url="ldapi:///" base="dc=example,dc=com"><bind method="external"/>
    <people base="dc=example,dc=com"/><groups base="dc=example,dc=com"/></directory>
  <feed name="hr" path="hr.csv"/>
  <state path="state.db"/>
  <include path="mapping.d/*.xml"/>
</muster>
)~"}},
        {R"~(muster.xml:4:3: <feed> has no <field>; name the columns that the rules use: <field name="id" column="..." key="true"/>)~"}},
       {"no key",
        {{kMain, R"~( key="true")~", ""}},
        {R"~(muster.xml:9:3: no field of <feed> is the key; add key="true" to the field that never changes for a person)~"}},
       {"two keys",
        {{kMain, R"~(column="First Name")~", R"~(column="First Name" key="true")~"}},
        {"muster.xml:12:5: a second key 'first'; the first is 'id' at muster.xml:10:5; a feed has one key"}},
       {"a key that is a date",
        {{kMain, R"~(column="Employee ID")~", R"~(column="Employee ID" type="date" format="%Y%m%d")~"}},
        {"muster.xml:10:49: the key 'id' cannot be a date; keys are texts"}},
       {"a key that may be empty",
        {{kMain, R"~(column="Employee ID")~", R"~(column="Employee ID" required="false")~"}},
        {R"~(muster.xml:10:43: the key 'id' is always required; remove required="false")~"}},
       {"two fields of one name",
        {{kMain, R"~(name="department")~", R"~(name="first")~"}},
        {"muster.xml:13:18: a second field 'first'; the first is at muster.xml:12:5; field names are unique"}},
       {"a field name with a blank",
        {{kMain, R"~(name="department")~", R"~(name="the department")~"}},
        {"muster.xml:13:18: 'the department' cannot be 'name' of <field>; use letters, digits, '_', '-' and '.', beginning with a letter or '_', so that expressions can name it"}},
       {"a date without format",
        {{kMain, R"~( format="%Y-%m-%d")~", ""}},
        {R"~(muster.xml:14:5: the date field 'start' does not say how its dates are written; add format="%Y-%m-%d" or the like)~"}},
       {"a date format without year",
        {{kMain, "%Y-%m-%d", "%d.%m."}},
        {"muster.xml:14:64: the date format '%d.%m.' has no year (%Y)"}},
       {"a date format that no date has",
        {{kMain, "%Y-%m-%d", "%Y-%m-%Q"}},
        {"muster.xml:14:70: '%Q' is no part of a date; there are %Y %y %m %b %B %d %e, for times %H %M %S, and %%"}},
       {"a format for what is no date",
        {{kMain, R"~(column="Department")~", R"~(column="Department" format="%Y")~"}},
        {R"~(muster.xml:13:50: only dates have a format; add type="date")~"}},
       {"one value translated twice",
        {{kMain, R"~(<value from="Gone" to="gone"/>)~", R"~(<value from="Gone" to="gone"/><value from="Active" to="leave"/>)~"}},
        {"muster.xml:11:119: a second <value> for 'Active'; the first is at muster.xml:11:42; keep one of the two"}},
       {"a delimiter of two characters",
        {{kMain, R"~(path="feed/hr.csv")~", R"~(path="feed/hr.csv" delimiter="::")~"}},
        {"muster.xml:9:49: '::' cannot separate columns; write one character such as , or ; or the word tab"}},
       {"an encoding misspelt",
        {{kMain, R"~(path="feed/hr.csv")~", R"~(path="feed/hr.csv" encoding="utf8")~"}},
        {"muster.xml:9:48: 'utf8' is no value of 'encoding' of <feed>; did you mean 'utf-8'?"}},
       {"people missing from a delta",
        {{kMain, R"~(path="feed/hr.csv")~", R"~(path="feed/hr.csv" mode="delta" missing="keep")~"}},
        {R"~(muster.xml:9:51: a delta lists changes only, so nobody is missing from it; remove 'missing', or use mode="snapshot")~"}},
       {"no state file",
        {{kMain, R"~(  <state path="state.db"/>
)~", ""}},
        {R"~(muster.xml:2:1: <muster> has no <state>; add <state path="state.db"/>)~"}},
       {"a protection of nobody",
        {{kMain, R"~(<protect member-of="cn=admins,ou=groups,dc=example,dc=com"/>)~", "<protect/>"}},
        {"muster.xml:19:5: <protect> does not say whom; write one of filter, member-of and person; repeat <protect> for more"}},
       {"two protections in one",
        {{kMain, R"~(<protect member-of="cn=admins,ou=groups,dc=example,dc=com"/>)~", R"~(<protect person="1" filter="(uid=a)"/>)~"}},
        {"muster.xml:19:5: <protect> says more than one thing; write one of filter, member-of and person; repeat <protect> for more"}},
       {"a protection by a broken filter",
        {{kMain, R"~(<protect member-of="cn=admins,ou=groups,dc=example,dc=com"/>)~", R"~(<protect filter="adminCount=1"/>)~"}},
        {"muster.xml:19:22: 'adminCount=1' is no search filter: '(' is missing"}},
       {"a protection by nested groups",
        {{kMain, R"~(member-of="cn=admins,ou=groups,dc=example,dc=com"/>)~",
          R"~(filter="(memberOf:1.2.840.113556.1.4.1941:=cn=admins,ou=groups,dc=example,dc=com)"/>)~"}},
        {"muster.xml:19:22: a protection cannot ask the server for nested groups; use member-of, which follows them"}},
       {"one file for two streams of events",
        {{kMain, R"~(<file path="events.jsonl"/>)~", R"~(<file path="events.jsonl"/><file path="./events.jsonl"/>)~"}},
        {"muster.xml:21:52: './events.jsonl' is written already by the <file> at muster.xml:21:13; keep one of the two"}},
     }},
    {"Joining and attributes",
     {
       {"no join rule",
        {{kRules, R"~(<match attribute="employeeNumber" value="id"/>)~", ""}},
        {R"~(muster.xml:2:1: no file of rules says how people and entries are joined; add <join><match attribute="..." value="..."/></join>)~"}},
       {"a match that is the same for everybody",
        {{kRules, R"~(value="id")~", R"~(value="'4711'")~"}},
        {R"~(mapping.d/rules.xml:2:50: "'4711'" is the same for everybody, so it finds nobody's entry; name a field of the feed)~"}},
       {"the same match twice",
        {{kRules, "</join>", R"~(<match attribute="EmployeeNumber" value="id"/></join>)~"}},
        {"mapping.d/rules.xml:2:55: the same <match> as at mapping.d/rules.xml:2:9; keep one of the two"}},
       {"an unknown field in a match",
        {{kRules, R"~(value="id")~", R"~(value="employee-id")~"}},
        {"mapping.d/rules.xml:2:50: unknown field 'employee-id'; the feed has no such field (a text needs quotes: 'employee-id')"}},
       {"one attribute with two owners in two files",
        {{kMain, R"~(mapping.d/*.xml"/>)~", R"~(mapping.d/*.xml"/>)~"}, {"/etc/muster/mapping.d/phone.xml", nullptr, R"~(<mapping xmlns="urn:muster:config:1">
  <attributes>
    <attribute name="MAIL" owner="upstream"/>
  </attributes>
</mapping>
)~"}},
        {"mapping.d/rules.xml:5:22: 'mail' has two owners: directory here, and upstream at mapping.d/phone.xml:3:5; an attribute has one owner: keep one of the two"}},
       {"one attribute twice for one owner",
        {{kRules, R"~(<attribute name="mail")~", R"~(<attribute name="givenname" owner="hr" value="department"/>
    <attribute name="mail")~"}},
        {"mapping.d/rules.xml:5:22: 'givenname' is given to hr twice: here and at mapping.d/rules.xml:4:5; an attribute has one owner: keep one of the two"}},
       {"the attribute that disables given to HR as well",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<disable attribute="givenName" value="-"/>)~"}},
        {"mapping.d/rules.xml:4:22: 'givenName' has two owners: hr here, and the <disable> at muster.xml:7:5; an attribute has one owner: keep one of the two"}},
       {"an attribute of HR without value",
        {{kRules, R"~( value="first")~", ""}},
        {R"~(mapping.d/rules.xml:4:5: 'givenName' is owned by HR, but there is no 'value'; add value="...", an expression over the feed's fields)~"}},
       {"drift of an attribute of the directory",
        {{kRules, R"~(owner="directory")~", R"~(owner="directory" on-drift="revert")~"}},
        {R"~(mapping.d/rules.xml:5:46: 'on-drift' has no meaning for an attribute that the directory owns; only HR's values are compared: remove it, or write owner="hr")~"}},
       {"upstream told of an attribute of HR",
        {{kRules, R"~(value="first")~", R"~(value="first" upstream="name.givenName")~"}},
        {"mapping.d/rules.xml:4:58: 'upstream' has no meaning for an attribute that HR owns; upstream hears from the directory only what the directory owns: remove it"}},
       {"memberships as an attribute",
        {{kRules, R"~(name="givenName")~", R"~(name="memberOf")~"}},
        {"mapping.d/rules.xml:4:22: 'memberOf' cannot be owned by hr: memberships are no values of HR; use <access>"}},
       {"a password as an attribute",
        {{kRules, R"~(name="givenName")~", R"~(name="userPassword")~"}},
        {"mapping.d/rules.xml:4:22: 'userPassword' cannot be owned by hr: passwords stay untouched; remove the rule"}},
       {"an attribute name with a blank",
        {{kRules, R"~(name="givenName")~", R"~(name="given name")~"}},
        {"mapping.d/rules.xml:4:22: 'given name' cannot be 'name' of <attribute>; write a name such as givenName, or an OID (RFC 4512 section 2.5)"}},
     }},
    {"Expressions",
     {
       {"an unknown field",
        {{kRules, R"~(value="first")~", R"~(value="frist")~"}},
        {"mapping.d/rules.xml:4:51: unknown field 'frist'; did you mean 'first'?"}},
       {"an unknown field behind an entity",
        {{kRules, "$today &gt; end and end", "$today &gt; edn and end"}},
        {"mapping.d/rules.xml:14:49: unknown field 'edn'; did you mean 'end'?"}},
       {"an unknown function",
        {{kRules, "concat('uid=', id)", "concatt('uid=', id)"}},
        {"mapping.d/rules.xml:13:78: unknown function 'concatt()'; did you mean 'concat()'?"}},
       {"a function with too few arguments",
        {{kRules, "concat('uid=', id)", "concat(id)"}},
        {"mapping.d/rules.xml:13:78: concat() takes 2 or more arguments, here are 1"}},
       {"an unknown variable",
        {{kRules, "$today &gt; end", "$tody &gt; end"}},
        {"mapping.d/rules.xml:14:37: unknown variable '$tody'; did you mean '$today'?"}},
       {"a quote that is not closed",
        {{kRules, "status='gone'", "status='gone"}},
        {"mapping.d/rules.xml:14:64: the text that starts here has no closing quote"}},
       {"a parenthesis that is not closed",
        {{kRules, "and end != '')", "and end != ''"}},
        {"mapping.d/rules.xml:14:66: not an XPath expression: Expected ')' to match an opening '('"}},
       {"two equals signs",
        {{kRules, "status='gone'", "status == 'gone'"}},
        {"mapping.d/rules.xml:14:26: '==' is written '='"}},
       {"a text without quotes",
        {{kRules, "status='gone'", "status=terminated"}},
        {"mapping.d/rules.xml:14:26: unknown field 'terminated'; the feed has no such field (a text needs quotes: 'terminated')"}},
       {"a value that the field never has",
        {{kRules, R"~(when="status='gone')~", R"~(when="status='gonne')~"}},
        {"mapping.d/rules.xml:14:26: 'status' is never 'gonne'; did you mean 'gone'?"}},
       {"a date written as the feed writes it",
        {{kRules, "end != ''", "end != '31.12.2026'"}},
        {"mapping.d/rules.xml:14:64: the date 'end' is never '31.12.2026'; write dates as 20261231, whatever the feed's format"}},
       {"three faults in one expression",
        {{kRules, "concat('uid=', id)", "concat(fist, upper(lst))"}},
        {"mapping.d/rules.xml:13:85: unknown field 'fist'; did you mean 'first'?",
        "mapping.d/rules.xml:13:91: unknown function 'upper()'; expressions are XPath 1.0",
        "mapping.d/rules.xml:13:97: unknown field 'lst'; the feed has no such field (a text needs quotes: 'lst')"}},
     }},
    {"Access",
     {
       {"a managed element that names nothing",
        {{kRules, R"~(<managed group="cn=vpn,ou=groups,dc=example,dc=com" membership="granted"/>)~", R"~(<managed membership="granted"/>)~"}},
        {"mapping.d/rules.xml:9:5: <managed> says neither 'base' nor 'group'; write one of the two; repeat <managed> for more"}},
       {"a managed element that names a base and a group",
        {{kRules, R"~(<managed group="cn=vpn,ou=groups,dc=example,dc=com")~", R"~(<managed base="ou=x,ou=groups,dc=example,dc=com" group="cn=vpn,ou=groups,dc=example,dc=com")~"}},
        {"mapping.d/rules.xml:9:5: <managed> has both 'base' and 'group'; write one of the two; repeat <managed> for more"}},
       {"a group managed twice",
        {{kRules, "<role name", R"~(<managed group="CN=VPN, ou=groups,dc=example,dc=com" membership="exclusive"/>
    <role name)~"}},
        {"mapping.d/rules.xml:10:21: 'CN=VPN, ou=groups,dc=example,dc=com' is managed twice: here and at mapping.d/rules.xml:9:5; keep one of the two"}},
       {"a managed group outside the groups' base",
        {{kRules, R"~(group="cn=vpn,ou=groups,dc=example,dc=com")~", R"~(group="cn=vpn,ou=network,dc=example,dc=com")~"}},
        {"mapping.d/rules.xml:9:21: 'cn=vpn,ou=network,dc=example,dc=com' is outside the base of the groups (ou=groups,dc=example,dc=com); muster writes only below the bases that muster.xml declares"}},
       {"an exclusive group that is protected",
        {{kRules, "<role name", R"~(<managed group="cn=Admins,ou=groups,dc=example,dc=com" membership="exclusive"/>
    <role name)~"}},
        {"mapping.d/rules.xml:10:21: 'cn=Admins,ou=groups,dc=example,dc=com' is managed here and protected at muster.xml:19:5; a protected group is never written: remove one of the two"}},
       {"groups managed where none are declared",
        {{kMain, R"~(    <groups base="ou=groups,dc=example,dc=com"/>
)~", ""}},
        {R"~(mapping.d/rules.xml:8:5: groups are managed, but <directory> declares none; add <groups base="..."/> to <directory>)~"}},
       {"a role that gives a group that is not managed",
        {{kRules, R"~(<group dn="cn=staff,ou=birthright,ou=groups,dc=example,dc=com"/>)~", R"~(<group dn="cn=wiki,ou=groups,dc=example,dc=com"/>)~"}},
        {R"~(mapping.d/rules.xml:10:58: role 'staff' gives 'cn=wiki,ou=groups,dc=example,dc=com', which is not managed; add <managed group="cn=wiki,ou=groups,dc=example,dc=com" membership="granted"/>)~"}},
       {"a role that misspells a group",
        {{kRules, R"~(<group dn="cn=staff,ou=birthright,ou=groups,dc=example,dc=com"/>)~", R"~(<group dn="cn=vnp,ou=groups,dc=example,dc=com"/>)~"}},
        {"mapping.d/rules.xml:10:58: role 'staff' gives 'cn=vnp,ou=groups,dc=example,dc=com', which is not managed; did you mean 'cn=vpn,ou=groups,dc=example,dc=com'?"}},
       {"a role that misspells a managed base",
        {{kRules, R"~(<group dn="cn=staff,ou=birthright,)~", R"~(<group dn="cn=staff,ou=birthrigth,)~"}},
        {"mapping.d/rules.xml:10:58: role 'staff' gives 'cn=staff,ou=birthrigth,ou=groups,dc=example,dc=com', which is not managed; did you mean 'cn=staff,ou=birthright,ou=groups,dc=example,dc=com'?"}},
       {"a role that gives a group twice",
        {{kRules, R"~(<group dn="cn=staff,ou=birthright,ou=groups,dc=example,dc=com"/>)~", R"~(<group dn="cn=vpn,ou=groups,dc=example,dc=com"/><group dn="CN=vpn,ou=groups,dc=example,dc=com"/>)~"}},
        {"mapping.d/rules.xml:10:106: role 'staff' gives 'CN=vpn,ou=groups,dc=example,dc=com' twice: here and at mapping.d/rules.xml:10:47; keep one of the two"}},
       {"a role that gives nothing",
        {{kRules, R"~(<group dn="cn=staff,ou=birthright,ou=groups,dc=example,dc=com"/>)~", ""}},
        {R"~(mapping.d/rules.xml:10:5: role 'staff' gives no group; add <group dn="..."/>, or remove the role)~"}},
       {"two roles of one name",
        {{kRules, "</access>", R"~(<role name="staff" when="department='IT'"><group dn="cn=vpn,ou=groups,dc=example,dc=com"/></role>
  </access>)~"}},
        {"mapping.d/rules.xml:11:15: a second role 'staff'; the first is at mapping.d/rules.xml:10:5; give each role a name of its own"}},
       {"a role that nobody can have",
        {{kRules, R"~(<role name="staff" when="status='active'")~", R"~(<role name="staff" when="department='IT' and department='HR'")~"}},
        {R"~(mapping.d/rules.xml:10:30: "department='IT' and department='HR'" is never true, so this <role> applies to nobody; correct the condition, or remove the element)~"}},
       {"a role that everybody has by mistake",
        {{kRules, R"~(<role name="staff" when="status='active'")~", R"~(<role name="staff" when="department")~"}},
        {R"~(mapping.d/rules.xml:10:30: "department" is true for everybody, whatever the field holds; a field's name alone is always true: write department != '')~"}},
       {"a group's DN with a fault",
        {{kRules, R"~(<group dn="cn=staff,ou=birthright,)~", R"~(<group dn="cn=R&amp;D,birthright,)~"}},
        {"mapping.d/rules.xml:10:79: 'cn=R&D,birthright,ou=groups,dc=example,dc=com' is no distinguished name: '=' is missing"}},
     }},
    {"Lifecycle",
     {
       {"two joiners",
        {{kRules, R"~(<rehire match="id"/>)~", R"~(<joiner when="status='active'"/>)~"}},
        {"mapping.d/rules.xml:16:5: a second <joiner>; the first is at mapping.d/rules.xml:13:5; keep one of the two"}},
       {"a joiner that does not say the name",
        {{kRules, R"~( rdn="concat('uid=', id)")~", ""}},
        {R"~(mapping.d/rules.xml:13:36: 'create' does not say how new entries are named; add rdn="concat('CN=', ...)")~"}},
       {"a joiner that gives everybody one name",
        {{kRules, "concat('uid=', id)", "'uid=new'"}},
        {R"~(mapping.d/rules.xml:13:78: "'uid=new'" gives everybody the same name; name a field of the feed: concat('CN=', ...))~"}},
       {"a joiner outside the directory's base",
        {{kRules, R"~(create="ou=people,dc=example,dc=com")~", R"~(create="ou=people,dc=example,dc=org")~"}},
        {"mapping.d/rules.xml:13:44: 'ou=people,dc=example,dc=org' is outside the directory's base (dc=example,dc=com); muster writes only below the bases that muster.xml declares"}},
       {"days before a first day that no field has",
        {{kMain, R"~(name="start")~", R"~(name="begin")~"}},
        {R"~(mapping.d/rules.xml:13:98: 'days-before' counts from the field 'start', which the feed does not have; add <field name="start" column="..." type="date" format="..."/>, or remove 'days-before')~"}},
       {"a first day that is no date",
        {{kMain, R"~(column="Hire Date" type="date" format="%Y-%m-%d")~", R"~(column="Hire Date")~"}},
        {R"~(muster.xml:14:5: the field 'start', a joiner's first day, is no date; add type="date" and a format)~"}},
       {"a leaver rule for everybody",
        {{kRules, "status='gone' or ($today &gt; end and end != '')", "true()"}},
        {R"~(mapping.d/rules.xml:14:19: "true()" makes everybody a leaver; compare a field with something)~"}},
       {"a leaver rule for nobody",
        {{kRules, "status='gone' or ($today &gt; end and end != '')", "'gone'='Gone'"}},
        {R"~(mapping.d/rules.xml:14:19: "'gone'='Gone'" is never true, so this <leaver> applies to nobody; correct the condition, or remove the element)~"}},
       {"a leaver rule that does nothing",
        {{kRules, R"~(strip="managed"/>)~", R"~(disable="false"/>)~"}},
        {R"~(mapping.d/rules.xml:14:5: this <leaver> does nothing; add disable="true", strip, move-to or delete-after)~"}},
       {"leavers moved out of the directory",
        {{kRules, R"~(strip="managed"/>)~", R"~(move-to="ou=leavers,dc=elsewhere"/>)~"}},
        {"mapping.d/rules.xml:14:78: 'ou=leavers,dc=elsewhere' is outside the directory's base (dc=example,dc=com); muster writes only below the bases that muster.xml declares"}},
       {"leavers moved to two places",
        {{kMain, R"~(<watch method="auto"/>)~", R"~(<disable move-to="ou=off,dc=example,dc=com"/>)~"}, {kRules, R"~(strip="managed"/>)~", R"~(move-to="ou=leavers,dc=example,dc=com"/>)~"}},
        {"mapping.d/rules.xml:14:78: leavers are moved here, and to 'ou=off,dc=example,dc=com' by the <disable> at muster.xml:7:5; an entry has one place: keep one of the two"}},
       {"deletion after months",
        {{kRules, R"~(strip="managed"/>)~", R"~(delete-after="3 months"/>)~"}},
        {"mapping.d/rules.xml:14:83: '3 months' is no duration; write never, 30d, 26w or P30D; months have no fixed length"}},
       {"an absence that does nothing",
        {{kRules, R"~(<rehire match="id"/>)~", R"~(<absence when="department='Leave'" disable="false"/>)~"}},
        {R"~(mapping.d/rules.xml:16:40: this <absence> does nothing; write disable="true", or remove the element)~"}},
       {"an end date that is no date",
        {{kRules, R"~(expires="end")~", R"~(expires="department")~"}},
        {R"~(mapping.d/rules.xml:15:49: the field 'department' is no date; add type="date" and a format to the <field> at muster.xml:13:5)~"}},
       {"an end date that no field has",
        {{kRules, R"~(expires="end")~", R"~(expires="ends")~"}},
        {"mapping.d/rules.xml:15:49: unknown field 'ends'; did you mean 'end'?"}},
       {"a rehire by an unknown field",
        {{kRules, R"~(match="id")~", R"~(match="idd")~"}},
        {"mapping.d/rules.xml:16:20: unknown field 'idd'; did you mean 'id'?"}},
       {"two rehire rules",
        {{kRules, R"~(<rehire match="id"/>)~", R"~(<rehire match="id"/><rehire match="first"/>)~"}},
        {"mapping.d/rules.xml:16:25: a second <rehire>; the first is at mapping.d/rules.xml:16:5; keep one of the two"}},
     }},
  };
}
// clang-format on

}  // namespace muster::test
