"""A network as rows, and what follows from the rows alone: shapes, receptive fields, the weights it needs."""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple, Optional

from ..errors import InputError

Array = Any  # NumPy's

DATA = "data"  # the picture, as an input of the first layer
CHANNELS = 3  # of the picture


class Layer(NamedTuple):
    """One layer: an output that can be named."""

    name: str
    kind: str  # convolution, relu, pool, concat (of channels) or global_pool
    inputs: tuple[str, ...]  # names of the layers below
    channels: int = 0  # of a convolution's output
    kernel: int = 1  # pixels at each edge; the stride and the padding likewise
    stride: int = 1
    pad: int = 0
    groups: int = 1  # of a convolution: its channels fall into so many that do not see each other
    relu: bool = False  # of a convolution: the output is taken behind its ReLU
    ceil: bool = False  # of maximum pooling: windows may reach beyond the edge, so the size is rounded up


class Defaults(NamedTuple):
    """Values for the options of a run that were left to the network."""

    content_layers: dict[str, float]  # layer -> weight
    style_layers: dict[str, float]
    style_loss: str = "gram"
    pooling: str = "avg"
    init: str = "content"
    border: int = 0
    lost: float = 0.1  # see `painting.balance`
    strength: Optional[float] = None  # of the style where no option says how losses count; None: plain sums


class Network(NamedTuple):
    """All that is known of a network without its weights."""

    name: str  # what `--model` calls it
    title: str
    layers: tuple[Layer, ...]  # of Layer, each after its inputs
    defaults: Defaults
    offline_defaults: Optional[Defaults] = None  # with the weights learned offline
    offline_plain: Optional[Defaults] = None  # with these, where the losses are plain sums
    # convolutions that a file of weights may lack, being above all default layers
    optional: frozenset[str] = frozenset()
    # RGB, 0 to 255: what Caffe's release of the network takes from its input, which is BGR
    mean_pixel: tuple[float, float, float] = (122.679, 116.669, 104.007)

    def defaults_for(self, offline: bool, plain: bool = False) -> Defaults:
        """The defaults with trained weights, or with those learned offline, which has others for plain sums."""
        if not offline:
            return self.defaults
        return (self.offline_plain if plain else None) or self.offline_defaults or self.defaults


class Field(NamedTuple):
    """What a value of a layer sees of the picture."""

    size: int  # pixels at each edge
    stride: int  # pixels from one value to the next


