"""What the directory must be like: a second, small model of the rules of `config.py`.

Written from docs/configuration.md and from what a JML practice promises, not from the agent's sources. It keeps what the directory should
have (accounts), is told of each file of HR's (`read`), of what administrators do by hand (`tamper_*`), and of each run of the agent
(`run`), and then says what is expected.
"""
import dataclasses
import datetime
import re
import zoneinfo

DEPARTMENTS = ("Engineering", "Research", "IT", "Sales", "Marketing", "Finance", "Legal", "Operations")
STATUS = {"Active": "active", "Terminated": "terminated", "On Leave": "leave", "Unpaid Leave": "unpaid"}
DAYS_BEFORE = 7
FIRST_HOUR = 6  # <joiner at>
LAST_HOUR = 18  # <leaver on="end" at>
GRACE = datetime.timedelta(days=2, hours=12)  # <role name="crm" grace>
PLACES = {"Munich": "munich", "Hanoi": "hanoi"}  # <place>: units of people
LEFT_TEXT = "left the company"  # <leaver><set attribute="description">
KEPT = datetime.timedelta(days=44, hours=13)  # <leaver delete-after>
HOME = "Europe/Berlin"  # the machine's time zone


@dataclasses.dataclass
class Record:
    """One record of HR's as it was accepted; dates are dates, the rest is text."""
    key: str
    status: str
    first: str
    last: str
    birth: str
    department: str
    title: str
    manager: str
    site: str
    zone: str
    type: str
    start: datetime.date = None
    end: datetime.date = None
    owner: str = ""
    account: str = ""
    effective: datetime.date = None


@dataclasses.dataclass
class Account:
    key: str
    rdn: str
    parent: str
    attributes: dict = dataclasses.field(default_factory=dict)
    groups: set = dataclasses.field(default_factory=set)
    granted: set = dataclasses.field(default_factory=set)  # of these, what the agent gave
    off: str = ""  # why the account is switched off: waiting, absence, leaver, admin; empty: it is on
    waits: str = ""  # why it was off when its first day was still to come
    expires: datetime.datetime = None
    left: datetime.datetime = None  # since when the account is a leaver's
    manager: str = ""  # the key of the person whose DN `manager` has
    kept: dict = dataclasses.field(default_factory=dict)  # group: until when it is kept, though its role does not apply any more
    unnamed: set = dataclasses.field(default_factory=set)  # unique attributes that were given in this run: looked at, and then known
    reported: dict = dataclasses.field(default_factory=dict)  # attribute: what HR said when somebody else's value was reported

    def enabled(self, now):
        return not self.off and not (self.expires and self.expires <= now)


ROLES = [  # name, condition as muster has it, the same in Python, groups
    ("all-staff", "status != 'terminated' and type != 'Service'", lambda r: r.status != "terminated" and r.type != "Service", ["all-staff"]),
    ("managers", "title='Manager' and status != 'terminated'", lambda r: r.title == "Manager" and r.status != "terminated", ["managers"]),
    ("contractors", "type='Contractor'", lambda r: r.type == "Contractor", ["contractors"]),
    ("vpn", "(department='Engineering' or department='IT' or department='Sales') and status='active'",
     lambda r: r.department in ("Engineering", "IT", "Sales") and r.status == "active", ["vpn"]),
    ("crm", "department='Sales' or department='Marketing'", lambda r: r.department in ("Sales", "Marketing"), ["crm"]),
] + [(d.lower(), f"department='{d}' and status != 'terminated'", lambda r, d=d: r.department == d and r.status != "terminated", [d.lower()])
     for d in DEPARTMENTS] + [
    (s.lower(), f"site='{s}'", lambda r, s=s: r.site == s, [f"site-{s.lower()}"]) for s in ("Munich", "Austin", "Hanoi", "Auckland")]
EXCLUSIVE = {"all-staff", "managers", "contractors", "crm"} | {d.lower() for d in DEPARTMENTS} | \
    {f"site-{s}" for s in ("munich", "austin", "hanoi", "auckland")}
GRANTED = {"vpn"}
OTHER = {"chess-club"}  # nobody's rule; the agent leaves it alone


def has_fault(row):
    """Why a record is not taken: that person keeps what HR said before."""
    if any(re.search("[\x00-\x1f\ufffd]", value) for value in row.values()):
        return "control character"
    if row["Status"] not in STATUS or row["Department"] not in DEPARTMENTS:
        return "unknown value"
    if not row["First Name"].strip() or not row["Last Name"].strip():
        return "required"
    for name in ("Hire Date", "Termination Date", "Effective"):
        if row[name]:
            try:
                datetime.datetime.strptime(row[name], "%Y-%m-%d")
            except ValueError:
                return "date"
    return ""


