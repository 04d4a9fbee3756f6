"""The definitions in plain NumPy, float64, with nothing of the suite in them: what the fast path is tested against.

Feature maps are (C, H, W), pictures (3, H, W) in network range.
"""

import numpy as np

MEAN_PIXEL = np.array([123.68, 116.779, 103.939]).reshape(3, 1, 1)


def convolution(x, weight, bias, pad=0, stride=1):
    kernel = weight.shape[2]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    return np.tensordot(weight, windows, ((1, 2, 3), (0, 3, 4))) + bias[:, None, None]


def convolution_backward(gradient, weight, pad):
    """Of a convolution of stride 1: the gradient of its input is a convolution with the flipped kernels."""
    flipped = weight[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
    return convolution(gradient, flipped, np.zeros(weight.shape[1]), pad=weight.shape[2] - 1 - pad)


def average_pooling(x):
    """2 x 2; an odd last row or column is left out."""
    channels, height, width = x.shape
    blocks = x[:, : height // 2 * 2, : width // 2 * 2].reshape(channels, height // 2, 2, width // 2, 2)
    return blocks.mean((2, 4))


def average_pooling_backward(gradient, shape):
    result = np.zeros(shape)
    spread = gradient.repeat(2, 1).repeat(2, 2) / 4
    result[:, : spread.shape[1], : spread.shape[2]] = spread
    return result


def pooling_3_2(x, pool):
    """3 x 3 with stride 2; windows that reach beyond the edge see what is there of them, or are left out of means."""
    rows, columns = (range(0, length - 2 + (pool is np.max and length % 2 == 0), 2) for length in x.shape[1:])
    return np.stack([np.stack([pool(x[:, r : r + 3, c : c + 3], (1, 2)) for c in columns], -1) for r in rows], -2)


VGG19 = [f"{block}_{number}" for block, count in enumerate((2, 2, 4, 4, 4), 1) for number in range(1, count + 1)]


def vgg19(arrays, picture, last="5_1"):
    """Feature maps relu1_1 ... of VGG-19 with average pooling, in network order."""
    maps, x = {}, np.asarray(picture, np.float64)
    for name in VGG19[: VGG19.index(last) + 1]:
        if name.endswith("_1") and name != "1_1":
            x = average_pooling(x)
        x = np.maximum(convolution(x, arrays[f"conv{name}_weight"], arrays[f"conv{name}_bias"], pad=1), 0)
        maps[f"relu{name}"] = x
    return maps


def vgg19_backward(arrays, maps, gradients):
    """The gradient of the picture, given those of some feature maps."""
    names = [name[4:] for name in maps]
    x = 0
    for name, above in zip(reversed(names), [None, *reversed(names)]):
        if above is not None and above.endswith("_1"):
            x = average_pooling_backward(x, maps[f"relu{name}"].shape)
        x = (x + gradients.get(f"relu{name}", 0)) * (maps[f"relu{name}"] > 0)
        x = convolution_backward(x, arrays[f"conv{name}_weight"], pad=1)
    return x


def squeezenet(arrays, picture, pool, last="fire7"):
    """Feature maps conv1, fire2, ... of SqueezeNet 1.0; `pool` is np.max or np.mean."""

    def layer(x, name, **options):
        return np.maximum(convolution(x, arrays[f"{name}_weight"], arrays[f"{name}_bias"], **options), 0)

    x = layer(np.asarray(picture, np.float64), "conv1", stride=2)
    maps = {"conv1": x}
    for name in (f"fire{number}" for number in range(2, 10)):
        if name in ("fire2", "fire5", "fire9"):
            x = pooling_3_2(x, pool)
        squeezed = layer(x, f"{name}_squeeze1x1")
        x = np.concatenate((layer(squeezed, f"{name}_expand1x1"), layer(squeezed, f"{name}_expand3x3", pad=1)))
        maps[name] = x
        if name == last:
            break
    return maps


def gram(feature_map):
    flat = feature_map.reshape(len(feature_map), -1)
    return flat @ flat.T


def roughness_gradient(picture):
    """Each channel convolved with [0 -1 0; -1 4 -1; 0 -1 0], zero padded."""
    kernel = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], float)[None, None]
    return np.concatenate([convolution(channel[None], kernel, np.zeros(1), pad=1) for channel in picture])


class Recipe:
    """The weighted sum of MXNet's example/neural-style (Gram matrices not normalised), for VGG-19.

    Parameters
    ----------
    arrays : dict of str to ndarray
    content, style : ndarray (3, H, W)
    """

    style_layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
    content_layer = "relu4_2"

    def __init__(self, arrays, content, style, content_weight=10.0, style_weight=1.0, tv_weight=0.01):
        self.arrays = arrays
        self.content_weight, self.style_weight, self.tv_weight = content_weight, style_weight, tv_weight
        self.content = vgg19(arrays, content)[self.content_layer]
        painting = vgg19(arrays, style)
        self.grams = {layer: gram(painting[layer]) for layer in self.style_layers}

    def _layer_weight(self, feature_map):
        return self.style_weight / (feature_map.size * len(feature_map))

    def losses(self, picture):
        """Content, and style by layer."""
        maps = vgg19(self.arrays, picture)
        content = self.content_weight * np.sum((maps[self.content_layer] - self.content) ** 2)
        style = {
            layer: self._layer_weight(maps[layer]) * np.sum((gram(maps[layer]) - self.grams[layer]) ** 2)
            for layer in self.style_layers
        }
        return content, style

    def gradient(self, picture):
        """Of content and style together."""
        maps = vgg19(self.arrays, picture)
        gradients = {self.content_layer: 2 * self.content_weight * (maps[self.content_layer] - self.content)}
        for layer in self.style_layers:
            flat = maps[layer].reshape(len(maps[layer]), -1)
            factor = 4 * self._layer_weight(maps[layer])
            gradients[layer] = factor * ((gram(maps[layer]) - self.grams[layer]) @ flat).reshape(maps[layer].shape)
        return vgg19_backward(self.arrays, maps, gradients)

    def limited_gradient(self, picture):
        """As the recipe steps along it: shortened to the number of values in the picture, roughness added."""
        gradient = self.gradient(picture)
        norm = np.linalg.norm(gradient)
        if norm > gradient.size:
            gradient *= gradient.size / norm
        return gradient + self.tv_weight / 8 * roughness_gradient(picture)
