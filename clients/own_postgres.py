"""A PostgreSQL of a test's own that can lose its power or stand still; ended by process ids when the test ends."""
import atexit
import os
import pathlib
import signal
import time

import postgres_cluster
from harness import expect, skip_all, temporary_folder


def _children(pid):
    out = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            out += [int(child), *_children(int(child))]
    return out


def _gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Postgres(postgres_cluster.Cluster):
    def processes(self):
        return [self.process.pid, *_children(self.process.pid)]

    def cut_power(self):
        """SIGKILL to every process of it at once."""
        pids = self.processes()
        for pid in pids:
            self._signal(pid, signal.SIGKILL)
        self.kill()
        end = time.monotonic() + 10
        while not all(_gone(pid) for pid in pids):
            expect(time.monotonic() < end, "PostgreSQL's processes do not die")
            time.sleep(0.01)

    def stand_still(self):
        for pid in self.processes():
            self._signal(pid, signal.SIGSTOP)

    def go_on(self):
        for pid in self.processes():
            self._signal(pid, signal.SIGCONT)

    def log_tail(self):
        return ""  # main() asks everything that it stops

    @staticmethod
    def _signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def start():
    """One that runs; the whole test is skipped where PostgreSQL is not installed."""
    folder = temporary_folder()
    folder.chmod(0o711)  # PostgreSQL runs as another user
    try:
        cluster = Postgres(folder / "pg")
    except postgres_cluster.Missing as missing:
        skip_all(str(missing))
    atexit.register(lambda: cluster.process and cluster.go_on())
    cluster.start()
    atexit.register(cluster.stop)
    return cluster
