#!/usr/bin/env python3
"""The root key in a token (SoftHSM) and in a TPM (swtpm): a real server starts, signs in, refuses to start without the
device with a line that says so, and rotates the root key while people sign in; then a copy of the old root.key opens
nothing. The same with a plain file, and moving the key between all three.
"""
import os
import shutil
import signal
import subprocess
import threading
import time

import duo_sign
from harness import Server, check, expect, expect_equal, main, need_command, program, temporary_folder

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "493817"
PEOPLE = 4


class Token:
    def __init__(self):
        need_command("softhsm2-util", "softhsm2")
        need_command("pkcs11-tool", "opensc")
        self.folder = temporary_folder()
        (self.folder / "tokens").mkdir()
        (self.folder / "conf").write_text(f"directories.tokendir = {self.folder}/tokens\nlog.level = ERROR\n")
        (self.folder / "pin").write_text(PIN + "\n")
        (self.folder / "pin").chmod(0o600)
        self.environment = {"SOFTHSM2_CONF": str(self.folder / "conf")}
        self.run("softhsm2-util", "--init-token", "--free", "--label", "countersign", "--pin", PIN, "--so-pin", "80215577")
        self.run("pkcs11-tool", "--module", SOFTHSM, "--token-label", "countersign", "--login", "--pin", PIN, "--keypairgen",
                 "--key-type", "rsa:2048", "--id", "01", "--label", "root", "--sensitive", "--usage-decrypt")
        self.source = (f"pkcs11:token=countersign;object=root?module-path={SOFTHSM}&pin-source={self.folder}/pin")
        self.refusal = "the token 'countersign' is not there"

    def run(self, *command):
        subprocess.run(command, check=True, capture_output=True, env=dict(os.environ, **self.environment))

    def pull(self):
        (self.folder / "tokens").rename(self.folder / "pulled")
        (self.folder / "tokens").mkdir()

    def put_back(self):
        (self.folder / "tokens").rmdir()
        (self.folder / "pulled").rename(self.folder / "tokens")


