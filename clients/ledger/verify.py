#!/usr/bin/env python3
"""Checks what a Countersign ledger shows, without trusting the server, its program or any network.

    verify.py proof FILE --policy POLICY [--entry FILE]     a .tlog-proof (of the bytes in --entry) or an .event-proof
    verify.py checkpoint FILE --policy POLICY               a checkpoint, with its signatures
    verify.py tree DIR --policy POLICY [--old CHECKPOINT]   an exported tree: checkpoint, tile/…, tile/entries/…
    verify.py bundle DIR --policy POLICY                    what a tenant is handed after an incident

Written from docs/protocols/ledger.md, history.md, history-export.md and bundle.md alone, with Python's standard library and the
`cryptography` package; it shares no line with the server. Section names in comments are those of ledger.md.

Exit codes: 0 everything said was verified · 1 it does not verify, or is not of its form · 2 wrong usage · 3 a file
cannot be read. What was verified is on standard output, why not on standard error.
"""
import argparse
import base64
import binascii
import hashlib
import json
import pathlib
import re
import sys
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NUMBER_MAX = 2**63 - 1
HASH_SIZE = 32
NOTE_MAX, SIGNATURES_MAX, NAME_MAX = 128 * 1024, 64, 255
POLICY_MAX, POLICY_NAMES_MAX = 64 * 1024, 64
PROOF_MAX, PROOF_HASHES_MAX = 256 * 1024, 63
ENTRY_MAX, TILE_WIDTH, ROW_NUMBERS_MAX = 65535, 256, 1_000_000
ED25519, COSIGNATURE = 0x01, 0x04
OPERATOR = "operator"


class Refused(Exception):
    """The input is not of its form, or does not verify. The text says which."""


def need(condition, why):
    if not condition:
        raise Refused(why)


# ---- Notation: numbers, base64 and hashes have one spelling each -------------------------------------------------

def read_number(text):
    need(re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) and int(text) <= NUMBER_MAX, f"not a number: {text!r:.40}")
    return int(text)


def read_base64(text):
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"not base64: {text!r:.60}") from None
    need(base64.b64encode(value).decode() == text, f"base64 in another spelling: {text!r:.60}")
    return value


def write_base64(value):
    return base64.b64encode(value).decode()


def read_hash(text):
    value = read_base64(text)
    need(len(value) == HASH_SIZE, "a hash has 32 bytes")
    return value


def read_text(data, what):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{what} is not UTF-8") from None


def split_line(text):
    """The first line without its newline, and the rest."""
    line, newline, rest = text.partition("\n")
    need(newline, "a line has no end")
    return line, rest


# ---- Trees -------------------------------------------------------------------------------------------------------

def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = hashlib.sha256(b"").digest()


