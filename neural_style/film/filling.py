"""What comes into view is given the colours in which things of its kind have been painted."""

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.spatial import cKDTree

from ..pictures import images

WINDOW = 5  # pixels: the frame's colours are compared as means over so many
NEARNESS = 0.3  # what the whole long edge away costs, as a difference of colours in 0..1
MOST = 20_000  # known pixels that are looked at
TAKEN = 16  # of them for each pixel


def filled(picture, guide, known):
    """A picture with what is not known of it made of another picture, in the colours of where that is alike.

    A pixel that is not known has the guide's difference from the mean of the known pixels whose surroundings there have
    the nearest colours, and which are near themselves, added to the picture's mean of these: the detail of the one and
    the colours of the other.

    Parameters
    ----------
    picture : ndarray, (1, 3, H, W), network range
    guide : ndarray, (H, W, 3) in 0..1
        The frame that is painted.
    known : ndarray, (H, W) bool

    Returns
    -------
    ndarray, (1, 3, H, W) float32
        The picture as it is, where nothing or everything is known.
    """
    picture = np.array(picture, np.float32)
    if known.all() or not known.any():
        return picture
    places = np.stack(np.mgrid[: guide.shape[0], : guide.shape[1]], axis=2)
    near = NEARNESS / max(known.shape) * places
    features = np.concatenate([uniform_filter(guide, (WINDOW, WINDOW, 0)), near], axis=2)
    rows, columns = places[known][:: 1 + known.sum() // MOST].T
    _, nearest = cKDTree(features[rows, columns]).query(features[~known], k=min(TAKEN, len(rows)))
    nearest = nearest.reshape(len(nearest), -1)
    original = images.to_network(guide)[0]
    colours, seen = (planes[:, rows, columns][:, nearest].mean(axis=2) for planes in (picture[0], original))
    picture[0][:, ~known] = colours + original[:, ~known] - seen
    return images.clip(picture)
