"""How unlike two pictures are in their pixels alone: a judge that no network has a say in.

The sliced Wasserstein distance of patches from the levels of a Laplacian pyramid, as Karras et al. compare sets of
pictures (arXiv 1710.10196, section 5): each level is what a picture has at one scale, the last one its colours.
"""

import numpy as np
from PIL import Image

from ..pictures import images

LEVELS = 4  # each of half the edge of the one before
EDGE = 7  # of a patch, pixels
PATCHES = 16384  # of each level, at most
DIRECTIONS = 128
QUANTILES = 1024
LEAST_VARIANCE = 1e-6  # below what 8 bits can tell


def projected(picture):
    """A picture's patches on random directions, in order of size.

    Parameters
    ----------
    picture : ndarray, shape (H, W, 3), 0..1
        With edges of at least 2^(LEVELS - 1) * EDGE pixels.

    Returns
    -------
    list of ndarray, shape (DIRECTIONS, QUANTILES)
        For each level, fine to coarse.
    """
    generator = np.random.default_rng(0)  # the same directions for every picture
    found = []
    for level in _laplacian_pyramid(picture):
        directions = generator.standard_normal((EDGE * EDGE * 3, DIRECTIONS), np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        found.append(_quantiles(_patches(level) @ directions))
    return found


def distances(found, painting):
    """For each level the squared 2-Wasserstein distance of the projections over the variance of the painting's.

    Both are means over the directions.

    Parameters
    ----------
    found, painting : list of ndarray
        As `projected` gives them.
    """
    return np.array(
        [
            np.mean((level - target) ** 2) / (np.mean(np.var(target, axis=1)) + LEAST_VARIANCE)
            for level, target in zip(found, painting)
        ]
    )


def _laplacian_pyramid(picture):
    for _ in range(LEVELS - 1):
        height, width = picture.shape[:2]
        coarse = images.resize(picture, (height // 2, width // 2), Image.Resampling.BOX)
        yield picture - images.resize(coarse, (height, width), Image.Resampling.BICUBIC)
        picture = coarse
    yield picture


def _patches(level):
    windows = np.lib.stride_tricks.sliding_window_view(level, (EDGE, EDGE), axis=(0, 1))
    rows, columns = windows.shape[:2]
    # the same places in every picture of this size
    places = np.random.default_rng(0).permutation(rows * columns)[:PATCHES]
    return windows[places // columns, places % columns].reshape(len(places), -1)


def _quantiles(values):
    places = (np.arange(QUANTILES) + 0.5) / QUANTILES * len(values)
    return np.sort(values.T, axis=1)[:, places.astype(int)]
