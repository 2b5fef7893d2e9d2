#!/usr/bin/env python3
"""The newest duo_universal for Python: parameters in the query of a POST, times with fractions, a nonce beside the request."""
import warnings

from harness import ROOT, Server, become, check, expect_equal, main, skip_all

become(f"{ROOT}/build/clients/python/bin/python")
try:
    from duo_universal.client import Client, DuoException
except ImportError:
    skip_all("duo_universal is not here; tools/setup.sh test installs it where pip can")
warnings.filterwarnings("ignore", message="The HMAC key is 40 bytes long")  # as long as Duo's client secrets are
from universal_prompt import REDIRECT, Declined, Site, declined, define


def text_of(error):
    """The client's exceptions hold the server's JSON, or another exception that does."""
    said = error.args[0] if error.args else ""
    while isinstance(said, Exception):
        said = said.args[0] if said.args else str(said)
    if not isinstance(said, dict):
        return str(said)
    if "error" in said:
        return f"{said['error']}: {said['error_description']}"
    return f"{said['message']}: {said['message_detail']}"


class Python:
    def __init__(self, app, redirect=REDIRECT, secret=None, code_attribute=True):
        self.client = Client(app["integration_key"], secret or app["secret_key"], server.host, redirect,
                             duo_certs=server.ca, use_duo_code_attribute=code_attribute)

    @staticmethod
    def _call(function, *arguments, **named):
        try:
            return function(*arguments, **named)
        except DuoException as error:
            raise Declined(text_of(error)) from None

    def state(self):
        return self.client.generate_state()

    def health(self):
        return self._call(self.client.health_check)

    def url(self, user, state, nonce=None):
        return self._call(self.client.create_auth_url, user, state, nonce=nonce)

    def exchange(self, code, user, nonce=None):
        return self._call(self.client.exchange_authorization_code_for_2fa_result, code, user, nonce=nonce)


server = Server()
site = Site(server, Python, "python")
site.wrong_user, site.wrong_nonce = "The username is invalid.", "The nonce is invalid."
define(site)


@check("states of 16 and of 1024 characters come back as they were sent")
def _():
    for length in (16, 1024):
        name, totp = site.with_totp()
        state = "s" * length
        page = site.visitor().open(site.client.url(name, state))
        expect_equal(page.submit("passcode", passcode=totp.now()).query["state"], state, "state")


@check("another kind of application is refused with its type")
def _():
    other = Python(server.app(site.tenant, "authapi"))
    cause = "unauthorized_client: This application is of type authapi; this API takes websdk and partner."
    declined(cause, other.health)
    declined(cause, other.exchange, "x", "ada")


main([server])
