#!/usr/bin/env python3
"""The newest duo_client for Python: JSON bodies, signatures of version 5; also versions 2 and 4 with SHA-512.

tools/setup.sh test puts it into build/clients/python where a package index can be reached."""
from harness import ROOT, Server, become, main, skip_all

become(str(ROOT / "build/clients/python/bin/python"))
try:
    import duo_client
except ImportError:
    skip_all("the newest duo_client is not here; tools/setup.sh test installs it where pip can")
if int(duo_client.__version__.split(".")[0]) < 5:
    skip_all(f"duo_client {duo_client.__version__} is not new")

import harness
import python_sdk


def signed(version):
    def connect(server, app):
        return duo_client.Auth(ikey=app["integration_key"], skey=app["secret_key"], host="localhost",
                               port=server.port, ca_certs=server.ca, sig_version=version)
    return connect


server, hasty = Server(), Server(config="[push]\nlifetime_s = 10\n")
python_sdk.define_all(python_sdk.Site(server, signed(5)), python_sdk.Site(hasty, signed(5)))
for version in (2, 4):
    with harness.titled(f"version {version}: "):
        python_sdk.define_basics(python_sdk.Site(server, signed(version), f"Acme {version}"))
main([server, hasty])
