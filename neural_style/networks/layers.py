"""A network as rows, and what follows from the rows alone: shapes, receptive fields, the weights it needs."""

from typing import NamedTuple, Optional

from ..errors import InputError

DATA = "data"  # the picture, as an input of the first layer
CHANNELS = 3  # of the picture


class Layer(NamedTuple):
    """One layer: an output that can be named."""

    name: str
    kind: str  # convolution, relu, pool, concat (of channels) or global_pool
    inputs: tuple  # names of the layers below
    channels: int = 0  # of a convolution's output
    kernel: int = 1  # pixels at each edge; the stride and the padding likewise
    stride: int = 1
    pad: int = 0
    groups: int = 1  # of a convolution: its channels fall into so many that do not see each other
    relu: bool = False  # of a convolution: the output is taken behind its ReLU
    ceil: bool = False  # of maximum pooling: windows may reach beyond the edge, so the size is rounded up


class Defaults(NamedTuple):
    """Values for the options of a run that were left to the network."""

    content_layers: dict  # layer -> weight
    style_layers: dict
    pooling: str = "avg"
    init: str = "content"
    border: int = 0


class Network(NamedTuple):
    """All that is known of a network without its weights."""

    name: str  # what `--model` calls it
    title: str
    layers: tuple  # of Layer, each after its inputs
    defaults: Defaults
    offline_defaults: Optional[Defaults] = None  # with the weights learned offline
    optional: frozenset = frozenset()  # convolutions that a file of weights may lack, being above all default layers

    def defaults_for(self, offline):
        """The defaults with trained weights, or with those learned offline."""
        return self.offline_defaults if offline and self.offline_defaults else self.defaults


class Field(NamedTuple):
    """What a value of a layer sees of the picture."""

    size: int  # pixels at each edge
    stride: int  # pixels from one value to the next


def convolutions(network):
    """Shape (out, in per group, kernel, kernel) of the weight of each convolution, by name, in network order."""
    widths, found = {DATA: CHANNELS}, {}
    for layer in network.layers:
        below = [widths[name] for name in layer.inputs]
        widths[layer.name] = layer.channels if layer.kind == "convolution" else sum(below)
        if layer.kind == "convolution":
            found[layer.name] = (layer.channels, below[0] // layer.groups, layer.kernel, layer.kernel)
    return found


def available(network, names):
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


def needed(network, names):
    """The rows of the layers of these names and of all that they rest on, in network order."""
    wanted = set(names)
    for layer in reversed(network.layers):
        if layer.name in wanted:
            wanted.update(layer.inputs)
    return [layer for layer in network.layers if layer.name in wanted]


def shapes(network, size, pooling="max"):
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
    """
    found = {DATA: (CHANNELS, *size)}
    for layer in network.layers:
        below = [found[name] for name in layer.inputs]
        edges = below[0][1:]
        if min(edges) < 1:
            outer = (0, 0)
        elif layer.kind == "global_pool":
            outer = (1, 1)
        else:
            outer = tuple(_length(edge, layer, pooling) for edge in edges)
        channels = layer.channels if layer.kind == "convolution" else sum(shape[0] for shape in below)
        found[layer.name] = (channels, *outer)
    del found[DATA]
    return found


def _length(edge, layer, pooling):
    room = edge + 2 * layer.pad - layer.kernel
    return 1 + (-(-room // layer.stride) if layer.ceil and pooling == "max" else room // layer.stride)


def fields(network):
    """The receptive `Field` of every layer, by name; of a global pooling that of the layer below it."""
    found = {DATA: Field(1, 1)}
    for layer in network.layers:
        size, stride = max(found[name] for name in layer.inputs)
        found[layer.name] = Field(size + (layer.kernel - 1) * stride, stride * layer.stride)
    del found[DATA]
    return found


def scaled_after_pooling(network, arrays, scale):
    """The weights with what pooling layers give multiplied by `scale`: folded into the convolutions behind them."""
    pools = {layer.name for layer in network.layers if layer.kind == "pool"}
    behind = {f"{layer.name}_weight" for layer in network.layers if pools.intersection(layer.inputs)}
    return {name: scale * array if name in behind else array for name, array in arrays.items()}


def check_layers(network, names, arrays, option):
    """Raise an `InputError` that names the option if the network has not all of these layers with these arrays."""
    known = available(network, arrays)
    for name in names:
        if name not in known:
            raise InputError(f"{option}: there is no layer '{name}'; choose from {', '.join(known)}.")
