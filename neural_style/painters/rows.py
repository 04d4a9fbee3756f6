"""A generator as rows: the feed-forward network of a painter, and what follows from its rows alone."""

from collections.abc import Iterator
from typing import NamedTuple, Optional

DATA = "data"  # the picture, as an input of the first row
NOISE = "noise"  # as an input: a map of one channel, normally distributed
CHANNELS = 3


# What of the values before, at and behind a pixel are three neighbours on the grid of half its pitch, around its first
# and its second half: [half][value of the map][neighbour]
HALVES = (
    ((0.75, 0.25, 0.0), (0.25, 0.75, 0.75), (0.0, 0.0, 0.25)),
    ((0.25, 0.0, 0.0), (0.75, 0.75, 0.25), (0.0, 0.25, 0.75)),
)


class Row(NamedTuple):
    """A convolution with all that belongs to it: enlarge, pad, convolve, normalise, activate, add."""

    name: str
    inputs: tuple[str, ...]  # rows below, of one size; their channels one after the other
    channels: int
    kernel: int = 3
    stride: int = 1  # of a transposed convolution: how many times larger it makes the map
    up: int = 1  # the map below is enlarged so many times first
    smooth: bool = False  # enlarged by linear interpolation, else by repetition
    padding: str = "reflect"  # how maps go on beyond their edges: reflect, edge, zero; none: the map becomes smaller
    pad: Optional[int] = None  # pixels of padding before the first; half the kernel by default
    groups: int = 1
    transposed: bool = False  # each value spreads over kernel x kernel values, `stride` apart
    bias: bool = True
    norm: str = ""  # instance: by the mean and the variance of the whole picture's map; batch: by learned ones
    activation: str = ""  # relu, leaky or tanh
    plus: str = ""  # a row whose map is added at the end, its middle where it is larger

    @property
    def halves(self) -> bool:
        """Whether enlarging and convolution are one convolution of the small map, for each quarter of a pixel.

        So they are with linear interpolation and `edge`: what lies beyond is alike before and behind enlarging.
        """
        return (self.up, self.smooth, self.padding, self.kernel, self.groups) == (2, True, "edge", 3, 1) and self.bias

    @property
    def before(self) -> int:
        """Pixels of padding before the first one."""
        return 0 if self.padding == "none" else (self.kernel - 1) // 2 if self.pad is None else self.pad


class Generator(NamedTuple):
    """A feed-forward network without its weights, and the ranges of its pictures.

    A picture p, RGB in 0..1, is given to it as `levels * p - mean`; of what it gives, y, becomes
    `gain * y + offset + keep * p`.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    levels: float
    mean: tuple[float, float, float]  # of red, green and blue
    gain: float
    offset: tuple[float, float, float]
    keep: float = 0.0
    bgr: bool = False  # whether the network sees and gives blue first
    multiple: int = 4  # of pixels, that the edges of a picture are brought to by continuing it, mirrored
    border: int = 0  # pixels by which it is continued besides
    epsilon: float = 1e-5  # that normalisations add to variances
    noise: int = 0  # pixels of the picture for each value of the noise, at each edge; 0: it sees none


Size = tuple[int, int]  # height and width

PARTS = {"instance": ("gamma", "beta"), "batch": ("gamma", "beta", "mean", "variance")}


def length(row: Row, below: int) -> int:
    """An edge of a row's map, from that of the map below it."""
    if row.transposed:
        return below * row.stride
    if row.padding == "none":
        return (below * row.up - row.kernel) // row.stride + 1
    return -(-below * row.up // row.stride)


def extended(generator: Generator, edge: int) -> int:
    """An edge of the picture as the generator sees it."""
    return -(-edge // generator.multiple) * generator.multiple + 2 * generator.border


def sizes(generator: Generator, size: Size) -> dict[str, Size]:
    """Height and width of every row's map, and of the picture as the generator sees it, above a picture of a size."""
    found = {DATA: (extended(generator, size[0]), extended(generator, size[1]))}
    if generator.noise:
        found[NOISE] = found[DATA][0] // generator.noise, found[DATA][1] // generator.noise
    for row in generator.rows:
        height, width = found[row.inputs[0]]
        found[row.name] = length(row, height), length(row, width)
    return found


def widths(generator: Generator) -> dict[str, int]:
    """Channels of every row's map, and of the picture."""
    return {DATA: CHANNELS, NOISE: 1, **{row.name: row.channels for row in generator.rows}}


def shapes(generator: Generator) -> dict[str, tuple[int, ...]]:
    """Shape of every array of a painter with this generator, by name: `<row>_weight`, `_bias`, `_gamma` and so on.

    A weight is (out, in per group, kernel, kernel), of a transposed convolution (in, out, kernel, kernel).
    """
    known, found = widths(generator), {}
    for row in generator.rows:
        below = sum(known[name] for name in row.inputs) // row.groups
        outer = (below, row.channels) if row.transposed else (row.channels, below)
        found[f"{row.name}_weight"] = (*outer, row.kernel, row.kernel)
        parts = (*(("bias",) if row.bias else ()), *PARTS.get(row.norm, ()))
        found.update({f"{row.name}_{part}": (row.channels,) for part in parts})
    return found


def stages(generator: Generator) -> Iterator[tuple[Row, ...]]:
    """The rows in groups that can be computed in strips: each ends where the whole map must be known."""
    start = 0
    for number, row in enumerate(generator.rows, 1):
        if row.norm == "instance" or number == len(generator.rows):
            yield generator.rows[start:number]
            start = number
