#!/usr/bin/env python3
"""Guards on bulk reading, by the real server: rows about nobody show in no reader, budgets stop who reads in bulk, and
two shares lift them for an hour of which every reading is told and reported; two shares bring back an operator whom
canaries ended."""
# limit: 240 s
import json
import os
import subprocess
import sys
import time

from duo_sign import Client
from exports import NO_VETO, Signer, whole_export
from harness import ROOT, Refused, Server, check, expect, expect_equal, main, program, temporary_folder

CREDENTIAL = f"uid:{os.getuid()}"
ROWS = 2_100  # more than a block: the first has its canary by then
server = Server(config="[guards]\noperator_tenants_an_hour = 2\n" + NO_VETO)
busy, *others = [server.tenant(name) for name in ("Busy", "One", "Two", "Three")]
for tenant in others:
    server.user(tenant, "ada")
folder = temporary_folder()
passphrase = folder / "passphrase"
passphrase.write_text("correct horse battery staple\n")
today = time.strftime("%Y-%m-%d", time.gmtime())
shares = []


def reader(*words, stdin=None):
    return subprocess.run([program(), "reader", *map(str, words), "--passphrase-file", str(passphrase)],
                          capture_output=True, text=True, input=stdin, timeout=60)


def refused(*words, stdin=None):
    try:
        server.run(*words, stdin=stdin)
    except Refused as why:
        return why
    expect(False, f"{words} was not refused")


def glass(*words, stdin=None):
    return server.run("glass", *words, stdin=stdin)


def opened(two):
    return glass("open", "--reason", "the console is away", "--case", "4711", stdin="\n".join(two) + "\n")


def listed(answer):
    return answer if isinstance(answer, list) else [answer]


def events(tenant, kind):
    rows = listed(server.run("ledger", "show", "--tenant", tenant))
    return [row["event"] for row in rows if row["event"]["type"] == kind]


@check("a tenant's log has every sign-in and nobody besides; so has its export, for each of its readers")
def _():
    made = reader("init", "--out", folder / "key.json", "--json")
    expect_equal(made.returncode, 0, made.stderr)
    server.run("custody", "recipient", "add", "--tenant", busy, "--key", json.loads(made.stdout)["public_key"],
               "--name", "office")
    client, token = Client(server, server.app(busy)), server.hotp(server.user(busy, "ada"))
    for _ in range(ROWS):
        expect_equal(client.passcode("ada", token.next()).response["result"], "allow", "sign-in")
    log = server.run("log", "auth", "--tenant", busy)
    expect_equal([event["user"]["name"] for event in log], ["ada"] * ROWS, "users in the log")
    file = folder / "busy.mfae"
    file.write_text(whole_export(server, busy, [Signer(server, busy)], [today], "with_rows"))
    opening = reader("open", file, "--key", folder / "key.json", "--stream", "authentication")
    names = [json.loads(line)["user"]["name"] for line in opening.stdout.splitlines()]
    expect_equal(names, ["ada"] * ROWS, "users in the export")
    expect("more are canaries" in opening.stderr, opening.stderr)
    split = json.loads(reader("shares", "split", "--key", folder / "key.json", "--json").stdout)["shares"]
    script = subprocess.run([sys.executable, str(ROOT / "clients/history/open.py"), str(file)],
                            input="\n".join(split[:2]), capture_output=True, text=True, timeout=60)
    rows = [json.loads(line) for line in script.stdout.splitlines()]
    expect_equal(len([row for row in rows if row["stream"] == "authentication"]), ROWS, script.stderr)
    expect("rows are canaries" in script.stderr, script.stderr)
    marks = events(busy, "canary")
    expect(marks and all(mark["outcome"] == "ok" for mark in marks), f"the export is marked: {marks}")


@check("an incident counts people's rows alone")
def _():
    rows = server.run("incident", "scope", "--credential", CREDENTIAL, "--from", "1970-01-01", "--to", "2100-01-01")
    mine = next(row for row in rows if row["tenant_id"] == busy)
    activity = len(server.history(busy, "activity"))
    expect(ROWS <= mine["returned"] <= ROWS + activity, f"{mine} of {ROWS} sign-ins and {activity} changes")
    expect(ROWS <= mine["released"] <= ROWS + activity, f"{mine} of {ROWS} sign-ins and {activity} changes")


@check("a budget stops who goes from tenant to tenant")
def _():
    server.history(others[0], "activity")
    why = refused("log", "activity", "--tenant", others[1])
    expect("so many tenants in an hour" in why.text, why.text)


