"""A painter as an ONNX model, which runs in a browser, on a phone, and wherever ONNX Runtime does.

The model takes `picture`, (1, 3, H, W), RGB in 0..1, and gives `painted` of the same shape; the edges must be a
multiple of `multiple`, which its metadata name. A painter with noise takes `noise` as well, (1, 1, H / 4, W / 4),
normally distributed: the same for a size gives the same pictures.
"""

from typing import Any

import numpy as np

from ..errors import InputError
from .painter import Painter
from .rows import DATA, NOISE, PARTS, Generator, Row

OPSET, IR = 17, 8
LEAKY = 0.25

try:
    import onnx
except ImportError:
    onnx = None


def exported(painter: Painter) -> bytes:
    """The model as bytes.

    Raises
    ------
    InputError
        If the package onnx is missing, or the painter is of a kind that cannot be exported.
    """
    if onnx is None:
        raise InputError("--to onnx: the package onnx is missing: pip install onnx.")
    graph, picture = _Graph(), "picture"
    for generator, arrays in painter.parts:
        if generator.border or any(row.padding == "none" for row in generator.rows):
            raise InputError(f"{painter.path}: its maps shrink on the way, which cannot be exported.")
        graph.arrays = arrays
        picture = _generator(graph, generator, picture)
    graph.add("Clip", [picture, graph.constant(np.float32(0)), graph.constant(np.float32(1))], out="painted")
    noise = max(generator.noise for generator, _ in painter.parts)
    return _model(graph, painter, noise).SerializeToString()


def _model(graph: "_Graph", painter: Painter, noise: int) -> Any:
    kind, helper = onnx.TensorProto.FLOAT, onnx.helper
    inputs = [helper.make_tensor_value_info("picture", kind, [1, 3, "height", "width"])]
    if noise:
        inputs.append(helper.make_tensor_value_info("noise", kind, [1, 1, "noise_height", "noise_width"]))
    outputs = [helper.make_tensor_value_info("painted", kind, [1, 3, "height", "width"])]
    made = helper.make_graph(graph.nodes, "painter", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, producer_name="nstyle", opset_imports=opsets, ir_version=IR)
    multiple = max(generator.multiple for generator, _ in painter.parts)
    facts = {**painter.facts, "multiple": str(multiple), "noise": str(noise)}
    helper.set_model_props(model, dict(sorted(facts.items())))
    onnx.checker.check_model(model)
    return model


class _Graph:
    """Nodes and constants that are added one after the other."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.arrays: dict[str, Any] = {}

    def add(self, kind: str, inputs: list[str], out: str = "", **attributes: Any) -> str:
        """The name of what a node gives."""
        out = out or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(onnx.helper.make_node(kind, inputs, [out], **attributes))
        return out

    def constant(self, value: Any) -> str:
        """The name of a constant."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(np.asarray(value), name))
        return name


def _generator(graph: _Graph, generator: Generator, picture: str) -> str:
    """The picture that a generator makes of one."""
    order = [2, 1, 0] if generator.bgr else [0, 1, 2]

    def planes(values: Any) -> str:
        return graph.constant(np.reshape(np.asarray(values, np.float32), (1, 3, 1, 1)))

    def ordered(name: str) -> str:
        return graph.add("Gather", [name, graph.constant(np.array(order))], axis=1) if generator.bgr else name

    levels = graph.constant(np.float32(generator.levels))
    data = graph.add("Sub", [graph.add("Mul", [ordered(picture), levels]), planes(np.take(generator.mean, order))])
    maps = {DATA: data, NOISE: "noise"}
    for row in generator.rows:
        maps[row.name] = _row(graph, row, maps, generator.epsilon)
    result = graph.add("Mul", [ordered(maps[generator.rows[-1].name]), graph.constant(np.float32(generator.gain))])
    result = graph.add("Add", [result, planes(generator.offset)])
    if not generator.keep:
        return result
    kept = graph.add("Mul", [picture, graph.constant(np.float32(generator.keep))])
    return graph.add("Add", [result, kept])


def _row(graph: _Graph, row: Row, maps: dict[str, str], epsilon: float) -> str:
    inputs = [maps[name] for name in row.inputs]
    below = inputs[0] if len(inputs) == 1 else graph.add("Concat", inputs, axis=1)
    if row.up > 1:
        scales = graph.constant(np.array([1, 1, row.up, row.up], np.float32))
        how = ("linear", "half_pixel") if row.smooth else ("nearest", "asymmetric")
        below = graph.add("Resize", [below, "", scales], mode=how[0], coordinate_transformation_mode=how[1],
                          **({} if row.smooth else {"nearest_mode": "floor"}))  # fmt: skip
    parts = ("weight", "bias") if row.bias else ("weight",)
    weights = [graph.constant(np.asarray(graph.arrays[f"{row.name}_{part}"])) for part in parts]
    if row.transposed:
        behind = row.kernel - row.before - row.stride
        pads = [row.before, row.before, max(0, behind), max(0, behind)]
        more = {"output_padding": [max(0, -behind)] * 2} if behind < 0 else {}
        result = graph.add("ConvTranspose", [below, *weights], strides=[row.stride] * 2, pads=pads, **more)
    else:
        behind = row.kernel - 1 - row.before if row.stride == 1 else row.kernel - row.stride - row.before
        pads = [row.before, row.before, max(0, behind), max(0, behind)]
        if row.padding in ("reflect", "edge"):
            edges = graph.constant(np.array([0, 0, *pads[:2], 0, 0, *pads[2:]]))
            below, pads = graph.add("Pad", [below, edges], mode=row.padding), [0] * 4
        result = graph.add("Conv", [below, *weights], strides=[row.stride] * 2, pads=pads, group=row.groups)
    if row.norm:
        norms = [graph.constant(np.asarray(graph.arrays[f"{row.name}_{part}"])) for part in PARTS[row.norm]]
        kind = {"instance": "InstanceNormalization", "batch": "BatchNormalization"}[row.norm]
        result = graph.add(kind, [result, *norms], epsilon=epsilon)
    if row.activation:
        kind = {"relu": "Relu", "leaky": "LeakyRelu", "tanh": "Tanh"}[row.activation]
        result = graph.add(kind, [result], **({"alpha": LEAKY} if row.activation == "leaky" else {}))
    return graph.add("Add", [result, maps[row.plus]]) if row.plus else result