def convolutions(network: Network) -> dict[str, tuple[int, int, int, int]]:
    """Shape (out, in per group, kernel, kernel) of the weight of each convolution, by name, in network order."""
    widths, found = {DATA: CHANNELS}, {}
    for layer in network.layers:
        below = [widths[name] for name in layer.inputs]
        widths[layer.name] = layer.channels if layer.kind == "convolution" else sum(below)
        if layer.kind == "convolution":
            found[layer.name] = (layer.channels, below[0] // layer.groups, layer.kernel, layer.kernel)
    return found


def available(network: Network, names: Collection[str]) -> list[str]:
    """The layers that can be computed with the weights at hand.

    Parameters
    ----------
    network : Network
    names : collection of str
        Arrays that are there: `<convolution>_weight` and `<convolution>_bias`.

    Returns
    -------
    list of str
        In network order.
    """
    known = {DATA}
    for layer in network.layers:
        wanted = {f"{layer.name}_weight", f"{layer.name}_bias"} if layer.kind == "convolution" else set()
        if wanted <= set(names) and known.issuperset(layer.inputs):
            known.add(layer.name)
    return [layer.name for layer in network.layers if layer.name in known]


def needed(network: Network, names: Iterable[str]) -> list[Layer]:
    """The rows of the layers of these names and of all that they rest on, in network order."""
    wanted = set(names)
    for layer in reversed(network.layers):
        if layer.name in wanted:
            wanted.update(layer.inputs)
    return [layer for layer in network.layers if layer.name in wanted]


def arrays_of(network: Network, names: Iterable[str], arrays: dict[str, Array]) -> dict[str, Array]:
    """The arrays that the layers of these names, and all that they rest on, take of a file's."""
    rows = {layer.name for layer in needed(network, names)}
    return {name: array for name, array in arrays.items() if name.rpartition("_")[0] in rows}


def shapes(network: Network, size: Sequence[int], pooling: str = "max") -> dict[str, tuple[int, int, int]]:
    """Shape (C, H, W) of every layer above a picture.

    Parameters
    ----------
    network : Network
    size : (int, int)
        Height and width of the picture, a border included.
    pooling : {"max", "avg"}
        With average pooling no window reaches beyond the edge: it would be an average over nothing.

    Returns
    -------
    dict of str to tuple
        A layer that the picture is too small for has an edge below 1.

    Examples
    --------
    >>> from neural_style.networks.registry import NETWORKS
    >>> shapes(NETWORKS["vgg19"], (400, 600))["conv4_2"]
    (512, 50, 75)
    """
    found = {DATA: (CHANNELS, size[0], size[1])}
    for layer in network.layers:
        below = [found[name] for name in layer.inputs]
        _, height, width = below[0]
        if min(height, width) < 1:
            outer = (0, 0)
        elif layer.kind == "global_pool":
            outer = (1, 1)
        else:
            outer = _length(height, layer, pooling), _length(width, layer, pooling)
        channels = layer.channels if layer.kind == "convolution" else sum(shape[0] for shape in below)
        found[layer.name] = (channels, *outer)
    del found[DATA]
    return found


def _length(edge: int, layer: Layer, pooling: str) -> int:
    room = edge + 2 * layer.pad - layer.kernel
    return 1 + (-(-room // layer.stride) if layer.ceil and pooling == "max" else room // layer.stride)


def fields(network: Network) -> dict[str, Field]:
    """The receptive `Field` of every layer, by name; of a global pooling that of the layer below it."""
    found = {DATA: Field(1, 1)}
    for layer in network.layers:
        size, stride = max(found[name] for name in layer.inputs)
        found[layer.name] = Field(size + (layer.kernel - 1) * stride, stride * layer.stride)
    del found[DATA]
    return found


class Cost(NamedTuple):
    """What an evaluation of a network takes for each pixel of the picture, as its rows say."""

    flop: float  # floating point operations of the convolutions, forward and backward to the picture
    memory: float  # bytes of the feature maps that the way back needs, in float32


def cost(network: Network, names: Iterable[str], size: Sequence[int] = (512, 512)) -> Cost:
    """The `Cost` of the layers of these names and of all that they rest on.

    A convolution takes two operations for each weight and position, and as many for the gradient of its input; the
    weights have none. A ReLU writes over its input. What an engine adds of its own is not counted.

    Parameters
    ----------
    network : Network
    names : iterable of str
    size : (int, int)
        Height and width of the picture: small ones lose more at their edges.

    Returns
    -------
    Cost
    """
    found, kernels, pixels = shapes(network, size, "avg"), convolutions(network), size[0] * size[1]
    flop = memory = 0
    for layer in needed(network, names):
        channels, height, width = found[layer.name]
        if layer.kind == "convolution":
            flop += 2 * 2 * math.prod(kernels[layer.name]) * height * width
        if layer.kind != "relu":
            memory += 4 * channels * height * width
    return Cost(flop / pixels, memory / pixels)


def scaled_after_pooling(network: Network, arrays: dict[str, Array], scale: float) -> dict[str, Array]:
    """The weights with what pooling layers give multiplied by `scale`: folded into the convolutions behind them."""
    pools = {layer.name for layer in network.layers if layer.kind == "pool"}
    behind = {f"{layer.name}_weight" for layer in network.layers if pools.intersection(layer.inputs)}
    return {name: scale * array if name in behind else array for name, array in arrays.items()}


def check_layers(network: Network, names: Iterable[str], arrays: Collection[str], option: str) -> None:
    """Raise an `InputError` that names the option if the network has not all of these layers with these arrays."""
    known = available(network, arrays)
    for name in names:
        if name not in known:
            raise InputError(f"{option}: there is no layer '{name}'; choose from {', '.join(known)}.")
