"""Hugging Face's `.safetensors`."""

import struct

from ..files import write_bytes
from .naming import ours as made_for

__all__ = ["made_for", "matches", "read", "write"]


def matches(head, size):
    """Whether a file begins with the length of a header, and the header with a brace."""
    return len(head) > 9 and head[8:9] == b"{" and struct.unpack_from("<Q", head)[0] <= size - 8


def read(path):
    """The arrays by name, but those of fully connected layers; a damaged file raises SafetensorError."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys() if len(file.get_slice(name).get_shape()) != 2}  # noqa: SIM118


def write(path, arrays):
    """Write arrays `<layer>_weight` and `<layer>_bias` as `<layer>.weight` and `<layer>.bias`: whole or not at all.

    Parameters
    ----------
    path : Path
    arrays : dict of str to ndarray

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from safetensors.numpy import save

    data = save({".".join(name.rsplit("_", 1)): array for name, array in arrays.items()}, {"format": "pt"})
    write_bytes(path, data)
