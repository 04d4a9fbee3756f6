"""What a run leaves in its output directory: pictures, losses.csv, run.json. A listener to the run's events."""
import contextlib
import csv
import datetime
import io
import json
import math
import platform
import re
import time
from pathlib import Path

import numpy
import PIL
import skimage

from . import colors, images
from .engine import mx
from .errors import InputError
from .files import write_text
from .optimizers import OPTIMIZERS

PACKAGES = {"mxnet": mx, "numpy": numpy, "scikit-image": skimage, "pillow": PIL}
PICTURES = re.compile(r"(content|style(_\d+)?|e_\d+|final)\.(jpg|png|tiff)", re.IGNORECASE)
COLUMNS = ("epoch", "seconds", "long_edge", "total", "content", "style", "tv")


class Snapshots:
    """Writes the files of one run.

    Parameters
    ----------
    run : transfer.Run
    folder : str or Path
        Created if it is missing.

    Raises
    ------
    InputError
        If the folder cannot be written, or a picture of the run would be written over one that it reads. The methods
        raise it too where the folder cannot be written any more.
    """

    def __init__(self, run, folder):
        self.folder = Path(folder)
        self._run = run
        self._rows, self._snapshots, self._final = [], [], None
        self._started = time.monotonic()
        self._start_time = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
        self._spare(run.settings.content_image, *run.settings.style_image)
        self._content = self._save_picture(run.content, "content")
        self._styles = [
            self._save_picture(images.resize(style, images.fitted_size(style.shape, max(run.size))), name)
            for style, name in zip(run.styles, ["style", *(f"style_{n}" for n in range(2, len(run.styles) + 1))])
        ]
        self.write_record("running")

    @contextlib.contextmanager
    def _writing(self):
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"--output-dir {self.folder}: cannot be written ({reason}); choose another.") from None

    def _spare(self, *sources):
        for source in map(Path, sources):
            if source.resolve().parent == self.folder.resolve() and PICTURES.fullmatch(source.resolve().name):
                raise InputError(f"--output-dir {self.folder}: {source} would be overwritten; choose another.")

    def add(self, event):
        """Take note of an epoch; on those that save, write the picture and the records.

        Returns
        -------
        Path or None
            The snapshot's file.
        """
        seconds = time.monotonic() - self._started
        losses = event.losses
        layers = [name for name in losses if ":" in name]
        if not self._rows:
            self._rows.append([*COLUMNS, *layers, "relative_change"])
        values = [losses[name] for name in (*COLUMNS[3:], *layers)]
        long_edge = max(event.image.shape[2:])
        self._rows.append([event.epoch, f"{seconds:.3f}", long_edge, *(f"{v:.7g}" for v in (*values, event.relative_change))])
        if not self._is_due(event.epoch):
            return None
        file = self._save_image(event.image, f"e_{event.epoch}")
        self._snapshots.append(self._entry(event.epoch, file, seconds, losses["total"]))
        self.write_record("running")
        return self.folder / file

    def _is_due(self, epoch):
        settings = self._run.settings
        return epoch in settings.snapshot_at if settings.snapshot_at else epoch % settings.save_epochs == 0

    def finish(self, status, event):
        """Write the final picture and the records.

        The final picture is the one with the lowest total loss at the size of the result; with a classic optimizer, or
        where a run ended before that size, the last one.

        Parameters
        ----------
        status : str
            How the run ended.
        event : descent.Event
            Its last one.

        Returns
        -------
        Path
        """
        best = event.state.best
        if best is None or OPTIMIZERS[self._run.settings.optimizer].classic:
            epoch, total, image = event.epoch, event.losses["total"], event.image
        else:
            epoch, total, image = best
        file = self._save_image(image, "final")
        self._final = self._entry(epoch, file, time.monotonic() - self._started, total)
        self.write_record(status)
        return self.folder / file

    def _entry(self, epoch, file, seconds, total):
        return {"epoch": epoch, "file": file, "seconds": round(seconds, 3), "total": total if math.isfinite(total) else None}

    def _save_image(self, image, name):
        settings = self._run.settings
        picture = images.from_network(images.resize_planes(image, self._run.size))
        picture = images.denoised(picture, settings.remove_noise)
        if settings.preserve_colors == "luminance":
            picture = colors.with_colors_of(self._run.content, picture)
        if self._run.painted is not None:
            painted = self._run.painted[..., None]
            picture = self._run.content + painted * (picture - self._run.content)
        return self._save_picture(picture, name, settings.image_format)

    def _save_picture(self, picture, name, suffix="jpg"):
        file = f"{name}.{suffix}"
        with self._writing():
            images.save(picture, self.folder / file)
        return file

    def write_record(self, status):
        """Write losses.csv and run.json."""
        run, settings = self._run, self._run.settings
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(self._rows)
        height, width = run.size
        record = {
            "status": status,
            "command": getattr(settings, "command", []),
            "started": self._start_time,
            "seconds": round(time.monotonic() - self._started, 3),
            "settings": {k: v for k, v in vars(settings).items() if k != "command"},
            "network": {
                "model": settings.model,
                "weights": run.weights.path.name,
                "sha256": run.weights.sha256,
                "origin": run.weights.origin,
                "verified": run.weights.verified,
                "offline": run.weights.offline,
            },
            "size": [width, height],
            "levels": [{"size": [w, h], "epochs": epochs} for (h, w), epochs in run.levels],
            "seed": settings.seed,
            "content": {"source": str(settings.content_image), "file": self._content},
            "style": [{"source": str(s), "file": f} for s, f in zip(settings.style_image, self._styles)],
            "snapshots": self._snapshots,
            "final": self._final,
            "warnings": [],
            "versions": {
                "python": platform.python_version(),
                **{package: module.__version__ for package, module in PACKAGES.items()},
            },
        }
        with self._writing():
            write_text(self.folder / "losses.csv", text.getvalue())
            write_text(self.folder / "run.json", json.dumps(record, indent=2, default=str, ensure_ascii=False) + "\n")
