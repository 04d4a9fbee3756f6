"""The door to MXNet: imports it whatever the NumPy, and says what to do where it cannot be imported."""
import contextlib
import os
import re
from pathlib import Path

import numpy as np

from ... import start
from ...errors import EngineError, InputError
from .. import processor

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
processor.wait_without_spinning()
# else it keeps four buffers for the temporary memory of operators, each as large as the largest layer
os.environ.setdefault("MXNET_CPU_TEMP_COPY", "1")
# else it announces on stderr every network that it binds
os.environ.setdefault("MXNET_SUBGRAPH_VERBOSE", "0")

try:
    import mxnet as mx
    from mxnet.contrib.amp.amp import bfloat16
except ModuleNotFoundError as error:
    raise InputError(
        f"MXNet cannot be loaded: {error}. Install it with {start.install('mxnet')} (Python 3.9 to 3.12)."
    ) from None
except OSError as error:
    raise InputError(
        f"MXNet cannot be loaded: {error}. On a slim Linux image install its system libraries first: "
        "apt-get install libgomp1 libquadmath0 (dnf install libgomp libquadmath)."
    ) from None


@contextlib.contextmanager
def silent():
    """MXNet says on stderr what nobody asked for: it is closed to it meanwhile."""
    with Path(os.devnull).open("w") as nothing, contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # stderr may be closed already
            stderr = os.dup(2)
            stack.callback(os.close, stderr)
            stack.callback(os.dup2, stderr, 2)
            os.dup2(nothing.fileno(), 2)
        yield


_forked = False


def _note_fork():
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


@contextlib.contextmanager
def plain_errors():
    """What MXNet raises, as an `EngineError` of one line; also a decorator.

    In a process that was forked after MXNet had been loaded its threads are missing, and it would wait for them for
    ever: that is an error, too.
    """
    if _forked:
        raise EngineError(
            "MXNet cannot compute in a process that was forked after it had been loaded; "
            "start processes with multiprocessing's 'spawn', or before the first run."
        )
    try:
        yield
    except mx.MXNetError as error:
        raise EngineError(f"MXNet: {last_line(str(error))}") from error


def last_line(message):
    """Of one of MXNet's messages, a traceback of many lines, the line that says what happened."""
    lines = [line.strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("[bt]", "Stack trace"))]
    return lines[-1].removeprefix("MXNetError: ") if lines else "it failed without a message"


def _start():
    """Start MXNet's engine that runs every operator at once, on the calling thread.

    Its other engine hands them to threads of its own: half of the time of a small picture's epoch, for nothing where
    there is no GPU to keep busy. MXNet announces the choice on stderr.
    """
    os.environ["MXNET_ENGINE_TYPE"] = "NaiveEngine"
    with silent():
        mx.nd.waitall()
    del os.environ["MXNET_ENGINE_TYPE"]  # a child process starts its own


if "MXNET_ENGINE_TYPE" not in os.environ and not mx.runtime.Features().is_enabled("CUDA"):
    _start()

__all__ = ["bfloat16", "last_line", "mx", "plain_errors", "silent"]
