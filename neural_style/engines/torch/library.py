"""The door to PyTorch: says what to do where it cannot be imported, and how it computes here."""

import contextlib

from ... import start
from ...errors import EngineError, InputError
from .. import processor

processor.wait_without_spinning()
try:
    import array_api_compat.torch  # noqa: F401, else loaded by the first tensor, in the middle of a run
    import torch
except (ImportError, OSError) as error:
    raise InputError(
        f"PyTorch cannot be loaded: {error}. Install it with {start.install('torch')}."
    ) from None

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@contextlib.contextmanager
def computing():
    """How every method of the engine computes; also a decorator.

    Without autograd's graph; on cuDNN without its shortcuts: float32 keeps its bits, the same input gives the same
    bytes. What PyTorch raises becomes an `EngineError` of one line.
    """
    exact = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    try:
        with torch.no_grad(), exact:
            yield
    except EngineError:
        raise
    except RuntimeError as error:
        raise EngineError(f"PyTorch: {first_line(error)}") from error


def first_line(error):
    """What an error of PyTorch's says, without the traceback in C++ that may follow."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


__all__ = ["DTYPES", "computing", "first_line", "torch"]
