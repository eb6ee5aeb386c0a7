"""A mail server for tests: prints its port, then one JSON line for each mail it took."""

import json
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name == "refused":
            return "550 no such mailbox"
        if name == "later":
            return "451 try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "data": envelope.content.decode(),
            "encrypted": session.ssl is not None,
            "user": getattr(session, "user", None),
        }
        print(json.dumps(mail), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.password == b"smtp password"
    if good:
        session.user = data.login.decode()
    return AuthResult(success=good, handled=good)


class FreePort(Controller):
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


mode, certificate, key = sys.argv[1:4]
options = {}
context = None
if mode != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
if mode == "starttls":
    options = {"tls_context": context, "require_starttls": True}
if mode != "none":
    options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": True}
if mode == "implicit":
    # Encryption from the first byte is not known to the protocol's part.
    options["auth_require_tls"] = False
controller = FreePort(
    Handler(),
    hostname="127.0.0.1",
    port=0,
    ssl_context=context if mode == "implicit" else None,
    **options,
)
controller.start()
print(controller.port, flush=True)
# Ends with whoever started it.
while sys.stdin.read(1):
    time.sleep(0)
controller.stop()
