#!/usr/bin/env python3
"""Whatever a client sends, it gets the documented status and code and a clear text; never a crash, a hang or a 500.

Raw bytes over TLS against a real server: HTTP framing, Authorization, dates, parameters, bodies, paths, and ids that
belong to somebody else. Each check is a table; a check that fails names each of its cases that did. The device face is
in test_bad_input_device.py, what comes too slowly in test_limits.py.
"""
import base64
import json
import socket
import ssl
import time

import bad_input
import duo_sign
import raw_http
from bad_input import Case
from duo_sign import signed
from harness import ROOT, Server, check, expect, expect_equal, main

CASES_MIN = 120

server = Server()
HOST = server.host
tenant, other_tenant = server.tenant("Acme"), server.tenant("Other")
app = server.app(tenant, "authapi", "door")
old_app = server.app(tenant, "unix", "old", "--allow-signature-v1")
strict_app = server.app(tenant, "authapi", "strict")
server.run("app", "update", strict_app["app_id"], "--allow-sha1", "no")
admin_app = server.app(tenant, "adminapi", "admin")
disabled_app = server.app(tenant, "authapi", "disabled")
server.run("app", "disable", disabled_app["app_id"])
other_app = server.app(other_tenant, "authapi", "theirs")
alice = server.user(tenant, "alice")
alice_token = server.hotp(alice)
mallory = server.user(other_tenant, "mallory")
server.hotp(mallory)

CHECK, PREAUTH, AUTH, STATUS = "/auth/v2/check", "/auth/v2/preauth", "/auth/v2/auth", "/auth/v2/auth_status"
UNKNOWN_TXID = "00000000-0000-4000-8000-000000000000"


def head(*lines, body=b""):
    """A request of these lines, each ended as HTTP wants it."""
    raw = [line if isinstance(line, bytes) else line.encode("latin-1") for line in lines]
    return b"".join(line + b"\r\n" for line in raw) + b"\r\n" + body


def ping(*lines, body=b""):
    return head("GET /auth/v2/ping HTTP/1.1", *lines, body=body)


def posted(*lines, body=b""):
    return head("POST /auth/v2/preauth HTTP/1.1", "Host: localhost", *lines, body=body)


def chunked(body, kind="chunked"):
    return posted(f"Transfer-Encoding: {kind}", body=body)


# ---- framing: RFC 9112, read strictly -------------------------------------------------------------------------------

