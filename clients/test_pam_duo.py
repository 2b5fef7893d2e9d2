#!/usr/bin/env python3
"""Debian's pam_duo 1.11.3, through pamtester and through a real sshd on a loopback port."""
import atexit
import os
import pathlib
import socket
import subprocess
import time

import duo_unix
from duo_unix import CHOICE, LET_IN, NUMBER, configuration
from harness import (Failed, Server, Skip, Terminal, check, expect, expect_equal, main, need_command, need_root,
                     skip_all, temporary_folder)

try:
    need_root("PAM services live in /etc/pam.d")
    if not duo_unix.pam_module():
        raise Skip("pam_duo.so is not here (Debian package libpam-duo)")
    need_command("pamtester", "pamtester")
except Skip as why:
    skip_all(why)

SERVICE = f"countersign-clients-{os.getpid()}"

server = Server()
tenant = server.tenant()
app = server.app(tenant, "unix", "pam", "--allow-signature-v1")


def service_text(conf):
    return (f"auth required pam_duo.so conf={conf}\n"
            "account required pam_permit.so\nsession required pam_permit.so\n")


def install_service(name, conf):
    """A PAM service of our own, gone when the test ends."""
    path = pathlib.Path("/etc/pam.d") / name
    path.write_text(service_text(conf))
    atexit.register(lambda: path.unlink(missing_ok=True))


install_service(SERVICE, configuration(server, app, prompts=1))


def authenticate(user, service=SERVICE):
    """PAM users must be users of the system, so the tests borrow those that every Debian has."""
    return Terminal([need_command("pamtester", "pamtester"), service, user, "authenticate"])


def accepted(terminal):
    terminal.expect("successfully authenticated")
    expect_equal(terminal.wait(), 0, "exit code of pamtester")


def rejected(terminal):
    expect(terminal.wait() != 0, "pamtester must not exit 0")


@check("pamtester: a passcode is accepted once")
def _():
    token = server.hotp(server.user(tenant, "daemon"))
    code = token.next()
    for expected in (accepted, rejected):
        with authenticate("daemon") as terminal:
            terminal.expect(CHOICE)
            terminal.type(code)
            expected(terminal)


@check("pamtester: a push is approved with the number in the status text")
def _():
    phone = server.phone(server.user(tenant, "bin"))
    with authenticate("bin") as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        phone.approve(terminal.expect(NUMBER)[1])
        accepted(terminal)


@check("pamtester: a push denied on the phone is rejected")
def _():
    phone = server.phone(server.user(tenant, "sys"))
    with authenticate("sys") as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        terminal.expect(NUMBER)
        phone.deny()
        rejected(terminal)


@check("pamtester: an unknown user is told where to enrol and rejected")
def _():
    with authenticate("games") as terminal:
        terminal.expect(r"https://\S+")
        rejected(terminal)


@check("pamtester: a user in status bypass is accepted")
def _():
    server.run("user", "update", server.user(tenant, "man"), "--status", "bypass")
    with authenticate("man") as terminal:
        accepted(terminal)


@check("pamtester: a user who is locked out is told so and rejected")
def _():
    strict = server.tenant("Strict")
    server.policy("tenant", strict, "lockout_threshold=2")
    install_service(SERVICE + "-strict", configuration(
        server, server.app(strict, "unix", "pam", "--allow-signature-v1"), prompts=1))
    token = server.hotp(server.user(strict, "mail"))
    for _ in range(2):
        with authenticate("mail", SERVICE + "-strict") as terminal:
            terminal.expect(CHOICE)
            terminal.type(token.wrong())
            rejected(terminal)
    with authenticate("mail", SERVICE + "-strict") as terminal:
        terminal.expect("locked")
        rejected(terminal)


