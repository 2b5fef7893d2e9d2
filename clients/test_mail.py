#!/usr/bin/env python3
"""Notices by mail: strangers take them (aiosmtpd, Exim) and read them (Python's email package), whatever the server
does in between; and the page on which a reader checks one."""
# limit: 240 s
import email
import email.policy
import os
import re
import signal
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

from harness import Server, WAIT_LIMIT_S, become, check, expect, expect_equal, main, need_command, \
    need_root, skip_all, temporary_folder

become("/usr/bin/python3")
try:
    from mail_sink import MailSink, certificate, free_port
except ImportError:
    skip_all("aiosmtpd is not here (Debian package python3-aiosmtpd)")

CREDENTIAL = f"uid:{os.getuid()}"
ALWAYS = ("--from", "1970-01-01", "--to", "2100-01-01")
DESK = "incident.desk@acme.example"
PEOPLE = {"ada": "ada@people.example", "bob": "bob@people.example"}
TIMEOUT_S = 2

work = temporary_folder()
sink = MailSink()


def configuration(url, *more):
    return "\n".join(["[mail]", f'url = "{url}"', 'from = "notices@sign-in.example"', f"timeout_s = {TIMEOUT_S}", *more])


def server_for(config):
    out = Server(config)
    out.acme = out.tenant("Açmé & Söhne <GmbH>")
    for name, address in PEOPLE.items():
        out.user(out.acme, name, "--email", address)
    out.history(out.acme, "activity")
    out.run("tenant", "set", out.acme, "--contact-mail", DESK)
    return out


def notify(of=None):
    """A new incident's notices."""
    of = of or server
    scope = of.run("incident", "scope", "--credential", CREDENTIAL, *ALWAYS)[-1]["scope_id"]
    return scope, of.run("incident", "notify", "--scope", scope)


def rows(found):
    return found if isinstance(found, list) else [found]


def mails(state, of=None):
    return rows((of or server).run("mail", "list", "--state", state))


def until(what, condition):
    """Asks again and again; each question is a command, which takes its time."""
    end = time.monotonic() + WAIT_LIMIT_S
    while not (found := condition()):
        expect(time.monotonic() < end, f"not within {WAIT_LIMIT_S} s: {what}")
    return found


def code_in(mail):
    text = mail.get_body(("plain",)).get_content()
    return re.search(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}\b", text)[0]


def page(fields=None):
    """What the public page says; as a browser without JavaScript asks."""
    request = urllib.request.Request(
        f"https://{server.host}/notice", data=urllib.parse.urlencode(fields).encode() if fields else None,
        headers={"Sec-Fetch-Site": "same-origin"})
    with urllib.request.urlopen(request, context=ssl.create_default_context(cafile=server.ca), timeout=20) as got:
        return got.read().decode()


server = server_for(configuration(f"smtp://127.0.0.1:{sink.port}"))
state = {}


@check("an administrator and two users get one mail each, which Python's email package reads")
def _():
    state["scope"], told = notify()
    expect_equal([row["by_mail"] for row in told], [True] * 3, "who is told by mail")
    expect_equal([row["code"] for row in told], [None] * 3, "codes are in the letters alone")
    state["mails"] = sink.mails(3)
    expect_equal(sorted(one[0] for one in sink.got), sorted([DESK, *PEOPLE.values()]), "recipients")
    expect_equal({one[1] for one in sink.got}, {"notices@sign-in.example"}, "the envelope's sender")
    for mail in state["mails"]:
        expect_equal(mail.defects, [], "defects")
        expect_equal(mail["auto-submitted"], "auto-generated", "Auto-Submitted")
        expect(mail["date"].datetime.tzinfo and mail["subject"] and mail["from"].addresses[0].domain, mail.as_string())
        kinds = [part.get_content_type() for part in mail.walk()]
        expect_equal(kinds, ["multipart/alternative", "text/plain", "text/html"], "parts")
        text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
        expect("Açmé & Söhne <GmbH>" in text and "Açmé &amp; Söhne &lt;GmbH&gt;" in html, "the tenant's name")
        expect(f"{server.host}/notice" in text and f"{server.host}/notice" in html, "the page's address")
        expect("://" not in text + html and "href" not in html and "src=" not in html, "a link, or something loaded")
    expect_equal(len({mail["message-id"] for mail in state["mails"]}), 3, "Message-IDs")
    expect_equal(len({code_in(mail) for mail in state["mails"]}), 3, "codes")


