#!/usr/bin/env python3
"""Debian's libnet-duo-perl (Net::Duo 1.02): forms, signatures of version 2 with SHA-1, the host as typed."""
import json
import os
import subprocess
import time

from harness import (ROOT, Server, Skip, check, expect, expect_equal, main, need_command, skip_all,
                     temporary_folder)

try:
    perl = need_command("perl", "perl")
    for module, package in (("Net::Duo", "libnet-duo-perl"), ("LWP::Protocol::https", "liblwp-protocol-https-perl")):
        if subprocess.run([perl, f"-M{module}", "-e", "1"], capture_output=True).returncode != 0:
            raise Skip(f"{module} is not here (Debian package {package})")
except Skip as why:
    skip_all(why)


class Perl:
    """The client in a process of its own that takes one call a line."""

    def __init__(self, app, host=None, **changes):
        keys = temporary_folder() / "keys.json"
        keys.write_text(json.dumps({"integration_key": app["integration_key"], "secret_key": app["secret_key"],
                                    "api_hostname": host or server.host, **changes}))
        self.process = subprocess.Popen([perl, str(ROOT / "clients/perl/duo.pl"), str(keys)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        env=dict(os.environ, PERL_LWP_SSL_CA_FILE=server.ca, HTTPS_CA_FILE=server.ca))

    def ask(self, method, *arguments):
        self.process.stdin.write(json.dumps([method, *arguments]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, method, *arguments):
        answer = self.ask(method, *arguments)
        expect("result" in answer, f"{method} {arguments}: {answer}")
        return answer["result"]

    def refused(self, code, method, *arguments):
        answer = self.ask(method, *arguments)
        expect_equal(answer.get("error", {}).get("code"), code, f"code of {answer}")
        return answer["error"]


server = Server()
tenant = server.tenant()
app = server.app(tenant, "authapi", "perl")
plain = server.app(tenant, "authapi", "perl-plain")
server.policy("app", plain["app_id"], "plain_push=allow")
duo = Perl(app)


@check("check is content with right keys and tells the time")
def _():
    expect(abs(duo("check") - time.time()) < 5, "the time must be right")


@check("the host's letters count as they were typed")
def _():
    expect(abs(Perl(app, host=f"LocalHost:{server.port}")("check") - time.time()) < 5, "the time must be right")


@check("wrong keys are refused with 40103 and 40102")
def _():
    Perl(app, secret_key="x" * 40).refused(40103, "check")
    Perl(app, integration_key="DIXXXXXXXXXXXXXXXXXX").refused(40102, "check")


@check("preauth gives all four results")
def _():
    server.hotp(server.user(tenant, "ann"))
    server.run("user", "update", server.user(tenant, "ben"), "--status", "bypass")
    server.run("user", "update", server.user(tenant, "cleo"), "--status", "disabled")
    for name, result in (("ann", "auth"), ("ben", "allow"), ("cleo", "deny"), ("dora", "enroll")):
        expect_equal(duo("call", "POST", "/auth/v2/preauth", {"username": name})["result"], result, name)


@check("a passcode is accepted once, a wrong one is refused")
def _():
    token = server.hotp(server.user(tenant, "eve o'neil"))
    code = token.next()
    for passcode, address, success in ((code, "192.0.2.1", True), (code, "192.0.2.2", False),
                                       (token.wrong(), "192.0.2.3", False), (token.next(), "192.0.2.4", True)):
        answer = duo("auth", {"username": "eve o'neil", "factor": "passcode", "passcode": passcode,
                              "ipaddr": address})
        expect_equal(answer["success"], success, f"{passcode} from {address}")


@check("a plain push is denied by policy, or approved where policy allows it")
def _():
    phone = server.phone(server.user(tenant, "finn"))
    request = {"username": "finn", "factor": "push", "pushinfo": ["from", "the perl test", "why", "50% & more"]}
    expect(not duo("auth", request)["success"], "must be denied")
    answer = phone.soon("approve")
    expect(Perl(plain)("auth", request)["success"], "must be approved")
    answer.join()


@check("a push, asynchronously, denied on the phone")
def _():
    phone = server.phone(server.user(tenant, "gwen"))
    client = Perl(plain)
    txid = client("auth_async", {"username": "gwen", "factor": "push"})
    answer = phone.soon("deny")
    for _ in range(20):
        status = client("poll", txid)
        if status["result"] != "waiting":
            break
    answer.join()
    expect_equal((status["result"], status["status"]), ("deny", "deny"), "final answer")


main([server])
