"""The door to MXNet: imports it whatever the NumPy, and says what to do where it cannot be imported."""
import contextlib
import os
import re
from pathlib import Path

import numpy as np

from ...errors import InputError

# MXNet 1.9.1 reads numpy.bool when it is imported; NumPy removed that name in 1.24.
if "bool" not in np.__dict__:
    np.bool = bool


def _cores():
    """Processor cores that this process may use, hardware threads of one core counted once."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    siblings = Path("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list")
    threads = len(re.findall(r"\d+", siblings.read_text())) if siblings.exists() else 1
    return max(1, available // max(1, threads))


# else it takes half of the processors, which halves the speed where each is a core of its own
os.environ.setdefault("OMP_NUM_THREADS", str(_cores()))
# else it keeps four buffers for the temporary memory of operators, each as large as the largest layer
os.environ.setdefault("MXNET_CPU_TEMP_COPY", "1")
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


def _start():
    """Start MXNet's engine that runs every operator at once, on the calling thread.

    Its other engine hands them to threads of its own: half of the time of a small picture's epoch, for nothing where
    there is no GPU to keep busy. MXNet announces the choice on stderr, which is closed to it meanwhile.
    """
    os.environ["MXNET_ENGINE_TYPE"] = "NaiveEngine"
    with Path(os.devnull).open("w") as nothing, contextlib.suppress(OSError):  # stderr may be closed already
        stderr = os.dup(2)
        try:
            os.dup2(nothing.fileno(), 2)
            mx.nd.waitall()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
    del os.environ["MXNET_ENGINE_TYPE"]  # a child process starts its own


if "MXNET_ENGINE_TYPE" not in os.environ and not mx.runtime.Features().is_enabled("CUDA"):
    _start()

__all__ = ["bfloat16", "mx"]
