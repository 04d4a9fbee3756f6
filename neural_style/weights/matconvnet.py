"""MatConvNet's networks: a variable `layers` of a MATLAB file.

The two releases hold the fields of a layer in different orders: they are asked for by name.
"""

from . import matfile
from .naming import ours as made_for

__all__ = ["made_for", "matches", "read"]


def matches(head, size):
    """Whether a file is MATLAB's, of level 5."""
    return head.startswith(b"MATLAB 5.0")


def read(path):
    """The arrays as `<layer>_weight` (out, in, height, width) and `<layer>_bias`; a damaged file raises anything."""
    arrays = {}
    for layer in matfile.read(path, "layers"):
        if len(layer.get("weights", ())) >= 2:
            kernels, bias = layer["weights"][:2]
            # (height, width, in, out); trailing dimensions of length 1 are not stored
            kernels = kernels.reshape(kernels.shape + (1,) * (4 - kernels.ndim))
            arrays[f"{layer['name']}_weight"] = kernels.transpose(3, 2, 0, 1)
            arrays[f"{layer['name']}_bias"] = bias.reshape(-1)
    return arrays
