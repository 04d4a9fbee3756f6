"""Makes docs/film.jpg, the strip of frames in the README: `python -m docs.make_film`.

The film is made: a camera passes over scikit-image's cat, and a cup of coffee from there slides before it. It is
painted by SqueezeNet, whose weights must be installed, frame by frame and as a film; the figures of both are printed.
"""

import argparse
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

import nstyle
from neural_style.download import standins
from neural_style.film import command, reading, writing
from neural_style.pictures import images

SIZE = (180, 320)
FRAMES, SHOWN = 12, (4, 7, 10)  # frames from 0
GAP = 6


def made_film(number=FRAMES):
    """The frames, (H, W, 3) uint8: the background moves by (1, 0.5) pixels a frame, the cup by 6 to the left."""
    height, width = SIZE
    behind = images.resize(skimage.data.chelsea().astype(np.float32) / 255, (240, 360))
    coffee = images.resize(skimage.data.coffee().astype(np.float32) / 255, (100, 150))
    cup = coffee[12:88, 34:124]
    down, right = np.mgrid[-1 : 1 : cup.shape[0] * 1j, -1 : 1 : cup.shape[1] * 1j]
    inside = (down**2 + right**2 < 1)[..., None]
    for frame in range(number):
        top, left = frame // 2, frame
        picture = behind[top : top + height, left : left + width].copy()
        there = picture[90 : 90 + cup.shape[0], 200 - 6 * frame : 200 - 6 * frame + cup.shape[1]]
        there[:] = np.where(inside, cup, there)
        yield np.rint(picture * 255).astype(np.uint8)


def main(arglist=None):
    """Make the film, paint it twice, say how steady the results are, and put frames of all three below each other."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_film", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "film.jpg", help="default: %(default)s")
    out = parser.parse_args(arglist).out
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        _, painting = standins.write(folder)
        film, alone, ours = (folder / name for name in ("film.mp4", "alone", "ours"))
        writing.write(film, made_film(), Fraction(25))
        for output, more in ((alone, ["--temporal-window", "0"]), (ours, [])):
            options = ["--gpu", "-1", "--model", "squeezenet", "--max-num-epochs", "100"]
            files = ["--content-image", str(film), "--style-image", str(painting), "--output-dir", str(output)]
            nstyle.train_nstyle(nstyle.get_args([*options, *files, *more]))
        results = [output / "final.mp4" for output in (alone, ours)]
        command.main(["--stability", str(film), *map(str, results)])
        strips = [_strip(path) for path in (film, *results)]
    gap = np.full((GAP, strips[0].shape[1], 3), 255, np.uint8)
    picture = np.concatenate([part for strip in strips for part in (strip, gap)][:-1])
    Image.fromarray(picture).save(out, quality=88)


def _strip(path):
    frames = [frame for number, frame in enumerate(reading.frames(reading.opened(path))) if number in SHOWN]
    gap = np.full((SIZE[0], GAP, 3), 255, np.uint8)
    return np.concatenate([part for frame in frames for part in (frame, gap)][:-1], axis=1)


if __name__ == "__main__":
    sys.exit(main())
