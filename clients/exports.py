"""Exports of history as people make them who have the program: keys in files, signatures by `countersign signer sign`."""
import json
import subprocess

from harness import expect_equal, program, temporary_folder

NO_VETO = "[exports]\nveto_minutes = 0\n"  # tests wait for nobody


class Signer:
    """A named person of a tenant, or of the `operator`, with a key file at that person's side."""

    def __init__(self, server, tenant, name="Ada"):
        self.folder = temporary_folder()
        (self.folder / "passphrase").write_text("correct horse battery staple\n")
        self.id = server.run("signer", "add", "--tenant", tenant, "--name", name, "--key",
                             self._run("init")["public_key"])["signer_id"]

    def _run(self, word, *files):
        done = subprocess.run([program(), "signer", word, self.folder / "key.json", *files, "--passphrase-file",
                               self.folder / "passphrase", "--json"], capture_output=True, text=True, timeout=60)
        expect_equal(done.returncode, 0, f"signer {word}: {done.stderr}")
        return json.loads(done.stdout)

    def sign(self, text):
        (self.folder / "text").write_text(text + "\n")
        return self._run("sign", self.folder / "text")["signature"]


def ask(server, tenant, signer, days, keys="none", *words):
    """The id of a new export, of the days from the first to the last."""
    return server.run("export", "ask", "--tenant", tenant, "--from", days[0], "--to", days[-1], "--keys", keys,
                      "--signer", signer.id, *words)["export_id"]


def text(server, tenant, word, export):
    return server.run("export", word, export, "--tenant", tenant, json_output=False)


def sign(server, tenant, signer, export):
    return server.run("export", "sign", export, "--tenant", tenant, "--signature",
                      signer.sign(text(server, tenant, "intent", export)))


def fetch(server, tenant, signer, export):
    return server.run("export", "fetch", export, "--tenant", tenant, "--proof",
                      signer.sign(text(server, tenant, "challenge", export)), json_output=False)


def approve(server, tenant, signer, export):
    return server.run("export", "approve", export, "--tenant", tenant, "--signer", signer.id, "--signature",
                      signer.sign(text(server, tenant, "intent", export)))


def whole_export(server, tenant, signers, days, keys="none"):
    """The lines of an export that the first asks for, and the second approves where two are needed; nobody has time
    for a veto."""
    export = ask(server, tenant, signers[0], days, keys)
    if sign(server, tenant, signers[0], export)["state"] == "requested":
        approve(server, tenant, signers[1], export)
    return fetch(server, tenant, signers[0], export)
