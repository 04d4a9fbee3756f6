"""What a run leaves in its folder: pictures, losses.csv, run.json, its state. A listener to the run's events."""

import contextlib
import csv
import datetime
import io
import json
import math
import os
import platform
import time
from pathlib import Path

import numpy
import PIL
import skimage

from ..errors import InputError, RunError
from ..files import write_bytes, write_text
from ..painting.arrays import to_numpy
from ..painting.optimizers import OPTIMIZERS
from ..pictures import colors, images
from . import folder as output
from . import options, resume, state
from .course import enlarged
from .declared import UNITS

PACKAGES = {"numpy": numpy, "scikit-image": skimage, "pillow": PIL}
COLUMNS = ("epoch", "seconds", "long_edge", "total", "content", "style", "tv")


class Snapshots:
    """Writes the files of one run.

    Parameters
    ----------
    run : prepare.Run
    folder : Path
        From `output.claimed`.
    saved : state.Saved, optional
        Where an earlier run is taken up; otherwise its files are taken out of the way (see `output.make_room`).

    Raises
    ------
    InputError
        If the folder cannot be written, or a picture of the run would be written over one that it reads.
    RunError
        By the methods, where the folder cannot be written any more.
    """

    def __init__(self, run, folder, saved=None):
        self.folder = folder
        self._run, self._settings = run, resume.fingerprint(run)
        self._record = dict(saved.record) if saved else {
            "started": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "seconds": 0.0,
            "rows": [],
            "snapshots": [],
            "warnings": [],
        }  # fmt: skip
        self._event, self._saved_epoch = (saved.event, saved.event.epoch) if saved else (None, None)
        self._final = self._earlier_final() if saved else None
        self._started = time.monotonic() - self._record["seconds"]
        self._spare(run.settings)
        self.notices = ()  # of lines for the user
        if saved is None:
            notice = output.make_room(folder, self._settings, run.levels, run.settings.overwrite)
            self.notices = (notice,) if notice else ()
        with output.writing(folder):
            if saved is not None and saved.file != state.NEWEST:
                (folder / saved.file).replace(folder / state.NEWEST)
            self._content = self._save_picture(run.content, "content")
            self._styles = [
                self._save_picture(images.resize(style, images.fitted_size(style.shape, max(run.size))), name)
                for style, name in zip(run.styles, ["style", *(f"style_{n}" for n in range(2, len(run.styles) + 1))])
            ]
            self._write_record("running")

    @contextlib.contextmanager
    def _writing(self):
        try:
            yield
        except OSError as error:
            epoch = self._saved_epoch
            saved = "no state was saved yet" if epoch is None else f"the last state is of epoch {epoch}"
            raise RunError(
                f"{self.folder} cannot be written any more ({output.reason(error)}); {saved}: "
                "see to the folder, then go on with --resume."
            ) from None

    def _spare(self, settings):
        values = [value for option, value in vars(settings).items() if option != "command"]
        names = [name for value in values for name in (value if isinstance(value, list) else [value])]
        for source in (Path(name) for name in names if isinstance(name, (str, os.PathLike))):
            if output.PICTURES.fullmatch(source.name) and source.resolve().parent == self.folder.resolve():
                raise InputError(f"--output-dir {self.folder}: {source} would be overwritten; choose another.")

    def _earlier_final(self):
        """The entry of a final picture that was written when the run was interrupted or had ended."""
        try:
            final = json.loads((self.folder / "run.json").read_bytes())["final"]
            return final if final["epoch"] <= self._saved_epoch else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def warn(self, line):
        """Note a line for run.json, once."""
        if line not in self._record["warnings"]:
            self._record["warnings"].append(line)

    def add(self, event):
        """Take note of an epoch; on those that save, write the picture, the state and the records.

        Returns
        -------
        Path or None
            The snapshot's file.
        """
        seconds = time.monotonic() - self._started
        losses = event.losses
        layers = [name for name in losses if ":" in name]
        values = [losses[name] for name in (*COLUMNS[3:], *layers)]
        long_edge = max(event.image.shape[2:])
        self._record["columns"] = [*COLUMNS, *layers, "relative_change"]
        row = [event.epoch, f"{seconds:.3f}", long_edge, *(f"{v:.7g}" for v in (*values, event.relative_change))]
        _put(self._record["rows"], row, key=0)
        if event.failed:
            self.warn(f"Epoch {event.epoch} gave values that are not finite; the run went on with half the step.")
        file = None
        if self._is_due(event.epoch):
            with self._writing():
                file = self._save_image(event.image, f"e_{event.epoch}")
                _put(self._record["snapshots"], self._entry(event.epoch, file, seconds, losses["total"]), key="epoch")
                self._save_state(event)
                self._write_record("running")
        self._event = event
        return file and self.folder / file

    def _is_due(self, epoch):
        settings = self._run.settings
        return epoch in settings.snapshot_at if settings.snapshot_at else epoch % settings.save_epochs == 0

    def _save_state(self, event):
        record = {**self._record, "seconds": round(time.monotonic() - self._started, 3)}
        state.save(self.folder, state.Saved(event.mapped(to_numpy), self._run.levels, self._settings, record))
        self._saved_epoch = event.epoch

    def finish(self, status, event):
        """Write the final picture, the state and the records.

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
        if event is not self._event:
            self.add(event)  # an interruption came between
        best = event.state.best
        if best is None or OPTIMIZERS[self._run.settings.optimizer].classic:
            epoch, total, image = event.epoch, event.losses["total"], event.image
        else:
            epoch, total, image = best
        with self._writing():
            file = self._save_image(image, "final")
            self._final = self._entry(epoch, file, time.monotonic() - self._started, total)
            if event.epoch != self._saved_epoch:
                self._save_state(event)
            self._write_record(status)
        return self.folder / file

    def fail(self, status, reason=None):
        """Write how the run ended into the records, if that is still possible."""
        with contextlib.suppress(OSError):
            self._write_record(status, reason)

    def _entry(self, epoch, file, seconds, total):
        return {
            "epoch": epoch,
            "file": file,
            "seconds": round(seconds, 3),
            "total": total if math.isfinite(total) else None,
        }

    def _save_image(self, image, name):
        settings = self._run.settings
        picture = images.from_network(enlarged(self._run, image, self._run.size))
        picture = images.denoised(picture, settings.remove_noise)
        if settings.preserve_colors == "luminance":
            picture = colors.with_colors_of(self._run.content, picture)
        if self._run.painted is not None:
            painted = self._run.painted[..., None]
            picture = self._run.content + painted * (picture - self._run.content)
        return self._save_picture(picture, name, settings.image_format)

    def _save_picture(self, picture, name, suffix="jpg"):
        file = f"{name}.{suffix}"
        images.save(picture, self.folder / file)
        return file

    def _write_record(self, status, reason=None):
        """Write losses.csv and run.json."""
        run, settings = self._run, self._run.settings
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self._record.get("columns", COLUMNS), *self._record["rows"]])
        height, width = run.size
        record = {
            "status": status,
            "reason": reason,
            "command": getattr(settings, "command", []),
            "started": self._record["started"],
            "seconds": round(time.monotonic() - self._started, 3),
            "settings": options.recorded(settings),
            "units": UNITS,
            "network": {
                "model": settings.model,
                "weights": run.weights.path.name,
                "sha256": run.weights.sha256,
                "origin": run.weights.origin,
                "verified": run.weights.verified,
                "offline": run.weights.offline,
            },
            "engine": {
                "name": run.engine.name,
                "device": run.engine.device,
                "precision": run.engine.precision,
                "chosen": run.machine.choice.reason,
            },
            "size": [width, height],
            "levels": [{"size": [w, h], "epochs": epochs} for (h, w), epochs in run.levels],
            "seed": settings.seed,
            "content": {"source": str(settings.content_image), "file": self._content},
            "style": [{"source": str(s), "file": f} for s, f in zip(settings.style_image, self._styles)],
            "snapshots": self._record["snapshots"],
            "final": self._final,
            "warnings": self._record["warnings"],
            "versions": {
                "python": platform.python_version(),
                run.engine.name: run.engine.version,
                **{package: module.__version__ for package, module in PACKAGES.items()},
            },
        }
        write_text(self.folder / "losses.csv", text.getvalue())
        # a name that is not UTF-8 holds surrogates, which become JSON's escapes for them
        text = json.dumps(record, indent=2, default=str, ensure_ascii=False) + "\n"
        write_bytes(self.folder / "run.json", text.encode("utf-8", "backslashreplace"))


def _put(entries, entry, key):
    """Append, or put in the place of the last entry if that is of the same epoch."""
    if entries and entries[-1][key] == entry[key]:
        entries.pop()
    entries.append(entry)
