"""hang_thread.py LEADER PID: stops one thread, the first of process PID in LEADER's PID namespace, until it is gone or this ends."""
import ctypes
import os
import re
import sys

leader, wanted = sys.argv[1:]


def outer_pid():
    """Who has the number `wanted` in the namespace of `leader`."""
    space = os.readlink(f"/proc/{leader}/ns/pid")
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/status") as status:
                numbers = re.search(r"^NSpid:\s*(.*)$", status.read(), re.M).group(1).split()
            if numbers[-1] == wanted and os.readlink(f"/proc/{entry}/ns/pid") == space:
                return int(entry)
        except OSError:
            continue
    sys.exit(f"no process {wanted} in the namespace of {leader}")


PTRACE_ATTACH = 16
pid = outer_pid()
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(PTRACE_ATTACH, pid, None, None) != 0:
    sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
os.waitpid(pid, 0x40000000)  # __WALL: it has stopped
os.waitpid(pid, 0x40000000)  # it has ended
