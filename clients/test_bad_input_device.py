#!/usr/bin/env python3
"""The device face's side of test_bad_input.py: whatever an authenticator sends, it gets the documented error.

The phone is plain Python (device_sign.py), written from docs/protocols/device.md alone.
"""
import json
import re
import time

import bad_input
import device_sign
import duo_sign
import raw_http
from bad_input import Case
from harness import Server, check, expect_equal, main

UNKNOWN_TXID = "00000000-0000-4000-8000-000000000000"

server = Server()
tenant, other_tenant = server.tenant("Acme"), server.tenant("Other")
app, other_app = server.app(tenant), server.app(other_tenant)
alice, mallory = server.user(tenant, "alice"), server.user(other_tenant, "mallory")
devices = {}


def activated(user, name):
    phone = server.run("phone", "create", "--user", user, "--name", name)["phone_id"]
    code = server.run("phone", "activate", phone)["activation_code"]
    device = device_sign.Device(server)
    reply = device.activate(re.sub(r"^duo://", "", code).split("-")[0])
    expect_equal(reply.status, 200, f"activation: {reply}")
    return device


@check("device: bodies and parameters of the wrong form are 400 or 413, unknown paths 404, other verbs 405")
def _():
    device = devices["alice"] = activated(alice, "first")
    point = device_sign.base64url(device.key.public())
    activate = lambda body: device.plain("POST", "/device/v1/activate", body.encode())
    of = lambda **members: activate(json.dumps({"code": "ABCDEFGHJKLMNPQRSTUV", "public_key": point, **members}))
    answer_path = f"/device/v1/requests/{UNKNOWN_TXID}/answer"
    answer = lambda body: device.request("POST", answer_path, body.encode() if isinstance(body, str) else body)
    good_answer = json.loads(device.answer_body(UNKNOWN_TXID, "approve", "123"))
    answered = lambda **members: answer(json.dumps({**good_answer, **members}))
    malformed = lambda name, request: Case(name, request, 400, error="malformed")
    off_curve = device_sign.base64url(b"\x04" + b"\1" * 64)
    bad_input.run(server, [
        malformed("not JSON", activate("code=x")),
        malformed("an empty body", activate("")),
        malformed("a list", activate("[]")),
        malformed("no code", activate(json.dumps({"public_key": point}))), malformed("code of a number", of(code=5)),
        malformed("an empty code", of(code="")), malformed("a code of 65 bytes", of(code="A" * 65)),
        malformed("no key", activate('{"code":"ABCDEFGHJKLMNPQRSTUV"}')),
        malformed("a key that is not base64", of(public_key="!")),
        malformed("a key that is too short", of(public_key=point[:-4])),
        malformed("a point off the curve", of(public_key=off_curve)),
        malformed("a platform of 65 bytes", of(platform="x" * 65)),
        malformed("a platform with an escape", of(platform="\x1b")),
        malformed("code twice", activate('{"code":"A","code":"B","public_key":"%s"}' % point)),
        malformed("40 deep", activate('{"x":' + "[" * 40 + "]" * 40 + "}")),
        Case("5 KiB", of(x="x" * 5_000), 413, error="exhausted"),
        Case("a code of nobody", of(), 403, error="refused"),
        Case("GET activate", device.plain("GET", "/device/v1/activate"), 405, error="malformed"),
        Case("no such path", device.request("GET", "/device/v1/nothing"), 404, error="not_found"),
        Case("no such version", device.request("GET", "/device/v2/requests"), 404, error="not_found"),
        Case("POST requests", device.request("POST", "/device/v1/requests"), 405, error="malformed"),
        *[malformed(f"wait={wait}", device.request("GET", f"/device/v1/requests?wait={wait}"))
          for wait in ("-1", "26", "abc", "1.5", "99999999999999999999", "", "1&wait=1", "%zz", "%00")],
        malformed("an answer that is not JSON", answer("approve")),
        malformed("an answer without decision", answer("{}")),
        malformed("an unknown decision", answer('{"decision":"maybe","signature":"%s"}' % ("A" * 86))),
        malformed("decision of a list", answered(decision=["approve"])),
        malformed("a number of 17 bytes", answered(number="1" * 17)),
        malformed("a number that is none", answered(number=123)),
        malformed("a signature of 10 bytes", answered(signature="AAAAAAAAAAAAAA")),
        malformed("decision twice",
                  answer('{"decision":"deny","decision":"approve","number":"","signature":"%s"}' % ("A" * 86))),
        Case("an answer of 5 KiB", answered(x="x" * 5_000), 413, error="exhausted"),
        Case("an answer to nothing", answered(), 404, error="not_found"),
        Case("an answer to a path",
             device.request("POST", "/device/v1/requests/../x/answer", b"{}"), 404, error="not_found"),
        Case("a QR code of nothing", device.plain("GET", "/frame/qr"), 400, error="malformed"),
        Case("a QR code of 600 bytes", device.plain("GET", "/frame/qr?value=" + "a" * 600), 413, error="exhausted"),
        Case("two QR codes", device.plain("GET", "/frame/qr?value=a&value=b"), 400, error="malformed"),
        Case("a QR code of %zz", device.plain("GET", "/frame/qr?value=%zz"), 400, error="malformed"),
        Case("POST a QR code", device.plain("POST", "/frame/qr?value=a", b""), 405, error="malformed"),
        Case("a page of a path", device.plain("GET", "/activate/../x"), 404, error="not_found"),
    ])


