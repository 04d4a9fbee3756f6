"""What comes into view is given the colours that things of its kind have been painted in."""

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.spatial import cKDTree

WINDOW = 5  # pixels: the frame's colours are compared as means over so many
NEARNESS = 0.3  # what the whole long edge away costs, as a difference of colours in 0..1
MOST = 20_000  # known pixels that are looked at


def filled(picture, guide, known):
    """A picture with what is not known of it taken from where another picture is alike.

    Each pixel that is not known takes the value of the known pixel whose surroundings in the guide have the nearest
    colour, and which is near itself.

    Parameters
    ----------
    picture : ndarray, (1, 3, H, W)
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
    _, nearest = cKDTree(features[rows, columns]).query(features[~known])
    picture[0][:, ~known] = picture[0][:, rows[nearest], columns[nearest]]
    return picture
