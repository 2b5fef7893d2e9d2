#!/usr/bin/env python3
"""clients/ledger/verify.py, the verifier written from the formats alone: the standards' vectors, the worked example of
docs/protocols/ledger.md, and whole trees with every kind of damage. No server is started."""
import base64
import hashlib
import importlib.util
import json
import subprocess
import sys

from harness import ROOT, Skip, become, check, expect, expect_equal, main, skip_all, temporary_folder

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives import serialization
except ImportError:
    become("/usr/bin/python3")
    skip_all("cryptography is not here (Debian package python3-cryptography)")

PROGRAM = ROOT / "clients/ledger/verify.py"
VECTORS = ROOT.parent / "shared/vectors/tlog"
spec = importlib.util.spec_from_file_location("verify", PROGRAM)
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)


def vectors(name):
    path = VECTORS / name
    if not path.exists():
        raise Skip("vectors not present")
    return path.read_text()


def refused(function, *arguments):
    """Why it is refused; a failure where it is not."""
    try:
        function(*arguments)
    except verify.Refused as why:
        return str(why)
    raise AssertionError(f"taken: {arguments!r:.200}")


def accepts(function, *arguments):
    try:
        function(*arguments)
        return True
    except verify.Refused:
        return False


# ---- A log of our own, to be verified and damaged ----------------------------------------------------------------

class Signer:
    def __init__(self, seed, name, kind):
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.key = verify.Key(name, kind, public)

    def vkey(self):
        value = base64.b64encode(bytes([self.key.kind]) + self.key.public).decode()
        return f"{self.key.name}+{self.key.id.hex()}+{value}"

    def line(self, text, time=None, key=None):
        key = key or self.key
        signature = self.private.sign(text.encode())
        if key.kind == verify.COSIGNATURE:
            signature = time.to_bytes(8, "big") + self.private.sign(f"cosignature/v1\ntime {time}\n{text}".encode())
        return f"\u2014 {key.name} {base64.b64encode(key.id + signature).decode()}\n"


def mth(leaves):
    """RFC 6962 §2.1, as it is written there."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else verify.EMPTY_ROOT
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return verify.node_hash(mth(leaves[:k]), mth(leaves[k:]))


def path(index, leaves):
    """RFC 6962 §2.1.1."""
    if len(leaves) <= 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return path(index, leaves[:k]) + [mth(leaves[k:])]
    return path(index - k, leaves[k:]) + [mth(leaves[:k])]


def event(n, **more):
    members = {"v": 1, "ts": f"2026-04-01T09:{n // 60 % 60:02}:{n % 60:02}.120Z", "node": "n1", "type": "read",
               "outcome": "ok", "tenant": "DA23456789ABCDEFGHJK",
               "actor": {"kind": "staff", "id": "a_19", "cred": "c_77", "ip": "198.51.100.7"},
               "why": {"purpose": "support", "case": "4711"},
               "what": {"object": "telephony", "query": "{\"page\":1}",
                        "rows": [{"epoch": "0123456789abcdef0123456789abcdef", "rows": f"{n}-{n + 9}", "n": 10}],
                        "n": 10}}
    members.update(more)
    return verify.spell_event(members).encode()


def b64(value):
    return base64.b64encode(value).decode()


class Log:
    """A tenant's tree under a global tree, a witness that is asked for."""
    origin, tenant, time = "countersign/example", "DA23456789ABCDEFGHJK", 1775034999

    def __init__(self, entries, before):
        self.log = Signer(1, self.origin, verify.ED25519)
        self.witness = Signer(2, "witness.example/w1", verify.COSIGNATURE)
        self.policy = (f"log {self.log.vkey()}\nwitness w1 {self.witness.vkey()}\nquorum w1\n")
        self.entries, self.leaves = entries, [verify.leaf_hash(entry) for entry in entries]
        self.tenant_text = self.text(f"{self.origin}/tenant/{self.tenant}", self.leaves)
        key = self.log.key.named(f"{self.origin}/tenant/{self.tenant}")
        self.tenant_note = self.tenant_text + "\n" + self.log.line(self.tenant_text, key=key)
        self.heads = [verify.leaf_hash(text.encode()) for text in before + [self.tenant_text]]
        text = self.text(self.origin, self.heads)
        self.note = text + "\n" + self.log.line(text) + self.witness.line(text, self.time)

    @staticmethod
    def text(origin, leaves):
        return f"{origin}\n{len(leaves)}\n{b64(mth(leaves))}\n"

    @staticmethod
    def proof(index, leaves, note, extra=None):
        head = "" if extra is None else f"extra {b64(extra)}\n"
        lines = "".join(b64(each) + "\n" for each in path(index, leaves))
        return f"c2sp.org/tlog-proof@v1\n{head}index {index}\n{lines}\n{note}"

    def head_proof(self):
        return self.proof(len(self.heads) - 1, self.heads, self.note)

    def event_proof(self, index):
        return ("countersign/event-proof@v1\n" + self.proof(index, self.leaves, self.tenant_note, self.entries[index])
                + "\n" + self.head_proof())

    def export(self, folder):
        export(folder, self.tenant_note, self.entries)
        (folder / "head.tlog-proof").write_text(self.head_proof())
        (folder / "policy").write_text(self.policy)


