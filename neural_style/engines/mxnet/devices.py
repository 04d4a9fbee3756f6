"""What of this machine MXNet can use: which device, and in which precision."""

import functools

from .. import choice
from .engine import MXNetEngine
from .library import mx, silent

__all__ = ["CPU", "engine", "fast_on_gpu", "find_gpu", "is_gpu", "refusal"]

CPU = mx.cpu()
engine = MXNetEngine  # of a context and a precision


def find_gpu(kind, number):
    """A GPU that works.

    Parameters
    ----------
    kind : {"auto", "cuda"}
    number : int or None
        None: the first one.

    Returns
    -------
    mx.Context or None
    str or None
        Where there is none: why.
    """
    for each in range(max(1, _count())) if number is None else [number]:
        reason = _unusable(each)
        if reason is None:
            return mx.gpu(each), None
    return None, reason


def is_gpu(context):
    """Whether a context is that of a GPU."""
    return context.device_type == "gpu"


def _count():
    """How many GPUs MXNet sees."""
    try:
        return mx.context.num_gpus()
    except mx.MXNetError:  # no driver
        return 0


def _unusable(gpu):
    """Why a GPU cannot be used, or None."""
    if not mx.runtime.Features().is_enabled("CUDA"):
        return "this build of MXNet has no CUDA"
    count = _count()
    if gpu >= count:
        return "no GPU with a driver was found" if count == 0 else f"the GPUs here have the numbers 0 to {count - 1}"
    try:
        mx.nd.ones((2,), mx.gpu(gpu)).asnumpy()
    except mx.MXNetError as error:
        if "no kernel image" in str(error):
            return "it is newer than the machine code of this MXNet (compute capability 5.0 to 8.9)"
        return f"it does not work ({str(error).strip().splitlines()[-1]})"
    return None


def refusal(context, precision):
    """Why a device cannot compute in a precision and what to take instead, or None."""
    if precision == "float16" and not is_gpu(context):
        return "only GPUs compute in it; use auto, bfloat16 or float32."
    if precision == "bfloat16" and is_gpu(context):
        return "only CPUs compute in it here; use auto, float16 or float32."
    if precision == "bfloat16" and not _computes_bfloat16():
        return "MXNet cannot compute in it on this processor; use auto or float32."
    return None


def fast_on_gpu(context):
    """The precisions to be tried on a GPU: halves are asked for, not chosen."""
    return ["float32"]


@functools.cache
def _computes_bfloat16():
    with silent():  # MXNet complains on stderr besides raising
        return choice.works(MXNetEngine(mx.cpu(), "bfloat16"))
