"""What of this machine PyTorch can use: which device, and in which precision."""

from .. import processor
from .engine import TorchEngine
from .library import first_line, torch

engine = TorchEngine  # of a context and a precision
CPU = torch.device("cpu")
KINDS = ("cuda", "xpu", "mps")
named = torch.device


def find_gpu(kind, number):
    """A GPU that works.

    Parameters
    ----------
    kind : {"auto", "cuda", "mps", "xpu"}
    number : int or None
        None: the first one.

    Returns
    -------
    torch.device or None
    str or None
        Where there is none: why.
    """
    reasons = {}
    for one in [kind] if kind != "auto" else KINDS:
        for each in range(max(1, _count(one))) if number is None else [number]:
            context = torch.device(one, each)
            reasons[one] = _unusable(context)
            if reasons[one] is None:
                return context, None
    # what is there and does not work says more than what is not there
    return None, next((reason for one, reason in reasons.items() if _count(one)), next(iter(reasons.values())))


def _count(kind):
    """How many devices of a kind PyTorch sees."""
    if kind == "mps":
        return int(torch.backends.mps.is_available())
    return getattr(torch, kind).device_count() if _built_with(kind) else 0


def _built_with(kind):
    if kind == "cuda":
        return torch.version.cuda is not None or torch.version.hip is not None
    if kind == "mps":
        return torch.backends.mps.is_built()
    return hasattr(torch, "xpu") and torch.xpu.is_available()


NAMES = {"cuda": "CUDA", "mps": "Apple's GPUs (mps)", "xpu": "Intel's GPUs (xpu)"}


def _unusable(context):
    """Why a device cannot be used, or None."""
    kind, number = context.type, context.index or 0
    if not _built_with(kind):
        return f"this build of PyTorch has no {NAMES[kind]}"
    count = _count(kind)
    if number >= count:
        return "no GPU with a driver was found" if count == 0 else f"the GPUs here have the numbers 0 to {count - 1}"
    if kind == "cuda" and torch.version.cuda and not _has_machine_code(number):
        major, minor = torch.cuda.get_device_capability(number)
        known = ", ".join(torch.cuda.get_arch_list())
        return f"its compute capability {major}.{minor} is not among those of this PyTorch ({known})"
    try:
        (torch.ones(2, device=context) + 1).cpu()
    except RuntimeError as error:
        return f"it does not work ({first_line(error)})"
    return None


def _has_machine_code(number):
    """Machine code runs on cards of its major version from its minor one on; PTX (`compute_`) on all later cards."""
    major, minor = torch.cuda.get_device_capability(number)
    for arch in torch.cuda.get_arch_list():
        form, _, digits = arch.partition("_")
        digits = "".join(filter(str.isdigit, digits))
        theirs = int(digits[:-1]), int(digits[-1])
        if (form == "compute" and theirs <= (major, minor)) or (theirs[0] == major and theirs[1] <= minor):
            return True
    return False


def is_gpu(context):
    """Whether a context is that of a GPU."""
    return context.type != "cpu"


def describe(context):
    """What a choice by measuring depends on besides the processor: the name of the GPU."""
    if context.type == "cuda":
        return torch.cuda.get_device_name(context)
    return context.type


def refusal(context, precision):
    """Why a device cannot compute in a precision and what to take instead, or None."""
    if precision == "float16" and not is_gpu(context):
        return "only GPUs compute in it; use auto, bfloat16 or float32."
    if precision == "bfloat16" and context.type == "cuda" and not torch.cuda.is_bf16_supported(False):
        return "this GPU does not compute in it; use auto, float16 or float32."
    if precision == "bfloat16" and not is_gpu(context) and not _computes_bfloat16():
        return "this processor does not compute in it, and an epoch would take minutes; use auto or float32."
    return None


def _computes_bfloat16():
    # without AVX-512 oneDNN has no convolution for it, and PyTorch's own is a hundred times as slow
    features = processor.at_hand().features
    return not features or bool(features & {"amx_bf16", "avx512_bf16", "avx512f", "bf16"})


def fast_on_gpu(context):
    """The precisions to be tried on a GPU."""
    return [precision for precision in ("float32", "bfloat16") if refusal(context, precision) is None]