class Tree:
    """Grows by leaves; keeps the roots of its perfect subtrees only, largest first."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def append(self, leaf):
        rest = self.size
        while rest & 1:  # each trailing one of the size is a subtree that this leaf finds its pair in
            leaf = node_hash(self.peaks.pop(), leaf)
            rest >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def verify_inclusion(leaf, index, size, root, proof):
    """RFC 9162 §2.1.3.2."""
    need(0 <= index < size <= NUMBER_MAX, "no such leaf in a tree of that size")
    place, last = index, size - 1
    for sibling in proof:
        need(last > 0, "the inclusion proof is too long")
        if place & 1 or place == last:
            leaf = node_hash(sibling, leaf)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        place, last = place >> 1, last >> 1
    need(last == 0, "the inclusion proof is too short")
    need(leaf == root, "the inclusion proof leads to another root")


def verify_consistency(old_size, old_root, size, root, proof):
    """RFC 9162 §2.1.4.2."""
    need(0 < old_size <= size <= NUMBER_MAX, "there is no consistency between these sizes to prove")
    if old_size == size:
        need(not proof, "trees of one size need no proof")
        need(old_root == root, "two roots for one size")
        return
    hashes = list(proof)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)
    need(hashes, "the consistency proof is too short")
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    seen_old = seen = hashes[0]
    for sibling in hashes[1:]:
        need(last > 0, "the consistency proof is too long")
        if place & 1 or place == last:
            seen_old, seen = node_hash(sibling, seen_old), node_hash(sibling, seen)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            seen = node_hash(seen, sibling)
        place, last = place >> 1, last >> 1
    need(last == 0, "the consistency proof is too short")
    need(seen_old == old_root, "the consistency proof leads to another old root")
    need(seen == root, "the consistency proof leads to another root")


# ---- Events ------------------------------------------------------------------------------------------------------

TYPES = ("read list count export key_release directory_unwrap config_change factor_reset approve shred kill "
         "break_glass canary epoch_closed viewed notice incident").split()
OUTCOMES = ("ok", "denied", "capped")
ACTOR = ("kind", "id", "cred", "sess", "parent", "ip")
WHY = ("purpose", "case", "intent")
MEMBERS = ("v", "ts", "node", "type", "outcome", "tenant", "actor", "why", "what", "days", "detail")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
NEEDS_ESCAPE = re.compile('[\x01-\x1f"\\\\<\u2028\u2029]')
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def spell_text(text):
    need(type(text) is str and "\0" not in text, "a text without NUL is expected")
    return '"' + NEEDS_ESCAPE.sub(lambda m: ESCAPES.get(m[0]) or f"\\u{ord(m[0]):04x}", text) + '"'


def spell_number(value):
    need(type(value) is int and 0 <= value <= NUMBER_MAX, "a number is expected")
    return str(value)


def spell_object(pairs):
    return "{" + ",".join(f'"{key}":{value}' for key, value in pairs) + "}"


def spell_texts(value, keys):
    """An object of texts, each there and not empty or left out."""
    need(type(value) is dict and value, "an object without members is left out")
    need(all(value.get(key) != "" for key in keys), "an empty text is left out")
    return spell_object((key, spell_text(value[key])) for key in keys if key in value)


def count_rows(text):
    """How many numbers ranges of rows name; only the shortest spelling is taken."""
    count, at_least = 0, 0
    for part in text.split(",") if text else []:
        first, dash, last = part.partition("-")
        first = read_number(first)
        if dash:
            last = read_number(last)
            need(last > first, "a range of rows ascends")
        else:
            last = first
        need(first >= at_least, "ranges of rows ascend and do not touch")
        at_least = last + 2
        count += last - first + 1
        need(count <= ROW_NUMBERS_MAX, "over a million row numbers")
    return count


def spell_row_set(value):
    need(type(value) is dict and {"epoch", "rows", "n"} <= value.keys(), "a row set has three members")
    need(re.fullmatch(r"[0-9a-f]{32}", str(value["epoch"]), re.ASCII), "an epoch is named by 32 hex digits")
    need(type(value["rows"]) is str and count_rows(value["rows"]) == value["n"], "a row set counts its numbers")
    return spell_object([("epoch", spell_text(value["epoch"])), ("rows", spell_text(value["rows"])),
                         ("n", spell_number(value["n"]))])


def spell_list(value, spell):
    need(type(value) is list and value, "an empty list is left out")
    return "[" + ",".join(map(spell, value)) + "]"


def spell_what(value):
    need(type(value) is dict and "n" in value, "an event counts what it is about")
    pairs = []
    for key in ("object", "query"):
        if key in value:
            need(value[key] != "", "an empty text is left out")
            pairs.append((key, spell_text(value[key])))
    if "rows" in value:
        pairs.append(("rows", spell_list(value["rows"], spell_row_set)))
    return spell_object(pairs + [("n", spell_number(value["n"]))])


def check_time(text):
    need(type(text) is str and TIME.fullmatch(text), "a time looks like 2026-04-01T09:12:44.120Z")
    try:
        time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")
    except ValueError:
        raise Refused("no such time") from None
    need(int(text[:4]) >= 1970 and int(text[17:19]) < 60, "no such time")


def spell_event(event):
    """The one spelling of an event. Raises Refused where it is none."""
    need(type(event) is dict and type(event.get("v")) is int and event["v"] == 1, "not an event of version 1")
    check_time(event.get("ts"))
    need(event.get("type") in TYPES, f"no such type: {event.get('type')!r:.40}")
    need(event.get("outcome") in OUTCOMES, f"no such outcome: {event.get('outcome')!r:.40}")
    need("what" in event, "an event says what it is about")
    if "tenant" in event:
        need(type(event["tenant"]) is str and TENANT.fullmatch(event["tenant"]), "not the id of a tenant")
    spelled = {"v": "1", "what": spell_what(event["what"])}
    if "actor" in event:
        spelled["actor"] = spell_texts(event["actor"], ACTOR)
    if "why" in event:
        spelled["why"] = spell_texts(event["why"], WHY)
    if "days" in event:
        spelled["days"] = spell_list(event["days"], spell_number)
    for key in ("ts", "node", "type", "outcome", "tenant", "detail"):
        if key in event:
            need(event[key] != "", "an empty text is left out")
            spelled[key] = spell_text(event[key])
    return spell_object((key, spelled[key]) for key in MEMBERS if key in spelled)


def read_event(entry):
    """An event out of the bytes of a leaf."""
    need(len(entry) <= ENTRY_MAX, "an event has at most 65,535 bytes")
    try:
        event = json.loads(read_text(entry, "an event"))
        spelling = spell_event(event).encode()
    except (ValueError, RecursionError) as error:  # also a lone surrogate, which no spelling has
        raise Refused(f"not an event: {error}") from None
    # Members that are not known, out of order or repeated, white space and other escapes all show here.
    need(spelling == entry, "an event in another spelling")
    return event


# ---- Keys and signed notes ---------------------------------------------------------------------------------------

class Key:
    """A public key with the name it signs in."""

    def __init__(self, name, kind, public):
        need(name and len(name.encode()) <= NAME_MAX and "+" not in name
             and not any(c.isspace() or c < " " for c in name), f"not the name of a key: {name!r:.40}")
        self.name, self.kind, self.public = name, kind, public
        self.id = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]

    @classmethod
    def read(cls, text):
        parts = text.split("+", 2)
        need(len(parts) == 3, "a key looks like name+id+base64")
        value = read_base64(parts[2])
        need(value and value[0] in (ED25519, COSIGNATURE), f"a key of an unknown algorithm: {parts[0]!r:.40}")
        need(len(value) == 1 + HASH_SIZE, "an Ed25519 key has 32 bytes")
        key = cls(parts[0], value[0], value[1:])
        need(key.id.hex() == parts[1], "the id is not that of the key")
        return key

    def named(self, name):
        return Key(name, self.kind, self.public)

    def verify(self, text, signature):
        """The time of a cosignature, 0 of a plain signature; None where it does not verify."""
        when, message = 0, text.encode()
        if self.kind == COSIGNATURE:
            if len(signature) != 72:
                return None
            when, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            if when > NUMBER_MAX:
                return None
            message = b"cosignature/v1\ntime %d\n" % when + message
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return None
        return when


class Note:
    """A text and its signature lines: (name, id, signature)."""

    def __init__(self, text, lines):
        self.text, self.lines = text, lines

    @classmethod
    def read(cls, text):
        need(len(text.encode()) <= NOTE_MAX, "a note is longer than 128 KiB")
        need(not any(c < " " and c != "\n" for c in text), "a note holds a control character")
        body, gap, signatures = text.rpartition("\n\n")
        need(gap, "an empty line stands before a note's signatures")
        need(signatures.endswith("\n"), "a note ends in a newline")
        lines = [cls.read_line(line) for line in signatures[:-1].split("\n")]
        need(len(lines) <= SIGNATURES_MAX, "over 64 signatures")
        return cls(body + "\n", lines)

    @staticmethod
    def read_line(line):
        parts = line.split(" ", 2)
        need(len(parts) == 3 and parts[0] == "\u2014", f"not a signature line: {line!r:.60}")
        value = read_base64(parts[2])
        need(len(value) > 4, "a signature is missing")
        Key(parts[1], ED25519, b"")  # for the name's sake
        return parts[1], value[:4], value[4:]

    def signers(self, keys):
        """{key: time} of those among `keys` that have signed. A bad line of one of them refuses the note."""
        found = {}
        for name, key_id, signature in self.lines:
            known = [key for key in keys if key.name == name and key.id == key_id]
            times = [(key, when) for key in known if (when := key.verify(self.text, signature)) is not None]
            need(times or not known, f"a signature of {name} does not verify")
            for key, when in times[:1]:
                found.setdefault(key, when)
        need(found, "no known key has signed")
        return found


# ---- Checkpoints -------------------------------------------------------------------------------------------------

class Checkpoint:
    def __init__(self, text):
        need(text.endswith("\n"), "a checkpoint's last line has no end")
        lines = text[:-1].split("\n")
        need(len(lines) >= 3 and all(lines), "a checkpoint is three lines or more, none of them empty")
        self.origin, self.size, self.root = lines[0], read_number(lines[1]), read_hash(lines[2])
        need(self.size > 0 or self.root == EMPTY_ROOT, "the empty tree has one root")
        self.text, self.extensions = text, lines[3:]

    def __str__(self):
        return f"{self.origin}, {self.size} leaves, root {write_base64(self.root)}"


# ---- Policies ----------------------------------------------------------------------------------------------------

class Policy:
    def __init__(self, data):
        need(len(data) <= POLICY_MAX, "a policy is longer than 64 KiB")
        need(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data), "a policy holds a control character")
        need(data.endswith(b"\n"), "a policy's last line has no end")
        self.logs, self.witnesses = [], []
        self.members = {}    # name: a witness's key, or (how many, names)
        self.grouped = set()
        self.quorum = None
        read = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        for line in data.decode("utf-8", "surrogateescape").split("\n")[:-1]:
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if not words or words[0].startswith("#"):
                continue
            need(words[0] in read, f"a policy's line begins with log, witness, group or quorum, not {words[0]!r:.40}")
            read[words[0]](words[1:])
        need(self.quorum, "a policy has a quorum line")

    @staticmethod
    def _key(text, kind, known):
        key = Key.read(text)
        need(key.kind == kind, f"the key of {key.name} is not of the type for this use")
        need(all(other.public != key.public for other in known), f"the key of {key.name} stands twice")
        need(len(known) < POLICY_NAMES_MAX, "over 64 keys")
        return key

    def _define(self, name, value):
        need(name != "none" and name not in self.members, f"a name is taken: {name!r:.40}")
        need(len(self.members) < POLICY_NAMES_MAX, "over 64 names")
        self.members[name] = value

    def _log(self, words):
        need(1 <= len(words) <= 2, "a log line is: log <key> [<url>]")
        self.logs.append(self._key(words[0], ED25519, self.logs))

    def _witness(self, words):
        need(2 <= len(words) <= 3, "a witness line is: witness <name> <key> [<url>]")
        key = self._key(words[1], COSIGNATURE, self.witnesses)
        self._define(words[0], key)
        self.witnesses.append(key)

    def _group(self, words):
        need(len(words) >= 3, "a group line is: group <name> any|all|<k> <name>...")
        name, threshold, members = words[0], words[1], words[2:]
        needed = {"any": 1, "all": len(members)}.get(threshold) or read_number(threshold)
        need(1 <= needed <= len(members), "a threshold is from 1 to the number of members")
        for member in members:
            need(member in self.members, f"a name is not defined before: {member!r:.40}")
            need(member not in self.grouped, f"a member stands in a group already: {member!r:.40}")
            self.grouped.add(member)
        self._define(name, (needed, members))

    def _quorum(self, words):
        need(len(words) == 1 and not self.quorum, "a policy has one quorum line of one name")
        need(words[0] == "none" or words[0] in self.members, f"a name is not defined before: {words[0]!r:.40}")
        self.quorum = words[0]

    def met(self, signers, name=None):
        """Whether those who signed are the quorum."""
        name = name or self.quorum
        if name == "none":
            return True
        member = self.members[name]
        if isinstance(member, Key):
            return member in signers
        needed, names = member
        return sum(self.met(signers, each) for each in names) >= needed

    def trust(self, note):
        """(checkpoint, key of its log, {witness: time}) of a note that this policy trusts."""
        checkpoint = Checkpoint(note.text)
        logs = [key for key in self.logs if key.name == checkpoint.origin]
        need(logs, f"the policy has no log {checkpoint.origin!r:.80}")
        signers = note.signers(logs + self.witnesses)
        signed = [key for key in logs if key in signers]
        need(signed, "the log has not signed the checkpoint")
        need(self.met(signers), "fewer witnesses have cosigned than the policy asks for")
        return checkpoint, signed[0], {key: when for key, when in signers.items() if key not in logs}


def tenant_key(log, origin):
    """The key of a tenant's tree: the log's, in the tree's name. And the tenant."""
    prefix = log.name + "/tenant/"
    need(origin.startswith(prefix), f"{origin!r:.80} is not the tree of a tenant of {log.name}")
    tenant = origin[len(prefix):]
    need(TENANT.fullmatch(tenant), "not the id of a tenant")
    return log.named(origin), tenant


