"""Where a run computes: which device, and in which precision."""

from pathlib import Path

from ...errors import InputError
from .library import mx


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


def choose_precision(precision, context):
    """The convolutions' precision for `--precision`: with `auto` the fastest that this device computes natively.

    Returns
    -------
    {"float32", "bfloat16", "float16"}

    Raises
    ------
    InputError
        If the device cannot compute in the precision that was asked for.
    """
    if precision == "float16" and context.device_type == "cpu":
        raise InputError("--precision float16: only GPUs compute in it; use auto, bfloat16 or float32.")
    if precision == "bfloat16" and context.device_type == "gpu":
        raise InputError("--precision bfloat16: only CPUs compute in it here; use auto, float16 or float32.")
    if precision != "auto":
        return precision
    return "bfloat16" if context.device_type == "cpu" and _has_bfloat16() else "float32"


def _has_bfloat16():
    cpuinfo = Path("/proc/cpuinfo")
    return cpuinfo.exists() and "avx512_bf16" in cpuinfo.read_text()
