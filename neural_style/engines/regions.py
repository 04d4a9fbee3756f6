"""Masks at the positions of a layer: what every engine makes of the regions of a picture."""

import math
from collections.abc import Mapping

import numpy as np
from PIL import Image

from ..pictures import images


def at_layer(mask, layer, edges, border=0):
    """A mask at a layer's positions, float32, (h, w); None where all count fully.

    Parameters
    ----------
    mask : ndarray (H, W), mapping of str to ndarray, or None
        See `contract.Masks`.
    layer : str
    edges : (int, int)
        Height and width of the layer.
    border : int
        Pixels by which the picture is continued beyond its edges.
    """
    if mask is None:
        return None
    if isinstance(mask, Mapping):
        return np.asarray(mask[layer], np.float32)
    padded = np.pad(np.asarray(mask, np.float32), border, mode="reflect")
    return images.resize_planes(padded[None, None], edges, Image.Resampling.BOX)[0, 0]


def positions(mask, edges):
    """How many positions a mask counts, the sum of its squares; 1 where that is none, whose moments are zeros."""
    return float(math.prod(edges) if mask is None else np.sum(mask**2, dtype=np.float64) or 1)
