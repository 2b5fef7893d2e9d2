#!/usr/bin/env python3
"""The thief: what a copy of the database, its backup and the keyring gives away, with and without the root key.

Each custody says what opens: of a tenant that keeps its own keys nothing, whatever else was stolen; of one that leaves
them to the service nothing without the root key, and everything with it – which is what custody is about.
COUNTERSIGN_THIEF_ROWS says how many sign-ins there are for each tenant (300; a long run takes 100,000).
"""
# limit: 300 s
import hashlib
import hmac
import json
import os
import shutil
import sqlite3
import subprocess
import time

from duo_sign import Client
from harness import ROOT, Refused, Server, check, expect, expect_equal, main, program, temporary_folder

ROWS = int(os.environ.get("COUNTERSIGN_THIEF_ROWS", "300"))
LABEL = b"countersign-history/v1"  # docs/protocols/history.md
AHEAD = 32                         # every secret is so long

server = Server()
leaves_them, keeps_them = server.tenant("Leaves"), server.tenant("Keeps")
folder = temporary_folder()
passphrase = folder / "passphrase"
passphrase.write_text("correct horse battery staple\n")
today = time.strftime("%Y-%m-%d", time.gmtime())


def reader(*words):
    return subprocess.run([program(), "reader", *map(str, words), "--passphrase-file", str(passphrase)],
                          capture_output=True, text=True, timeout=120)


def own_key():
    """The tenant takes its keys home; the key file never comes near the server."""
    made = reader("init", "--out", folder / "home.json", "--json")
    expect_equal(made.returncode, 0, made.stderr)
    server.run("custody", "recipient", "add", "--tenant", keeps_them, "--key", json.loads(made.stdout)["public_key"],
               "--name", "home")
    server.run("custody", "set", "tenant", "--tenant", keeps_them)


def sign_in(tenant):
    app = server.app(tenant)
    client, name = Client(server, app), f"person-of-{tenant}"
    token = server.hotp(server.user(tenant, name))
    for number in range(ROWS):
        reply = client.passcode(name, token.next(), ipaddr=f"10.9.{number >> 8}.{number & 255}")
        expect_equal(reply.response["result"], "allow", f"sign-in {number}")


class Loot:
    """Copies of everything, taken at once."""

    def __init__(self):
        self.data = temporary_folder() / "data"
        self.data.mkdir(mode=0o700)
        server.run("backup", self.data / "countersign.db", json_output=False)
        shutil.copytree(server.data / "keyring", self.data / "keyring")
        shutil.copy(server.data / "tls.pem", self.data)

    def with_root_key(self):
        shutil.copy(server.data / "root.key", self.data)

    def rows(self, sql, *values):
        with sqlite3.connect(self.data / "countersign.db") as database:
            return database.execute(sql, values).fetchall()

    def epochs(self, tenant):
        return self.rows("SELECT e.header, count(*) FROM epochs e JOIN history h ON h.tenant_id = e.tenant_id "
                         "AND h.day = e.day AND substr(h.sealed, 1, 16) = e.id "
                         "WHERE e.tenant_id = ? GROUP BY e.id, e.header", tenant)

    def windows(self):
        """Every 32 bytes that stand anywhere in what was stolen: each may be a key."""
        for file in sorted(self.data.rglob("*")):
            data = file.read_bytes() if file.is_file() else b""
            for at in range(len(data) - AHEAD + 1):
                yield data[at:at + AHEAD]


def commits(header):
    """Whether a key is this epoch's: what its header commits to."""
    wanted = header[-32:]
    info = LABEL + b" commit" + hashlib.sha256(header[:-32]).digest()

    def fits(key):
        return hmac.digest(hmac.digest(bytes(32), key, "sha256"), info + b"\x01", "sha256") == wanted

    return fits


server.app(leaves_them)
own_key()
sign_in(leaves_them)
sign_in(keeps_them)
loot = Loot()


