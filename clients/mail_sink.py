"""A mail server on loopback that misbehaves on request: aiosmtpd, driven from the tests."""
import asyncio
import email
import email.policy
import logging
import socket
import ssl
import subprocess
import threading
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, SMTP
from harness import WAIT_LIMIT_S, expect

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # what it says of clients that hang up
warnings.filterwarnings("ignore", module="aiosmtpd")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def certificate(folder, name, host="127.0.0.1"):
    """A certificate that certifies itself, for one host, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName={'IP' if host[0].isdigit() else 'DNS'}:{host}",
                    "-days", "2", "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    return cert, key


class MailSink:
    """Takes mails on a port of its own. `rule(recipient, nth)` says what happens to the nth try for a recipient:
    None takes it, a text is the answer to RCPT, "cut" closes the connection after the data instead of answering,
    "hold" answers nothing until release()."""

    def __init__(self, certificate_files=None, implicit=False, login=None):
        self.port, self.rule = free_port(), lambda recipient, nth: None
        self.files, self.implicit, self.login = certificate_files, implicit, login
        self.condition = threading.Condition()
        self.got, self.tries, self.commands, self.controller, self.held = [], {}, [], None, None
        self.start()

    def start(self):
        context = None
        if self.files:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*map(str, self.files))
        options = {}
        if context and not self.implicit:
            options = {"tls_context": context, "require_starttls": True}
        if self.login:
            options |= {"authenticator": self._log_in, "auth_required": True, "auth_require_tls": False}
        self.held = None
        self.controller = _Quiet(self, hostname="127.0.0.1", port=self.port,
                                 ssl_context=context if self.implicit else None, **options)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.release()
            self.controller.stop()
            self.controller = None

    def release(self):
        if self.held:
            self.controller.loop.call_soon_threadsafe(self.held.set)

    def _log_in(self, _server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self.login)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        with self.condition:
            self.tries[address] = self.tries.get(address, 0) + 1
            what = self.rule(address, self.tries[address])
            self.condition.notify_all()
        if what and what[:1].isdigit():
            return what
        envelope.rcpt_tos.append(address)
        return "250 fine"

    async def handle_MAIL(self, _server, _session, envelope, address, options):
        self.commands.append("MAIL")
        envelope.mail_from = address
        return "250 fine"

    async def handle_DATA(self, server, _session, envelope):
        recipient, = envelope.rcpt_tos
        what = self.rule(recipient, self.tries[recipient])
        with self.condition:
            self.got.append((recipient, envelope.mail_from, envelope.content))
            self.condition.notify_all()
        if what == "cut":
            server.transport.abort()
        if what == "hold":
            self.held = asyncio.Event()
            await self.held.wait()
        return "250 taken"

    def mails(self, count, recipient=None):
        """Waits until so many have come, and gives those of a recipient, read by Python's own parser."""
        def those():
            return [one for one in self.got if recipient in (None, one[0])]
        with self.condition:
            enough = self.condition.wait_for(lambda: len(those()) >= count, WAIT_LIMIT_S)
            expect(enough, f"{len(those())} mails instead of {count} within {WAIT_LIMIT_S} s")
            return [email.message_from_bytes(one[2], policy=email.policy.default) for one in those()]

    def tried(self, recipient, times):
        with self.condition:
            enough = self.condition.wait_for(lambda: self.tries.get(recipient, 0) >= times, WAIT_LIMIT_S)
            expect(enough, f"{recipient} was tried {self.tries.get(recipient, 0)} times instead of {times}")

    def forget(self):
        with self.condition:
            self.got, self.tries, self.commands, self.rule = [], {}, [], lambda recipient, nth: None


class _Quiet(Controller):
    def __init__(self, sink, **options):
        super().__init__(sink, ready_timeout=10, **options)

    def factory(self):
        return SMTP(self.handler, **self.SMTP_kwargs)
