"""The generators by name: this suite's own, and those of other programs' files."""

from ..ranges import LEVELS, MEAN_PIXEL
from .rows import DATA, NOISE, Generator, Row

CAFFE_MEAN = (123.68, 116.779, 103.939)
V3, V4 = "mxnet-v3", "mxnet-v4"


def _residual(prefix: str, below: str, channels: int, blocks: int, **more) -> list[Row]:
    """Blocks of two convolutions each, whose result is added to what they were given."""
    rows = []
    for number in range(1, blocks + 1):
        first, second = f"{prefix}{number}_1", f"{prefix}{number}_2"
        rows.append(Row(first, (below,), channels, activation="relu", **more))
        rows.append(Row(second, (first,), channels, plus=below, **more))
        below = second
    return rows


def _own(deep: int = 96, wide: int = 64) -> tuple[Row, ...]:
    """Broad strokes at an eighth of the picture's edges, where they span few values, finer ones at a quarter.

    After Johnson, Alahi & Fei-Fei (arXiv 1603.08155) and, for the normalisation, Ulyanov et al. (arXiv 1607.08022).
    Kernels of even edge where the map is halved and interpolation where it is doubled leave no grid. No map of the
    picture's own size is normalised, so that large pictures need no memory for one; the last row sees the picture, too.
    Noise is what strokes are made of where the picture is flat (Ulyanov et al., arXiv 1603.03417).
    """
    norm = {"activation": "relu", "norm": "instance"}
    twice = {"up": 2, "smooth": True, "padding": "edge"}
    return (
        Row("down1", (DATA,), wide // 2, kernel=6, stride=2, **norm),
        Row("down2", ("down1",), wide, kernel=4, stride=2, **norm),
        Row("down3", ("down2", NOISE), deep, kernel=4, stride=2, **norm),
        *_residual("broad", "down3", deep, 4, norm="instance"),
        Row("up1", ("broad4_2",), wide, plus="down2", **twice, **norm),
        Row("strokes", ("up1", NOISE), wide, **norm),
        *_residual("fine", "strokes", wide, 1, norm="instance"),
        Row("up2", ("fine1_2",), wide // 2, **twice, **norm),
        Row("up3", ("up2",), wide // 4, activation="relu", **twice),
        Row("out", ("up3", DATA), 3, kernel=5, activation="tanh"),
    )


def _fast() -> tuple[Row, ...]:
    norm = {"norm": "instance"}
    return (
        Row("conv1", (DATA,), 32, kernel=9, activation="relu", **norm),
        Row("conv2", ("conv1",), 64, stride=2, activation="relu", **norm),
        Row("conv3", ("conv2",), 128, stride=2, activation="relu", **norm),
        *_residual("res", "conv3", 128, 5, **norm),
        Row("deconv1", ("res5_2",), 64, up=2, activation="relu", **norm),
        Row("deconv2", ("deconv1",), 32, up=2, activation="relu", **norm),
        Row("deconv3", ("deconv2",), 3, kernel=9),
    )


def _example_v3() -> tuple[Row, ...]:
    found = []

    def convolution(name: str, below: str, channels: int, kernel: int = 3, stride: int = 1) -> None:
        found.append(Row(name, (below,), channels, kernel, stride, padding="zero", norm="batch", activation="leaky"))

    def enlarged(name: str, below: str, channels: int, plus: str) -> None:
        # padding 2, and one pixel more that is cropped
        found.append(Row(name, (below,), channels, 7, 2, padding="zero", pad=3, transposed=True, bias=False,
                         norm="batch", activation="leaky", plus=plus))  # fmt: skip

    convolution("conv1", DATA, 64, 5, 2)
    convolution("conv1_1", "conv1", 48)
    convolution("conv2", "conv1_1", 128, 5, 2)
    convolution("conv2_1", "conv2", 96)
    convolution("conv3", "conv2_1", 256, 5, 2)
    convolution("conv3_1", "conv3", 192)
    enlarged("deconv1", "conv3_1", 128, "conv2")
    convolution("conv4_1", "deconv1", 160)
    enlarged("deconv2", "conv4_1", 64, "conv1")
    convolution("conv5_1", "deconv2", 96)
    found.append(Row("deconv3", ("conv5_1",), 3, 8, 2, padding="zero", pad=3, transposed=True, bias=False,
                     norm="batch", activation="tanh"))  # fmt: skip
    return tuple(found)


def _example_v4() -> tuple[Row, ...]:
    found, below = [], DATA
    for number, (channels, kernel) in enumerate(((48, 5), (32, 5), (64, 3), (32, 5), (48, 5), (32, 5), (3, 3)), 1):
        found.append(Row(f"conv{number}", (below,), channels, kernel, padding="zero", norm="batch", bias=number < 6,
                         activation="tanh" if number == 7 else "leaky"))  # fmt: skip
        below = f"conv{number}"
    return tuple(found)


def _example(name: str, rows: tuple[Row, ...], multiple: int) -> Generator:
    """A generator of MXNet's example: 0.4 (128 t + 128) + 0.6 of what it was given, in 256 levels."""
    return Generator(
        name, f"MXNet's example/neural-style/end_to_end, {name[-2:]}", rows, LEVELS, MEAN_PIXEL, 0.2, (0.2,) * 3, 0.6,
        multiple=multiple, epsilon=1e-3,
    )  # fmt: skip


OWN = Generator(
    "eighth", "this suite's own", _own(), 4.0, (2.0,) * 3, 0.55, (0.5,) * 3, multiple=8, noise=4
)
FAST = Generator(
    "pytorch-example", "PyTorch's example fast_neural_style", _fast(), 255.0, (0.0,) * 3, 1 / 255, (0.0,) * 3
)

GENERATORS = {
    generator.name: generator
    for generator in (OWN, FAST, _example(V3, _example_v3(), 8), _example(V4, _example_v4(), 1))
}
