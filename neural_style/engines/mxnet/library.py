"""The door to MXNet: imports it whatever the NumPy, and says what to do where it cannot be imported."""
import contextlib
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from ... import start
from ...errors import EngineError, InputError
from .. import processor
from ..kept import kept

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

ISA, AMX_ISA = "DNNL_MAX_CPU_ISA", "AVX512_CORE_AMX"

# a process that uses AMX where it does not work is killed, so another one tries
_TRY_AMX = """
import ctypes
assert ctypes.CDLL(None).syscall(158, 0x1023, 18) == 0
import numpy
numpy.bool = bool
import mxnet as mx
from mxnet.contrib.amp.amp import bfloat16
data, weight = (mx.nd.amp_cast(mx.nd.ones(shape), dtype=bfloat16) for shape in ((1, 64, 32, 32), (64, 64, 3, 3)))
maps = mx.nd.Convolution(data, weight, no_bias=True, kernel=(3, 3), num_filter=64)
assert (mx.nd.amp_cast(maps, dtype="float32").asnumpy() == 576).all()
"""


def _amx_works():
    """Whether oneDNN may compute with AMX in this process: the permission is asked for, and a child has tried it."""
    here = processor.at_hand()
    if "amx_bf16" not in here.features or ISA in os.environ or not processor.ask_for_amx():
        return False

    def tried():
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            environment = {**os.environ, ISA: AMX_ISA}
            command = [sys.executable, "-c", _TRY_AMX]
            return subprocess.run(command, env=environment, capture_output=True, timeout=60).returncode == 0
        return False

    return kept(f"AMX with MXNet; {here.name}; {platform.release()}", tried, lambda value: isinstance(value, bool))


AMX = _amx_works()  # whether bfloat16 is computed with it
if AMX:
    os.environ[ISA] = AMX_ISA

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
if AMX:
    # oneDNN reads it at its first convolution; a child process finds out for itself
    mx.nd.Convolution(mx.nd.ones((1, 3, 8, 8)), mx.nd.ones((1, 3, 3, 3)), no_bias=True, kernel=(3, 3), num_filter=1)
    mx.nd.waitall()
    del os.environ[ISA]

__all__ = ["AMX", "bfloat16", "last_line", "mx", "plain_errors", "silent"]
