"""The contact sheet of a run: its pictures and its loss curves on one PNG, for a README, a mail or a paper."""
import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..errors import InputError
from ..files import write_bytes
from . import chart, results
from .chart import MUTED, PAPER

WIDTH, MARGIN, GAP, TALLEST = 1600, 48, 20, 460
SNAPSHOTS = 8
CHART = (WIDTH - 2 * MARGIN, 340)


def write(folder):
    """Write `snapshots.png` into the folder of a run.

    Content, styles and the final picture stand in the first row, below them up to eight snapshots spread evenly over
    the run, each labelled with its epoch, the seconds up to it and its total loss, and then the loss curves.

    Parameters
    ----------
    folder : str or Path
        The output directory of a run.

    Returns
    -------
    Path
        The sheet.

    Raises
    ------
    InputError
        If the folder holds no readable record of a run, or none of its pictures can be read.
    OSError
        If the sheet cannot be written.
    """
    run = results.read(folder)
    rows = [[_opened(run["folder"], picture) for picture in row] for row in _rows(run["pictures"])]
    rows = [[cell for cell in row if cell] for row in rows]
    if not any(rows):
        raise InputError(f"{run['folder']}: none of its pictures can be read; run again")
    parts = [_row(row) for row in rows if row]
    shown = {picture["epoch"] for row in _rows(run["pictures"]) for picture in row if "epoch" in picture}
    curves = chart.drawn(run["losses"], shown, CHART)
    parts += [curves] if curves else []
    sheet = Image.new("RGB", (WIDTH, sum(part.height + GAP for part in parts) + 2 * MARGIN - GAP), PAPER)
    top = MARGIN
    for part in parts:
        sheet.paste(part, (MARGIN, top))
        top += part.height + GAP
    path = run["folder"] / "snapshots.png"
    # into memory: Pillow's encoders do not notice that a full disk took only half of what they wrote
    file = io.BytesIO()
    sheet.save(file, "PNG", compress_level=1)  # half the time, which a run waits for, for a tenth more bytes
    write_bytes(path, file.getvalue())
    return path


def _rows(pictures):
    """The pictures of the sheet: sources and result, then the snapshots in one or two rows."""
    first = [picture for picture in pictures if picture["kind"] != "snapshot"]
    last = [picture["epoch"] for picture in first if picture["kind"] == "final"]
    snapshots = [picture for picture in pictures if picture["kind"] == "snapshot" and picture["epoch"] not in last]
    if len(snapshots) > SNAPSHOTS:
        snapshots = [snapshots[i] for i in np.linspace(0, len(snapshots) - 1, SNAPSHOTS).round().astype(int)]
    half = len(snapshots) if len(snapshots) <= 5 else math.ceil(len(snapshots) / 2)
    return [first, snapshots[:half], snapshots[half:]]


def _opened(folder, picture):
    """A picture no larger than its place may be, and its label; None if it cannot be read."""
    try:
        with Image.open(folder / picture["file"]) as image:
            image.draft("RGB", (WIDTH, TALLEST))
            image = image.convert("RGB")
            image.thumbnail((WIDTH, 2 * TALLEST))
    except Exception:  # decoders raise whatever a broken file leads them to
        return None
    return image, _label(picture)


def _label(picture):
    label = picture["label"]
    if picture.get("seconds") is not None:
        label += f"   {picture['seconds']:.3g} s"
    if picture.get("total") is not None:
        label += f"   total {_short(picture['total'])}"
    return label


def _row(cells):
    """Pictures of one height that fill the width together, with their labels below."""
    inside = CHART[0] - GAP * (len(cells) - 1)
    height = min(TALLEST, inside / sum(image.width / image.height for image, _ in cells))
    height = max(1, height)
    row = Image.new("RGB", (CHART[0], round(height) + 34), PAPER)
    draw, left = ImageDraw.Draw(row), 0.0
    for image, label in cells:
        width = height * image.width / image.height
        box = round(left), round(left + width)
        row.paste(image.resize((max(1, box[1] - box[0]), round(height)), Image.Resampling.LANCZOS), (box[0], 0))
        draw.text((box[0], round(height) + 8), label, MUTED, _font(17, label, width))
        left += width + GAP
    return row


def _font(size, label, width):
    """The built-in font at `size`, or smaller where the label would be wider than `width`."""
    font = ImageFont.load_default(size)
    return ImageFont.load_default(max(8, size * width / max(width, font.getlength(label))))


def _short(value):
    return f"{value:.2e}".replace("e+0", "e").replace("e+", "e")
