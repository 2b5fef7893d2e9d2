#!/usr/bin/env python3
"""The thief: what a copy of the database, its backup and the keyring gives away, with and without the root key, and with an
image of the memory of the server and keyd, taken on the day after.

Each custody says what opens: of a tenant that keeps its own keys nothing, whatever else was stolen; of one that leaves
them to the service nothing without the root key, and everything with it – which is what custody is about.
COUNTERSIGN_THIEF_ROWS says how many sign-ins the tenant has that keeps its keys (300; a long run takes 100,000).
"""
# limit: 400 s
import base64
import hashlib
import hmac
import importlib.util
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import threading
import time

import shifted
from duo_sign import Client
from exports import NO_VETO, Signer, whole_export
from harness import (ROOT, Refused, Server, become, check, expect, expect_equal, main, need_root, program, skip_all,
                     temporary_folder)

try:
    spec = importlib.util.spec_from_file_location("opening", ROOT / "clients/history/open.py")
    opening = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(opening)
except ImportError:
    become("/usr/bin/python3")
    skip_all("cryptography is not here (Debian package python3-cryptography)")
if not shifted.available():
    skip_all("libfaketime or the dev build is not here: the image is of the day after")

ROWS = int(os.environ.get("COUNTERSIGN_THIEF_ROWS", "300"))
OTHERS_MAX = 2_000                 # sign-ins of the tenant that leaves its keys to the service
PEOPLE = 12                        # of each tenant
DIGITS = 8                         # of a code: six digits stand everywhere by chance
TRIED_MAX = 4 << 20                # bytes of a file of which every 32 are tried as a key
LABEL = b"countersign-history/v1"  # docs/protocols/history.md
AHEAD = 32                         # every secret is so long
HEX = re.compile(rb"[0-9a-f-]{24,}")  # ids and hashes: among 100,000 some group of eight is a code by chance

clock = shifted.Shifted(config=NO_VETO)
server = clock.server
leaves_them, keeps_them = server.tenant("Leaves"), server.tenant("Keeps")
rows_of = {leaves_them: min(ROWS, OTHERS_MAX), keeps_them: ROWS}
folder = temporary_folder()
passphrase = folder / "passphrase"
passphrase.write_text("correct horse battery staple\n")
today = time.strftime("%Y-%m-%d", time.gmtime())
tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + shifted.DAY_S))


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


