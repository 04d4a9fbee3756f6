"""What the options that are left to the network stand for."""

import argparse

from ..networks.registry import NETWORKS
from ..painting.optimizers import OPTIMIZERS


def with_defaults(settings, offline):
    """Settings in which the options that were left to the network have its values.

    A strength only where no other option says how the losses count.
    """
    plain = _weighs_layers(settings) or OPTIMIZERS[settings.optimizer].classic
    defaults = NETWORKS[settings.model].defaults_for(offline, plain)._asdict()
    if plain or settings.strength is not None:
        defaults["strength"] = settings.strength
    if defaults["strength"] is not None and not offline:
        # these weights balance the layers by hand, as `painting.balance` then does for each pair; those of the network
        # learned offline say how much a layer is to count
        defaults["style_layers"] = dict.fromkeys(defaults["style_layers"], 1.0)
    left = {key: value for key, value in defaults.items() if vars(settings).get(key, value) is None}
    return with_values(settings, **left)


def _weighs_layers(settings):
    """Whether options say how much each layer counts."""
    named = settings.content_layers is not None or settings.style_layers is not None
    return named or settings.normalize_losses or settings.style_layer_weight_exp != 1


def with_values(settings, **values):
    """A copy of settings with other values."""
    return argparse.Namespace(**{**vars(settings), **values})
