#!/usr/bin/env python3
# runs: alone
"""The keys' process of a real server: killed under load it is back within 100 ms, requests meanwhile are completed or
answered 503, nobody is let in wrongly, and it goes when the server goes."""
import os
import pathlib
import signal
import subprocess
import threading
import time

import duo_sign
from harness import Failed, Server, check, expect, expect_equal, main, need_root, program

KILLS = 12
RESTART_LIMIT_S = 0.1
STEADY_S = 1.1
BESIDES_S = 5           # how long a kill may take to be seen at all on a machine that is busy with other things
CLIENTS = 4

server = Server()
tenant = server.tenant()
app = server.app(tenant, "authapi", "load")


def children(parent):
    """The processes of a server, by what they were started as."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                words = (stat.parent / "cmdline").read_bytes().split(b"\0")
                found[int(stat.parent.name)] = [word.decode() for word in words]
        except (OSError, IndexError, ValueError):
            continue
    return found


def keyd(of=None):
    """The process of the keys; None while there is none."""
    return next((pid for pid, words in children((of or server).process.pid).items() if words[1:2] == ["keyd"]), None)


def status(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return line.partition(":")[2].strip()
    return ""


def age_s(pid):
    started = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")


def until(condition, what, limit_s=BESIDES_S):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if got := condition():
            return got
    raise Failed(f"{what} did not happen within {limit_s} s")


@check("the keys' process is of another user, without privileges, network or dumps")
def _():
    pid = until(keyd, "a keys' process")
    expect_equal(status(pid, "NoNewPrivs"), "1", "no new privileges")
    expect_equal(status(pid, "CapEff"), "0" * 16, "its capabilities")
    expect_equal(status(pid, "Seccomp"), "2", "its filter of system calls")
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    expect("Max core file size        0                    0" in limits, "it may leave a core")
    expect_equal(os.stat(f"/proc/{pid}/maps").st_uid, 0, "the owner of a process that may not be dumped")
    expect(status(pid, "VmLck") != "0 kB", "none of its memory is locked")
    if os.geteuid() == 0:
        expect(status(pid, "Uid").split()[0] != "0", "it stayed root")


@check("the root key is in the memory of the keys' process alone")
def _():
    need_root("to read another process's memory")
    key = (server.data / "root.key").read_bytes()
    seen = {pid: holds(pid, key) for pid in (server.process.pid, keyd())}
    expect_equal(seen, {server.process.pid: False, keyd(): True}, "who holds the root key")


def holds(pid, secret):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            words = line.split()
            if "w" not in words[1] or words[-1] in ("[vvar]", "[vsyscall]"):
                continue
            start, end = (int(part, 16) for part in words[0].split("-"))
            try:
                memory.seek(start)
                if secret in memory.read(end - start):
                    return True
            except OSError:
                continue
    return False


class Load(threading.Thread):
    """A user who signs in with fresh and wrong codes, one after another."""

    def __init__(self, name):
        super().__init__(daemon=True)
        self.name_, self.token = name, server.hotp(server.user(tenant, name), 8)
        self.over, self.seen, self.error = threading.Event(), [], None

    def run(self):
        try:
            signer = duo_sign.Client(server, app)
            while not self.over.is_set():
                wrong = len(self.seen) % 2 == 1
                code = self.token.wrong() if wrong else self.token.at(self.token.counter)
                reply = signer.call("POST", "/auth/v2/auth", username=self.name_, factor="passcode", passcode=code)
                outcome = reply.status
                if reply.status == 200:
                    outcome = reply.response["result"]
                    self.token.counter += not wrong
                self.seen.append((wrong, outcome))
        except Exception as error:
            self.error = error


@check(f"killed {KILLS} times under load it is back, and every answer is right or 503")
def _():
    loads = [Load(f"load{i}") for i in range(CLIENTS)]
    for load in loads:
        load.start()
    took = []
    for _ in range(KILLS):
        counts = [len(load.seen) for load in loads]
        until(lambda: all(len(load.seen) > count + 2 for load, count in zip(loads, counts)), "load", 20)
        pid = until(keyd, "a keys' process")
        # One that dies young is taken for one that cannot live, and started again later and later.
        until(lambda: age_s(pid) > STEADY_S, "a steady keys' process")
        since = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        until(lambda: keyd() not in (None, pid) and status_or(keyd(), "Seccomp") == "2", "another keys' process")
        took.append(time.monotonic() - since)
    for load in loads:
        load.over.set()
    for load in loads:
        load.join(20)
        expect(load.error is None, f"{load.name_}: {load.error!r}")
        for n, (wrong, outcome) in enumerate(load.seen):
            # A code whose own answer was 503 may have been used up: what came of it nobody knows.
            unknown = not wrong and (n > 1 and load.seen[n - 2][1] == 503)
            expected = (503, "deny") if wrong else (503, "allow", "deny") if unknown else (503, "allow")
            expect(outcome in expected, f"a {'wrong' if wrong else 'fresh'} code was answered {outcome}")
    answers = [outcome for load in loads for _, outcome in load.seen]
    print(f"      back after {sorted(round(t * 1000) for t in took)} ms; {answers.count('allow')} let in, "
          f"{answers.count(503)} of {len(answers)} answered 503", flush=True)
    # The quickest quarter shows what the server needs; the others also what else the machine was doing.
    expect(sorted(took)[KILLS // 4] <= RESTART_LIMIT_S, f"three restarts in four took longer than {RESTART_LIMIT_S} s")


def status_or(pid, key):
    try:
        return status(pid, key)
    except (OSError, TypeError):
        return ""


@check("the keys' process goes with a server that was killed")
def _():
    second = Server()
    pid = keyd(second)
    second.process.kill()
    second.process.wait()
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the end of the keys' process")
    second.start()
    expect(keyd(second) is not None, "no keys' process after a new start")
    expect_equal(second.stop(), 0, "the end of a server that is asked to stop")


@check("with keys.process = \"inside\" there is no other process")
def _():
    inside = Server(config="[keys]\nprocess = \"inside\"\n")
    expect_equal(keyd(inside), None, "a keys' process")
    inside.stop()


@check("nobody starts a keys' process by hand")
def _():
    done = subprocess.run([program(), "keyd"], capture_output=True, text=True)
    expect_equal(done.returncode, 2, "the exit code")
    expect("countersign serve" in done.stderr, done.stderr)


main([server])
