#!/usr/bin/env python3
"""An incident from its scope to the tenant's check: the bundle verifies by a verifier that shares no line with the
server, one flipped byte in any of its files is refused, and a killed application is refused within a second on every
node."""
import atexit
import json
import os
import shutil
import subprocess
import time

import postgres_cluster
from duo_sign import Client
from harness import ROOT, Refused, Server, Skip, check, expect, expect_equal, main, program, temporary_folder

VERIFIER = ROOT / "clients/ledger/verify.py"
CREDENTIAL = f"uid:{os.getuid()}"
ALWAYS = ("--from", "1970-01-01", "--to", "2100-01-01")

server = Server()
work = temporary_folder()
names = ("Acme Incorporated", "Quite Another Company")
tenants = [server.tenant(name) for name in names]
for tenant in tenants:
    for user in ("ada", "=cmd()"):
        server.user(tenant, user, "--email", "someone@example.org")
    server.history(tenant, "activity")
state = {}


def policy():
    path = work / "policy"
    path.write_text(f"log {server.run('ledger', 'status')['key']}\nquorum none\n")
    return path


def python_verify(folder):
    return subprocess.run(["/usr/bin/python3", str(VERIFIER), "bundle", str(folder), "--policy", str(policy_file)],
                          capture_output=True, text=True, timeout=60)


def own_verify(folder):
    return subprocess.run([program(), "verify", str(folder), "--policy", str(policy_file)],
                          capture_output=True, text=True, timeout=60)


def bundle(scope, out):
    """Once the reads are in a published head, which takes a second."""
    end = time.monotonic() + 20
    while True:
        try:
            return server.run("incident", "bundle", "--scope", scope, "--out", out)
        except Refused as refused:
            shutil.rmtree(out, ignore_errors=True)
            expect(refused.code == 3 and time.monotonic() < end, f"no bundle: {refused}")


policy_file = policy()


@check("the scope names both tenants, their rows, and that they can be read")
def _():
    rows = server.run("incident", "scope", "--credential", CREDENTIAL, *ALWAYS, "--users")
    expect_equal(sorted(row["tenant_id"] for row in rows[:-1]), sorted(tenants), "the tenants of the scope")
    for row in rows[:-1]:
        expect(row["viewed"] <= row["returned"] <= row["released"], f"the three sets are nested: {row}")
        expect_equal((row["returned"], row["users"]), (3, 2), "rows and users: one of the tenant, two of its users")
    state["scope"] = rows[-1]["scope_id"]
    expect_equal(rows[-1]["tenants"], 2, "the summary's tenants")


@check("the bundle of each tenant verifies by the independent verifier and by our own")
def _():
    state["out"] = work / "bundles"
    made = bundle(state["scope"], state["out"])
    expect_equal(made["tenants"], 2, "bundles")
    for tenant in tenants:
        for verify in (python_verify, own_verify):
            done = verify(state["out"] / tenant)
            expect(done.returncode == 0 and "VERIFIED" in done.stdout, f"{verify.__name__}: {done.stdout}{done.stderr}")


@check("no file of a bundle names the other tenant")
def _():
    for tenant, other, name in ((tenants[0], tenants[1], names[1]), (tenants[1], tenants[0], names[0])):
        for path in (state["out"] / tenant).rglob("*"):
            if path.is_file():
                text = path.read_bytes()
                expect(other.encode() not in text and name.encode() not in text, f"{path.name} names another tenant")


@check("the users' list is there, and harmless in a spreadsheet")
def _():
    text = (state["out"] / tenants[0] / "users.csv").read_text()
    expect("ada" in text and "'=cmd()" in text, text)


@check("the regulator's draft has every field of GDPR 33(3) and the clocks")
def _():
    draft = json.loads((state["out"] / tenants[0] / "regulator-gdpr33.json").read_text())
    for field in ("a_nature", "b_contact", "c_consequences", "d_measures"):
        expect(draft[field], f"{field} is empty")
    expect_equal(draft["a_nature"]["number_of_people"], 2, "people")
    expect(all(clock["source"] and clock["source_read"] for clock in draft["clocks"]), "a clock without its source")
    expect(any(clock["due_s"] for clock in draft["clocks"]), "no clock runs")


