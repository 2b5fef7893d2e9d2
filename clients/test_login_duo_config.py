#!/usr/bin/env python3
"""The first start as `make run` does it: what it prints for login_duo works when pasted into a file."""
import re

import duo_unix
from duo_unix import CHOICE, LET_IN, NUMBER
from harness import Phone, Server, Skip, Terminal, check, expect, expect_equal, main, skip_all, temporary_folder

try:
    duo_unix.login_duo()
except Skip as why:
    skip_all(why)

server = Server(arguments=["--demo"])
printed = (server.folder / "serve.log").read_text()


def pasted():
    """The block from [duo] to the first line that is no setting, as a person would mark it with the mouse."""
    block = re.search(r"^[ \t]*\[duo\][ \t]*\n(?:[ \t]*[a-z_]+[ \t]*=.*\n)+", printed, re.M)
    expect(block, f"a [duo] block must be printed; the first start said:\n{printed}")
    path = temporary_folder() / "login_duo.conf"
    path.write_text("".join(line.strip() + "\n" for line in block[0].splitlines()))
    path.chmod(0o600)
    return path


def demo_tenant():
    match = re.search(r"tenant\W+(\w+)", printed, re.I)
    expect(match, f"the demo tenant must be named; the first start said:\n{printed}")
    return match[1]


@check("the printed configuration keeps the secure fail mode and names the CA")
def _():
    text = pasted().read_text()
    for line in ("failmode = secure", "cafile = ", "host = ", "ikey = DI", "skey = "):
        expect(re.search(line.replace(" = ", r"\s*=\s*"), text), f"{line!r} in the block:\n{text}")


@check("a user enrolled in the demo tenant signs in with the pasted configuration")
def _():
    conf, tenant = pasted(), demo_tenant()
    user = server.user(tenant, "first")
    token = server.hotp(user)
    with Terminal(duo_unix.command(conf, "first")) as terminal:
        terminal.expect(CHOICE)
        terminal.type(token.next())
        terminal.expect(LET_IN)
        expect_equal(terminal.wait(), 0, "exit code")


@check("an unknown user follows the printed enrolment link and then approves a push")
def _():
    conf = pasted()
    with Terminal(duo_unix.command(conf, "newcomer")) as terminal:
        url = terminal.expect(r"https://[^\s]+")[0].rstrip(".")
        expect(terminal.wait() != 0, "kept out before the enrolment")
    phone = Phone(server, url)
    with Terminal(duo_unix.command(conf, "newcomer")) as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        phone.approve(terminal.expect(NUMBER)[1])
        terminal.expect(LET_IN)
        expect_equal(terminal.wait(), 0, "exit code")


@check("a second start makes no second demo tenant")
def _():
    server.stop()
    (server.folder / "serve.log").write_text("")
    server.start()
    expect("skey" not in (server.folder / "serve.log").read_text(), "no secret is printed again")


main([server])
