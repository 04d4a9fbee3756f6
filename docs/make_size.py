"""Makes docs/size.jpg, a part of a large picture beside that of a small one, enlarged: `python -m docs.make_size`.

Paints the stand-in pair with SqueezeNet at a long edge of 600 pixels, and at 4800 in strips: ten minutes of a core.
PyTorch must be installed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import nstyle
from neural_style.download import standins
from neural_style.pictures import reading

SMALL, FACTOR = 600, 8
CROP, GAP = (440, 620), 8  # pixels: height and width of what is shown; between the two
MIDDLE = 0.45, 0.38  # of what is shown, across and down: the corner of an eye
LARGE_IN_STRIPS = ["--enlarge", "--memory", "2GB", "--max-num-epochs", "40"]


def main(arglist=None):
    """Paint, and put the two crops side by side."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_size", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "size.jpg", help="default: %(default)s")
    parser.add_argument("--keep", type=Path, help="folder for the runs; by default they are removed")
    args = parser.parse_args(arglist)
    with tempfile.TemporaryDirectory() as folder:
        runs = args.keep or Path(folder)
        photograph, painting = standins.write(folder)
        pair = ["--content-image", str(photograph), "--style-image", str(painting), "--model", "squeezenet"]
        pair += ["--engine", "torch", "--stop-eps", "0", "--remove-noise", "0.005", "--image-format", "png"]
        finals = []
        in_strips = [*LARGE_IN_STRIPS, "--scratch", folder]
        for edge, more in ((SMALL, ["--max-num-epochs", "60"]), (SMALL * FACTOR, in_strips)):
            output = runs / str(edge)
            options = [*pair, "--max-long-edge", str(edge), *more, "--output-dir", str(output)]
            nstyle.train_nstyle(nstyle.get_args(options))
            finals.append(reading.read(output / "final.png"))
    small, large = (Image.fromarray(np.rint(final * 255).astype(np.uint8)) for final in finals)
    enlarged = small.resize(large.size, Image.Resampling.BICUBIC)
    left, top = (int(edge * at) - part // 2 for edge, at, part in zip(large.size, MIDDLE, CROP[::-1]))
    box = left, top, left + CROP[1], top + CROP[0]
    row = Image.new("RGB", (2 * CROP[1] + GAP, CROP[0]), "white")
    row.paste(enlarged.crop(box), (0, 0))
    row.paste(large.crop(box), (CROP[1] + GAP, 0))
    row.save(args.out, quality=88)


if __name__ == "__main__":
    sys.exit(main())
