"""Tables of bad requests: what is sent, and the status, code and text that must come back."""
import json

import raw_http
from harness import Failed, expect

# Nothing that a caller is told may look like the inside of a program.
INNER_WORDS = ("sqlite", "postgres", "exception", "std::", "select ", "errno", "terminate", "assert")
COUNT = {"cases": 0}


class Case:
    """`code` and `error` are of the two dialects: Duo's number, the device protocol's word; None: not looked at."""

    def __init__(self, name, request, status, code=None, detail=None, error=None, also=None):
        self.name, self.request, self.status, self.code = name, request, status, code
        self.detail, self.error, self.also = detail, error, also


def fault_of(case, reply):
    """What is wrong about a reply; empty when nothing is."""
    wanted = case.status if isinstance(case.status, tuple) else (case.status,)
    if reply.status not in wanted:
        return f"wanted {case.status}"
    if case.code is not None and reply.code != case.code:
        return f"wanted code {case.code}"
    body = reply.json
    if reply.status != 200 and case.error is None:
        if body.get("stat") != "FAIL" or reply.code // 100 != reply.status or not body.get("message"):
            return "not the envelope of a failure"
        if not body.get("message_detail"):
            return "no text that says what to fix"
        if set(body) - {"stat", "code", "message", "message_detail"}:
            return "a key that clients do not know"
    if case.error is not None and (body.get("error") != case.error or not body.get("message")):
        return f"wanted error {case.error!r} with a message"
    if case.detail and case.detail not in (body.get("message_detail") or body.get("message") or ""):
        return f"wanted {case.detail!r} in the text"
    if any(word in reply.body.decode("utf-8", "replace").lower() for word in INNER_WORDS):
        return "tells about the inside"
    if case.also and (more := case.also(reply)):
        return more
    return ""


def run(server, cases):
    """Sends each on a connection of its own; all that is wrong is said at once."""
    faults = []
    for case in cases:
        COUNT["cases"] += 1
        sent = case.request if isinstance(case.request, bytes) else case.request.bytes()
        try:
            with raw_http.Connection(server) as connection:
                reply = connection.ask(sent)
            fault = fault_of(case, reply)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, raw_http.Closed) as error:
            reply, fault = None, f"{type(error).__name__}: {error}"
        if fault:
            shown = sent if len(sent) <= 900 else sent[:700] + b" ... " + sent[-120:]
            faults.append(f"{case.name}: {fault}; got {reply}\n        sent {shown!r}")
    expect(server.process.poll() is None, "the server has crashed")
    with raw_http.Connection(server) as connection:
        ping = connection.ask(b"GET /auth/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n")
        expect(ping.status == 200, f"ping afterwards: {ping}")
    if faults:
        raise Failed(f"{len(faults)} of {len(cases)} wrong:\n      " + "\n      ".join(faults))


def expect_quiet_log(server):
    """The operator's log has only JSON lines, and none of a failure inside the server."""
    for line in (server.folder / "serve.log").read_text(errors="replace").splitlines():
        event = json.loads(line)
        expect(event.get("level") != "error", f"the operator's log: {line}")
        inner = str(event.get("event")).startswith(("http.handler", "http.reply"))
        expect(not inner, f"the operator's log: {line}")
