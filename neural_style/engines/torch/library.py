"""The door to PyTorch: says what to do where it cannot be imported."""

from ...errors import InputError

try:
    import torch
except ImportError as error:
    raise InputError(
        f"PyTorch cannot be loaded ({error}); install it with `pip install -r requirements-torch.txt`, "
        "or use --engine mxnet."
    ) from None

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def exactly():
    """A context in which cuDNN takes no shortcut: float32 keeps its bits, the same input gives the same bytes."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)


__all__ = ["DTYPES", "exactly", "torch"]
