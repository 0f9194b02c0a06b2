"""An administrator who works in the directory by hand, and tells the oracle what was done."""
import lab
import oracle

ENDED = "20200101000000Z"


class Administrator:
    def __init__(self, random, server, site, model):
        self.random, self.server, self.site, self.model = random, server, site, model
        self.acts = 0
        self.number = 0
        self.to_undo = []

    def prepare(self, legacy):
        names = ["legacy" + key for key in legacy]
        self.server.change(self.site.first_entries(names), add=True)
        for name in names:
            self.stranger(name)

    def stranger(self, name):
        self.model.unowned[name] = oracle.Account(name, ("cn=" if self.site.ad else "uid=") + name, self.site.people)

    def day(self, now):
        size = len(self.model.accounts)
        for rate, what in ((0.5, self.put_into_group), (0.4, self.take_out_of_group), (0.4, self.change_value), (0.3, self.report_value),
                           (0.3, self.enable_leaver), (0.15, self.move_entry), (0.1, self.new_account), (0.15, self.disable), (0.3, self.put_into_other)):
            if self.random.random() < max(rate * min(1, size / 500), 0.12 * rate + 0.05):
                what(now)

    def pick(self, fits):
        found = sorted(a.key for a in self.model.accounts.values() if fits(a))
        return self.model.accounts[self.random.choice(found)] if found else None

    def active(self, a):
        return not a.off and not a.expires and a.key in self.model.listed

    def did(self, now, account, text):
        self.acts += 1
        self.model.acts.setdefault(account.key, []).append(f"{now:%F} {text}")

    def dn(self, a):
        return f"{a.rdn},{a.parent}"

    def modify(self, dn, *lines):
        self.server.change(lab.attribute("dn", dn) + "changetype: modify\n" + "".join(lines))

    def member(self, how, a, group):
        self.modify(self.site.group_dn(group), f"{how}: member\n", lab.attribute("member", self.dn(a)))

    # --- memberships

    def put_into_group(self, now):
        if a := self.pick(self.active):
            group = self.random.choice(sorted(oracle.EXCLUSIVE - a.groups))
            self.member("add", a, group)
            a.groups.add(group)
            self.did(now, a, f"put into {group}")

    def put_into_other(self, now):
        """Into a group of which only what the agent gave is taken away, or that is no rule's at all."""
        if a := self.pick(self.active):
            if others := sorted((oracle.GRANTED | oracle.OTHER) - a.groups):
                group = self.random.choice(others)
                self.member("add", a, group)
                a.groups.add(group)
                self.did(now, a, f"put into {group}")

    def take_out_of_group(self, now):
        if a := self.pick(lambda a: self.active(a) and a.groups & oracle.EXCLUSIVE):
            group = self.random.choice(sorted(a.groups & oracle.EXCLUSIVE))
            self.member("delete", a, group)
            a.groups.discard(group)
            self.did(now, a, f"taken out of {group}")

    # --- values

    def change_value(self, now):
        if a := self.pick(self.active):
            name = self.random.choice(["title", "displayName", "sn", "l"])
            self.modify(self.dn(a), f"replace: {name}\n{name}: By Hand\n")
            a.attributes[name] = "By Hand"
            self.did(now, a, f"{name} changed")

    def report_value(self, now):
        name = "department" if self.site.ad else "departmentNumber"
        if a := self.pick(lambda a: self.active(a) and name not in a.reported):
            self.modify(self.dn(a), f"replace: {name}\n{name}: Secret Project\n")
            self.model.tamper_value(a, name, "Secret Project")
            self.did(now, a, f"{name} changed")

    # --- accounts

    def switch(self, a, on):
        if self.site.ad:
            self.modify(self.dn(a), f"replace: userAccountControl\nuserAccountControl: {512 if on else 514}\n")
        else:
            self.modify(self.dn(a), "replace: pwdEndTime\n", "" if on else f"pwdEndTime: {ENDED}\n")

    def enable_leaver(self, now):
        if a := self.pick(lambda a: a.off in ("leaver", "absence")):
            self.switch(a, True)
            a.off = ""
            self.did(now, a, "enabled")

    def disable(self, now):
        for a in [a for a in self.to_undo if a.off == "admin" and a.key in self.model.accounts]:
            self.switch(a, True)
            a.off = ""
            self.did(now, a, "enabled again")
        self.to_undo.clear()
        if a := self.pick(self.active):
            self.switch(a, False)
            a.off = "admin"
            self.to_undo.append(a)
            self.did(now, a, "disabled")

    def move_entry(self, now):
        if a := self.pick(lambda a: a.left and a.off and a.parent == self.site.leavers):
            self.server.change(lab.attribute("dn", self.dn(a)) + "changetype: modrdn\n" + lab.attribute("newrdn", a.rdn) +
                               f"deleteoldrdn: 1\nnewsuperior: {self.site.people}\n")
            a.parent = self.site.people
            self.did(now, a, "moved back to the people")

    def new_account(self, now):
        self.number += 1
        name = f"stranger{self.number}"
        self.server.change(self.site.account_ldif(name, self.site.people), add=True)
        self.stranger(name)
        self.acts += 1
