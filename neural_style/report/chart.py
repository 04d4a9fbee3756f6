"""The loss curves of the contact sheet, drawn with Pillow."""
import math
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, MUTED, RULE = "#ffffff", "#201e1b", "#68625a", "#dedad2"
CURVES = {"total": "#201e1b", "content": "#1f6fb2", "style": "#c2500f", "tv": "#2a8257"}
SMOOTH = 3  # a chart is drawn this many times larger, because Pillow's lines have hard edges


class Axes(NamedTuple):
    """Where epochs and losses lie on a chart, in pixels from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    last: float  # epoch
    low: float  # exponents of ten
    high: float

    def x(self, epoch):
        return self.left + epoch / self.last * (self.right - self.left)

    def y(self, exponent):
        return self.bottom - (exponent - self.low) / (self.high - self.low) * (self.bottom - self.top)


def drawn(losses, marked, size):
    """The weighted losses over epochs on a logarithmic scale.

    Parameters
    ----------
    losses : dict
        The columns of `losses.csv`, as `results.read` gives them.
    marked : set of int
        The epochs whose total has a circle: those of the pictures on the sheet.
    size : tuple of int
        Width and height of the chart, pixels.

    Returns
    -------
    PIL.Image.Image or None
        None where there are fewer than two epochs, or nothing positive to draw.
    """
    curves = _curves(losses)
    if not curves or len(losses["epoch"]) < 2:
        return None
    epochs, edges = np.array(losses["epoch"], dtype=float), np.array(losses["long_edge"], dtype=float)
    width, height = size
    values = np.array(list(curves.values()))
    axes = Axes(
        left=64 * SMOOTH,
        top=68 * SMOOTH,
        right=(width - 20) * SMOOTH,
        bottom=(height - 30) * SMOOTH,
        last=max(epochs.max(), 1),
        low=np.nanmin(values) - 0.05,
        high=np.nanmax(values) + 0.05,
    )
    chart = Image.new("RGB", (width * SMOOTH, height * SMOOTH), PAPER)
    draw, font = ImageDraw.Draw(chart), ImageFont.load_default(16 * SMOOTH)
    _draw_scales(draw, font, axes)
    _draw_sizes(draw, font, axes, epochs, edges)
    _draw_curves(draw, font, axes, curves, epochs, edges)
    for epoch, total in zip(epochs, curves["total"]):
        if epoch in marked and np.isfinite(total):
            draw.circle((axes.x(epoch), axes.y(total)), 5 * SMOOTH, PAPER, INK, 2 * SMOOTH)
    return chart.resize(size, Image.Resampling.LANCZOS)


def _curves(losses):
    """The losses that can be seen beside the total, as exponents of ten; gaps are NaN."""
    if not {"epoch", "long_edge", "total"} <= losses.keys():
        return {}
    # what is too small to be seen in the total would press the other curves flat
    least = 1e-4 * max((value for value in losses["total"] if value), default=0)
    curves = {}
    for name in CURVES:
        values = np.array(losses.get(name, []), dtype=float)
        if least > 0 and np.any(values > least):
            curves[name] = np.log10(np.where(values > 0, values, np.nan))
    return curves


def _draw_scales(draw, font, axes):
    for tick in log_ticks(axes.low, axes.high):
        level = axes.y(math.log10(tick))
        draw.line([(axes.left, level), (axes.right, level)], RULE, SMOOTH)
        label = f"{tick:.0e}".replace("e+0", "e").replace("e+", "e")
        draw.text((axes.left - 10 * SMOOTH, level), label, MUTED, font, "rm")
    for tick in epoch_ticks(axes.last):
        draw.text((axes.x(tick), axes.bottom + 8 * SMOOTH), str(tick), MUTED, font, "mt")


def _draw_sizes(draw, font, axes, epochs, edges):
    """A rule and a label where the picture became larger."""
    free = 0 if len(set(edges)) > 1 else math.inf  # up to where the line of labels is taken
    for row in (row for row in range(len(edges)) if row == 0 or edges[row] != edges[row - 1]):
        x = axes.x(epochs[row])
        draw.line([(x, axes.top), (x, axes.bottom)], MUTED, SMOOTH)
        if x >= free:
            draw.text((x, axes.top - 6 * SMOOTH), f"{edges[row]:.0f} px", MUTED, font, "lb")
            free = x + 72 * SMOOTH


def _draw_curves(draw, font, axes, curves, epochs, edges):
    """The curves, each anew where the size changes, and their names."""
    entry = axes.left
    for name, exponents in curves.items():
        for edge in set(edges):
            seen = np.isfinite(exponents) & (edges == edge)
            points = list(zip(axes.x(epochs[seen]), axes.y(exponents[seen])))
            if points:
                draw.line(points, CURVES[name], 2 * SMOOTH, joint="curve")
        draw.line([(entry, 18 * SMOOTH), (entry + 28 * SMOOTH, 18 * SMOOTH)], CURVES[name], 3 * SMOOTH)
        draw.text((entry + 38 * SMOOTH, 18 * SMOOTH), name, INK, font, "lm")
        entry += 64 * SMOOTH + draw.textlength(name, font)


def epoch_ticks(last):
    """Round epochs from 0 to the last one, at most thirteen."""
    step = next(size * 10**power for power in range(9) for size in (1, 2, 5) if size * 10**power * 12 >= last)
    return range(0, int(last) + 1, step)


def log_ticks(low, high):
    """Powers of ten between two exponents; also twice and five times them where there would be few."""
    factors = (1,) if high - low > 2 else (1, 2, 5)
    powers = [power for power in range(math.floor(low), math.ceil(high)) if power % math.ceil((high - low) / 8) == 0]
    ticks = [factor * 10.0**power for power in powers for factor in factors]
    return [tick for tick in ticks if tick and low <= math.log10(tick) <= high]
