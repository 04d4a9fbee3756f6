"""What of this machine MXNet can use: which device, and in which precision."""

import functools

from ...errors import InputError
from .. import choice
from .engine import MXNetEngine
from .library import AMX, mx, silent

NAME, VERSION = MXNetEngine.name, mx.__version__

__all__ = ["AMX", "NAME", "VERSION", "choose_context", "engine", "is_gpu", "precisions", "refusal"]

engine = MXNetEngine  # of a context and a precision


def choose_context(gpu):
    """The device for `--gpu`.

    Parameters
    ----------
    gpu : int or None
        A GPU's number, -1 for the CPU, None for the first usable GPU, else the CPU.

    Returns
    -------
    mx.Context
    str or None
        A notice for the user, where the choice was made for him.

    Raises
    ------
    InputError
        If the GPU that was asked for cannot be used; it says why.
    """
    if gpu == -1:
        return mx.cpu(), None
    for number in range(max(1, _count())) if gpu is None else [gpu]:
        reason = _unusable(number)
        if reason is None:
            return mx.gpu(number), None
    if gpu is None:
        return mx.cpu(), f"Painting on the CPU: {reason}."
    raise InputError(f"--gpu {gpu}: {reason}; use --gpu -1 for the CPU.")


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


def precisions(context):
    """The precisions that a device computes in, and is not asked for in vain."""
    return [precision for precision in ("float32", "bfloat16") if refusal(context, precision) is None]


@functools.cache
def _computes_bfloat16():
    with silent():  # MXNet complains on stderr besides raising
        return choice.works(MXNetEngine(mx.cpu(), "bfloat16"))
