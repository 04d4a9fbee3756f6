"""What a lesson leaves beside the painter: its state, and a record that the pages of runs are made of."""

import csv
import datetime
import hashlib
import io
import json
import platform
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..engines import processor
from ..errors import InputError, one_line, printable
from ..files import write_bytes, write_text
from ..painters.rows import shapes
from ..pictures import images
from ..report import contact_sheet, page

STATE = "state.safetensors"
COLUMNS = ("epoch", "seconds", "long_edge", "total", "content", "style", "tv")
MOMENTS = ("mean", "square")  # of Adam
PARTS = ("array", "average", *MOMENTS)


class State(NamedTuple):
    """All that the next step depends on, and what is known of those before."""

    step: int  # steps done
    seconds: float
    parts: dict  # of PARTS -> name -> ndarray: the generator's arrays, their average, and Adam's moments of them
    rows: list  # of losses.csv
    sheets: list  # entries of run.json
    settings: dict  # what must be the same when it is taken up


def beside(out):
    """The folder of a painter's lesson."""
    path = Path(out)
    return path.with_name(f"{path.stem}-lesson")


def save(folder, state):
    """Write the state, whole or not at all."""
    from safetensors.numpy import save as packed

    arrays = {f"{part}.{name}": array for part, found in state.parts.items() for name, array in found.items()}
    said = {name: getattr(state, name) for name in ("step", "seconds", "rows", "sheets", "settings")}
    text = json.dumps(said)
    write_bytes(folder / STATE, packed(arrays, {"lesson": text, "sha256": _digest(text, arrays)}))


def _digest(text, arrays):
    found = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        found.update(name.encode() + np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()


def load(folder, generator):
    """The state in a folder; None where there is none.

    Raises
    ------
    InputError
        If it is damaged, or of another generator.
    """
    path = folder / STATE
    if not path.is_file():
        return None
    try:
        from safetensors import safe_open

        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata()
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata["sha256"] != _digest(metadata["lesson"], stored):
            raise ValueError("its content has changed")
        said, wanted = json.loads(metadata["lesson"]), shapes(generator)
        parts = {part: {name: stored[f"{part}.{name}"] for name in wanted} for part in PARTS}
        for found in parts.values():
            for name, array in found.items():
                if array.shape != wanted[name]:
                    raise ValueError(f"array {name} cannot be right")
        known = said["rows"], said["sheets"], said["settings"]
        return State(said["step"], said["seconds"], parts, *known)
    except Exception as error:  # a damaged file leads to almost anything
        raise InputError(
            f"--resume: {path} is damaged ({printable(one_line(error))[:120]}); begin anew with --overwrite."
        ) from None


def sheet(pictures, size):
    """Four pictures (H, W, 3) as one, two by two, each cut to a size (height, width)."""
    cells = [_cut(picture, size) for picture in pictures]
    cells += [np.ones((*size, 3), np.float32)] * (4 - len(cells))
    return np.vstack([np.hstack(cells[:2]), np.hstack(cells[2:4])])


def _cut(picture, size):
    """The middle of a picture, resized to fill a size."""
    scale = max(there / here for there, here in zip(size, picture.shape))
    whole = images.resize(picture, tuple(max(there, round(here * scale)) for there, here in zip(size, picture.shape)))
    top, left = ((have - want) // 2 for have, want in zip(whole.shape, size))
    return whole[top : top + size[0], left : left + size[1]]


def show(folder, settings, judge_facts, status, state, started, size):
    """Write run.json and losses.csv, and from them the page and the contact sheet of the lesson."""
    record = {
        "status": status,
        "command": settings.command,
        "started": started or datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "seconds": round(state.seconds, 3),
        "settings": {name: value for name, value in vars(settings).items() if name != "command"},
        "network": judge_facts["network"],
        "engine": {**judge_facts["engine"], "processor": processor.at_hand().name},
        "size": [size[1], size[0]],
        "seed": settings.seed,
        "content": {"source": "photographs", "file": "content.jpg"},
        "style": [{"source": str(settings.style_image), "file": "style.jpg"}],
        "snapshots": state.sheets,
        "final": None,
        "warnings": [],
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "torch": judge_facts["torch"]},
    }
    write_text(folder / "run.json", json.dumps(record, indent=2, default=str, ensure_ascii=False) + "\n")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *state.rows])
    write_text(folder / "losses.csv", text.getvalue())
    if state.sheets:
        page.write_page(folder)
        contact_sheet.write(folder)
