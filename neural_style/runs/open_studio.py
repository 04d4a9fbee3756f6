"""A painter with `--serve`: a page on this machine to drop a picture on and see it repainted.

One picture at a time; what is sent is bounded, held in memory and in a file that is gone when it has been read.
"""

import contextlib
import io
import tempfile
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

from ..errors import InputError, RunError, one_line
from ..pictures import images, reading
from ..report import served, server
from ..report.rendering import rendered
from . import talk, viewing

LARGEST = 50_000_000  # bytes of a picture that is sent
LONGEST_EDGE = 4096  # pixels of what is given back
PATIENCE = 20  # seconds that a picture waits for the one before it


def serve(settings, studio):
    """Serve the painters until Ctrl-C.

    Raises
    ------
    InputError
        If the port cannot be had.
    """
    names = " and ".join(str(each.facts.get("painting") or each.path.name) for each in studio.repainter.painters)
    page = rendered("painter.html", painting=names, long_edge=settings.max_long_edge, most=LONGEST_EDGE)
    with server.listening(_Handler, settings.serve, studio=studio, settings=settings, page=page,
                          easel=threading.Lock()) as address:  # fmt: skip
        for line in served.told(address):
            talk.say(line)
        if settings.open:
            viewing.open_in_browser(str(address))
        talk.say("Ctrl-C ends it.")
        served.stay()


class _Handler(server.Handler):
    def answer(self, path):
        if path == "/":
            self.send_body(200, served.TYPES[".html"], self.server.page)
        else:
            self.send_text(404, "There is nothing here.")

    def do_POST(self):
        """Repaint the picture that is sent, `?edge=` pixels long, `?strength=` 0..1."""
        if not self.is_admitted():
            return
        self.close_connection = True  # of a picture that is refused the rest is not read
        parts = urlsplit(self.path)
        if parts.path != "/paint":
            self.send_text(404, "There is nothing here.")
            return
        try:
            data = self._sent()
            edge, strength = self._asked(parse_qs(parts.query))
            with self._easel():
                self.send_body(200, "image/jpeg", _repainted(self.server, data, edge, strength))
        except InputError as error:
            self.send_text(400, str(error))
        except _Busy:
            self.send_text(503, "Another picture is being repainted; try again.")
        except (RunError, MemoryError) as error:
            self.send_text(500, one_line(error))

    def _sent(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or not 0 < int(length) <= LARGEST:
            raise InputError(f"a picture of 1 to {LARGEST} bytes is wanted.")
        return self.rfile.read(int(length))

    def _asked(self, query):
        edge, strength = (query.get(name, [""])[0] for name in ("edge", "strength"))
        try:
            edge = int(edge) if edge else self.server.settings.max_long_edge or LONGEST_EDGE
            strength = float(strength) if strength else 1.0
        except ValueError:
            raise InputError("edge and strength are numbers.") from None
        if not (images.SMALLEST_EDGE <= edge <= LONGEST_EDGE and 0 <= strength <= 1):
            raise InputError(f"edge lies between {images.SMALLEST_EDGE} and {LONGEST_EDGE}, strength between 0 and 1.")
        return edge, strength

    @contextlib.contextmanager
    def _easel(self):
        if not self.server.easel.acquire(timeout=PATIENCE):
            raise _Busy
        try:
            yield
        finally:
            self.server.easel.release()


class _Busy(Exception):
    pass


def _repainted(given, data, edge, strength):
    """A picture file repainted, as JPEG."""
    with tempfile.TemporaryDirectory(prefix="nstyle-") as folder:
        path = Path(folder) / "picture"
        path.write_bytes(data)
        try:
            picture = reading.read(path, given.settings.max_pixels)
        except InputError as error:
            raise InputError(str(error).replace(str(path), "the picture")) from None
    size = images.fitted_size(picture.shape, edge)
    photograph = images.resize(picture, size)
    result = photograph + np.float32(strength) * (given.studio.picture(picture, size) - photograph)
    file = io.BytesIO()
    Image.fromarray(np.rint(255 * result).astype(np.uint8)).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()
