"""A folder with a run, or with folders of runs, as a browser on this machine sees it, while the runs go on."""

import contextlib
import getpass
import os
import re
import socket
import time
from pathlib import Path
from urllib.parse import unquote_to_bytes

from ..errors import InputError
from . import server
from .page import gallery
from .rendering import rendered

TYPES = {
    ".html": "text/html; charset=utf-8", ".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif",
    ".webp": "image/webp", ".tiff": "image/tiff", ".mp4": "video/mp4", ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
}  # fmt: skip
NOTHING = (0, -1)  # a range of no bytes
BLOCK = 1 << 20


@contextlib.contextmanager
def served(folder, port=0):
    """Serve a folder until the end of the block; it need not be there yet.

    Yields
    ------
    server.Address

    Raises
    ------
    InputError
        If the port cannot be had.
    """
    with server.listening(_Handler, port, folder=Path(folder)) as address:
        yield address


def told(address):
    """Lines for the user: the address, and how to come there from another machine."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in many containers
        user = "USER"
    there = f"{user}@{socket.gethostname()}"
    return [
        f"Served at {address}",
        f"From another machine first: ssh -L {address.port}:localhost:{address.port} {there}",
    ]


def stay():
    """Wait for Ctrl-C."""
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(1)  # an endless wait cannot be interrupted on Windows


def found(folder, path):
    """The file that lies at the path of an address.

    Parameters
    ----------
    folder : Path
    path : str
        As it stands in the address, quoted.

    Returns
    -------
    Path or None
        None where nothing lies that is shown: a name with a dot at its beginning, another kind of file, anything
        outside of the folder, also by a link.
    """
    parts = os.fsdecode(unquote_to_bytes(path)).strip("/").split("/")
    if any(not part or part.startswith(".") or set(part) & {"\\", ":", "\0"} for part in parts):
        return None
    file = folder.joinpath(*parts)
    with contextlib.suppress(OSError, RuntimeError):  # not there; links in a circle
        inside = folder.resolve() in file.resolve(strict=True).parents
        return file if inside and file.is_file() and file.suffix.lower() in TYPES else None
    return None


class _Handler(server.Handler):
    def answer(self, path):
        folder = self.server.folder
        file = found(folder, "index.html" if path == "/" else path)
        if file is not None:
            self._send_file(file)
        elif path == "/":
            self.send_body(200, TYPES[".html"], _without_index(folder))
        else:
            self.send_text(404, "There is nothing here.")

    def _send_file(self, file):
        with file.open("rb") as opened:
            known = os.fstat(opened.fileno())
            tag = f'"{known.st_mtime_ns:x}-{known.st_size:x}"'
            if self.headers.get("If-None-Match") == tag:
                self.send_body(304, TYPES[file.suffix.lower()], b"", ETag=tag)
                return
            kind, size = TYPES[file.suffix.lower()], known.st_size
            # players ask for parts of a film; where it has changed since, for all of it
            part = parsed_range(self.headers.get("Range"), size) if self.headers.get("If-Range", tag) == tag else None
            if part == NOTHING:
                self.send_body(416, kind, b"", **{"Content-Range": f"bytes */{size}"})
                return
            first, last = part or (0, size - 1)
            headers = {"ETag": tag, "Accept-Ranges": "bytes"}
            if part:
                headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            self.send_head(206 if part else 200, kind, last - first + 1, **headers)
            if self.command != "HEAD":
                opened.seek(first)
                _copy(opened, self.wfile, last - first + 1)


def parsed_range(text, size):
    """The bytes that a header `Range` asks for of a file of some size (RFC 9110, section 14).

    Returns
    -------
    (int, int) or None
        The first and the last one; `NOTHING` where the file has none of them, None where all are asked for, or in a way
        that need not be understood.
    """
    asked = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", text or "")
    if asked is None or not any(asked.groups()):
        return None
    if not asked[1]:  # so many at the end
        first, last = max(0, size - int(asked[2])), size - 1
    else:
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
        if asked[2] and int(asked[2]) < first:
            return None
    return (first, last) if first <= last else NOTHING


def _copy(source, target, length):
    while length and (data := source.read(min(length, BLOCK))):
        target.write(data)
        length -= len(data)


def _without_index(folder):
    """The gallery of the runs in a folder; before there are any, a page that waits for them."""
    with contextlib.suppress(InputError, OSError):
        return rendered("gallery.html", **gallery(folder, folder))
    return rendered("waiting.html", folder=folder)
