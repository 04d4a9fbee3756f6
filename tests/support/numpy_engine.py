"""An engine in plain NumPy, float64 inside: slow and obviously right, for small pictures and narrow networks.

It meets `engines.contract`, so that painting and runs are tested without MXNet and PyTorch, and those against it. A
feature map is (C, H, W) here.
"""

import contextlib
import math

import numpy as np
from PIL import Image

from neural_style.engines.choice import Choice
from neural_style.engines.contract import Moments, Statistics, Targets
from neural_style.engines.door import Opened
from neural_style.networks.layers import DATA, needed
from neural_style.pictures import images


def opened(gpu=None, precision="auto", network=None, *, engine="auto", device="auto", quick=False):
    """In the place of `door.opened`."""
    return Opened(NumpyEngine(), Choice("numpy", "float32", "the tests' own"), None)


class NumpyEngine:
    """As `contract.Engine`."""

    name, version, device, precision = "numpy", np.__version__, "cpu", "float32"

    def array(self, values):
        return values

    def numpy(self, array):
        return array

    def encoder(self, network, arrays, *, pooling="avg", border=0, means=False):
        return Encoder(network, arrays, pooling, border, means)

    def convolved(self, features, weight, bias):
        maps = convolution(features[0], weight, bias, 1, weight.shape[2] // 2, 1)
        return np.maximum(maps, 0)[None].astype(np.float32)

    def pooled(self, features):
        return average(features[0], 2, 2, 0)[None].astype(np.float32)

    def filtered(self, features, weight, bias, stride=1, groups=1, transposed=False):
        maps, bias = features.transpose(2, 0, 1), 0 if bias is None else np.asarray(bias)[:, None, None]
        if transposed:
            edges = [(edge - 1) * stride + weight.shape[2] for edge in maps.shape[1:]]
            result = convolution_backward(maps, (weight.shape[1], *edges), weight, stride, 0, groups) + bias
        else:
            result = convolution(maps, weight, np.zeros(len(weight)), stride, 0, groups) + bias
        return np.ascontiguousarray(result.transpose(1, 2, 0), np.float32)


class Encoder:
    """As `contract.Encoder` and `contract.Strips`."""

    def __init__(self, network, arrays, pooling, border, means):
        self.network, self.pooling, self.border, self.means = network, pooling, border, means
        self.arrays = {name: np.asarray(array, np.float64) for name, array in arrays.items()}

    def extract(self, image, content_layers, style_layers, masks=(None,), phase=(0, 0)):
        content_layers, style_layers = list(content_layers), list(style_layers)
        maps = self.forward(image, content_layers + style_layers, phase)
        return Targets(
            {layer: maps[layer][None].astype(np.float32) for layer in content_layers},
            {layer: [self.moments(maps[layer], of_layer(mask, layer)) for mask in masks] for layer in style_layers},
        )

    def evaluator(self, size, content, style_layers, masks=(None,), content_mask=None, map_layers=()):
        return Evaluator(self, size, content, list(style_layers), masks, content_mask or {}, list(map_layers))

    def strip(self, strip, source, backward=False):
        assert source.shape[2] == strip.source[1] - strip.source[0]
        held, maps, edges = {strip.input: np.float64(source[0])}, {}, {}
        bare = {step.layer.name: step.layer._replace(pad=0) for step in strip.steps}
        for layer, feeds in strip.steps:
            low = -np.inf if layer.kind == "pool" and self.pooling == "max" else 0
            edges[layer.name] = [((0, 0), (feed.above, feed.below), (layer.pad, layer.pad)) for feed in feeds]
            seen = [held[feed.name][:, feed.start : feed.stop] for feed in feeds]
            maps[layer.name] = [np.pad(x, e, constant_values=low) for x, e in zip(seen, edges[layer.name])]
            held[layer.name] = self.layer(bare[layer.name], maps[layer.name])
        own = {
            name: slice(first - strip.held[name][0], last - strip.held[name][0])
            for name, (first, last) in strip.wanted.items()
        }

        def pull(heads):
            back = {name: np.zeros_like(features) for name, features in held.items()}
            for layer, feeds in reversed(strip.steps):
                name = layer.name
                if name in own:
                    total = back[name][None, :, own[name]]
                    ours = heads(name, np.float32(held[name][None, :, own[name]]), total)
                    if ours is not total:
                        total[:] = ours
                found = self.layer_backward(bare[name], back[name], maps[name], held[name])
                for feed, gradient, (_, (above, below), (left, right)) in zip(feeds, found, edges[name]):
                    _, height, width = gradient.shape
                    inner = gradient[:, above : height - below, left : width - right]
                    back[feed.name][:, feed.start : feed.stop] += inner
            return np.float32(back[strip.input])[None]

        return {name: np.float32(held[name][:, own[name]])[None] for name in strip.wanted}, pull if backward else None

    def sums(self, features, mask):
        share = self.share(features[0], mask)
        flat = features[0].reshape(features.shape[1], -1) * share
        return Moments(np.float32(flat @ flat.T), np.float32(flat @ share) if self.means else None)

    def sums_back(self, features, mask, gradient, total=None):
        share = self.share(features[0], mask)
        result = (gradient.second + gradient.second.T) @ features[0].reshape(features.shape[1], -1) * share**2
        if gradient.mean is not None:
            result = result + np.float64(gradient.mean)[:, None] * share**2
        result = result.reshape(features.shape)
        if total is None:
            return result
        total += result
        return total

    def difference(self, features, target):
        return np.float32(features - target)

    def kept(self, strip, source):
        return Kept(*self.strip(strip, source, backward=True))

    def guard(self):
        return contextlib.nullcontext()

    def empty(self, shape, exact=False, scratch=None):
        if scratch is not None:
            kind = np.dtype(np.float32 if exact else np.float64)
            return np.frombuffer(scratch.allocate(math.prod(shape) * kind.itemsize), kind).reshape(shape)
        return np.empty(shape, np.float32 if exact else np.float64)

    def array(self, values):
        return np.asarray(values)

    def forward(self, image, wanted, phase=(0, 0)):
        """The feature map of each layer that is wanted, and of all below."""
        maps = {DATA: np.pad(np.float64(image[0]), ((0, 0), *beyond(self.border, phase)), mode="reflect")}
        for row in needed(self.network, wanted):
            maps[row.name] = self.layer(row, [maps[name] for name in row.inputs])
        return maps

    def layer(self, row, inputs):
        """One row."""
        window = row.kernel, row.stride, row.pad
        if row.kind == "convolution":
            weight, bias = (self.arrays[f"{row.name}_{part}"] for part in ("weight", "bias"))
            maps = convolution(inputs[0], weight, bias, row.stride, row.pad, row.groups)
            return np.maximum(maps, 0) if row.relu else maps
        if row.kind == "relu":
            return np.maximum(inputs[0], 0)
        if row.kind == "pool" and self.pooling == "max":
            return maximum(inputs[0], *window, row.ceil)[0]
        if row.kind == "pool":
            return average(inputs[0], *window)
        if row.kind == "concat":
            return np.concatenate(inputs)
        if row.kind == "global_pool":
            return inputs[0].mean((1, 2), keepdims=True)
        assert row.kind == "lrn"
        return inputs[0] * normaliser(inputs[0]) ** -BETA

    def layer_backward(self, row, gradient, inputs, output):
        """The gradient of each input of a row from that of its output."""
        window = row.kernel, row.stride, row.pad
        if row.kind == "relu" or row.relu:
            gradient = gradient * (output > 0)
        if row.kind == "convolution":
            weight = self.arrays[f"{row.name}_weight"]
            return [convolution_backward(gradient, inputs[0].shape, weight, row.stride, row.pad, row.groups)]
        if row.kind == "relu":
            return [gradient]
        if row.kind == "pool" and self.pooling == "max":
            return [maximum_backward(gradient, inputs[0], *window, row.ceil)]
        if row.kind == "pool":
            return [average_backward(gradient, inputs[0].shape, *window)]
        if row.kind == "concat":
            return np.split(gradient, np.cumsum([len(features) for features in inputs])[:-1])
        if row.kind == "global_pool":
            return [np.broadcast_to(gradient / inputs[0][0].size, inputs[0].shape)]
        (x,), scale = inputs, normaliser(inputs[0])
        around = over_channels(gradient * x * scale ** (-BETA - 1))
        return [gradient * scale**-BETA - 2 * ALPHA * BETA / CHANNELS * x * around]

    def moments(self, features, mask):
        """Of a feature map over a region."""
        share = self.share(features, mask)
        guided, count = features.reshape(len(features), -1) * share, np.sum(share**2) or 1
        mean = np.float32(guided @ share / count) if self.means else None
        return Moments(np.float32(guided @ guided.T / count), mean)

    def moments_backward(self, features, mask, gradient):
        """The gradient of a feature map from that of its moments over a region."""
        share = self.share(features, mask)
        flat, count = features.reshape(len(features), -1), np.sum(share**2) or 1
        result = (gradient.second + gradient.second.T) @ flat * share**2 / count
        if gradient.mean is not None:
            result = result + np.float64(gradient.mean)[:, None] * share**2 / count
        return result.reshape(features.shape)

    def share(self, features, mask):
        """How much each position of a feature map belongs to a region, (N,)."""
        if mask is None:
            return np.ones(features[0].size)
        if mask.shape == features.shape[1:]:
            return np.float64(mask.ravel())
        padded = np.pad(np.float32(mask), self.border, mode="reflect")
        return np.float64(images.resize_planes(padded[None, None], features.shape[1:], Image.Resampling.BOX).ravel())


class Evaluator:
    """As `contract.Evaluator`."""

    def __init__(self, encoder, size, content, style_layers, masks, content_mask, map_layers):
        self.size, self._encoder, self._phase = tuple(size), encoder, (0, 0)
        self._masks = {layer: [of_layer(mask, layer) for mask in masks] for layer in style_layers}
        self._counted = {layer: content_mask.get(layer, 1) for layer in content}
        self._content = {layer: np.float64(features[0]) for layer, features in content.items()}
        self._style, self._map_layers = style_layers, map_layers
        nothing = self._encoder.forward(np.zeros((1, 3, *size)), style_layers + map_layers)
        self.positions = {
            layer: [float(np.sum(encoder.share(nothing[layer], mask) ** 2) or 1) for mask in masks]
            for layer, masks in self._masks.items()
        }
        self.positions.update({layer: [float(nothing[layer][0].size)] for layer in map_layers})

    def forward(self, image):
        assert image.shape == (1, 3, *self.size) and image.dtype == np.float32
        self._maps = self._encoder.forward(image, [*self._content, *self._style, *self._map_layers], self._phase)
        return Statistics(
            {layer: float(np.sum(self._difference(layer) ** 2)) for layer in self._content},
            {
                layer: [self._encoder.moments(self._maps[layer], mask) for mask in masks]
                for layer, masks in self._masks.items()
            },
            {layer: np.float32(self._maps[layer])[None] for layer in self._map_layers},
        )

    def aim(self, image, phase=(0, 0)):
        self._phase = phase
        content = self._encoder.extract(image, self._content, (), phase=phase).content
        self._content = {layer: np.float64(features[0]) for layer, features in content.items()}
        return content

    def _difference(self, layer):
        return (self._maps[layer] - self._content[layer]) * self._counted[layer]

    def backward(self, gradients):
        back = {name: np.zeros_like(features) for name, features in self._maps.items()}
        for layer, counted in self._counted.items():
            back[layer] += 2 * gradients.content[layer] * self._difference(layer) * counted
        for layer in self._style:
            for mask, gradient in zip(self._masks[layer], gradients.style[layer]):
                back[layer] += self._encoder.moments_backward(self._maps[layer], mask, gradient)
        for layer in self._map_layers:
            back[layer] += gradients.maps[layer][0]
        for row in reversed(needed(self._encoder.network, [*self._content, *self._style, *self._map_layers])):
            inputs = [self._maps[name] for name in row.inputs]
            found = self._encoder.layer_backward(row, back[row.name], inputs, self._maps[row.name])
            for name, gradient in zip(row.inputs, found):
                back[name] += gradient
        return unpadded(back[DATA], *beyond(self._encoder.border, self._phase))[None].astype(np.float32)


def of_layer(mask, layer):
    return mask[layer] if isinstance(mask, dict) else mask


class Kept:
    """A strip with all that it computed."""

    def __init__(self, maps, pull):
        self._maps, self.backward = maps, pull

    def wanted(self):
        return dict(self._maps)

    def forget(self, name):
        del self._maps[name]


def beyond(border, phase):
    """Pixels above and below, and on the left and on the right, of a picture with a border in a phase."""
    return [(border + by, border - by) for by in phase]


def unpadded(gradient, *beyond):
    """Of a picture continued beyond its edges, mirrored: the gradient of the picture."""
    for axis, edges in zip((1, 2), beyond):
        length = gradient.shape[axis] - sum(edges)
        place = np.pad(np.arange(length), edges, mode="reflect")  # where each row was taken from
        result = np.zeros((*gradient.shape[:axis], length, *gradient.shape[axis + 1 :]))
        np.add.at(result, (slice(None),) * axis + (place,), gradient)
        gradient = result
    return gradient


def windows(x, kernel, stride, shape):
    """For each place in a window the part of a padded x, (C, H', W'), that stands there: `shape` is (H', W')."""
    height, width = (stride * edge for edge in shape)
    for row in range(kernel):
        for column in range(kernel):
            yield row, column, x[:, row : row + height : stride, column : column + width : stride]


def outer(shape, kernel, stride, pad):
    """Height and width of what windows within the edges give."""
    return tuple((edge + 2 * pad - kernel) // stride + 1 for edge in shape[1:])


def padded(x, pad, value=0.0):
    return np.pad(x, ((0, 0), (pad, pad), (pad, pad)), constant_values=value)


def inside(x, pad):
    return x[:, pad : x.shape[1] - pad, pad : x.shape[2] - pad]


def convolution(x, weight, bias, stride, pad, groups):
    result = np.zeros((len(weight), *outer(x.shape, weight.shape[2], stride, pad))) + bias[:, None, None]
    parts = zip(np.split(padded(x, pad), groups), np.split(weight, groups), np.split(result, groups))
    for part, filters, into in parts:
        for row, column, seen in windows(part, weight.shape[2], stride, result.shape[1:]):
            into += np.tensordot(filters[:, :, row, column], seen, 1)
    return result


def convolution_backward(gradient, shape, weight, stride, pad, groups):
    result = padded(np.zeros(shape), pad)
    parts = zip(np.split(result, groups), np.split(weight, groups), np.split(gradient, groups))
    for part, filters, above in parts:
        for row, column, into in windows(part, weight.shape[2], stride, gradient.shape[1:]):
            into += np.tensordot(filters[:, :, row, column].T, above, 1)
    return inside(result, pad)


def average(x, kernel, stride, pad):
    """Zeros beyond the edge count."""
    shape = outer(x.shape, kernel, stride, pad)
    return sum(seen for _, _, seen in windows(padded(x, pad), kernel, stride, shape)) / kernel**2


def average_backward(gradient, shape, kernel, stride, pad):
    result = padded(np.zeros(shape), pad)
    for _, _, into in windows(result, kernel, stride, gradient.shape[1:]):
        into += gradient / kernel**2
    return inside(result, pad)


def maximum(x, kernel, stride, pad, ceil):
    """The maxima, and which place of its window each came from."""
    shape = outer(x.shape, kernel, stride, pad)
    if ceil:
        shape = tuple(-(-(edge + 2 * pad - kernel) // stride) + 1 for edge in x.shape[1:])
    x = np.pad(padded(x, pad, -np.inf), ((0, 0), (0, stride), (0, stride)), constant_values=-np.inf)
    places = np.stack([seen for _, _, seen in windows(x, kernel, stride, shape)])
    return places.max(0), places.argmax(0)


def maximum_backward(gradient, x, kernel, stride, pad, ceil):
    _, came_from = maximum(x, kernel, stride, pad, ceil)
    result = np.pad(padded(np.zeros(x.shape), pad), ((0, 0), (0, stride), (0, stride)))
    for row, column, into in windows(result, kernel, stride, gradient.shape[1:]):
        into += gradient * (came_from == row * kernel + column)
    return inside(result[:, : x.shape[1] + 2 * pad, : x.shape[2] + 2 * pad], pad)


# local response normalisation as Caffe computes it (Krizhevsky et al. 2012, section 3.3)
CHANNELS, ALPHA, BETA = 5, 1e-4, 0.75


def over_channels(x):
    """Sums over five neighbouring channels."""
    around = np.pad(x, ((CHANNELS // 2,) * 2, (0, 0), (0, 0)))
    return sum(around[place : place + len(x)] for place in range(CHANNELS))


def normaliser(x):
    return 1 + ALPHA / CHANNELS * over_channels(x**2)
