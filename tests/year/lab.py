"""A real directory server, the administrator who works in it by hand, and the program muster with a clock of its own."""
import base64
import datetime
import functools
import json
import os
import re
import subprocess
import zoneinfo

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
HOME = zoneinfo.ZoneInfo("Europe/Berlin")
UTC = datetime.timezone.utc


def normal(dn):
    """A DN as one text, whatever way a server escapes it."""
    raw = re.sub(rb"\\([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), dn.encode())
    return raw.decode(errors="replace").lower()


def parse_ldif(text):
    """Yields (dn, {name in small letters: [values]})."""
    for block in text.replace("\n ", "").split("\n\n"):
        dn, entry = None, {}
        for line in block.split("\n"):
            name, colon, value = line.partition(":")
            if not colon or line.startswith("#"):
                continue
            value = base64.b64decode(value[1:]).decode(errors="replace") if value.startswith(":") else value.lstrip(" ")
            if name == "dn":
                dn = value
            else:
                entry.setdefault(name.lower(), []).append(value)
        if dn:
            yield dn, entry


def attribute(name, value):
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"


class NotDone(Exception):
    """What an administrator wanted to do by hand did not work: the directory is not as the oracle believes."""


class Server:
    def __init__(self, family, folder, first_day):
        self.script, self.folder = f"{TOP}/tests/lab/{family}", folder
        wishes = {"CERTIFICATE_FROM": first_day.isoformat(), "CERTIFICATE_DAYS": "800", "BIND_PASSWORD": "secret"}
        self.lab("up", wishes)
        with open(folder + "/env") as f:
            self.env = dict(line.rstrip("\n").split("=", 1) for line in f)
        self.login = ["-x", "-H", self.env["URL"], "-D", self.env["ADMIN_DN"], "-w", self.env["ADMIN_PASSWORD"]]

    def lab(self, command, wishes=()):
        done = subprocess.run([self.script, command, self.folder], env={**os.environ, **dict(wishes)}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{self.script} {command}: {done.stderr}")

    def down(self):
        self.lab("down")

    def search(self, base, filter, *names):
        done = subprocess.run(["ldapsearch", *self.login, "-LLL", "-o", "ldif-wrap=no", "-E", "pr=1000/noprompt", "-b", base, filter, *names],
                              capture_output=True, text=True)
        if done.returncode not in (0, 32):
            raise SystemExit(f"ldapsearch {base} {filter}: {done.stderr}")
        return parse_ldif(done.stdout)

    def change(self, ldif, add=False):
        done = subprocess.run(["ldapadd" if add else "ldapmodify", *self.login], input=ldif, capture_output=True, text=True)
        if done.returncode:
            raise NotDone(f"{done.stderr}\n{ldif[-600:]}")


@functools.cache
def preload():
    """The library of the command `faketime`, which itself would stand between the program and its signals."""
    done = subprocess.run(["faketime", "-f", "@2026-01-01 00:00:00", "env"], capture_output=True, text=True, check=True)
    return re.search("^LD_PRELOAD=(.*)$", done.stdout, re.M)[1]


class Agent:
    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.seconds = 0.0

    def command(self, *arguments):
        return [self.binary, "--config", self.folder + "/muster.xml", "--output", "json", *arguments]

    @staticmethod
    def environment(now):
        """A clock that shows `now` when the program starts, and goes on from there."""
        return {**os.environ, "TZ": "Europe/Berlin", "LD_PRELOAD": preload(), "FAKETIME": now.astimezone(HOME).strftime("@%Y-%m-%d %H:%M:%S"),
                "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def service(self, now):
        with open(self.folder + "/service.log", "a") as log:
            return subprocess.Popen(self.command("run"), env=self.environment(now), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @staticmethod
    def stop(service):
        service.terminate()
        return service.wait(60)

    def muster(self, now, *arguments):
        """(exit code, JSON or text) of a command that believes it is `now`."""
        began = datetime.datetime.now()
        done = subprocess.run(self.command(*arguments), env=self.environment(now), capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.seconds += (datetime.datetime.now() - began).total_seconds()
        with open(self.folder + "/agent.log", "a") as f:
            f.write(f"--- {now} {arguments}: {done.returncode}\n{done.stderr}\n")
        try:
            return done.returncode, json.loads(done.stdout)
        except ValueError:
            return done.returncode, {"text": done.stdout + done.stderr}
