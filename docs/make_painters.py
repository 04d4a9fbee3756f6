#!/usr/bin/env python3
"""The picture of docs/painters.md: photographs that were not learned from, repainted, beside the optimizer's pictures.

    python docs/make_painters.py --photographs FOLDER               what the painters there were learned from
    python docs/make_painters.py --painters A B --paintings A B     the picture; runs that are there are not repeated

The photographs are those inside scikit-image: `chelsea`, `coffee` and `rocket` are shown, none of
them is among what is learned from.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageDraw, ImageFont

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from neural_style.engines import door  # noqa: E402
from neural_style.learn import pictures  # noqa: E402
from neural_style.painters import reading as painters  # noqa: E402
from neural_style.pictures import images, reading  # noqa: E402
from neural_style.runs import options, paint  # noqa: E402

SHOWN = "chelsea", "coffee", "rocket"
EDGE = 512  # pixels of the long edge
COMMON = "--gpu -1 --model squeezenet --max-num-epochs 80 --image-format png --no-progress"
PHOTOGRAPHS = ("astronaut", "camera", "motorcycle_left", "motorcycle_right")  # each also as its two halves
TEXTURES = ("brick", "grass", "gravel", "hubble_deep_field", "retina", "immunohistochemistry", "coins", "moon")


def write_photographs(folder):
    """Write what the painters of the page were learned from."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {**pictures.shipped(), "motorcycle_left": pictures.shipped()["stereo_motorcycle"]}
    found["motorcycle_right"] = np.asarray(skimage.data.stereo_motorcycle()[1]).astype(np.float32)[..., :3] / 255
    for name in PHOTOGRAPHS:
        middle = found[name].shape[1] // 2
        parts = {"": found[name], "_l": found[name][:, :middle], "_r": found[name][:, middle:]}
        for suffix, picture in parts.items():
            images.save(picture, folder / f"{name}{suffix}.png")
    for name in TEXTURES:
        images.save(found[name], folder / f"{name}.png")


def optimised(photograph, painting, folder):
    """The optimizer's picture."""
    words = [*COMMON.split(), "--max-long-edge", EDGE, "--content-image", photograph, "--style-image", painting]
    if not (folder / "final.png").exists():
        paint.train(options.parse([*words, "--output-dir", folder]))
    return reading.read(folder / "final.png")


def made(files, paintings, runs):
    """Rows of pictures and their captions: for each photograph the painters' and the optimizer's."""
    engine = door.opened(-1, "float32", quick=True).engine
    ready = [painters.read(file).on(engine) for file in files]
    rows = []
    for name in SHOWN:
        photograph = pictures.shipped()[name]
        photograph = images.resize(photograph, images.fitted_size(photograph.shape, EDGE))
        images.save(pictures.shipped()[name], runs / f"{name}.png")
        row = [("the photograph", photograph)]
        for painter, painting in zip(ready, paintings):
            title = Path(painting).stem.replace("_", " ")
            row.append((f"{title}: the painter", painter.paint(engine, photograph)))
            folder = runs / f"opt-{name}-{Path(painting).stem}"
            row.append((f"{title}: the optimizer", optimised(runs / f"{name}.png", painting, folder)))
        rows.append(row)
    return rows


def sheet(rows):
    """The rows as one picture, with captions."""
    height, width = 240, 360
    whole = Image.new("RGB", (len(rows[0]) * (width + 6) - 6, len(rows) * (height + 6) + 20), "white")
    draw, font = ImageDraw.Draw(whole), ImageFont.load_default(13)
    for line, row in enumerate(rows):
        for column, (caption, picture) in enumerate(row):
            small = Image.fromarray(np.rint(255 * images.resize(picture, (height, width))).astype(np.uint8))
            whole.paste(small, (column * (width + 6), line * (height + 6)))
            if line == len(rows) - 1:
                draw.text((column * (width + 6) + 2, len(rows) * (height + 6)), caption, "#555555", font)
    return whole


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photographs", type=Path, metavar="FOLDER")
    parser.add_argument("--painters", nargs="+", default=[])
    parser.add_argument("--paintings", nargs="+", default=[])
    parser.add_argument("--runs", type=Path, default=Path("output/painters"), help="where the optimizer's runs lie")
    given = parser.parse_args()
    if given.photographs:
        write_photographs(given.photographs)
    if given.painters:
        given.runs.mkdir(parents=True, exist_ok=True)
        sheet(made(given.painters, given.paintings, given.runs)).save(DOCS / "painters.jpg", quality=88)


if __name__ == "__main__":
    main()
