#!/usr/bin/env python3
# runs: alone
"""The ledger from outside: a real server, two witnesses, and verifiers that trust neither.

Signatures of checkpoints are checked with `cryptography` alone, roots and consistency with a few lines here, and
everything else with clients/ledger/verify.py; Go's transparency log code reads an export as a stranger. Then come the faults: a witness that dies, a database that is set back,
leaves that are dropped and flipped, kill -9 under load.
"""
import base64
import hashlib
import importlib.util
import json
import os
import pathlib
import random
import re
import resource
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from harness import (ROOT, Failed, Refused, Server, Skip, _line_within, become, check, expect, expect_equal, main,
                     need_command, program, skip_all, temporary_folder)

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    become("/usr/bin/python3")
    skip_all("cryptography is not here (Debian package python3-cryptography)")

VERIFY = ROOT / "clients/ledger/verify.py"
spec = importlib.util.spec_from_file_location("verify", VERIFY)
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)

KILLS = int(os.environ.get("COUNTERSIGN_KILLS", "20"))
SEED = int(os.environ.get("COUNTERSIGN_SEED", str(random.SystemRandom().randrange(2 ** 32))))
PATIENCE_S = 60
GOCODE = pathlib.Path("/usr/share/gocode")
VERIFY_LIMIT_S = 2.0  # for one tenant's tree, docs/operating/ledger.md
print(f"      COUNTERSIGN_SEED={SEED} COUNTERSIGN_KILLS={KILLS} repeats this run", flush=True)
chance = random.Random(SEED)


