#!/usr/bin/env python3
"""Exports of history, signed by a stranger: keys and signatures of Python's `cryptography`, texts as
docs/protocols/history-export.md has them, opened by clients/history/open.py, which shares no line with the server."""
import base64
import concurrent.futures
import hashlib
import json
import os
import signal
import subprocess
import sys
import time

from duo_sign import Client
from exports import NO_VETO, ask, text
from harness import ROOT, Refused, Server, become, check, expect, expect_equal, main, program, skip_all, temporary_folder

try:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
except ImportError:
    become("/usr/bin/python3")
    skip_all("cryptography is not here (Debian package python3-cryptography)")

LIMIT = 40  # rows that one person may take
SIGN_INS = 60
SECOND_PERSON = NO_VETO + f"second_person_rows = {LIMIT}\n"
WITH_VETO = "[exports]\nveto_minutes = 30\n"

server = Server(config=SECOND_PERSON)
tenant, other = server.tenant("Acme"), server.tenant("Other")
folder = temporary_folder()
passphrase = folder / "passphrase"
passphrase.write_text("correct horse battery staple\n")
today = time.strftime("%Y-%m-%d", time.gmtime())
state = {}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Stranger:
    """Somebody with a key of his own making."""

    def __init__(self, name, of=tenant):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.point = base64url(self.key.public_key().public_bytes(serialization.Encoding.X962,
                                                                  serialization.PublicFormat.UncompressedPoint))
        self.id = server.run("signer", "add", "--tenant", of, "--name", name, "--key", self.point)["signer_id"]

    def sign(self, message):
        r, s = decode_dss_signature(self.key.sign(message.encode(), ec.ECDSA(hashes.SHA256())))
        return base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def export(word, one, *words, at=tenant, raw=False):
    return server.run("export", word, one, "--tenant", at, *words, json_output=not raw)


def sign(one, who, message=None):
    return export("sign", one, "--signature", who.sign(message or text(server, tenant, "intent", one)))


def approve(one, who):
    return export("approve", one, "--signer", who.id, "--signature", who.sign(text(server, tenant, "intent", one)))


def fetch(one, who):
    return export("fetch", one, "--proof", who.sign(text(server, tenant, "challenge", one)), raw=True)


def refused(words, function, *arguments):
    try:
        function(*arguments)
    except Refused as why:
        expect(words in why.text, f"wanted {words!r}, got {why.text}")
        return why
    raise AssertionError(f"done: {arguments}")


def reader(*words, stdin=None):
    return subprocess.run([program(), "reader", *map(str, words), "--passphrase-file", str(passphrase)],
                          capture_output=True, text=True, input=stdin, timeout=60)


def ledger(object):
    found = [row["event"] for row in server.run("ledger", "show", "--tenant", tenant)]
    return [event for event in found if event["what"].get("object") == object]


made = json.loads(reader("init", "--out", folder / "key.json", "--json").stdout)
server.run("custody", "recipient", "add", "--tenant", tenant, "--key", made["public_key"], "--name", "office")
app = server.app(tenant)
client, token = Client(server, app), server.hotp(server.user(tenant, "ada"))
ada, ben, mallory = Stranger("Ada"), Stranger("Ben"), Stranger("Mallory", other)


@check("the intent is the manual's: canonical JSON with what, when, how much, who and until when")
def _():
    one = ask(server, tenant, ada, [today], "with_rows", "--purpose", "audit", "--case", "4711")
    printed = text(server, tenant, "intent", one)
    intent = json.loads(printed)
    expect_equal(list(intent), ["countersign", "id", "tenant", "first_day", "last_day", "keys", "rows", "requester",
                                "purpose", "case", "asked", "expires", "nonce"], "its members")
    expect_equal(json.dumps(intent, separators=(",", ":")), printed, "its spelling")
    expect_equal([intent[name] for name in ("countersign", "id", "first_day", "keys", "requester", "purpose", "case")],
                 ["export", one, today, "with_rows", ada.id, "audit", "4711"], "what it says")
    export("veto", one)


@check("a signature of an altered text, of somebody else, and of another tenant's signer is refused")
def _():
    one = ask(server, tenant, ada, [today])
    printed = text(server, tenant, "intent", one)
    refused("exactly this text", sign, one, ada, printed.replace('"rows":', '"rows":1'))
    refused("exactly this text", sign, one, ben)
    refused("exactly this text", sign, one, mallory)
    refused("may sign for this tenant", ask, server, tenant, mallory, [today])
    denied = [event for event in ledger("export_request") if event["outcome"] == "denied"]
    expect_equal(len(denied), 3, "denied events")
    expect_equal({event["why"]["intent"] for event in denied}, {hashlib.sha256(printed.encode()).hexdigest()}, "of it")
    export("veto", one)


@check("one person's export of few rows is fetched once, and opens by the formats alone")
def _():
    one = ask(server, tenant, ada, [today], "with_rows")
    expect_equal(sign(one, ada)["state"], "ready", "state")
    refused("requester's signature", lambda: export("fetch", one, "--proof", ben.sign(text(server, tenant, "challenge", one))))
    proof = ada.sign(text(server, tenant, "challenge", one))
    lines = export("fetch", one, "--proof", proof, raw=True)
    expect(lines.splitlines()[-1].startswith('{"end"'), lines[-200:])
    refused("ask for another one", lambda: export("fetch", one, "--proof", proof, raw=True))
    (folder / "one.mfae").write_text(lines)
    expect(own_rows(folder / "one.mfae") > 0, "rows")