@check("glass opens with two of its shares, and with nothing less")
def _():
    refused("glass", "close")
    shares.extend(glass("seal")["shares"])
    expect_equal(len(set(shares)), 3, "shares")
    for wrong in (shares[:1], [shares[0]] * 2, ["AEBA-not-a-share", shares[1]]):
        why = refused("glass", "open", "--reason", "why", "--case", "1", stdin="\n".join(wrong) + "\n")
        expect("not two shares" in why.text, why.text)
    denied = [event for event in events("operator", "break_glass") if event["outcome"] == "denied"]
    expect_equal(len(denied), 3, "denied tries in the ledger")
    expect_equal(opened(shares[1:])["glass"], 1, "the opening")
    why = refused("glass", "open", "--reason", "why", "--case", "1", stdin="\n".join(shares[:2]))
    expect("not made longer" in why.text, why.text)
    expect(glass("status")["open"], "it is open")


@check("it lifts the budget, also after a kill -9, and each reading says so")
def _():
    expect(server.history(others[1], "activity"), "the second tenant")
    server.process.kill()
    server.process.wait()
    server.start()
    expect(server.history(others[2], "activity"), "the third tenant, after a restart")
    for tenant in others[1:]:
        reads = [event for event in events(tenant, "read") if event.get("detail") == "break_glass 1"]
        expect_equal(len(reads), 1, "readings through the glass")
        objects = [event["what"]["object"] for event in events(tenant, "break_glass")]
        expect_equal(objects[:1], ["open"], "the tenant's tree")
    expect_equal(events(others[0], "break_glass"), [], "the tenant that was read without it")


@check("each tenant that was read is told, and at the end hears what")
def _():
    expect(glass("close")["closed"], "it is closed")
    report = glass("report", 1)
    expect_equal(sorted(row["tenant_id"] for row in report[:-1]), sorted(others[1:]), "tenants in the report")
    expect_equal((report[-1]["tenants"], report[-1]["case"]), (2, "4711"), "the whole")
    for tenant in others[1:]:
        objects = [event["what"]["object"] for event in events(tenant, "break_glass")]
        expect_equal(objects, ["open", "break_glass_open", "close", "break_glass_report"], "the tenant's tree")
    expect_equal(events("operator", "break_glass")[-1]["what"]["object"], "report", "the operator's tree")
    why = refused("log", "activity", "--tenant", others[2])
    expect("so many tenants" in why.text, f"the budget holds again: {why.text}")


@check("canaries end an operator for good; two shares bring him back, one does not")
def _():
    server.stop()
    ended = Server(config="[guards]\noperator_canaries_an_hour = 1\n")
    seal = ended.run("glass", "seal")["shares"]
    words = ("glass", "lift", "--reason", "a backup of ours read them all", "--case", "4712")

    def denied(why, *command, stdin=None):
        try:
            ended.run(*command, stdin=stdin)
        except Refused as refusal:
            return expect(why in refusal.text, f"{command}: {refusal.text}")
        expect(False, f"{command} was not refused")

    denied("was not killed", *words, stdin="\n".join(seal[:2]))
    read = []
    for name in ("Red", "Blue"):
        tenant = ended.tenant(name)
        client, token = Client(ended, ended.app(tenant)), ended.hotp(ended.user(tenant, "ada"))
        for _ in range(ROWS):
            client.passcode("ada", token.next())
        read.append(tenant)
    expect_equal(len(ended.history(read[0])), ROWS, "one tenant's log")
    denied("was killed", "log", "auth", "--tenant", read[1])
    for command in (("tenant", "list"), ("glass", "status"), ("ledger", "show", "--tenant", "operator"),
                    ("glass", "open", "--reason", "why", "--case", "1")):
        denied("was killed", *command, stdin="\n".join(seal[:2]))
    denied("not two shares", *words, stdin=seal[0])
    denied("was killed", "tenant", "list")
    ended.process.kill()
    ended.process.wait()
    ended.start()
    lifted = ended.run(*words, stdin="\n".join(seal[1:]))
    expect_equal((lifted["lifted"], lifted["credential"], lifted["glass"]), (True, CREDENTIAL, 1), "what came back")
    expect_equal(len(listed(ended.run("tenant", "list"))), 2, "commands work again")
    expect_equal(len(ended.history(read[1])), ROWS, "and so does reading")
    expect_equal(ended.run("glass", "report", 1)["case"], "4712", "the report")
    deadline, objects = time.monotonic() + 20, []
    while "report" not in objects and time.monotonic() < deadline:
        rows = [row["event"] for row in listed(ended.run("ledger", "show", "--tenant", "operator"))]
        mine = [event for event in rows if event["type"] == "break_glass"]
        objects = [event["what"]["object"] for event in mine if event["outcome"] == "ok"]
    expect_equal(objects, ["seal", "lift", "report"], "the operator's tree")
    lift = next(event for event in mine if event["what"]["object"] == "lift" and event["outcome"] == "ok")
    expect_equal(lift["actor"]["cred"], CREDENTIAL, "who")
    expect("a backup of ours" in json.dumps(lift), f"why: {lift}")
    expect_equal(len([event for event in mine if event["outcome"] == "denied"]), 1, "the try with one share")


main()
