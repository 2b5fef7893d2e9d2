#!/usr/bin/env python3
"""Debian's login_duo 1.11.3: BSON over /rest/v1, signatures of version 1 with SHA-1."""
import os
import subprocess

import duo_unix
from duo_unix import CHOICE, LET_IN, NUMBER, configuration
from harness import Server, Skip, Terminal, check, expect, expect_equal, main, skip_all

try:
    duo_unix.login_duo()
except Skip as why:
    skip_all(why)

server = Server(config="[push]\nlifetime_s = 60\n")
hasty = Server(config="[push]\nlifetime_s = 10\n")
tenant = server.tenant()
app = server.app(tenant, "unix", "shell", "--allow-signature-v1")
conf = configuration(server, app, prompts=1)
patient_conf = configuration(server, app, prompts=2)


def sit_down(user, settings=conf):
    """A person on a terminal, before the prompt."""
    return Terminal(duo_unix.command(settings, user))


def run_without_terminal(user, settings, **environment):
    done = subprocess.run(duo_unix.command(settings, user), capture_output=True, text=True, timeout=90,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, **environment))
    return done.returncode == 0 and LET_IN in done.stdout, done.stdout + done.stderr


def let_in(terminal):
    terminal.expect(LET_IN)
    expect_equal(terminal.wait(), 0, "exit code")


def kept_out(terminal):
    expect(terminal.wait() != 0, "login_duo must not exit 0")
    expect(LET_IN not in terminal.screen, "the command must not run")


def last_event():
    return server.history(tenant)[-1]


def expect_logged(result, reason, user):
    event = last_event()
    expect_equal((event["result"], event["reason"], event["user"]["name"]), (result, reason, user), "last event")


@check("a passcode lets the user in, and works once")
def _():
    token = server.hotp(server.user(tenant, "alice"))
    code = token.next()
    with sit_down("alice") as terminal:
        terminal.expect(CHOICE)
        terminal.type(code)
        terminal.expect("success")
        let_in(terminal)
    expect_logged("success", "valid_passcode", "alice")
    with sit_down("alice") as terminal:
        terminal.expect(CHOICE)
        terminal.type(code)
        terminal.expect("incorrect passcode")
        kept_out(terminal)
    expect_logged("denied", "invalid_passcode", "alice")


@check("a wrong passcode asks again, then the right one lets in")
def _():
    token = server.hotp(server.user(tenant, "adam"))
    with sit_down("adam", patient_conf) as terminal:
        terminal.expect(CHOICE)
        terminal.type(token.wrong())
        terminal.expect("incorrect passcode")
        terminal.expect(CHOICE)
        terminal.type(token.next())
        let_in(terminal)


@check("a TOTP code lets the user in")
def _():
    token = server.totp(server.user(tenant, "tina"))
    with sit_down("tina") as terminal:
        terminal.expect(CHOICE)
        terminal.type(token.now())
        let_in(terminal)


@check("a bypass code lets the user in, and works once")
def _():
    code, = server.bypass_codes(server.user(tenant, "bob"))
    for expected in (let_in, kept_out):
        with sit_down("bob") as terminal:
            terminal.expect(CHOICE)
            terminal.type(code)
            expected(terminal)


@check("a push is approved with the number that the status line shows")
def _():
    phone = server.phone(server.user(tenant, "carol"))
    with sit_down("carol") as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        number = terminal.expect(NUMBER)[1]
        phone.approve(number)
        terminal.expect("success")
        let_in(terminal)
    expect_logged("success", "user_approved", "carol")


@check("a push with the wrong number typed is denied")
def _():
    phone = server.phone(server.user(tenant, "cara"))
    with sit_down("cara") as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        number = terminal.expect(NUMBER)[1]
        answer = phone.soon("approve", str((int(number) + 1) % 10 ** len(number)).zfill(len(number)))
        kept_out(terminal)
    try:
        answer.join()
    except Exception:
        pass  # the phone may be told that it was wrong
    expect_logged("denied", "user_mistake", "cara")


@check("a push denied on the phone keeps the user out")
def _():
    phone = server.phone(server.user(tenant, "dave"))
    with sit_down("dave") as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        terminal.expect(NUMBER)
        phone.deny()
        terminal.expect("denied")
        kept_out(terminal)
    expect_equal(last_event()["result"], "denied", "result of the last event")


@check("a push reported as fraud keeps the user out and is logged as fraud")
def _():
    phone = server.phone(server.user(tenant, "erin"))
    with sit_down("erin") as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        terminal.expect(NUMBER)
        phone.fraud()
        kept_out(terminal)
    expect_logged("fraud", "user_marked_fraud", "erin")