def check_owner(event, tenant):
    need(event.get("tenant", OPERATOR) == tenant and (event.get("tenant") != OPERATOR),
         "an event is of another tenant than its tree")


# ---- Proof files -------------------------------------------------------------------------------------------------

PROOF_HEADER = "c2sp.org/tlog-proof@v1\n"
EVENT_PROOF_HEADER = "countersign/event-proof@v1\n"


class Proof:
    def __init__(self, text):
        need(len(text.encode()) <= PROOF_MAX, "a proof is longer than 256 KiB")
        need(text.startswith(PROOF_HEADER), "not a tlog-proof")
        line, rest = split_line(text[len(PROOF_HEADER):])
        self.extra = None
        if line.startswith("extra "):
            self.extra = read_base64(line[len("extra "):])
            line, rest = split_line(rest)
        need(line.startswith("index "), "a proof names an index")
        self.index = read_number(line[len("index "):])
        self.hashes = []
        line, rest = split_line(rest)
        while line:
            self.hashes.append(read_hash(line))
            need(len(self.hashes) <= PROOF_HASHES_MAX, "over 63 hashes in a proof")
            line, rest = split_line(rest)
        self.note = Note.read(rest)
        self.checkpoint = Checkpoint(self.note.text)

    def verify_entry(self, entry):
        verify_inclusion(leaf_hash(entry), self.index, self.checkpoint.size, self.checkpoint.root, self.hashes)


