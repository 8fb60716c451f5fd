"""A process whose processor time and memory are measured."""

import os
import signal
import subprocess
import time

_TICKS = os.sysconf("SC_CLK_TCK")


class Ended(Exception):
    """A process ended, or would not end, when it should not have."""


def _stat(pid):
    """Fields of /proc/PID/stat after the command's name (which may hold anything), or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root):
    """The pids of a process and of all its living descendants."""
    children = {}
    for name in os.listdir("/proc"):
        fields = _stat(name) if name.isdigit() else None
        if fields:
            children.setdefault(int(fields[1]), []).append(int(name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def cpu_seconds(root):
    """Processor time, user and system, of a process tree up to now.

    The kernel's clock of a living process counts nanoseconds, ended threads included; what ended children used is known
    to their parent in hundredths of a second.
    """
    total = 0.0
    for pid in tree(root):
        fields = _stat(pid)
        if fields is None:
            continue
        try:
            # clock_getcpuclockid(3): the clock of a process is ~pid << 3 | CPUCLOCK_SCHED.
            total += time.clock_gettime((~pid << 3) | 2)
        except OSError:
            continue
        total += (int(fields[13]) + int(fields[14])) / _TICKS
    return total


def memory(root):
    """Resident bytes of a process tree: now, and each process' peak (VmHWM), summed."""
    now = peak = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                lines = dict(line.split(":", 1) for line in file if ":" in line)
        except (FileNotFoundError, ProcessLookupError):
            continue
        now += int(lines.get("VmRSS", "0 kB").split()[0]) * 1024
        peak += int(lines.get("VmHWM", "0 kB").split()[0]) * 1024
    return now, peak


def machine_busy_seconds():
    """Processor time that anybody used since the machine started, all cores."""
    with open("/proc/stat", encoding="utf-8") as file:
        user, nice, system, _idle, _wait, irq, soft_irq, *_ = (int(field) for field in file.readline().split()[1:])
    return (user + nice + system + irq + soft_irq) / _TICKS


class Process:
    """A program that runs until it is stopped."""

    def __init__(self, name, command, environment, log):
        self.name, self.log = name, log
        with open(log, "wb") as output:
            self._popen = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self.pid = self._popen.pid

    def check(self):
        """Raises Ended when it no longer runs."""
        if self._popen.poll() is not None:
            raise Ended(f"{self.name} ended with {self._popen.returncode}; its last words ({self.log}):\n{self.tail()}")

    def output(self):
        """All that it printed."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def tail(self):
        """The last lines that it printed."""
        return "".join(self.output().splitlines(keepends=True)[-10:])

    def freeze(self):
        """Stops it where it stands; its connections stay."""
        self.check()
        for pid in tree(self.pid):
            os.kill(pid, signal.SIGSTOP)

    def thaw(self):
        """Ends a freeze."""
        for pid in tree(self.pid):
            os.kill(pid, signal.SIGCONT)

    def cpu_seconds(self):
        """See cpu_seconds()."""
        return cpu_seconds(self.pid)

    def stop(self):
        """Ends it as a deployment does. Raises Ended if it ended before, in another way than 0, or would not end."""
        self.check()
        self._popen.terminate()
        try:
            code = self._popen.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Ended(f"{self.name} did not end within 40 s of SIGTERM") from None
        if code not in (0, -signal.SIGTERM):
            raise Ended(f"{self.name} ended with {code} after SIGTERM:\n{self.tail()}")

    def kill(self):
        """Ends it at once, whatever it does."""
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
