#!/usr/bin/env python3
# runs: alone
"""Limits and what an operator sees: sizes, times, connections, 429, drain, reload, metrics, memory, core dumps.

Everything that takes time is configured small, so that nothing here waits long.
"""
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import time

import device_sign
import duo_sign
import raw_http
from duo_sign import signed
from harness import (Server, check, expect, expect_equal, main, need_command, need_root, program,
                     temporary_folder)

READY_MAX_S = 2.0
RESIDENT_MAX_MIB = 128       # the promise is 64 for the release build
CONNECTION_MAX_KIB = 64      # of memory, each idle one
BAD_SIGNATURES_A_MINUTE = 1000
DRAINED_MAX_S = 3            # without waiting for anybody it is a moment
PREAUTH = "/auth/v2/preauth"

LIMITS = """
[limits]
head_bytes = 2048
body_bytes = 3000
head_s = 1
body_s = 1
idle_s = 2
[metrics]
listen = "127.0.0.1:0"
"""

tight = Server(config=LIMITS)
server = Server(config='[metrics]\nlisten = "127.0.0.1:0"\n')
tenant = server.tenant()
app = server.app(tenant)
user = server.user(tenant, "alice")
token = server.hotp(user)


def ping(server):
    return f"GET /auth/v2/ping HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode()


def resident_kib(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1])


def took(since):
    return time.monotonic() - since


def wait_until(condition, what, limit_s=10):
    end = time.monotonic() + limit_s
    while not condition():
        expect(time.monotonic() < end, f"not within {limit_s} s: {what}")
        time.sleep(0.02)


# ---- sizes and times ----------------------------------------------------------------------------------------------

@check("sizes: a head or body of just the limit is read, one byte more is 431 or 413")
def _():
    def padded(size):
        start = f"GET /auth/v2/ping HTTP/1.1\r\nHost: {tight.host}\r\nX: ".encode()
        return start + b"a" * (size - len(start) - 4) + b"\r\n\r\n"

    def with_body(size):
        return f"POST {PREAUTH} HTTP/1.1\r\nHost: {tight.host}\r\nContent-Length: {size}\r\n\r\n".encode() + b"a" * size

    for request, status in [(padded(2048), 200), (padded(2049), 431), (with_body(3000), 401), (with_body(3001), 413)]:
        expect_equal(raw_http.once(tight, request).status, status, f"{len(request)} bytes in all")


