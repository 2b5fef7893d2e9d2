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


def found(pattern, what):
    match = re.search(pattern, printed, re.M)
    expect(match, f"{what} must be printed; the first start said:\n{printed}")
    return match


def pasted():
    """The block from [duo] to the first line that is no setting, as a person would mark it with the mouse."""
    block = found(r"^[ \t]*\[duo\][ \t]*\n(?:[ \t]*[a-z_]+[ \t]*=.*\n)+", "a [duo] block")[0]
    path = temporary_folder() / "login_duo.conf"
    path.write_text("".join(line.strip() + "\n" for line in block.splitlines()))
    path.chmod(0o600)
    return path


def sign_in(conf, answer):
    with Terminal(duo_unix.command(conf, "demo")) as terminal:
        terminal.expect(CHOICE)
        answer(terminal)
        terminal.expect(LET_IN)
        expect_equal(terminal.wait(), 0, "exit code")


class Shared:
    phone = None


@check("the printed configuration is complete, with the secure fail mode")
def _():
    text = pasted().read_text()
    for key in ("host = localhost:", "ikey = DI", "skey = ", "cafile = /", "failmode = secure"):
        expect(key in text, f"{key!r} in the block:\n{text}")


@check("the printed link binds an authenticator, whose code signs the demo user in")
def _():
    Shared.phone = Phone(server, found(r"activate (https://\S+)", "an activation link")[1])
    sign_in(pasted(), lambda terminal: terminal.type(Shared.phone.code()))


@check("the demo user signs in with a push and its number")
def _():
    def push(terminal):
        terminal.type("1")
        Shared.phone.approve(terminal.expect(NUMBER)[1])
    sign_in(pasted(), push)


@check("a user whom the demo tenant does not know is told what to do and kept out")
def _():
    with Terminal(duo_unix.command(pasted(), "newcomer")) as terminal:
        terminal.expect(r"https://\S+")
        expect(terminal.wait() != 0, "exit code must not be 0")


@check("after another start the same configuration and authenticator still work")
def _():
    conf = pasted()
    server.stop()
    server.listen_wanted = [f"127.0.0.1:{server.port}"]
    server.start()
    def push(terminal):
        terminal.type("1")
        Shared.phone.approve(terminal.expect(NUMBER)[1])
    sign_in(conf, push)
    expect_equal(len(server.run("tenant", "list", json_output=False).strip().splitlines()) <= 2, True, "one tenant")


main([server])
