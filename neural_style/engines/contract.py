"""What an engine offers: the protocols and the values that pass between painting and whoever computes the network.

A picture is float32, (1, 3, H, W), in network range. What crosses this border in an epoch is the picture, its gradient,
and small arrays: of each style layer the moments of its C channels, of each content layer one number. Only where a loss
asks for them, whole feature maps cross it, too.

*The engine's arrays* are those of its namespace in the sense of the Python array API: NumPy's for MXNet, tensors on the
device for PyTorch. `Engine.array` and `Engine.numpy` lead there and back. Whoever receives an array may keep it, and
must not write to it; an engine never changes an array that it has handed out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, NamedTuple, Optional, Protocol, Union, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..files import Scratch
from ..networks.layers import Network
from ..networks.strips import Strip

Array = Any  # of the engine's namespace
Numpy = NDArray[np.float32]
# one for each region: (H, W) in 0..1; or of each layer at its own positions, (h, w); None: the whole picture
Masks = Sequence[Union[Numpy, Mapping[str, Numpy], None]]
NOTHING: Mapping[str, Array] = MappingProxyType({})


class Moments(NamedTuple):
    """Moments of a layer's C channels over the N positions of a region; or a loss's gradients with respect to them."""

    second: Array  # (C, C) float32: the Gram matrix per position, F F^T / N
    mean: Array  # (C,) float32: F 1 / N; None where the style loss does not ask for it


class Targets(NamedTuple):
    """What a picture is compared with. Every array is the engine's."""

    content: dict[str, Array]  # content layer -> feature map (1, C, H, W) float32
    style: dict[str, list[Moments]]  # style layer -> moments, one for each region


class Statistics(NamedTuple):
    """What the losses need of a picture; or the gradients of a loss with respect to these."""

    content: dict[str, float]  # content layer -> sum (F - P)^2 over the feature map
    style: dict[str, list[Moments]]  # style layer -> moments, one for each region
    maps: Mapping[str, Array] = NOTHING  # layer of which the map is asked for -> feature map (1, C, H, W) float32


# a layer that is looked at, its rows `strip.wanted` as they were computed (None: forgotten), and their gradient by what
# lies above (None: nothing does) -> their whole gradient: that array, added to in place, or where there is none a new
# one, the callee's no more; or None
Heads = Callable[[str, Optional[Array], Optional[Array]], Optional[Array]]
Pull = Callable[[Heads], Array]


class Evaluator(Protocol):
    """A network at one size of picture, with the photograph's feature maps in place: forward and backward.

    Whole pictures, strips and a cluster differ behind this protocol and nowhere else.
    """

    size: tuple[int, int]  # height and width of the picture
    # style layer -> N of each region: the sum of its mask's squares; layer of which the map is asked for -> [H W]
    positions: dict[str, list[float]]

    def forward(self, image: Array) -> Statistics:
        """Statistics of a picture, (1, 3, H, W) float32, an array of the engine."""

    def backward(self, gradients: Statistics) -> Array:
        """Gradient of the picture that `forward` was last given, from the gradients of its statistics.

        Parameters
        ----------
        gradients : Statistics
            As `forward` gave them. The gradient of a second moment need not be symmetric; that of a mean may be None.

        Returns
        -------
        Array, shape (1, 3, H, W), float32
        """

    def aim(self, image: Array, phase: tuple[int, int] = (0, 0)) -> dict[str, Array]:
        """Compare with another photograph of this size from now on, or see it and the picture in another phase.

        Parameters
        ----------
        image : Array, shape (1, 3, H, W), float32
        phase : (int, int)
            Rows and columns by which both lie further down and to the right before the network, within their border:
            at most that.

        Returns
        -------
        dict of str to Array
            Content layer -> its feature map, as `Encoder.extract` gives it.
        """


class Encoder(Protocol):
    """A network with weights on a device, without a size yet."""

    def extract(
        self, image: Array, content_layers: Iterable[str], style_layers: Iterable[str], masks: Masks = (None,),
        phase: tuple[int, int] = (0, 0),
    ) -> Targets:
        """Feature maps and moments of a picture, to be the targets of another.

        Parameters
        ----------
        image : Array, shape (1, 3, H, W), float32
        content_layers, style_layers : iterable of str
        masks : sequence
            One region each: a NumPy array (H, W) in 0..1, or None for the whole picture; or layer -> an array of the
            layer's own height and width. A position counts by the square of its mask (guided Gram matrices, Gatys et
            al., arXiv 1611.07865, section 4).
        phase : (int, int)
            As `Evaluator.aim`; masks stay where they are.
        """

    def evaluator(
        self,
        size: tuple[int, int],
        content: dict[str, Array],
        style_layers: Iterable[str],
        masks: Masks = (None,),
        content_mask: Optional[Mapping[str, Numpy]] = None,
        map_layers: Iterable[str] = (),
    ) -> Evaluator:
        """The network at one size.

        Parameters
        ----------
        size : (int, int)
            Height and width.
        content : dict
            Content layer -> the photograph's feature map at this size, as `extract` gives it.
        style_layers : iterable of str
        masks : sequence
            Regions of the picture, as in `extract`.
        content_mask : mapping, optional
            Content layer -> (h, w) in 0..1, by which the difference from the photograph's feature map is multiplied.
        map_layers : iterable of str
            Layers whose feature maps `forward` gives whole, and whose gradients `backward` takes; none of
            `style_layers` is among them.
        """


