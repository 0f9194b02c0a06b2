"""A company that lives through a year: what its HR system exports every day.

Everything follows from the seed: the same arguments give the same company on every machine. This module knows nothing of muster; it
plays HR, with all that HR gets wrong. `Company.day(n)` gives the file of day n and says what is true of it (Day).
"""
import csv
import dataclasses
import datetime
import io
import random

COLUMNS = ["Employee ID", "Status", "First Name", "Last Name", "Birth Date", "Department", "Job Title", "Manager", "Site", "Time Zone",
           "Worker Type", "Hire Date", "Termination Date", "Owner", "Account", "Effective"]
DEPARTMENTS = ["Engineering", "Research", "IT", "Sales", "Marketing", "Finance", "Legal", "Operations"]
TITLES = ["Specialist", "Senior Specialist", "Engineer", "Analyst", "Coordinator", "Manager"]
SITES = {"Munich": "Europe/Berlin", "Austin": "America/Chicago", "Hanoi": "Asia/Ho_Chi_Minh", "Auckland": "Pacific/Auckland"}
FIRST = ("Anna Jürgen José Søren Łukasz Zoé Björn Åse Øyvind Ida Jörg Jose Joerg Emma Lukas Mia Noah Lars Mette Ursula Stefan Claudia "
         "Julia Felix Paul Tomasz Zofia Hélène François Chloé Giulia Marco Lucía Martín Siobhán Niamh Göran Märta Priya Wei Fatima Omar "
         "Ayşe Dmitri Ольга Γιώργος Nguyễn Thị Đức Phương Minh Sơn Bjarne Ana Iñigo Þóra").split()
LAST = ("Müller Mueller Muller Groß Gross Meyer Schäfer Schaefer Weiß Jensen Sørensen Sorensen Østergård Łukaszewski Nowak Wiśniewski "
        "Dąbrowski Lefèvre Lefevre Dubois García Garcia Núñez Nunez O'Brien Öberg Oeberg Åkesson Ångström Trần Tran Nguyễn Nguyen Phạm Đặng "
        "Lê Иванова Παπαδόπουλος Yıldız Šimek Čapek Smith Smith-Jones Li Brown Æbelø Kjær").split()


def iso(day):
    return day.isoformat() if day else ""


@dataclasses.dataclass
class Worker:
    """What HR knows of one person. `record` has the values of COLUMNS; `state` is HR's own word for where the person is."""
    record: dict
    state: str = "employed"  # employed, announced, away, resigned, left, dropped
    broken: dict = dataclasses.field(default_factory=dict)  # values that are wrong in the file until HR mends them
    pending: list = dataclasses.field(default_factory=list)  # records that count from a later day

    @property
    def key(self):
        return self.record["Employee ID"]


@dataclasses.dataclass
class Day:
    """One day's file. `rows` are the records; `kind` says what HR knows of the file: 'good', 'mass' (many changes, meant so),
    'half' (cut off), 'twice' (one key twice), 'wrong' (everybody of some departments terminated by mistake)."""
    date: datetime.date
    rows: list
    kind: str = "good"
    log: list = dataclasses.field(default_factory=list)

    def text(self):
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()