class Witness:
    """countersign witness on a data folder of its own."""

    def __init__(self, name, log_key):
        self.name, self.log_key, self.data, self.process = name, log_key, temporary_folder() / "data", None
        self.listen = "127.0.0.1:0"
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [program(), "witness", "--data", str(self.data), "--listen", self.listen, "--log", self.log_key,
             "--name", self.name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        ready = json.loads(_line_within(self.process.stdout, 30))
        self.url, self.key = ready["listen"][0], ready["key"]
        self.listen = self.url.removeprefix("http://")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None

    def folder_of_state(self):
        return sorted(path.read_text() for path in (self.data / "heads").iterdir())


def until(condition, what, limit_s=PATIENCE_S):
    end = time.monotonic() + limit_s
    pause = threading.Event()
    while time.monotonic() < end:
        if got := condition():
            return got
        pause.wait(0.1)
    raise Failed(f"{what} did not happen within {limit_s} s")


# ---- What a stranger makes of the face -------------------------------------------------------------------------------

def fetch(path, token=None):
    request = urllib.request.Request(f"https://{server.host}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=server.ca), timeout=20) as reply:
        return reply.read()


def status_of(path, token=None):
    try:
        fetch(path, token)
        return 200
    except urllib.error.HTTPError as error:
        return error.code


def head_of(note):
    origin, size, root = note.split("\n\n")[0].split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def signed_by(note, vkey):
    """Whether this key's line under the note verifies, by `cryptography` alone."""
    name, key_id, encoded = vkey.split("+", 2)
    kind, public = base64.b64decode(encoded)[0], base64.b64decode(encoded)[1:]
    text, lines = note.split("\n\n")
    for line in lines.splitlines():
        _, signer, value = line.split(" ", 2)
        value = base64.b64decode(value)
        if signer != name or value[:4].hex() != key_id:
            continue
        message, signature = (text + "\n").encode(), value[4:]
        if kind == 4:
            when, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            expect(abs(when - time.time()) < 3600, "the time of a cosignature")
            message = b"cosignature/v1\ntime %d\n" % when + message
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    return False


def root_of(leaves):
    """RFC 6962 §2.1, from hashes of leaves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(leaves[:split]) + root_of(leaves[split:])).digest()


def consistency(old, leaves, whole=True):
    """RFC 6962 §2.1.2."""
    if old == len(leaves):
        return [] if whole else [root_of(leaves)]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= split:
        return consistency(old, leaves[:split], whole) + [root_of(leaves[split:])]
    return consistency(old - split, leaves[split:], False) + [root_of(leaves[:split])]


def global_leaves(size):
    """The global tree's leaf hashes, from its public tiles."""
    data = b""
    for tile in range((size + 255) // 256):
        width = min(256, size - tile * 256)
        data += fetch(f"/ledger/tile/0/{tile:03}" + (f".p/{width}" if width < 256 else ""))
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def checkpoint():
    return fetch("/ledger/checkpoint").decode()


def policy_file():
    path = temporary_folder() / "policy"
    path.write_text(server.run("ledger", "policy", json_output=False))
    return path


def run_verify(*words):
    done = subprocess.run([sys.executable, str(VERIFY), *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def verified(*words):
    code, text = run_verify(*words)
    expect_equal(code, 0, f"verify.py {words[0]}: {text}")
    return text


def refused(*words):
    code, text = run_verify(*words)
    expect_equal(code, 1, f"verify.py {words[0]}: {text}")
    return text


def happen(times=1):
    for _ in range(times):
        server.run("user", "list", "--tenant", tenant)


def ledger_status():
    return server.run("ledger", "status")


def states():
    return {one["name"]: one["state"] for one in ledger_status()["witnesses"]}


def cosigned_by(*names):
    """Waits for a head of something new that exactly these witnesses have cosigned."""
    happen()
    size = ledger_status()["published"]

    def found():
        note = checkpoint()
        by = {witness.name for witness in witnesses if signed_by(note, witness.key)}
        return note if head_of(note)[1] > size and by == set(names) else None
    return until(found, f"a new head with the cosignatures of {names}")


def restart():
    server.stop()
    server.start()


def export(of=None):
    """An export that has at least what happened until now."""
    folder = temporary_folder() / "export"

    def made():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            server.run("ledger", "export", "--tenant", of or tenant, "--out", folder)
            return folder
        except Refused as error:
            expect_equal(error.code, 3, f"an export too early: {error}")
            return None
    return until(made, "an export")


server = Server()
tenant = server.tenant()
log_key = ledger_status()["key"]
witnesses = [Witness("box-1", log_key), Witness("box-2", log_key)]
places = ", ".join(f'"{witness.url} {witness.key}"' for witness in witnesses)
(server.folder / "countersign.toml").write_text(f"[ledger]\nwitnesses = [{places}]\nquorum = 1\n")
server.listen_wanted = [f"127.0.0.1:{server.port}"]
server.arguments += ["--config", str(server.folder / "countersign.toml")]
restart()
kept = {}  # what later checks compare with


@check("a checkpoint carries the log's signature and both cosignatures, by `cryptography` alone")
def _():
    note = cosigned_by("box-1", "box-2")
    expect(signed_by(note, log_key), "the log has not signed")
    _, size, root = head_of(note)
    expect_equal(root_of(global_leaves(size)), root, "the root that the public tiles lead to")
    expect_equal(set(states().values()), {"cosigned"}, "the witnesses' states")
    expect_equal(ledger_status()["verdict"], "fine", "the verdict")


@check("`witness key` prints the same key while it runs, and its file is its owner's alone")
def _():
    words = [program(), "witness", "key", "--data", str(witnesses[0].data)]
    expect_equal(subprocess.run(words, capture_output=True, text=True).stdout, witnesses[0].key + "\n", "its key")
    expect_equal((witnesses[0].data / "witness.key").stat().st_mode & 0o777, 0o600, "the mode of the key")


@check("verify.py takes checkpoint, every event's proof, and the exported tree, under `ledger policy`")
def _():
    happen(3)
    cosigned_by("box-1", "box-2")
    policy = policy_file()
    folder = export()
    text = verified("tree", folder, "--policy", policy)
    expect("cosigned    by box-1" in text and "cosigned    by box-2" in text, text)
    events = server.run("ledger", "show", "--tenant", tenant)
    expect_equal([event["seq"] for event in events], list(range(len(events))), "numbers of events")
    size = int((folder / "checkpoint").read_text().split("\n")[1])
    expect(size >= 4, f"only {size} events")
    for seq in range(size):
        path = temporary_folder() / "event-proof"
        path.write_text(server.run("ledger", "proof", "--tenant", tenant, "--seq", seq, json_output=False))
        verified("proof", path, "--policy", policy)
    path = temporary_folder() / "checkpoint"
    path.write_text(checkpoint())
    verified("checkpoint", path, "--policy", policy)
    kept["policy"], kept["checkpoint"] = policy, (folder / "checkpoint").read_text()


@check("the export and the show are events themselves")
def _():
    last = server.run("ledger", "show", "--tenant", tenant)[-1]["event"]
    expect_equal((last["type"], last["what"]["object"]), ("list", "ledger show"), "the newest event")
    types = [one["event"]["type"] for one in server.run("ledger", "show", "--tenant", tenant)]
    expect("export" in types, types)


@check("an export with a leaf flipped, dropped or swapped is refused, wherever it is")
def _():
    folder = export()
    bundle = next((folder / "tile/entries").rglob("*.p/*"))
    whole = bundle.read_bytes()
    for place in sorted({chance.randrange(len(whole)) for _ in range(10)} | {0, len(whole) - 1}):
        bundle.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1:])
        refused("tree", folder, "--policy", kept["policy"])
    first = 2 + int.from_bytes(whole[:2], "big")
    for bent in (whole[first:], whole[:-1], whole[first:] + whole[:first], whole + whole[:first]):
        bundle.write_bytes(bent)
        refused("tree", folder, "--policy", kept["policy"])
    bundle.write_bytes(whole)
    verified("tree", folder, "--policy", kept["policy"])
    (folder / "head.tlog-proof").write_text((folder / "head.tlog-proof").read_text().replace("index ", "index 1"))
    refused("tree", folder, "--policy", kept["policy"])


@check("Go's transparency log code (golang.org/x/mod/sumdb) takes the export, and refuses it bent or of another key")
def _():
    go = need_command("go", "golang-go")
    if not (GOCODE / "src/golang.org/x/mod/sumdb/tlog").exists():
        raise Skip("golang.org/x/mod is not here (Debian package golang-golang-x-mod-dev)")
    folder, work = export(), temporary_folder()
    environment = dict(os.environ, GO111MODULE="off", GOPATH=str(GOCODE), GOCACHE=str(ROOT / "build/clients/go-cache"),
                       GOFLAGS="")
    stranger = work / "stranger"
    subprocess.run([go, "build", "-o", stranger, ROOT / "clients/go/ledger.go"], env=environment, check=True)
    key = verify.Key.read(log_key).named(head_of((folder / "checkpoint").read_text())[0])
    vkey = f"{key.name}+{key.id.hex()}+{base64.b64encode(bytes([key.kind]) + key.public).decode()}"
    old = work / "old"
    old.write_text(kept["checkpoint"])

    def says(*words):
        done = subprocess.run([stranger, *map(str, words)], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr
    expect_equal(says(folder, vkey, old), (0, f"VERIFIED {head_of((folder / 'checkpoint').read_text())[1]} entries\n"),
                 "the stranger")
    expect_equal(says(folder, log_key)[0], 1, "with the global tree's key")
    bundle = next((folder / "tile/entries").rglob("*.p/*"))
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"]")
    expect_equal(says(folder, vkey)[0], 1, "with an entry bent")


@check("a tenant follows its own tree with a token, and nobody else's; revoked, it opens nothing")
def _():
    made = server.run("ledger", "token", "--tenant", tenant)
    base = f"/ledger/tenant/{tenant}"
    note = until(lambda: fetch(base + "/checkpoint", made["token"]).decode(), "the tenant's checkpoint")
    _, size, root = head_of(note)
    expect_equal(status_of(base + "/checkpoint"), 404, "without a token")
    expect_equal(status_of(base + "/checkpoint", "x" * 43), 404, "with another token")
    data = fetch(f"{base}/tile/entries/000.p/{size}", made["token"])
    leaves = []
    while data:
        length = int.from_bytes(data[:2], "big")
        leaves.append(hashlib.sha256(b"\x00" + data[2:2 + length]).digest())
        data = data[2 + length:]
    expect_equal(root_of(leaves), root, "the root that the entries lead to")
    other = server.tenant("Other")
    expect_equal(status_of(f"/ledger/tenant/{other}/checkpoint", made["token"]), 404, "another tenant's tree")
    expect_equal(status_of("/ledger/tile/entries/000.p/1", made["token"]), 404, "the global tree's entries")
    server.run("ledger", "revoke", made["token_id"], "--tenant", tenant)
    expect_equal(status_of(base + "/checkpoint", made["token"]), 404, "a revoked token")


@check("one witness killed: publishing goes on with the other's cosignature, and `ledger status` says so")
def _():
    witnesses[1].kill()
    note = cosigned_by("box-1")
    expect_equal(states(), {"box-1": "cosigned", "box-2": "away"}, "the witnesses' states")
    expect_equal(ledger_status()["quorum_met"], True, "a quorum of one")
    path = temporary_folder() / "checkpoint"
    path.write_text(note)
    verified("checkpoint", path, "--policy", kept["policy"])


@check("both killed: publishing still goes on, loudly, and the verifier asks for more")
def _():
    witnesses[0].kill()
    note = cosigned_by()
    until(lambda: not ledger_status()["quorum_met"], "a missed quorum")
    expect("ledger.quorum_missed" in (server.folder / "serve.log").read_text(), "the log does not say so")
    path = temporary_folder() / "checkpoint"
    path.write_text(note)
    refused("checkpoint", path, "--policy", kept["policy"])


@check("started again they remember, and cosign the head that they missed without another event")
def _():
    for witness in witnesses:
        witness.start()
    until(lambda: all(signed_by(checkpoint(), witness.key) for witness in witnesses), "both cosignatures")
    expect_equal(ledger_status()["quorum_met"], True, "the quorum")


@check(f"{KILLS} times kill -9 while it is read from: no head that anybody saw is ever taken back")
def _():
    seen, errors, stop = {}, [], threading.Event()

    def watch():
        while not stop.is_set():
            try:
                note = checkpoint()
                origin, size, root = head_of(note)
                expect(signed_by(note, log_key), "the log has not signed")
                if seen.setdefault((origin, size), root) != root:
                    errors.append(f"two roots for {size}")
            except (OSError, ssl.SSLError):
                stop.wait(0.02)
            except Exception as error:
                errors.append(repr(error))

    def read():
        while not stop.is_set():
            subprocess.run([program(), "log", "auth", "--tenant", tenant, "--data", str(server.data), "--json"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    threads = [threading.Thread(target=work, daemon=True) for work in (watch, read, read)]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        stop.wait(chance.uniform(0.3, 2.0))  # the moment of the kill is what is random here
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()
        server.log.close()
        server.start()
    before = len(seen)
    happen()
    until(lambda: len(seen) > before, "a head after the last kill")
    stop.set()
    for thread in threads:
        thread.join(30)
    expect_equal(errors[:3], [], "what the watcher met")
    _, size, root = head_of(checkpoint())
    leaves = global_leaves(size)
    expect_equal(root_of(leaves), root, "the newest root")
    sizes = sorted(one for _, one in seen if one <= size)
    print(f"      {len(sizes)} heads seen, sizes {sizes[0]} to {sizes[-1]}", flush=True)
    expect(len(sizes) >= KILLS // 4, "hardly any head was seen")
    roots = {one: value for (_, one), value in seen.items()}
    for old, new in zip(sizes, sizes[1:]):
        verify.verify_consistency(old, roots[old], new, roots[new], consistency(old, leaves[:new]))
    cosigned_by("box-1", "box-2")
    verified("tree", export(), "--policy", kept["policy"])


@check("a tenant's whole tree is verified within two seconds")
def _():
    for _ in range(4):
        happen(10)
    folder = export()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)  # of the processor: the machine is busy with other things
    verified("tree", folder, "--policy", kept["policy"])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = int((folder / "checkpoint").read_text().split("\n")[1])
    print(f"      {size} events in {took:.2f} s, Python's start included", flush=True)
    expect(took < VERIFY_LIMIT_S, f"it took {took:.2f} s")


@check("a database set back: the witnesses refuse, the server says so, and the verifier refuses its heads")
def _():
    cosigned_by("box-1", "box-2")
    server.stop()
    old = temporary_folder() / "old.db"
    shutil.copy(server.data / "countersign.db", old)
    server.start()
    happen(5)
    seen = cosigned_by("box-1", "box-2")
    tree_before = export() / "checkpoint"
    server.stop()
    before = [witness.folder_of_state() for witness in witnesses]
    for name in ("countersign.db-wal", "countersign.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    shutil.copy(old, server.data / "countersign.db")
    server.start()
    happen()
    until(lambda: set(states().values()) == {"disagrees"}, "both witnesses' disagreement")
    status = ledger_status()
    expect(status["verdict"].startswith("WITNESSES DISAGREE"), status["verdict"])
    expect_equal(status["quorum_met"], False, "the quorum")
    log = (server.folder / "serve.log").read_text()
    expect(re.search(r'"level":"error".*ledger\.forked|ledger\.forked.*"level":"error"', log), "the log is not loud")
    # Grown beyond what they have seen, it is still another ledger.
    until(lambda: ledger_status()["published"] > head_of(seen)[1], "a longer ledger")  # each look is an event itself
    until(lambda: set(states().values()) == {"disagrees"}, "their disagreement with the longer ledger")
    expect_equal([witness.folder_of_state() for witness in witnesses], before, "what the witnesses keep")
    path = temporary_folder() / "checkpoint"
    path.write_text(checkpoint())
    refused("checkpoint", path, "--policy", kept["policy"])
    folder = export()
    refused("tree", folder, "--policy", kept["policy"])
    refused("tree", folder, "--policy", kept["policy"], "--unwitnessed", "--old", tree_before)


@check("the witnesses end when they are asked to")
def _():
    for witness in witnesses:
        witness.process.terminate()
        expect_equal(witness.process.wait(20), 0, "the exit code")
        witness.process.stdout.close()


try:
    main([server])
finally:
    for witness in witnesses:
        if witness.process and witness.process.poll() is None:
            witness.process.kill()
