"""The pages that show runs: one run and how its picture came to be, several side by side, all of a folder.

    python -m neural_style.report OUT                 index.html and snapshots.png of a finished or broken run, again
    python -m neural_style.report OUT OUT2 [...]      comparison.html: these runs side by side
    python -m neural_style.report --gallery DIR       DIR/gallery.html: all runs in a folder, and in the folders in it

A page is one file. It shows the pictures that lie beside it and needs neither a server nor a network.
"""
import base64
import io
from pathlib import Path

from PIL import Image

from ..errors import InputError
from . import film
from .rendering import write
from .shown import shown

THUMBNAIL = 320  # pixels of the long edge of a picture in the gallery


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
    run = shown(folder, page.parent)
    if film.is_film(run):
        film.write_page(run, page)
    else:
        write(page, "page.html", run=run)
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
    runs = [shown(folder, page.parent) for folder in folders]
    # the output directory is the name of a run here, and it differs always
    names = dict.fromkeys(name for run in runs for name in run["described"] if name != "--output-dir")
    rows = [(name, [run["described"].get(name, "–") for run in runs]) for name in names]
    differing = [row for row in rows if len(set(row[1])) > 1]
    write(page, "comparison.html", runs=runs, differing=differing, same=[row for row in rows if row not in differing])
    return page


def write_gallery(folder, page=None):
    """Write a page of all runs in a folder and in the folders in it, the newest first.

    Parameters
    ----------
    folder : str or Path
    page : str or Path, optional
        The file to write; `gallery.html` in the folder by default. It refers to the pictures by relative paths and
        holds a thumbnail of each result.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    InputError
        If no folder holds the readable record of a run and a picture of it.
    OSError
        If the page cannot be written.
    """
    page = Path(folder) / "gallery.html" if page is None else Path(page)
    write(page, "gallery.html", **gallery(folder, page.parent))
    return page


def gallery(folder, base):
    """What the page of all runs in a folder shows, for a page in the folder `base`: see `write_gallery`."""
    folder, runs, left_out = Path(folder), [], []
    for record in sorted(folder.rglob("run.json")):
        try:
            run = shown(record.parent, base)
        except InputError as error:
            left_out.append(str(error))
            continue
        name = record.parent.relative_to(folder).as_posix()
        runs.append({**run, "name": run["title"] if name == "." else name, "thumbnail": _thumbnail(run)})
    if not runs:
        raise InputError(f"{folder} holds no run: name a folder with the output directories of runs in it")
    runs.sort(key=lambda run: str(run.get("started")), reverse=True)
    data = [{"name": run["name"], "src": run["pictures"][-1]["src"], "described": run["described"]} for run in runs]
    return {"runs": runs, "data": data, "left_out": left_out}


def _thumbnail(run):
    """The latest picture of a run, small, as an address that holds it; empty if it cannot be read."""
    file, picture = io.BytesIO(), run["pictures"][-1]
    try:
        with Image.open(run["folder"] / picture.get("small", picture["file"])) as image:
            image.draft("RGB", (THUMBNAIL, THUMBNAIL))
            image = image.convert("RGB")
            image.thumbnail((THUMBNAIL, THUMBNAIL))
            image.save(file, "JPEG", quality=80)
    except Exception:  # decoders raise whatever a broken file leads them to
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")
