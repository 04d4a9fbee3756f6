"""The page of a run over a film: original and result in one player, and how steady the result is, frame by frame."""

import csv
import math

from .rendering import write

PLOTTED = ("error", "film_error")


def write_page(run, page):
    """Write the page of a film.

    Parameters
    ----------
    run : dict
        As `shown.shown` gives it, of a film.
    page : Path
        The file to write.

    Raises
    ------
    OSError
        If the page cannot be written.
    """
    film = run["film"]
    frames = _frames(run["folder"] / "frames.csv")
    player = {
        "running": run["status"] == "running",
        "rate": film["rate"],
        "painted": min(film["painted"], film["frames"]),
        "scenes": film["scenes"],
        "frames": frames,
    }
    sources = {name: run["prefix"] + film[name] for name in ("file", "original")}
    write(page, "film.html", run=run, film=film, sources=sources, player=player)


def is_film(run):
    """Whether a record, as `results.read` gives it, is that of a film."""
    film = run.get("film")
    kinds = {"file": str, "original": str, "frames": int, "painted": int, "rate": (int, float), "scenes": list}
    return isinstance(film, dict) and all(isinstance(film.get(name), kind) for name, kind in kinds.items())


def _frames(path):
    """The columns of frames.csv that are plotted, of the last pass; None where there is no number."""
    columns = {name: [] for name in ("frame", *PLOTTED)}
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = {int(row["frame"]): row for row in csv.DictReader(file)}  # of each frame its last pass
        for _, row in sorted(rows.items()):
            for name, column in columns.items():
                column.append(_number(row[name]))
    except (OSError, ValueError, KeyError, TypeError):
        return {name: [] for name in columns}
    return columns


def _number(text):
    value = float(text) if text else math.nan
    return value if math.isfinite(value) else None
