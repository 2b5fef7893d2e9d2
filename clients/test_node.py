#!/usr/bin/env python3
"""npm's @duosecurity/duo_api: always port 443, chunked bodies, signatures of version 2 and 5 with SHA-512."""
import json
import os
import re
import shutil
import socket
import subprocess
import time

from harness import ROOT, Server, Skip, check, expect, expect_equal, main, skip_all

ADDRESS = "127.77.0.1"
NODE = ROOT / "clients/node"

try:
    path = f"{ROOT}/build/tools/node_modules/.bin:{os.environ.get('PATH', '')}"
    node = shutil.which("node", path=path)
    if not node:
        raise Skip("node is not here")
    if not (NODE / "node_modules/@duosecurity/duo_api").exists():
        raise Skip("@duosecurity/duo_api is not here; tools/setup.sh test installs it where npm can")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, 443))
        except OSError as error:
            raise Skip(f"port 443 of {ADDRESS} cannot be had: {error}") from None
except Skip as why:
    skip_all(why)


class Node:
    """The client in a process of its own that takes one call a line."""

    def __init__(self, version, app, **changes):
        app = dict(app, **changes)
        self.process = subprocess.Popen(
            [node, str(NODE / "duo.js"), ADDRESS, server.ca, str(version), app["integration_key"], app["secret_key"]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=NODE)

    def __call__(self, method, path, **parameters):
        self.process.stdin.write(json.dumps([method, path, parameters]) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        expect(answer["stat"] in ("OK", "FAIL"), f"{method} {path}: {answer}")
        return answer["response"] if answer["stat"] == "OK" else answer


server = Server(config=f'public_url = "https://{ADDRESS}"\nhost_names = ["{ADDRESS}"]\n', listen=[f"{ADDRESS}:443"])
tenant = server.tenant()
app = server.app(tenant, "authapi", "node")
plain = server.app(tenant, "authapi", "node-plain")
server.policy("app", plain["app_id"], "plain_push=allow")


def define(version):
    duo = Node(version, app)

    @check(f"version {version}: ping and check tell the time")
    def _():
        for path in ("/auth/v2/ping", "/auth/v2/check"):
            expect(abs(duo("GET", path)["time"] - time.time()) < 5, "the time must be right")

    @check(f"version {version}: wrong keys are refused with 40103 and 40102")
    def _():
        expect_equal(Node(version, app, secret_key="x" * 40)("GET", "/auth/v2/check")["code"], 40103, "code")
        expect_equal(Node(version, app, integration_key="DIXXXXXXXXXXXXXXXXXX")("GET", "/auth/v2/check")["code"], 40102,
                     "code")

    @check(f"version {version}: preauth gives all four results")
    def _():
        server.hotp(server.user(tenant, f"ann{version}"))
        server.run("user", "update", server.user(tenant, f"ben{version}"), "--status", "bypass")
        server.run("user", "update", server.user(tenant, f"cleo{version}"), "--status", "disabled")
        for name, result in (("ann", "auth"), ("ben", "allow"), ("cleo", "deny"), ("dora (new!) *'", "enroll")):
            answer = duo("POST", "/auth/v2/preauth", username=name if result == "enroll" else f"{name}{version}")
            expect_equal(answer.get("result"), result, f"{name}: {answer}")

    @check(f"version {version}: a passcode is accepted once, a wrong one is refused")
    def _():
        name = f"eve{version}"
        token = server.hotp(server.user(tenant, name))
        code = token.next()
        for passcode, address, result in ((code, "192.0.2.1", "allow"), (code, "192.0.2.2", "deny"),
                                          (token.wrong(), "192.0.2.3", "deny"), (token.next(), "192.0.2.4", "allow")):
            answer = duo("POST", "/auth/v2/auth", username=name, factor="passcode", passcode=passcode, ipaddr=address)
            expect_equal(answer.get("result"), result, f"{passcode} from {address}: {answer}")

    @check(f"version {version}: a push, asynchronously, approved with the number in the status text")
    def _():
        name = f"finn{version}"
        phone = server.phone(server.user(tenant, name))
        started = duo("POST", "/auth/v2/auth", username=name, factor="push", device="auto", **{"async": "1"})
        expect("txid" in started, f"a txid in {started}")
        status = duo("GET", "/auth/v2/auth_status", txid=started["txid"])
        answer = phone.soon("approve", re.search(r"enter (\d{3,6})", status["status_msg"], re.I)[1])
        for _ in range(20):
            status = duo("GET", "/auth/v2/auth_status", txid=started["txid"])
            if status["result"] != "waiting":
                break
        answer.join()
        expect_equal((status["result"], status["status"]), ("allow", "allow"), "final answer")

    @check(f"version {version}: a plain push that policy allows is approved, synchronously")
    def _():
        name = f"gina{version}"
        phone = server.phone(server.user(tenant, name))
        answer = phone.soon("approve")
        status = Node(version, plain)("POST", "/auth/v2/auth", username=name, factor="push", device="auto")
        answer.join()
        expect_equal((status["result"], status["status"]), ("allow", "allow"), "answer")


for version in (2, 5):
    define(version)
main([server])
