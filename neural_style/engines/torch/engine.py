"""PyTorch on one device, in one precision: the `Engine` of the contract. Its arrays are tensors on that device."""

import mmap

import numpy as np

from .. import processor
from .encoder import Encoder
from .library import DTYPES, computing, torch

F = torch.nn.functional


class TorchEngine:
    """As `contract.Engine`.

    Parameters
    ----------
    device : str
        "cpu", "mps", "xpu", or one of several: "cuda:1".
    precision : {"float32", "bfloat16", "float16"}
    """

    name, version = "torch", str(torch.__version__)

    def __init__(self, device="cpu", precision="float32"):
        self._device, self.precision = torch.device(device), precision
        if self._device.type == "cpu":
            processor.keep_freed_memory()
        number = self._device.index or 0
        self.device = {"cpu": "cpu", "cuda": f"gpu {number}"}.get(self._device.type, self._device.type)

    def array(self, values):
        """See `contract.Engine`."""
        values = np.asarray(values, np.float32)
        # what lies on a disk stays there; other memory of NumPy's begins anywhere, and where decides how PyTorch rounds
        on_disk = values.ctypes.data % mmap.PAGESIZE == 0 and values.flags.writeable
        return (torch.as_tensor if on_disk else torch.tensor)(values, device=self._device)

    def numpy(self, array):
        """See `contract.Engine`."""
        return array.detach().cpu().contiguous().numpy()

    def encoder(self, network, arrays, *, pooling="avg", border=0, means=False):
        """See `contract.Engine`."""
        return Encoder(network, arrays, self._device, self.precision, pooling, border, means)

    @computing()
    def convolved(self, features, weight, bias):
        """See `contract.Engine`."""
        return F.conv2d(features, self.array(weight), self.array(bias), padding=1).relu_()

    @computing()
    def pooled(self, features):
        """See `contract.Engine`."""
        return F.avg_pool2d(features, 2)

    @computing()
    def filtered(self, features, weight, bias, stride=1, groups=1, transposed=False):
        """See `contract.Engine`."""
        maps = features.permute(2, 0, 1)[None]  # channels last, as it lies in memory
        weight = weight.contiguous(memory_format=torch.channels_last)  # or oneDNN lays the maps out anew, and back
        maps, weight, bias = (None if it is None else it.to(DTYPES[self.precision]) for it in (maps, weight, bias))
        convolve = F.conv_transpose2d if transposed else F.conv2d
        result = convolve(maps, weight, bias, stride, groups=groups)
        return result[0].permute(1, 2, 0).to(features.dtype).contiguous()
