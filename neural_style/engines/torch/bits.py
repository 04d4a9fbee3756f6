"""What the way back through a layer asks for, in few bits: where a ReLU let through, and what a pooling took."""

import numpy as np

from .library import torch

aten = torch.ops.aten
AT_A_TIME = 1 << 17  # values, which a processor's cache holds on the way to bits and back
INTEGERS = {torch.float32: torch.int32, torch.bfloat16: torch.int16, torch.float16: torch.int16}


class Signs:
    """Which values of a map behind a ReLU are above zero: one bit each.

    Parameters
    ----------
    features : Tensor
    """

    def __init__(self, features):
        # above zero are the same numbers, read as whole ones, and no library is as fast with those of 16 bits
        whole = _flat(features).view(INTEGERS[features.dtype])
        if whole.device.type != "cpu":
            self._bits = _packed(whole > 0)
            return
        whole, positive = whole.numpy(), np.empty(AT_A_TIME, bool)
        self._bits = np.empty(-(-whole.size // 8), np.uint8)
        for values, bits in _parts(whole, self._bits):
            bits[:] = np.packbits(np.greater(values, 0, out=positive[: values.size]))

    def mask(self, gradient):
        """Put zero into a gradient where the map was not above zero."""
        if not gradient.is_contiguous(memory_format=torch.channels_last):
            ours = gradient.contiguous(memory_format=torch.channels_last)
            self.mask(ours)
            gradient.copy_(ours)
            return
        flat = _flat(gradient)
        if flat.device.type != "cpu":
            flat.mul_(_unpacked(self._bits)[: flat.numel()])
            return
        for values, bits in _parts(flat.view(INTEGERS[flat.dtype]).numpy(), self._bits):
            np.multiply(values, np.unpackbits(bits, count=values.size), out=values, casting="unsafe")


class Choices:
    """Which value of its window a pooling by maxima took: one byte each.

    Parameters
    ----------
    features : Tensor, (1, C, H, W)
    window : tuple
        As PyTorch's operators take it: kernel, stride, padding, dilation, whether sizes are rounded up.
    """

    def __init__(self, features, window):
        self._window, self._shape = window, features.shape
        _, chosen = aten.max_pool2d_with_indices(features, *window)
        corners, width = self._corners(chosen), features.shape[3]
        difference = chosen - corners
        # neither part is negative: the corner counts from its window's first value in the picture
        self._steps = (difference // width * 16 + difference % width).to(torch.uint8)

    def _corners(self, pooled):
        """Position in the features of each window's first value that lies in them."""
        (_, stride, pads, _, _), (height, width) = self._window, pooled.shape[2:]
        rows, columns = (
            (torch.arange(length, device=pooled.device) * step - pad).clamp_(min=0)
            for length, step, pad in zip((height, width), stride, pads)
        )
        return rows[:, None] * self._shape[3] + columns

    def back(self, gradient, like):
        """The gradient of the features, from that of what was taken; `like` has their shape."""
        steps = self._steps.to(torch.int64)
        chosen = self._corners(self._steps) + steps // 16 * self._shape[3] + steps % 16
        return aten.max_pool2d_with_indices_backward(gradient, like, *self._window, chosen)


def _flat(array):
    """All values of an array, (1, C, H, W), channels last, in one row: the same memory where it can be."""
    return array.permute(0, 2, 3, 1).reshape(-1)


def _parts(values, bits):
    """Values and their bits, of which each has one, part by part."""
    for start in range(0, values.size, AT_A_TIME):
        yield values[start : start + AT_A_TIME], bits[start // 8 : -(-(start + AT_A_TIME) // 8)]


def _packed(positive):
    beyond = -positive.numel() % 8
    eight = torch.nn.functional.pad(positive, (0, beyond)).view(-1, 8)
    return (eight << torch.arange(8, device=positive.device)).sum(1).to(torch.uint8)


def _unpacked(bits):
    return ((bits[:, None] >> torch.arange(8, device=bits.device)) & 1).view(-1).to(torch.bool)
