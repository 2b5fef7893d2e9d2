#!/usr/bin/env python3
"""Nothing secret lies about: a whole life of users and devices with values that can be recognised, and then every file
written is searched for each of them, in every spelling that gives it away.

Searched: the data folder while the server runs, after kill -9, and after it has ended (database, log of changes, keys),
what it printed, what the command line printed and refused, every answer's body, metrics; with PostgreSQL its whole
folder too. Left out is only what is made to hold a secret: root.key its key, tls.pem the server's TLS key.
"""
import base64
import contextlib
import hashlib
import pathlib
import random
import re
import sqlite3
import subprocess
import tempfile

import device_sign
import duo_sign
import own_postgres
import postgres_cluster
import raw_http
from harness import (Hotp, Refused, Server, Skip, Totp, check, expect, expect_equal, main, program, temporary_folder,
                     titled)

SEED_BYTES = 20
PRINTED = "printed.txt"  # takes what was said, so that it is searched like the other files
ADDRESS = "203.0.113.77"
chance = random.Random()


def recognisable(size):
    """Random bytes without those that end a line or a C string, so that grep can look for them raw."""
    return bytes(chance.choice([b for b in range(1, 256) if b != 10]) for _ in range(size))


def letters(size, alphabet="abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"):
    return "".join(chance.choice(alphabet) for _ in range(size))


