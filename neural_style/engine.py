"""The door to MXNet: imports it whatever the NumPy, and says what to do where it cannot be imported."""
import os

import numpy as np

from .errors import InputError

# MXNet 1.9.1 reads numpy.bool when it is imported; NumPy removed that name in 1.24.
if "bool" not in np.__dict__:
    np.bool = bool

# else it announces on stderr every network that it binds
os.environ.setdefault("MXNET_SUBGRAPH_VERBOSE", "0")

try:
    import mxnet as mx
    from mxnet.contrib.amp.amp import bfloat16
except OSError as error:
    raise InputError(
        f"MXNet cannot be loaded: {error}. On a slim Linux image install its system libraries first: "
        "apt-get install libgomp1 libquadmath0 (dnf install libgomp libquadmath)."
    ) from None

__all__ = ["bfloat16", "mx"]
