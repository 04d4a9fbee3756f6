"""Hugging Face's `.safetensors`."""

import struct

from .naming import ours as made_for

__all__ = ["made_for", "matches", "read"]


def matches(head, size):
    """Whether a file begins with the length of a header, and the header with a brace."""
    return len(head) > 9 and head[8:9] == b"{" and struct.unpack_from("<Q", head)[0] <= size - 8


def read(path):
    """The arrays by name, but those of fully connected layers; a damaged file raises SafetensorError."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys() if len(file.get_slice(name).get_shape()) != 2}  # noqa: SIM118
