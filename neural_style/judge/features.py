"""Style and content of a picture as SqueezeNet 1.0 sees them, as it was trained: maximum pooling, no border.

The layers are those that the suite paints by with this network, but all count alike here.
"""

from typing import NamedTuple

import numpy as np

from ..engines import door
from ..networks.squeezenet import SQUEEZENET
from ..pictures import images
from ..weights import store

STYLE_LAYERS = ("conv1", "fire2", "fire3", "fire5", "fire7")
CONTENT_LAYER = "fire4"


class Features(NamedTuple):
    """What the network sees of a picture."""

    grams: list  # of the style layers: F F^T per position, (C, C)
    content: np.ndarray  # feature map (1, C, H, W)


def loaded(weights=None):
    """The network with its weights, in float32 on the CPU: an engine, and its encoder.

    Parameters
    ----------
    weights : str or Path, optional
        A weights file of SqueezeNet 1.0; otherwise the installed one.

    Returns
    -------
    engines.contract.Engine
    engines.contract.Encoder

    Raises
    ------
    InputError
        If there are no such weights.
    """
    arrays = store.load(SQUEEZENET.name, weights).arrays
    engine = door.opened(-1, "float32").engine
    return engine, engine.encoder(SQUEEZENET, arrays, pooling="max", border=0)


def seen(engine, encoder, picture):
    """The `Features` of a picture (H, W, 3) in 0..1."""
    targets = encoder.extract(engine.array(images.to_network(picture)), (CONTENT_LAYER,), STYLE_LAYERS)
    grams = [engine.numpy(targets.style[layer][0].second) for layer in STYLE_LAYERS]
    return Features(grams, engine.numpy(targets.content[CONTENT_LAYER]))


def style_distances(found, painting):
    """For each style layer ||G - A||^2 / ||A||^2, between the Gram matrices of two `Features`."""
    return np.array(
        [np.sum((gram - target) ** 2) / np.sum(target**2) for gram, target in zip(found.grams, painting.grams)]
    )


def content_distance(found, photograph):
    """||F - P||^2 / ||P||^2 between the content of two `Features` of one size."""
    return float(np.sum((found.content - photograph.content) ** 2) / np.sum(photograph.content**2))
