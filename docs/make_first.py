"""Makes docs/first.jpg, the picture at the top of the README: `python -m docs.make_first`.

Paints the stand-in pair with SqueezeNet and with the VGG-19 learned offline, whose weights must be installed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import nstyle
from neural_style.download import standins
from neural_style.pictures import images, reading

HEIGHT, GAP = 320, 8


def main(arglist=None):
    """Paint, and put the four pictures side by side."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_first", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "first.jpg", help="default: %(default)s")
    out = parser.parse_args(arglist).out
    with tempfile.TemporaryDirectory() as folder:
        photograph, painting = standins.write(folder)
        pictures = [photograph, painting]
        for model, weights in (("squeezenet", "model/squeezenet.params"), ("vgg19", "model/vgg19-offline.params")):
            output = Path(folder) / model
            options = ["--gpu", "-1", "--max-num-epochs", "150", "--model", model, "--weights", weights]
            files = ["--content-image", str(photograph), "--style-image", str(painting), "--output-dir", str(output)]
            nstyle.train_nstyle(nstyle.get_args([*options, *files]))
            pictures.append(output / "final.jpg")
        opened = [reading.read(picture) for picture in pictures]
    scaled = [
        images.resize(picture, (HEIGHT, round(picture.shape[1] * HEIGHT / picture.shape[0]))) for picture in opened
    ]
    gap = np.ones((HEIGHT, GAP, 3), np.float32)
    row = np.concatenate([part for picture in scaled for part in (picture, gap)][:-1], axis=1)
    image = Image.fromarray(np.rint(row * 255).astype(np.uint8))
    image.save(out, quality=88)


if __name__ == "__main__":
    sys.exit(main())