@check("what the server took is delivered, and nobody is told twice")
def _():
    until("all delivered", lambda: all(row["delivered"] for row in server.run("incident", "notices", state["scope"])))
    expect_equal(server.run("incident", "notify", "--scope", state["scope"]), [], "who is told the second time")
    expect_equal((len(mails("sent")), len(sink.got)), (3, 3), "mails")


@check("on the page a code is real, which opens the notice; its button acknowledges it; another is not ours")
def _():
    def notices():
        return {row["user_id"]: row for row in server.run("incident", "notices", state["scope"])}
    expect('name="code"' in page(), "no form")
    desk = next(mail for mail in state["mails"] if mail["to"].addresses[0].addr_spec == DESK)
    said = page({"code": code_in(desk).lower()})
    expect("This notice is real" in said and "Açmé &amp; Söhne &lt;GmbH&gt;" in said and state["scope"] in said, said)
    expect(notices()[None]["opened"] and not notices()[None]["acknowledged"], notices())
    expect("It is noted" in page({"code": code_in(desk), "read": "yes"}), "no word of thanks")
    expect(notices()[None]["acknowledged"], notices())
    expect("We know no notice with this code" in page({"code": "2222-2222-2222"}), "an unknown code")
    expect(not any(row["opened"] for user, row in notices().items() if user), notices())


@check("while the mail server is down mails wait; they arrive when it is back")
def _():
    sink.stop()
    sink.forget()
    notify()
    expect(len(mails("queued")) == 3, "mails that wait")
    sink.start()
    expect_equal(len(sink.mails(3)), 3, "mails")
    until("nothing waits", lambda: mails("queued") == [])


@check("a 451 is tried again; a 550 is given up and kept for `mail retry`")
def _():
    sink.forget()
    sink.rule = lambda to, nth: "451 later" if to == PEOPLE["ada"] and nth < 3 else "550 no" if to == DESK else None
    notify()
    sink.mails(1, PEOPLE["ada"])
    expect_equal(sink.tries[PEOPLE["ada"]], 3, "tries")
    failed = until("one failed", lambda: mails("failed"))
    expect_equal([(mail["tenant_id"], mail["reply"]) for mail in failed], [(server.acme, 550)], "failed mails")
    expect_equal(sink.tries[DESK], 1, "tries of what is refused")
    sink.rule = lambda to, nth: None
    expect_equal(server.run("mail", "retry"), {"queued": 1}, "retried")
    sink.mails(1, DESK)


@check("a connection that is cut after the data loses nothing; the second copy has the first one's Message-ID")
def _():
    sink.forget()
    sink.rule = lambda to, nth: "cut" if nth == 1 else None
    notify()
    for recipient in (DESK, *PEOPLE.values()):
        copies = sink.mails(2, recipient)
        expect_equal(len({mail["message-id"] for mail in copies}), 1, f"Message-IDs of {len(copies)} copies")
        expect_equal(len({mail.as_bytes() for mail in copies}), 1, "copies")
    until("nothing waits", lambda: mails("queued") == [])


@check("a mail server that answers nothing holds up nothing else, and is asked again")
def _():
    sink.forget()
    sink.rule = lambda to, nth: "hold" if to == DESK and nth == 1 else None
    notify()
    sink.tried(DESK, 1)
    began = time.monotonic()
    server.run("tenant", "show", server.acme)
    page()
    expect(time.monotonic() - began < TIMEOUT_S + 3, "the server waited for the mail server")
    expect_equal(len({mail["message-id"] for mail in sink.mails(2, DESK)}), 1, "Message-IDs")
    until("nothing waits", lambda: mails("queued") == [])


@check("kill -9 between posting and sending, and while a mail is handed over, loses none")
def _():
    sink.forget()
    sink.rule = lambda to, nth: "hold" if nth == 1 else None
    notify()
    sink.mails(1)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(20)
    server.process = None
    server.start()
    until("nothing waits", lambda: mails("queued") == [])
    for recipient in (DESK, *PEOPLE.values()):
        copies = sink.mails(1, recipient)
        expect_equal(len({mail["message-id"] for mail in copies}), 1, "Message-IDs")
    expect(max(sink.tries.values()) > 1, f"none was handed over twice: {sink.tries}")