def own_rows(file):
    """How many rows the script opens that was written from the formats alone."""
    split = reader("shares", "split", "--key", folder / "key.json", "--json")
    two = "\n".join(json.loads(split.stdout)["shares"][1:])
    script = subprocess.run([sys.executable, str(ROOT / "clients/history/open.py"), str(file)], input=two,
                            capture_output=True, text=True, timeout=60)
    return len([line for line in script.stdout.splitlines() if line])


@check("many rows take a second person, who signs the same bytes with a key of his own")
def _():
    server.run("custody", "set", "tenant", "--tenant", tenant)
    for _ in range(SIGN_INS):
        client.passcode("ada", token.next())
    one = ask(server, tenant, ada, [today], "with_rows")
    expect_equal(sign(one, ada)["state"], "requested", "state")
    refused("second person", fetch, one, ada)
    refused("another one", approve, one, ada)
    refused("may sign for this tenant", approve, one, mallory)
    expect_equal(approve(one, ben)["state"], "ready", "state")
    (folder / "many.mfae").write_text(fetch(one, ada))
    expect(own_rows(folder / "many.mfae") >= SIGN_INS, "rows of the tenant's own custody")
    state["many"] = one


@check("the ledger alone shows who signed what: the key, the text, the signature, and the rows under its hash")
def _():
    (approved,) = [event for event in ledger("export_approve") if event["outcome"] == "ok"]
    proof = json.loads(approved["what"]["query"])
    expect_equal(proof["public_key"], ben.point, "whose key")
    digest = hashlib.sha256(proof["text"].encode()).hexdigest()
    expect_equal(digest, approved["why"]["intent"], "the intent's hash")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(proof["public_key"]))
    both = decoded(proof["signature"])
    key.verify(der(both), proof["text"].encode(), ec.ECDSA(hashes.SHA256()))
    left = [event for event in ledger("history") if event["why"].get("intent") == digest]
    expect(sum(event["what"]["n"] for event in left if event["type"] == "export") >= SIGN_INS, "rows of this intent")


def decoded(letters):
    return base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))


def der(both):
    return encode_dss_signature(int.from_bytes(both[:32], "big"), int.from_bytes(both[32:], "big"))


@check("of two who fetch at a time one gets it")
def _():
    one = ask(server, tenant, ada, [today])
    sign(one, ada)
    approve(one, ben)
    proof = ada.sign(text(server, tenant, "challenge", one))

    def attempt(_):
        try:
            return export("fetch", one, "--proof", proof, raw=True)
        except Refused as why:
            return why

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        got = list(pool.map(attempt, range(4)))
    expect_equal(sum(isinstance(answer, str) for answer in got), 1, "answers")


@check("an export that a killed server broke off was fetched")
def _():
    one = ask(server, tenant, ada, [today])
    sign(one, ada)
    approve(one, ben)
    proof = ada.sign(text(server, tenant, "challenge", one))
    words = [program(), "export", "fetch", one, "--tenant", tenant, "--proof", proof, "--data", str(server.data)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as fetching:
        expect(fetching.stdout.readline().startswith('{"export"'), "the first line")
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(20)
        fetching.kill()
    server.start()
    expect_equal(export("show", one)["state"], "fetched", "state after the kill")
    refused("ask for another one", lambda: export("fetch", one, "--proof", proof, raw=True))


@check("within the tenant's time an export waits, and a signed veto stops it; a killed signer's is dead")
def _():
    server.stop()
    (server.folder / "countersign.toml").write_text(WITH_VETO)
    server.start()
    one, two = (ask(server, tenant, ada, [today]) for _ in range(2))
    expect_equal([sign(each, ada)["state"] for each in (one, two)], ["approved"] * 2, "states")
    refused("may stop it", lambda: text(server, tenant, "challenge", one))
    veto = ben.sign(text(server, tenant, "veto-text", one))
    refused("exactly this text", lambda: export("veto", two, "--signer", ben.id, "--signature", veto))
    expect_equal(export("veto", one, "--signer", ben.id, "--signature", veto)["state"], "vetoed", "state")
    server.run("kill", "--signer", ada.id, "--reason", "test")
    expect_equal(export("show", two)["state"], "dead", "state")
    expect_equal({row["state"] for row in server.run("export", "list", "--tenant", tenant)},
                 {"vetoed", "fetched", "dead"}, "states in the list")


@check("another tenant's export is not there, in the same words as none")
def _():
    words = [refused("no such export", lambda: export("show", one, at=at)).text
             for one, at in ((state["many"], other), ("ex_none", tenant))]
    expect_equal(words[0], words[1], "the words")


@check("there is no other way: the old words are gone")
def _():
    for words in (("custody", "export"), ("custody", "keys")):
        try:
            server.run(*words, "--tenant", tenant, "--from", today, "--to", today)
            expect(False, words)
        except Refused as why:
            expect_equal(why.code, 2, words)


main()
