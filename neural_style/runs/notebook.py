"""A run as a notebook shows it: a bar, the losses, and the picture as it grows. Elsewhere nothing happens."""

import base64
import html
import io
import sys
import time

import numpy as np
from PIL import Image

from ..painting.arrays import to_numpy
from ..pictures import images
from .listeners import Listener
from .status import Status

LONG_EDGE = 480  # of the picture shown, pixels
LEAST_SECONDS = 0.5  # between two pictures
SHARE = 0.05  # of the time, at most, that goes into showing


def shell():
    """The notebook's IPython, where the process is one's kernel; else None. Nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    found = ipython.get_ipython() if ipython is not None else None
    return found if hasattr(found, "kernel") else None


class Live(Listener):
    """Shows a run in the notebook's cell that started it, unless `--no-progress`."""

    def begin(self):
        self._display, self._next = None, 0.0
        if shell() is None or self.context.run.settings.no_progress:
            return
        from IPython.display import display

        self._display = display(_bundle("beginning", 0, 1, None), raw=True, display_id=True)

    def epoch(self, event, saves):
        now = time.monotonic()
        if self._display is not None and now >= self._next:
            self._show(event, f"epoch {event.epoch} of at most {self.context.run.settings.max_num_epochs}")
            spent = time.monotonic() - now
            self._next = now + max(LEAST_SECONDS, spent / SHARE)

    def end(self, event, status):
        if self._display is not None:
            self._show(event, f"{Status(status)} after epoch {event.epoch}")

    def _show(self, event, words):
        height, width = event.image.shape[2:]
        words = f"{words}: {width} x {height}, loss {event.losses['total']:.4g}, change {event.relative_change:.4f}"
        most = self.context.run.settings.max_num_epochs
        self._display.update(_bundle(words, event.epoch, most, _jpeg(event.image)), raw=True)


def _bundle(words, done, most, jpeg):
    """What IPython shows: HTML where it can, else the words."""
    picture = f'<br><img alt="the picture so far" src="data:image/jpeg;base64,{jpeg}">' if jpeg else ""
    bar = f'<progress value="{done}" max="{most}" style="width: 20em"></progress>'
    return {"text/html": f"<div>{bar} {html.escape(words)}{picture}</div>", "text/plain": words}


def _jpeg(image):
    """A picture in network range, small, in base64."""
    picture = images.from_network(to_numpy(image))
    picture = images.resize(picture, images.fitted_size(picture.shape, LONG_EDGE))
    file = io.BytesIO()
    Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return base64.b64encode(file.getvalue()).decode()
