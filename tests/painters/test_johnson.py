"""Painters of jcjohnson/fast-neural-style, in `.t7` files of the layout that Torch writes, by an independent writer."""

import numpy as np
import plain_generator as plain
import pytest
from torch7_file import Module, sequence, written

from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.painters import reading

RNG = np.random.default_rng(4)


def array(*shape):
    return (RNG.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def convolution(inputs, outputs, kernel, stride=1, pad=0, full=False):
    weight = array(*((inputs, outputs) if full else (outputs, inputs)), kernel, kernel)
    return Module("nn.SpatialFullConvolution" if full else "nn.SpatialConvolution", nInputPlane=inputs,
                  nOutputPlane=outputs, kW=kernel, kH=kernel, dW=stride, dH=stride, padW=pad, padH=pad, weight=weight,
                  bias=array(outputs), **({"adjW": 1, "adjH": 1} if full else {}))  # fmt: skip


def norm(channels, instance):
    learned = {"weight": 1 + array(channels), "bias": array(channels), "eps": 1e-5}
    if instance:
        return Module("nn.InstanceNormalization", **learned)
    running = {"running_mean": array(channels), "running_var": 1 + RNG.random(channels)}
    return Module("nn.SpatialBatchNormalization", **learned, **running)


RELU, SAME = Module("nn.ReLU", inplace=True), Module("nn.Identity")


def reflect(edge):
    return Module("nn.SpatialReflectionPadding", pad_l=edge, pad_r=edge, pad_t=edge, pad_b=edge)


def checkpoint(instance=True, **opt):
    """With instance normalisation as its later painters, enlarged by repetition; else as those of the paper."""
    wide = 6
    if instance:
        block = [reflect(1), convolution(wide, wide, 3), norm(wide, True), RELU,
                 reflect(1), convolution(wide, wide, 3), norm(wide, True)]  # fmt: skip
        begin = [reflect(4), convolution(3, 4, 9), norm(4, True), RELU, convolution(4, wide, 3, 2, 1)]
        begin.append(norm(wide, True))
        end = [Module("nn.SpatialUpSamplingNearest", scale_factor=2), reflect(1), convolution(wide, 4, 3)]
        end += [norm(4, True), RELU, reflect(4), convolution(4, 3, 9)]
        shortcut = SAME
    else:
        block = [convolution(wide, wide, 3), norm(wide, False), RELU, convolution(wide, wide, 3), norm(wide, False)]
        begin = [reflect(4), convolution(3, 4, 5, 1, 2), norm(4, False), RELU, convolution(4, wide, 3, 2, 1)]
        begin.append(norm(wide, False))
        end = [convolution(wide, 4, 3, 2, 1, full=True), norm(4, False), RELU, convolution(4, 3, 5, 1, 2)]
        shortcut = Module("nn.ShaveImage", size=2)
    residual = sequence(sequence(sequence(*block), shortcut, name="nn.ConcatTable"), Module("nn.CAddTable"))
    tail = [Module("nn.Tanh"), Module("nn.MulConstant", constant_scalar=150), Module("nn.TotalVariation", strength=1)]
    return {"model": sequence(*begin, RELU, residual, *end, *tail), "opt": {"preprocessing": "vgg", **opt}}


def modules(module):
    """Every convolution and normalisation of a model with the arrays that it holds, in order."""
    for child in module.fields.get("modules", {}).values():
        if "weight" in child.fields:
            yield child
        yield from modules(child)


@pytest.mark.parametrize("instance", [True, False])
@pytest.mark.parametrize("storage", ["Float", "Double"])
def test_its_painters_are_read_and_paint(tmp_path, instance, storage):
    made = checkpoint(instance)
    (tmp_path / "candy.t7").write_bytes(written(made, storage))
    found = reading.read(tmp_path / "candy.t7")
    ((generator, arrays),) = found.parts
    weights = [it.fields["weight"] for it in modules(made["model"]) if "kW" in it.fields]
    read = [arrays[f"{row.name}_weight"] for row in generator.rows]
    assert len(weights) == len(read) == 6 and all((a == b).all() for a, b in zip(weights, read))
    engine = door.opened(-1, "float32", quick=True).engine
    photograph = np.random.default_rng(1).random((24, 32, 3), np.float32)
    painted = found.on(engine).paint(engine, photograph)
    expected = plain.painted(generator, arrays, photograph, None)
    top = (expected.shape[0] - 24) // 2
    assert painted.shape == photograph.shape and painted.std() > 0.01
    if top == 0:
        np.testing.assert_allclose(painted, np.clip(expected, 0, 1), atol=1e-4)


def test_what_is_damaged_or_unknown_is_one_line(tmp_path):
    path, whole = tmp_path / "p.t7", written(checkpoint())
    odd = checkpoint()
    odd["model"].fields["modules"][2.0] = Module("nn.Dropout", p=0.5)
    files = {
        "a module nn.Dropout": written(odd), "preprocessing is resnet": written(checkpoint(preprocessing="resnet")),
        "no checkpoint": written({"model": "x"}), "such as a function": written({})[:8] + b"\1\0\0\0\x08\0\0\0",
        "damaged": whole[: len(whole) // 2],
    }  # fmt: skip
    for said, content in files.items():
        path.write_bytes(content)
        with pytest.raises(InputError, match=said) as caught:
            reading.read(path)
        assert "\n" not in str(caught.value)
    for place in np.random.default_rng(0).integers(0, len(whole), 80):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            reading.read(path)
        except InputError as error:
            assert "\n" not in str(error)
