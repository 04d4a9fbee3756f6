"""Makes docs/course.png, the course of a run: `python -m docs.make_course`, half a minute on two cores.

Paints the stand-in pair with SqueezeNet, whose weights must be installed; draws its losses, the sizes that it passes
through, and pictures on the way.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import nstyle
from neural_style.download import standins

OPTIONS = {"model": "squeezenet", "gpu": -1, "max_long_edge": 480, "max_num_epochs": 150, "stop_eps": 0}
SHOWN = 6  # pictures
WIDTH, CHART, EDGE, LEFT, MARGIN = 960, 260, 152, 64, 8  # pixels
COLOURS = {"total": "#222222", "content": "#0072b2", "style": "#d55e00"}  # told apart by colour-blind eyes, too


def main(arglist=None):
    """Paint, draw, and save."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_course", description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "course.png", help="default: %(default)s")
    args = parser.parse_args(arglist)
    drawn(*painted(OPTIONS)).save(args.out, optimize=True)
    print(f"{args.out}: {', '.join(f'{name} {value}' for name, value in OPTIONS.items())}")
    return 0


def painted(options):
    """The epochs of a run as (size, losses), and its pictures by epoch, each (H, W, 3) in 0..1."""
    last = options["max_num_epochs"]
    wanted = {max(1, round(last * (number / (SHOWN - 1)) ** 1.6)) for number in range(SHOWN)}
    course, pictures = [], {}
    for epoch in nstyle.painting(standins.photograph(), standins.painting(), **options):
        course.append((epoch.size, epoch.losses))
        if epoch.epoch in wanted:
            pictures[epoch.epoch] = epoch.picture
    return course, pictures


def drawn(course, pictures):
    """A chart of the losses above the pictures: a Pillow image."""
    height = EDGE * 2 // 3
    sheet = Image.new("RGB", (WIDTH, CHART + height + 3 * MARGIN + 36), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=13)
    values = [losses[name] for _, losses in course for name in COLOURS if losses[name] > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(epoch):
        return LEFT + (WIDTH - LEFT - MARGIN) * (epoch - 1) / max(1, len(course) - 1)

    def y(loss):
        return 26 + (CHART - 26) * (high - math.log10(max(loss, 10.0**low))) / (high - low)

    sizes = list(dict.fromkeys(size for size, _ in course))
    for number, size in enumerate(sizes):  # the levels, as bands
        epochs = [epoch for epoch, (found, _) in enumerate(course, 1) if found == size]
        left, right = x(epochs[0] - 0.5 if number else 1), x(min(len(course), epochs[-1] + 0.5))
        draw.rectangle((left, 26, right, CHART), fill=("#e9eef2", "#f5f7f9")[number % 2])
        words = f"{size[1]} x {size[0]}"
        draw.text((left + 4, 8), words, "#444444", font)
    for power in range(low, high + 1):
        draw.line((LEFT, y(10.0**power), WIDTH - MARGIN, y(10.0**power)), "#c8ced4")
        draw.text((LEFT - 6, y(10.0**power)), f"1e{power}", "#444444", font, anchor="rm")
    for number, (name, colour) in enumerate(COLOURS.items()):
        points = [(x(epoch), y(losses[name])) for epoch, (_, losses) in enumerate(course, 1)]
        draw.line(points, colour, width=2)
        draw.text((WIDTH - MARGIN - 70, 34 + 18 * number), name, colour, font)
    gap = (WIDTH - 2 * MARGIN - SHOWN * EDGE) / (SHOWN - 1)
    for number, (epoch, picture) in enumerate(sorted(pictures.items())):
        left, top = round(MARGIN + number * (EDGE + gap)), CHART + 2 * MARGIN + 18
        small = Image.fromarray(np.rint(picture * 255).astype(np.uint8)).resize((EDGE, height))
        sheet.paste(small, (left, top))
        draw.line((x(epoch), CHART, x(epoch), CHART + 6, left + EDGE / 2, top - 2), "#888888")
        draw.text((left + EDGE / 2, top + height + 12), f"epoch {epoch}", "#222222", font, anchor="mm")
    return sheet


if __name__ == "__main__":
    sys.exit(main())