def drip(connection, seconds):
    """Sends a byte now and then, until the server says something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and connection.send(b"a"):
        connection.socket.settimeout(0.1)
        try:
            connection.read += connection.socket.recv(4096)
            return
        except TimeoutError:
            pass


@check("times: a head or body that comes too slowly is 408, also when a byte comes now and then")
def _():
    post = f"POST {PREAUTH} HTTP/1.1\r\nHost: {tight.host}\r\nContent-Length: 100\r\n\r\n".encode()
    for start, what in [(b"GET /auth", "a head"), (post + b"user", "a body"),
                        (post.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked") + b"50\r\nus",
                         "a chunk")]:
        for slowly in (False, True):
            with raw_http.Connection(tight, limit_s=8) as connection:
                since = time.monotonic()
                connection.send(start)
                if slowly:
                    drip(connection, 4)
                reply = connection.reply()
                expect_equal((reply.status, reply.header("connection")), (408, "close"), f"{what}, slowly: {slowly}")
                expect(0.8 < took(since) < 3, f"{what}: 408 after {took(since):.1f} s, the limit is 1 s")
                expect(reply.json["message_detail"], "a text that says what was slow")
                expect(connection.is_closed(), "the connection must end")


@check("times: a TLS handshake that never ends is closed, and so is a silent connection")
def _():
    with raw_http.Connection(tight, tls=False) as connection:
        since = time.monotonic()
        connection.send(b"\x16\x03\x01\x00\xc8\x01\x00")
        expect(connection.is_closed(6) and took(since) > 0.8, f"an open handshake, after {took(since):.1f} s")
    with raw_http.Connection(tight) as connection:
        expect_equal(connection.ask(ping(tight)).status, 200, "ping")
        since = time.monotonic()
        expect(connection.is_closed(8), "an idle connection")
        expect(1.5 < took(since) < 5, f"idle for {took(since):.1f} s, the limit is 2 s")


@check("connections: beyond the limit the longest idle one gives way, and requests in the middle do not")
def _():
    few = Server(config="[limits]\nconnections = 4\nhead_s = 2\n")
    try:
        idle = [raw_http.Connection(few) for _ in range(4)]
        for connection in idle:
            expect_equal(connection.ask(ping(few)).status, 200, "ping")
            time.sleep(0.05)
        fifth = raw_http.Connection(few)
        expect_equal(fifth.ask(ping(few)).status, 200, "the fifth")
        expect(idle[0].is_closed(), "the longest idle one")
        for connection in [*idle[1:], fifth]:
            expect_equal(connection.ask(ping(few)).status, 200, "the others are still served")
            connection.send(b"GET /auth")  # now each is in the middle of a request
        time.sleep(0.1)
        since = time.monotonic()
        with raw_http.Connection(few, limit_s=10) as late:
            expect_equal(late.ask(ping(few)).status, 200, "one more, once somebody has given up")
        expect(took(since) > 0.5, f"a fifth connection beside four busy ones was served after {took(since):.2f} s")
        for connection in [*idle[1:], fifth]:
            expect_equal(connection.reply().status, 408, "the busy ones end by their own limit")
    finally:
        expect_equal(few.stop(), 0, "exit code")


# ---- 429 ----------------------------------------------------------------------------------------------------------

@check("429: more than 1,000 bad signatures a minute, of that source alone, with Retry-After; right ones are served")
def _():
    wrong = dict(app, secret_key="B" * 40)
    request = signed(wrong, server.host, "GET", "/auth/v2/check").bytes()
    count, refused = 0, None
    with raw_http.Connection(server, source="127.0.0.2") as connection:
        # Twice as many, for the minute may end in between.
        while count < 2 * BAD_SIGNATURES_A_MINUTE + 50 and not refused:
            count += 1
            reply = connection.ask(request)
            expect(reply.status in (401, 429), f"bad signature {count}: {reply}")
            refused = reply if reply.status == 429 else None
        expect(refused, f"{count} bad signatures and no 429")
        expect(count > BAD_SIGNATURES_A_MINUTE, f"429 after {count} already")
        expect_equal(refused.code, 42901, "code")
        expect(1 <= int(refused.header("retry-after")) <= 60, f"Retry-After {refused.header('retry-after')}")
        right = connection.ask(signed(app, server.host, "GET", "/auth/v2/check"))
        expect_equal(right.status, 200, "a right signature from the same source")
    other = raw_http.once(server, request, source="127.0.0.3")
    expect_equal(other.status, 401, "a bad signature from another source")


@check("replay: a dated request repeated byte for byte gets the first answer again, and counts once")
def _():
    name = server.user(tenant, "again") and "again"
    code = server.hotp(server.run("user", "show", name, "--tenant", tenant)["user_id"]).next()
    request = signed(app, server.host, "POST", "/auth/v2/auth", [("username", name), ("factor", "passcode"),
                                                                 ("passcode", code), ("ipaddr", "192.0.2.77")]).bytes()
    replies = [raw_http.once(server, request) for _ in range(3)]
    expect_equal([reply.response["result"] for reply in replies], ["allow"] * 3, "the same bytes three times")
    rows = [event for event in server.history(tenant) if event["access_device"]["ip"] == "192.0.2.77"]
    expect_equal(len(rows), 1, "events in the log")


# ---- the process --------------------------------------------------------------------------------------------------

@check(f"start: ready within {READY_MAX_S} s, on a new folder and on an old one")
def _():
    since = time.monotonic()
    fresh = Server()
    first = took(since)
    fresh.stop()
    since = time.monotonic()
    fresh.start()
    again = took(since)
    print(f"      first start {first:.3f} s (took_ms {fresh.ready['took_ms']}), again {again:.3f} s", flush=True)
    expect_equal(fresh.stop(), 0, "exit code")
    expect(max(first, again) <= READY_MAX_S, "ready too late")


@check(f"memory: at most {RESIDENT_MAX_MIB} MiB resident when idle, and little for each idle connection")
def _():
    quiet = Server()
    try:
        raw_http.once(quiet, ping(quiet))
        idle = resident_kib(quiet.process)
        connections = [raw_http.Connection(quiet) for _ in range(400)]
        for connection in connections:
            expect_equal(connection.ask(ping(quiet)).status, 200, "ping")
        each = (resident_kib(quiet.process) - idle) / len(connections)
        for connection in connections:
            connection.close()
    finally:
        quiet.stop()
    print(f"      {idle / 1024:.1f} MiB idle, {each:.1f} KiB for each idle connection", flush=True)
    expect(idle <= RESIDENT_MAX_MIB * 1024, f"{idle} KiB resident")
    expect(each <= CONNECTION_MAX_KIB, f"{each:.0f} KiB a connection")


@check("a second server on the same folder or port is refused, says why, and disturbs nobody")
def _():
    def second(*words):
        return subprocess.run([program(), "serve", *words], capture_output=True, text=True, timeout=20)
    done = second("--data", str(server.data), "--listen", "127.0.0.1:0")
    expect_equal(done.returncode, 1, f"the same folder: {done.stderr}")
    expect(str(server.process.pid) in done.stderr, f"it must name the process: {done.stderr!r}")
    done = second("--data", str(temporary_folder() / "data"), "--listen", f"127.0.0.1:{server.port}")
    expect_equal(done.returncode, 1, f"the same port: {done.stderr}")
    expect(str(server.port) in done.stderr, f"it must name the address: {done.stderr!r}")
    expect_equal(done.stderr.count("\n"), 1, "lines on stderr")
    expect_equal(raw_http.once(server, ping(server)).status, 200, "the first one")
    expect_equal(server.run("tenant", "list") != [], True, "its command line")


@check("without a server the command line says so and exits 3")
def _():
    words = ["tenant", "list", "--data", str(temporary_folder())]
    done = subprocess.run([program(), *words], capture_output=True, text=True, timeout=20)
    expect_equal((done.returncode, done.stdout), (3, ""), f"no server: {done.stderr}")
    expect("serve" in done.stderr and done.stderr.count("\n") == 1, f"one line that says what to do: {done.stderr!r}")


@check("files: the folder is 0700, keys 0600")
def _():
    mode = lambda name: oct((server.data / name).stat().st_mode & 0o777)
    expect_equal({name: mode(name) for name in (".", "root.key", "tls.pem", "control.sock", "countersign.db")},
                 {".": "0o700", "root.key": "0o600", "tls.pem": "0o600", "control.sock": "0o600",
                  "countersign.db": "0o600"}, "modes")
    expect_equal(mode("ca.pem"), "0o644", "the CA, which everybody may read")


def activated(server, tenant, name):
    phone = server.run("phone", "create", "--user", server.user(tenant, name))["phone_id"]
    device = device_sign.Device(server)
    reply = device.activate(server.run("phone", "activate", phone)["activation_code"])
    expect_equal(reply.status, 200, "activation")
    return device


@check("SIGTERM: whoever waits is answered at once, what is half sent is served, the exit code is 0, a sign-in goes on")
def _():
    ending = Server()
    tenant = ending.tenant()
    app = ending.app(tenant)
    device, bored = activated(ending, tenant, "bob"), activated(ending, tenant, "eve")
    client = duo_sign.Client(ending, app)
    begun = client.post("/auth/v2/auth", username="bob", factor="push", device="auto", **{"async": "1"})
    txid = begun.response["txid"]
    status = client.get("/auth/v2/auth_status", txid=txid)  # answered at once; the next one waits
    number = re.search(r"\b\d{3}\b", status.response["status_msg"])[0]

    poll, phone, stream, half, idle = (raw_http.Connection(ending) for _ in range(5))
    poll.send(signed(app, ending.host, "GET", "/auth/v2/auth_status", [("txid", txid)]).bytes())
    phone.send(bored.request("GET", "/device/v1/requests?wait=25").bytes())
    stream.send(bored.request("GET", "/device/v1/events").bytes())
    answer = device.answer_body(txid, "approve", number)
    whole = device.request("POST", f"/device/v1/requests/{txid}/answer", answer).bytes()
    half.send(whole[:-4])
    expect_equal(idle.ask(ping(ending)).status, 200, "ping")
    time.sleep(0.3)  # so that all of them are where they should be

    since = time.monotonic()
    ending.process.send_signal(signal.SIGTERM)
    waited, heard = poll.reply(), phone.reply()
    expect_equal((waited.status, waited.response["result"]), (200, "waiting"), "the client's poll")
    expect_equal((heard.status, heard.json), (200, {"requests": []}), "the phone's poll")
    expect(took(since) < DRAINED_MAX_S, f"the polls were answered after {took(since):.1f} s")
    expect(idle.is_closed(), "the idle connection must end")
    half.send(whole[-4:])
    served = half.reply()
    expect_equal((served.status, served.header("connection")), (200, "close"), f"the phone's answer: {served}")
    stream.socket.settimeout(5)
    text = b""
    while piece := stream.socket.recv(4096):
        text += piece
    expect(text.endswith(b"0\r\n\r\n"), f"the event stream's end: {text[-80:]!r}")
    for connection in (poll, phone, stream, half, idle):
        connection.close()
    expect_equal(ending.process.wait(15), 0, "exit code")
    print(f"      ended {took(since):.2f} s after SIGTERM", flush=True)
    expect(took(since) < DRAINED_MAX_S, "it took too long")
    expect_equal(ending.stop(), 0, "exit code")
    events = [json.loads(line)["event"] for line in (ending.folder / "serve.log").read_text().splitlines()]
    expect_equal(events[-1:], ["server.stopped"], "the last line of the operator's log")

    ending.start()
    again = duo_sign.Client(ending, app).get("/auth/v2/auth_status", txid=txid)
    expect_equal(again.response["result"], "allow", "the same sign-in, asked for after the restart")
    ending.stop()


def make_certificate(folder, name):
    openssl = need_command("openssl", "openssl")
    subprocess.run([openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "30", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                    str(folder / "key.pem"), "-out", str(folder / "cert.pem")], check=True, stderr=subprocess.DEVNULL)


@check("SIGHUP: new connections get the new certificate, open ones go on; a broken file changes nothing")
def _():
    folder = temporary_folder()
    make_certificate(folder, "first")
    given = Server(config=f'[tls]\ncertificate = "{folder}/cert.pem"\nkey = "{folder}/key.pem"\n')
    log = given.folder / "serve.log"

    def shown():
        return ssl.get_server_certificate(("127.0.0.1", given.port)).strip()

    def reload(event):
        count = log.read_text().count(event)
        given.process.send_signal(signal.SIGHUP)
        wait_until(lambda: log.read_text().count(event) > count, event)

    given.ca = str(folder / "cert.pem")
    try:
        open_one = raw_http.Connection(given)
        expect_equal(shown(), (folder / "cert.pem").read_text().strip(), "the certificate at first")
        make_certificate(folder, "second")
        reload("certificate.reloaded")
        second = (folder / "cert.pem").read_text().strip()
        expect_equal(shown(), second, "the certificate after SIGHUP")
        expect_equal(open_one.ask(ping(given)).status, 200, "the connection from before")
        (folder / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nbroken\n")
        reload("certificate.not_reloaded")
        expect_equal(shown(), second, "the certificate after a broken reload")
    finally:
        expect_equal(given.stop(), 0, "exit code")


# ---- what an operator sees ----------------------------------------------------------------------------------------

def metrics(server):
    port = int(re.search(r":(\d+)/", server.ready["metrics"])[1])
    reply = raw_http.once(server, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", tls=False, port=port)
    expect_equal(reply.status, 200, "/metrics")
    expect(reply.header("content-type").startswith("text/plain; version=0.0.4"), reply.header("content-type"))
    values, kinds = {}, {}
    for line in reply.body.decode().splitlines():
        if line.startswith("# TYPE "):
            kinds[line.split()[2]] = line.split()[3]
        elif line and not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"\\]*"\})? (\S+)', line)
            expect(match, f"a line that is no sample: {line!r}")
            expect(match[1] in kinds, f"a sample without its type: {line!r}")
            expect(match[1] + (match[2] or "") not in values, f"a sample twice: {line!r}")
            values[match[1] + (match[2] or "")] = float(match[3])
    return values, port


@check("/metrics: every line parses, counters grow, the listener has nothing else")
def _():
    before, port = metrics(server)
    for _ in range(5):
        raw_http.once(server, ping(server))
    after, _ = metrics(server)
    grown = {name for name in after if after[name] > before.get(name, 0)}
    expect("countersign_http_requests_total" in grown, f"grown: {grown}")
    expect_equal(after['countersign_store_up'], 1.0, "countersign_store_up")
    for path in ("/auth/v2/ping", "/healthz", "/device/v1/requests", "/"):
        other = raw_http.once(server, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), tls=False, port=port)
        expect_equal(other.status, 404, f"{path} on the metrics listener")
    expect_equal(raw_http.once(server, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404,
                 "/metrics on the main listener")


@check("/healthz and /readyz answer on the main listener")
def _():
    for path, word in (("/healthz", "up"), ("/readyz", "ready")):
        reply = raw_http.once(server, f"GET {path} HTTP/1.1\r\nHost: {server.host}\r\n\r\n".encode())
        expect_equal((reply.status, reply.json["status"]), (200, word), path)


@check("the operator's log is lines of JSON with nobody's name, number, address or code in them")
def _():
    personal = {"name": "zaphod.beeblebrox", "mail": "zaphod@heartofgold.example", "number": "+12025550142",
                "address": "203.0.113.42", "real name": "Zaphod Beeblebrox"}
    who = server.user(tenant, personal["name"], "--email", personal["mail"], "--realname", personal["real name"])
    server.run("phone", "create", "--user", who, "--number", personal["number"])
    token = server.hotp(who)
    client = duo_sign.Client(server, app)
    codes = [token.next(), token.wrong()]
    for code in codes:
        expect_equal(client.passcode(personal["name"], code, ipaddr=personal["address"]).status, 200, "a sign-in")
    server.run("user", "update", who, "--status", "disabled")
    text = (server.folder / "serve.log").read_text()
    for line in text.splitlines():
        json.loads(line)
    personal |= {"digits": personal["number"][1:], "key": app["secret_key"], "code": codes[0]}
    for what, value in personal.items():
        expect(value.lower() not in text.lower(), f"the operator's log has the {what} {value}")


@check("core dumps are off: no core file, and nobody but root may look into the process")
def _():
    limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text()
    expect(re.search(r"^Max core file size\s+0\s+0\s", limits, re.M), "RLIMIT_CORE must be 0")
    need_root("to run a server as nobody and see who owns its memory")
    setpriv = need_command("setpriv", "util-linux")
    folder = temporary_folder()
    folder.chmod(0o711)
    (folder / "data").mkdir()
    os.chown(folder / "data", 65534, 65534)
    process = subprocess.Popen(
        [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", program(), "serve", "--listen", "127.0.0.1:0",
         "--data", str(folder / "data")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")
    try:
        line = process.stdout.readline()
        expect(b"ready" in line, f"a server as nobody: {line!r}")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        expect(re.search(r"^Uid:\s+65534", status, re.M), "it must run as nobody")
        # proc(5): of a process that is not dumpable these belong to root.
        expect_equal(pathlib.Path(f"/proc/{process.pid}/mem").stat().st_uid, 0, "the owner of its memory")
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
        process.stderr.close()


main([tight, server])
