"""A painter of jcjohnson/fast-neural-style: from the modules in its file to rows and arrays."""

from typing import Any

import numpy as np

from .rows import DATA, Generator, Row
from .torch7 import Object

NAME = "fast-neural-style"
MEAN = (123.68, 116.779, 103.939)
NORMS = {"nn.InstanceNormalization": "instance", "nn.SpatialBatchNormalization": "batch"}
ACTIVATIONS = {"nn.ReLU": "relu", "nn.Tanh": "tanh"}
CONVOLUTIONS = ("nn.SpatialConvolution", "nn.SpatialConvolutionMM", "nn.SpatialFullConvolution")


def converted(checkpoint: Any) -> tuple[Generator, dict[str, Any]]:
    """The generator and the arrays of a checkpoint.

    Raises
    ------
    ValueError
        If it is no checkpoint of that program, or has a module that is not known.
    """
    model = checkpoint.get("model") if isinstance(checkpoint, dict) else None
    if not isinstance(model, Object):
        raise ValueError("no checkpoint of fast-neural-style")
    options = checkpoint.get("opt") or {}
    if options.get("preprocessing", "vgg") != "vgg":
        raise ValueError(f"its preprocessing is {options['preprocessing']}, and only vgg's is known")
    made = _Rows()
    made.sequence(model)
    halved = sum(row.stride > 1 and not row.transposed for row in made.rows)
    generator = Generator(
        NAME, "jcjohnson/fast-neural-style", tuple(made.rows), 255.0, MEAN, made.gain / 255,
        tuple(mean / 255 for mean in MEAN), bgr=True, multiple=2**halved, border=made.border, epsilon=made.epsilon,
    )  # fmt: skip
    return generator, made.arrays


class _Rows:
    """Rows and arrays, module by module."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.arrays: dict[str, Any] = {}
        self.border, self.gain, self.epsilon = 0, 1.0, 1e-5
        self._padding = None  # edge and kind, of a padding whose convolution follows
        self._up = 1

    @property
    def below(self) -> str:
        """The last row, or the picture."""
        return self.rows[-1].name if self.rows else DATA

    def sequence(self, module: Object) -> None:
        """The modules of a sequence, one after the other."""
        for child in _children(module):
            self._module(child)

    def _module(self, module: Object) -> None:
        name, fields = module
        if name == "nn.Sequential":
            first = _children(module)[:1]
            self._residual(first[0]) if first and first[0].name == "nn.ConcatTable" else self.sequence(module)
        elif name in ("nn.SpatialReflectionPadding", "nn.SpatialReplicationPadding"):
            if name != "nn.SpatialReflectionPadding":
                raise ValueError("it continues maps by repeating their edges, which is not known here")
            self._padding = int(fields["pad_l"])
        elif name in CONVOLUTIONS:
            self._convolution(name, fields)
        elif name == "nn.SpatialUpSamplingNearest":
            self._up = int(fields["scale_factor"])
        elif name in NORMS:
            self._norm(NORMS[name], fields)
        elif name in ACTIVATIONS:
            self._last(activation=ACTIVATIONS[name])
        elif name == "nn.MulConstant":
            self.gain = float(fields["constant_scalar"])
        elif name not in ("nn.TotalVariation", "nn.Identity"):
            raise ValueError(f"a module {name}, which is not known here")

    def _last(self, **changes: Any) -> None:
        if not self.rows:
            raise ValueError("a module before the first convolution")
        self.rows[-1] = self.rows[-1]._replace(**changes)

    def _residual(self, both: Object) -> None:
        below, (block, _) = self.below, _children(both)
        self.sequence(block)
        self._last(plus=below)

    def _convolution(self, module: str, fields: dict) -> None:
        transposed, kernel, stride = module == "nn.SpatialFullConvolution", int(fields["kW"]), int(fields["dW"])
        own, padding = int(fields["padW"]), "zero" if int(fields["padW"]) else "none"
        if self._padding is not None:
            if not self.rows and self._padding != (kernel - 1) // 2:
                self.border = self._padding
            elif own == 0 and self._padding == (kernel - 1) // 2:
                padding = "reflect"
            else:
                raise ValueError("a padding that is not its convolution's")
        name = f"conv{len(self.rows) + 1}"
        weight = np.asarray(fields["weight"], np.float32)
        inputs, outputs = int(fields["nInputPlane"]), int(fields["nOutputPlane"])
        outer = (inputs, outputs) if transposed else (outputs, inputs)
        self.arrays[f"{name}_weight"] = weight.reshape(*outer, kernel, kernel)
        bias = fields.get("bias")
        if bias is not None:
            self.arrays[f"{name}_bias"] = np.asarray(bias, np.float32)
        row = Row(name, (self.below,), outputs, kernel, stride, self._up, padding=padding, transposed=transposed)
        self.rows.append(row._replace(pad=own if padding == "zero" else None, bias=bias is not None))
        self._padding, self._up = None, 1

    def _norm(self, kind: str, fields: dict) -> None:
        self._last(norm=kind)
        name = self.rows[-1].name
        self.epsilon = float(fields.get("eps", 1e-5))
        parts = {"gamma": "weight", "beta": "bias"}
        if kind == "batch":
            parts.update(mean="running_mean", variance="running_var")
        for part, theirs in parts.items():
            self.arrays[f"{name}_{part}"] = np.asarray(fields[theirs], np.float32)


def _children(module: Object) -> list[Object]:
    found = module.fields.get("modules")
    if not isinstance(found, dict) or not all(isinstance(child, Object) for child in found.values()):
        raise ValueError(f"a {module.name} without modules")
    return [found[number] for number in sorted(found)]
