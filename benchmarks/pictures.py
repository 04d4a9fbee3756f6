"""What the pictures are like: eight pairs painted by several recipes, on one sheet: `python -m benchmarks.pictures`.

Look at the sheet at full size before and after every change of a default: a change that wins a figure and loses the eye
does not go in. Under each picture stand the figures of `python -m neural_style.judge`, the epochs, and the seconds and
the memory of the whole command. Each picture is painted by a process of its own, for its memory.
"""

import argparse
import csv
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

import nstyle
from benchmarks.epoch import peak
from benchmarks.tables import installed, publish
from neural_style.download import standins
from neural_style.errors import InputError
from neural_style.judge.verdict import Judge
from neural_style.pictures import find, images, reading
from neural_style.runs.options import PRESETS

# name -> the photograph and the painting: a file in input/, where it is there, else a picture that scikit-image ships
# ("standin": the painting of our own)
PAIRS = {
    "sky": (("IMG_4343.jpg", "rocket"), ("starry_night.jpg", "standin")),
    "portrait": (("", "astronaut"), ("", "standin")),
    "town": (("tubingen.jpg", "stereo_motorcycle"), ("the_scream.jpg", "standin")),
    "dark painting": (("", "chelsea"), ("shipwreck.jpg", "hubble_deep_field")),
    "bright painting": (("", "coffee"), ("", "immunohistochemistry")),
    "grey painting": (("tubingen.jpg", "retina"), ("", "grass")),
    "dark photograph": (("", "rocket"), ("", "standin")),
    "fine texture": (("", "stereo_motorcycle"), ("starry_night.jpg", "immunohistochemistry")),
}
WIDTH, GAP, LINE = 480, 12, 20  # of the sheet, pixels
COLUMNS = ["pair", "network", "recipe", "style", "content", "patches", "limits %", "epochs", "s", "peak MB"]


def main():
    """Paint, judge, and write pictures, figures and sheet."""
    args = _parser().parse_args()
    if args.paint:
        status = nstyle.main(args.paint)
        print(peak())
        return status
    unknown = [name for name in args.pairs if name not in PAIRS]
    missing = [model for model in args.models if not installed(model)]
    if unknown or missing:
        wrong = f"--pairs {unknown[0]}: choose from {', '.join(PAIRS)}" if unknown else f"{missing[0]} is not installed"
        print(f"benchmarks.pictures: error: {wrong}.", file=sys.stderr)
        return 2
    cells, rows = [], []
    for pair in args.pairs:
        folder = args.out / pair.replace(" ", "_")
        sources = [_written(folder / name, *source) for name, source in zip(("photo.png", "painting.png"), PAIRS[pair])]
        judge = Judge(*(reading.read(source) for source in sources))
        cells.append([(sources[0], f"{pair}: photograph"), (sources[1], "painting")])
        for model in args.models:
            for number, recipe in enumerate(args.recipes):
                result = folder / f"{model}-{number}"
                options = ["--model", model, *_options(recipe), "--max-long-edge", str(args.long_edge)]
                seconds, memory = _painted(*sources, result, options)
                row = [pair, model, recipe, *_figures(judge, result), f"{seconds:.0f}", f"{memory:.0f}"]
                rows.append(row)
                cells[-1].append((result / "final.png", _caption(row)))
                print(*row, sep="  ", flush=True)
    sheet = args.out / "sheet.png"
    _sheet(cells).save(sheet)
    notes = f"Long edge {args.long_edge} pixels. Figures of `python -m neural_style.judge`; seconds of whole commands."
    publish("pictures", f"Pictures of {len(args.pairs)} pairs", COLUMNS, rows, notes, folder=args.out)
    print(sheet)
    return 0


