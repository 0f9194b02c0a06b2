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
    expires: datetime.datetime = None
    left: datetime.datetime = None  # since when the account is a leaver's
    was_moved: bool = False
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
        self.records = {}  # key: the last accepted record
        self.listed = set()
        self.accounts = {}  # key: Account
        self.unowned = {}  # account name: an Account of nobody's that was there before
        self.strangers = []  # DNs that administrators made by hand
        self.history = {}  # key: [(date, record as text)]
        self.acts = {}  # key: what administrators did by hand

    # --- HR's file

    def read(self, rows, day):
        """Takes a file, or says why it is refused as a whole."""
        keys = [row["Employee ID"] for row in rows]
        if len(set(keys)) < len(keys):
            return "a key twice"
        if len(keys) < 0.9 * len(self.listed):
            return "too few people"
        self.listed = set(keys)
        for row in rows:
            fault = has_fault(row)
            if not fault:
                self.records[row["Employee ID"]] = record_of(row)
            said = ", ".join(v for k, v in row.items() if v and k not in ("Employee ID", "Birth Date")) + (f" [not taken: {fault}]" if fault else "")
            past = self.history.setdefault(row["Employee ID"], [])
            if not past or past[-1][1] != said:
                past.append((day, said))
        for key in self.records.keys() - self.listed:
            past = self.history[key]
            if past[-1][1] != "not listed":
                past.append((day, "not listed"))
        return ""

    # --- a run of the agent

    def today(self, record, now):
        return now.astimezone(zoneinfo.ZoneInfo(HOME)).date()

    def end_of(self, day, record):
        """The first instant after a day."""
        following = datetime.datetime.combine(day + datetime.timedelta(1), datetime.time(), zoneinfo.ZoneInfo(HOME))
        return following.astimezone(datetime.timezone.utc)

    def kind(self, r, now):
        today = self.today(r, now)
        if r.key not in self.listed or r.status == "terminated" or (r.end and today > r.end):
            return "leaver"
        if r.status in ("leave", "unpaid"):
            return "absence"
        if r.start and r.start > today:
            return "waiting"
        return "active"

    def run(self, now, held=False):
        """A resync at `now`. held: too many are to be switched off, so that they wait for an approval, and nobody of them is half a leaver."""
        self.adopt(now)
        for key, record in self.records.items():
            kind = self.kind(record, now)
            account = self.accounts.get(key)
            if account:
                self.repair(account, record, kind, now, held)
            elif self.may_create(record, kind, now):
                self.create(record, kind, now)

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
                self.accounts[keys[0]] = account

    def is_claimed(self, record):
        """Whether the record names an account that is somebody else's."""
        return any(a.rdn.partition("=")[2] == record.account for a in self.accounts.values()) if record.account else False

    def may_create(self, record, kind, now):
        if kind not in ("active", "waiting") or record.status != "active" or self.is_claimed(record):
            return False
        if record.type == "Contractor" and not record.end:
            return True
        return kind == "active" or record.start - datetime.timedelta(DAYS_BEFORE) <= self.today(record, now)

    def create(self, record, kind, now):
        account = self.accounts[record.key] = Account(record.key, self.site.rdn(record), self.site.people)
        account.off = "waiting" if kind == "waiting" else ""
        self.repair(account, record, kind, now, False)

    def repair(self, account, record, kind, now, held):
        if kind == "leaver":
            return held and not account.off or self.leave(account, record, now)
        self.attributes(account, record)
        self.switch(account, record, kind, now, held)
        self.access(account, record, kind, now)

    def leave(self, a, record, now):
        if a.left and now >= a.left + KEPT and a.off:
            del self.accounts[a.key]
            return
        if not a.off and a.left:
            a.left = now  # somebody enabled the account: it was in use, and the time begins anew
        a.off = a.off or "leaver"
        a.left = a.left or now
        a.expires = None
        a.groups &= OTHER
        a.granted.clear()
        self.move(a, self.site.leavers)

    def move(self, a, parent):
        a.was_moved |= a.parent != parent
        a.parent = parent

    def switch(self, a, record, kind, now, held):
        end = self.end_of(record.end, record) if record.type == "Contractor" and record.end else None
        if kind == "absence":
            if not a.off and not held:
                a.off = "absence"
        elif kind == "waiting":
            if not a.off and not held:
                a.off = "waiting"
        elif a.off != "admin":  # what others switched off is theirs
            a.off = ""
        if kind == "active" and a.left and not a.off:
            self.move(a, self.site.people)
        if not a.off:
            a.left = None
            a.expires = end

    def access(self, a, record, kind, now):
        if kind == "absence":
            return
        due = {g for _, _, applies, groups in ROLES if applies(record) for g in groups}
        keep = OTHER | due | (GRANTED - a.granted)
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

    # --- by hand

    def tamper_value(self, a, name, value):
        a.reported[name] = a.attributes.get(name, "")
        a.attributes[name] = value

    def expected(self, now):
        return self.accounts