@check("what the thief has is worth the trouble: each tenant's rows are in it")
def _():
    for tenant in leaves_them, keeps_them:
        stolen = sum(rows for _, rows in loot.epochs(tenant))
        expect(stolen >= ROWS, f"{stolen} rows of {ROWS}")


@check("the check for an epoch's key knows one when it sees it")
def _():
    from_docs = json.loads((ROOT / "vectors/history.json").read_text())
    header = bytes.fromhex(find(from_docs, "header"))
    key = bytes.fromhex(find(from_docs, "epoch_key"))
    expect(commits(header)(key), "the worked example's key does not fit its header")
    expect(not commits(header)(bytes(32)), "a wrong key fits")


def find(node, name):
    """The first value of that name, however deep."""
    if isinstance(node, dict):
        if isinstance(node.get(name), str):
            return node[name]
        node = list(node.values())
    for one in node if isinstance(node, list) else []:
        if (got := find(one, name)) is not None:
            return got
    return None


@check("without the root key no 32 bytes of the loot are the key of an epoch, of either tenant")
def _():
    tests = [commits(header) for tenant in (leaves_them, keeps_them) for header, _ in loot.epochs(tenant)[:1]]
    tried = opened = 0
    for key in loot.windows():
        tried += 1
        opened += any(fits(key) for fits in tests)
    print(f"      {tried} candidates, {opened} of {len(tests)} epochs opened", flush=True)
    expect(tried > 10_000, f"{tried} candidates")
    expect_equal(opened, 0, "epochs opened")


@check("without the root key the program itself opens nothing: it does not start on the loot")
def _():
    done = subprocess.run([program(), "serve", "--data", str(loot.data), "--listen", "127.0.0.1:0"],
                          capture_output=True, text=True, timeout=30)
    expect(done.returncode != 0, "it started")
    expect("root.key" in done.stderr and not done.stdout, f"it said {done.stderr!r} and {done.stdout!r}")


@check("with the root key: everything of the tenant that leaves its keys to the service, nothing of the other")
def _():
    loot.with_root_key()
    thief = Server(folder=loot.data.parent)
    opened = thief.run("log", "auth", "--tenant", leaves_them)
    expect_equal(len(opened), ROWS, "rows of custody service with everything stolen")
    try:
        thief.run("log", "auth", "--tenant", keeps_them)
        expect(False, "the log of a tenant that keeps its keys")
    except Refused as refused:
        expect("countersign reader" in refused.text, refused.text)
    # The service is made to give out what it can: still sealed rows, and the keys of the days.
    exported = folder / "stolen.mfae"
    exported.write_text(thief.run("custody", "export", "--tenant", keeps_them, "--from", today, "--to", today,
                                  "--with-keys", json_output=False))
    thief.stop()
    made = reader("init", "--out", folder / "thief.json", "--json")
    expect_equal(made.returncode, 0, made.stderr)
    opening = reader("open", exported, "--key", folder / "thief.json", "--stream", "authentication", "--json")
    rows = [line for line in opening.stdout.splitlines() if line]
    print(f"      custody tenant, everything stolen: {len(rows)} of {ROWS} rows opened", flush=True)
    expect_equal(len(rows), 0, "rows of custody tenant")
    tests = [commits(header) for header, _ in loot.epochs(keeps_them)[:1]]
    expect(not any(fits(key) for key in loot.windows() for fits in tests), "an epoch's key lies in the loot")


@check("the tenant itself opens all of it")
def _():
    exported = folder / "own.mfae"
    exported.write_text(server.run("custody", "export", "--tenant", keeps_them, "--from", today, "--to", today,
                                   "--with-keys", json_output=False))
    opening = reader("open", exported, "--key", folder / "home.json", "--stream", "authentication", "--json")
    expect_equal(len([line for line in opening.stdout.splitlines() if line]), ROWS, f"rows opened; {opening.stderr}")


main()
