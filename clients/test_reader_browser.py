#!/usr/bin/env python3
"""A tenant that keeps its own keys: set up from a one-time link, sealed to, exported, and opened by three readers – the
page in Chromium with a passkey's PRF, the command line, and a script written from the formats alone."""
# limit: 300 s
import base64
import csv
import io
import json
import struct
import subprocess
import sys
import time

from browser import SCREENSHOTS, Chromium, need_browser
from duo_sign import Client
from exports import NO_VETO, Signer, whole_export
from harness import (ROOT, Refused, Server, Skip, check, expect, expect_equal, main, need_command, program, skip_all,
                     temporary_folder)

try:
    need_browser()
    python = need_command("python3", "python3")
    if subprocess.run([python, "-c", "import cryptography"], capture_output=True).returncode:
        raise Skip("cryptography is not here (Debian package python3-cryptography)")
except Skip as why:
    skip_all(why)

server = Server(config=NO_VETO)
chromium = Chromium(server)
tenant, other = server.tenant("Acme"), server.tenant("Other")
folder = temporary_folder()
passphrase = folder / "passphrase"
passphrase.write_text("correct horse battery staple\n")
today = time.strftime("%Y-%m-%d", time.gmtime())
ROWS_A_SECOND = 10_000
MANY = 20_000
signers = {}  # of exports, by tenant
truth = []  # who signed in, and how it ended


def reader(*words, stdin=None):
    return subprocess.run([program(), "reader", *map(str, words), "--passphrase-file", str(passphrase)],
                          capture_output=True, text=True, input=stdin, timeout=60)


def custody(*words, at=tenant):
    return server.run("custody", *words, "--tenant", at)


def export(name, keys="none", at=tenant):
    if at not in signers:
        signers[at] = Signer(server, at)
    (folder / name).write_text(whole_export(server, at, [signers[at]], [today], keys))
    return folder / name


