#!/usr/bin/env python3
"""python-fido2 judges the same registrations as the server: of every attestation format, honest and with one lie each.

tools/setup.sh test puts it into build/clients/python where a package index can be reached. The specification's vectors
carry challenges of their own and cannot enter by the prompt; that we take all fifteen is proved by
src/core/factor/webauthn_vectors_test.cc.
"""
import json

from harness import ROOT, Server, Skip, become, check, expect, expect_equal, main, skip_all

become(str(ROOT / "build/clients/python/bin/python"))
try:
    from fido2.attestation import Attestation
    from fido2.server import Fido2Server
    from fido2.utils import websafe_encode
    from fido2.webauthn import AttestationObject, PublicKeyCredentialRpEntity
    import attestations
except ImportError:
    skip_all("fido2 is not here; tools/setup.sh test installs it where pip can")

from attacker import Application, Visitor, new_network

VECTORS = ROOT.parent / "shared/vectors/webauthn"
# Where the two differ, and why ours stands.
DIFFER = {
    ("*", "backup"): "fido2 does not look at BS without BE (WebAuthn §7.1 step 16)",
    ("*", "long-id"): "fido2 has no limit of 1023 bytes for credential ids (§7.1 step 25)",
    ("fido-u2f", "two-certificates"): "fido2 takes more certificates than the one of §8.6 step 2",
    ("tpm", "version"): "fido2 does not look at ver, which must be 2.0 (§8.3)",
    ("apple", "signer"): "fido2 does not compare the certificate's key with the credential's (§8.8)",
}
VECTORS_DIFFER = {
    "android-key-es256": "fido2 knows no android-key",
    "tpm-es256": "fido2 wants TPMS_CLOCK_INFO.safe to be 0 or 1; the vector has 0x33 there",
}


def second_opinion(rp_id, origin, challenge, response, user_verification):
    """None, or why fido2 refuses."""
    def verify(attestation, client_data_hash):
        kind = Attestation.for_type(attestation.fmt)()
        kind.verify(attestation.att_stmt, attestation.auth_data, client_data_hash)

    judge = Fido2Server(PublicKeyCredentialRpEntity(id=rp_id, name="test"), attestation="direct",
                        verify_origin=lambda given: given == origin, verify_attestation=verify)
    try:
        judge.register_complete({"challenge": challenge, "user_verification": user_verification}, response)
    except Exception as why:  # its refusals have many types
        return f"{type(why).__name__}: {why}"
    return None


server = Server()
application = Application(server, server.tenant())
count = 0


def ours(fmt, lie):
    """Whether the server takes it, and what fido2 says to the same."""
    global count
    count += 1
    visitor = Visitor(server, source=f"{new_network()}.9")
    page = visitor.open(application.request(f"user{count}"))
    rp_id, challenge = page.options["rp"]["id"], page.options["challenge"]
    origin = f"https://{server.host}"
    made = attestations.Registration(fmt, rp_id, origin, challenge, lie).json()
    after = page.submit("bind-passkey", response=made)
    visitor.close()
    expect('data-passkey="' in after.text, f"the prompt goes on at {after!r}")
    return 'data-passkey="get"' in after.text, second_opinion(rp_id, origin, challenge, json.loads(made), "required")


def compare(fmt):
    different = []
    for lie in attestations.lies(fmt):
        taken, why_not = ours(fmt, lie)
        expect_equal(taken, lie == "", f"our verdict on {fmt} with {lie or 'no lie'} (fido2: {why_not})")
        agree = taken == (why_not is None)
        if agree == any((known, lie) in DIFFER for known in ("*", fmt)):
            different.append(f"{lie or 'the truth'}: ours {taken}, fido2's {why_not or 'True'}")
    expect(not different, f"{fmt}: other than said in DIFFER: {different}")


def define(fmt):
    @check(f"{fmt}: {len(attestations.lies(fmt))} registrations, judged alike")
    def _():
        compare(fmt)


for each in attestations.FORMATS:
    define(each)


@check("the specification's fifteen registrations, all of which we take, are taken by fido2, but for two")
def _():
    if not VECTORS.is_dir():
        raise Skip("vectors not present")
    seen = 0
    for path in sorted(VECTORS.glob("*.registration.json")):
        vector = json.loads(path.read_text())
        values, name = vector["values"], path.name.removesuffix(".registration.json")
        attestation = bytes.fromhex(values["attestationObject"])
        identity = websafe_encode(AttestationObject(attestation).auth_data.credential_data.credential_id)
        response = {"id": identity, "rawId": identity, "type": "public-key", "response": {
            "clientDataJSON": websafe_encode(bytes.fromhex(values["clientDataJSON"])),
            "attestationObject": websafe_encode(attestation)}}
        why_not = second_opinion(vector["rp"]["id"], vector["rp"]["origin"],
                                 websafe_encode(bytes.fromhex(values["challenge"])), response, None)
        expect_equal(why_not is not None, name in VECTORS_DIFFER, f"{name} differs ({why_not})")
        seen += 1
    expect_equal(seen, 15, "vectors")


main([server])
