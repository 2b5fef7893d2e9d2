#!/usr/bin/env python3
"""Opens an export of sealed history: written from docs/protocols/history.md and history-export.md alone.

    open.py EXPORT…  <SHARES     two shares of the tenant's key, one a line, on stdin; files that bring keys come first

Prints one JSON object a row: stream, id, text. Canaries are left out, and their number is said on stderr. What does not
open is said on stderr, too, and the exit code is 1.
Standard library and `cryptography` only.
"""
import base64
import hashlib
import hmac
import json
import struct
import sys
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

L = b"countersign-history/v1"
RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw


class Refused(Exception):
    pass


class Malformed(Exception):
    pass


def need(condition, what, kind=Malformed):
    if not condition:
        raise kind(what)


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(data)) + data


def extract(salt, ikm):
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def expand(prk, info, size):
    out = block = b""
    for i in range(1, size // 32 + 2):
        block = hmac.digest(prk, block + info + bytes([i]), "sha256")
        out += block
    return out[:size]


def derive(key, info, size):
    return expand(extract(b"", key), L + info, size)


def base64url(letters):
    return base64.b64decode(letters + "=" * (-len(letters) % 4), altchars=b"-_", validate=True)


class Cut:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        need(self.at + count <= len(self.data), "cut short")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size, order="big"):
        return int.from_bytes(self.take(size), order)

    def end(self):
        need(self.at == len(self.data), "something is left over")


# ---- shares ----------------------------------------------------------------------------------------------------------

def times(a, b):
    out = 0
    while b:
        out ^= a * (b & 1)
        a = a << 1 ^ (0x11b if a & 0x80 else 0)
        b >>= 1
    return out


def inverse(a):
    return next(b for b in range(1, 256) if times(a, b) == 1)


def share(written):
    letters = written.upper().translate(str.maketrans("018", "OIB", " -\n\r"))
    data = base64.b32decode(letters)
    need(len(data) == 45 and data[0] == 1, "not a share")
    need(hashlib.sha256(b"countersign-share/v1" + data[:42]).digest()[:3] == data[42:], "a share is mistyped")
    return {"threshold": data[1], "index": data[2], "set": data[3:6], "value": data[6:42]}


def combine(a, b):
    need(a["threshold"] == b["threshold"] == 2 and a["set"] == b["set"] and a["index"] != b["index"],
         "these shares do not belong together", Refused)
    over = inverse(a["index"] ^ b["index"])
    value = bytes(times(times(x, b["index"]) ^ times(y, a["index"]), over) for x, y in zip(a["value"], b["value"]))
    check = hashlib.sha256(b"countersign-share-secret/v1" + a["set"] + value[:32]).digest()[:4]
    need(check == value[32:], "these shares do not add up", Refused)
    return value[:32]


# ---- epochs ----------------------------------------------------------------------------------------------------------

def header(data):
    cut = Cut(data)
    need(cut.take(4) == b"MFAE" and cut.number(1) == 1, "not an epoch header of version 1")
    need(cut.take(6) == bytes.fromhex("002000010002"), "another suite")
    out = {"tenant": cut.take(cut.number(2)).decode(), "day": cut.number(8), "id": cut.take(16)}
    need(cut.number(2) <= 64, "a writer that is too long")
    cut.at -= 2
    cut.take(cut.number(2))
    out["tag_bits"] = cut.number(1)
    out["head"] = data[:cut.at]
    count = cut.number(1)
    need(1 <= count <= 8, "no or too many recipients")
    out["recipients"] = [{"id": cut.take(8), "enc": cut.take(32), "key": cut.take(48)} for _ in range(count)]
    need(len({one["id"] for one in out["recipients"]}) == count, "a recipient twice")
    out["committed"] = data[:cut.at]
    out["commit"] = cut.take(32)
    cut.end()
    return out


def unwrap(epoch, private, day_key):
    public = private.public_key().public_bytes(*RAW)
    mine = [one for one in epoch["recipients"] if one["id"] == hashlib.sha256(public).digest()[:8]]
    need(mine, "not sealed to this key", Refused)
    enc = mine[0]["enc"]
    kem, hpke = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    try:
        dh = private.exchange(X25519PublicKey.from_public_bytes(enc))
    except ValueError:
        raise Refused("a key of small order") from None
    eae = extract(b"", b"HPKE-v1" + kem + b"eae_prk" + dh)
    z = expand(eae, struct.pack(">H", 32) + b"HPKE-v1" + kem + b"shared_secret" + enc + public, 32)
    month = time.strftime("%Y-%m", time.gmtime(epoch["day"] * 86400))
    info = L + text(epoch["tenant"]) + struct.pack(">HQ", 8, epoch["day"])
    psk_id = text(epoch["tenant"]) + text(month)
    context = (b"\x01" + extract(b"", b"HPKE-v1" + hpke + b"psk_id_hash" + psk_id)
               + extract(b"", b"HPKE-v1" + hpke + b"info_hash" + info))
    s = extract(z, b"HPKE-v1" + hpke + b"secret" + day_key)
    key = expand(s, struct.pack(">H", 32) + b"HPKE-v1" + hpke + b"key" + context, 32)
    nonce = expand(s, struct.pack(">H", 12) + b"HPKE-v1" + hpke + b"base_nonce" + context, 12)
    try:
        epoch_key = AESGCM(key).decrypt(nonce, mine[0]["key"], epoch["head"])
    except InvalidTag:
        raise Refused("the day key does not open this epoch, or its header was altered") from None
    commit = derive(epoch_key, b" commit" + hashlib.sha256(epoch["committed"]).digest(), 32)
    need(hmac.compare_digest(commit, epoch["commit"]), "the header was altered", Refused)
    return epoch_key