class Kept(Protocol):
    """A strip that was computed, and what its way back asks for, in little memory."""

    def wanted(self) -> dict[str, Array]:
        """Layer -> its rows `strip.wanted`, (1, C, h, W), of those that were not forgotten; they stay as they are."""

    def forget(self, name: str) -> None:
        """Let go of the map of a layer that is not looked at any more."""

    def backward(self, heads: Heads) -> Array:
        """The way back, as `Strips.strip` gives it. To be called once."""


@runtime_checkable
class Strips(Encoder, Protocol):
    """An encoder that can also compute parts of a picture: what `engines.streamed` asks for."""

    network: Network
    pooling: str  # "avg" or "max"
    border: int  # of whole pictures; a strip's source has it already
    means: bool

    def strip(self, strip: Strip, source: Array, backward: bool = False) -> tuple[dict[str, Array], Optional[Pull]]:
        """Some rows of a stage.

        Parameters
        ----------
        strip : networks.strips.Strip
        source : Array, shape (1, C, H, W)
            The rows `strip.source` of the stage's input: of the picture, or of what `empty` gave. It stays as it is.
        backward : bool
            Whether the way back will be asked for.

        Returns
        -------
        dict of str to Array
            Layer -> its rows `strip.wanted`, (1, C, h, W), as they were computed; they stay as they are.
        callable or None
            The way back: from the gradients that its argument adds to the gradient of the source. To be called once.
        """

    def sums(self, features: Array, mask: Optional[Array]) -> Moments:
        """Sums in the place of moments, of rows (1, C, h, W) as `strip` gives them, and a mask (h, W) or none."""

    def sums_back(
        self, features: Array, mask: Optional[Array], gradient: Moments, total: Optional[Array] = None
    ) -> Array:
        """The gradient of the rows that `sums` is given, from that of what it gives.

        It is added to `total` in place, if there is one; else it is the caller's own.
        """

    def difference(self, features: Array, target: Array) -> Array:
        """Of rows as `strip` gives them from others, float32; the caller's own."""

    def kept(self, strip: Strip, source: Array) -> Kept:
        """As `strip` with its way back, which may wait long: it is held in as few bits as it takes."""

    def guard(self) -> AbstractContextManager[None]:
        """Where the engine's arrays are computed with: what its library raises there becomes an `EngineError`."""

    def empty(self, shape: tuple[int, ...], exact: bool = False, scratch: Optional[Scratch] = None) -> Array:
        """An array to be written to: in the precision of the convolutions, as stages hand on, or `exact`: float32.

        On the processor it lies on the disk of `scratch` if there is one.
        """

    def array(self, values: Numpy) -> Array:
        """As `Engine.array`."""


class Engine(Protocol):
    """A library on a device, in one precision. What its library raises, its methods raise as an `EngineError`."""

    name: str  # "mxnet", "torch"
    version: str  # of its library
    device: str  # "cpu", "gpu 0"
    precision: str  # of the convolutions: "float32", "bfloat16", "float16"

    def array(self, values: Numpy) -> Array:
        """A float32 NumPy array as one of the engine's."""

    def numpy(self, array: Array) -> Numpy:
        """One of the engine's arrays as a NumPy array."""

    def encoder(
        self, network: Network, arrays: dict[str, Numpy], *, pooling: str = "avg", border: int = 0, means: bool = False
    ) -> Encoder:
        """A network with its weights.

        Parameters
        ----------
        network : networks.layers.Network
        arrays : dict of str to ndarray
            `<convolution>_weight` and `<convolution>_bias`, float32. Convolutions may be missing above the layers that
            will be asked for.
        pooling : {"avg", "max"}
        border : int
            Pixels by which every picture is continued, mirrored, beyond its edges before the first layer: a network
            that pads with zeros, or not at all, paints frames of wrong colours.
        means : bool
            Whether moments include the channels' means.
        """

    def convolved(self, features: Array, weight: Numpy, bias: Numpy) -> Array:
        """relu(weight * features + bias), zero padded to the same size, in float32: (1, C, H, W) -> (1, K, H, W)."""

    def pooled(self, features: Array) -> Array:
        """Averages over 2 x 2: (1, C, H, W) -> (1, C, H // 2, W // 2), float32."""

    def filtered(
        self, features: Array, weight: Array, bias: Optional[Array], stride: int = 1, groups: int = 1,
        transposed: bool = False,
    ) -> Array:
        """A convolution without padding, or a transposed one without cropping.

        All arrays are float32; an engine may multiply in its precision.

        Parameters
        ----------
        features : Array, shape (H, W, C)
            It stays as it is.
        weight : Array
            (K, C / groups, kernel, kernel), transposed (C, K, kernel, kernel).
        bias : Array, shape (K,), or None

        Returns
        -------
        Array, shape (h, w, K)
            The caller's own, to be written to.
        """
