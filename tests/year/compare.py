"""The directory as it is, against what the oracle expects."""
import datetime

import lab
import oracle

UTC = datetime.timezone.utc


def pwd_end_time(entry):
    text = entry.get("pwdendtime", [""])[0]
    return datetime.datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if text else None


def account_expires(entry):
    ticks = int(entry.get("accountexpires", ["0"])[0])
    return None if ticks in (0, 0x7FFFFFFFFFFFFFFF) else datetime.datetime(1601, 1, 1, tzinfo=UTC) + datetime.timedelta(microseconds=ticks // 10)


class Found:
    """One entry, in the oracle's words."""
    def __init__(self, dn, entry, site, now):
        self.dn, self.entry = lab.normal(dn), entry
        self.groups = set()
        self.expires = account_expires(entry) if site.ad else pwd_end_time(entry)
        self.off = bool(int(entry.get("useraccountcontrol", ["0"])[0]) & 2)
        self.enabled = not self.off and not (self.expires and self.expires <= now)


def read(server, site, now):
    """{DN: Found}, {DN of a group: number of members that are nobody's}."""
    names = ["pwdEndTime", "userAccountControl", "accountExpires", "manager", "mail", "description", "uid", "sAMAccountName"] + [r[0] for r in site.rules()]
    entries = {}
    for base in {site.people, site.leavers}:
        for dn, entry in server.search(base, "(objectClass=person)", *names):
            found = Found(dn, entry, site, now)
            entries[found.dn] = found
    strangers = {}
    for dn, entry in server.search(site.groups, "(member=*)", "cn", "member"):
        for member in map(lab.normal, entry.get("member", [])):
            if member in entries:
                entries[member].groups.add(entry["cn"][0])
            elif member != lab.normal(site.placeholder):
                strangers.setdefault(entry["cn"][0], []).append(member)
    return entries, strangers


def compare(server, site, model, now):
    """{what differs: what is known of it}."""
    entries, strangers = read(server, site, now)
    told = {}

    def past_of(key):
        return "".join(f"\n      {day}: {said}" for day, said in model.history.get(key, [])[-4:]) + \
            "".join(f"\n      by hand: {act}" for act in model.acts.get(key, [])[-3:])

    def tell(account, what, expected, found):
        told[f"person {account.key} {account.rdn}: {what}: expected {expected!r}, found {found!r}"] = past_of(account.key)

    by_key = {}
    for found in entries.values():
        for key in found.entry.get(site.key_attribute.lower(), []):
            by_key.setdefault(key, []).append(found)
    model.name({key: {name: found[0].entry.get(name.lower(), [""])[0] for name in (site.account_attribute, "mail")}
                for key, found in by_key.items()})
    for account in model.expected(now).values():
        here = by_key.pop(account.key, [])
        if len(here) != 1:
            tell(account, "account", f"one below {account.parent}", [f.dn for f in here])
            continue
        found = here[0]
        entries.pop(found.dn)
        if found.dn != lab.normal(f"{account.rdn},{account.parent}"):
            tell(account, "DN", lab.normal(f"{account.rdn},{account.parent}"), found.dn)
        if found.enabled != account.enabled(now):
            tell(account, "enabled", account.enabled(now), found.enabled)
        elif found.enabled and found.expires != account.expires:
            tell(account, "expires", str(account.expires), str(found.expires))
        if found.groups != account.groups:
            tell(account, "groups", sorted(account.groups), sorted(found.groups))
        for name, value in account.attributes.items():
            have = found.entry.get(name.lower(), [])
            if name == "manager":
                if site.ad:  # the server lets it follow
                    value = model.dn_of(account.manager)
                have, value = list(map(lab.normal, have)), lab.normal(value)
            if have != ([value] if value else []):
                tell(account, name, value, have)
    for name, account in model.unowned.items():
        found = entries.pop(lab.normal(f"{account.rdn},{account.parent}"), None)
        if not found or not found.enabled or found.groups != account.groups:
            told[f"the account {name}, which is nobody's: expected enabled in {sorted(account.groups)}, found "
                        f"{found and (found.enabled, sorted(found.groups))}"] = ""
    for found in entries.values():
        told[f"an account that nobody should have: {found.dn}; {found.entry}; groups {sorted(found.groups)}"] = \
            past_of(found.entry.get(site.key_attribute.lower(), [""])[0])
    for group, members in strangers.items():
        if group in oracle.OTHER | oracle.GRANTED and not site.ad:  # slapd without refint: what others put there stays under the old name
            left = {lab.normal(dn) for dn, groups in model.left_behind.items() if group in groups}
            members = sorted(set(members) - left)
            if not members:
                continue
        told[f"members of {group} that are no accounts: {members}"] = ""
    return told