def open_row(epoch, row, beside):
    number = row[16:24]
    nonce = bytes(a ^ b for a, b in zip(epoch["nonce"], bytes(4) + number))
    aad = b"MFAR\x01" + text(epoch["tenant"]) + struct.pack(">Q", epoch["day"]) + epoch["id"] + number + beside
    try:
        plain = epoch["aead"].decrypt(nonce, row[24:], aad)
    except InvalidTag:
        raise Refused("the row was altered, or moved from where it belongs") from None
    size = int.from_bytes(plain[:4], "big")
    need(-(-(4 + size) // 256) * 256 == len(plain) and not any(plain[4 + size:]), "bad padding")
    return plain[4:4 + size].decode()


def subject(beside):
    cut = Cut(beside)
    out = [cut.take(cut.number(8, "little")).decode() for _ in range(4)]
    cut.end()
    return out


def root(hashes):
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256().digest()
    half = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root(hashes[:half]) + root(hashes[half:])).digest()


# ---- the file --------------------------------------------------------------------------------------------------------

class Opening:
    def __init__(self, private):
        self.private, self.days, self.problems, self.canaries, self.tenant = private, {}, [], 0, None

    def file(self, lines):
        self.epochs, rows, state = {}, 0, "before"
        for line in lines:
            need(line.endswith("\n"), "the file was cut off")
            entry = json.loads(line)
            kind = next(iter(entry))
            need((state == "before") == (kind == "export") and state != "after", "lines in a wrong order")
            if kind == "export":
                need(entry["export"] == 1, "another version")
                need(self.tenant in (None, entry["tenant"]), "two tenants", Refused)
                self.tenant, state = entry["tenant"], "inside"
            elif kind == "day":
                self.days[entry["day"]] = base64url(entry["key"])
            elif kind == "epoch":
                self.epoch(header(base64url(entry["epoch"])), base64url(entry["trailer"]))
            elif kind == "row":
                rows += 1
                self.row(base64url(entry["row"]), base64url(entry["open"]))
            elif kind == "end":
                need(entry["end"] == rows, "other rows than it says")
                state = "after"
            else:
                need(kind == "slot", "an unknown line")
        need(state == "after", "the file was cut off")
        for epoch in self.epochs.values():
            self.complete(epoch)

    def epoch(self, epoch, trailer):
        need(epoch["tenant"] == self.tenant, "an epoch of another tenant", Refused)
        epoch.update(trailer=trailer, hashes={}, aead=None)
        self.epochs[epoch["id"]] = epoch
        day = time.strftime("%Y-%m-%d", time.gmtime(epoch["day"] * 86400))
        if epoch["day"] not in self.days:
            self.problems.append(f"{day}: no key of this day was released")
            return
        try:
            key = unwrap(epoch, self.private, self.days[epoch["day"]])
        except Refused as why:
            self.problems.append(f"{day}: {why}")
            return
        epoch["aead"], epoch["nonce"] = AESGCM(derive(key, b" row key", 32)), derive(key, b" row nonce", 12)

    def row(self, row, beside):
        need(len(row) >= 296 and (len(row) - 40) % 256 == 0, "a length that no row has")
        epoch = self.epochs.get(row[:16])
        need(epoch is not None, "a row before its epoch")
        number = int.from_bytes(row[16:24], "big")
        need(number < 65536 and number not in epoch["hashes"], "a row twice")
        lengths = struct.pack(">I", len(beside)), struct.pack(">I", len(row))
        epoch["hashes"][number] = hashlib.sha256(b"\x00" + lengths[0] + beside + lengths[1] + row).digest()
        if not epoch["aead"]:
            return
        try:
            said = open_row(epoch, row, beside)
            tenant, stream, event, day = subject(beside)
            need((tenant, int(day)) == (epoch["tenant"], epoch["day"]), "the row is not where it belongs", Refused)
        except (Refused, Malformed) as why:
            self.problems.append(f"row {number}: {why}")
            return
        if said.startswith("k1;"):  # a row about nobody
            self.canaries += 1
            return
        print(json.dumps({"stream": stream, "id": event, "text": said}))

    def complete(self, epoch):
        if not epoch["trailer"]:
            return
        cut = Cut(epoch["trailer"])
        need(cut.take(4) == b"MFAT" and cut.number(1) == 1 and cut.take(16) == epoch["id"], "not its trailer")
        count, expected = cut.number(8), cut.take(32)
        hashes = [epoch["hashes"][number] for number in sorted(epoch["hashes"])]
        if (len(hashes), root(hashes)) != (count, expected):
            self.problems.append("an epoch that was closed is incomplete or altered")


def main():
    first, second = [share(line) for line in sys.stdin.read().split("\n") if line.strip()][:2]
    opening = Opening(X25519PrivateKey.from_private_bytes(combine(first, second)))
    for name in sys.argv[1:]:
        with open(name, encoding="utf-8") as file:
            opening.file(file)
    for problem in opening.problems:
        print(problem, file=sys.stderr)
    if opening.canaries:
        print(f"{opening.canaries} rows are canaries", file=sys.stderr)
    return 1 if opening.problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Refused, Malformed, ValueError) as error:
        sys.exit(f"{type(error).__name__.lower()}: {error}")
