"""Registrations of every attestation format that can be made without a device, honest or with one lie, for
test_webauthn_second_opinion.py. Needs the `cryptography` package, which comes with fido2.

    made = Registration("packed", rp_id, origin, challenge, lie="signature")
    made.json()      # RegistrationResponseJSON
"""
import datetime
import hashlib
import json
import os
import struct

from attacker import cbor, url64
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")  # WebAuthn §8.2.1
APPLE_EXTENSION = x509.ObjectIdentifier("1.2.840.113635.100.8.2")    # §8.8
FORMATS = ("none", "packed-self", "packed", "fido-u2f", "apple", "tpm")
# TPM 2.0 library, part 2; TCG EK credential profile §3.2.9: who made it, which, and its version.
TPM_ECC, TPM_SHA256, TPM_NULL, TPM_P256, TPM_CERTIFY = 0x0023, 0x000B, 0x0010, 0x0003, 0x8017
TPM_MAGIC = {"magic": 0xFF544348}
TPM_NAMES = ((x509.ObjectIdentifier("2.23.133.2.1"), "id:414D4400"), (x509.ObjectIdentifier("2.23.133.2.2"), "AMD"),
             (x509.ObjectIdentifier("2.23.133.2.3"), "id:0"))
AIK_PURPOSE = x509.ObjectIdentifier("2.23.133.8.3")
# Which lies make sense where; "" is the truth.
EVERYWHERE = ("", "type", "challenge", "origin", "rp", "absent", "unverified", "backup", "trailing", "long-id")
LIES = {
    "none": ("statement",),
    "packed-self": ("signature", "signer", "algorithm"),
    "packed": ("signature", "signer", "unit", "country", "aaguid", "authority", "version"),
    "fido-u2f": ("signature", "signer", "two-certificates"),
    "apple": ("nonce", "signer"),
    "tpm": ("signature", "signer", "version", "magic", "extra", "name", "public", "named", "purpose", "authority"),
}


def lies(fmt):
    return EVERYWHERE + LIES[fmt]


def point(key):
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")


