"""A folder with a run, or with folders of runs, as a browser on this machine sees it, while the runs go on."""

import contextlib
import getpass
import os
import shutil
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
            self.send_head(200, TYPES[file.suffix.lower()], known.st_size, ETag=tag)
            if self.command != "HEAD":
                shutil.copyfileobj(opened, self.wfile)


def _without_index(folder):
    """The gallery of the runs in a folder; before there are any, a page that waits for them."""
    with contextlib.suppress(InputError, OSError):
        return rendered("gallery.html", **gallery(folder, folder))
    return rendered("waiting.html", folder=folder)