@check("addresses, subjects, texts and codes stand in no log and in no file")
def _():
    sought = [DESK, "incident.desk", *(code_in(mail) for mail in state["mails"]), "Is this notice real"]
    sought += [code.replace("-", "") for code in sought[2:5]]
    log = (server.folder / "serve.log").read_text()
    for address in (*PEOPLE.values(), *sought):
        expect(address not in log, f"{address} stands in the log")
    for path in server.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for word in sought:
                expect(word.encode() not in data, f"{word} stands in {path.name}")
    expect_equal(server.run("tenant", "show", server.acme)["contact_mail"], "i•••@acme.example", "the address shown")


def arrives_through(sink_, config):
    of = server_for(config)
    notify(of)
    return of, sink_


@check("over STARTTLS and smtps mails arrive where the certificate is right, with a name and a password")
def _():
    cert, key = certificate(work, "right")
    password = work / "password"
    password.write_text("corréct horse\n")
    for implicit, scheme in ((False, "smtp"), (True, "smtps")):
        its = MailSink((cert, key), implicit=implicit, login=("notices", "corréct horse"))
        of, _its = arrives_through(its, configuration(
            f"{scheme}://127.0.0.1:{its.port}", f'ca = "{cert}"', 'tls = "required"', 'username = "notices"',
            f'password_file = "{password}"'))
        expect_equal(len(its.mails(3)), 3, f"mails over {scheme}")
        of.stop()
        its.stop()


@check("a certificate of another authority, one of another host, and a server without TLS get no word of a mail")
def _():
    right, key = certificate(work, "trusted")
    other = certificate(work, "other")
    elsewhere = certificate(work, "elsewhere", "mail.example")
    for what, files, ca in (("another authority", other, right), ("another host", elsewhere, elsewhere[0]),
                            ("no TLS", None, right)):
        its = MailSink(files)
        of, _its = arrives_through(its, configuration(f"smtp://127.0.0.1:{its.port}", f'ca = "{ca}"', 'tls = "required"'))
        until(f"{what}: the log says it", lambda: "mail.unreachable" in (of.folder / "serve.log").read_text())
        expect_equal((its.got, its.commands), ([], []), what)
        expect_equal(len(mails("queued", of)), 3, f"{what}: mails that wait")
        of.stop()
        its.stop()


@check("a wrong password is no reason to give mails up")
def _():
    its = MailSink(login=("notices", "right"))
    password = work / "wrong"
    password.write_text("wrong\n")
    of, _its = arrives_through(its, configuration(f"smtp://127.0.0.1:{its.port}", 'username = "notices"',
                                                  f'password_file = "{password}"'))
    until("the log says it", lambda: "mail.unreachable" in (of.folder / "serve.log").read_text())
    expect_equal((len(mails("queued", of)), its.got), (3, []), "mails that wait, and came")
    of.stop()
    its.stop()


@check("Exim puts them into a Maildir")
def _():
    need_root("Exim reads a configuration of ours for root alone")
    exim = need_command("exim4", "exim4-daemon-light")
    folder, port = temporary_folder(), free_port()
    os.chmod(folder, 0o777)
    config = folder / "exim.conf"
    config.write_text(f"""
primary_hostname = exim.example
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
acl_smtp_rcpt = take
keep_environment =
deliver_drop_privilege
begin acl
take:
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = {folder}/Maildir
  maildir_format
  create_directory
""")
    process = subprocess.Popen([exim, "-C", str(config), "-bdf"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        of, _its = arrives_through(None, configuration(f"smtp://127.0.0.1:{port}"))
        box = folder / "Maildir/new"
        found = until("three files", lambda: box.is_dir() and mails("sent", of) and len(list(box.iterdir())) == 3
                      and [path.read_bytes() for path in box.iterdir()])
        for data in found:
            mail = email.message_from_bytes(data, policy=email.policy.default)
            expect(code_in(mail) and mail["received"] and not mail.defects, mail.as_string())
        of.stop()
    finally:
        process.terminate()
        process.wait(20)


@check("without a mail server nothing is posted, and `notify` says who is told by other means")
def _():
    of = server_for("")
    _scope, told = notify(of)
    desk = next(row for row in told if row["user_id"] is None)
    expect("mail.url" in desk["by_other_means"] and desk["code"], desk)
    expect(not any(row["by_mail"] for row in told), told)
    expect_equal(mails("queued", of), [], "mails")
    of.stop()


main()