def record_of(row):
    day = lambda text: datetime.date.fromisoformat(text) if text else None
    return Record(row["Employee ID"], STATUS[row["Status"]], row["First Name"], row["Last Name"], row["Birth Date"], row["Department"],
                  row["Job Title"], row["Manager"], row["Site"], row["Time Zone"], row["Worker Type"], day(row["Hire Date"]),
                  day(row["Termination Date"]), row["Owner"], row["Account"], day(row["Effective"]))


class Oracle:
    def __init__(self, site, features):
        self.site, self.features = site, features
        self.told = {}  # key: the records that were accepted last, each from a day on
        self.records = {}  # key: the one of them that is in force
        self.listed = set()
        self.away = set()  # who was not listed in the last run
        self.accounts = {}  # key: Account
        self.unowned = {}  # account name: an Account of nobody's that was there before
        self.strangers = []  # DNs that administrators made by hand
        self.history = {}  # key: [(date, record as text)]
        self.taken = {}  # unique attribute: {value in small letters that somebody has or had: that person's key}
        self.left_behind = {}  # DN: groups that are not the agent's and still have it, though nobody is called so
        self.acts = {}  # key: what administrators did by hand

    # --- HR's file

    def read(self, rows, day):
        """Takes a file, or says why it is refused as a whole."""
        keys = [(row["Employee ID"], row["Effective"] if "effective" in self.features else "") for row in rows]
        if len(set(keys)) < len(keys):
            return "a key twice"
        listed = {key for key, _ in keys}
        if len(listed) < 0.9 * len(self.listed):
            return "too few people"
        self.listed = listed
        faulty = {row["Employee ID"] for row in rows if has_fault(row)}  # one record that cannot be read leaves all of a person's
        told = {}
        for row in rows:
            if row["Employee ID"] not in faulty:
                told.setdefault(row["Employee ID"], []).append(record_of(row))
        self.told.update(told)
        for row in rows:
            fault = has_fault(row)
            said = ", ".join(v for k, v in row.items() if v and k not in ("Employee ID", "Birth Date")) + (f" [not taken: {fault}]" if fault else "")
            past = self.history.setdefault(row["Employee ID"], [])
            if not past or past[-1][1] != said:
                past.append((day, said))
        for key in self.told.keys() - self.listed:
            past = self.history[key]
            if past[-1][1] != "not listed":
                past.append((day, "not listed"))
        return ""

    # --- a run of the agent

    def zone(self, r):
        return zoneinfo.ZoneInfo(r.zone or HOME)

    def today(self, r, now):
        return now.astimezone(self.zone(r)).date()

    def at(self, day, hour, r):
        """An hour of a day where this person works; 24: the first instant after it."""
        day += datetime.timedelta(hour // 24)
        return datetime.datetime.combine(day, datetime.time(hour % 24), self.zone(r)).astimezone(datetime.timezone.utc)

    def has_come(self, r, now):
        return not r.effective or self.at(r.effective, 0, r) <= now

    def in_force(self, key, now):
        """The latest whose day has come; where none has, what counted before goes on, and else the first to come."""
        records = self.told[key]
        come = [r for r in records if self.has_come(r, now)]
        if come:
            return max(come, key=lambda r: r.effective or datetime.date.min)
        before = self.records.get(key)
        if before and key not in self.away and self.has_come(before, now):
            return before
        return min(records, key=lambda r: r.effective)

    def kind(self, r, now):
        if r.key not in self.listed or r.status == "terminated" or (r.end and now >= self.at(r.end, LAST_HOUR, r)):
            return "leaver"
        if r.status in ("leave", "unpaid"):
            return "absence"
        if r.start and now < self.at(r.start, FIRST_HOUR, r):
            return "waiting"
        return "active"

    def is_broken(self, r):
        """A manager whom HR does not list, and managers in a circle: that person is left alone."""
        seen = set()
        above = r.manager
        while above:
            if above not in self.listed or above not in self.records:
                return above == r.manager
            if above == r.key:
                return True
            if above in seen:
                return False  # a circle above, which is others' trouble
            seen.add(above)
            above = self.records[above].manager
        return False

    def run(self, now, held=False):
        """A resync at `now`. held: too many are to be switched off, so that they wait for an approval, and nobody of them is half a leaver."""
        self.records = {key: self.in_force(key, now) for key in self.told}
        self.away = self.told.keys() - self.listed
        self.kinds = {key: self.kind(r, now) for key, r in self.records.items()}
        self.adopt(now)
        self.recognise(now)
        for key, record in self.records.items():
            kind = self.kinds[key]
            account = self.accounts.get(key)
            if kind != "leaver" and self.is_broken(record):
                if account:  # like leaving: whatever else is wrong
                    self.switch_off(account, record, kind, held)
                continue
            if account:
                self.repair(account, record, kind, now, held)
            elif self.may_create(record, kind, now):
                self.create(record, kind, now)
        for key, account in self.accounts.items():
            if self.kinds[key] != "leaver" and not self.is_broken(self.records[key]):
                account.manager = self.records[key].manager
                account.attributes["manager"] = self.dn_of(account.manager)

    def dn_of(self, key):
        return f"{self.accounts[key].rdn},{self.accounts[key].parent}" if key in self.accounts else ""

    def recognise(self, now):
        """<rehire match="first last birth">: a new key whose fields are those of one former leaver takes that account over."""
        former = {}
        for key, account in self.accounts.items():
            if self.kinds[key] == "leaver":
                former.setdefault(self.identity(self.records[key]), []).append(key)
        for key, record in list(self.records.items()):
            found = former.get(self.identity(record), [])
            if key in self.accounts or self.kinds[key] in ("leaver", "absence") or len(found) != 1 or self.is_broken(record):
                continue
            account = self.accounts.pop(found[0])
            account.key = key
            self.accounts[key] = account
            if self.site.ad:  # whom leavers name: the server's link is to the account, whoever has it now
                for other in self.accounts.values():
                    other.manager = key if other.manager == found[0] else other.manager
            self.acts[key] = self.acts.get(found[0], []) + [f"{now:%F} was {found[0]}"]

    @staticmethod
    def identity(r):
        return r.first, r.last, r.birth

    def adopt(self, now):
        """Accounts that were there before, found by HR's account name. Two who claim the same one get nothing."""
        wanting = {}
        for key, record in self.records.items():
            if record.account and key not in self.accounts and key in self.listed:
                wanting.setdefault(record.account, []).append(key)
        for name, keys in wanting.items():
            if name in self.unowned and len(keys) == 1:
                account = self.unowned.pop(name)
                account.key = keys[0]
                account.unnamed = set(self.site.unique(self.records[keys[0]])) - {self.site.account_attribute}
                account.attributes[self.site.account_attribute] = name
                self.accounts[keys[0]] = account

    def is_claimed(self, record):
        """Whether the record names an account that is somebody else's."""
        name = self.site.account_attribute
        return bool(record.account) and any(a.attributes.get(name) == record.account for a in self.accounts.values())

    def may_create(self, record, kind, now):
        if kind not in ("active", "waiting") or record.status != "active" or self.is_claimed(record):
            return False
        if record.type == "Contractor" and not record.end:
            return True
        return kind == "active" or record.start - datetime.timedelta(DAYS_BEFORE) <= self.today(record, now)

    def create(self, record, kind, now):
        account = self.accounts[record.key] = Account(record.key, self.site.rdn(record), self.home(record), unnamed=set(self.site.unique(record)))
        account.off = "waiting" if kind == "waiting" else ""
        self.repair(account, record, kind, now, False)

    def repair(self, account, record, kind, now, held):
        if kind != "waiting":
            account.waits = ""
        if kind == "leaver":
            return held and account.enabled(now) or self.leave(account, record, now)
        self.attributes(account, record)
        self.switch(account, record, kind, now, held)
        self.access(account, record, kind, now)

    def home(self, r):
        return self.site.unit(PLACES[r.site]) if r.site in PLACES else self.site.people

    @staticmethod
    def is_to_go(a, now):
        return bool(a.left and now >= a.left + KEPT and a.off)

    def to_go(self, now):
        """How many leavers' accounts have been kept for long enough: too many at once wait for an approval."""
        return sum(self.is_to_go(a, now) for a in self.accounts.values())

    def leave(self, a, record, now):
        if self.is_to_go(a, now):
            del self.accounts[a.key]
            return
        if not a.off and a.left:
            a.left = now  # somebody enabled the account: it was in use, and the time begins anew
        a.off = a.off or "leaver"
        a.left = a.left or now
        a.expires = None
        a.groups &= OTHER
        a.granted.clear()
        a.kept.clear()
        a.attributes["description"] = LEFT_TEXT
        a.attributes["title"] = ""
        self.move(a, self.site.leavers)

    def move(self, a, parent):
        """slapd without refint: groups that are not the agent's keep the old name, and have whoever is called so again."""
        if a.parent != parent and not self.site.ad:
            stay = a.groups & ((OTHER | GRANTED) - a.granted)
            a.groups -= stay
            self.left_behind.setdefault(f"{a.rdn},{a.parent}", set()).update(stay)
            a.parent = parent
            self.is_found(a)
        a.parent = parent

    def is_found(self, a):
        a.groups |= self.left_behind.pop(f"{a.rdn},{a.parent}", set())

    def is_without_owner(self, r):
        return r.type == "Service" and self.kinds.get(r.owner, "leaver") == "leaver"

    def switch_off(self, a, record, kind, held):
        if not a.off and not held and (self.is_without_owner(record) or kind == "absence"):
            a.off = "owner" if self.is_without_owner(record) else "absence"

    def switch(self, a, record, kind, now, held):
        end = self.at(record.end, 24, record) if record.type in ("Contractor", "Partner") and record.end else None
        self.switch_off(a, record, kind, held)
        if self.is_without_owner(record):
            return
        if kind == "waiting":  # who was switched off before the first day stays so; who worked goes on
            if a.off and a.off != "admin":
                a.waits = a.off
            elif a.waits and not held:
                a.off = a.waits
        elif kind == "active" and a.off != "admin":  # what others switched off is theirs
            a.off = ""
        is_back = a.left and kind == "active" and not a.off
        if is_back:
            a.attributes["description"] = ""
        if is_back if a.parent == self.site.leavers else record.site in PLACES:
            self.move(a, self.home(record))
        if not a.off:
            a.left = None
            a.expires = end

    def access(self, a, record, kind, now):
        if kind == "absence":
            if record.status == "unpaid":  # <absence access="suspend">
                a.groups &= OTHER | (GRANTED - a.granted)
                a.granted.clear()
                a.kept.clear()
            return
        due = {g for _, _, applies, groups in ROLES if applies(record) for g in groups}
        for group in {"crm"} & a.granted - due:
            a.kept.setdefault(group, now + GRACE)
        a.kept = {g: until for g, until in a.kept.items() if g not in due and g in a.groups and until > now}
        keep = OTHER | due | (GRANTED - a.granted) | a.kept.keys()
        a.granted &= keep
        a.groups &= keep
        if kind == "active" and a.enabled(now):
            a.granted |= due - a.groups
            a.groups |= due

    def attributes(self, a, record):
        if self.site.ad:
            a.rdn = self.site.rdn(record)  # <attribute name="cn">: the entry is called so
        for name, (value, drift) in self.site.attributes(record).items():
            if drift == "report" and a.reported.get(name) == value:
                continue  # somebody else's value stays until HR says something new
            a.reported.pop(name, None)
            a.attributes[name] = value

    # --- names that nobody else has

    def name(self, seen):
        """Who got which number among those of one run is the agent's to say; that they are the lowest free ones is not. seen: key to
        {attribute: value} as the directory has it."""
        groups = {}
        for account in self.accounts.values():
            for attribute in account.unnamed:
                wish = self.site.unique(self.records[account.key])[attribute]
                groups.setdefault((attribute, wish), []).append(account)
        for (attribute, wish), accounts in groups.items():
            taken = self.taken.setdefault(attribute, {})
            given = []
            for account in accounts:  # who comes back after the account was deleted may have the former name again
                value = next(c for c in self.candidates(*wish) if taken.get(c.lower(), account.key) == account.key)
                taken[value.lower()] = account.key
                given.append(value)
            found = [seen.get(a.key, {}).get(attribute, "") for a in accounts]
            for account, value in zip(accounts, found if sorted(found) == sorted(given) else given):
                taken[value.lower()] = account.key
                account.attributes[attribute] = value
                account.unnamed.discard(attribute)
                if attribute == self.site.naming_attribute:
                    account.rdn = f"{attribute}={value}"
                    self.is_found(account)
                    self.named_late(account)

    @staticmethod
    def candidates(stem, domain, longest):
        number = ""
        while True:
            yield stem[:longest - len(str(number))] + str(number) + domain
            number = number + 1 if number else 2

    def named_late(self, account):
        for report in self.accounts.values():
            if report.manager == account.key and self.kinds[report.key] != "leaver":
                report.attributes["manager"] = self.dn_of(account.key)

    # --- by hand

    def tamper_value(self, a, name, value):
        a.reported[name] = a.attributes.get(name, "")
        a.attributes[name] = value

    def expected(self, now):
        return self.accounts
