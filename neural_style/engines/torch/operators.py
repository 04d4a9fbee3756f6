"""A network's rows as PyTorch's operators, forward and backward, with its weights on one device.

The way back is written by hand: a ReLU may then overwrite what it was given, and a feature map is let go of as soon as
nothing asks for it any more, which autograd's graph does not know. Feature maps lie in memory channels last, as a
matrix (H W, C).
"""

from ...networks.layers import DATA, shapes
from .bits import Choices, Signs
from .library import torch

F = torch.nn.functional
aten = torch.ops.aten
CHANNELS_LAST = torch.channels_last


class Operators:
    """A network that can be computed in both directions.

    Parameters
    ----------
    network : networks.layers.Network
    arrays : dict of str to ndarray
        The weights by argument name.
    device : torch.device
    dtype : torch.dtype
        Of weights and feature maps.
    pooling : {"avg", "max"}
    """

    def __init__(self, network, arrays, device, dtype, pooling="avg"):
        self.network, self.device, self.dtype, self.pooling = network, device, dtype, pooling
        self._weights = {name: self._on_device(array) for name, array in arrays.items()}
        self._phases = {}

    def _on_device(self, array):
        weight = torch.as_tensor(array).to(self.device, self.dtype, copy=True)
        return weight.contiguous(memory_format=CHANNELS_LAST) if weight.ndim == 4 else weight

    def shapes(self, size):
        """Shape (C, H, W) of the picture and of every layer above it."""
        return {DATA: (3, *size), **shapes(self.network, size, self.pooling)}

    def needed_back(self, rows):
        """Names of the layers whose feature maps the way back through these rows asks for."""
        outputs = {row.name for row in rows if row.relu or row.kind == "relu"}
        return outputs.union(*(row.inputs for row in rows if self._recomputed(row)))

    def bits_back(self, row, inputs, result):
        """What `backward` asks for of a layer, in as few bits as it takes: to be given in place of its map, or None."""
        if row.kind == "relu" or row.relu:
            return Signs(result)
        if row.kind == "lrn":
            return inputs[0]
        return Choices(inputs[0], self._window(row)) if self._recomputed(row) else None

    def _recomputed(self, row):
        return row.kind == "lrn" or (row.kind == "pool" and self.pooling == "max")

    def forward(self, data, rows, keep, maps):
        """Compute a picture's feature maps, one after the other.

        Parameters
        ----------
        data : Tensor, shape (1, 3, H, W)
        rows : list of networks.layers.Layer
            From `networks.layers.needed`.
        keep : set of str
            Layers whose maps must stay. Any other may be overwritten by the layer above.
        maps : dict
            Layer -> map, of those that `keep` names when all is done.

        Yields
        ------
        str, Tensor
            A layer and its map (1, C, H, W), which is only good until the next one is asked for unless it is kept.
        """
        uses = {name: sum(row.inputs.count(name) for row in rows) for row in rows for name in row.inputs}
        maps[DATA] = data.to(self.dtype).contiguous(memory_format=CHANNELS_LAST)
        for row in rows:
            inputs = [maps[name] for name in row.inputs]
            own = uses[row.inputs[0]] == 1 and row.inputs[0] not in keep
            maps[row.name] = self.operator(row, inputs, own)
            for name in row.inputs:
                uses[name] -= 1
                if uses[name] == 0 and name not in keep:
                    del maps[name]
            del inputs
            yield row.name, maps[row.name]
        for name in [name for name in maps if name not in keep]:
            del maps[name]

    def operator(self, row, inputs, overwrite):
        """A layer's map from those of its inputs, of which a ReLU may overwrite the only one.

        In a row that is given here and to `backward`, the padding may be a pair: of rows and of columns.
        """
        (first, *_) = inputs
        if row.kind == "convolution":
            weight, bias = self._weights[f"{row.name}_weight"], self._weights[f"{row.name}_bias"]
            result = F.conv2d(first, weight, bias, row.stride, row.pad, groups=row.groups)
            return _rectified_(result) if row.relu else result
        if row.kind == "relu":
            return _rectified_(first if overwrite else first.clone())
        if row.kind == "pool":
            return self._pool(row, first)
        if row.kind == "concat":
            return torch.cat(inputs, 1)
        if row.kind == "global_pool":
            return first.mean((2, 3), keepdim=True)
        if row.kind == "lrn":
            return _normalised(first)
        raise ValueError(f"{row.name}: no operator {row.kind}")

    def _pool(self, row, features):
        if self.pooling == "max":
            return F.max_pool2d(features, row.kernel, row.stride, row.pad, ceil_mode=row.ceil)
        return F.avg_pool2d(features, row.kernel, row.stride, row.pad)

    def backward(self, row, gradient, maps, shapes_):
        """Gradients of a layer's inputs.

        Parameters
        ----------
        row : networks.layers.Layer
        gradient : Tensor
            Of its output; it is overwritten.
        maps : dict
            As `forward` left it, of the layers that `needed_back` names; or of this one what `bits_back` gave.
        shapes_ : dict
            Layer -> (C, H, W).

        Returns
        -------
        list of Tensor
        """
        below = [shapes_[name] for name in row.inputs]
        kept = maps.get(row.name)
        if isinstance(kept, Signs):
            kept.mask(gradient)
        elif row.kind == "relu" or row.relu:
            _rectified_back_(gradient, kept)
        if row.kind == "relu":
            return [gradient]
        if row.kind == "convolution":
            return [self._convolution_back(row, gradient, below[0])]
        if row.kind == "concat":
            return list(gradient.split([shape[0] for shape in below], 1))
        if row.kind == "global_pool":
            _, height, width = below[0]
            return [(gradient / (height * width)).expand(1, *below[0]).contiguous(memory_format=CHANNELS_LAST)]
        # of which only shape and layout are read
        like = torch.empty((1, *below[0]), dtype=self.dtype, device=self.device, memory_format=CHANNELS_LAST)
        if isinstance(kept, Choices):
            return [kept.back(gradient, like)]
        if self._recomputed(row):
            function = _normalised if row.kind == "lrn" else lambda features: self._pool(row, features)
            return [pulled_back(function, maps[row.inputs[0]], gradient)]
        return [_average_back(row, gradient, like)]

    def _window(self, row):
        return [row.kernel] * 2, [row.stride] * 2, list(_pads(row)), [1, 1], row.ceil

    def _convolution_back(self, row, gradient, shape):
        weight = self._weights[f"{row.name}_weight"]
        if row.stride > 1 and row.groups == 1:
            return self._strided_back(row, gradient, shape)
        # rows and columns at the far edges that no stride reached
        edges = zip(gradient.shape[2:], _pads(row))
        reached = [(edge - 1) * row.stride - 2 * pad + row.kernel for edge, pad in edges]
        beyond = [edge - end for edge, end in zip(shape[1:], reached)]
        return F.conv_transpose2d(gradient, weight, None, row.stride, row.pad, beyond, row.groups)

    def _strided_back(self, row, gradient, shape):
        """As a convolution for each phase of the stride, in half of the time or less (Shi et al., 1609.05158)."""
        if row.name not in self._phases:
            self._phases[row.name] = _phases(self._weights[f"{row.name}_weight"], row.stride)
        weight = self._phases[row.name]
        found = F.pixel_shuffle(F.conv2d(gradient, weight, None, 1, weight.shape[2] - 1), row.stride)
        (above, left), (_, height, width) = _pads(row), shape
        right, below = left + width - found.shape[3], above + height - found.shape[2]
        return F.pad(found, (-left, right, -above, below))


