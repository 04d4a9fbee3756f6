"""The judge: a photograph and a painting, and what is to be said of pictures painted from them."""

from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..pictures import images
from . import features, patches

LONG_EDGE = 360  # pixels: pictures are judged at this size
SHORTEST_EDGE = 2 ** (patches.LEVELS - 1) * 8  # pixels, at that size


class Verdict(NamedTuple):
    """What is to be said of a picture; 1 is the photograph itself, 0 the painting, with `style` and `patches`."""

    style: float  # mean over layers of ||G - A||^2, of the photograph's; SqueezeNet's Gram matrices
    content: float  # mean squared difference to the photograph, of the photograph's mean square; SqueezeNet's fire4
    patches: float  # sliced Wasserstein distances to the painting's patches, of the photograph's
    limits: float  # share of pixels with a channel at an end of the range, as they are in the file


class Judge:
    """Judges pictures by a photograph and a painting.

    Parameters
    ----------
    photograph, painting : ndarray, shape (H, W, 3), 0..1
    weights : str or Path, optional
        A weights file of SqueezeNet 1.0; otherwise the installed one.

    Raises
    ------
    InputError
        If the weights cannot be used, or the painting is too narrow.
    """

    def __init__(self, photograph, painting, weights=None):
        self._network = features.loaded(weights)
        self._photograph, self._at_sizes = photograph, {}
        painting = images.resize(painting, judged_size(painting.shape))
        self._features = features.seen(*self._network, painting)
        self._patches = patches.projected(painting)

    def verdict(self, picture):
        """The `Verdict` on a picture, (H, W, 3) in 0..1.

        Raises
        ------
        InputError
            If it is too narrow, or the photograph is the painting, so that there is nothing to compare.
        """
        limits = float(np.mean(np.any((picture <= 0) | (picture >= 1), axis=2)))
        picture = images.resize(picture, judged_size(picture.shape))
        photograph, whole_style, whole_patches = self._at(picture.shape[:2])
        found = features.seen(*self._network, picture)
        style = features.style_distances(found, self._features)
        pixels = patches.distances(patches.projected(picture), self._patches)
        if not (whole_style.all() and whole_patches.any()):
            raise InputError("the photograph and the painting are alike: there is nothing to compare; give two.")
        return Verdict(
            float(np.mean(style / whole_style)),
            features.content_distance(found, photograph),
            float(np.sum(pixels) / np.sum(whole_patches)),
            limits,
        )

    def _at(self, size):
        """The photograph's features, and its distances from the painting, at a size."""
        if size not in self._at_sizes:
            photograph = images.resize(self._photograph, size)
            found = features.seen(*self._network, photograph)
            style = features.style_distances(found, self._features)
            self._at_sizes[size] = found, style, patches.distances(patches.projected(photograph), self._patches)
        return self._at_sizes[size]


def judged_size(shape):
    """Height and width at which a picture of a shape is judged.

    Raises
    ------
    InputError
        If it would be too narrow.
    """
    size = images.fitted_size(shape, LONG_EDGE, enlarge=True)
    if min(size) < SHORTEST_EDGE:
        raise InputError(
            f"a picture of {shape[1]} x {shape[0]} pixels is too narrow to be judged; "
            f"crop it to at most {LONG_EDGE / SHORTEST_EDGE:.2g} : 1."
        )
    return size