class Registration:
    def __init__(self, fmt, rp_id, origin, challenge, lie=""):
        self.fmt, self.lie = fmt, lie
        self.key, self.other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.id = os.urandom(1024 if lie == "long-id" else 32)
        self.aaguid = bytes(16) if fmt in ("none", "fido-u2f") else bytes.fromhex("08987058cadc4b81b6e130de50dcbe96")
        self.client_data = json.dumps({
            "type": "webauthn.get" if lie == "type" else "webauthn.create",
            "challenge": url64(os.urandom(32)) if lie == "challenge" else challenge,
            "origin": "https://elsewhere.example" if lie == "origin" else origin, "crossOrigin": False}).encode()
        self.data = self._authenticator_data("elsewhere.example" if lie == "rp" else rp_id)
        statement = getattr(self, "_" + fmt.replace("-", "_"))()
        self.object = cbor({"fmt": fmt.removesuffix("-self"), "attStmt": statement, "authData": self.data})

    def _authenticator_data(self, rp_id):
        flags = 0x45 & ~{"absent": 0x01, "unverified": 0x04}.get(self.lie, 0) | (0x10 if self.lie == "backup" else 0)
        x, y = point(self.key)
        cose = cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        data = hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + bytes(4) + self.aaguid
        return data + struct.pack(">H", len(self.id)) + self.id + cose + (b"\0" if self.lie == "trailing" else b"")

    def _hash(self):
        return hashlib.sha256(self.client_data).digest()

    def _sign(self, key, message):
        signature = (self.other if self.lie == "signer" else key).sign(message, ec.ECDSA(hashes.SHA256()))
        return signature[:-1] + bytes([signature[-1] ^ 1]) if self.lie == "signature" else signature

    def _none(self):
        return {"x": 1} if self.lie == "statement" else {}

    def _packed_self(self):
        return {"alg": -257 if self.lie == "algorithm" else -7, "sig": self._sign(self.key, self.data + self._hash())}

    def _packed(self):
        key = ec.generate_private_key(ec.SECP256R1())
        names = [] if self.lie == "country" else [(NameOID.COUNTRY_NAME, "AQ")]
        names += [(NameOID.ORGANIZATION_NAME, "Example"),
                  (NameOID.ORGANIZATIONAL_UNIT_NAME, "Anything" if self.lie == "unit" else "Authenticator Attestation"),
                  (NameOID.COMMON_NAME, "Batch 1")]
        stated = bytes(16) if self.lie == "aaguid" else self.aaguid
        certificate = _certificate(key, names, {AAGUID_EXTENSION: b"\x04\x10" + stated}, self.lie == "authority")
        if self.lie == "version":
            certificate = certificate.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01", 1)  # v2
        return {"alg": -7, "sig": self._sign(key, self.data + self._hash()), "x5c": [certificate]}

    def _fido_u2f(self):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(key, [(NameOID.COMMON_NAME, "Batch 1")], {})
        x, y = point(self.key)
        message = b"\0" + self.data[:32] + self._hash() + self.id + b"\x04" + x + y  # §8.6
        several = [certificate] * 2 if self.lie == "two-certificates" else [certificate]
        return {"sig": self._sign(key, message), "x5c": several}

    def _apple(self):
        nonce = hashlib.sha256(self.data + self._hash()).digest()
        if self.lie == "nonce":
            nonce = bytes(32)
        key = self.other if self.lie == "signer" else self.key  # the certificate is of the credential's key
        value = b"\x30\x24\xa1\x22\x04\x20" + nonce
        return {"x5c": [_certificate(key, [(NameOID.COMMON_NAME, "Batch 1")], {APPLE_EXTENSION: value})]}

    def _tpm(self):
        """§8.3: the TPM certifies the public area of the credential's key, under an attestation identity key."""
        sized = lambda part: struct.pack(">H", len(part)) + part
        x, y = point(self.other if self.lie == "public" else self.key)
        public = struct.pack(">HHI", TPM_ECC, TPM_SHA256, 0x00020072) + sized(b"")
        public += struct.pack(">HHHH", TPM_NULL, TPM_NULL, TPM_P256, TPM_NULL) + sized(x) + sized(y)
        name = struct.pack(">H", TPM_SHA256) + (bytes(32) if self.lie == "name" else hashlib.sha256(public).digest())
        extra = bytes(32) if self.lie == "extra" else hashlib.sha256(self.data + self._hash()).digest()
        info = struct.pack(">IH", TPM_MAGIC.get(self.lie, 0xFF544347), TPM_CERTIFY) + sized(b"") + sized(extra)
        info += struct.pack(">QIIBQ", 1, 1, 1, 1, 1) + sized(name) + sized(b"")
        aik = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(aik, [(NameOID.COMMON_NAME, "AIK")] if self.lie == "named" else [], {},
                                   self.lie == "authority", tpm=[] if self.lie == "purpose" else [AIK_PURPOSE])
        return {"ver": "1.2" if self.lie == "version" else "2.0", "alg": -7, "x5c": [certificate],
                "sig": self._sign(aik, info), "certInfo": info, "pubArea": public}

    def json(self):
        return json.dumps({
            "id": url64(self.id), "rawId": url64(self.id), "type": "public-key", "clientExtensionResults": {},
            "response": {"clientDataJSON": url64(self.client_data), "attestationObject": url64(self.object),
                         "transports": ["usb"]}})


def _certificate(key, names, extensions, authority=False, tpm=None):
    authority_key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(
        x509.Name([x509.NameAttribute(oid, value) for oid, value in names])).issuer_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Root")])).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=365))
    builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if tpm is not None:  # §8.3.1
        directory = x509.Name([x509.NameAttribute(oid, value) for oid, value in TPM_NAMES])
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(directory)]), critical=True)
        if tpm:
            builder = builder.add_extension(x509.ExtendedKeyUsage(tpm), critical=False)
    for oid, value in extensions.items():
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
    return builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
