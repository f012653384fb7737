"""An identity provider of our own: real HTTP, applications and refresh tokens, and every way in which one fails.

It exchanges a refresh token at every use and takes none twice. What it is asked is kept in `asked`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

TENANT, CLIENT, SECRET = "comune.example", "8f3d-client", "s3cret-of-the-application"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class IdentityProvider:
    """A running provider. `failure` replaces the answer of the token endpoint while it is set."""

    user: str = "user0"
    lives_s: int = 3600
    refresh_lives_s: int | None = None
    rotates: bool = True
    failure: tuple[int, dict[str, Any]] | None = None
    delay_s: float = 0.0
    date: str | None = None
    port: int = 0
    tls_port: int = 0
    authority: Path = Path()
    refresh_tokens: set[str] = field(default_factory=set)
    access_tokens: set[str] = field(default_factory=set)
    asked: list[dict[str, str]] = field(default_factory=list)
    introspected: int = 0

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"

    @property
    def introspection_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/introspect"

    @property
    def microsoft(self) -> str:
        return f"https://localhost:{self.tls_port}"

    def log_in(self) -> str:
        """A refresh token as the user gets it who logs in by a browser."""
        token = f"refresh-{secrets.token_hex(8)}"
        self.refresh_tokens.add(token)
        return token

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if path == "/introspect":
            self.introspected += 1
            active = form.get("token", "") in self.access_tokens
            return 200, {"active": active, "username": self.user, "scope": "mail"} if active else {"active": False}
        self.asked.append(form)
        time.sleep(self.delay_s)
        if self.failure is not None:
            return self.failure
        by_application = form.get("grant_type") == "client_credentials"
        return self._application(path, form) if by_application else self._refreshed(form)

    def _application(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if not path.startswith(f"/{TENANT}/"):
            return 400, {"error": "invalid_request", "error_description": "AADSTS90002: Tenant not found."}
        if form.get("client_assertion_type") == JWT_BEARER:
            claims = json.loads(base64.urlsafe_b64decode(form["client_assertion"].split(".")[1] + "=="))
            known = claims["iss"] == CLIENT and claims["exp"] > time.time()
        else:
            known = form.get("client_secret") == SECRET
        if not known:
            said = "AADSTS7000215: Invalid client secret provided."
            return 401, {"error": "invalid_client", "error_description": said}
        return 200, self._given()

    def _refreshed(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        held = form.get("refresh_token", "")
        if held not in self.refresh_tokens:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        given = self._given()
        if self.rotates:
            self.refresh_tokens.discard(held)
            given["refresh_token"] = self.log_in()
        if self.refresh_lives_s is not None:
            given["refresh_token_expires_in"] = self.refresh_lives_s
        return 200, given

    def _given(self) -> dict[str, Any]:
        token = f"access-{secrets.token_hex(16)}"
        self.access_tokens.add(token)
        return {"token_type": "Bearer", "access_token": token, "expires_in": self.lives_s}

    def discovery(self) -> dict[str, Any]:
        here = f"{self.microsoft}/{TENANT}"
        return {
            "issuer": f"{here}/v2.0",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "token_endpoint": f"{here}/oauth2/v2.0/token",
        }


def _handler(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path.startswith(f"/{TENANT}/") and self.path.endswith("openid-configuration")
            self._say(*((200, provider.discovery()) if known else (404, {"error": "invalid_tenant"})))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._say(*provider.answer(urlsplit(self.path).path, form))

        def _say(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response_only(status)
            self.send_header("Date", provider.date or self.date_time_string())
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler


@contextlib.contextmanager
def _serving(handler: type[BaseHTTPRequestHandler], wrap: Callable[[Any], Any] = lambda sock: sock) -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.socket = wrap(server.socket)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextlib.contextmanager
def identity_provider(folder: Path, **settings: Any) -> Iterator[IdentityProvider]:  # noqa: ANN401 - settings by name
    """A provider on loopback: in clear for what Dovecot asks, and by TLS, which msal wants."""
    provider = IdentityProvider(**settings)
    authority = trustme.CA()
    provider.authority = folder / "identity-ca.pem"
    authority.cert_pem.write_to_path(str(provider.authority))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    handler = _handler(provider)
    with _serving(handler) as plain, _serving(handler, lambda s: context.wrap_socket(s, server_side=True)) as tls:
        provider.port, provider.tls_port = plain, tls
        yield provider