class Secrets:
    """What must be nowhere: patterns as bytes, each with what it is."""

    def __init__(self):
        self.patterns = {}
        self.history = set()  # what the tenant may read and the server may not have lying about
        self.short = {}       # numbers so short that they are looked for only where no other digit is beside them

    def add(self, pattern, what):
        pattern = pattern if isinstance(pattern, bytes) else pattern.encode()
        if len(pattern) >= 6 and b"\n" not in pattern and b"\0" not in pattern:
            self.patterns.setdefault(pattern, what)

    def text(self, text, what):
        """A text with much chance in it: its own forms are enough."""
        raw = text.encode()
        for form in (raw, raw.hex(), raw.hex().upper(), base64.b64encode(raw).rstrip(b"="), text.lower(), text.upper(),
                     duo_sign.encode(text)):
            self.add(form, what)

    def of_history(self, text, what):
        self.text(text, what)
        self.history.add(what)

    def guessable(self, text, what):
        """A text that can be tried out (a number, a code): a plain hash gives it away as well."""
        self.text(text, what)
        for name in ("md5", "sha1", "sha256", "sha512"):
            digest = hashlib.new(name, text.encode()).digest()
            for form in (digest[:12], digest.hex()[:24], base64.b64encode(digest)[:24]):
                self.add(form, f"{what} as plain {name}")

    def seed(self, raw, what):
        for form in (raw, raw.hex(), raw.hex().upper(), base64.b32encode(raw).rstrip(b"="),
                     base64.b32encode(raw).rstrip(b"=").lower(), base64.b64encode(raw).rstrip(b"="),
                     base64.urlsafe_b64encode(raw).rstrip(b"=")):
            self.add(form, what)

    def phone_number(self, number):
        digits = number[1:]
        area, block, line = digits[1:4], digits[4:7], digits[7:]
        for form in (number, digits, digits[1:], f"{area}-{block}-{line}", f"({area}) {block}"):
            self.guessable(form, f"phone number {number}")
        packed = bytes.fromhex(digits + "f" * (len(digits) % 2))
        self.add(packed, f"phone number {number}, packed")
        self.add(int(digits).to_bytes(8, "big").lstrip(b"\0"), f"phone number {number} as an integer")

    def search_short(self, paths):
        alternatives = b"|".join(number.encode() for number in self.short)
        word = re.compile(rb"(?<![0-9])(" + alternatives + rb")(?![0-9])")
        return [f"{self.short[hit[1].decode()]} in {path.name} at {hit.start()}" for path in paths
                for hit in word.finditer(path.read_bytes())]

    def search(self, paths):
        """Every hit in every file, as lines of text."""
        with tempfile.NamedTemporaryFile() as words:
            words.write(b"\n".join(self.patterns) + b"\n")
            words.flush()
            files = [str(path) for path in paths if path.is_file()]
            expect(files, "nothing to search")
            found = subprocess.run(["grep", "-aFl", "-f", words.name, "--", *files], capture_output=True, text=True,
                                   env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
        expect(found.returncode in (0, 1), f"grep: {found.stderr}")
        hits = []
        for name in found.stdout.splitlines():
            data = pathlib.Path(name).read_bytes()
            for pattern, what in self.patterns.items():
                shown = what in self.history and pathlib.Path(name).name == PRINTED
                if (at := data.find(pattern)) >= 0 and not shown:
                    around = data[max(0, at - 30):at + len(pattern) + 30]
                    hits.append(f"{what} in {pathlib.Path(name).name} at {at}: {around!r}")
        return hits


class Life:
    """Everything that has a secret happens once, on one server."""

    def __init__(self, server, secrets):
        self.server, self.secrets = server, secrets
        self.said = open(server.folder / PRINTED, "ab")

    def keep(self, reply):
        """Remembers an answer that has no business to hold a secret."""
        self.said.write(repr(reply.headers).encode() + reply.body + b"\n")
        return reply

    def shown(self, *words, stdin=None):
        """A command whose output has no business to hold a secret, for people and as JSON."""
        for flags in ([], ["--json"]):
            done = subprocess.run([program(), *words, "--data", str(self.server.data), *flags], capture_output=True,
                                  input=stdin, timeout=30)
            self.said.write(done.stdout + done.stderr + b"\n")

    def number(self):
        digits = "1" + chance.choice(("202", "303", "415")) + "555" + f"{chance.randrange(10_000):04}"
        self.secrets.phone_number("+" + digits)
        return "+" + digits

    def given_seed(self, what):
        raw = recognisable(SEED_BYTES)
        self.secrets.seed(raw, what)
        return base64.b32encode(raw).decode()

    def own_seed(self, base32, what):
        self.secrets.seed(base64.b32decode(base32.upper() + "=" * (-len(base32) % 8)), what)
        return base32

    def live(self):
        server, secrets = self.server, self.secrets
        self.tenant = server.tenant("Acme")
        secret_key = letters(40)
        secrets.text(secret_key, "a secret key that was given")
        self.app = server.app(self.tenant, "authapi", "door", "--secret-key", secret_key)
        made = server.app(self.tenant, "unix", "made")
        secrets.text(made["secret_key"], "a secret key that was made")
        renewed = server.run("app", "update", made["app_id"], "--new-secret-key")
        secrets.text(renewed["secret_key"], "a secret key that was renewed")
        server.policy("tenant", self.tenant, "verified_push_digits=6", "remembered_devices_days=30")
        self.client = duo_sign.Client(server, self.app)
        self.codes_are_typed()
        self.phone_is_used()
        self.people_are_enrolled()
        self.things_are_shown()
        self.things_are_refused()
        self.said.flush()

    def type(self, user, code, what, **more):
        self.secrets.guessable(code, what)
        reply = self.keep_token(self.client.passcode(user, code, ipaddr=ADDRESS, **more))
        return reply.response["result"]

    def keep_token(self, reply):
        """An answer may hold the token of a remembered device, once; the rest is kept."""
        token = reply.json.get("response", {}).get("trusted_device_token")
        if token:
            self.secrets.text(token, "a remembered device's token")
            self.token = token
            reply.body = reply.body.replace(token.encode(), b"")
        return self.keep(reply)

    def codes_are_typed(self):
        server, tenant = self.server, self.tenant
        ada = server.user(tenant, "ada")
        seed = self.given_seed("a TOTP seed that was given")
        server.run("token", "create", "--user", ada, "--type", "totp", "--secret", seed, "--digits", "8")
        expect_equal(self.type("ada", Totp(seed, 8).now(), "a TOTP code"), "allow", "TOTP")
        made = server.run("token", "create", "--user", ada, "--type", "hotp", "--digits", "8")
        hotp = Hotp(self.own_seed(made["secret"], "a HOTP seed that was made"), 8)
        expect_equal(self.type("ada", hotp.next(), "a HOTP code"), "allow", "HOTP")
        expect_equal(self.type("ada", hotp.wrong(), "a wrong code"), "deny", "a wrong code")
        password = "correct-horse-" + letters(8)
        expect_equal(self.type("ada", password, "a password typed for a code"), "deny", "a password")
        bypass = server.bypass_codes(ada, 3)
        for code in bypass:
            self.secrets.guessable(code, "a bypass code")
        expect_equal(self.type("ada", bypass[0], "a bypass code"), "allow", "bypass")
        again = self.client.post("/auth/v2/bypass_codes", username="ada", count="2")
        for code in again.response["codes"]:
            self.secrets.guessable(code, "a bypass code over the API")
        expect_equal(self.type("ada", again.response["codes"][0], "a bypass code over the API"), "allow", "bypass")
        expect(self.token, "a remembered device's token was given")
        remembered = self.client.post("/auth/v2/preauth", username="ada", trusted_device_token=self.token)
        expect_equal(self.keep(remembered).response["result"], "allow", "a remembered device")
        wrong = letters(60)
        self.secrets.text(wrong, "a token that is none")
        self.keep(self.client.post("/auth/v2/preauth", username="ada", trusted_device_token=wrong))

    def phone_is_used(self):
        server = self.server
        pat = server.user(self.tenant, "pat")
        phone = server.run("phone", "create", "--user", pat, "--number", self.number(), "--name", "Pat's")["phone_id"]
        unused = server.run("phone", "activate", phone)
        self.secrets.text(unused["activation_code"], "an activation code that was not used")
        link = server.run("phone", "activate", phone)
        self.secrets.text(link["activation_code"], "an activation code")
        device = device_sign.Device(server)
        activated = device.activate(link["activation_code"])
        expect_equal(activated.status, 200, "activation")
        seed = self.own_seed(activated.json["totp"]["secret"], "a phone's own TOTP seed")
        used_again = device_sign.Device(server).activate(link["activation_code"])
        expect_equal(self.keep(used_again).status, 403, "a used code")
        mark = letters(16)
        self.secrets.of_history(mark, "what a client added to a push")
        host = "host-" + letters(12).lower()
        self.secrets.of_history(host, "a host name")
        for decision in ("approve", "wrong", "deny"):
            begun = self.client.post("/auth/v2/auth", username="pat", factor="push", device="auto", ipaddr=ADDRESS,
                                     pushinfo=f"note={mark}", hostname=host, **{"async": "1"})
            txid = self.keep(begun).response["txid"]
            status = self.client.get("/auth/v2/auth_status", txid=txid)
            number = re.search(r"\b\d{6}\b", status.response["status_msg"])[0]
            self.secrets.short[number] = f"the number of a push, {decision}"
            self.keep(device.pending())
            if decision == "approve":
                while_open = self.secrets.search(data_files(server)) + self.secrets.search_short(data_files(server))
                expect_equal(while_open, [], "while a push is open")
            typed = {"approve": number, "wrong": f"{(int(number) + 1) % 10**6:06}", "deny": ""}[decision]
            self.keep(device.answer(txid, "deny" if decision == "deny" else "approve", typed))
            final = self.keep_token(self.client.get("/auth/v2/auth_status", txid=txid))
            expect_equal(final.response["result"], "allow" if decision == "approve" else "deny", decision)
        expect_equal(self.type("pat", Totp(seed).now(), "a phone's own code"), "allow", "the phone's own code")
        del self.secrets.patterns[Totp(seed).now().encode()]  # six digits may stand anywhere by chance

    def people_are_enrolled(self):
        server = self.server
        enrolled = self.client.post("/auth/v2/enroll", username="new", bypass_codes="2").response
        code = enrolled["activation_code"].removeprefix("duo://")
        self.secrets.text(code.split("-")[0], "an activation code over the API")
        for bypass in enrolled["bypass_codes"]:
            self.secrets.guessable(bypass, "a bypass code of an enrolment")
        status = self.client.post("/auth/v2/enroll_status", user_id=enrolled["user_id"],
                                  activation_code=enrolled["activation_code"])
        expect_equal(self.keep(status).response, "waiting", "an enrolment")
        asked = f"GET /auth/v2/ping?code={code} HTTP/1.1\r\nHost: {server.host}\r\n\r\n"
        self.keep(raw_http.once(server, asked.encode()))
        lines = ["username,email,realname,phone,totp_secret"]
        lines += [f"bulk{i},,,{self.number()},{self.given_seed('an imported seed')}" for i in range(5)]
        lines += [f"bad,,,{self.number()}x,{self.given_seed('a seed in a bad line')[:-3]}!!!"]
        self.shown("user", "import", "--tenant", self.tenant, "-", stdin="\n".join(lines).encode() + b"\n")

    def things_are_shown(self):
        for words in (["user", "list"], ["app", "list"], ["log", "auth"], ["log", "activity"], ["log", "telephony"],
                      ["policy", "show"]):
            self.shown(*words, "--tenant", self.tenant)
        for user in ("ada", "pat", "bulk1"):
            for words in (["user", "show", user], ["phone", "list", "--user", user], ["token", "list", "--user", user]):
                self.shown(*words, "--tenant", self.tenant)
        self.shown("app", "show", self.app["app_id"])
        for path in ("/", "/healthz", "/readyz"):
            self.keep(raw_http.once(self.server, f"GET {path} HTTP/1.1\r\nHost: {self.server.host}\r\n\r\n".encode()))
        port = int(re.search(r":(\d+)/", self.server.ready["metrics"])[1])
        self.keep(raw_http.once(self.server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", tls=False, port=port))
        self.keep(self.client.post("/auth/v2/preauth", username="pat"))
        self.keep(self.client.post("/auth/v2/preauth", username="pat", client_supports_verified_push="0"))

    def things_are_refused(self):
        """An error says what is wrong without repeating it."""
        ada = ["--user", "ada", "--tenant", self.tenant]
        self.shown("phone", "create", *ada, "--number", self.number() + "55555555555")
        bad_seed = self.given_seed("a seed that is refused") + "1"
        self.shown("token", "create", *ada, "--type", "totp", "--secret", bad_seed)
        bad_key = letters(39)
        self.secrets.text(bad_key, "a secret key that is refused")
        app = ["--tenant", self.tenant, "--type", "authapi", "--name", "x"]
        self.shown("app", "create", *app, "--secret-key", bad_key)
        for words in ({"factor": "passcode"}, {"factor": "push", "device": "auto"}, {"factor": "telepathy"}):
            code = letters(200)
            self.secrets.text(code, "a passcode that is refused")
            self.keep(self.client.post("/auth/v2/auth", username="ada", passcode=code, **words))
        wrong = dict(self.app, secret_key=letters(40))
        self.keep(raw_http.once(self.server, duo_sign.signed(wrong, self.server.host, "GET", "/auth/v2/check")))


def data_files(server):
    return [path for path in server.folder.rglob("*") if path.is_file()]


def expect_no_hits(hits, when):
    expect_equal(hits, [], f"{when}: {len(hits)} hits")


def expect_found_when_there(secrets, server):
    """The search itself can find: a copy with one pattern of each kind planted."""
    planted = temporary_folder() / "planted"
    for pattern in list(secrets.patterns)[::7]:
        planted.write_bytes(b"\x80" * 100 + pattern + b"\0\x80")
        expect(secrets.search([planted, server.folder / "serve.log"]), f"{pattern!r} was planted and not found")


def private_keys(server):
    return sorted(path.name for path in data_files(server) if b"PRIVATE KEY" in path.read_bytes())


def define(arguments):
    state = {}

    @check("a whole life, searched while it goes on: no secret in any file, output or answer")
    def _():
        more, state["database"] = arguments()
        server = state["server"] = Server(config='[metrics]\nlisten = "127.0.0.1:0"\n', arguments=more)
        secrets = state["secrets"] = Secrets()
        state["life"] = Life(server, secrets)
        state["life"].live()
        expect(len(secrets.patterns) > 500, f"only {len(secrets.patterns)} patterns")
        expect_no_hits(secrets.search(data_files(server)), "while the server runs")
        expect_no_hits(secrets.search_short(data_files(server)), "short numbers while the server runs")
        expect_found_when_there(secrets, server)
        print(f"      {len(secrets.patterns)} patterns", flush=True)

    @check("the same after kill -9, with the log of changes as it was left")
    def _():
        server, secrets = state["server"], state["secrets"]
        server.process.kill()
        server.process.wait()
        expect_no_hits(secrets.search(data_files(server)), "after kill -9")
        server.process.stdout.close()
        server.log.close()
        server.process = None
        server.start()
        expect_equal(duo_sign.Client(server, state["life"].app).get("/auth/v2/check").status, 200, "a signed request")

    @check("the same after it has ended; private keys only in the file that is made for one")
    def _():
        server, secrets = state["server"], state["secrets"]
        expect_equal(server.stop(), 0, "exit code")
        expect_no_hits(secrets.search(data_files(server)), "after the end")
        expect_equal(private_keys(server), ["tls.pem"], "files with a private key")
        root = (server.data / "root.key").read_bytes()
        others = [path for path in data_files(server) if path.name != "root.key"]
        lines = [line for line in root.split(b"\n") if len(line) >= 16]
        expect(not any(line in path.read_bytes() for path in others for line in lines), "the root key stands elsewhere")

    return state


with titled("SQLite: "):
    sqlite_state = define(lambda: ([], None))


    @check("the tenant's history and what a sign-in remembers are sealed: no address, host or note in clear")
    def _():
        server = sqlite_state["server"]
        with contextlib.closing(sqlite3.connect(server.data / "countersign.db")) as database:
            dump = "\n".join(database.iterdump()).encode()
        expect(b"CREATE TABLE" in dump and len(dump) > 10_000, "a dump of the database")
        for mark in (ADDRESS, "user_approved", "valid_passcode", "hardware_token"):
            for text in (dump, (server.data / "countersign.db").read_bytes()):
                expect(mark.encode() not in text and mark.encode().hex().encode() not in text.lower(),
                       f"{mark!r} stands in clear in the database")


def postgres():
    try:
        postgres_cluster.binaries()
    except postgres_cluster.Missing as missing:
        raise Skip(str(missing)) from None
    database = own_postgres.start()
    return ["--database", database.url], database


with titled("PostgreSQL: "):
    postgres_state = define(postgres)


    @check("the database's own files, after it has ended: rows, indexes, log of changes")
    def _():
        if "secrets" not in postgres_state:
            raise Skip("PostgreSQL's server programs are not here")
        database = postgres_state["database"]
        database.stop()
        files = [path for path in database.folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        expect(size > 10_000_000, "the cluster's files")
        expect_no_hits(postgres_state["secrets"].search(files), f"{len(files)} files")
        text = subprocess.run(["grep", "-raFl", ADDRESS, str(database.folder)], capture_output=True, text=True)
        expect_equal(text.stdout, "", "files with the address of a sign-in in clear")


main()
