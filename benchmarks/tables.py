"""What the benchmarks share: the settings of a run, tables, and the file that a table is kept in."""

import argparse
import datetime
import json
import os
import re
import subprocess
from pathlib import Path

from neural_style.engines import processor
from neural_style.errors import InputError
from neural_style.runs import options
from neural_style.weights import store

RESULTS = Path(__file__).parent / "results"


def settings(*arglist):
    """The settings of a run on the CPU with the sample pair (or the stand-ins), options as on the command line."""
    return options.complete(options.parse(["--gpu", "-1", "--stop-eps", "0", *arglist]))


def parser(description):
    """A parser of a benchmark's command line, with the option that all have."""
    made = argparse.ArgumentParser(description=description.splitlines()[0])
    made.add_argument("--out", type=Path, default=here(), help="folder for the tables (default: %(default)s)")
    return made


def installed(model):
    """Whether a network's weights are there."""
    try:
        return bool(store.find(model))
    except InputError:
        return False


def here():
    """The folder of this kind of processor's tables: those of others stay."""
    kind = processor.at_hand()
    return RESULTS / re.sub(r"[^a-z0-9]+", "-", f"{kind.vendor} {kind.widest}".lower()).strip("-")


def page(folder):
    """The page on which the tables of a folder are gathered."""
    return (RESULTS.parent if folder.parent == RESULTS else folder) / "README.md"


def machine():
    """The processor and the number of cores that this process may use."""
    kind = processor.at_hand()
    return f"{kind.name} ({kind.title}), {len(os.sched_getaffinity(0))} cores"


def commit():
    """The commit that is checked out, with a + where files other than the tables differ from it."""
    head = _git("rev-parse", "--short", "HEAD")
    tables = [f":(exclude){path.name}" for path in (RESULTS, RESULTS.with_name("README.md"))]
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ":/", *tables)
    return f"{head}{'+' if changed else ''}" or "unknown"


def _git(*arguments):
    run = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, cwd=RESULTS.parent)
    return run.stdout.strip()


def publish(name, title, columns, rows, notes="", *, folder):
    """Print a table and keep it as JSON and Markdown in a folder.

    Parameters
    ----------
    name : str
        Of the files.
    title : str
    columns : list of str
    rows : list of list
    notes : str
        What a reader must know of the figures.
    folder : Path
    """
    widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
    lines = [
        "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |" for row in [columns, *rows]
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    head = f"{machine()}; {datetime.date.today().isoformat()}; commit {commit()}"
    text = "\n".join([f"### {title}", "", head + ".", *([notes] if notes else []), "", *lines, ""])
    print(text, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(text)
    data = {"title": title, "machine": machine(), "commit": commit(), "columns": columns, "rows": rows}
    (folder / f"{name}.json").write_text(json.dumps(data, indent=2) + "\n")
