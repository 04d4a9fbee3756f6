"""A run as its pages show it: addresses of pictures, settings as words, curves as points."""
import itertools
import os
import shlex
from pathlib import PurePath
from urllib.parse import quote

from PIL import Image

from . import results

POINTS = 400  # of a curve: more cannot be told apart on a screen
STATUS = {
    "running": "in progress",
    "converged": "converged",
    "finished": "finished",
    "interrupted": "interrupted",
    "diverged": "stopped because the losses diverged",
    "failed": "stopped by an error",
}
# the settings that people change first; every other can be chosen
OFFERED = ("style_weight", "style_scale", "max_long_edge", "max_num_epochs", "preserve_colors", "output_dir")
DOWNLOADS = {
    "final.*": "the picture",
    "snapshots.png": "contact sheet",
    "animation.*": "animation",
    "losses.csv": "losses of every epoch",
    "frames.csv": "figures of every frame",
    "run.json": "record of the run",
}


def shown(folder, base):
    """What a page in the folder `base` shows of the run in `folder`.

    Parameters
    ----------
    folder : str or Path
        The output directory of a run.
    base : Path
        The folder of the page: addresses are relative to it.

    Returns
    -------
    dict
        What `results.read` gives, and besides `title`, `prefix` (the start of the addresses of the run's files),
        `epochs`, `state` and `described` (settings: name -> text), `command` (a line for a shell), `downloads`
        (address, name, what it is) and `data` (what the scripts of a page draw).

    Raises
    ------
    InputError
        If the folder holds no readable record of a run, or no picture of it.
    """
    run = results.read(folder)
    folder, prefix = run["folder"], _relative(run["folder"], base)
    for picture in run["pictures"]:
        picture["src"] = prefix + _quoted(picture["file"])
        if "small" in picture:
            picture["thumb"] = prefix + _quoted(picture["small"])
        if "epoch" not in picture:
            picture["name"] = PurePath(str(picture["source"])).name
            picture["height"] = _height(folder / picture["file"], run["size"])
    photograph, *paintings = (PurePath(str(picture["source"])).stem for picture in (run["content"], *run["style"]))
    downloads = [(prefix + _quoted(path.name), path.name, what)
                 for pattern, what in DOWNLOADS.items() for path in sorted(folder.glob(pattern))
                 if run["final"] or path.stem != "final"]  # else it is left from a run before
    shown = ("kind", "label", "src", "thumb", "epoch", "seconds", "total")
    return {
        **run,
        "title": f"{photograph} in the style of {' and '.join(paintings)}",
        "prefix": prefix,
        "epochs": int(max(run["losses"].get("epoch") or [run["pictures"][-1]["epoch"]])),
        "state": STATUS.get(run["status"], run["status"]),
        "described": _described(run),
        "command": shlex.join(_words(run["command"])),
        "downloads": downloads,
        "data": {
            "name": str(folder),
            "running": run["status"] == "running",
            "pictures": [{key: picture[key] for key in shown if key in picture} for picture in run["pictures"]],
            "recipe": _recipe(run, folder),
            "losses": _thinned(run["losses"], {picture.get("epoch") for picture in run["pictures"]}),
        },
    }


def _described(run):
    """The options, the size, the weights, the engine and the versions of a run as name -> text."""
    # older records have neither
    units, engine = (run[name] if isinstance(run.get(name), dict) else {} for name in ("units", "engine"))
    described = {}
    for name, value in run["settings"].items():
        unit = f" {_text(units[name])}" if value and name in units else ""
        described[f"--{name.replace('_', '-')}"] = _text(value) + unit
    described["size"] = "{} × {} pixels".format(*run["size"])
    described["seed"] = _text(run.get("seed"))
    for part, facts in (("network", run["network"]), ("engine", engine)):
        described.update((f"{part}: {name}", _text(value)) for name, value in facts.items())
    described.update((f"version of {name}", _text(value)) for name, value in run["versions"].items())
    return described


def _text(value, depth=3):
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (dict, list)) and not depth:
        return "…"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(part, depth - 1)}" for name, part in value.items())
    return ", ".join(_text(part, depth - 1) for part in value) if isinstance(value, list) else str(value)


def _words(command):
    """The words of a shell's line that starts the run; old records begin with the script, which no shell finds."""
    words = [str(word) for word in command]
    return ["python", *words] if words[:1] and words[0].endswith(".py") else words


def _recipe(run, folder):
    """What the panel that writes another command begins with."""
    number = next(n for n in itertools.count(2) if not folder.with_name(f"{folder.name}_{n}").exists())
    told = str(run["settings"].get("output_dir") or folder).rstrip("/\\")
    return {
        "command": _words(run["command"]),
        "settings": run["settings"],
        "units": run["units"] if isinstance(run.get("units"), dict) else {},
        "offered": OFFERED,
        "next": f"{told}_{number}",
    }


def _thinned(losses, epochs):
    """About POINTS rows of the losses, among them the given epochs and both sides of each change of size."""
    if not {"epoch", "seconds", "long_edge", "total"} <= losses.keys():
        return {}
    edges, last = losses["long_edge"], len(losses["epoch"]) - 1
    step = max(1, round(last / POINTS))
    kept = [
        row for row, epoch in enumerate(losses["epoch"])
        if row % step == 0 or row == last or epoch in epochs or len(set(edges[max(row - 1, 0) : row + 2])) > 1
    ]
    return {name: [column[row] and float(f"{column[row]:.6g}") for row in kept] for name, column in losses.items()}


def _relative(folder, base):
    """What leads from a page in `base` to the files in `folder`, as the start of a URL."""
    try:
        path = PurePath(os.path.relpath(folder.resolve(), base.resolve()))
    except ValueError:  # another drive
        return f"{folder.resolve().as_uri()}/"
    return "" if path == PurePath() else f"{_quoted(path.as_posix())}/"


def _quoted(path):
    return quote(os.fsencode(path))


def _height(path, size):
    """The height of a picture as a fraction of its width; that of the result if it cannot be told."""
    try:
        with Image.open(path) as picture:
            size = picture.size
    except Exception:  # decoders raise whatever a broken file leads them to
        pass
    return size[1] / size[0]
