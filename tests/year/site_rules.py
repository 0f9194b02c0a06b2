"""The configuration of muster for the simulated company, and where things are in the directory; for OpenLDAP and Active Directory."""
import os
from xml.sax.saxutils import quoteattr

import letters
import oracle


class Site:
    def __init__(self, family, env, people, features):
        self.family, self.env, self.size, self.features = family, env, people, features
        self.ad = family == "samba"
        self.suffix = env["SUFFIX"]
        ou = "OU=%s,%s" if self.ad else "ou=%s,%s"
        self.people, self.leavers, self.groups = (ou % (name, self.suffix) for name in
                                                  (("People", "Leavers", "Groups") if self.ad else ("people", "leavers", "groups")))
        self.birthright = ("OU=Birthright,%s" if self.ad else "ou=birthright,%s") % self.groups
        self.placeholder = "" if self.ad else f"cn=nobody,ou=service,{self.suffix}"
        self.key_attribute = "employeeID" if self.ad else "employeeNumber"
        self.names = "names" in features
        self.naming_attribute = "" if self.ad else "uid"
        self.account_attribute = "sAMAccountName" if self.ad else "uid"

    def group_dn(self, name):
        base = self.birthright if name in oracle.EXCLUSIVE - {"crm"} else self.groups
        return f"cn={name},{base}"

    def unit(self, name):
        return ("OU=%s,%s" if self.ad else "ou=%s,%s") % (name, self.people)

    def rdn(self, r):
        """What a new entry is called; beside OpenLDAP, it has its unique name."""
        return f"cn={r.first} {r.last} ({r.key})" if self.ad else "uid=" if self.names else f"uid=u{r.key}"

    def unique(self, r):
        """Attributes that nobody else has: name to (what stands before the number, what behind, how long both together may be)."""
        if not self.names:
            return {}
        first, last = letters.plain(r.first).lower(), letters.plain(r.last).lower()
        return {self.account_attribute: (letters.plain(r.first[:1]).lower() + last, "", 12),
                "mail": (f"{first}.{last}", "@corp.example", 60)}

    # name, expression, the same in Python, what happens on drift
    def rules(self):
        return [
            ("givenName", "first", lambda r: r.first, "revert"),
            ("sn", "last", lambda r: r.last, "revert"),
            ("displayName", "concat(first, ' ', last)", lambda r: f"{r.first} {r.last}", "revert"),
            ("cn", "concat(first, ' ', last, ' (', id, ')')", lambda r: f"{r.first} {r.last} ({r.key})", "revert"),
            ("title", "title", lambda r: r.title, "revert"),
            ("department" if self.ad else "departmentNumber", "department", lambda r: r.department, "report"),
            (self.key_attribute, "id", lambda r: r.key, "revert"),
            ("employeeType", "type", lambda r: r.type, "revert"),
            ("l", "site", lambda r: r.site, "revert"),
        ]

    def attributes(self, r):
        """What the entry of this person must have: name to (value, on-drift)."""
        return {name: (value(r), drift) for name, _, value, drift in self.rules()}

    UNIQUE = [("{account}", "lower-case(ascii(concat(substring(first, 1, 1), last)))", ' max-length="12"'),
              ("mail", "concat(lower-case(ascii(concat(first, '.', last))), '@corp.example')", ' reuse-after="730d"')]

    # --- files

    def write(self, folder):
        os.makedirs(folder + "/mapping.d")
        os.makedirs(folder + "/feed")
        os.makedirs(folder + "/secrets", mode=0o700)
        with open(folder + "/secrets/ldap-bind", "w") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write(self.env.get("BIND_PASSWORD", "secret") + "\n")
        for name, text in (("muster.xml", self.muster_xml()), ("mapping.d/attributes.xml", self.attributes_xml()),
                           ("mapping.d/access.xml", self.access_xml()), ("mapping.d/lifecycle.xml", self.lifecycle_xml())):
            with open(f"{folder}/{name}", "w") as f:
                f.write(text)

    def field(self, name, column, more="", values=()):
        inner = "".join(f"<value from={quoteattr(a)} to={quoteattr(b)}/>" for a, b in values)
        return f"    <field name=\"{name}\" column=\"{column}\"{more}>{inner}</field>\n"

    def muster_xml(self):
        date = ' type="date" format="%Y-%m-%d"'
        n = self.size
        url = self.env["LDAPS_URL"] if self.ad else self.env["URL"]
        tls = f"\n    <tls ca=\"{self.env['CA']}\"/>" if self.ad else ""
        filters = ("(objectClass=user)", "(objectClass=group)") if self.ad else ("(objectClass=inetOrgPerson)", "(objectClass=groupOfNames)")
        effective = ' effective="effective"' if "effective" in self.features else ""
        policy = "" if self.ad else f"\n    <disable policy=\"cn=default,ou=policies,{self.suffix}\"/>"
        placeholder = f" placeholder=\"{self.placeholder}\"" if self.placeholder else ""
        return f"""<muster xmlns="urn:muster:config:1">
  <directory name="lab" url="{url}" base="{self.suffix}">
    <bind method="simple" dn="{self.env['BIND_DN']}" secret="ldap-bind"/>{tls}
    <people base="{self.people}" filter="{filters[0]}"/>
    <groups base="{self.groups}" filter="{filters[1]}"{placeholder}/>
    <watch method="auto"/>{policy}
  </directory>
  <feed name="hr" path="feed/hr.csv" mode="snapshot"{effective}>
{self.field('id', 'Employee ID', ' key="true" required="true"')}{
    self.field('status', 'Status', values=oracle.STATUS.items())}{
    self.field('first', 'First Name', ' required="true"')}{self.field('last', 'Last Name', ' required="true"')}{
    self.field('birth', 'Birth Date')}{self.field('department', 'Department', values=[(d, d) for d in oracle.DEPARTMENTS])}{
    self.field('title', 'Job Title')}{self.field('manager', 'Manager')}{self.field('site', 'Site')}{self.field('zone', 'Time Zone')}{
    self.field('type', 'Worker Type')}{self.field('start', 'Hire Date', date)}{self.field('end', 'Termination Date', date)}{
    self.field('owner', 'Owner')}{self.field('account', 'Account')}{
    self.field('effective', 'Effective', date) if effective else ''}  </feed>
  <state path="state.db"/>
  <safety max-disables="{max(5, n // 50)}" max-disables-percent="50" max-membership-removals="{max(40, n // 20)}" max-clears="{max(5, n // 50)}"
          max-moves="{max(5, n // 50)}" max-creates="{max(10, n // 20)}"/>
  <upstream><file path="events.jsonl"/></upstream>
  <include path="mapping.d/*.xml"/>
</muster>
"""

    def attributes_xml(self):
        rows = "".join(f"    <attribute name=\"{name}\" owner=\"hr\" value={quoteattr(value)} on-drift=\"{drift}\"/>\n"
                       for name, value, _, drift in self.rules())
        unique = "".join(f"    <attribute name=\"{name.format(account=self.account_attribute)}\" owner=\"hr\" value={quoteattr(value)} unique=\"true\"{more}/>\n"
                         for name, value, more in self.UNIQUE if self.names)
        return f"""<mapping xmlns="urn:muster:config:1">
  <join>
    <match attribute="{self.key_attribute}" value="id"/>
    <match attribute="{self.account_attribute}" value="account"/>
  </join>
  <attributes>
{rows}{unique}    <attribute name="manager" owner="hr" value="manager" refers-to="person" on-drift="revert"/>
    <attribute name="telephoneNumber" owner="directory"/>
  </attributes>
</mapping>
"""

    def access_xml(self):
        roles = ""
        for name, when, _, groups in oracle.ROLES:
            inner = "".join(f"<group dn=\"{self.group_dn(g)}\"/>" for g in groups)
            grace = ' grace="P2DT12H"' if name == "crm" else ""
            roles += f"    <role name=\"{name}\"{grace} when={quoteattr(when)}>{inner}</role>\n"
        return f"""<mapping xmlns="urn:muster:config:1">
  <access>
    <managed base="{self.birthright}" membership="exclusive"/>
    <managed group="{self.group_dn('crm')}" membership="exclusive"/>
    <managed group="{self.group_dn('vpn')}" membership="granted"/>
{roles}  </access>
</mapping>
"""

    def lifecycle_xml(self):
        rdn = "concat('cn=', first, ' ', last, ' (', id, ')')" if self.ad else "concat('uid=', lower-case(ascii(concat(substring(first, 1, 1), last))), $number)"
        if not self.names and not self.ad:
            rdn = "concat('uid=u', id)"
        classes = ' object-class="user"' if self.ad else ""
        places = "".join(f"    <place when=\"site='{site}'\" base=\"{self.unit(unit)}\"/>\n" for site, unit in oracle.PLACES.items())
        leaves = f"""disable="true" strip="managed" move-to="{self.leavers}" delete-after="P44DT13H">
      <set attribute="description" value="'{oracle.LEFT_TEXT}'"/>
      <clear attribute="title"/>
    </leaver>"""
        return f"""<mapping xmlns="urn:muster:config:1">
  <lifecycle>
    <zone value="zone"/>
    <joiner when="status='active'" create="{self.people}" rdn="{rdn}" days-before="{oracle.DAYS_BEFORE}" at="{oracle.FIRST_HOUR:02}:00"{classes}/>
{places}    <leaver when="status='terminated'" {leaves}
    <leaver on="end" at="{oracle.LAST_HOUR}:00" {leaves}
    <absence when="status='leave'"/>
    <absence when="status='unpaid'" access="suspend"/>
    <contractor when="type='Contractor'" expires="end" warn-before="14d 3d"/>
    <worker name="partner" when="type='Partner'" expires="end" expiry="optional" warn-before="30d"/>
    <worker name="service" when="type='Service'" owner="owner" on-owner-left="disable"/>
    <rehire match="first last birth"/>
  </lifecycle>
</mapping>
"""

    # --- the directory before the first day

    def first_entries(self, legacy):
        ldif = ""
        for name in sorted(oracle.EXCLUSIVE | oracle.GRANTED | oracle.OTHER):
            member = "" if self.ad else f"member: {self.placeholder}\n"
            ldif += f"dn: {self.group_dn(name)}\nobjectClass: {'group' if self.ad else 'groupOfNames'}\ncn: {name}\n{member}\n"
        for unit in oracle.PLACES.values():
            ldif += f"dn: {self.unit(unit)}\nobjectClass: organizationalUnit\n\n"
        for name in legacy:
            ldif += self.account_ldif(name, self.people)
        if not self.ad:
            ldif = (f"dn: {self.birthright}\nobjectClass: organizationalUnit\n\n"
                    f"dn: {self.placeholder}\nobjectClass: organizationalRole\ncn: nobody\n\n") + ldif
        return ldif

    def account_ldif(self, name, parent):
        if self.ad:
            return (f"dn: cn={name},{parent}\nobjectClass: user\ncn: {name}\nsAMAccountName: {name}\nsn: {name}\n"
                    f"userAccountControl: 544\n\n")
        return f"dn: uid={name},{parent}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {name}\nsn: {name}\n\n"
