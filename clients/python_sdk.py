"""What both Python clients (Debian's old one and the newest) must be able to do with the Auth API v2.

The checks are the same; how a client is made differs, so the test files hand in `connect(server, app, **changes)`.
A dated request repeated byte for byte within a minute gets its first answer again; where a check wants a second
judgement on the same code, it comes from another address.
"""
import email.utils
import re
import time

from harness import Phone, check, expect, expect_equal


class Site:
    """One server with one tenant and its application, and a client for it."""

    def __init__(self, server, connect, tenant="Acme"):
        self.server, self.connect = server, connect
        self.tenant = server.tenant(tenant)
        self.app = server.app(self.tenant, "authapi", "portal")
        self.auth = connect(server, self.app)
        self.users = 0

    def user(self, *flags):
        """A new user: (name, id)."""
        self.users += 1
        name = f"user{self.users}"
        return name, self.server.user(self.tenant, name, *flags)

    def plain_push_client(self):
        """A client of an application whose policy allows a push without a number."""
        app = self.server.app(self.tenant, "authapi", f"kiosk{self.users}")
        self.server.policy("app", app["app_id"], "plain_push=allow")
        return self.connect(self.server, app)

    def last_event(self):
        return self.server.history(self.tenant)[-1]


def refused(code, call, *arguments, **named):
    """Calls and expects the refusal `code`; gives the message with its detail."""
    try:
        result = call(*arguments, **named)
    except RuntimeError as error:
        data = getattr(error, "data", None)
        expect(isinstance(data, dict), f"wanted {code}, got {error}")
        expect_equal(data["code"], code, f"code of {data}")
        expect_equal(error.status, code // 100, "HTTP status")
        return f"{data['message']}: {data.get('message_detail')}"
    raise AssertionError(f"wanted the refusal {code}, got {result!r}")


NUMBER = re.compile(r"\benter (\d{3,6})\b", re.I)  # in a status text


def until_final(auth, txid):
    """Polls as a client does; gives the statuses met on the way and the last answer."""
    met = []
    for _ in range(30):
        answer = auth.auth_status(txid)
        met.append(answer["status"])
        if not answer["waiting"]:
            return met, answer
    raise AssertionError(f"still waiting after {met}")


def define_basics(site):
    """Keys and clocks: enough to show that a signature version works."""
    @check("ping tells the time, without a signature")
    def _():
        expect(abs(site.auth.ping()["time"] - time.time()) < 5, "the time must be right")

    @check("check is content with right keys")
    def _():
        expect(abs(site.auth.check()["time"] - time.time()) < 5, "the time must be right")

    @check("a wrong secret key is refused with 40103")
    def _():
        refused(40103, site.connect(site.server, dict(site.app, secret_key="x" * 40)).check)

    @check("a wrong integration key is refused with 40102")
    def _():
        refused(40102, site.connect(site.server, dict(site.app, integration_key="DIXXXXXXXXXXXXXXXXXX")).check)

    @check("parameters with spaces, accents, plus signs and slashes verify")
    def _():
        answer = site.auth.preauth(username="zoé o'neil+a/b~c%d")
        expect_equal(answer["result"], "enroll", "result for an unknown user")

    @check("a passcode is accepted, its repetition and a wrong one are refused")
    def _():
        name, user = site.user()
        token = site.server.hotp(user)
        code = token.next()
        answer = site.auth.auth("passcode", username=name, passcode=code)
        expect_equal((answer["result"], answer["status"]), ("allow", "allow"), "first use")
        answer = site.auth.auth("passcode", username=name, passcode=code, ipaddr="192.0.2.2")
        expect_equal((answer["result"], answer["status"]), ("deny", "deny"), "second use")
        answer = site.auth.auth("passcode", username=name, passcode=token.wrong(), ipaddr="192.0.2.3")
        expect_equal(answer["result"], "deny", "a wrong code")
        answer = site.auth.auth("passcode", username=name, passcode=token.next())
        expect_equal(answer["result"], "allow", "the next code")


def define_clock(site):
    for label, skew in (("behind", -1000), ("ahead", 1000)):
        @check(f"a clock 1000 s {label} is refused with 40105, and told by how much")
        def _(skew=skew):
            honest = email.utils.formatdate
            email.utils.formatdate = lambda *_, **__: honest(time.time() + skew)  # the clock that the client reads
            try:
                text = refused(40105, site.auth.check)
            finally:
                email.utils.formatdate = honest
            found = re.search(r"\b(\d+)\b *s", text)
            expect(found and abs(int(found[1]) - 1000) <= 5, f"the text must name the skew: {text}")


def define_preauth(site):
    @check("preauth: a user with devices must authenticate, and sees them")
    def _():
        name, user = site.user()
        site.server.hotp(user)
        phone = site.server.phone(user, "+12025550123")
        answer = site.auth.preauth(username=name)
        expect_equal(answer["result"], "auth", "result")
        phones = [device for device in answer["devices"] if device["type"] == "phone"]
        expect_equal([device["device"] for device in phones], [phone.phone_id], "phones")
        expect({"auto", "push", "mobile_otp"} <= set(phones[0]["capabilities"]), f"capabilities of {phones[0]}")
        expect_equal(phones[0]["number"], "XXX-XXX-0123", "masked number")
        expect(any(device["type"] == "token" for device in answer["devices"]), f"a token in {answer['devices']}")
        expect_equal(site.auth.preauth(user_id=user)["result"], "auth", "result by user id")

    @check("preauth: a user in status bypass is allowed")
    def _():
        name, user = site.user()
        site.server.run("user", "update", user, "--status", "bypass")
        expect_equal(site.auth.preauth(username=name)["result"], "allow", "result")

    @check("preauth: a disabled user is denied")
    def _():
        name, user = site.user()
        site.server.hotp(user)
        site.server.run("user", "update", user, "--status", "disabled")
        answer = site.auth.preauth(username=name)
        expect_equal(answer["result"], "deny", "result")
        expect(answer["status_msg"], "a text to show")

    @check("preauth: an unknown user is sent to enrol")
    def _():
        answer = site.auth.preauth(username="stranger")
        expect_equal(answer["result"], "enroll", "result")
        expect(answer["enroll_portal_url"].startswith("https://"), f"the portal's URL in {answer}")


def define_enrolment(site):
    @check("enroll gives a code that an authenticator activates, and enroll_status follows")
    def _():
        made = site.auth.enroll(username="newcomer", bypass_codes=2)
        expect_equal(made["username"], "newcomer", "username")
        expect(made["activation_code"] and made["activation_url"].startswith("https://"), f"activation in {made}")
        expect(made["activation_barcode"].startswith("https://"), f"barcode in {made}")
        expect(80000 < made["expiration"] - time.time() < 90000, "a day to activate")
        expect_equal(len(made["bypass_codes"]), 2, "bypass codes")
        expect_equal(site.auth.enroll_status(made["user_id"], made["activation_code"]), "waiting", "status before")
        phone = Phone(site.server, made["activation_url"])
        end = time.monotonic() + 5  # the same words within the same second get the same answer
        while (status := site.auth.enroll_status(made["user_id"], made["activation_code"])) == "waiting":
            expect(time.monotonic() < end, "the status must follow within a second")
            time.sleep(0.1)
        expect_equal(status, "success", "status after")
        answer = site.auth.auth("passcode", username="newcomer", passcode=phone.code())
        expect_equal(answer["result"], "allow", "the authenticator's own code")
        answer = site.auth.auth("passcode", username="newcomer", passcode=made["bypass_codes"][0])
        expect_equal(answer["result"], "allow", "a bypass code")

    @check("enroll refuses a name that exists; enroll_status of nonsense is invalid")
    def _():
        name, user = site.user()
        text = refused(40002, site.auth.enroll, username=name)
        expect("username already exists" in text, text)
        expect_equal(site.auth.enroll_status(user, "duo://nonsense"), "invalid", "status")

    @check("enroll without a name makes one")
    def _():
        made = site.auth.enroll()
        expect(made["username"] and made["user_id"], f"a name and an id in {made}")


def define_push(site, hasty):
    @check("verified push: the client shows the number, the phone types it")
    def _():
        name, user = site.user()
        phone = site.server.phone(user)
        ready = site.auth.json_api_call("POST", "/auth/v2/preauth",
                                        {"username": name, "client_supports_verified_push": "1"})
        expect(re.fullmatch(r"\d{3,6}", ready["verification_code"]), f"a number in {ready}")
        expect(50 <= ready["expiration"] <= 60, f"seconds left in {ready}")
        started = site.auth.json_api_call("POST", "/auth/v2/auth", {
            "username": name, "factor": "push", "device": "auto", "async": "1", "txid": ready["txid"],
            "pushinfo": "from=login%20portal&domain=example.test", "type": "Transfer"})
        answer = phone.soon("approve", ready["verification_code"])
        met, final = until_final(site.auth, started["txid"])
        answer.join()
        expect(final["success"] and final["status"] == "allow", f"allowed: {met} {final}")
        expect_equal(site.last_event()["reason"], "user_approved", "reason of the last event")

    @check("a push whose number nothing shows is denied by policy")
    def _():
        name, user = site.user()
        site.server.phone(user)
        answer = site.auth.auth("push", username=name, device="auto")
        expect_equal(answer["result"], "deny", "result")
        expect_equal(site.last_event()["reason"], "denied_by_policy", "reason of the last event")

    @check("a plain push that policy allows: approved, synchronously")
    def _():
        name, user = site.user()
        phone, auth = site.server.phone(user), site.plain_push_client()
        answer = phone.soon("approve")
        result = auth.auth("push", username=name, device="auto")
        answer.join()
        expect_equal((result["result"], result["status"]), ("allow", "allow"), "result")

    for action, status, reason in (("approve", "allow", "user_approved"), ("deny", "deny", None),
                                   ("fraud", "fraud", "user_marked_fraud")):
        @check(f"a push, asynchronously, with the number in the status text: {action}")
        def _(action=action, status=status, reason=reason):
            name, user = site.user()
            phone = site.server.phone(user)
            txid = site.auth.auth("push", username=name, device=phone.phone_id, async_txn=True)["txid"]
            first = site.auth.auth_status(txid)
            expect(first["waiting"] and first["status"] == "pushed", f"the first answer says pushed: {first}")
            number = NUMBER.search(first["status_msg"])
            expect(number, f"a number in {first}")
            answer = phone.soon(action, *([number[1]] if action == "approve" else []))
            _, final = until_final(site.auth, txid)
            answer.join()
            expect_equal((final["status"], final["success"]), (status, action == "approve"), "final answer")
            if reason:
                expect_equal(site.last_event()["reason"], reason, "reason of the last event")

    @check("a push that nobody answers times out")
    def _():
        name, user = hasty.user()
        hasty.server.phone(user)
        auth = hasty.plain_push_client()
        met, final = until_final(auth, auth.auth("push", username=name, device="auto", async_txn=True)["txid"])
        expect_equal((final["status"], final["success"]), ("timeout", False), f"final answer after {met}")
        expect_equal(hasty.last_event()["reason"], "no_response", "reason of the last event")

    @check("a push to a user without a phone is 40002, no capable device")
    def _():
        name, user = site.user()
        site.server.hotp(user)
        text = refused(40002, site.plain_push_client().auth, "push", username=name, device="auto")
        expect("no capable device" in text, text)


def define_rest(site):
    @check("a passcode, asynchronously")
    def _():
        name, user = site.user()
        token = site.server.hotp(user)
        txid = site.auth.auth("passcode", username=name, passcode=token.next(), async_txn=True)["txid"]
        _, final = until_final(site.auth, txid)
        expect(final["success"], f"allowed: {final}")
        txid = site.auth.auth("passcode", username=name, passcode=token.wrong(), async_txn=True)["txid"]
        _, final = until_final(site.auth, txid)
        expect_equal((final["success"], final["status"]), (False, "deny"), "a wrong code")

    @check("an attempt is not found by another application")
    def _():
        name, user = site.user()
        token = site.server.hotp(user)
        txid = site.auth.auth("passcode", username=name, passcode=token.next(), async_txn=True)["txid"]
        refused_by_other = None
        try:
            refused_by_other = site.plain_push_client().auth_status(txid)
        except RuntimeError as error:
            expect(error.data["code"] in (40002, 40401), f"a refusal: {error.data}")
        expect(refused_by_other is None, f"the other application saw {refused_by_other}")

    @check("failures lock the user out; unlocking lets in again")
    def _():
        strict = site.server.tenant("Strict")
        site.server.policy("tenant", strict, "lockout_threshold=3")
        auth = site.connect(site.server, site.server.app(strict, "authapi", "portal"))
        user = site.server.user(strict, "lena")
        token = site.server.hotp(user)
        for i in range(3):
            answer = auth.auth("passcode", username="lena", passcode=token.wrong(), ipaddr=f"192.0.2.{i + 1}")
            expect_equal(answer["result"], "deny", "result")
        answer = auth.auth("passcode", username="lena", passcode=token.next())
        expect_equal((answer["result"], answer["status"]), ("deny", "locked_out"), "with the right code, locked")
        expect_equal(auth.preauth(username="lena")["result"], "deny", "preauth, locked")
        expect_equal([event["reason"] for event in site.server.history(strict)][:4],
                     ["invalid_passcode"] * 3 + ["locked_out"], "reasons")
        site.server.run("user", "unlock", user)
        expect_equal(auth.auth("passcode", username="lena", passcode=token.next())["result"], "allow", "unlocked")

    @check("logo is a PNG picture, or 404")
    def _():
        try:
            expect(site.auth.logo().startswith(b"\x89PNG\r\n\x1a\n"), "a PNG picture")
        except RuntimeError as error:
            expect_equal(error.status, 404, "HTTP status")

    @check("what is missing or wrong is named")
    def _():
        name, user = site.user()
        site.server.hotp(user)
        call = site.auth.json_api_call
        text = refused(40001, call, "POST", "/auth/v2/auth", {"username": name})
        expect("factor" in text, text)
        text = refused(40001, call, "POST", "/auth/v2/preauth", {})
        expect("user_id or username" in text, text)
        text = refused(40002, call, "POST", "/auth/v2/auth", {"username": name, "factor": "carrier-pigeon"})
        expect("factor" in text, text)
        refused(40401, call, "GET", "/auth/v2/nothing-here", {})
        refused(40501, call, "GET", "/auth/v2/preauth", {"username": name})

    @check("keys of an application of another type get 40301")
    def _():
        other = site.connect(site.server, site.server.app(site.tenant, "adminapi", "admin"))
        text = refused(40301, other.check)
        expect("integration type" in text, text)


def define_all(site, hasty):
    define_basics(site)
    define_clock(site)
    define_preauth(site)
    define_enrolment(site)
    define_push(site, hasty)
    define_rest(site)
