"""A web server on loopback whose answers can be as bad as the real internet's: one function per kind of answer.

An answer is a function of the request handler. `answers` maps a path ('/name') to one answer, or to a list of answers,
one for each request in turn, the last one for all that follow.
"""
import contextlib
import re
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving(answers):
    """Serve `answers`; yields the root address and the list of (path, headers) asked for, which grows."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            nth = sum(path == self.path for path, _ in asked)
            asked.append((self.path, dict(self.headers)))
            answer = answers.get(self.path, status(404))
            if isinstance(answer, list):
                answer = answer[min(nth, len(answer) - 1)]
            self.close_connection = True
            with contextlib.suppress(ConnectionError):
                answer(self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


def closed_port():
    """Return the address of a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


def head(handler, code=200, **fields):
    handler.send_response(code)
    for name, value in fields.items():
        handler.send_header(name.replace("_", "-"), str(value))
    handler.send_header("Connection", "close")
    handler.end_headers()


def whole(data, etag='"1"', piece=1 << 16, pause=0):
    """A good server, which honours Range and If-Range; it pauses after each piece."""

    def answer(handler):
        told = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(told[1]) if told and handler.headers.get("If-Range", etag) == etag else 0
        if start >= len(data) > 0:
            head(handler, 416, Content_Range=f"bytes */{len(data)}", Content_Length=0)
            return
        span = {"Content_Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        head(handler, 206 if start else 200, Content_Length=len(data) - start, ETag=etag, **span)
        for at in range(start, len(data), piece):
            handler.wfile.write(data[at : at + piece])
            time.sleep(pause)

    return answer


def status(code, **fields):
    return lambda handler: head(handler, code, Content_Length=0, **fields)


def head_only(**fields):
    """Announces what no reader of numbers takes, and sends nothing."""
    return lambda handler: head(handler, **fields)


def said(reason):
    """404 in somebody's own words."""

    def answer(handler):
        handler.wfile.write(f"HTTP/1.1 404 {reason}\r\nContent-Length: 0\r\n\r\n".encode("latin1"))

    return answer


def page(handler):
    text = b"<!DOCTYPE html><html><body>Please sign in to this network.</body></html>"
    head(handler, Content_Length=len(text), Content_Type="text/html")
    handler.wfile.write(text)


def silence(handler):
    time.sleep(30)


def stall(data):
    """Half of the data, then nothing more."""

    def answer(handler):
        head(handler, Content_Length=len(data), ETag='"1"')
        handler.wfile.write(data[: len(data) // 2])
        time.sleep(30)

    return answer


def short(data, kept=None):
    """The first `kept` bytes of the data (half of them), then the connection is closed."""

    def answer(handler):
        head(handler, Content_Length=len(data), ETag='"1"')
        handler.wfile.write(data[: kept or len(data) // 2])

    return answer


def reset(data=b""):
    """Half of the data, then the connection is reset."""

    def answer(handler):
        if data:
            head(handler, Content_Length=len(data), ETag='"1"')
            handler.wfile.write(data[: len(data) // 2])
            time.sleep(0.05)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()

    return answer


def unending(handler):
    """More and more, of no announced length."""
    head(handler)
    while True:
        handler.wfile.write(b"more" * 4096)


def half(data):
    """Half of the data, of no announced length: nothing tells that there is more."""

    def answer(handler):
        head(handler, ETag='"1"')
        handler.wfile.write(data[: len(data) // 2])

    return answer


def no_range(data):
    """Answers with the whole file whatever was asked."""

    def answer(handler):
        head(handler, Content_Length=len(data), ETag='"1"')
        handler.wfile.write(data)

    return answer


def wrong_range(data):
    """Answers 206 with another part than the one asked for."""

    def answer(handler):
        if "Range" in handler.headers:
            span = f"bytes 3-{len(data) - 1}/{len(data)}"
            head(handler, 206, Content_Length=len(data) - 3, Content_Range=span, ETag='"1"')
            handler.wfile.write(data[3:])
        else:
            no_range(data)(handler)

    return answer


def lying_range(data):
    """Announces the part asked for, and sends the beginning of the file instead."""

    def answer(handler):
        if told := re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", "")):
            start = int(told[1])
            span = f"bytes {start}-{len(data) - 1}/{len(data)}"
            head(handler, 206, Content_Length=len(data) - start, Content_Range=span, ETag='"1"')
            handler.wfile.write(data[: len(data) - start])
        else:
            no_range(data)(handler)

    return answer