@check("a push that nobody answers times out")
def _():
    elsewhere = hasty.tenant()
    hasty.phone(hasty.user(elsewhere, "frank"))
    settings = configuration(hasty, hasty.app(elsewhere, "unix", "shell", "--allow-signature-v1"), prompts=1)
    with sit_down("frank", settings) as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        terminal.expect(NUMBER)
        terminal.expect("timed out")
        kept_out(terminal)
    expect_equal(hasty.history(elsewhere)[-1]["reason"], "no_response", "reason of the last event")


@check("without a terminal a push shows no number: policy denies it by default")
def _():
    server.phone(server.user(tenant, "gina"))
    entered, output = run_without_terminal("gina", conf)
    expect(not entered, f"must be kept out: {output}")
    expect_logged("denied", "denied_by_policy", "gina")


@check("without a terminal a plain push that policy allows is approved")
def _():
    phone = server.phone(server.user(tenant, "gus"))
    plain = server.app(tenant, "unix", "scripts", "--allow-signature-v1")
    server.policy("app", plain["app_id"], "plain_push=allow")
    answer = phone.soon("approve")
    entered, output = run_without_terminal("gus", configuration(server, plain))
    answer.join()
    expect(entered, f"must be let in: {output}")


@check("with autopush the login waits for the phone, synchronously")
def _():
    phone = server.phone(server.user(tenant, "hal"))
    plain = server.app(tenant, "unix", "autopush", "--allow-signature-v1")
    server.policy("app", plain["app_id"], "plain_push=allow")
    answer = phone.soon("approve")
    with sit_down("hal", configuration(server, plain, prompts=1, autopush="yes")) as terminal:
        terminal.expect("autopush")
        let_in(terminal)
    answer.join()


@check("a passcode from the environment works without a terminal")
def _():
    token = server.hotp(server.user(tenant, "iris"))
    entered, output = run_without_terminal("iris", configuration(server, app, accept_env_factor="yes"),
                                           DUO_PASSCODE=token.next())
    expect(entered, f"must be let in: {output}")


@check("an unknown user is told where to enrol and kept out")
def _():
    with sit_down("nobody-knows-me") as terminal:
        terminal.expect(r"https://\S+")
        kept_out(terminal)


@check("a user in status bypass gets in without a second factor")
def _():
    user = server.user(tenant, "judy")
    server.run("user", "update", user, "--status", "bypass")
    with sit_down("judy") as terminal:
        let_in(terminal)


@check("a disabled user is kept out")
def _():
    user = server.user(tenant, "kurt")
    server.hotp(user)
    server.run("user", "update", user, "--status", "disabled")
    with sit_down("kurt") as terminal:
        kept_out(terminal)


@check("failures lock the user out, and unlocking lets in again")
def _():
    strict = server.tenant("Strict")
    server.policy("tenant", strict, "lockout_threshold=3")
    settings = configuration(server, server.app(strict, "unix", "shell", "--allow-signature-v1"), prompts=1)
    user = server.user(strict, "lena")
    token = server.hotp(user)
    for _ in range(3):
        with sit_down("lena", settings) as terminal:
            terminal.expect(CHOICE)
            terminal.type(token.wrong())
            kept_out(terminal)
    with sit_down("lena", settings) as terminal:
        terminal.expect("locked")
        kept_out(terminal)
    expect_equal([event["reason"] for event in server.history(strict)],
                 ["invalid_passcode"] * 3 + ["locked_out"], "reasons")
    server.run("user", "unlock", user)
    with sit_down("lena", settings) as terminal:
        terminal.expect(CHOICE)
        terminal.type(token.next())
        let_in(terminal)


@check("a wrong key fails open with failmode=safe, as documented, and closed with failmode=secure")
def _():
    server.hotp(server.user(tenant, "mona"))
    wrong = "x" * 40
    with sit_down("mona", configuration(server, app, skey=wrong, failmode="safe")) as terminal:
        terminal.expect("failsafe")
        let_in(terminal)
    with sit_down("mona", configuration(server, app, skey=wrong, failmode="secure")) as terminal:
        terminal.expect("invalid ikey or skey")
        kept_out(terminal)


@check("without our certificate authority the client refuses the server")
def _():
    with sit_down("mona", configuration(server, app, cafile=None)) as terminal:
        kept_out(terminal)


@check("the address 127.0.0.1 works as the host, too")
def _():
    token = server.hotp(server.user(tenant, "nina"))
    with sit_down("nina", configuration(server, app, host=f"127.0.0.1:{server.port}")) as terminal:
        terminal.expect(CHOICE)
        terminal.type(token.next())
        let_in(terminal)


@check("an application that does not allow signatures of version 1 refuses the client")
def _():
    modern = server.app(tenant, "unix", "modern")
    with sit_down("mona", configuration(server, modern, failmode="secure")) as terminal:
        kept_out(terminal)


main([server, hasty])