class Company:
    def __init__(self, seed, people, start, days, features):
        self.random = random.Random(seed)
        self.start, self.days, self.size, self.features = start, days, people, features
        self.today = start
        self.workers = {}
        self.later = {}  # day number: what HR will do then
        self.next_id = 100001
        self.log = []
        self.kind = "good"
        self.last_good = None
        self.legacy = []
        self.settle()
        self.plan_special_days()

    # --- who there is on the first day

    def new_key(self):
        self.next_id += 1
        return str(self.next_id - 1)

    def record(self, kind="Employee", hire=None, end=None):
        r = self.random
        site = r.choice(list(SITES))
        return {"Employee ID": self.new_key(), "Status": "Active", "First Name": r.choice(FIRST), "Last Name": r.choice(LAST),
                "Birth Date": iso(datetime.date(1960, 1, 1) + datetime.timedelta(r.randrange(15000))),
                "Department": r.choice(DEPARTMENTS), "Job Title": r.choice(TITLES), "Manager": "", "Site": site, "Time Zone": SITES[site],
                "Worker Type": kind, "Hire Date": iso(hire or self.today - datetime.timedelta(r.randrange(30, 4000))),
                "Termination Date": iso(end), "Owner": "", "Account": "", "Effective": ""}

    def settle(self):
        r = self.random
        for _ in range(self.size):
            chance = r.random()
            if chance < 0.10:
                rec = self.record("Contractor", end=self.today + datetime.timedelta(r.randrange(5, 200)))
            elif chance < 0.13:
                rec = self.record("Partner", end=self.today + datetime.timedelta(r.randrange(20, 300)) if r.random() < 0.5 else None)
            elif chance < 0.15:
                rec = self.record("Service")
                rec["First Name"], rec["Last Name"] = "Service", "Job" + rec["Employee ID"]
            else:
                rec = self.record()
            self.workers[rec["Employee ID"]] = Worker(rec)
        everybody = list(self.workers.values())
        self.boss = everybody[0]
        self.boss.record.update({"Worker Type": "Employee", "Termination Date": "", "Job Title": "Manager", "First Name": "Grace"})
        heads = [w for w in everybody if w.record["Job Title"] == "Manager" and w.record["Worker Type"] == "Employee"]
        for w in everybody[1:]:
            w.record["Manager"] = (self.boss if w in heads else r.choice(heads)).key
            if w.record["Worker Type"] == "Service":
                w.record["Owner"] = r.choice(heads).key
        for w in r.sample([w for w in everybody if w.record["Worker Type"] == "Employee" and w is not self.boss], max(3, self.size // 20)):
            w.record["Account"] = "legacy" + w.key
            self.legacy.append(w.key)

    def plan_special_days(self):
        """Files that are wrong as a whole, and a reorganisation and a closing of a site, which are many changes and meant so."""
        if self.days < 25:
            return

        def at(part, what):
            self.later.setdefault(int(self.days * part) + 1, []).append(what)
        for part in (0.17, 0.61):
            at(part, self.half_file)
        for part in (0.29, 0.83):
            at(part, self.key_twice)
        at(0.41, self.wrong_status)
        at(0.53, self.reorganisation)
        at(0.71, self.layoff)

    # --- one day

    def day(self, number):
        self.today = self.start + datetime.timedelta(number)
        self.log, self.kind, self.rows_of = [], "good", None
        if number > 0:
            due = self.later.pop(number, [])
            wrong = [w for w in due if w.__name__ in self.WRONG]
            if wrong:  # the file is yesterday's, spoilt; what HR would have done today is done tomorrow
                self.later.setdefault(number + 1, []).extend(w for w in due if w not in wrong)
                wrong[0](number)
            else:
                for what in due:
                    what(number)
                self.ordinary(number)
        rows = self.rows_of if self.rows_of is not None else self.rows()
        return Day(self.today, rows, self.kind, self.log)

    WRONG = ("half_file", "key_twice", "wrong_status")

    def rows(self):
        rows = []
        for w in self.workers.values():
            if w.state != "dropped":
                rows.append({**w.record, **w.broken})
                rows.extend({**p, **w.broken} for p in w.pending)
        return rows

    def ordinary(self, number):
        r = self.random
        for rate, what in ((1.6, self.hire), (3, self.transfer), (2, self.promote), (1, self.relocate), (0.5, self.marry), (0.8, self.dismiss),
                           (0.7, self.resign), (0.7, self.leave), (0.35, self.contract), (0.5, self.prolong), (0.12, self.convert),
                           (0.25, self.rehire), (0.15, self.return_with_new_key), (0.6, self.err), (0.25, self.claim), (0.15, self.circle), (0.4, self.announce),
                           (0.3, self.retroactive), (0.2, self.other_manager), (0.2, self.stay)):
            rate = max(rate * self.size / 2000, min(rate, 1) * 0.12)
            while rate > 0:
                if r.random() < rate:
                    what(number)
                rate -= 1

    def after(self, number, days, what):
        self.later.setdefault(number + max(1, days), []).append(what)

    def pick(self, *states, kinds=("Employee",), fits=lambda w: True):
        found = [w for w in self.workers.values() if w.state in states and w.record["Worker Type"] in kinds and not w.broken and
                 not w.pending and w is not self.boss and fits(w)]
        return self.random.choice(found) if found else None

    def note(self, worker, text):
        self.log.append((worker.key, text))

    def managers(self):
        return [w for w in self.workers.values() if w.state in ("employed", "away") and w.record["Job Title"] == "Manager" and
                w.record["Worker Type"] == "Employee" and not w.broken and w.record["Account"][:6] != "claim:"] or [self.boss]

    # --- joiners

    def hire(self, number, kind="Employee", end=None):
        lead = self.random.choice((0, 0, 1, 3, 7, 8, 14, 20))
        rec = self.record(kind, self.today + datetime.timedelta(lead), end)
        rec["Manager"] = self.random.choice(self.managers()).key
        w = self.workers[rec["Employee ID"]] = Worker(rec, "announced" if lead else "employed")
        self.note(w, f"hired for {rec['Hire Date']} as {kind}")
        if lead:
            def begins(_):
                if w.state == "announced":
                    w.state = "employed"
            begins.__name__ = "begins"
            self.after(number, lead + 1, begins)
        return w

    def contract(self, number):
        kind = self.random.choice(("Contractor", "Contractor", "Partner")) 
        return self.hire(number, kind, self.today + datetime.timedelta(self.random.randrange(25, 120)))

    # --- movers

    def transfer(self, number):
        if w := self.pick("employed", "away"):
            w.record["Department"] = self.random.choice([d for d in DEPARTMENTS if d != w.record["Department"]])
            w.record["Manager"] = self.random.choice([m for m in self.managers() if m is not w] or [self.boss]).key
            self.note(w, f"moves to {w.record['Department']}, manager {w.record['Manager']}")

    def promote(self, number):
        if w := self.pick("employed", "away", "announced", kinds=("Employee", "Contractor")):
            w.record["Job Title"] = self.random.choice([t for t in TITLES if t != w.record["Job Title"]])
            self.note(w, f"is now {w.record['Job Title']}")

    def relocate(self, number):
        if w := self.pick("employed", "away"):
            w.record["Site"] = self.random.choice([s for s in SITES if s != w.record["Site"]])
            w.record["Time Zone"] = SITES[w.record["Site"]]
            self.note(w, f"moves to {w.record['Site']}")

    def marry(self, number):
        if w := self.pick("employed", "away"):
            w.record["Last Name"] = self.random.choice([n for n in LAST if n != w.record["Last Name"]])
            self.note(w, f"is now called {w.record['Last Name']}")

    def other_manager(self, number):
        if w := self.pick("employed", "away"):
            w.record["Manager"] = self.random.choice([m for m in self.managers() if m is not w] or [self.boss]).key
            self.note(w, f"reports to {w.record['Manager']}")

    def announce(self, number):
        """A move that HR knows of before it counts: a second record with a later date."""
        if "effective" in self.features and (w := self.pick("employed")):
            days = self.random.randrange(2, 25)
            day = self.today + datetime.timedelta(days)
            future = {**w.record, "Effective": iso(day), "Job Title": self.random.choice(TITLES),
                      "Department": self.random.choice([d for d in DEPARTMENTS if d != w.record["Department"]])}
            w.pending = [future]
            self.note(w, f"will move to {future['Department']} on {day}")
            def counts(_):
                if w.pending == [future] and w.state == "employed":
                    w.record, w.pending = future, []
            counts.__name__ = "counts"
            self.after(number, days + self.random.randrange(0, 4), counts)

    def retroactive(self, number):
        if "effective" in self.features and (w := self.pick("employed")):
            since = self.today - datetime.timedelta(self.random.randrange(1, 30))
            w.record = {**w.record, "Effective": iso(since), "Department": self.random.choice(DEPARTMENTS)}
            self.note(w, f"is in {w.record['Department']} since {since}")

    # --- leave

    def leave(self, number):
        if w := self.pick("employed"):
            w.state = "away"
            w.record["Status"] = "Unpaid Leave" if self.random.random() < 0.5 else "On Leave"
            self.note(w, w.record["Status"])
            def back(_):
                if w.state == "away":
                    w.state, w.record["Status"] = "employed", "Active"
                    self.note(w, "is back")
            back.__name__ = "back"
            self.after(number, self.random.randrange(4, 40), back)

    # --- leavers

    def leaves(self, w, number):
        w.state, w.record["Status"] = "left", "Terminated"
        w.pending = []
        self.note(w, "terminated")
        def dropped(_):
            if w.state == "left":
                w.state = "dropped"
                self.note(w, "is in no file any more")
        dropped.__name__ = "dropped"
        self.after(number, self.random.choice((1, 5, 20, 35, 70)), dropped)
        def others_manager(_):
            for report in self.workers.values():
                if report.record["Manager"] == w.key and report.state not in ("left", "dropped"):
                    report.record["Manager"] = self.random.choice([m for m in self.managers() if m is not report] or [self.boss]).key
                    self.note(report, f"reports to {report.record['Manager']}")
                if report.record["Owner"] == w.key:
                    report.record["Owner"] = self.random.choice(self.managers()).key
        others_manager.__name__ = "others_manager"
        self.after(number, self.random.randrange(1, 6), others_manager)

    def dismiss(self, number):
        if w := self.pick("employed", "away", kinds=("Employee", "Contractor", "Partner")):
            w.record["Termination Date"] = iso(self.today)
            self.leaves(w, number)

    def resign(self, number):
        if w := self.pick("employed"):
            days = self.random.randrange(1, 25)
            w.state = "resigned"
            w.record["Termination Date"] = iso(self.today + datetime.timedelta(days))
            self.note(w, f"leaves after {w.record['Termination Date']}")
            def gone(n):
                if w.state == "resigned":
                    self.leaves(w, n)
            gone.__name__ = "gone"
            self.after(number, days + self.random.randrange(0, 6), gone)

    def stay(self, number):
        if w := self.pick("resigned", fits=lambda w: w.record["Termination Date"] > iso(self.today)):
            w.state, w.record["Termination Date"] = "employed", ""
            self.note(w, "stays after all")

    def prolong(self, number):
        """Contracts that end within days: longer, ended, or forgotten for some days and then one or the other."""
        ending = lambda w: w.record["Termination Date"] and w.record["Termination Date"] <= iso(self.today + datetime.timedelta(4))
        if w := self.pick("employed", kinds=("Contractor", "Partner"), fits=ending):
            if w.record["Termination Date"] < iso(self.today) and self.random.random() < 0.5:
                self.leaves(w, number)
            else:
                w.record["Termination Date"] = iso(self.today + datetime.timedelta(self.random.randrange(10, 120)))
                self.note(w, f"until {w.record['Termination Date']}")

    def convert(self, number):
        if w := self.pick("employed", kinds=("Contractor",), fits=lambda w: w.record["Termination Date"] >= iso(self.today)):
            w.record.update({"Worker Type": "Employee", "Termination Date": ""})
            self.note(w, "is an employee now")

    def rehire(self, number):
        if w := self.pick("left", "dropped", fits=lambda w: not w.record["Account"].startswith("claim:")):
            lead = self.random.choice((0, 0, 2, 10))
            w.state = "announced" if lead else "employed"
            w.record.update({"Status": "Active", "Termination Date": "", "Hire Date": iso(self.today + datetime.timedelta(lead)),
                             "Department": self.random.choice(DEPARTMENTS), "Manager": self.random.choice(self.managers()).key})
            self.note(w, f"comes back on {w.record['Hire Date']}")
            if lead:
                def begins(_):
                    if w.state == "announced":
                        w.state = "employed"
                begins.__name__ = "begins"
                self.after(number, lead + 1, begins)

    def return_with_new_key(self, number):
        if old := self.pick("dropped"):
            rec = {**old.record, "Employee ID": self.new_key(), "Status": "Active", "Termination Date": "", "Hire Date": iso(self.today),
                   "Department": self.random.choice(DEPARTMENTS), "Manager": self.random.choice(self.managers()).key, "Account": ""}
            w = self.workers[rec["Employee ID"]] = Worker(rec)
            old.state = "renumbered"
            del self.workers[old.key]
            self.note(w, f"comes back; was {old.key}")

    # --- what HR gets wrong

    def err(self, number):
        """One record is broken for some days, while something else of it changes."""
        if not (w := self.pick("employed")):
            return
        faults = [{"First Name": "B\x07ob"}, {"Hire Date": "31.02.2026"}, {"Department": "Enginering"}, {"Last Name": ""},
                  {"Status": "Actve"}, {"Job Title": "Engi\ufffdneer"}, {"Manager": "999999"}, {"Manager": "999999"}]
        w.broken = self.random.choice(faults)
        self.note(w, f"broken: {w.broken}")
        if self.random.random() < 0.5:
            w.record["Job Title"] = self.random.choice(TITLES)
        def mended(_):
            w.broken = {}
            self.note(w, "mended")
        mended.__name__ = "mended"
        self.after(number, self.random.randrange(1, 7), mended)

    def circle(self, number):
        """Two people are each other's manager for some days."""
        a, b = self.pick("employed"), self.pick("employed")
        if not a or not b or a is b:
            return
        a.broken, b.broken = {"Manager": b.key}, {"Manager": a.key}
        for w in (a, b):
            self.note(w, f"broken: {w.broken}")
        def mended(_):
            a.broken = b.broken = {}
        mended.__name__ = "mended"
        self.after(number, self.random.randrange(1, 5), mended)

    def claim(self, number):
        """A new record claims an account that another person has."""
        owner = self.pick("employed", fits=lambda w: w.key in self.legacy)
        if not owner:
            return
        w = self.hire(number)
        w.record["Hire Date"] = iso(self.today)
        w.state = "claiming"
        w.record["Account"] = owner.record["Account"]
        self.note(w, f"claims the account of {owner.key}")
        def corrected(_):
            w.record["Account"], w.state = "", "employed"
            self.note(w, "claims no account any more")
        corrected.__name__ = "corrected"
        self.after(number, self.random.randrange(1, 7), corrected)

    def half_file(self, number):
        self.kind, self.rows_of = "half", self.rows()[:len(self.rows()) // 2]

    def key_twice(self, number):
        rows = self.rows()
        self.kind, self.rows_of = "twice", rows + [dict(self.random.choice(rows))]

    def wrong_status(self, number):
        """An export in which three departments are terminated; the next one is right again."""
        self.kind = "wrong"
        self.rows_of = [{**row, "Status": "Terminated"} if row["Department"] in DEPARTMENTS[:3] else row for row in self.rows()]

    # --- many changes, meant so

    def reorganisation(self, number):
        self.kind = "mass"
        for w in list(self.workers.values()):
            if w.record["Department"] == "Operations" and w.state in ("employed", "away") and not w.broken and not w.pending:
                w.record["Department"] = "Engineering"
                self.note(w, "reorganisation: Operations is part of Engineering")

    def layoff(self, number):
        self.kind = "mass"
        leaving = [w for w in self.workers.values() if w.record["Site"] == "Austin" and w.state == "employed" and not w.broken and
                   w.record["Worker Type"] == "Employee" and w is not self.boss][:max(8, self.size // 12)]
        for w in leaving:
            w.record["Termination Date"] = iso(self.today)
            self.leaves(w, number)