class People:
    """Who signs in, and what must be found nowhere: numbers, seeds, codes."""
    numbers, seeds, codes, errors = set(), set(), set(), []

    def __init__(self, tenant):
        self.tenant, self.app, self.tokens = tenant, server.app(tenant), {}
        for _ in range(PEOPLE):
            name, number = f"person-{len(self.numbers)}-of-{tenant}", f"1202555{len(self.numbers):04}"
            user = server.user(tenant, name)
            server.run("phone", "create", "--user", user, "--number", "+" + number)
            self.tokens[name] = server.hotp(user, DIGITS)
            self.numbers.add(number)
            self.seeds.add(self.tokens[name].key)

    def code(self, name):
        code = self.tokens[name].next()
        self.codes.add(code)
        return code

    def sign_in(self, count):
        each = [count // PEOPLE + (at < count % PEOPLE) for at in range(PEOPLE)]
        threads = [threading.Thread(target=self.work, args=pair) for pair in zip(self.tokens, each)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect_equal(self.errors, [], "sign-ins that went wrong")

    def work(self, name, count):
        client = Client(server, self.app)
        try:
            for number in range(count):
                reply = client.passcode(name, self.code(name), ipaddr=f"10.9.{number >> 8 & 255}.{number & 255}")
                expect_equal(reply.response["result"], "allow", f"sign-in {number} of {name}")
        except Exception as error:
            self.errors.append(str(error))
        finally:
            client.close()


class Image:
    """What stands in the memory of the server and of keyd."""

    def __init__(self):
        need_root("to read the memory of a process that does not let itself be read")
        serve = server.process.pid
        children = [int(stat.parent.name) for stat in pathlib.Path("/proc").glob("[0-9]*/stat")
                    if stat.read_text().rpartition(")")[2].split()[1] == str(serve)]
        self.of = {name: self.read(pid) for name, pid in [("serve", serve), *(("keyd", pid) for pid in children)]}
        expect("keyd" in self.of, "keyd has no memory")

    @staticmethod
    def read(pid):
        out = bytearray()
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            for line in maps:
                start, end = (int(at, 16) for at in line.split()[0].split("-"))
                if line.split()[1][0] != "r" or "[v" in line:  # vvar, vsyscall
                    continue
                try:
                    memory.seek(start)
                    out += memory.read(end - start)
                except OSError:
                    continue
        return bytes(out)

    def has(self, secret):
        return any(secret in memory for memory in self.of.values())


def found_in(data, codes=People.codes):
    """How many of the numbers, seeds and codes stand in these bytes."""
    runs = set(re.findall(rb"(?<![0-9])[0-9]{8,11}(?![0-9])", HEX.sub(b"/", data)))
    digits = {run.decode() for run in runs}
    numbers = {number for number in People.numbers if number in digits or number[1:] in digits}
    seeds = {seed for seed in People.seeds for form in (seed, seed.hex().encode(), base64.b32encode(seed).rstrip(b"="))
             if form in data}
    return {"numbers": len(numbers), "seeds": len(seeds), "codes": len(codes & digits)}


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

    def files(self):
        return [file for file in sorted(self.data.rglob("*")) if file.is_file()]

    def windows(self):
        """Every 32 bytes that stand anywhere in what was stolen: each may be a key."""
        for file in self.files():
            data = file.read_bytes()[:TRIED_MAX]
            for at in range(len(data) - AHEAD + 1):
                yield data[at:at + AHEAD]


def commits(header):
    """Whether a key is this epoch's: what its header commits to."""
    wanted = header[-32:]
    info = LABEL + b" commit" + hashlib.sha256(header[:-32]).digest()

    def fits(key):
        return hmac.digest(hmac.digest(bytes(32), key, "sha256"), info + b"\x01", "sha256") == wanted

    return fits


def secrets_of(day):
    """[(epoch, rows, keys)] of the tenant that keeps its keys, found as the tenant finds them; and what led there."""
    exported = folder / f"own-{day}.mfae"
    exported.write_text(whole_export(server, keeps_them, signers, [day], "with_rows"))
    shares = reader("shares", "split", "--key", folder / "home.json").stdout
    first, second = [opening.share(line) for line in shares.splitlines()][:2]
    private = opening.combine(first, second)
    days, epochs, counts = {}, {}, {}
    for line in exported.read_text().splitlines():
        entry = json.loads(line)
        if "day" in entry:
            days[entry["day"]] = opening.base64url(entry["key"])
        elif "epoch" in entry:
            header = opening.header(opening.base64url(entry["epoch"]))
            epochs[header["id"]] = header
        elif "row" in entry:
            epoch = opening.base64url(entry["row"])[:16]
            counts[epoch] = counts.get(epoch, 0) + 1
    found, own = [], opening.X25519PrivateKey.from_private_bytes(private)
    name = hashlib.sha256(own.public_key().public_bytes(*opening.RAW)).digest()[:8]
    for epoch, header in epochs.items():
        if all(one["id"] != name for one in header["recipients"]):
            continue  # from before the tenant took its keys home
        key = opening.unwrap(header, own, days[header["day"]])
        keys = [key] + [opening.derive(key, info, AHEAD) for info in (b" row key", b" index")]
        found.append((epoch, counts.get(epoch, 0), keys))
    return found, private


own_key()
signers = [Signer(server, keeps_them, name) for name in ("Ada", "Ben")]
people = {tenant: People(tenant) for tenant in rows_of}
for tenant, count in rows_of.items():
    people[tenant].sign_in(count)
clock.jump_to(shifted.DAY_S)
of_days_before = set(People.codes)
for tenant, them in people.items():  # the day after is a day like any other
    name = next(iter(them.tokens))
    expect_equal(clock.passcode(them.app, name, them.code(name)), "allow", "the day after")
clock.until_closed()
loot = Loot()
image = Image() if os.geteuid() == 0 else None


@check("what the thief has is worth the trouble: each tenant's rows are in it")
def _():
    for tenant in leaves_them, keeps_them:
        stolen = sum(rows for _, rows in loot.epochs(tenant))
        expect(stolen > rows_of[tenant], f"{stolen} rows of {rows_of[tenant]}")


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
    thief = Server(config=NO_VETO, folder=loot.data.parent)
    opened = thief.run("log", "auth", "--tenant", leaves_them)
    expect_equal(len(opened), rows_of[leaves_them] + 1, "rows of custody service with everything stolen")
    try:
        thief.run("log", "auth", "--tenant", keeps_them)
        expect(False, "the log of a tenant that keeps its keys")
    except Refused as refused:
        expect("countersign reader" in refused.text, refused.text)
    # The service is made to give out what it can: still sealed rows, and the keys of the days.
    exported = folder / "stolen.mfae"
    robbers = [Signer(thief, "operator", name) for name in ("Bonnie", "Clyde")]
    exported.write_text(whole_export(thief, keeps_them, robbers, [today], "with_rows"))
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
    exported.write_text(whole_export(server, keeps_them, signers, [today], "with_rows"))
    opening = reader("open", exported, "--key", folder / "home.json", "--stream", "authentication", "--json")
    expect_equal(len([line for line in opening.stdout.splitlines() if line]), ROWS, f"rows opened; {opening.stderr}")


@check("an image of the memory on the day after opens no row of the days before, of the tenant that keeps its keys")
def _():
    need_root("to read the memory of a process that does not let itself be read")
    still_open, private = secrets_of(tomorrow)
    # Else the search would find nothing anywhere: the day that is under way is in memory, and opens.
    expect(any(image.has(key) for _, _, keys in still_open for key in keys), "the keys of today are not found in it")
    closed, _ = secrets_of(today)
    total = sum(rows for _, rows, _ in closed)
    opened = sum(rows for _, rows, keys in closed if any(image.has(key) for key in keys))
    sizes = ", ".join(f"{name} {len(memory) >> 20} MiB" for name, memory in image.of.items())
    print(f"      database, keyring, root key and memory ({sizes}): {opened} of {total} rows in {len(closed)} epochs",
          flush=True)
    expect(total >= ROWS, f"{total} rows")
    expect_equal(opened, 0, "rows whose keys stand in memory")
    expect(not image.has(private), "the tenant's own key is in the server's memory")
    stolen = [file.read_bytes() for file in loot.files()]
    for _, _, keys in closed:
        expect(not any(key in data for key in [*keys, private] for data in stolen), "a key lies in the loot")


@check("what memory holds of numbers, seeds and codes; no file ever written holds any")
def _():
    for name, memory in (image.of if image else {}).items():
        found = found_in(memory, of_days_before)  # what it answers right now, it has in its hands
        print(f"      {name}: {found} of {len(People.numbers)} numbers, {len(People.seeds)} seeds, "
              f"{len(of_days_before)} codes of the days before", flush=True)
        expect(not any(found.values()), f"{name} keeps what went through it")
    files = [file for place in (server.folder, loot.data) for file in place.rglob("*") if file.is_file()]
    for file in files:
        expect_equal(found_in(file.read_bytes()), {"numbers": 0, "seeds": 0, "codes": 0}, f"in {file.name}")
    print(f"      {len(files)} files, {sum(file.stat().st_size for file in files) >> 10} KiB: none", flush=True)


main()