def _parser():
    it = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    it.add_argument("--models", nargs="+", default=["squeezenet"], metavar="MODEL", help="networks (%(default)s)")
    it.add_argument(
        "--recipes",
        nargs="+",
        default=["default"],
        metavar="RECIPE",
        help=f"default, a preset ({', '.join(PRESETS)}) or options in quotes, such as '--style-weight 5' (%(default)s)",
    )
    it.add_argument("--pairs", nargs="+", default=list(PAIRS), metavar="PAIR", help=f"of {', '.join(PAIRS)} (all)")
    it.add_argument("--long-edge", type=int, default=512, metavar="PIXELS", help="of the results (%(default)s)")
    it.add_argument("--out", type=Path, default=Path("output/pictures"), metavar="DIR", help="(%(default)s)")
    it.add_argument("--paint", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return it


def _options(recipe):
    if recipe == "default":
        return []
    return ["--preset", recipe] if recipe in PRESETS else shlex.split(recipe)


def _written(path, sample, shipped):
    """A source picture as a PNG file."""
    file, _ = find.find(f"input/{sample}") if sample else (Path(), None)
    if file.is_file():
        picture = reading.read(file)
    else:
        picture = standins.painting() if shipped == "standin" else getattr(data, shipped)()
        picture = picture[0] if isinstance(picture, tuple) else picture  # of a stereo pair the left one
        picture = np.asarray(Image.fromarray(picture).convert("RGB"), np.float32) / 255
    path.parent.mkdir(parents=True, exist_ok=True)
    images.save(picture, path)
    return path


def _painted(photograph, painting, folder, options):
    """Paint in a process of its own: seconds of the whole command, and its peak memory in MB."""
    sources = ["--content-image", str(photograph), "--style-image", str(painting)]
    results = ["--output-dir", str(folder), "--image-format", "png", "--overwrite", "--no-progress"]
    command = [sys.executable, "-m", "benchmarks.pictures", "--paint", "--gpu", "-1"]
    begun = time.perf_counter()
    run = subprocess.run([*command, *sources, *results, *options], capture_output=True, text=True, check=False)
    if run.returncode:
        reason = (run.stderr.splitlines() or ["it cannot be painted"])[-1]
        raise InputError(reason.removeprefix("nstyle: error: "))
    return time.perf_counter() - begun, float(run.stdout.split()[-1])


def _figures(judge, folder):
    it = judge.verdict(reading.read(folder / "final.png"))
    with (folder / "losses.csv").open() as file:
        epochs = sum(1 for _ in csv.reader(file)) - 1
    return f"{it.style:.3f}", f"{it.content:.2f}", f"{it.patches:.3f}", f"{100 * it.limits:.1f}", epochs


def _caption(row):
    _, model, recipe, style, content, patches, limits, epochs, seconds, memory = row
    figures = f"style {style}  content {content}  patches {patches}  limits {limits} %"
    return f"{model}, {recipe.strip()}\n{figures}\n{epochs} epochs, {seconds} s, {memory} MB"


def _sheet(rows):
    """The pictures of each pair in a row, each of one width, with its caption below."""
    opened = [[(_scaled(path), caption) for path, caption in row] for row in rows]
    heights = [max(picture.height for picture, _ in row) + 3 * LINE + GAP for row in opened]
    sheet = Image.new("RGB", (max(map(len, opened)) * (WIDTH + GAP) + GAP, sum(heights) + GAP), "white")
    draw, top = ImageDraw.Draw(sheet), GAP
    for row, height in zip(opened, heights):
        for column, (picture, caption) in enumerate(row):
            left = GAP + column * (WIDTH + GAP)
            sheet.paste(picture, (left, top))
            draw.multiline_text((left, top + picture.height + 2), caption, "black", ImageFont.load_default(15))
        top += height
    return sheet


def _scaled(path):
    with Image.open(path) as picture:
        size = WIDTH, round(WIDTH * picture.height / picture.width)
        return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        print(f"benchmarks.pictures: error: {error}", file=sys.stderr)
        sys.exit(2)