def _phases(weight, stride):
    """The filters (out, in, K, K) of a convolution with a stride, as those of its way back at each of its phases.

    Returns (in stride stride, out, k, k), as `pixel_shuffle` orders them; k is K / stride, rounded up.
    """
    count, channels, kernel, _ = weight.shape
    taps = -(-kernel // stride)
    beyond = taps * stride - kernel
    split = F.pad(weight, (0, beyond, 0, beyond)).reshape(count, channels, taps, stride, taps, stride)
    filters = split.permute(1, 3, 5, 0, 2, 4).reshape(-1, count, taps, taps).flip(2, 3)
    return filters.contiguous(memory_format=CHANNELS_LAST)


def _pads(row):
    return row.pad if isinstance(row.pad, tuple) else (row.pad, row.pad)


def _fast_with_halves(array):
    return array.dtype == torch.bfloat16 and array.device.type == "cpu"


def _rectified_(features):
    """The ReLU of a feature map, in its place."""
    if not _fast_with_halves(features):
        return features.relu_()
    # numbers have the signs of the whole ones with the same bits, and those a CPU compares in a quarter of the time
    features.view(torch.int16).clamp_(min=0)
    return features


def _rectified_back_(gradient, rectified):
    """The gradient before a ReLU from that behind it, in its place, and from the ReLU's value."""
    if _fast_with_halves(gradient):
        # ReLU is the ELU with alpha 0 (Clevert et al., 1511.07289), whose way back takes a fifth of the time
        aten.elu_backward.grad_input(gradient, 0, 1, 1, True, rectified, grad_input=gradient)
    else:
        aten.threshold_backward.grad_input(gradient, rectified, 0, grad_input=gradient)


def _average_back(row, gradient, like):
    if row.kernel == row.stride + 1 and _pads(row) == (0, 0) and _fast_with_halves(gradient):
        gradient = gradient / row.kernel**2
        for axis in (2, 3):
            gradient = _spread(gradient, axis, row.stride, like.shape[axis])
        return gradient
    if row.kernel != row.stride or _pads(row) != (0, 0):
        window = [row.kernel] * 2, [row.stride] * 2, list(_pads(row))
        return aten.avg_pool2d_backward(gradient, like, *window, False, True, None)
    # windows that do not overlap: their values repeated, in a sixth of the time that sums over windows take
    shares = (gradient / row.kernel**2).permute(0, 2, 3, 1)[:, :, None, :, None]
    windows = shares.expand(-1, -1, row.kernel, -1, row.kernel, -1)
    reached = [edge * row.kernel for edge in gradient.shape[2:]]
    repeated = windows.reshape(1, *reached, gradient.shape[1]).permute(0, 3, 1, 2)
    height, width = (edge - end for edge, end in zip(like.shape[2:], reached))
    return F.pad(repeated, (0, width, 0, height)) if height or width else repeated


def _spread(gradient, axis, stride, edge):
    """Along one axis, at each of `edge` positions the sum over the windows that it is in; two share one position.

    PyTorch's own way back of such averages takes two and a half times as long in bfloat16.
    """
    shape = [edge if number == axis else length for number, length in enumerate(gradient.shape)]
    result = torch.empty(shape, dtype=gradient.dtype, device=gradient.device, memory_format=CHANNELS_LAST)
    values, places = gradient.transpose(0, axis), result.transpose(0, axis)
    end = stride * len(values)
    for offset in range(1, stride):
        places[offset:end:stride] = values
    places[0], places[end], places[end + 1 :] = values[0], values[-1], 0
    torch.add(values[:-1], values[1:], out=places[stride:end:stride])
    return result


def _normalised(features):
    """Local response normalisation over 5 channels as Caffe computes it (Krizhevsky et al. 2012, section 3.3)."""
    return F.local_response_norm(features.float(), 5, alpha=1e-4, beta=0.75, k=1.0).to(features.dtype)


def pulled_back(function, features, gradient):
    """The gradient of a function's argument, from that of its value: by autograd, the function being computed again."""
    with torch.enable_grad():
        features = features.detach().requires_grad_()
        return torch.autograd.grad(function(features), features, gradient)[0]


def bordered(image, beyond):
    """As `mirror.mirrored`."""
    above, below, left, right = beyond
    return F.pad(image, (left, right, above, below), mode="reflect") if any(beyond) else image


def unbordered(gradient, beyond):
    """As `mirror.folded`."""
    for axis, before, behind in ((2, *beyond[:2]), (3, *beyond[2:])) if any(beyond) else ():
        inner = gradient.narrow(axis, before, gradient.shape[axis] - before - behind).clone()
        first, last = gradient.narrow(axis, 0, before), gradient.narrow(axis, gradient.shape[axis] - behind, behind)
        inner.narrow(axis, 1, before).add_(first.flip(axis))
        inner.narrow(axis, inner.shape[axis] - 1 - behind, behind).add_(last.flip(axis))
        gradient = inner
    return gradient