def verify_proof(proof, entry, policy):
    checkpoint, log, witnesses = policy.trust(proof.note)
    proof.verify_entry(entry)
    return checkpoint, log, witnesses


def split_event_proof(text):
    need(text.startswith(EVENT_PROOF_HEADER), "not an event proof")
    rest = text[len(EVENT_PROOF_HEADER):]
    between = "\n\n" + PROOF_HEADER
    need(rest.count(between) == 1, "an event proof is two proofs with an empty line between")
    at = rest.index(between)
    return Proof(rest[:at + 1]), Proof(rest[at + 2:])


def verify_event_proof(text, policy):
    """The six steps of the protocol's page, in its order; a failing step raises Refused."""
    inner, outer = split_event_proof(text)
    need(inner.extra is not None and outer.extra is None, "an event proof holds the event, once")
    event = read_event(inner.extra)                                                     # 1
    checkpoint, log, witnesses = policy.trust(outer.note)                               # 2
    outer.verify_entry(inner.note.text.encode())                                        # 3
    key, tenant = tenant_key(log, inner.checkpoint.origin)                              # 4
    inner.note.signers([key])
    inner.verify_entry(inner.extra)                                                     # 5
    check_owner(event, tenant)                                                          # 6
    return event, inner, checkpoint, witnesses


