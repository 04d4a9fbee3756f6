"""A generator's rows as PyTorch's layers, with a way back to the weights: what learning computes with.

The way forward for pictures is `painters.forward`, which both must agree with.
"""

import numpy as np

from ..engines.torch.library import torch
from ..painters.rows import DATA, HALVES, NOISE, PARTS, shapes
from ..ranges import LEVELS, MEAN_PIXEL

F = torch.nn.functional
MODES = {"reflect": "reflect", "edge": "replicate"}
LASTING = 0.998  # of the average, from one step to the next


class Learned:
    """A generator whose arrays can be learned, where only normalisation by the picture itself is used.

    Parameters
    ----------
    generator : painters.rows.Generator
    device : torch.device
    dtype : torch.dtype
        Of maps; the arrays that are learned, and the picture, are float32.
    seed : int
        Of the weights that it begins with.
    """

    def __init__(self, generator, device, dtype=torch.float32, seed=0):
        self.generator, self._dtype = generator, dtype
        self.arrays = {}
        for name, array in begun(generator, seed).items():
            tensor = torch.as_tensor(array).to(device)
            if tensor.ndim == 4:
                tensor = tensor.contiguous(memory_format=torch.channels_last)
            self.arrays[name] = tensor.requires_grad_()
        self.average = {name: tensor.detach().clone() for name, tensor in self.arrays.items()}
        mean, offset = (torch.tensor(it, device=device).view(1, 3, 1, 1) for it in (generator.mean, generator.offset))
        self._mean, self._offset = mean, offset
        self._halves = torch.tensor(HALVES, device=device)
        self._mean_pixel = torch.tensor(MEAN_PIXEL, device=device).view(1, 3, 1, 1)

    def __call__(self, image, noise):
        """A picture as the generator repaints it.

        Parameters
        ----------
        image : Tensor, shape (1, 3, H, W), network range
            Edges a multiple of the generator's.
        noise : Tensor, shape (1, 1, h, w)
        """
        g = self.generator
        data = (image + self._mean_pixel) * (g.levels / LEVELS) - self._mean
        maps = {DATA: data.to(self._dtype).contiguous(memory_format=torch.channels_last), NOISE: noise.to(self._dtype)}
        for row in g.rows:
            maps[row.name] = self._row(row, maps)
        picture = g.gain * maps[g.rows[-1].name].float() + self._offset
        return LEVELS * picture - self._mean_pixel

    def _row(self, row, maps):
        inputs = [maps[name] for name in row.inputs]
        below = inputs[0] if len(inputs) == 1 else torch.cat(inputs, 1)
        weight, bias = (self.arrays[f"{row.name}_{part}"] for part in ("weight", "bias"))
        if row.halves:
            result = self._enlarged(row, below, weight, bias)
        else:
            behind = row.kernel - row.stride - row.before
            below = F.pad(below, (row.before, behind, row.before, behind), mode=MODES[row.padding])
            result = F.conv2d(below, weight.to(self._dtype), bias.to(self._dtype), row.stride, groups=row.groups)
        if row.norm:
            gamma, beta = (self.arrays[f"{row.name}_{part}"] for part in PARTS[row.norm])
            # of a single picture that is its own normalisation, and takes half the time of `instance_norm`
            result = F.batch_norm(result, None, None, gamma, beta, training=True, eps=self.generator.epsilon)
        result = {"relu": F.relu, "tanh": torch.tanh, "": lambda it: it}[row.activation](result)
        return result + maps[row.plus] if row.plus else result

    def _enlarged(self, row, below, weight, bias):
        """A convolution of 3 x 3 behind bilinear enlarging: one of the small map (`rows.HALVES`)."""
        weights = torch.einsum("ockl,pak,qbl->opqcab", weight, self._halves, self._halves).flatten(0, 2)
        below = F.pad(below, (1, 1, 1, 1), mode=MODES[row.padding])
        weights = weights.to(self._dtype).contiguous(memory_format=torch.channels_last)
        four = F.conv2d(below, weights, bias.repeat_interleave(4).to(self._dtype))
        return F.pixel_shuffle(four, 2)

    def follow(self, number):
        """Let the average go on, after step `number`: what is left of a step halves in about 350 steps."""
        share = 1 - min(LASTING, (1 + number) / (10 + number))
        with torch.no_grad():
            for name, tensor in self.arrays.items():
                self.average[name].lerp_(tensor, share)

    def numpy(self):
        """The averaged arrays, which paint more evenly than those of any one step, as NumPy's."""
        return numpy(self.average)


def numpy(tensors):
    """Tensors by name as NumPy's arrays."""
    return {name: tensor.detach().cpu().contiguous().numpy().copy() for name, tensor in tensors.items()}


def begun(generator, seed):
    """The arrays that learning begins with: convolutions that keep the strength of what passes (He et al. 2015)."""
    rng, arrays = np.random.default_rng(seed), {}
    for name, shape in shapes(generator).items():
        if name.endswith("_weight"):
            strength = np.sqrt(2 / np.prod(shape[1:]))
            arrays[name] = (strength * rng.standard_normal(shape)).astype(np.float32)
        else:
            arrays[name] = np.full(shape, float(name.endswith("_gamma")), np.float32)
    last = generator.rows[-1].name
    arrays[f"{last}_weight"] *= np.float32(0.3)  # within what tanh does not flatten
    return arrays