@check("pamtester: a wrong key is accepted with failmode=safe, as documented, and rejected with failmode=secure")
def _():
    for failmode, expected in (("safe", accepted), ("secure", rejected)):
        install_service(f"{SERVICE}-{failmode}", configuration(server, app, skey="x" * 40, failmode=failmode))
        with authenticate("daemon", f"{SERVICE}-{failmode}") as terminal:
            expected(terminal)


# ---- sshd ------------------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sshd:
    """A private sshd on loopback whose only way in is PAM. The service is called `sshd`, as everywhere, but what
    /etc/pam.d/sshd says holds only in the mount namespace of this one."""

    def __init__(self, conf):
        sshd, unshare = need_command("sshd", "openssh-server"), need_command("unshare", "util-linux")
        need_command("ssh", "openssh-client")
        if subprocess.run([unshare, "-m", "true"], capture_output=True).returncode != 0:
            raise Skip("mount namespaces are not allowed here")
        folder, self.port = temporary_folder(), free_port()
        (folder / "pam").write_text(service_text(conf))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
        (folder / "config").write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {folder}/key\nPidFile none\nUsePAM yes\n"
            "KbdInteractiveAuthentication yes\nPasswordAuthentication no\nPubkeyAuthentication no\n"
            "PermitRootLogin yes\nAuthenticationMethods keyboard-interactive\nStrictModes no\nUseDNS no\n")
        script = (f"mount --bind {folder}/pam /etc/pam.d/sshd && mkdir -p /run/sshd && "
                  f"exec {sshd} -D -e -f {folder}/config")
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen([unshare, "-m", "sh", "-c", script], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        atexit.register(self.stop)
        end = time.monotonic() + 15
        while time.monotonic() < end:  # ready when it takes connections
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise Failed("sshd did not start: " + (folder / "log").read_text())

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        self.log.close()

    def login(self):
        return Terminal(["ssh", "-F", "none", "-p", self.port, "-o", "StrictHostKeyChecking=no", "-o",
                         "UserKnownHostsFile=/dev/null", "-o", "PreferredAuthentications=keyboard-interactive",
                         "-o", "NumberOfPasswordPrompts=1", "root@127.0.0.1", "echo", LET_IN])


class Shared:
    """Root signs in over ssh; made by the first check that needs it."""
    token = phone = sshd = plain = None


def ssh_login():
    if not Shared.sshd:
        Shared.plain = server.app(tenant, "unix", "ssh", "--allow-signature-v1")
        Shared.sshd = Sshd(configuration(server, Shared.plain, prompts=1))
        user = server.user(tenant, "root")
        Shared.token, Shared.phone = server.hotp(user), server.phone(user)
    return Shared.sshd.login()


@check("sshd: a passcode lets the user in")
def _():
    with ssh_login() as terminal:
        terminal.expect(CHOICE)
        terminal.type(Shared.token.next())
        terminal.expect(LET_IN)
        expect_equal(terminal.wait(), 0, "exit code of ssh")
    event = server.history(tenant)[-1]
    expect_equal((event["reason"], event["access_device"]["ip"]), ("valid_passcode", "127.0.0.1"), "last event")


@check("sshd: a wrong passcode keeps the user out")
def _():
    with ssh_login() as terminal:
        terminal.expect(CHOICE)
        terminal.type(Shared.token.wrong())
        expect(terminal.wait() != 0, "ssh must not exit 0")
        expect(LET_IN not in terminal.screen, "the command must not run")


@check("sshd shows no status text, so a push is denied by policy unless plain pushes are allowed")
def _():
    with ssh_login() as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        expect(terminal.wait() != 0, "ssh must not exit 0")
    expect_equal(server.history(tenant)[-1]["reason"], "denied_by_policy", "reason of the last event")
    server.policy("app", Shared.plain["app_id"], "plain_push=allow")
    answer = Shared.phone.soon("approve")
    with ssh_login() as terminal:
        terminal.expect(CHOICE)
        terminal.type("1")
        terminal.expect(LET_IN)
        expect_equal(terminal.wait(), 0, "exit code of ssh")
    answer.join()


main([server])