# ---- Tiles: an exported tree -------------------------------------------------------------------------------------

def tile_path(kind, index, width):
    """tile/<kind>/<index>[.p/<width>]; kind is a level or "entries"."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{kind}/" + "/".join(groups) + (f".p/{width}" if width < TILE_WIDTH else "")


def read_bundle(data, count):
    """The entries of a bundle, which holds exactly `count`."""
    entries, at = [], 0
    for _ in range(count):
        length = int.from_bytes(data[at:at + 2], "big")
        need(at + 2 + length <= len(data), "a bundle of entries is cut short")
        entries.append(data[at + 2:at + 2 + length])
        at += 2 + length
    need(at == len(data), "something follows a bundle's entries")
    return entries


def hash_tile(hashes):
    """The root of a full tile's 256 hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def verify_tiles(folder, size, visit):
    """The tree, built out of its entries; every tile is compared, and `visit` sees each entry as it is added."""
    tree, level, hashes = Tree(), 0, []
    for index in range((size + TILE_WIDTH - 1) // TILE_WIDTH):
        width = min(TILE_WIDTH, size - index * TILE_WIDTH)
        name = tile_path("entries", index, width)
        try:
            entries = read_bundle((folder / name).read_bytes(), width)
            leaves = [leaf_hash(entry) for entry in entries]
            for entry, leaf in zip(entries, leaves):
                tree.append(leaf)
                visit(tree, entry)
        except Refused as why:
            raise Refused(f"{name}: {why}") from None
        compare_tile(folder, 0, index, leaves)
        if width == TILE_WIDTH:
            hashes.append(hash_tile(leaves))
    while hashes:  # the levels above, each made of the full tiles below
        level, below, hashes = level + 1, hashes, []
        for index in range(0, len(below), TILE_WIDTH):
            tile = below[index:index + TILE_WIDTH]
            compare_tile(folder, level, index // TILE_WIDTH, tile)
            if len(tile) == TILE_WIDTH:
                hashes.append(hash_tile(tile))
    return tree


def compare_tile(folder, level, index, hashes):
    name = tile_path(level, index, len(hashes))
    need((folder / name).read_bytes() == b"".join(hashes), f"{name} does not hold the hashes of its entries")


class Entries:
    """What the entries of a tree must be: events of one tenant, or heads of tenants' trees."""

    def __init__(self, log, tenant, old):
        self.log, self.tenant, self.old = log, tenant, old
        self.heads, self.types = {}, {}
        self.old_root = EMPTY_ROOT

    def __call__(self, tree, entry):
        if self.old and tree.size == self.old.size:
            self.old_root = tree.root()
        if self.tenant:
            event = read_event(entry)
            check_owner(event, self.tenant)
            what = event["type"], event["outcome"]
            self.types[what] = self.types.get(what, 0) + 1
        else:
            head = Checkpoint(read_text(entry, "a leaf of the global tree"))
            tenant_key(self.log, head.origin)
            known = self.heads.setdefault((head.origin, head.size), head.root)
            need(known == head.root, f"two roots for one size: {head}")


def verify_tree(folder, policy, old, unwitnessed):
    note = Note.read(read_file_text(folder / "checkpoint"))
    checkpoint = Checkpoint(note.text)
    if any(checkpoint.origin == key.name for key in policy.logs):
        checkpoint, log, witnesses = policy.trust(note)
        tenant = None
        say(f"checkpoint  {checkpoint}, signed by its log")
        say_witnesses(witnesses)
    else:
        log, tenant = trust_tenant_head(folder, note, checkpoint, policy, unwitnessed)
    if old:
        need(old.origin == checkpoint.origin, "the old checkpoint is of another tree")
        need(old.size <= checkpoint.size, "the tree is smaller than it was")
    entries = Entries(log, tenant, old)
    tree = verify_tiles(folder, checkpoint.size, entries)
    need(tree.root() == checkpoint.root, "the entries lead to another root than the checkpoint's")
    say(f"tree        {checkpoint.size} entries hash to that root, every tile agrees")
    if old:
        need(entries.old_root == old.root, "the tree does not continue the old checkpoint")
        say(f"continues   the tree of {old.size} leaves known before")
    for (kind, outcome), count in sorted(entries.types.items()):
        say(f"events      {count} {kind} ({outcome})")


def trust_tenant_head(folder, note, checkpoint, policy, unwitnessed):
    """The log's key and the tenant of a tree whose head is signed and, by head.tlog-proof, in the global tree."""
    logs = {}  # each possible log by the key of its tree
    for log in policy.logs:
        if checkpoint.origin.startswith(log.name + "/tenant/"):
            key, tenant = tenant_key(log, checkpoint.origin)
            logs[key] = log
    need(logs, f"the policy has no log for {checkpoint.origin!r:.80}")
    log = logs[next(iter(note.signers(list(logs))))]
    say(f"checkpoint  {checkpoint}, signed by {log.name}")
    if unwitnessed:
        say("witnesses   none asked about (--unwitnessed): the server may show others another tree")
        return log, tenant
    proof = Proof(read_file_text(folder / "head.tlog-proof"))
    head, global_log, witnesses = verify_proof(proof, note.text.encode(), policy)
    need(global_log is log, "the head is shown in the tree of another log or key")
    say(f"head        is in {head}")
    say_witnesses(witnesses)
    return log, tenant


# ---- The commands ------------------------------------------------------------------------------------------------

def plain(text):
    """For a terminal: what is not to be printed, such as escape codes and marks of direction, is spelled out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def say(line):
    print(plain(line))


def say_witnesses(witnesses):
    for key, when in witnesses.items():
        try:
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when))
        except (OverflowError, ValueError, OSError):
            at = f"{when} s after 1970"
        say(f"cosigned    by {key.name} at {at}")
    if not witnesses:
        say("cosigned    by no witness of the policy, which asks for none")


def read_file_text(path):
    return read_text(pathlib.Path(path).read_bytes(), str(path))


def read_checkpoint_file(path):
    """A checkpoint that was kept: the whole note, or its text alone."""
    text = read_file_text(path)
    return Checkpoint(Note.read(text).text if "\n\n" in text else text)


def command_proof(options, policy):
    text = read_file_text(options.file)
    if text.startswith(EVENT_PROOF_HEADER):
        event, inner, checkpoint, witnesses = verify_event_proof(text, policy)
        say(f"event       {inner.extra.decode()}")
        say(f"is leaf     {inner.index} of {inner.checkpoint}, signed by its log")
        say(f"which is in {checkpoint}")
        say_witnesses(witnesses)
        return
    proof = Proof(text)
    need(options.entry, "a tlog-proof shows an entry: name its file with --entry")
    checkpoint, _, witnesses = verify_proof(proof, pathlib.Path(options.entry).read_bytes(), policy)
    say(f"entry       is leaf {proof.index} of {checkpoint}, signed by its log")
    say_witnesses(witnesses)


def command_checkpoint(options, policy):
    checkpoint, _, witnesses = policy.trust(Note.read(read_file_text(options.file)))
    say(f"checkpoint  {checkpoint}, signed by its log")
    say_witnesses(witnesses)


def command_tree(options, policy):
    old = read_checkpoint_file(options.old) if options.old else None
    verify_tree(pathlib.Path(options.file), policy, old, options.unwitnessed)


# ---- Bundles of an incident: docs/protocols/bundle.md -------------------------------------------------------------

MANIFEST_KEY = "/bundle"
MANIFEST_MAX, BUNDLE_LINE_MAX = 64 * 1024 * 1024, 2 * 1024 * 1024
READING = ("read", "list", "count", "export", "key_release", "directory_unwrap", "viewed")
PATH = re.compile(r"(proofs/)?[A-Za-z0-9][A-Za-z0-9.-]{0,63}", re.ASCII)
EXPOSED = re.compile(r"exposed(-[0-9]+)?\.mfae", re.ASCII)


def read_json(data, what):
    def once(pairs):
        keys = [key for key, _ in pairs]
        need(len(set(keys)) == len(keys), f"{what} holds a member twice")
        return dict(pairs)

    try:
        return json.loads(read_text(data, what), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{what} is not JSON: {error}") from None


def read_url64(text, what):
    need(type(text) is str and re.fullmatch(r"[A-Za-z0-9_-]*", text, re.ASCII), f"{what} is not base64url")
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused(f"{what} is not base64url") from None
    need(base64.urlsafe_b64encode(value).decode().rstrip("=") == text, f"{what} in another spelling")
    return value


def runs_of(text):
    """The numbers that ranges of rows name, as (first, last)."""
    count_rows(text)
    return [(int(first), int(last or first)) for first, _, last in (part.partition("-") for part in text.split(","))
            if first]


def verify_manifest(folder, policy):
    """The manifest, after its signature by a log of the policy, and every file with its hash."""
    note = Note.read(read_file_text(folder / "manifest.note"))
    signers = note.signers([log.named(log.name + MANIFEST_KEY) for log in policy.logs])
    key = next(iter(signers))
    data = (folder / "manifest.json").read_bytes()
    need(len(data) <= MANIFEST_MAX, "the manifest is too long")
    need(note.text == f"{key.name}\n{hashlib.sha256(data).hexdigest()}\n", "manifest.json is not the one that was signed")
    manifest = read_json(data, "manifest.json")
    need(type(manifest) is dict and manifest.get("bundle") == 1, "not a manifest of version 1")
    need(type(manifest.get("files")) is list, "a manifest lists files")
    listed = {}
    for file in manifest["files"]:
        need(type(file) is dict and type(file.get("path")) is str and PATH.fullmatch(file["path"]), "not a name of a file")
        need(file["path"] not in listed, f"{file['path']} is listed twice")
        content = (folder / file["path"]).read_bytes()
        need(len(content) == file.get("bytes") and hashlib.sha256(content).hexdigest() == file.get("sha256"),
             f"{file['path']} is not what the manifest says")
        listed[file["path"]] = content
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    extra = there - set(listed) - {"manifest.json", "manifest.note"}
    need(not extra, f"{min(extra, default='')} is not in the manifest")
    return manifest, listed, key


def verify_reads(manifest, listed, policy):
    """The rows that the reads name and the trailers that the ledger holds, by epoch, after the proof of each event."""
    lines = read_text(listed["reads.jsonl"], "reads.jsonl").splitlines(keepends=True) if "reads.jsonl" in listed else []
    proofs = sorted((path for path in listed if path.startswith("proofs/")),
                    key=lambda path: int(path[7:-12]) if re.fullmatch(r"proofs/[0-9]{1,19}\.event-proof", path) else -1)
    need(len(lines) == len(proofs), "not as many proofs as reads")
    rows, closed, days = {}, {}, set()
    for line, path in zip(lines, proofs):
        event, inner, _, _ = verify_event_proof(read_text(listed[path], path), policy)
        need(path == f"proofs/{inner.index}.event-proof", f"{path} proves another event")
        need(line.encode() == inner.extra + b"\n", f"reads.jsonl says otherwise than {path}")
        need(event.get("tenant") == manifest.get("tenant"), f"{path} is of another tenant")
        if event["type"] == "epoch_closed":
            closed[event["what"].get("object")] = event.get("detail")
        if event["outcome"] == "denied" or event["type"] not in READING:
            continue
        days.update(event.get("days", []))
        for row_set in event["what"].get("rows", []):
            rows.setdefault(row_set["epoch"], []).extend(runs_of(row_set["rows"]))
    need(len(lines) == manifest.get("events"), "the manifest counts other reads")
    need(sorted(days) == manifest.get("days"), "the manifest names other days than the reads")
    return rows, closed


def read_header(data):
    """(tenant, epoch id) of an epoch's header (history.md); all of it is looked at when it is opened."""
    need(data[:5] == b"MFAE\x01" and len(data) > 13, "not an epoch header")
    length = int.from_bytes(data[11:13], "big")
    need(len(data) >= 13 + length + 24, "an epoch header is cut short")
    return read_text(data[13:13 + length], "a tenant"), data[21 + length:37 + length]


def rows_root(hashes):
    tree = Tree()
    for _, row_hash in sorted(hashes.items()):
        tree.append(row_hash)
    return tree.root()


def verify_exposed(data, tenant, named, closed):
    """How many rows a file of exposed rows holds, all of them named by the reads (None: by a supplier's list)."""
    epochs, count, ended = {}, 0, False
    for number, line in enumerate(data.split(b"\n")[:-1]):
        need(len(line) <= BUNDLE_LINE_MAX and not ended, "a line of exposed rows is too long, or follows the end")
        item = read_json(line, "a line of exposed rows")
        need(type(item) is dict and item, "a line of exposed rows is an object")
        kind = next(iter(item))
        need((kind == "export") == (number == 0), "exposed rows begin with their head")
        if kind == "export":
            need(item[kind] == 1 and item.get("tenant") == tenant, "exposed rows of another tenant")
        elif kind == "epoch":
            owner, epoch = read_header(read_url64(item[kind], "a header"))
            need(owner == tenant and epoch not in epochs, "an epoch of another tenant, or one twice")
            epochs[epoch] = (read_url64(item.get("trailer"), "a trailer"), {})
        elif kind == "row":
            row, opened = read_url64(item[kind], "a row"), read_url64(item.get("open"), "a row's open part")
            epoch, place = row[:16], int.from_bytes(row[16:24], "big")
            need(len(row) > 24 and epoch in epochs and place not in epochs[epoch][1], "a row without its epoch, or twice")
            if named is not None:
                need(any(first <= place <= last for first, last in named.get(epoch.hex(), [])),
                     f"row {place} of epoch {epoch.hex()} is named by no read")
            parts = (len(opened).to_bytes(4, "big"), opened, len(row).to_bytes(4, "big"), row)
            epochs[epoch][1][place] = hashlib.sha256(b"\x00" + b"".join(parts)).digest()
            count += 1
        else:
            need(kind == "end" and item[kind] == count, "exposed rows were cut off, or hold something else")
            ended = True
    need(ended and data.endswith(b"\n"), "exposed rows were cut off")
    for epoch, (trailer, hashes) in epochs.items():
        if trailer:
            need(closed.get(epoch.hex()) == trailer.hex(), f"epoch {epoch.hex()} was not closed so by the ledger")
            need(trailer == b"MFAT\x01" + epoch + len(hashes).to_bytes(8, "big") + rows_root(hashes),
                 f"epoch {epoch.hex()} is not as it was closed")
    return count


def command_bundle(options, policy):
    folder = pathlib.Path(options.file)
    manifest, listed, key = verify_manifest(folder, policy)
    say(f"manifest    of {len(listed)} files, signed by {key.name}; each file is what it says")
    rows, closed = verify_reads(manifest, listed, policy)
    say(f"reads       {manifest['events']}, each in the tenant's ledger and that in the log")
    files = [path for path in listed if EXPOSED.fullmatch(path)]
    need(files, "there is no exposed.mfae")
    named = None if manifest.get("supplier") is True else rows
    count = sum(verify_exposed(listed[path], manifest["tenant"], named, closed) for path in files)
    need(count <= manifest.get("returned", -1), "more rows than the manifest counts")
    say(f"rows        {count} of {manifest['returned']} that left, still sealed" +
        (", by the supplier's list" if manifest.get("supplier") is True else ", each named by a read"))


COMMANDS = {"proof": command_proof, "checkpoint": command_checkpoint, "tree": command_tree, "bundle": command_bundle}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in COMMANDS:
        command = commands.add_parser(name)
        command.add_argument("file")
        command.add_argument("--policy", required=True, help="whom to trust: logs, witnesses, quorum")
        if name == "proof":
            command.add_argument("--entry", help="the bytes of the leaf, where the proof does not hold them")
        if name == "tree":
            command.add_argument("--old", help="a checkpoint of this tree from before, which it must continue")
            command.add_argument("--unwitnessed", action="store_true", help="do without head.tlog-proof")
    options = parser.parse_args(arguments)
    try:
        COMMANDS[options.command](options, Policy(pathlib.Path(options.policy).read_bytes()))
    except Refused as why:
        print(f"REFUSED     {plain(str(why))}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"cannot read {error.filename}: {error.strerror}", file=sys.stderr)
        return 3
    print("VERIFIED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