class Tpm:
    environment = {}

    def __init__(self):
        need_command("swtpm", "swtpm")
        self.folder = temporary_folder()
        self.source = f"tpm2:swtpm:path={self.folder}/socket"
        self.refusal = "no TPM answers at"
        self.put_back()

    def put_back(self):
        ready = self.folder / "pid"
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder}", "--server",
             f"type=unixio,path={self.folder}/socket", "--ctrl", f"type=unixio,path={self.folder}/socket.ctrl", "--flags",
             "not-need-init,startup-clear", "--pid", f"file={ready}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 20
        while not ready.exists() and time.monotonic() < until:
            time.sleep(0.02)
        expect(ready.exists(), "swtpm did not start")

    def pull(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def wrap(data, source, environment):
    return subprocess.run([program(), "keys", "wrap", "--data", str(data), "--to", source], capture_output=True, text=True,
                          env=dict(os.environ, **environment), timeout=60)


def serve_once(server):
    """Tries to start; what it says when it does not."""
    command = [program(), "serve", "--data", str(server.data), "--listen", "127.0.0.1:0", *server.arguments]
    return subprocess.run(command, capture_output=True, text=True, env=server.environment, timeout=60)


def people(server):
    tenant = server.tenant()
    app = server.app(tenant, "authapi", "load")
    return app, [(f"user{n}", server.hotp(server.user(tenant, f"user{n}"))) for n in range(PEOPLE)]


def signs_in(server, app, person):
    name, token = person
    answer = duo_sign.Client(server, app).passcode(name, token.next())
    expect_equal(answer.json["response"]["result"], "allow", f"{name} with a right code: {answer}")


def rotate_under_load(server, app, somebody):
    before = {row["root_key_id"] for row in rows(server, "keys", "status")}
    stop, done, failed = threading.Event(), [], []

    def load(person):
        while not stop.is_set():
            try:
                signs_in(server, app, person)
                done.append(person[0])
            except Exception as error:  # whatever it is, the check below shows it
                failed.append(error)
                return

    threads = [threading.Thread(target=load, args=(person,)) for person in somebody]
    for thread in threads:
        thread.start()
    try:
        done_by_command = subprocess.run([program(), "keys", "rotate", "root", "--data", str(server.data), "--json"],
                                         capture_output=True, text=True, timeout=180)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    expect_equal(done_by_command.returncode, 0, f"rotating ({done_by_command.stderr.strip()})")
    expect(not failed, f"{len(failed)} sign-ins failed, the first: {failed[:1]}")
    expect(len(done) > len(somebody), f"only {len(done)} sign-ins passed")
    after = rows(server, "keys", "status")
    expect_equal(len(after), 1, "root keys after the rotation")
    expect(after[0]["root_key_id"] not in before and after[0]["values"] > 0, f"status says {after}")
    print(f"      {len(done)} sign-ins during the rotation, {after[0]['values']} values sealed anew", flush=True)


def rows(server, *words):
    answer = server.run(*words)
    return answer if isinstance(answer, list) else [answer]


def lives_with(device):
    server = Server(config=f"root_key = '{device.source}'\n", environment=device.environment)
    app, somebody = people(server)
    signs_in(server, app, somebody[0])
    expect_equal(rows(server, "keys", "status")[0]["source"], device.source.split(":")[0], "the source")
    expect((server.data / "root.key").read_bytes().startswith(b"CSRW"), "root.key is not wrapped")
    server.stop()

    device.pull()
    refused = serve_once(server)
    expect_equal(refused.returncode, 3, f"starting without the device ({refused.stderr.strip()})")
    expect(device.refusal in refused.stderr and not refused.stdout, f"it said {refused.stderr!r}")
    device.put_back()

    server.start()
    old = server.folder / "old.key"
    shutil.copy(server.data / "root.key", old)
    rotate_under_load(server, app, somebody)
    signs_in(server, app, somebody[0])
    expect(wrap(server.data, "file", device.environment).returncode != 0, "wrap ran beside a server")
    server.stop()
    server.start()
    signs_in(server, app, somebody[1])
    server.stop()

    new = (server.data / "root.key").read_bytes()
    shutil.copy(old, server.data / "root.key")
    refused = serve_once(server)
    expect(refused.returncode != 0 and "root.key" in refused.stderr, f"the old root.key: {refused.stderr!r}")
    (server.data / "root.key").write_bytes(new)

    done = wrap(server.data, "file", device.environment)
    expect_equal(done.returncode, 0, f"back to a file ({done.stderr.strip()})")
    (server.folder / "countersign.toml").write_text("root_key = 'file'\n")
    server.start()
    signs_in(server, app, somebody[2])
    server.stop()


@check("a token: starts, refuses without it, rotates under load, goes back to a file")
def _():
    lives_with(Token())


@check("a TPM: starts, refuses without it, rotates under load, goes back to a file")
def _():
    tpm = Tpm()
    try:
        lives_with(tpm)
    finally:
        tpm.pull()


@check("a file: rotates under load, and the old root.key opens nothing afterwards")
def _():
    server = Server()
    app, somebody = people(server)
    old = (server.data / "root.key").read_bytes()
    expect_equal(len(old), 32, "bytes of a key that is alone")
    rotate_under_load(server, app, somebody)
    server.stop()
    new = (server.data / "root.key").read_bytes()
    expect(old not in new, "the old key stands in the file")
    (server.data / "root.key").write_bytes(old)
    refused = serve_once(server)
    expect(refused.returncode != 0 and "root.key" in refused.stderr, f"the old root.key: {refused.stderr!r}")
    (server.data / "root.key").write_bytes(new)
    server.start()
    signs_in(server, app, somebody[0])
    server.stop()


@check("words that are no source are refused with what is allowed")
def _():
    server = Server()
    server.stop()
    for source, says in (("vault:x", "file, pkcs11:"), ("pkcs11:token=t", "object=LABEL"),
                         ("pkcs11:token=t;object=o?module-path=/m.so&pin-value=1", "a file of its own")):
        done = wrap(server.data, source, {})
        expect_equal(done.returncode, 2, f"{source} ({done.stderr.strip()})")
        expect(says in done.stderr, f"{source}: it said {done.stderr!r}")
    server.start()
    server.stop()


main()
