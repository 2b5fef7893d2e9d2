#!/usr/bin/env python3
"""What `make run` ends with: the server and, on http://localhost:8444, a web application that asks it for the second factor."""
import atexit
import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import subprocess

from harness import ROOT, Phone, Skip, check, expect, expect_equal, main, program, skip_all, temporary_folder
from visitor import Visitor

DEMO = "http://localhost:8444"
PORT = 8444
CALLBACK = DEMO + "/callback"

try:
    path = f"{ROOT}/build/tools/node_modules/.bin:{os.environ.get('PATH', '')}"
    if not shutil.which("node", path=path):
        raise Skip("node is not here")
    if not (ROOT / "clients/demo/node_modules/@duosecurity/duo_universal").exists():
        raise Skip("the packages of clients/demo are not here; tools/setup.sh installs them where npm can")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError as error:
            raise Skip(f"port {PORT} cannot be had: {error}") from None
except Skip as why:
    skip_all(why)


class Run:
    """tools/run.sh on a data folder of its own, as `make run` calls it."""

    def __init__(self, environment=None):
        self.data = temporary_folder() / "data"
        self.errors = open(self.data.parent / "errors", "w+")
        self.process = subprocess.Popen([shutil.which("bash"), ROOT / "tools/run.sh", self.data, "--listen", "127.0.0.1:0"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors,
                                        # A shell's background job ignores SIGINT, and so would its children.
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
                                        env=dict(os.environ, COUNTERSIGN_PROGRAM=program(), **(environment or {})))
        atexit.register(self.stop)
        ready = json.loads(self.line())
        self.ca, self.host = ready["ca"], "localhost:" + ready["listen"][0].rsplit(":", 1)[1]

    def line(self):
        return self.process.stdout.readline().decode().strip()

    def said(self):
        return pathlib.Path(self.errors.name).read_text()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(20)

    def log_tail(self):
        return self.said()


run = Run()
opened = run.line()


def visitor():
    return Visitor(run, also=[DEMO])


def with_password(browser, name="demo", password="demo"):
    return browser.open(DEMO + "/").submit("sign-in", username=name, password=password)


class Shared:
    phone = None


def phone():
    """The demo user's authenticator, bound by the printed link."""
    if not Shared.phone:
        Shared.phone = Phone(run, re.search(r"activate (https://\S+)", run.said())[1])
    return Shared.phone


def by_push(page, how="approve"):
    page = page.submit("push")
    answer = phone().soon(how, *([page.number] if how == "approve" else []))
    page = page.wait()
    answer.join()
    return page


@check("both are up; the credentials are the owner's alone, and the text says what to open")
def _():
    expect_equal(opened, f"demo: open {DEMO}", "the second line")
    file = run.data / "demo-app.json"
    expect_equal(stat.S_IMODE(file.stat().st_mode), 0o600, "mode of demo-app.json")
    config = json.loads(file.read_text())
    expect_equal(sorted(config), ["api_hostname", "ca", "client_id", "client_secret"], "what it holds")
    expect_equal((config["api_hostname"], config["ca"]), (run.host, run.ca), "where and whom to trust")
    expect(f"Open {DEMO}, sign in as demo" in run.said(), f"the step in:\n{run.said()}")
    expect(config["client_secret"] not in run.said(), "its secret is not printed")


@check("the page says what the password is, and a wrong one or none leads nowhere")
def _():
    page = visitor().open(DEMO + "/")
    expect("The password is demo" in page.words, page.words)
    for name, password, cause in (("demo", "x", "The password is not right"), ("", "demo", "Enter a user name"),
                                  ("n" * 300, "demo", "too long")):
        page = with_password(visitor(), name, password)
        expect_equal(page.status, 422, "HTTP status")
        expect(cause in page.words, f"{cause!r} in {page.words}")


@check("the demo user signs in and sees name, factor, time and what was told")
def _():
    phone()
    browser = visitor()
    page = by_push(with_password(browser))
    expect_equal((page.url, page.heading), (DEMO + "/", "Hello, demo"), "where it ends")
    for words in ("a number typed on the phone", "UTC", "factor verified_duo_push", "event type authentication", "id_token"):
        expect(words in page.words, f"{words!r} in {page.words}")
    expect_equal(page.reload().heading, "Hello, demo", "after a reload")
    expect_equal(page.submit("sign-out").heading, "Sign in", "after signing out")
    expect_equal(browser.open(DEMO + "/").heading, "Sign in", "after signing out")


@check("a name that nobody knows is led through enrolment; it is shown, never run")
def _():
    page = with_password(visitor(), "newcomer <b>")
    expect_equal(page.heading, "Set up a second step", "heading")
    page = page.submit("bind-phone")
    theirs = Phone(run, re.search(r"https://\S+/activate/\S+", page.words)[0])
    page = page.wait().submit("push")
    answer = theirs.soon("approve", page.number)
    page = page.wait()
    answer.join()
    expect_equal(page.heading, "Hello, newcomer <b>", "heading")
    expect("Hello, newcomer &lt;b&gt;" in page.text, "escaped")


@check("a way back that is used again, of another browser, or with no state, lets nobody in")
def _():
    browser = visitor()
    page = with_password(browser)
    browser.origins.discard(DEMO)  # stops at the application's address
    landing = by_push(page)
    browser.origins.add(DEMO)
    stolen = visitor().open(landing.url)
    expect_equal((stolen.status, stolen.heading), (400, "This sign-in was not begun here"), "in another browser")
    expect_equal(browser.open(CALLBACK + "?duo_code=x").heading, "This sign-in was not begun here", "without state")
    expect_equal(browser.open(landing.url).heading, "Hello, demo", "in its own")
    again = browser.open(landing.url)
    expect_equal((again.status, again.heading), (400, "This answer was used already"), "once more")
    expect_equal(browser.open(DEMO + "/").heading, "Hello, demo", "who was signed in still is")


@check("a code that is none is a clear error")
def _():
    browser = visitor()
    browser.origins.discard(f"https://{run.host}")  # stops where it is sent to Countersign
    sent = with_password(browser)
    expect_equal(sent.address, f"https://{run.host}/oauth/v1/authorize", "where it is sent")
    state = json.loads(_payload(sent.query["request"]))["state"]
    page = browser.open(f"{CALLBACK}?state={state}&duo_code=x")
    expect_equal((page.status, page.heading), (403, "The sign-in did not work"), "what is shown")
    expect("invalid_grant: code: unknown" in page.words, f"the cause: {page.words}")


def _payload(token):
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@check("a form of another site does nothing")
def _():
    connection = http.client.HTTPConnection("localhost", PORT, timeout=10)
    connection.request("POST", "/sign-in", "username=demo&password=demo",
                       {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"})
    expect_equal(connection.getresponse().status, 403, "HTTP status")
    connection.close()


@check("who is refused comes back to a page that says so")
def _():
    browser = visitor()
    page = by_push(with_password(browser), "fraud")
    expect_equal(page.heading, "You have not been signed in", "the prompt's heading")
    page = page.follow(CALLBACK)
    expect_equal((page.status, page.heading), (403, "You have not been signed in"), "the application's page")
    expect("The sign-in was refused" in page.words, f"the cause: {page.words}")


@check("SIGTERM ends both")
def _():
    expect_equal(run.stop(), 0, "exit code")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", PORT))


@check("while Countersign is away nobody comes in, and the page says so")
def _():
    demo = subprocess.Popen([shutil.which("node", path=path), ROOT / "clients/demo/server.js", run.data / "demo-app.json"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        expect_equal(demo.stdout.readline().decode(), f"demo: open {DEMO}\n", "its line")
        page = with_password(visitor())
        expect_equal((page.status, page.heading), (503, "Nobody can sign in at the moment"), "what is shown")
    finally:
        demo.terminate()
        expect_equal(demo.wait(10), 0, "exit code")
        demo.stdout.close()


@check("without node the server runs alone, and the text says what is missing")
def _():
    folder = temporary_folder()
    (folder / "bash").symlink_to(shutil.which("bash"))
    # build/tools comes first in its path; where node is there, it cannot be hidden.
    if (ROOT / "build/tools/node_modules/.bin/node").exists():
        raise Skip("node is under build/tools")
    alone = Run({"PATH": str(folder)})
    try:
        expect_equal(Visitor(alone).open(f"https://{alone.host}/healthz").status, 200, "the server's health")
        expect("node or the packages of clients/demo are missing" in alone.said(), alone.said())
    finally:
        expect_equal(alone.stop(signal.SIGINT), 0, "exit code")


main()