def lines_of(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def write_lines(name, lines):
    (folder / name).write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    return folder / name


def look(tab, name):
    """axe in both themes, the width of 320 px, and pictures of it."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    got = tab.survey(name=f"reader-{name}", language="en", change="nothing", folder=str(SCREENSHOTS))
    tab.resize(width=320, height=640)
    for theme in "light", "dark":
        tab.dress(colorScheme=theme)
        tab.screenshot(path=str(SCREENSHOTS / f"reader-{name}-320-{theme}.png"))
    tab.dress(colorScheme="light")
    tab.resize(width=1280, height=800)
    expect_equal(got["violations"] + [got["too_wide"]] * bool(got["too_wide"]), [], name)
    expect_equal(len(set(got["grounds"])), 2, f"{name}: grounds of both themes")


def row_of_a_sign_in(lines):
    """The first such row: before custody changed hands there was none, so it is of an epoch for the tenant's keys."""
    return next(line for line in lines if "row" in line and b"authentication" in base64.urlsafe_b64decode(
        line["open"] + "=" * (-len(line["open"]) % 4)))


person = chromium.person(axe=True)
browser = person.__enter__()
tab = browser.tab()
key = tab.authenticator(ctap2Version="ctap2_1", hasPrf=True)
shares = []


def opened(*files):
    """What the page says after these files and the passkey: its outcome, and what did not open."""
    tab.go("/reader/")
    tab.attach(selector="#files", files=[str(file) for file in files])
    tab.sees("Unlock")
    tab.button("Unlock with a passkey")
    tab.await_visible(selector="#outcome, .error")
    problems = tab.says(".caution") if tab.count(selector=".caution") else ""
    return tab.says("#outcome") if tab.count(selector="#outcome") else tab.says(".error"), problems


def rows_of(outcome):
    return int(outcome.split()[0]) if outcome[0].isdigit() else 0


def signed_in(events):
    """Of the rows of sign-ins, who and how, as the truth has them."""
    return sorted((event["user.name"], event["result"]) for event in events if event.get("factor"))


@check("a tenant cannot keep its keys before it has one")
def _():
    try:
        custody("set", "tenant")
        expect(False, "custody without a key")
    except Refused as refused:
        expect_equal(refused.code, 1, "exit code")
        expect("custody link" in refused.text, refused.text)


@check("a link leads to a key of a passkey, three shares and a slot, and works once")
def _():
    link = custody("link")["url"]
    tab.go(link)
    tab.sees("Keys for your history")
    tab.await_visible(selector="#name")
    expect("token" not in tab.at(), tab.at())
    look(tab, "set-up")
    tab.fill(selector="#name", value="Ada's laptop")
    tab.button("Make the key")
    tab.sees("Write down three shares")
    shares.extend(tab.evaluate(script="[...document.querySelectorAll('code')].map(one => one.textContent)"))
    look(tab, "shares")
    tab.click(selector="input[type=checkbox]")
    tab.button("Finish")
    tab.sees("The key is set up")
    look(tab, "done")
    expect_equal(tab.complaints(), [], "what the browser complained of")
    slots = custody("show")["slots"]
    expect_equal([(slot["kind"], slot["name"]) for slot in slots], [("passkey", "Ada's laptop")], "slots")
    tab.go("/reader/")
    tab.go(link)
    tab.await_text(selector="[role=alert]", text="This link does not work")
    tab.complaints()


@check("a second passkey is added to the same key by a second link and the first passkey")
def _():
    tab.go(custody("link")["url"])
    tab.sees("Unlock")
    tab.button("Unlock with a passkey that knows the key")
    tab.fill(selector="#name", value="Ada's phone")
    tab.button("Make a passkey for the key")
    tab.sees("The key is set up")
    shown = custody("show")
    expect_equal(len(shown["slots"]), 2, "slots")
    expect_equal(len([one for one in shown["recipients"] if one["kind"] == "tenant"]), 1, "keys of the tenant")
    expect_equal(tab.complaints(), [], "what the browser complained of")


@check("a key file is a recipient, too; custody goes to the tenant, and the operator's log refuses and says how to read")
def _():
    made = reader("init", "--out", folder / "key.json", "--json")
    expect_equal(made.returncode, 0, made.stderr)
    custody("recipient", "add", "--key", json.loads(made.stdout)["public_key"], "--name", "office")
    expect_equal(custody("set", "tenant")["custody"], "tenant", "custody")
    try:
        server.run("log", "auth", "--tenant", tenant)
        expect(False, "the log must refuse")
    except Refused as refused:
        expect("countersign reader" in refused.text, refused.text)


@check("real sign-ins are sealed to it; the page opens them, equal to what happened")
def _():
    app = server.app(tenant)
    client = Client(server, app)
    for name in "ada", "ben", "cleo":
        token = server.hotp(server.user(tenant, name))
        for wrong in range(3):
            client.passcode(name, token.next())
            truth.append((name, "success"))
        client.passcode(name, "000000")
        truth.append((name, "denied"))
    file = export("export.mfae", "with_rows")
    outcome, problems = opened(file)
    # Before custody changed hands rows were sealed to the service, too, but this tenant had a key by then.
    expect(rows_of(outcome) >= len(truth), outcome + problems)
    look(tab, "rows")
    table = list(csv.DictReader(io.StringIO(tab.download(name="Download as CSV"))))
    expect_equal(signed_in(table), sorted(truth), "sign-ins in the table")
    tab.fill(selector="#search", value="ben denied")
    tab.await_text(selector="[role=status]", text="1 of 1 rows shown")
    expect_equal([line for line in tab.complaints()], [], "what the browser complained of")


@check("the page sends nothing: its policy has no way out")
def _():
    tab.go("/reader/")
    tab.loaded()
    said = tab.evaluate(script="fetch('/healthz').then(() => 'went out', () => 'stopped')")
    expect_equal(said, "stopped", "fetch from the page that opens")
    tab.complaints()


@check("without the day's key nothing opens; with a file of keys it does; with another day's key it is refused")
def _():
    bare = export("bare.mfae")
    outcome, problems = opened(bare)
    expect_equal(rows_of(outcome), 0, outcome)
    expect(f"No key of {today} was released" in problems, problems)
    look(tab, "refused")
    keys = export("keys.mfae", "alone")
    outcome, problems = opened(keys, bare)
    expect(rows_of(outcome) >= len(truth), outcome + problems)
    lines = lines_of(folder / "export.mfae")
    for line in lines:
        if "day" in line:
            line["key"] = base64.urlsafe_b64encode(bytes(32)).rstrip(b"=").decode()
    outcome, problems = opened(write_lines("wrong.mfae", lines))
    expect_equal(rows_of(outcome), 0, outcome)
    expect("refused: the day key does not open this epoch" in problems, problems)


@check("another tenant's export is refused, whole or in part")
def _():
    server.user(other, "mallory")
    theirs = export("theirs.mfae", "with_rows", at=other)
    slots = [line for line in lines_of(folder / "export.mfae") if "slot" in line]
    lines = lines_of(theirs)
    outcome, problems = opened(write_lines("mixed.mfae", lines[:1] + slots + lines[1:]))
    expect("cannot be opened" in outcome or "refused" in outcome or "not" in outcome.lower(), outcome)
    expect_equal(rows_of(outcome), 0, outcome)
    ours = lines_of(folder / "export.mfae")
    epochs = [line for line in lines if "epoch" in line]
    outcome, problems = opened(write_lines("foreign.mfae", ours[:-1] + epochs + ours[-1:]))
    expect("epochs of another tenant" in outcome, outcome)


@check("an altered row is named and the others open")
def _():
    lines = lines_of(folder / "export.mfae")
    whole, _ = opened(folder / "export.mfae")
    row = row_of_a_sign_in(lines)
    data = bytearray(base64.urlsafe_b64decode(row["row"] + "=" * (-len(row["row"]) % 4)))
    data[100] ^= 1
    row["row"] = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    outcome, problems = opened(write_lines("altered.mfae", lines))
    expect_equal(rows_of(outcome), rows_of(whole) - 1, outcome)
    expect("refused: the row was altered, or moved from where it belongs" in problems, problems)


@check("two shares open it where no passkey is at hand; one twice does not")
def _():
    for second, heading in ((shares[0], "the same share twice"), (shares[2], "")):
        tab.go("/reader/")
        tab.attach(selector="#files", files=[str(folder / "export.mfae")])
        tab.sees("Unlock")
        tab.click(selector="summary")
        tab.fill(selector="#share1", value=shares[0].lower())
        tab.fill(selector="#share2", value=second)
        tab.button("Unlock with these shares")
        if heading:
            tab.await_text(selector="[role=alert]", text=heading)
    tab.await_visible(selector="#outcome")
    expect(rows_of(tab.says("#outcome")) >= len(truth), tab.says("#outcome"))


@check("the command line opens the same; a script from the formats alone, too")
def _():
    done = reader("open", folder / "export.mfae", "--key", folder / "key.json", "--stream", "authentication")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    expect_equal(sorted((event["user"]["name"], event["result"]) for event in events), sorted(truth), done.stderr)
    split = reader("shares", "split", "--key", folder / "key.json", "--json")
    two = "\n".join(json.loads(split.stdout)["shares"][1:])
    script = subprocess.run([python, str(ROOT / "clients/history/open.py"), str(folder / "export.mfae")], input=two,
                            capture_output=True, text=True, timeout=60)
    own = [json.loads(line) for line in script.stdout.splitlines()]
    sign_ins = [row for row in own if row["stream"] == "authentication"]
    expect_equal(len(sign_ins), len(truth), script.stderr)
    for name, result in truth:
        expect(any(f":{name};" in row["text"] and f":{result};" in row["text"] for row in sign_ins), (name, result))
    altered = reader("open", folder / "altered.mfae", "--key", folder / "key.json")
    expect_equal(altered.returncode, 1, "exit code where a row was altered")
    expect("the row was altered" in altered.stderr or "refused" in altered.stderr, altered.stderr)
    back = reader("shares", "combine", "--out", folder / "again.json", stdin=two)
    expect_equal(back.returncode, 0, back.stderr)
    again = reader("open", folder / "export.mfae", "--key", folder / "again.json")
    expect_equal(len(again.stdout.splitlines()), len(own), again.stderr)


def many_rows():
    """The export with MANY rows more in its epoch of sign-ins, sealed as the server does."""
    sys.path.insert(0, str(ROOT / "clients/history"))
    import open as formats
    split = json.loads(reader("shares", "split", "--key", folder / "key.json", "--json").stdout)["shares"]
    secret = formats.combine(formats.share(split[0]), formats.share(split[1]))
    private = formats.X25519PrivateKey.from_private_bytes(secret)
    lines = lines_of(folder / "export.mfae")
    day = next(line for line in lines if "day" in line)
    last = row_of_a_sign_in(lines)
    row, beside = formats.base64url(last["row"]), formats.base64url(last["open"])
    headers = [formats.header(formats.base64url(line["epoch"])) for line in lines if "epoch" in line]
    epoch = next(one for one in headers if one["id"] == row[:16])
    epoch_key = formats.unwrap(epoch, private, formats.base64url(day["key"]))
    aead = formats.AESGCM(formats.derive(epoch_key, b" row key", 32))
    base = formats.derive(epoch_key, b" row nonce", 12)
    nonce = lambda number: bytes(a ^ b for a, b in zip(base, struct.pack(">IQ", 0, number)))
    bound = b"MFAR\x01" + formats.text(epoch["tenant"]) + struct.pack(">Q", epoch["day"]) + epoch["id"]
    plain = aead.decrypt(nonce(int.from_bytes(row[16:24], "big")), row[24:], bound + row[16:24] + beside)
    text = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    more = []
    for number in range(10_000, 10_000 + MANY):
        place = struct.pack(">Q", number)
        sealed = aead.encrypt(nonce(number), plain, bound + place + beside)
        more.append({"row": text(row[:16] + place + sealed), "open": last["open"]})
    return write_lines("many.mfae", lines[:-1] + more + [{"end": lines[-1]["end"] + MANY}])


@check(f"Chromium opens at least {ROWS_A_SECOND} rows a second")
def _():
    file = many_rows()
    best = 0
    for _ in range(3):
        outcome, problems = opened(file)
        expect(rows_of(outcome) >= MANY, outcome + problems)
        best = max(best, rows_of(outcome) / float(outcome.split(" in ")[1].split()[0]))
    print(f"  {best:,.0f} rows opened a second in Chromium (best of 3)")
    expect(best >= ROWS_A_SECOND, f"{best:,.0f} rows a second")


@check("the last way to the key cannot be taken away, and a slot that goes says: renew the key")
def _():
    slots = server.run("custody", "slot", "list", "--tenant", tenant)
    expect_equal(len(slots), 3, "slots")
    said = custody("slot", "remove", slots[0]["slot_id"])
    expect("custody renew" in said["next"], said)
    for recipient in [one for one in custody("show")["recipients"] if one["kind"] == "tenant" and one["name"] == "office"]:
        custody("recipient", "retire", recipient["recipient_id"])
    try:
        left = [slot for slot in custody("show")["slots"] if slot["kind"] == "passkey"]
        custody("slot", "remove", left[0]["slot_id"])
        expect(False, "the last slot must stay")
    except Refused as refused:
        expect("nobody at the tenant's side" in refused.text, refused.text)
    person.__exit__(None, None, None)


main()