def export(folder, note, entries):
    """A tree as files, from the definitions of the protocol's page."""
    def put(name, data):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    put("checkpoint", note.encode())
    leaves, level, span = [verify.leaf_hash(entry) for entry in entries], 0, 1
    while len(leaves) >= span:
        hashes = [mth(leaves[i * span:(i + 1) * span]) for i in range(len(leaves) // span)]
        for n in range(0, len(hashes), 256):
            put(verify.tile_path(level, n // 256, len(hashes[n:n + 256])), b"".join(hashes[n:n + 256]))
        level, span = level + 1, span * 256
    for n in range(0, len(entries), 256):
        some = entries[n:n + 256]
        put(verify.tile_path("entries", n // 256, len(some)),
            b"".join(len(each).to_bytes(2, "big") + each for each in some))


def example():
    """The worked example: what vectors/ledger.json holds."""
    other = f"countersign/example/tenant/DAother\n1\n{b64(verify.leaf_hash(b'x'))}\n"
    entries = [event(n) for n in range(5)]
    log = Log(entries, [other])
    return log, {
        "source": "docs/protocols/ledger.md; made by clients/test_ledger_verify.py, made again by src/core/ledger/proof_test.cc",
        "comment": "a seed n stands for the Ed25519 seed of 32 bytes n; `before` are the leaves of the global tree before ours",
        "origin": log.origin, "seeds": {"log": 1, "witness": 2}, "time": log.time,
        "entries": [entry.decode() for entry in entries], "before": [other],
        "policy": log.policy, "proof": log.event_proof(2)}


def run(*words):
    done = subprocess.run([sys.executable, str(PROGRAM), *map(str, words)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


# ---- The standards' vectors --------------------------------------------------------------------------------------

@check("the tree, its roots and all 72 proofs of RFC 6962's reference")
def _():
    file = json.loads(vectors("rfc6962-tree.json"))
    tree, unhex = verify.Tree(), bytes.fromhex
    for n, leaf in enumerate(file["leafInputs"]):
        expect_equal(tree.root().hex(), file["rootByTreeSize"][n], f"the root of {n}")
        tree.append(verify.leaf_hash(unhex(leaf)))
    expect_equal(tree.root().hex(), file["rootByTreeSize"][8], "the root of 8")
    for v in file["inclusion"]:
        verify.verify_inclusion(unhex(v["leafHash"]), v["leafIndex"], v["treeSize"], unhex(v["root"]),
                                [unhex(p) for p in v["proof"]])
    for v in file["consistency"]:
        verify.verify_consistency(v["size1"], unhex(v["root1"]), v["size2"], unhex(v["root2"]),
                                  [unhex(p) for p in v["proof"]])
    expect_equal((len(file["inclusion"]), len(file["consistency"])), (36, 36), "proofs")


def merkle_hash(text):
    value = base64.b64decode(text)
    if value.startswith(b"don't care"):  # words where a root does not matter
        return hashlib.sha256(value).digest()
    return verify.read_hash(text)


def merkle_file(path):
    v = json.loads(path.read_text())
    proof = [merkle_hash(each) for each in v["proof"] or []]
    if "leafIdx" in v:
        verify.verify_inclusion(merkle_hash(v["leafHash"]), v["leafIdx"], v["treeSize"], merkle_hash(v["root"]), proof)
    else:
        verify.verify_consistency(v["size1"], merkle_hash(v["root1"]), v["size2"], merkle_hash(v["root2"]), proof)


@check("196 files of good and bad proofs, 184 of them refused")
def _():
    vectors("rfc6962-tree.json")
    files = sorted((VECTORS / "merkle").rglob("*.json"))
    bad = 0
    for path in files:
        taken = accepts(merkle_file, path)
        expect_equal(taken, not json.loads(path.read_text())["wantErr"], str(path))
        bad += not taken
    expect_equal((len(files), bad), (196, 184), "files")


@check("signed notes: 5 keys and 13 notes")
def _():
    file = json.loads(vectors("signed-note.json"))
    for v in file["verifierKeys"]:
        key = verify.Key.read(v["vkey"])
        expect(v["vkey"].startswith(f"{key.name}+{key.id.hex()}+"), "a key is read as it stands")
    for v in file["badVerifierKeys"]:
        refused(verify.Key.read, v["vkey"])
    for v in file["verify"]:
        def judge():
            data = bytes.fromhex(v["noteHex"]) if "noteHex" in v else v["note"].encode()
            note = verify.Note.read(verify.read_text(data, "a note"))
            signers = note.signers([verify.Key.read(each) for each in v["trusted"]])
            expect_equal([f"{key.name}+{key.id.hex()}" for key in signers], v["verified"], "signers")
        expect_equal(accepts(judge), v["result"] == "ok", v.get("note", "hex")[-80:])
    expect_equal((len(file["verifierKeys"]), len(file["badVerifierKeys"]), len(file["verify"])), (3, 2, 13), "vectors")


@check("the published checkpoint and the message of its cosignature")
def _():
    file = json.loads(vectors("checkpoint-and-cosignature.json"))
    note = verify.Note.read(file["cosigned"]["note"])
    checkpoint = verify.Checkpoint(note.text)
    expect_equal((checkpoint.origin, checkpoint.size, checkpoint.root.hex()),
                 (file["checkpoint"]["origin"], file["checkpoint"]["treeSize"], file["checkpoint"]["rootHashHex"]), "head")
    name, key_id, signature = note.lines[1]
    want = file["cosigned"]["cosignature"]
    expect_equal((name, key_id.hex(), int.from_bytes(signature[:8], "big"), signature[8:].hex()),
                 (want["name"], want["keyIdHex"], want["timestamp"], want["signatureHex"]), "cosignature")


@check("the standard's proof example is refused as it stands, and paths of tiles are those published")
def _():
    refused(verify.Proof, vectors("tlog-proof-example.txt"))
    file = json.loads(vectors("tlog-tiles.json"))
    for v in file["indexPath"]:
        expect_equal(verify.tile_path(0, v["index"], 256), "tile/0/" + v["path"], "path")
    expect_equal(len(file["indexPath"]), 4, "paths")


# ---- The worked example and its damage ---------------------------------------------------------------------------

@check("the worked example is made again byte for byte, and verifies")
def _():
    log, made = example()
    file = ROOT / "vectors/ledger.json"
    expect_equal(json.loads(file.read_text()), made, "vectors/ledger.json")
    event_, inner, checkpoint, witnesses = verify.verify_event_proof(made["proof"], verify.Policy(made["policy"].encode()))
    expect_equal((event_["what"]["n"], inner.index, checkpoint.size), (10, 2, 2), "what was proved")
    expect_equal({key.name: when for key, when in witnesses.items()}, {"witness.example/w1": log.time}, "witnesses")


@check("no byte of an event proof can be changed")
def _():
    log, made = example()
    policy, good = verify.Policy(made["policy"].encode()), made["proof"].encode()
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1:]
        expect(not accepts(lambda: verify.verify_event_proof(verify.read_text(bad, "a proof"), policy)), f"byte {at}")


@check("an event proof is refused for another event, tenant, key, quorum or order of parts")
def _():
    log, made = example()
    policy = verify.Policy(made["policy"].encode())
    first, second = log.proof(2, log.leaves, log.tenant_note, log.entries[2]), log.head_proof()
    header = "countersign/event-proof@v1\n"
    verify.verify_event_proof(header + first + "\n" + second, policy)
    stranger = Signer(9, log.origin, verify.ED25519)
    foreign = Log([event(n, tenant="DA3") for n in range(5)], [])
    bare = log.proof(2, log.leaves, log.tenant_note)
    for bad in (header + second + "\n" + first, header + first, header + first + second, first + "\n" + second,
                header + bare + "\n" + second, foreign.event_proof(2),
                header + log.proof(2, log.leaves, log.tenant_note, log.entries[3]) + "\n" + second,
                header + log.proof(1, log.leaves, log.tenant_note, log.entries[2]) + "\n" + second,
                made["proof"].replace(log.note, log.note.rsplit("\u2014", 1)[0])):
        refused(verify.verify_event_proof, bad, policy)
    refused(verify.verify_event_proof, made["proof"], verify.Policy(made["policy"].replace(
        log.log.vkey(), stranger.vkey()).encode()))


@check("an event has one spelling")
def _():
    good = event(1).decode()
    verify.read_event(good.encode())
    verify.read_event(event(1, detail="\u2028 < \" \\ \n \x01 \u00fc \U0001f600 \\u0000"))
    for old, new in (('"v":1', '"v":2'), ('"v":1', '"v":1.0'), ('"v":1', '"v":true'), ('"v":1,', '"v":1, '),
                     ('"n":10}]', '"n":11}]'), ('"1-10"', '"1-9,10"'), ('"1-10"', '"01-10"'), ('"1-10"', '"10-1"'),
                     ('"read"', '"Read"'), ('"ok"', '"fine"'), (":01.120Z", ":61.120Z"), ("2026-04-01", "2026-02-30"),
                     ("2026-04-01", "1969-04-01"), ('"node":"n1",', '"node":"",'), ('"node":"n1"', '"node":"n\\u0031"'),
                     ('"node":"n1"', '"node":"\\ud800"'), ('"node":"n1"', '"node":"\\u0000"'), ('"node":"n1"', '"node":"<"'),
                     ('"node":"n1",', '"node":"n1","node":"n1",'), ('"n":10}}', '"n":10},"more":1}'),
                     ('"n":10}}', '"n":10},"days":[]}'), ('"n":10}}', '"n":10},"days":[-1]}'), ('"n":10}}', '"n":10}} ')):
        expect(old in good, old)
        refused(verify.read_event, good.replace(old, new).encode())
    for bad in (b"", b"{}", b"[]", b"null", b"\xff", b"[" * 60000, b"{" + b" " * 70000 + b"}"):
        refused(verify.read_event, bad)


@check("a policy counts its groups, and is refused where it is not clear")
def _():
    keys = [Signer(20 + n, f"w{n}", verify.COSIGNATURE) for n in range(4)]
    head = "".join(f"witness n{n} {key.vkey()}\n" for n, key in enumerate(keys))
    policy = verify.Policy((head + "group g 2 n0 n1 n2\ngroup all all g n3\nquorum all\n").encode())
    for chosen, met in (((0, 1, 3), True), ((0, 1, 2), False), ((0, 3), False), ((0, 1, 2, 3), True), ((), False)):
        expect_equal(policy.met({policy.witnesses[n]: 0 for n in chosen}), met, str(chosen))
    for bad in ("", head, "quorum none", "quorum n0\n", head + "group g 0 n0\nquorum g\n", head + "group g 3 n0 n1\nquorum g\n",
                head + "group g 1 n0\ngroup h 1 n0\nquorum h\n", head + head + "quorum none\n", "log x\nquorum none\n",
                "log " + keys[0].vkey() + "\nquorum none\n", "quorum none\nquorum none\n", "quorum none\r\n"):
        refused(verify.Policy, bad.encode())


# ---- The program on whole trees ----------------------------------------------------------------------------------

def tree_of(count):
    log, folder = Log([event(n) for n in range(count)], ["x\n"]), temporary_folder() / "tree"
    log.export(folder)
    return log, folder


@check("a tree of 70,000 events is verified, with what was known before")
def _():
    log, folder = tree_of(70_000)
    old = folder.parent / "old"
    old.write_text(log.text(f"{log.origin}/tenant/{log.tenant}", log.leaves[:1234]))
    code, out, err = run("tree", folder, "--policy", folder / "policy", "--old", old)
    expect_equal((code, err), (0, ""), "the verdict")
    for words in ("70000 entries hash to that root", "cosigned    by witness.example/w1 at 2026-04-01T09:16:39Z",
                  "continues   the tree of 1234 leaves", "events      70000 read (ok)", "VERIFIED"):
        expect(words in out, f"{words!r} in {out}")
    old.write_text(log.text(f"{log.origin}/tenant/{log.tenant}", log.leaves[1:1235]))
    code, out, err = run("tree", folder, "--policy", folder / "policy", "--old", old)
    expect_equal((code, "VERIFIED" in out), (1, False), "a tree that does not continue the old one")
    expect("does not continue" in err, err)


@check("a tree is refused for every entry dropped, changed or swapped, and every tile changed")
def _():
    log, folder = tree_of(300)
    entries, policy = folder / "tile/entries/000", folder / "policy"
    good = entries.read_bytes()

    def damaged(path, data, words):
        kept = path.read_bytes()
        path.write_bytes(data)
        code, out, err = run("tree", folder, "--policy", policy)
        path.write_bytes(kept)
        expect_equal((code, "VERIFIED" in out), (1, False), str(path))
        expect(words in err, f"{words!r} in {err}")

    first = 2 + len(log.entries[0])
    second = first + 2 + len(log.entries[1])
    damaged(entries, good[first:], "cut short")
    damaged(entries, good[first:second] + good[:first] + good[second:], "does not hold the hashes")
    damaged(entries, good.replace(b"a_19", b"a_18", 1), "does not hold the hashes")
    damaged(entries, good + b"\0\0", "something follows")
    for name in ("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"):
        data = (folder / name).read_bytes()
        damaged(folder / name, data[:5] + bytes([data[5] ^ 1]) + data[6:], "does not hold the hashes")
    damaged(folder / "checkpoint", log.tenant_note.replace("\n300\n", "\n299\n").encode(), "does not verify")
    damaged(folder / "head.tlog-proof", log.head_proof().replace("index 1", "index 0").encode(), "another root")
    damaged(policy, log.policy.replace("quorum w1", "quorum none").replace("log ", "# log ").encode(), "no log")
    expect_equal(run("tree", folder, "--policy", policy)[0], 0, "the tree, undamaged again")


@check("a tree whose head no witness has seen is verified only when asked so")
def _():
    log, folder = tree_of(3)
    (folder / "head.tlog-proof").unlink()
    code, out, err = run("tree", folder, "--policy", folder / "policy")
    expect_equal(code, 3, err)
    code, out, err = run("tree", folder, "--policy", folder / "policy", "--unwitnessed")
    expect_equal(code, 0, err)
    expect("may show others another tree" in out, out)


@check("a global tree is verified, and refused for two roots of one size or a stranger's head")
def _():
    log = Log([event(0)], [])

    def verdict(changed=None):
        heads = []
        for n in range(300):
            size, tenant = 1 + n // 3, f"countersign/example/tenant/DA{n % 3}"
            heads.append(changed(n, tenant, size) if changed and changed(n, tenant, size) else
                         log.text(tenant, [verify.leaf_hash(b"x")] * size))
        heads = [head.encode() for head in heads]
        text = log.text(log.origin, [verify.leaf_hash(head) for head in heads])
        folder = temporary_folder()
        export(folder, text + "\n" + log.log.line(text) + log.witness.line(text, log.time), heads)
        (folder / "policy").write_text(log.policy)
        return run("tree", folder, "--policy", folder / "policy")

    code, out, err = verdict()
    expect_equal((code, err), (0, ""), "the verdict")
    expect("300 entries hash to that root" in out, out)
    for changed, words in (
            (lambda n, tenant, size: n == 200 and log.text(tenant, [verify.leaf_hash(b"y")] * (size - 1)), "two roots"),
            (lambda n, tenant, size: n == 200 and log.text("countersign/other/tenant/DA1", []), "not the tree of a tenant"),
            (lambda n, tenant, size: n == 200 and "nonsense\n", "three lines")):
        code, out, err = verdict(changed)
        expect_equal((code, "VERIFIED" in out), (1, False), words)
        expect(words in err, f"{words!r} in {err}")


@check("nothing that was recorded reaches the terminal as a command")
def _():
    log = Log([event(0, detail="\x1b[2J \u009b1m \u202e")], [])
    folder = temporary_folder()
    (folder / "policy").write_text(log.policy)
    (folder / "e.event-proof").write_text(log.event_proof(0))
    code, out, err = run("proof", folder / "e.event-proof", "--policy", folder / "policy")
    expect_equal((code, err), (0, ""), "the verdict")
    expect(out.replace("\n", "").isprintable() and "\\u009b1m \\u202e" in out, out)


@check("the program verifies proofs and checkpoints and says so by its exit code")
def _():
    log, made = example()
    folder = temporary_folder()
    for name, text in (("policy", log.policy), ("e.event-proof", made["proof"]), ("h.tlog-proof", log.head_proof()),
                       ("checkpoint", log.note), ("entry", log.tenant_text), ("bad", made["proof"].replace("index 2", "index 3"))):
        (folder / name).write_text(text)
    policy = ("--policy", folder / "policy")
    code, out, err = run("proof", folder / "e.event-proof", *policy)
    expect_equal((code, err), (0, ""), "an event proof")
    expect('"cred":"c_77"' in out and "cosigned    by witness.example/w1" in out and out.endswith("VERIFIED\n"), out)
    expect_equal(run("proof", folder / "h.tlog-proof", *policy, "--entry", folder / "entry")[0], 0, "a tlog-proof")
    expect_equal(run("proof", folder / "h.tlog-proof", *policy, "--entry", folder / "checkpoint")[0], 1, "another entry")
    expect_equal(run("checkpoint", folder / "checkpoint", *policy)[0], 0, "a checkpoint")
    expect_equal(run("proof", folder / "bad", *policy)[0], 1, "a bad proof")
    expect_equal(run("proof", folder / "nothing", *policy)[0], 3, "no file")
    expect_equal(run("proof")[0], 2, "no words")


main()