@check("one flipped byte in any file is refused by both verifiers")
def _():
    whole = state["out"] / tenants[0]
    for path in sorted(path for path in whole.rglob("*") if path.is_file()):
        data = path.read_bytes()
        at = len(data) // 2
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
        for verify in (python_verify, own_verify):
            done = verify(whole)
            expect_equal(done.returncode, 1, f"{verify.__name__} on {path.name}: {done.stdout}{done.stderr}")
        path.write_bytes(data)
    for verify in (python_verify, own_verify):
        expect_equal(verify(whole).returncode, 0, "the whole bundle again")


@check("a file too many, one too few, or another tenant's is refused by both verifiers")
def _():
    whole, other = state["out"] / tenants[0], state["out"] / tenants[1]

    def refused(what):
        for verify in (python_verify, own_verify):
            expect(verify(copy).returncode in (1, 3), f"{verify.__name__}: {what} is taken")

    copy = work / "copy"
    shutil.copytree(whole, copy)
    (copy / "more.txt").write_text("more")
    refused("a file more")
    (copy / "more.txt").unlink()
    (copy / "users.csv").unlink()
    refused("a file less")
    shutil.copy(whole / "users.csv", copy)
    shutil.copy(other / "exposed.mfae", copy)
    refused("the rows of another tenant")
    shutil.rmtree(copy)


@check("bundles are not written over anything, nor for a tenant that the scope does not name")
def _():
    third = server.tenant("Third")
    for words, code in ((("--out", state["out"]), 1), (("--tenant", third, "--out", work / "none"), 1)):
        try:
            server.run("incident", "bundle", "--scope", state["scope"], *words)
        except Refused as refused:
            expect_equal(refused.code, code, f"{words}: {refused}")
        else:
            raise AssertionError(f"made: {words}")


@check("those who are exposed are told once, and a notice is real in its own tenant alone")
def _():
    rows = server.run("incident", "notify", "--scope", state["scope"])
    expect_equal(len(rows), 6, "an administrator and two users of each tenant")
    codes = {row["tenant_id"]: row["code"] for row in rows if row["user_id"] is None}
    expect_equal(sum(row["code"] is not None for row in rows), 2, "codes that are printed: the administrators'")
    for tenant, other in (tenants, tenants[::-1]):
        real = server.run("incident", "check-notice", codes[tenant], "--tenant", tenant)
        expect(real["real"] and real["user_id"] is None, f"the administrator's notice: {real}")
        expect_equal(server.run("incident", "check-notice", codes[tenant], "--tenant", other), {"real": False}, "elsewhere")
    expect_equal(server.run("incident", "notify", "--scope", state["scope"]), [], "who is told the second time")
    expect_equal(len(server.run("incident", "notices", state["scope"])), 6, "the notices that are kept")
    for path in server.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            expect(not any(code.encode() in data for code in codes.values()), f"a code stands in {path.name}")


@check("a killed application is refused at once, and stays so")
def _():
    app = server.app(tenants[0])
    client = Client(server, app)
    expect_equal(client.call("GET", "/auth/v2/check").status, 200, "before")
    rows = server.run("kill", "--app", app["app_id"], "--tree", "--reason", "phished")
    expect_equal((rows["kind"], rows["was_dead"]), ("application", False), "what was killed")
    expect_equal(client.call("GET", "/auth/v2/check").status, 401, "after")
    expect_equal(server.run("kill", "--app", app["app_id"])["was_dead"], True, "the second time")


@check("two nodes on one database refuse a killed application within a second")
def _():
    folder = temporary_folder()
    folder.chmod(0o711)  # PostgreSQL runs as another user
    try:
        cluster = postgres_cluster.Cluster(folder / "pg")
    except postgres_cluster.Missing as missing:
        raise Skip(str(missing)) from None
    cluster.start()
    atexit.register(cluster.stop)
    first = Server(arguments=["--database", cluster.url])
    data = temporary_folder() / "data"
    data.mkdir(mode=0o700)
    shutil.copy(first.data / "root.key", data / "root.key")
    second = Server(folder=data.parent, arguments=["--database", cluster.url])
    try:
        app = first.app(first.tenant())
        clients = [Client(node, app) for node in (first, second)]
        for client in clients:
            expect_equal(client.call("GET", "/auth/v2/check").status, 200, "before")
        first.run("kill", "--app", app["app_id"])
        killed = time.monotonic()
        for client in clients:
            expect_equal(client.call("GET", "/auth/v2/check").status, 401, "after")
        expect(time.monotonic() - killed <= 1.0, "it took over a second")
    finally:
        first.stop(), second.stop()


main([server])
