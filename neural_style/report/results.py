"""What a run left in its folder, read back for the report page, the contact sheet and the animation."""
import json
import math
from pathlib import Path

from ..errors import InputError
from . import thumbnails

LONGEST_EDGE = 1_000_000  # pixels: a record that says more is none
LAST_EPOCH = 1_000_000_000
FIELDS = {"status": str, "command": list, "settings": dict, "network": dict, "versions": dict, "warnings": list}


def read(folder):
    """Read the record, the losses and the list of pictures of a run, as far as they are there.

    A run that is still going, was interrupted or was broken off leaves fewer pictures, fewer rows of losses or a
    torn last row: what is missing is left out.

    Parameters
    ----------
    folder : str or Path
        The output directory of a run.

    Returns
    -------
    dict
        What `run.json` says, and besides

        - `folder`: Path;
        - `pictures`: a dict for each picture that is there, in the order content, styles, snapshots, final, with
          `kind` ("content", "style", "snapshot" or "final"), `label`, `file` (its name in the folder), where there is
          one `small` (the name of its thumbnail), and `source` (content and styles) or `epoch`, `seconds` and `total`
          (snapshots and final);
        - `losses`: the columns of `losses.csv`, name -> list of float, None where a value is not finite. The first
          three, of epoch, seconds and long edge, have no gaps.

    Raises
    ------
    InputError
        If there is no readable `run.json`, or neither a snapshot nor a final picture.
    """
    folder = Path(folder)
    record = folder / "run.json"
    if not record.is_file():
        raise InputError(f"{folder} holds no run.json: name the output directory of a run")
    try:
        run = json.loads(record.read_bytes())
        names = {path.name for path in folder.iterdir() if path.is_file()}
    except OSError as error:
        raise InputError(f"{record} cannot be read: {error.strerror}; check its permissions") from None
    except (ValueError, RecursionError):
        raise InputError(f"{record} is damaged, it is not JSON: run again into this folder") from None
    try:
        complete = all(isinstance(run[field], kind) for field, kind in FIELDS.items())
        pictures = [picture for picture in _pictures(run) if picture["file"] in names]
        for picture in pictures:
            if (small := thumbnails.name(picture["file"])) in names:
                picture["small"] = small
        run.update(size=[int(length) for length in run["size"]], seconds=_finite(run["seconds"]) or 0.0)
        complete = complete and len(run["size"]) == 2 and 0 < min(run["size"]) <= max(run["size"]) <= LONGEST_EDGE
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        complete = False
    if not complete:
        raise InputError(f"{record} is not the record of a run: name the output directory of a run")
    if not any(picture["kind"] in ("snapshot", "final") for picture in pictures):
        raise InputError(f"{folder} holds no snapshot of its run: put the pictures back beside run.json, or run again")
    return {**run, "folder": folder, "pictures": pictures, "losses": _losses(folder / "losses.csv")}


def _pictures(run):
    sources = [("content", "Content", run["content"])]
    for number, style in enumerate(run["style"], 1):
        sources.append(("style", f"Style {number}" if len(run["style"]) > 1 else "Style", style))
    for kind, label, picture in sources:
        yield {**picture, "source": str(picture["source"]), "kind": kind, "label": label}
    results = [("snapshot", "Epoch {:d}", snapshot) for snapshot in run["snapshots"]]
    results += [("final", "Final, epoch {:d}", run["final"])] if run["final"] else []
    for kind, label, picture in results:
        numbers = {key: _finite(picture[key]) for key in ("seconds", "total")}
        yield {**picture, **numbers, "kind": kind, "label": label.format(picture["epoch"])}


def _losses(path):
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:
        return {}
    # a row without its line end was torn while it was written
    header, *lines = text[: text.rfind("\n") + 1].splitlines() or [""]
    names, rows = header.split(","), []
    for line in lines:
        try:
            rows.append([_finite(value) for value in line.split(",")])
        except ValueError:
            continue
    columns = zip(*(row for row in rows if len(row) == len(names) and _is_placed(dict(zip(names, row)))))
    return dict(zip(names, map(list, columns)))


def _is_placed(row):
    """Whether a row of losses says which epoch it is of."""
    places = [row.get(name, 0) for name in ("epoch", "seconds", "long_edge")]
    return None not in places and min(places) >= 0 and places[0] <= LAST_EPOCH


def _finite(value):
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None