@check("framing: a request line that is none is refused")
def _():
    host = "Host: localhost"
    bad_input.run(server, [
        Case("no version", head("GET /auth/v2/ping", host), 400),
        Case("only a word", head("GET", host), 400),
        Case("an empty target", head("GET  HTTP/1.1", host), 400),
        Case("a blank in the target", head("GET /auth/v2/ping x HTTP/1.1", host), 400),
        Case("a tab between the words", head("GET\t/auth/v2/ping\tHTTP/1.1", host), 400),
        Case("lower-case http", head("GET /auth/v2/ping http/1.1", host), 400),
        Case("HTTP/1.10", head("GET /auth/v2/ping HTTP/1.10", host), 400),
        Case("HTTP/2.0", head("GET /auth/v2/ping HTTP/2.0", host), 505),
        Case("HTTP/0.9", head("GET /auth/v2/ping HTTP/0.9", host), 505),
        Case("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        Case("a method with brackets", head("G(E)T /auth/v2/ping HTTP/1.1", host), 400),
        Case("a method of 100 letters", head("G" * 100 + " /auth/v2/ping HTTP/1.1", host), 400),
        Case("a method of 20,000 letters without end", b"G" * 20_000, 400),
        Case("a leading blank", b" " + ping(host), 400),
        Case("two empty lines before it", b"\r\n\r\n" + ping(host), 400),
        Case("NUL bytes", b"\0\0\0\0\r\n\r\n", 400),
        Case("bytes of a TLS hello inside TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        Case("NUL in the target", head(b"GET /auth/v2/\0ping HTTP/1.1", host), 400),
        Case("a high byte in the target", head(b"GET /auth/v2/\xc3\xa9 HTTP/1.1", host), 400),
        Case("a fragment in the target", head("GET /auth/v2/ping#x HTTP/1.1", host), 400),
        Case("a target without slash", head("GET auth/v2/ping HTTP/1.1", host), 400),
        Case("ftp://", head("GET ftp://localhost/auth/v2/ping HTTP/1.1", host), 400),
        Case("https:// with a user", head("GET https://a@localhost/auth/v2/ping HTTP/1.1", host), 400),
        Case("an asterisk", head("GET * HTTP/1.1", host), 400),
        Case("CONNECT", head("CONNECT localhost:443 HTTP/1.1", host), 501),
        Case("a target of 20,000 bytes", head("GET /" + "a" * 20_000 + " HTTP/1.1", host), 431),
    ])


@check("framing: a header that is malformed, doubled or too large is refused")
def _():
    host = "Host: localhost"
    bad_input.run(server, [
        Case("no Host", ping(), 400, detail="Host"),
        Case("two Hosts", ping(host, host), 400, detail="Host"),
        Case("an empty Host", ping("Host:"), 400, detail="Host"),
        Case("a Host with a user", ping("Host: a@localhost"), 400),
        Case("a Host with a path", ping("Host: localhost/x"), 400),
        Case("a Host with a comma", ping("Host: localhost,evil"), 400),
        Case("a Host with a word for a port", ping("Host: localhost:https"), 400),
        Case("a Host with port 65536", ping("Host: localhost:65536"), 400),
        Case("a Host with an open bracket", ping("Host: [::1"), 400),
        Case("a Host of 300 letters", ping("Host: " + "a" * 300), 400),
        Case("no Host beside an absolute target", head("GET https://localhost/auth/v2/ping HTTP/1.1"), 400),
        Case("a folded line", ping(host, "X-Test: a", " folded"), 400, detail="Folded"),
        Case("a folded first line", ping(" x", host), 400),
        Case("a blank before the colon", ping(host, "X-Test : a"), 400),
        Case("no colon", ping(host, "X-Test"), 400),
        Case("no name", ping(host, ": a"), 400),
        Case("a name with a bracket", ping(host, "X(Test): a"), 400),
        Case("NUL in a value", ping(host, b"X-Test: a\0b"), 400),
        Case("a carriage return in a value", ping(host, b"X-Test: a\rb"), 400),
        Case("DEL in a value", ping(host, b"X-Test: a\x7fb"), 400),
        Case("line feeds alone", b"GET /auth/v2/ping HTTP/1.1\nHost: localhost\n\n", 400, detail="CR LF"),
        Case("a line feed alone among others", b"GET /auth/v2/ping HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n", 400),
        Case("101 headers", ping(host, *[f"X-{i}: a" for i in range(101)]), 431),
        Case("17 KiB of headers", ping(host, "X-Test: " + "a" * 17_000), 431),
        Case("17 KiB of headers without end", b"GET / HTTP/1.1\r\nX-Test: " + b"a" * 17_000, 431),
        Case("an unknown expectation", ping(host, "Expect: the-moon"), 417),
    ])


@check("framing: a length or encoding that two readers could read differently is refused")
def _():
    big = 2 ** 64
    bad_input.run(server, [
        Case("Content-Length beside chunked",
             posted("Content-Length: 3", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
             400),
        Case("chunked beside Content-Length",
             posted("Transfer-Encoding: chunked", "Content-Length: 3", body=b"abc"), 400),
        Case("two equal Content-Lengths", posted("Content-Length: 3", "Content-Length: 3", body=b"abc"), 400),
        Case("two Content-Lengths", posted("Content-Length: 3", "Content-Length: 4", body=b"abc"), 400),
        Case("a list of lengths", posted("Content-Length: 3, 3", body=b"abc"), 400),
        Case("a length with a sign", posted("Content-Length: +3", body=b"abc"), 400),
        Case("a negative length", posted("Content-Length: -3", body=b"abc"), 400),
        Case("a hexadecimal length", posted("Content-Length: 0x3", body=b"abc"), 400),
        Case("a length with a fraction", posted("Content-Length: 3.0", body=b"abc"), 400),
        Case("an empty length", posted("Content-Length:", body=b"abc"), 400),
        Case("a length over 64 KiB", posted("Content-Length: 65537"), 413),
        Case("a length of 2^64", posted(f"Content-Length: {big}"), 413),
        Case("a length of 2^64 + 3", posted(f"Content-Length: {big + 3}", body=b"abc"), 413),
        Case("a length of 400 digits", posted("Content-Length: " + "9" * 400), 413),
        Case("gzip", posted("Transfer-Encoding: gzip"), 501),
        Case("gzip, chunked", chunked(b"0\r\n\r\n", "gzip, chunked"), 501),
        Case("chunked twice", chunked(b"0\r\n\r\n", "chunked, chunked"), 501),
        Case("identity", posted("Transfer-Encoding: identity"), 501),
        Case("chunked with a vertical tab", chunked(b"0\r\n\r\n", "\x0bchunked"), 400),
        Case("an empty encoding", posted("Transfer-Encoding:"), 400),
        Case("two encodings",
             posted("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), 400),
        Case("chunked in HTTP/1.0",
             head("POST /auth/v2/preauth HTTP/1.0", "Host: localhost", "Transfer-Encoding: chunked",
                                         body=b"0\r\n\r\n"), 400),
        Case("a chunk size that is no number", chunked(b"zz\r\nabc\r\n0\r\n\r\n"), 400),
        Case("an empty chunk size", chunked(b"\r\nabc\r\n0\r\n\r\n"), 400),
        Case("a negative chunk size", chunked(b"-3\r\nabc\r\n0\r\n\r\n"), 400),
        Case("a blank after the chunk size", chunked(b"3 \r\nabc\r\n0\r\n\r\n"), 400),
        Case("0x before the chunk size", chunked(b"0x3\r\nabc\r\n0\r\n\r\n"), 400),
        Case("a chunk size of 17 digits", chunked(b"f" * 17 + b"\r\nabc"), 400),
        Case("a chunk that is longer than it says", chunked(b"3\r\nabcd\r\n0\r\n\r\n"), 400),
        Case("a chunk size ended by a line feed", chunked(b"3\nabc\r\n0\r\n\r\n"), 400),
        Case("a chunk over 64 KiB", chunked(b"10001\r\n"), 413),
        Case("chunks over 64 KiB together", chunked((b"8000\r\n" + b"a" * 0x8000 + b"\r\n") * 2 + b"1\r\na\r\n"), 413),
        Case("an extension of 20 KiB", chunked(b"3;" + b"x" * 20_000 + b"\r\nabc\r\n0\r\n\r\n"), 413),
        Case("trailers of 20 KiB", chunked(b"0\r\nX: " + b"x" * 20_000 + b"\r\n\r\n"), 413),
        Case("a control character in a trailer", chunked(b"0\r\nX: \x01\r\n\r\n"), 400),
    ])


@check("framing: what is odd but allowed is served")
def _():
    fine = signed(app, HOST, "POST", PREAUTH, [("username", "alice")])
    pieces = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (fine.body[:5], fine.body[5:])) + b"0\r\n\r\n"
    bad_input.run(server, [
        Case("one empty line before the request", b"\r\n" + ping("Host: localhost"), 200),
        Case("a bare question mark", head("GET /auth/v2/ping? HTTP/1.1", "Host: localhost"), 200),
        Case("an absolute target", head(f"GET https://{HOST}/auth/v2/ping HTTP/1.1", f"Host: {HOST}"), 200),
        Case("headers in any case", ping("hOsT: localhost"), 200),
        Case("blanks around a value", ping("Host: \t localhost \t"), 200),
        Case("Chunked with a capital", raw_http.Request(
            "POST", PREAUTH, fine.without("Content-Length").also("Transfer-Encoding", "Chunked").headers, pieces), 200),
        Case("a chunk extension and a trailer", raw_http.Request(
            "POST", PREAUTH, fine.headers, pieces.replace(b"0\r\n\r\n", b"0;a=b\r\nX: y\r\n\r\n")), 200),
        Case("Expect: 100-continue", signed(app, HOST, "POST", PREAUTH, [("username", "alice"), ("x", "1")]).also(
            "Expect", "100-continue"), 200),
    ])


@check("framing: bytes after a request are the next request, and nothing after a refusal is read as one")
def _():
    with raw_http.Connection(server) as connection:
        connection.send(ping("Host: localhost") * 3)
        expect_equal([connection.reply().status for _ in range(3)], [200] * 3, "three requests in one write")
    with raw_http.Connection(server) as connection:
        hidden = b"0\r\n\r\n" + ping("Host: localhost")
        smuggled = posted("Content-Length: 6", "Transfer-Encoding: chunked", body=hidden)
        expect_equal(connection.ask(smuggled).status, 400, "an ambiguous request")
        expect(connection.is_closed(), "the connection must end with the refusal")


@check("framing: what is not TLS, or an old TLS, ends the connection and nothing else")
def _():
    for opening in (ping("Host: localhost"), b"\x16\x03\x01\xff\xff" + b"a" * 500, b"\0" * 100):
        with raw_http.Connection(server, tls=False) as connection:
            connection.send(opening)
            while connection.socket.recv(4096):  # an alert may come; then the end
                pass
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        try:
            raw_http.Connection(server, versions=(version, version)).close()
        except (ssl.SSLError, ConnectionResetError):
            continue
        expect(False, f"{version.name} was accepted")
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        raw_http.Connection(server, versions=(version, version)).close()
    socket.create_connection(("127.0.0.1", server.port)).close()


# ---- paths and verbs ------------------------------------------------------------------------------------------------

@check("paths: unknown ones are 40401, wrong verbs 40501 with Allow")
def _():
    host = f"Host: {HOST}"
    unknown = ["/auth/v2/", "/auth/v2/nothing", "/auth/v2/ping/", "/auth/v2//ping", "/auth/v2/../v2/ping",
               "/auth/v3/ping",
               "/AUTH/V2/PING", "/auth/v2/%70ing", "/rest/v1/ping.xml", "/rest/v1/ping.bson.json", "/rest/v2/ping",
               "/admin/v9/users", "/..%2f..%2fetc/passwd", "/control", "/metrics"]
    allows = lambda verb: lambda reply: "" if reply.header("allow") == verb else f"Allow is {reply.header('allow')}"
    bad_input.run(server, [Case(f"GET {path}", head(f"GET {path} HTTP/1.1", host), 404, 40401) for path in unknown] + [
        Case(f"{verb} {path}",
             head(f"{verb} {path} HTTP/1.1", host, "Content-Length: 0"), 405, 40501, also=allows(right))
        for verb, path, right in [("POST", "/auth/v2/ping", "GET"), ("GET", AUTH, "POST"), ("GET", PREAUTH, "POST"),
                                  ("PUT", AUTH, "POST"), ("DELETE", STATUS, "GET"), ("POST", STATUS, "GET"),
                                  ("PATCH", "/auth/v2/enroll", "POST"),
                                  ("OPTIONS", AUTH, "POST"),
                                  ("TRACE", AUTH, "POST"),
                                  ("get", "/auth/v2/ping", "GET"), ("BREW", "/auth/v2/ping", "GET"),
                                  ("GET", "/rest/v1/auth", "POST"), ("POST", "/rest/v1/status.json", "GET")]])


# ---- who is calling -------------------------------------------------------------------------------------------------

def with_authorization(value):
    return signed(app, HOST, "GET", CHECK).with_header("Authorization", value)


def with_login(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return with_authorization("Basic " + base64.b64encode(raw).decode())


@check("Authorization: missing or malformed is 40101, an unknown or disabled key 40102, a wrong signature 40103")
def _():
    key, right = app["integration_key"], "a" * 128
    bad_input.run(server, [
        Case("none", signed(app, HOST, "GET", CHECK).without("Authorization"), 401, 40101),
        Case("an empty one", with_authorization(""), 401, 40101),
        Case("Basic alone", with_authorization("Basic"), 401, 40101),
        Case("Basic and a blank", with_authorization("Basic "), 401, 40101),
        Case("Bearer", with_authorization("Bearer abcdef"), 401, 40101),
        Case("not base64", with_authorization("Basic !!!!"), 401, 40101),
        Case("base64 with a blank in it", with_authorization("Basic RElU RVNU"), 401, 40101),
        Case("base64 cut off", with_authorization("Basic RElURVNUS"), 401, 40101),
        Case("no colon", with_login(key), 401, 40101),
        Case("an empty key", with_login(":" + right), 401, 40101),
        Case("NUL in the key", with_login(b"DI\0AAAAAAAAAAAAAAAAA:" + right.encode()), 401, 40101),
        Case("a key that is not UTF-8", with_login(b"\xff\xfe\xfd:" + right.encode()), 401, 40101),
        Case("a key like SQL", with_login(f"' OR 1=1 --:{right}"), 401, 40101),
        Case("a header of 9,000 bytes", with_login("D" * 6_700 + ":" + right), 401, 40101),
        Case("an unknown key", with_login("DIAAAAAAAAAAAAAAAAAA:" + right), 401, 40102),
        Case("a key in lower case", with_login(f"{key.lower()}:{right}"), 401, 40102),
        Case("a key and a blank", with_login(f"{key} :{right}"), 401, 40101),
        Case("a disabled application", signed(disabled_app, HOST, "GET", CHECK), 401, 40102, "disabled"),
        Case("an empty signature", with_login(key + ":"), 401, 40103),
        Case("a signature of one digit", with_login(key + ":a"), 401, 40103),
        Case("a signature that is not hex", with_login(key + ":" + "z" * 128), 401, 40103),
        Case("a signature of 127 digits", with_login(key + ":" + "a" * 127), 401, 40103),
        Case("a signature of SHA-256's length", with_login(key + ":" + "a" * 64), 401, 40103),
        Case("a wrong signature", with_login(f"{key}:{right}"), 401, 40103, "secret key"),
        Case("a wrong SHA-1 signature", with_login(key + ":" + "a" * 40), 401, 40103),
        Case("an application of another kind", signed(admin_app, HOST, "GET", CHECK), 403, 40301, "type"),
    ])


@check("signature: every byte it covers counts, and what it does not cover is not believed")
def _():
    def spoiled(change, **how):
        request = signed(app, HOST, "POST", PREAUTH, [("username", "alice")], **how)
        change(request)
        return request

    def set_(field, value):
        return lambda request: setattr(request, field, value)

    wrong_secret = dict(app, secret_key="B" * 40)
    theirs = dict(app, secret_key=other_app["secret_key"])
    upper = signed(app, HOST, "GET", CHECK)
    login = base64.b64decode(dict(upper.headers)["Authorization"][6:]).decode()
    key, digits = login.split(":")
    bad_input.run(server, [
        Case("hex in upper case", upper.with_header("Authorization", duo_sign.basic(key, digits.upper())), 200),
        Case("basic in lower case",
             upper.with_header("Authorization", duo_sign.basic(key, digits).replace("B", "b", 1)), 200),
        Case("the body changed", spoiled(set_("body", b"username=alicf")), 401, 40103),
        Case("a parameter added in the query", spoiled(set_("target", PREAUTH + "?username=bob")), 200),
        Case("the path changed", spoiled(set_("target", "/auth/v2/enroll")), 401, 40103),
        Case("the date changed", spoiled(lambda r: r.with_header("Date", duo_sign.now(-7))), 401, 40103),
        Case("an X-Duo-Date added", spoiled(lambda r: r.also("X-Duo-Date", duo_sign.now(-7))), 401, 40103),
        Case("another host of ours", spoiled(lambda r: r.with_header("Host", "127.0.0.1")), 401, 40103),
        Case("a host that is not ours", signed(app, "evil.example", "GET", CHECK), 401, 40103, "host name"),
        Case("the wrong secret", signed(wrong_secret, HOST, "GET", CHECK), 401, 40103),
        Case("another tenant's secret", signed(theirs, HOST, "GET", CHECK), 401, 40103),
        Case("version 1 where it is off", signed(app, HOST, "GET", CHECK, version=1), 401, 40103, "version 1"),
        Case("no date and a wrong signature",
             signed(dict(app, secret_key="B" * 40), HOST, "GET", CHECK, version=1), 401, 40104,
             "X-Duo-Date"),
        Case("version 1 with a date beside it",
             signed(app, HOST, "GET", CHECK, version=1).also("Date", duo_sign.now()), 401),
        Case("version 1 where it is on", signed(old_app, HOST, "GET", CHECK, version=1, hash_name="sha1"), 200),
        Case("version 2 with SHA-1 where it is off",
             signed(strict_app, HOST, "GET", CHECK, hash_name="sha1"), 401, 40103,
             "SHA-1"),
        Case("version 2 with SHA-1 where it is on", signed(app, HOST, "GET", CHECK, hash_name="sha1"), 200),
        Case("version 4", signed(app, HOST, "POST", PREAUTH, [("username", "alice")], version=4), 200),
        Case("version 5", signed(app, HOST, "POST", PREAUTH, [("username", "alice")], version=5), 200),
        Case("version 4 with SHA-1", spoiled(lambda r: None, version=4, hash_name="sha1"), 401, 40103),
        Case("version 5 with SHA-1", spoiled(lambda r: None, version=5, hash_name="sha1"), 401, 40103),
        Case("version 5, the body changed", spoiled(set_("body", b'{"username": "alicf"}'), version=5), 401, 40103),
        Case("version 5, a query added", spoiled(set_("target", PREAUTH + "?username=bob"), version=5), 401, 40103),
        Case("version 5, an X-Duo header added", spoiled(lambda r: r.also("X-Duo-Other", "x"), version=5), 401, 40103),
        Case("version 2 over JSON", spoiled(lambda r: r.with_header("Content-Type", "application/json")), 401, 40103),
        Case("version 5 called a form",
             spoiled(lambda r: r.with_header("Content-Type", "application/x-www-form-urlencoded"),
                                                version=5), 401, 40103),
        Case("text/plain",
             signed(app, HOST, "POST", PREAUTH, [("username", "alice")], content_type="text/plain"), 401, 40103,
             "Content-Type"),
        Case("a multipart form", signed(app, HOST, "POST", PREAUTH, [("username", "alice")],
                                        content_type="multipart/form-data; boundary=x"), 401, 40103, "Content-Type"),
        Case("no Content-Type",
             signed(app, HOST, "POST", PREAUTH, [("username", "alice")]).without("Content-Type"), 401,
             40103, "Content-Type"),
        Case("a charset behind the type", signed(app, HOST, "POST", PREAUTH, [("username", "alice")],
                                                 content_type="application/x-www-form-urlencoded; charset=utf-8"), 200),
        Case("two Authorizations, the second wrong", signed(app, HOST, "GET", CHECK).also("Authorization", "Basic x"),
             (200, 400, 401)),
        Case("two Authorizations, the first wrong", raw_http.Request("GET", CHECK, [
            ("Authorization", "Basic x"), *signed(app, HOST, "GET", CHECK).headers]), (400, 401)),
    ])


@check("dates: unreadable or more than 300 s off is 40105 and says by how much; every zone spelling is read")
def _():
    dated = lambda date, **how: signed(app, HOST, "GET", CHECK, date=date, **how)
    bad = ["yesterday", "1700000000", "2026-01-01T00:00:00Z", "Tue, 31 Feb 2023 10:00:00 -0000",
           "Tue, 21 Aug 2012", "Tue, 21 Aug 2012 25:00:00 -0000", "Tue, 21 Foo 2012 17:29:18 -0000",
           "Tue, 21 Aug 99999 1:1:1",
           "Tue, 21 Aug 2012 17:29:18", "Tue, 21 Aug 2012 17:29:18 +9999", "-1", "x" * 2_000,
           "Tue, 21 Aug 0001 17:29:18 -0000"]
    local = time.strftime("%a, %d %b %Y %H:%M:%S +0530", time.gmtime(time.time() + 19_800))
    cases = [Case(f"{date[:40]!r}", dated(date), 401, 40105) for date in bad]
    cases += [Case("the year 2012", dated("Tue, 21 Aug 2012 17:29:18 -0000"), 401, 40105, "behind"),
              Case("the year 9999", dated("Fri, 31 Dec 9999 23:59:59 -0000"), 401, 40105, "ahead"),
              Case("310 s behind", dated(duo_sign.now(-310)), 401, 40105, "seconds behind ours"),
              Case("310 s ahead", dated(duo_sign.now(310)), 401, 40105, "seconds ahead of ours"),
              Case("290 s behind", dated(duo_sign.now(-290)), 200), Case("290 s ahead", dated(duo_sign.now(290)), 200),
              Case("GMT", dated(duo_sign.now().replace("-0000", "GMT")), 200), Case("+0530", dated(local), 200),
              Case("an old X-Duo-Date beside a good Date", dated(duo_sign.now(-999), date_header="X-Duo-Date").also(
                  "Date", duo_sign.now()), 401, 40105),
              Case("a good X-Duo-Date beside an old Date", dated(duo_sign.now(), date_header="X-Duo-Date").also(
                  "Date", duo_sign.now(-999)), 200),
              Case("an empty Date", dated("").with_header("Date", ""), 401),
              Case("wrong secret and wrong date: the signature comes first",
                   signed(dict(app, secret_key="B" * 40), HOST, "GET", CHECK, date="yesterday"), 401, 40103)]
    bad_input.run(server, cases)


# ---- parameters -----------------------------------------------------------------------------------------------------

def form_of(body, path=PREAUTH):
    return signed(app, HOST, "POST", path, body=body if isinstance(body, bytes) else body.encode())


def json_of(body, path=PREAUTH, version=5):
    return signed(app, HOST, "POST", path, body=body if isinstance(body, bytes) else body.encode(), version=version)


@check("forms: what is not text, too much, or stands twice is 40002; what is missing is 40001 by name")
def _():
    bad_input.run(server, [
        Case("% without digits", form_of("username=%"), 400, 40002), Case("%zz", form_of("username=%zz"), 400, 40002),
        Case("%0", form_of("username=ab%0"), 400, 40002), Case("NUL", form_of("username=a%00b"), 400, 40002),
        Case("NUL in a name", form_of("user%00name=a"), 400, 40002),
        Case("a lone high byte", form_of("username=%ff"), 400, 40002),
        Case("a raw high byte", form_of(b"username=\xff"), 400, 40002),
        Case("overlong UTF-8", form_of("username=%c0%80"), 400, 40002),
        Case("a surrogate", form_of("username=%ed%a0%80"), 400, 40002),
        Case("beyond Unicode", form_of("username=%f4%90%80%80"), 400, 40002),
        Case("UTF-8 cut off", form_of("username=%e2%82"), 400, 40002),
        Case("bad UTF-8 in an unknown parameter", form_of("username=alice&x=%ff"), 400, 40002),
        Case("a line feed in the name", form_of("username=a%0Ab"), 400, 40002, "username"),
        Case("an escape character", form_of("username=a%1B%5B31m"), 400, 40002, "username"),
        Case("a name of 256 bytes", form_of("username=" + "a" * 256), 400, 40002, "username"),
        Case("a name of 60,000 bytes", form_of("username=" + "a" * 60_000), 400, 40002, "username"),
        Case("201 parameters",
             form_of("&".join(["username=alice"] + [f"x{i}=1" for i in range(200)])), 400, 40002, "200"),
        Case("username twice", form_of("username=alice&username=alice"), 400, 40002, "username"),
        Case("ipaddr twice", form_of("username=alice&ipaddr=192.0.2.1&ipaddr=192.0.2.2"), 400, 40002, "ipaddr"),
        Case("an unknown one twice", form_of("username=alice&x=1&x=2"), 200),
        Case("no user", form_of("ipaddr=192.0.2.1"), 400, 40001, "user_id or username"),
        Case("an empty body", form_of(b""), 400, 40001, "user_id or username"),
        Case("an empty user", form_of("username="), 400, 40001),
        Case("only separators", form_of("&&&=&&"), 400, 40001),
        Case("a name without value", form_of("username"), 400, 40001),
        Case("both kinds of user", form_of(f"username=alice&user_id={alice}"), 400, 40002, "not both"),
        Case("an id with a slash", form_of("user_id=DU/../x"), 400, 40002, "user_id"),
        Case("an id of 100 letters", form_of("user_id=" + "D" * 100), 400, 40002, "user_id"),
        Case("an address of 300 bytes", form_of("username=alice&ipaddr=" + "1" * 300), 400, 40002, "ipaddr"),
        Case("a host name with a bell", form_of("username=alice&hostname=a%07"), 400, 40002, "hostname"),
        Case("a remembered token of 600 bytes",
             form_of("username=alice&trusted_device_token=" + "a" * 600), 400, 40002),
        Case("a remembered token nobody gave", form_of("username=alice&trusted_device_token=abc"), 200),
        Case("text_prompt=maybe", form_of("username=alice&text_prompt=maybe"), 400, 40002, "text_prompt"),
        Case("a name like SQL", form_of("username=%27%3B+DROP+TABLE+users%3B--"), 200),
        Case("a name in Cyrillic", form_of("username=%D0%B0%D0%BB%D0%B8%D1%81%D0%B0"), 200),
    ])


@check("JSON: what is not one object of texts is 40002; doubled names too")
def _():
    deep = "[" * 40 + "]" * 40
    bad_input.run(server, [
        Case("not JSON", json_of("username=alice"), 400, 40002), Case("an open brace", json_of("{"), 400, 40002),
        Case("a list", json_of('["alice"]'), 400, 40002), Case("a text", json_of('"alice"'), 400, 40002),
        Case("a number", json_of("1"), 400, 40002), Case("null", json_of("null"), 400, 40002),
        Case("something after it", json_of('{"username":"alice"} x'), 400, 40002),
        Case("two objects", json_of('{"username":"alice"}{}'), 400, 40002),
        Case("a trailing comma", json_of('{"username":"alice",}'), 400, 40002),
        Case("a comment", json_of('{"username":"alice"/**/}'), 400, 40002),
        Case("single quotes", json_of("{'username':'alice'}"), 400, 40002),
        Case("NaN", json_of('{"username":NaN}'), 400, 40002),
        Case("a byte order mark", json_of(b'\xef\xbb\xbf{"username":"alice"}'), 400, 40002),
        Case("a lone high byte", json_of(b'{"username":"\xff"}'), 400, 40002),
        Case("a lone surrogate", json_of('{"username":"\\ud800"}'), 400, 40002),
        Case("NUL", json_of('{"username":"a\\u0000b"}'), 400, 40002),
        Case("a raw control character", json_of(b'{"username":"a\x01b"}'), 400, 40002),
        Case("an escaped line feed", json_of('{"username":"a\\nb"}'), 400, 40002, "username"),
        Case("username twice", json_of('{"username":"alice","username":"bob"}'), 400, 40002, "username"),
        Case("username twice, one escaped",
             json_of('{"username":"alice","\\u0075sername":"bob"}'), 400, 40002, "username"),
        Case("an unknown name twice", json_of('{"username":"alice","x":1,"x":2}'), 200),
        Case("a list for a name", json_of('{"username":["alice"]}'), 400, 40002, "username"),
        Case("an object for a name", json_of('{"username":{"$gt":""}}'), 400, 40002, "username"),
        Case("a fraction for a name", json_of('{"username":1.5}'), 400, 40002, "username"),
        Case("null for a name", json_of('{"username":null}'), 400, 40001, "username"),
        Case("no name", json_of("{}"), 400, 40001, "username"), Case("an empty body", json_of(b""), 400, 40001),
        Case("40 deep, unknown", json_of('{"username":"alice","x":%s}' % deep), 400, 40002),
        Case("10,000 deep", json_of('{"x":' + "[" * 10_000), 400, 40002),
        Case("1e999, unknown", json_of('{"username":"alice","x":1e999}'), 400, 40002),
        Case("a number of 400 digits, unknown", json_of('{"username":"alice","x":%s}' % ("9" * 400)), 400, 40002),
        Case("a number of 400 digits", json_of('{"username":%s}' % ("9" * 400)), 400, 40002),
        Case("9,000 unknown names",
             json_of('{"username":"alice",' + ",".join('"a":1' for _ in range(9_000)) + "}"), 200),
        Case("name in the query and in the body",
             signed(app, HOST, "POST", PREAUTH, [("username", "alice")], version=5),
             200),
        Case("a name beyond the limit", json_of('{"username":"%s"}' % ("a" * 300)), 400, 40002, "username"),
        Case("version 4 alike", json_of('{"username":"alice","username":"bob"}', version=4), 400, 40002, "username"),
    ])


def auth_of(words, **more):
    pairs = [("username", "alice")] + [tuple(word.split("=", 1)) for word in words.split("&") if word]
    return signed(app, HOST, "POST", AUTH, pairs + list(more.items()))


@check("auth: each parameter's mistakes are named")
def _():
    denied = lambda reply: "" if reply.response["result"] == "deny" else "a wrong code must be denied"
    long_info = "a=" + "b" * 20_000
    bad_input.run(server, [
        Case("no factor", auth_of(""), 400, 40001, "factor"),
        Case("an empty factor", auth_of("factor="), 400, 40001, "factor"),
        Case("an unknown factor", auth_of("factor=telepathy"), 400, 40002, "factor"),
        Case("a factor of 300 bytes", auth_of("factor=" + "a" * 300), 400, 40002, "factor"),
        Case("no passcode", auth_of("factor=passcode"), 400, 40001, "passcode"),
        Case("an empty passcode", auth_of("factor=passcode&passcode="), 400, 40001, "passcode"),
        Case("a passcode of 129 bytes", auth_of("factor=passcode&passcode=" + "1" * 129), 400, 40002, "passcode"),
        Case("passcode twice", auth_of("factor=passcode&passcode=123456&passcode=123456"), 400, 40002, "passcode"),
        Case("letters for a passcode", auth_of("factor=passcode&passcode=abcdef"), 200, also=denied),
        Case("digits of another script", auth_of("factor=passcode", passcode="١٢٣٤٥٦"), 200, also=denied),
        Case("a negative passcode", auth_of("factor=passcode&passcode=-12345"), 200, also=denied),
        Case("async=2", auth_of("factor=passcode&passcode=000000&async=2"), 400, 40002, "async"),
        Case("push without device", auth_of("factor=push"), 400, 40001, "device"),
        Case("push to a device that is none", auth_of("factor=push&device=DPAAAAAAAAAAAAAAAAAA"), 400, 40002),
        Case("push to a device with a slash", auth_of("factor=push&device=../x"), 400, 40002),
        Case("push without a phone", auth_of("factor=push&device=auto"), 400, 40002, "no capable device"),
        Case("a txid that is none", auth_of("factor=push&txid=%25"), 400, 40002, "txid"),
        Case("a txid of nobody", auth_of("factor=push&txid=" + UNKNOWN_TXID), 400, 40002),
        Case("sms", auth_of("factor=sms&device=auto"), 400, 40002, "no capable device"),
        Case("phone without device", auth_of("factor=phone"), 400, 40001, "device"),
        Case("prompt without choice", auth_of("factor=prompt"), 400, 40001, "prompt"),
        Case("prompt=push99", auth_of("factor=prompt&prompt=push99"), 400, 40002, "no capable device"),
        Case("pushinfo of 20,002 bytes",
             auth_of("factor=push&device=auto", pushinfo=long_info), 400, 40002, "pushinfo"),
        Case("pushinfo that is not encoded",
             auth_of("factor=push&device=auto", pushinfo="a=%zz"), 400, 40002, "pushinfo"),
        Case("pushinfo with NUL", auth_of("factor=push&device=auto", pushinfo="a=%00"), 400, 40002, "pushinfo"),
        Case("pushinfo of 201 pairs", auth_of("factor=push&device=auto", pushinfo="&".join(["a=b"] * 201)), 400, 40002,
             "pushinfo"),
        Case("a title with an escape", auth_of("factor=push&device=auto", type="a\x1b[2J"), 400, 40002, "type"),
        Case("a name to show with an escape", auth_of("factor=push&device=auto", display_username="\x07"), 400, 40002,
             "display_username"),
    ])
    server.run("user", "unlock", alice)


@check("enrol, status and bypass codes: numbers out of range and ids of nobody are 40002 or 40401")
def _():
    get = lambda **parameters: signed(app, HOST, "GET", STATUS, parameters.items())
    post = lambda path, **parameters: signed(app, HOST, "POST", path, parameters.items())
    numbers = ["-1", "abc", "1e3", "1.5", "99999999999999999999", " 5", "0x10", "५"]
    invalid = lambda reply: "" if reply.response == "invalid" else "wanted invalid"
    bad_input.run(server, [
        *[Case(f"enroll valid_secs={n}",
               post("/auth/v2/enroll", username="new", valid_secs=n), 400, 40002, "valid_secs")
          for n in numbers + ["0"]],
        *[Case(f"enroll bypass_codes={n}",
               post("/auth/v2/enroll", username="new", bypass_codes=n), 400, 40002, "bypass_codes")
          for n in numbers + ["11"]],
        Case("enroll a user there is",
             post("/auth/v2/enroll", username="alice"), 400, 40002, "username already exists"),
        Case("enroll the same in capitals",
             post("/auth/v2/enroll", username="ALICE"), 400, 40002, "username already exists"),
        Case("enroll a name of 256 bytes", post("/auth/v2/enroll", username="a" * 256), 400, 40002, "username"),
        Case("enroll a bell", post("/auth/v2/enroll", username="\x07"), 400, 40002, "username"),
        Case("status without user", post("/auth/v2/enroll_status", activation_code="x"), 400, 40001, "user_id"),
        Case("status without code", post("/auth/v2/enroll_status", user_id=alice), 400, 40001, "activation_code"),
        Case("status of no id",
             post("/auth/v2/enroll_status", user_id="a b", activation_code="x"), 400, 40002, "user_id"),
        Case("status of a code of nobody",
             post("/auth/v2/enroll_status", user_id=alice, activation_code="x"), 200, also=invalid),
        Case("no txid", get(), 400, 40001, "txid"), Case("an empty txid", get(txid=""), 400, 40001, "txid"),
        Case("a txid with a blank", get(txid="a b"), 400, 40002, "txid"),
        Case("txid of nobody", get(txid=UNKNOWN_TXID), 404, 40401),
        Case("txid twice", signed(app, HOST, "GET", STATUS, [("txid", UNKNOWN_TXID),
        ("txid", UNKNOWN_TXID)]), 400, 40002, "txid"),
        *[Case(f"bypass_codes count={n}", post("/auth/v2/bypass_codes", username="alice", count=n), 400, 40002, "count")
          for n in numbers + ["0", "11"]],
        Case("bypass codes of nobody", post("/auth/v2/bypass_codes", username="nobody"), 404, 40401),
    ])


@check("/rest/v1 answers its mistakes in JSON and in BSON")
def _():
    def old(path, method="POST", **parameters):
        return signed(old_app, HOST, method, path, parameters.items(), version=1, hash_name="sha1")
    bad_input.run(server, [
        Case("no user", old("/rest/v1/preauth"), 400, 40001, "user"),
        Case("no factor", old("/rest/v1/auth", user="alice"), 400, 40001, "factor"),
        Case("an unknown factor", old("/rest/v1/auth", user="alice", factor="x"), 400, 40002, "factor"),
        Case("auto without choice", old("/rest/v1/auth.json", user="alice", factor="auto"), 400, 40001, "auto"),
        Case("passcode without code", old("/rest/v1/auth", user="alice", factor="passcode"), 400, 40001, "code"),
        Case("status without txid", old("/rest/v1/status", "GET"), 400, 40001, "txid"),
        Case("status of nobody", old("/rest/v1/status", "GET", txid=UNKNOWN_TXID), 404, 40401),
    ])
    reply = raw_http.once(server, old("/rest/v1/preauth.bson"))
    expect_equal((reply.status, reply.header("content-type")), (400, "application/bson"), "a mistake over BSON")
    expect_equal(int.from_bytes(reply.body[:4], "little"), len(reply.body), "the length that BSON begins with")
    expect(b"\x10code\0" + (40001).to_bytes(4, "little") in reply.body, f"code 40001 in {reply.body!r}")
    unsigned = raw_http.once(server, head("GET /rest/v1/check.bson HTTP/1.1", f"Host: {HOST}"))
    expect_equal((unsigned.status, unsigned.header("content-type")), (401, "application/bson"), "no signature, in BSON")


# ---- what belongs to somebody else ----------------------------------------------------------------------------------

def same(first, second, what):
    expect_equal((first.status, first.body), (second.status, second.body), what)


@check("another tenant's user, attempt, phone and code are answered as ones that do not exist")
def _():
    def ask(by, method, path, **parameters):
        return raw_http.once(server, signed(by, HOST, method, path, parameters.items()))
    nobody = "DU" + "2" * 18
    for path, more in [(PREAUTH, {}), (AUTH, {"factor": "passcode", "passcode": "123456"}),
                       (AUTH, {"factor": "push", "device": "auto"}), ("/auth/v2/bypass_codes", {})]:
        hidden = lambda reply, user: reply.body.replace(user.encode(), b"USER")
        theirs, none = ask(app, "POST", path, user_id=mallory, **more), ask(app, "POST", path, user_id=nobody, **more)
        expect_equal((theirs.status, hidden(theirs, mallory)), (none.status, hidden(none, nobody)), f"{path} {more}")
        expect(theirs.status != 500 and b"mallory" not in theirs.body, f"{path}: {theirs}")
    begun = ask(other_app, "POST", AUTH, username="mallory", factor="passcode", passcode="000000", **{"async": "1"})
    txid = begun.response["txid"]
    same(ask(app, "GET", STATUS, txid=txid), ask(app, "GET", STATUS, txid=UNKNOWN_TXID), "another tenant's attempt")
    same(ask(strict_app, "GET", STATUS, txid=txid), ask(app, "GET", STATUS, txid=UNKNOWN_TXID), "of another key")
    expect_equal(ask(other_app, "GET", STATUS, txid=txid).status, 200, "their own key")
    server.user(tenant, "bob")
    phone = server.run("phone", "create", "--user", "bob", "--tenant", tenant)["phone_id"]
    foreign = server.run("phone", "create", "--user", mallory)["phone_id"]
    push = lambda device: ask(app, "POST", AUTH, username="bob", factor="push", device=device)
    same(push(foreign), push("DP" + "2" * 18), "a push to another tenant's phone")
    expect(phone != foreign, "two phones")
    enrolled = ask(other_app, "POST", "/auth/v2/enroll").response
    code = enrolled["activation_code"]
    status = lambda by, user, code: ask(by, "POST", "/auth/v2/enroll_status", user_id=user, activation_code=code)
    expect_equal(status(other_app, enrolled["user_id"], code).response, "waiting", "their own enrolment")
    expect_equal(status(app, enrolled["user_id"], code).response, "invalid", "another tenant's enrolment")
    expect_equal(status(app, alice, code).response, "invalid", "another tenant's code with a user of ours")


# ---- the control socket ---------------------------------------------------------------------------------------------

@check("control socket: what is no command is an error line, and the socket lives on")
def _():
    def ask(line):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(server.data / "control.sock"))
            try:
                control.sendall(line + b"\n")
                read = b""
                while not read.endswith(b"\n") and (piece := control.recv(65536)):
                    read += piece
                return read
            except (BrokenPipeError, ConnectionResetError):
                return b""
    lines = [b"", b"{", b"[]", b"null", b'"x"', b"\0\0", b"\xff\xfe", b'{"command":1}', b'{"command":"user fly"}',
             b'{"command":"tenant create"}', b'{"command":"tenant create","args":[]}',
             b'{"command":"tenant create","args":{"name":5}}',
             b'{"command":"tenant create","args":{"name":"a\\u0000"}}',
             b'{"command":"user show","args":{"user":"DU22222222222222222"}}', b"[" * 100_000]
    for line in lines:
        reply = ask(line)
        expect(reply == b"" or b'"error"' in reply, f"{line[:60]!r}: {reply!r}")
    expect(ask(b"x" * 3_000_000).count(b"\n") <= 1, "a line of 3 MB")
    expect_equal(server.run("tenant", "list")[0].get("tenant_id") is not None, True, "the command line afterwards")


@check("our own signer agrees with the known answers")
def _():
    known = json.loads((ROOT / "vectors/duo/request-signing.json").read_text())
    for vector in known["vectors"]:
        body = (vector["body"] or "").encode()
        pairs = "&".join(f"{name}={duo_sign.encode(value)}" for name, value in vector["params"])
        headers = [("X-Duo-Date", vector["date"])] if vector["dateHeader"] == "X-Duo-Date" else []
        text = duo_sign.canonical(vector["signatureVersion"], vector["date"], vector["method"], vector["host"],
                                  vector["path"], duo_sign.canonical_parameters(pairs), body, headers)
        expect_equal(text, vector["canonical"], f"vector {vector['name']}")
        mac = duo_sign.mac(known["skey"], text, vector["hash"].lower().replace("-", ""))
        expect_equal(mac, vector["expectedHmacHex"], f"vector {vector['name']}")
    expect_equal(len(known["vectors"]), 12, "the number of vectors")


@check(f"afterwards: at least {CASES_MIN} bad requests, one good sign-in, and nothing of a crash in the log")
def _():
    expect(bad_input.COUNT["cases"] >= CASES_MIN, f"only {bad_input.COUNT['cases']} cases")
    reply = duo_sign.Client(server, app).passcode("alice", alice_token.next())
    expect_equal(reply.response["result"], "allow", f"a good sign-in: {reply}")
    bad_input.expect_quiet_log(server)


main([server])
