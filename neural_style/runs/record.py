"""What is known of a run so far, and the files that tell it: losses.csv and run.json."""

import csv
import dataclasses
import datetime
import io
import json
import math
import platform
import time

import numpy
import PIL
import skimage

from ..engines import processor
from ..files import checksum, write_text
from . import options
from .declared import UNITS
from .status import Status

COLUMNS = ("epoch", "seconds", "long_edge", "total", "content", "style", "tv")
NOT_IN_STATE = {"final", "saved_epoch", "began"}  # fields of a record that its state does not hold
PACKAGES = {"numpy": numpy, "scikit-image": skimage, "pillow": PIL}


@dataclasses.dataclass
class Record:
    """What is known of a run so far; it is kept in the state, so that a run that is taken up goes on with it."""

    started: str = ""
    seconds: float = 0.0  # before it was taken up
    columns: list = dataclasses.field(default_factory=lambda: list(COLUMNS))
    rows: list = dataclasses.field(default_factory=list)  # of losses.csv
    snapshots: list = dataclasses.field(default_factory=list)  # entries, from `entry`
    warnings: list = dataclasses.field(default_factory=list)
    files: dict = dataclasses.field(default_factory=dict)  # name -> SHA-256; None: announced, or written repeatedly
    final: dict = None  # an entry
    saved_epoch: int = None  # of the latest state
    began: float = dataclasses.field(default_factory=time.monotonic, compare=False)

    def __post_init__(self):
        self.started = self.started or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")

    def elapsed(self):
        """Seconds that the run has taken, without the time between its interruption and when it was taken up."""
        return self.seconds + time.monotonic() - self.began

    def as_json(self):
        """What `from_json` reads."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: values[name] for name in values if name not in NOT_IN_STATE} | {
            "seconds": round(self.elapsed(), 3)
        }

    @classmethod
    def from_json(cls, values):
        """Check and take what a state holds.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is not the record of a run.
        """
        if NOT_IN_STATE & values.keys():
            raise ValueError("its record cannot be right")
        record = cls(**values)
        kinds = {"started": str, "columns": list, "rows": list, "snapshots": list, "warnings": list, "files": dict}
        right = all(isinstance(getattr(record, name), kind) for name, kind in kinds.items())
        right = right and isinstance(record.seconds, (int, float)) and math.isfinite(record.seconds)
        right = right and all(isinstance(row, list) and isinstance(row[0], int) for row in record.rows)
        entries = {"epoch": int, "file": str, "seconds": (int, float), "total": (int, float, type(None))}
        for entry in record.snapshots:
            right = right and all(isinstance(entry[key], kind) for key, kind in entries.items())
        if not right:
            raise ValueError("its record cannot be right")
        return record

    def entry(self, epoch, file, total):
        """A picture as run.json names it."""
        seconds = round(self.elapsed(), 3)
        return {"epoch": epoch, "file": file, "seconds": seconds, "total": total if math.isfinite(total) else None}

    def wrote(self, path):
        """Note a file that will not be written again."""
        self.files[path.name] = checksum(path)

    def announce(self, *names):
        """Note files that will be written, or are written again and again."""
        self.files.update(dict.fromkeys(names))

    def written(self, name):
        """The name, if the file is there and will not be written again; else None."""
        return name if self.files.get(name) else None

    def warn(self, line):
        """Note a line, once."""
        if line not in self.warnings:
            self.warnings.append(line)

    def note(self, event):
        """Note the losses of an epoch, in the place of what was noted of it before."""
        layers = [name for name in event.losses if ":" in name]
        values = [event.losses[name] for name in (*COLUMNS[3:], *layers)]
        self.columns = [*COLUMNS, *layers, "relative_change"]
        numbers = (f"{value:.7g}" for value in (*values, event.relative_change))
        row = [event.epoch, f"{self.elapsed():.3f}", max(event.image.shape[2:]), *numbers]
        put(self.rows, row, key=0)
        if event.failed:
            self.warn(f"Epoch {event.epoch} gave values that are not finite; the run went on with half the step.")


def put(entries, entry, key):
    """Append, or put in the place of the last entry if that is of the same epoch."""
    if entries and entries[-1][key] == entry[key]:
        entries.pop()
    entries.append(entry)


def write_losses(path, record):
    """Write losses.csv; OSError where it cannot be written."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([record.columns, *record.rows])
    write_text(path, text.getvalue())


def write(path, run, record, status, reason=None):
    """Write run.json; OSError where it cannot be written."""
    write_described(path, describe(run, record, status, reason))


def write_described(path, described):
    """Write run.json from what it says, as `describe` gives it; OSError where it cannot be written."""
    write_text(path, json.dumps(described, indent=2, default=str, ensure_ascii=False) + "\n")


def describe(run, record, status, reason=None):
    """What run.json says, as a dict."""
    settings, (height, width) = run.settings, run.size
    styles = style_names(run)
    return {
        "status": Status(status),
        "reason": reason,
        "command": getattr(settings, "command", []),
        "started": record.started,
        "seconds": round(record.elapsed(), 3),
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
            "processor": processor.at_hand().name,
            "strips": run.strips,
            "cluster": run.cluster,
        },
        "size": [width, height],
        "levels": [{"size": [w, h], "epochs": epochs} for (h, w), epochs in run.levels],
        "seed": settings.seed,
        "content": {"source": str(settings.content_image), "file": record.written("content.jpg")},
        "style": [
            {"source": str(source), "file": record.written(f"{name}.jpg")}
            for source, name in zip(settings.style_image, styles)
        ],
        "snapshots": record.snapshots,
        "final": record.final,
        "files": dict(sorted(record.files.items())),
        "warnings": record.warnings,
        "versions": {
            "python": platform.python_version(),
            run.engine.name: run.engine.version,
            **{package: module.__version__ for package, module in PACKAGES.items()},
        },
    }


def style_names(run):
    """The names of the paintings' files, without suffix."""
    return ["style", *(f"style_{number}" for number in range(2, len(run.styles) + 1))]
