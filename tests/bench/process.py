"""One process, from its start to its end: how long it took, what processor time, how much memory at most."""

import os
import pathlib
import random
import signal
import sys
import tempfile
import time

NOTHING = os.open(os.devnull, os.O_RDWR)


class Run:
    """A process that is running, with its output thrown away and its complaints kept."""

    def __init__(self, command, environment=None, kept=None):
        self.command = command
        self.complaints = tempfile.TemporaryFile()
        output = NOTHING if kept is None else kept.fileno()
        actions = [
            (os.POSIX_SPAWN_DUP2, NOTHING, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, self.complaints.fileno(), 2),
        ]
        words = [os.fspath(word) for word in command]
        # Nothing is copied to start it, so that starting costs the same however large this program is.
        self.began = time.monotonic()
        self.pid = os.posix_spawnp(words[0], words, environment or os.environ, file_actions=actions)

    def end(self, codes=(0,)):
        """Waits for it, and says what it took. An exit code that is not expected ends everything."""
        _, status, usage = os.wait4(self.pid, 0)
        took = time.monotonic() - self.began
        code = os.waitstatus_to_exitcode(status)
        if code not in codes:
            self.complaints.seek(0)
            sys.stderr.write(self.complaints.read().decode(errors="replace"))
            sys.exit(f"tests/bench: {' '.join(map(str, self.command[:6]))} ... ended with {code}, expected {codes}")
        return {
            "milliseconds": took * 1000,
            "processor": (usage.ru_utime + usage.ru_stime) * 1000,
            # No less than this program has itself: see `memory`.
            "megabytes": usage.ru_maxrss * 1024 / 1e6,
        }

    def stop(self):
        """Kills it."""
        os.kill(self.pid, signal.SIGKILL)
        os.wait4(self.pid, 0)


def once(command, codes=(0,), environment=None, kept=None):
    """Runs a command to its end."""
    return Run(command, environment, kept).end(codes)


def memory(command, runs, codes=(0,)):
    """The most memory that a command has at a time, in megabytes, by the run.

    A small program starts it: the system counts what whoever starts a process has as that process's."""
    taken = []
    with tempfile.NamedTemporaryFile() as told:
        for _ in range(runs):
            once(["time", "--format=%M", f"--output={told.name}", *command], codes)
            taken.append({"megabytes": int(pathlib.Path(told.name).read_text().split()[-1]) * 1024 / 1e6})
    return taken


def in_turn(commands, runs, codes=(0,)):
    """Runs commands by name, one after the other and again, so that what disturbs the machine disturbs all of them.

    Each round has an order of its own, the same at each start: what ran before leaves the processors' caches, and the
    lab's servers, warm or cold for what runs next. The first round reads the programs from the disk and is not counted."""
    taken = {name: [] for name in commands}
    order = random.Random(1)
    for at in range(runs + 1):
        for name, command in order.sample(list(commands.items()), len(commands)):
            took = command() if callable(command) else once(command, codes)
            if at:
                taken[name].append(took)
    return taken
