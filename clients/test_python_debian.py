#!/usr/bin/env python3
"""Debian's python3-duo-client 4.5.0: forms, signatures of version 2 with SHA-1."""
from harness import Server, become, main, skip_all

become("/usr/bin/python3")
try:
    import duo_client
except ImportError:
    skip_all("duo_client is not here (Debian package python3-duo-client)")

import python_sdk


def connect(server, app):
    return duo_client.Auth(ikey=app["integration_key"], skey=app["secret_key"], host="localhost", port=server.port,
                           ca_certs=server.ca)


server, hasty = Server(), Server(config="[push]\nlifetime_s = 10\n")
python_sdk.define_all(python_sdk.Site(server, connect), python_sdk.Site(hasty, connect))
main([server, hasty])
