"""What the tests in this folder share: a private server, its command line, a phone, a terminal, and checks.

A test file says what it checks and ends with main():

    from harness import check, expect, main, Server

    server = Server()

    @check("a passcode lets the user in")
    def _():
        ...

    main()

Each check prints one line; the file closes with `N passed, N failed, N skipped`. Only the standard library is used, and
only addresses in 127.0.0.0/8. What the tests drive is somebody else's software, unmodified.
"""
import atexit
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
READY_LIMIT_S = 30
COMMAND_LIMIT_S = 30
WAIT_LIMIT_S = 30


class Skip(Exception):
    """Raised where something the check needs is not on this machine; the text says what."""


class Failed(Exception):
    """Raised by expect() and its kin."""


def expect(condition, what):
    if not condition:
        raise Failed(what)


def expect_equal(got, wanted, what):
    if got != wanted:
        raise Failed(f"{what}: wanted {wanted!r}, got {got!r}")


def need_command(name, package):
    """The path of a command, or a skip that names its package."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Skip(f"{name} is not here (Debian package {package})")
    return path


def need_root(why):
    if os.geteuid() != 0:
        raise Skip(f"needs root: {why}")


def become(python):
    """Goes on under another Python, the one that has the client; nothing happens when it is this one already."""
    if os.path.exists(python) and os.environ.get("CLIENTS_PYTHON") != python:
        os.execve(python, [python, *sys.argv], dict(os.environ, CLIENTS_PYTHON=python))


# ---- the server ------------------------------------------------------------------------------------------------

def program():
    """The countersign under test: COUNTERSIGN_PROGRAM, or the release build, or the dev build."""
    named = os.environ.get("COUNTERSIGN_PROGRAM")
    for path in [named] if named else [ROOT / "build/release/countersign", ROOT / "build/dev/countersign"]:
        if os.access(path, os.X_OK):
            return str(path)
    raise SystemExit("no countersign to test: run `make build`, or set COUNTERSIGN_PROGRAM")


_folders = []


def temporary_folder():
    """A folder of this test alone, gone when it ends. The path is short: unix sockets have no room for long ones."""
    path = tempfile.mkdtemp(prefix="cs-")
    if not _folders:
        atexit.register(_remove_folders)  # registered before any server's stop, so it runs after them
    _folders.append(path)
    return pathlib.Path(path)


def _remove_folders():
    for folder in _folders:
        shutil.rmtree(folder, ignore_errors=True)


class Refused(Exception):
    """A command of ours ended with a code other than 0."""

    def __init__(self, words, code, text):
        super().__init__(f"countersign {' '.join(map(str, words))}: exit {code}: {text.strip()}")
        self.code, self.text = code, text


class Server:
    """countersign serve on a data folder of its own. Started by the constructor, stopped by stop() or at exit."""

    def __init__(self, config="", listen=("127.0.0.1:0",), arguments=(), folder=None, environment=None):
        self.folder = pathlib.Path(folder) if folder else temporary_folder()
        self.data = self.folder / "data"
        self.listen_wanted, self.arguments = list(listen), list(arguments)
        self.environment = dict(os.environ, **(environment or {}))
        if config:
            (self.folder / "countersign.toml").write_text(config)
            self.arguments += ["--config", str(self.folder / "countersign.toml")]
        self.process = None
        self.start()
        atexit.register(self.stop)

    def start(self):
        command = [program(), "serve", "--data", str(self.data), *self.arguments]
        for place in self.listen_wanted:
            command += ["--listen", place]
        self.log = open(self.folder / "serve.log", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
                                        env=self.environment)
        line = _line_within(self.process.stdout, READY_LIMIT_S)
        try:
            self.ready = json.loads(line)
            expect_equal(self.ready["event"], "ready", "the server's first line")
        except (ValueError, KeyError, TypeError, Failed):
            self.stop()
            raise RuntimeError(f"the server said {line!r} instead of being ready:\n{self.log_tail()}") from None
        self.ca = str(self.ready["ca"])
        self.port = int(re.search(r":(\d+)/?$", self.ready["listen"][0])[1])
        self.host = f"localhost:{self.port}"

    def stop(self):
        """SIGTERM, and SIGKILL for one that does not end. Returns the exit code."""
        process, self.process = self.process, None
        if not process:
            return None
        process.terminate()
        try:
            code = process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        process.stdout.close()
        self.log.close()
        return code

    def log_tail(self, lines=25):
        text = (self.folder / "serve.log").read_text(errors="replace")
        return "\n".join("    | " + line for line in text.splitlines()[-lines:])

    # The command line, one method a kind of object. Words are as design §2 spells them.

    def run(self, *words, json_output=True, stdin=None):
        command = [program(), *map(str, words), "--data", str(self.data)] + (["--json"] if json_output else [])
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, input=stdin,
                              stdin=None if stdin is not None else subprocess.DEVNULL)
        if done.returncode != 0:
            raise Refused(words, done.returncode, done.stderr)
        if not json_output:
            return done.stdout
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
        return lines[0] if len(lines) == 1 else lines

    def tenant(self, name="Acme"):
        return self.run("tenant", "create", name)["tenant_id"]

    def app(self, tenant, kind="authapi", name=None, *flags):
        return self.run("app", "create", "--tenant", tenant, "--type", kind, "--name", name or kind, *flags)

    def user(self, tenant, name, *flags):
        return self.run("user", "create", "--tenant", tenant, name, *flags)["user_id"]

    def hotp(self, user, digits=6):
        return Hotp(self.run("token", "create", "--user", user, "--type", "hotp", "--digits", digits)["secret"], digits)

    def totp(self, user):
        return Totp(self.run("token", "create", "--user", user, "--type", "totp")["secret"])

    def bypass_codes(self, user, count=1, *flags):
        return self.run("bypass", "create", "--user", user, "--count", count, *flags)["codes"]

    def policy(self, scope, key, *values):
        self.run("policy", "set", f"--{scope}", key, *values)

    def phone(self, user, number="+12025550100"):
        """A phone with an activated software authenticator."""
        made = self.run("phone", "create", "--user", user, "--number", number)
        link = self.run("phone", "activate", made["phone_id"])
        return Phone(self, link["activation_url"], made["phone_id"])

    def history(self, tenant, stream="auth"):
        lines = self.run("log", stream, "--tenant", tenant)
        return lines if isinstance(lines, list) else [lines]


def _line_within(stream, limit_s):
    """One line of a pipe, or what came of it when the time is over."""
    end, line = time.monotonic() + limit_s, b""
    while not line.endswith(b"\n") and time.monotonic() < end:
        if select.select([stream], [], [], max(0, end - time.monotonic()))[0]:
            byte = os.read(stream.fileno(), 1)
            if not byte:
                break
            line += byte
    return line.decode(errors="replace").strip()


# ---- the phone and the tokens ----------------------------------------------------------------------------------

class Phone:
    """The software authenticator: countersign authenticator, with a store of its own."""

    def __init__(self, server, url, phone_id=""):
        self.server, self.phone_id = server, phone_id
        self.store = temporary_folder() / "phone.json"
        self.run("activate", url)

    def command(self, *words):
        return [program(), "authenticator", *map(str, words), "--store", str(self.store), "--ca", self.server.ca]

    def run(self, *words, limit_s=COMMAND_LIMIT_S):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=limit_s,
                              stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise Refused(("authenticator", *words), done.returncode, done.stderr)
        return done.stdout

    def approve(self, number=None):
        return self.run("approve", *(["--number", number] if number else []), "--wait", WAIT_LIMIT_S,
                        limit_s=WAIT_LIMIT_S + 10)

    def deny(self):
        return self.run("deny", "--wait", WAIT_LIMIT_S, limit_s=WAIT_LIMIT_S + 10)

    def fraud(self):
        return self.run("fraud", "--wait", WAIT_LIMIT_S, limit_s=WAIT_LIMIT_S + 10)

    def code(self):
        return re.search(r"\b\d{6}\b", self.run("code"))[0]

    def soon(self, action, *arguments):
        """Does `action` in the background, beside a client that waits for it. join() gives the error it met, if any."""
        return _Soon(getattr(self, action), arguments)


class _Soon:
    def __init__(self, action, arguments):
        self.error = None
        self.thread = threading.Thread(target=self._run, args=(action, arguments), daemon=True)
        self.thread.start()

    def _run(self, action, arguments):
        try:
            action(*arguments)
        except Exception as error:  # handed to join()
            self.error = error

    def join(self):
        self.thread.join(WAIT_LIMIT_S + 15)
        if self.error:
            raise self.error


class Hotp:
    """A token of RFC 4226: next() is the next code, as a person would read it from the device."""

    def __init__(self, secret, digits=6, counter=0):
        self.key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8))
        self.digits, self.counter = digits, counter

    def at(self, counter):
        mac = hmac.new(self.key, struct.pack(">Q", counter), hashlib.sha1).digest()
        start = mac[-1] & 15
        number = struct.unpack(">I", mac[start:start + 4])[0] & 0x7FFFFFFF
        return str(number % 10 ** self.digits).zfill(self.digits)

    def next(self):
        self.counter += 1
        return self.at(self.counter - 1)

    def wrong(self):
        """A code that no counter near this one gives."""
        near = {self.at(self.counter + i) for i in range(-20, 40) if self.counter + i >= 0}
        return next(code for i in range(100) if (code := str(i * 7919 + 1).zfill(self.digits)) not in near)


class Totp(Hotp):
    """A token of RFC 6238 with steps of 30 s."""

    def now(self, step_offset=0):
        return self.at(int(time.time()) // 30 + step_offset)


# ---- a terminal ------------------------------------------------------------------------------------------------

class Terminal:
    """A program on a terminal of its own, as a person sits in front of it."""

    def __init__(self, command, environment=None):
        self.screen, self.seen, self.code = "", 0, None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(command[0], [str(word) for word in command],
                           dict(os.environ if environment is None else environment, TERM="dumb", LC_ALL="C.UTF-8"))
            except OSError as error:
                os.write(2, str(error).encode())
            os._exit(127)

    def _read(self, limit_s):
        """More of the screen; False when the program is gone."""
        if not select.select([self.fd], [], [], limit_s)[0]:
            return True
        try:
            text = os.read(self.fd, 65536)
        except OSError:  # the other side is closed
            text = b""
        self.screen += text.decode(errors="replace").replace("\r", "")
        return bool(text)

    def expect(self, pattern, limit_s=WAIT_LIMIT_S):
        """Waits until the screen shows the pattern after what was matched before; gives the match."""
        end = time.monotonic() + limit_s
        alive = True
        while True:
            if match := re.compile(pattern, re.I).search(self.screen, self.seen):
                self.seen = match.end()
                return match
            if not alive:
                raise Failed(f"the program ended without showing /{pattern}/; it showed:\n{self._quoted()}")
            if time.monotonic() > end:
                raise Failed(f"/{pattern}/ did not come within {limit_s} s; the screen shows:\n{self._quoted()}")
            alive = self._read(0.2)

    def type(self, line):
        os.write(self.fd, f"{line}\n".encode())

    def wait(self, limit_s=WAIT_LIMIT_S):
        """Reads to the end and gives the exit code."""
        end = time.monotonic() + limit_s
        while self._read(0.2):
            if time.monotonic() > end:
                self.kill()
                raise Failed(f"the program did not end within {limit_s} s; the screen shows:\n{self._quoted()}")
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def kill(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            os.close(self.fd)
            self.code = -9

    def _quoted(self):
        return "\n".join("    | " + line for line in self.screen.splitlines())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


# ---- checks ----------------------------------------------------------------------------------------------------

_checks = []
_title = ""


def check(name):
    """Registers a check under the sentence that it proves."""
    def register(function):
        _checks.append((_title + name, function))
        return function
    return register


@contextlib.contextmanager
def titled(words):
    """Checks registered inside begin with these words."""
    global _title
    _title = words
    yield
    _title = ""


def skip_all(why):
    """Ends a test file whose client is not on this machine."""
    print(f"skip  {pathlib.Path(sys.argv[0]).stem}: {why}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)


def main(servers=()):
    """Runs the checks in the order they stand; arguments choose those whose name contains one of them."""
    passed = failed = skipped = 0
    for name, function in _checks:
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        since = time.monotonic()
        try:
            function()
            passed += 1
            print(f"ok    {name} ({time.monotonic() - since:.1f} s)", flush=True)
        except Skip as why:
            skipped += 1
            print(f"skip  {name}: {why}", flush=True)
        except Exception as error:
            failed += 1
            what = str(error) if isinstance(error, (Failed, Refused)) else traceback.format_exc().strip()
            print(f"FAIL  {name}: {what}", flush=True)
            for server in servers:
                print(f"      the server's log ends:\n{server.log_tail()}", flush=True)
    for server in servers:
        code = server.stop()
        if code not in (0, None):
            failed += 1
            print(f"FAIL  the server ended with {code} when asked to stop\n{server.log_tail()}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    sys.exit(int(failed > 0))
