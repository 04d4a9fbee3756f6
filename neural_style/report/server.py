"""A server for the person who started it: on this machine only, and only for who has the token of its address.

The token comes with the first address, as notebooks have it, and stays with the browser as a cookie: pages, and the
addresses in them, need not know of it.
"""

import contextlib
import hmac
import http.cookies
import http.server
import os
import secrets
import socketserver
import threading
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from ..errors import InputError

HOST = "127.0.0.1"  # who wants it from another machine comes through `ssh -L`
FIRST_PORT, PORTS_TRIED = 8765, 50
NAMES = ("127.0.0.1", "localhost", "::1")  # of this machine: another name leads here through somebody else's page
SECONDS_OF_SILENCE = 30  # after which a connection is given up


class Address(NamedTuple):
    """Where a server listens."""

    port: int
    token: str

    def __str__(self):
        return f"http://localhost:{self.port}/?token={self.token}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection. Subclasses say in `answer` what lies at a path; who has no token never gets there."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nstyle", ""
    timeout = SECONDS_OF_SILENCE

    def answer(self, path):
        """Send what lies at a path, as it stands in the address."""
        raise NotImplementedError

    def do_GET(self):
        if self.is_admitted():
            self.answer(urlsplit(self.path).path)

    do_HEAD = do_GET

    def is_admitted(self):
        """Whether the request may be answered; else it has been."""
        parts = urlsplit(self.path)
        if urlsplit(f"//{self.headers.get('Host', '')}").hostname not in NAMES:
            self.send_text(403, "This server is that of one machine: ask for it as localhost.")
        elif self._is_token(parse_qs(parts.query).get("token", [""])[0]):
            cookie = f"{self._cookie}={self.server.token}; HttpOnly; SameSite=Lax; Path=/"
            # one slash: two would lead to another server
            self.send_body(303, "text/plain", b"", Location="/" + parts.path.lstrip("/\\"), **{"Set-Cookie": cookie})
        elif self._is_token(self._given_cookie()):
            return True
        else:
            self.send_text(403, "The token is missing: open the whole address that nstyle has printed.")
        return False

    def send_body(self, status, kind, body, **headers):
        """Send a whole answer: bytes of a media type."""
        self.send_head(status, kind, len(body), **headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_text(self, status, text):
        """Send a line for people."""
        self.send_body(status, "text/plain; charset=utf-8", f"{text}\n".encode())

    def send_head(self, status, kind, length, **headers):
        """Send what comes before so many bytes of a media type."""
        self.send_response(status)
        fixed = {
            "Content-Type": kind,
            "Content-Length": length,
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data:; frame-ancestors 'self'",
        }
        for name, value in {**fixed, **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()

    def handle(self):
        with contextlib.suppress(OSError):  # a browser that has gone
            super().handle()

    def log_message(self, format, *args):
        """The terminal is the run's."""

    @property
    def _cookie(self):
        return f"nstyle-{self.server.server_address[1]}"  # cookies do not tell ports apart

    def _given_cookie(self):
        with contextlib.suppress(http.cookies.CookieError):
            cookies = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
            return cookies[self._cookie].value if self._cookie in cookies else ""
        return ""

    def _is_token(self, text):
        return hmac.compare_digest(text.encode("utf-8", "replace"), self.server.token.encode())


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere two servers would share a port

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)  # the other one asks the network for the name of this machine
        self.server_name, self.server_port = HOST, self.server_address[1]


@contextlib.contextmanager
def listening(handler, port=0, **given):
    """Serve in threads of their own until the end of the block.

    Parameters
    ----------
    handler : type
        A `Handler`.
    port : int
        0: the first one that is free, from 8765 on.
    **given
        What the handler finds in `self.server`.

    Yields
    ------
    Address

    Raises
    ------
    InputError
        If no port, or not the one that is asked for, can be had.
    """
    server = _bound(handler, port)
    server.token = secrets.token_urlsafe(24)
    for name, value in given.items():
        setattr(server, name, value)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    try:
        yield Address(server.server_address[1], server.token)
    finally:
        server.shutdown()
        server.server_close()


def _bound(handler, port):
    ports = [port] if port else range(FIRST_PORT, FIRST_PORT + PORTS_TRIED)
    for number in ports:
        try:
            return _Server((HOST, number), handler)
        except OSError as error:
            reason = error.strerror or error
    raise InputError(f"--serve {port or FIRST_PORT}: cannot listen there ({reason}); give another port.")
