"""The report of a run: one page that shows how its picture came to be, and a page that compares several runs.

    python -m neural_style.report OUT                 index.html and snapshots.png of a finished or broken run, again
    python -m neural_style.report OUT OUT2 [...]      comparison.html: these runs side by side

A page is one file. It shows the pictures that lie beside it and needs neither a server nor a network.
"""
import argparse
import os
import shlex
import sys
from functools import lru_cache
from pathlib import Path, PurePath
from urllib.parse import quote

import jinja2
from PIL import Image

from ..errors import InputError
from ..files import write_bytes
from . import contact_sheet, results

POINTS = 400  # of a curve: more cannot be told apart on a screen
STATUS = {
    "running": "in progress",
    "converged": "converged",
    "finished": "finished",
    "interrupted": "interrupted",
    "diverged": "stopped because the losses diverged",
    "failed": "stopped by an error",
}
DOWNLOADS = {
    "final.*": "the picture",
    "snapshots.png": "contact sheet",
    "animation.*": "animation",
    "losses.csv": "losses of every epoch",
    "run.json": "record of the run",
}


def write_page(folder):
    """Write `index.html` into the folder of a run, from what the run has left there so far.

    Parameters
    ----------
    folder : str or Path
        The output directory of a run.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If the folder holds no readable record of a run, or no picture of it.
    OSError
        If the page cannot be written.
    """
    page = Path(folder) / "index.html"
    _write(page, "page.html", run=_shown(folder, page.parent))
    return page


def write_comparison(folders, page="comparison.html"):
    """Write a page that puts the pictures, the curves and the settings of several runs side by side.

    Parameters
    ----------
    folders : list of str or Path
        The output directories of the runs. The page refers to their pictures by relative paths.
    page : str or Path
        The file to write.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If one of the folders holds no readable record of a run, or no picture of it.
    OSError
        If the page cannot be written.
    """
    page = Path(page)
    runs = [_shown(folder, page.parent) for folder in folders]
    # the output directory is the name of a run here, and it differs always
    names = dict.fromkeys(name for run in runs for name in run["described"] if name != "--output-dir")
    rows = [(name, [run["described"].get(name, "–") for run in runs]) for name in names]
    differing = [row for row in rows if len(set(row[1])) > 1]
    _write(page, "comparison.html", runs=runs, differing=differing, same=[row for row in rows if row not in differing])
    return page


def main(arglist=None):
    """The command `python -m neural_style.report`; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m neural_style.report",
        description="Rebuild the page and the contact sheet of a run, or write one page that compares several runs.",
    )
    parser.add_argument("folders", nargs="+", metavar="OUT", help="the output directory of a run")
    parser.add_argument("--output", metavar="FILE", help="the page that compares several runs (comparison.html)")
    args = parser.parse_args(arglist)
    if args.output and len(args.folders) == 1:
        parser.error("--output: names the page that compares runs; give at least two output directories")
    try:
        if len(args.folders) > 1:
            written = [write_comparison(args.folders, args.output or "comparison.html")]
        else:
            written = [contact_sheet.write(args.folders[0]), write_page(args.folders[0])]
    except InputError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{parser.prog}: {error.filename or 'the page'} cannot be written: {error.strerror}", file=sys.stderr)
        return 2
    print(*written, sep="\n")
    return 0


def _shown(folder, base):
    """The run in `folder` with everything that a page in the folder `base` shows of it."""
    run = results.read(folder)
    folder, prefix = run["folder"], _relative(run["folder"], base)
    for picture in run["pictures"]:
        picture["src"] = prefix + _quoted(picture["file"])
        if "epoch" not in picture:
            picture["name"] = PurePath(str(picture["source"])).name
            picture["height"] = _height(folder / picture["file"], run["size"])
    photograph, *paintings = (PurePath(str(picture["source"])).stem for picture in (run["content"], *run["style"]))
    downloads = [(prefix + _quoted(path.name), path.name, what)
                 for pattern, what in DOWNLOADS.items() for path in sorted(folder.glob(pattern))
                 if run["final"] or path.stem != "final"]  # else it is left from a run before
    shown = ("kind", "label", "src", "epoch", "seconds", "total")
    return {
        **run,
        "title": f"{photograph} in the style of {' and '.join(paintings)}",
        "prefix": prefix,
        "epochs": int(max(run["losses"].get("epoch") or [run["pictures"][-1]["epoch"]])),
        "state": STATUS.get(run["status"], run["status"]),
        "described": _described(run),
        "command": _command(run["command"]),
        "downloads": downloads,
        "data": {
            "name": str(folder),
            "running": run["status"] == "running",
            "pictures": [{key: picture.get(key) for key in shown} for picture in run["pictures"]],
            "losses": _thinned(run["losses"], {picture.get("epoch") for picture in run["pictures"]}),
        },
    }


def _described(run):
    """The options, the size, the weights and the versions of a run as name -> text."""
    described = {f"--{name.replace('_', '-')}": _text(value) for name, value in run["settings"].items()}
    described["size"] = "{} × {} pixels".format(*run["size"])
    described["seed"] = _text(run.get("seed"))
    described.update((f"network: {name}", _text(value)) for name, value in run["network"].items())
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


def _command(arguments):
    """The line for a shell that starts the run; old records begin with the script, which no shell finds."""
    arguments = [str(argument) for argument in arguments]
    return shlex.join(["python", *arguments] if arguments[:1] and arguments[0].endswith(".py") else arguments)


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


def _duration(seconds):
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.3g} s"


@lru_cache(maxsize=1)
def _templates():
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("neural_style.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters["duration"] = _duration
    templates.policies["json.dumps_kwargs"] = {"separators": (",", ":")}
    return templates


def _write(page, template, **names):
    # a file name that is not text (stray bytes) must not keep the page from being written
    write_bytes(page, _templates().get_template(template).render(names).encode("utf-8", "replace"))

