"""What the tests of faults share: timed requests beside each other, and what must hold while something is away."""
import contextlib
import subprocess
import threading
import time

import duo_sign
import ledger
import raw_http
from harness import Refused, Skip, expect, expect_equal, need_command, need_root, temporary_folder

# Design: 503 within 2 s. The rest is for a machine that is busy with other tests.
AWAY_MAX_S = 2.0 + 1.0
RECOVERY_MAX_S = 10


def timed(function, *words, **more):
    since = time.monotonic()
    return function(*words, **more), time.monotonic() - since


def get(server, path):
    return raw_http.once(server, f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())


def ping(server):
    return get(server, "/auth/v2/ping")


def readyz(server):
    reply, took = timed(get, server, "/readyz")
    expect(took < AWAY_MAX_S, f"/readyz took {took:.1f} s")
    return reply


@contextlib.contextmanager
def small_disk(mib):
    """A folder with a disk of its own at `data`."""
    need_root("to mount a small disk")
    mount, umount = need_command("mount", "mount"), need_command("umount", "mount")
    folder = temporary_folder()
    disk = folder / "data"
    disk.mkdir()
    done = subprocess.run([mount, "-t", "tmpfs", "-o", f"size={mib}m,mode=0700", "tmpfs", str(disk)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run([umount, str(disk)], check=True)


def fill(path):
    """Writes until the disk has no byte left."""
    with open(path, "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                pass


def until_room(server, limit_s=RECOVERY_MAX_S):
    """Waits until what the ledger must know is answered again: the disk is looked at each second."""
    end = time.monotonic() + limit_s
    while True:
        try:
            return server.run("user", "list", "--tenant", "Acme")
        except Refused as refused:
            expect(refused.code == 3 and time.monotonic() < end, f"after {limit_s} s still {refused.text}")
            time.sleep(0.1)


class People:
    """Users with counter tokens, one thread and connection each."""

    def __init__(self, server, tenant, app, count, prefix="user"):
        self.server, self.app, self.book = server, app, ledger.Ledger()
        self.tokens = {f"{prefix}{i}": server.hotp(server.user(tenant, f"{prefix}{i}"), 8) for i in range(count)}
        self.slowest, self.errors = 0.0, []

    def client(self):
        return duo_sign.Client(self.server, self.app)

    def sign_in(self, client, name):
        """One try with the person's next code; a code that was answered 503 is offered again the next time."""
        token = self.tokens[name]
        code = token.at(token.counter)
        seen, took = timed(self.book.offer, client, name, code)
        self.slowest = max(self.slowest, took)
        if seen != ledger.AWAY:
            token.counter += 1
        return seen

    def all_at_once(self):
        """One try each, beside each other. Gives what they were told, sorted."""
        seen = []

        def work(name):
            client = self.client()
            try:
                seen.append(self.sign_in(client, name))
            except Exception as error:
                seen.append(f"{type(error).__name__}: {error}")
            finally:
                client.close()
        threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in self.tokens]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            expect(not thread.is_alive(), "a client hangs")
        return sorted(seen)

    def until(self, wanted, limit_s=RECOVERY_MAX_S):
        """Signs in until everybody is told `wanted`; gives how long that took."""
        since = time.monotonic()
        while (seen := self.all_at_once()) != [wanted] * len(self.tokens):
            expect(time.monotonic() - since < limit_s, f"after {limit_s} s still {seen} instead of {wanted}")
            expect(set(seen) <= {"allow", ledger.AWAY}, f"on the way to {wanted}: {seen}")
        return time.monotonic() - since


def expect_away(server, app, username, reads):
    """What holds while the database cannot write, or (`reads` = False) is not there at all."""
    expect_equal(ping(server).status, 200, "ping needs no database")
    expect_equal(get(server, "/healthz").status, 200, "/healthz needs no database")
    client = duo_sign.Client(server, app)
    for call, words in (("/auth/v2/preauth", {"username": username}), ("/auth/v2/enroll", {"username": "half"}),
                        ("/auth/v2/auth", {"username": username, "factor": "passcode", "passcode": "000000"})):
        reply, took = timed(client.post, call, **words)
        allowed = (200, 503) if reads and call.endswith("preauth") else (503,)
        expect(reply.status in allowed, f"{call}: {reply}")
        expect(took < AWAY_MAX_S, f"{call} took {took:.1f} s")
        if reply.status == 503:
            expect_equal(reply.code, 50301, call)
            expect(reply.header("retry-after") and reply.json["message_detail"], f"a text and Retry-After: {reply}")
    client.close()
    try:
        _, took = timed(server.run, "user", "create", "--tenant", "Acme", "nobody-in-particular")
        expect(False, "the command line made a user without a database")
    except Refused as refused:
        expect_equal(refused.code, 3, f"the command line: {refused.text}")
        expect_equal(refused.text.count("\n"), 1, f"lines on its stderr: {refused.text!r}")
    expect(server.process.poll() is None, "the server has ended")


def expect_nothing_left(server, app, round_number):
    """What was refused while the database was away has left nothing behind: the same enrolment works now."""
    client = duo_sign.Client(server, app)
    reply = client.post("/auth/v2/enroll", username="half")
    expect_equal(reply.status, 200, f"an enrolment that was answered 503 before: {reply}")
    server.run("user", "update", reply.response["user_id"], "--username", f"half-{round_number}")
    users = [user["username"] for user in server.run("user", "list", "--tenant", "Acme")]
    expect("nobody-in-particular" not in users, "a user whose creation was answered with exit code 3 is there")
    client.close()
