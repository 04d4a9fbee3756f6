"""The contact sheet of a run: its pictures and its loss curves on one PNG, for a README, a mail or a paper."""
import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..errors import InputError
from ..files import write_bytes
from . import results

WIDTH, MARGIN, GAP, TALLEST = 1600, 48, 20, 460
SNAPSHOTS = 8
CHART = (WIDTH - 2 * MARGIN, 340)
PAPER, INK, MUTED, RULE = "#ffffff", "#201e1b", "#68625a", "#dedad2"
CURVES = {"total": "#201e1b", "content": "#1f6fb2", "style": "#c2500f", "tv": "#2a8257"}
SMOOTH = 3  # the chart is drawn this many times larger, because Pillow's lines have hard edges


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
    if _drawable(run["losses"]):
        shown = {picture["epoch"] for row in _rows(run["pictures"]) for picture in row if "epoch" in picture}
        parts.append(_chart(run["losses"], shown))
    sheet = Image.new("RGB", (WIDTH, sum(part.height + GAP for part in parts) + 2 * MARGIN - GAP), PAPER)
    top = MARGIN
    for part in parts:
        sheet.paste(part, (MARGIN, top))
        top += part.height + GAP
    path = run["folder"] / "snapshots.png"
    # into memory: Pillow's encoders do not notice that a full disk took only half of what they wrote
    file = io.BytesIO()
    sheet.save(file, "PNG")
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
    except (OSError, SyntaxError):  # Pillow's word for a PNG with a broken chunk
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


def _chart(losses, shown):
    """The weighted losses over epochs on a logarithmic scale, with the epochs of the pictures and changes of size."""
    # what is too small to be seen in the total would press the other curves flat
    least = 1e-4 * max(value for value in losses["total"] if value)
    curves = {name: CURVES[name] for name in CURVES if any((value or 0) > least for value in losses.get(name, []))}
    values = np.array([losses[name] for name in curves], dtype=float)
    values = np.log10(np.where(values > 0, values, np.nan))
    epochs, edges = np.array(losses["epoch"], dtype=float), losses["long_edge"]
    low, high, last = np.nanmin(values) - 0.05, np.nanmax(values) + 0.05, max(epochs[-1], 1)
    left, top, right, bottom = 64 * SMOOTH, 68 * SMOOTH, (CHART[0] - 20) * SMOOTH, (CHART[1] - 30) * SMOOTH
    x = left + epochs / last * (right - left)
    y = bottom - (values - low) / (high - low) * (bottom - top)

    chart = Image.new("RGB", (CHART[0] * SMOOTH, CHART[1] * SMOOTH), PAPER)
    draw, font = ImageDraw.Draw(chart), ImageFont.load_default(16 * SMOOTH)
    for tick in _log_ticks(low, high):
        level = bottom - (math.log10(tick) - low) / (high - low) * (bottom - top)
        draw.line([(left, level), (right, level)], RULE, SMOOTH)
        draw.text((left - 10 * SMOOTH, level), f"{tick:.0e}".replace("e+0", "e").replace("e+", "e"), MUTED, font, "rm")
    step = next(size * 10**power for power in range(9) for size in (1, 2, 5) if size * 10**power * 12 >= last)
    for tick in range(0, int(last) + 1, step):
        draw.text((left + tick / last * (right - left), bottom + 8 * SMOOTH), str(tick), MUTED, font, "mt")
    free = 0 if len(set(edges)) > 1 else math.inf  # up to where the line of labels is taken
    for row in (row for row in range(len(edges)) if row == 0 or edges[row] != edges[row - 1]):
        draw.line([(x[row], top), (x[row], bottom)], MUTED, SMOOTH)
        if x[row] >= free:
            draw.text((x[row], top - 6 * SMOOTH), f"{edges[row]:.0f} px", MUTED, font, "lb")
            free = x[row] + 72 * SMOOTH
    entry = left
    for (name, colour), line in zip(curves.items(), y):
        for edge in set(edges):
            seen = np.isfinite(line) & (np.array(edges) == edge)
            draw.line(list(zip(x[seen], line[seen])), colour, 2 * SMOOTH, joint="curve")
        draw.line([(entry, 18 * SMOOTH), (entry + 28 * SMOOTH, 18 * SMOOTH)], colour, 3 * SMOOTH)
        draw.text((entry + 38 * SMOOTH, 18 * SMOOTH), name, INK, font, "lm")
        entry += 64 * SMOOTH + draw.textlength(name, font)
    for place, level, epoch in zip(x, y[0], epochs):
        if epoch in shown and np.isfinite(level):
            corners = (place - 5 * SMOOTH, level - 5 * SMOOTH, place + 5 * SMOOTH, level + 5 * SMOOTH)
            draw.ellipse(corners, PAPER, INK, 2 * SMOOTH)
    return chart.resize(CHART, Image.Resampling.LANCZOS)


def _drawable(losses):
    """Whether there are at least two epochs, and something positive to draw."""
    return (
        {"epoch", "long_edge", "total"} <= losses.keys()
        and len(losses["epoch"]) > 1
        and any(value and value > 0 for value in losses["total"])
    )


def _log_ticks(low, high):
    """Powers of ten between two exponents; also twice and five times them where there would be few."""
    factors = (1,) if high - low > 2 else (1, 2, 5)
    powers = [power for power in range(math.floor(low), math.ceil(high)) if power % math.ceil((high - low) / 8) == 0]
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    return [tick for tick in ticks if low <= math.log10(tick) <= high]


def _short(value):
    return f"{value:.2e}".replace("e+0", "e").replace("e+", "e")