@check("device: a bad signature is always the same refusal, and only the device hears about its clock")
def _():
    device = devices["alice"]
    account, answer_path = "/device/v1/account", f"/device/v1/requests/{UNKNOWN_TXID}/answer"
    good = device.authorization("GET", account)
    parts = dict(re.findall(r'(\w+)="([^"]*)"', good))
    line = lambda **other: 'Countersign-Device ' + ", ".join(f'{k}="{v}"' for k, v in {**parts, **other}.items())
    with_ = lambda value: device.plain("GET", account).also("Authorization", value)
    stranger = device_sign.Device(server, device.id)
    unknown = device_sign.Device(server, "DP" + "2" * 18, device.key)
    now = int(time.time())
    flipped = ("B" if parts["signature"][0] == "A" else "A") + parts["signature"][1:]
    refused = [
        ("none", device.plain("GET", account)), ("empty", with_("")), ("the scheme alone", with_("Countersign-Device")),
        ("Basic", with_("Basic abc")),
        ("without quotes", with_(good.replace('"', ""))),
        ("an open quote", with_(good[:-1])),
        ("id twice", with_(good + f', id="{device.id}"')), ("no id", with_(line().replace("id=", "xd="))),
        ("another parameter", with_(good + ', x="1"')),
        ("an id with a slash", with_(line(id="../x"))),
        ("an empty ts", with_(line(ts=""))),
        ("a negative ts", with_(line(ts="-1"))),
        ("a ts of 30 digits", with_(line(ts="1" * 30))),
        ("a ts that was not signed", with_(line(ts=str(now - 7)))),
        ("a signature cut off", with_(line(signature=parts["signature"][:-2]))),
        ("a signature of zeros", with_(line(signature="A" * 86))),
        ("one bit of the signature", with_(line(signature=flipped))),
        ("a padded signature", with_(line(signature=parts["signature"] + "=="))),
        ("600 bytes", with_(line(x="a" * 600))),
        ("another key", stranger.request("GET", account)),
        ("an unknown device", unknown.request("GET", account)),
        ("another path", device.plain("GET", "/device/v1/requests").also("Authorization", good)),
        ("a query added", device.plain("GET", account + "?x=1").also("Authorization", good)),
        ("another host", device.plain("GET", account).with_header("Host", "127.0.0.1").also("Authorization", good)),
        ("a stranger whose clock is off", stranger.request("GET", account, ts=str(now - 1000))),
        ("a body added", device.plain("POST", answer_path, b"{}").also(
            "Authorization", device.authorization("POST", answer_path, b""))),
    ]
    first = raw_http.once(server, refused[0][1]).body
    alike = lambda reply: "" if reply.body == first else "not the same refusal as the others"
    clock = lambda reply: "" if abs(reply.json["server_time"] - now) < 60 else "no server_time"
    bad_input.run(server, [Case(name, request, 401, error="refused", also=alike) for name, request in refused] + [
        Case("its clock 400 s behind",
             device.request("GET", account, ts=str(now - 400)), 401, error="clock", also=clock),
        Case("its clock 400 s ahead",
             device.request("GET", account, ts=str(now + 400)), 401, error="clock", also=clock),
    ])
    expect_equal(raw_http.once(server, device.request("GET", account)).status, 200, "the device itself")


@check("device: another phone's or tenant's request is not there, a bad answer's signature 403, a second answer 409")
def _():
    eve = activated(server.user(tenant, "eve"), "second")
    mal = activated(mallory, "third")
    client = duo_sign.Client(server, app)
    begun = client.post("/auth/v2/auth", username="alice", factor="push", device="auto", **{"async": "1"})
    expect_equal(begun.status, 200, f"a push: {begun}")
    device = devices["alice"]
    request = device.pending().json["requests"][0]["id"]
    for who, other in (("another user's", eve), ("another tenant's", mal)):
        expect_equal(other.pending().json, {"requests": []}, f"{who} phone sees")
        reply = other.answer(request, "approve", "123")
        expect_equal((reply.status, reply.json["error"]), (404, "not_found"), f"{who} answer")
    forged = json.loads(device.answer_body(request, "approve", "123"))
    forged["signature"] = json.loads(eve.answer_body(request, "approve", "123"))["signature"]
    path = f"/device/v1/requests/{request}/answer"
    reply = raw_http.once(server, device.request("POST", path, json.dumps(forged).encode()))
    expect_equal((reply.status, reply.json["error"]), (403, "refused"), "an answer signed by another key")
    reply = device.answer(request, "deny")
    expect_equal((reply.status, reply.json.get("state")), (200, "denied"), f"its own answer: {reply}")
    for decision in ("approve", "deny", "fraud"):
        reply = device.answer(request, decision)
        expect_equal((reply.status, reply.json.get("error")), (409, "conflict"), f"a second answer ({decision})")


@check("afterwards nothing of a crash is in the log")
def _():
    bad_input.expect_quiet_log(server)


main([server])
