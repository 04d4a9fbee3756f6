"""How MXNet's example/neural-style read and wrote pictures, under the names that scripts import from `nstyle`."""

from collections import namedtuple
from pathlib import Path

import numpy as np

from ..ranges import MEAN_PIXEL
from . import denoising, images, reading

# what the example's callback was given
CallbackData = namedtuple("CallbackData", ["eps", "epoch", "img", "filename"])


def PreprocessContentImage(path, long_edge):  # noqa: N802
    """A picture file scaled to this long edge: float32 (1, 3, H, W) in network range."""
    picture = reading.read(Path(path))
    height, width = (max(1, int(edge * long_edge / max(picture.shape[:2]))) for edge in picture.shape[:2])
    return images.to_network(images.resize(picture, (height, width)))


def PreprocessStyleImage(path, shape):  # noqa: N802
    """A picture file squeezed to the size of `shape`, (1, 3, H, W): float32 of that shape in network range."""
    return images.to_network(images.resize(reading.read(Path(path)), tuple(shape[2:])))


def PostprocessImage(img):  # noqa: N802
    """An array (1, 3, H, W) in network range as a picture, uint8 (H, W, 3)."""
    return np.clip(np.asarray(img)[0].transpose(1, 2, 0) + MEAN_PIXEL, 0, 255).astype(np.uint8)


def SaveImage(img, filename, remove_noise=0.0):  # noqa: N802
    """Write an array (1, 3, H, W) in network range as a picture, smoothed by TV-Chambolle of this weight."""
    picture = np.float32(PostprocessImage(img) / 255)
    images.save(denoising.denoised(picture, remove_noise), Path(filename))
