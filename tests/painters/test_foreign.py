"""Painters of other programs, in files of their layouts that an independent writer makes."""

import collections

import foreign
import numpy as np
import plain_generator as plain
import pytest

from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.painters import command, reading
from neural_style.painters.generators import FAST, GENERATORS, V3, V4
from neural_style.painters.rows import shapes
from neural_style.weights import params

PYTORCH = {"conv1": "in1", "conv2": "in2", "conv3": "in3", "deconv1": "in4", "deconv2": "in5"}


def of_mxnet(name, begin=0):
    """The arrays that a training of one of the example's generators saved, its layers numbered from `begin`."""
    generator, count = GENERATORS[name], collections.Counter()
    ours, theirs = plain.random_arrays(shapes(generator), seed=begin), {}
    for row in generator.rows:
        kind = "deconvolution" if row.transposed else "convolution"
        stem, norm = f"{kind}{begin + count[kind]}", f"batchnorm{begin + count['norm']}"
        count.update([kind, "norm"])
        theirs[f"arg:{stem}_weight"] = ours[f"{row.name}_weight"]
        if row.bias:
            theirs[f"arg:{stem}_bias"] = ours[f"{row.name}_bias"]
        theirs.update({f"arg:{norm}_{part}": ours[f"{row.name}_{part}"] for part in ("gamma", "beta")})
        theirs[f"aux:{norm}_moving_mean"] = ours[f"{row.name}_mean"]
        theirs[f"aux:{norm}_moving_var"] = ours[f"{row.name}_variance"]
    return ours, dict(sorted(theirs.items()))  # convolution10 before convolution2


def of_pytorch(old):
    """The state of PyTorch's example; before its release for PyTorch 1.0 with names of its own and statistics."""
    ours, theirs = plain.random_arrays(shapes(FAST)), {}
    for name, array in ours.items():
        row, _, part = name.rpartition("_")
        if row.startswith("res"):
            block, number = row.split("_")
            stem, norm = f"{block}.conv{number}", f"{block}.in{number}"
        else:
            stem, norm = row, PYTORCH.get(row)
        if part in ("weight", "bias"):
            theirs[f"{stem}.conv2d.{part}"] = array
        else:
            names = {"gamma": "scale", "beta": "shift"} if old else {"gamma": "weight", "beta": "bias"}
            theirs[f"{norm}.{names[part]}"] = array
            if old:
                theirs[f"{norm}.running_mean"], theirs[f"{norm}.running_var"] = np.zeros(2, "f4"), np.ones(2, "f4")
    return ours, theirs


def same(part, generator, arrays):
    assert part.generator is generator
    assert all((part.arrays[name] == array).all() for name, array in arrays.items())


@pytest.mark.parametrize("name, begin", [(V3, 0), (V4, 0), (V3, 9)])
def test_one_of_the_examples_generators_is_read(tmp_path, name, begin):
    ours, theirs = of_mxnet(name, begin)
    params.write(tmp_path / "v3_0002-0026000.params", theirs)
    (part,) = reading.read(tmp_path / "v3_0002-0026000.params").parts
    same(part, GENERATORS[name], ours)


def test_a_file_that_mxnet_itself_saves_is_read(tmp_path, mx):
    ours, theirs = of_mxnet(V4)
    mx.nd.save(str(tmp_path / "v4.params"), {name: mx.nd.array(array) for name, array in theirs.items()})
    (part,) = reading.read(tmp_path / "v4.params").parts
    same(part, GENERATORS[V4], ours)


def test_the_four_in_a_row_are_read_from_their_folder(tmp_path):
    made = [of_mxnet(name, number) for number, name in enumerate((V4, V3, V3, V4))]
    for number, (_, theirs) in enumerate(made):
        (tmp_path / str(number)).mkdir()
        params.write(tmp_path / str(number) / "v3_0002-0026000.params", theirs)
    found = reading.read(tmp_path)
    for part, (ours, _), name in zip(found.parts, made, (V4, V3, V3, V4)):
        same(part, GENERATORS[name], ours)
    engine = door.opened(-1, "float32", quick=True).engine
    photograph = np.random.default_rng(0).random((16, 24, 3), np.float32)
    expected = photograph
    for (ours, _), name in zip(made, (V4, V3, V3, V4)):
        expected = plain.painted(GENERATORS[name], ours, expected, None)
    np.testing.assert_allclose(found.on(engine).paint(engine, photograph), np.clip(expected, 0, 1), atol=2e-3)
    params.write(tmp_path / "1" / "v3_0002-0026000.params", made[0][1])
    with pytest.raises(InputError, match="is a mxnet-v4, where the example has a mxnet-v3"):
        reading.read(tmp_path)
    (tmp_path / "2" / "v3_0002-0026000.params").unlink()
    (tmp_path / "1" / "v3_0002-0026000.params").unlink()
    with pytest.raises(InputError, match="there is no 1/"):
        reading.read(tmp_path)


@pytest.mark.parametrize("old", [False, True])
def test_pytorchs_example_is_read(tmp_path, old):
    ours, theirs = of_pytorch(old)
    (tmp_path / "mosaic.pth").write_bytes(foreign.pth(theirs, legacy=old))
    (part,) = reading.read(tmp_path / "mosaic.pth").parts
    same(part, FAST, ours)


def test_what_is_damaged_or_something_else_is_one_line(tmp_path):
    path, (_, theirs) = tmp_path / "p.pth", of_pytorch(False)
    whole = foreign.pth(theirs)
    wrong = {**theirs, "res2.conv1.conv2d.weight": theirs["res2.conv1.conv2d.weight"][:5]}
    missing = {name: array for name, array in theirs.items() if name != "in4.bias"}
    files = {
        "damaged": whole[: len(whole) // 3], "res2_1_weight has shape": foreign.pth(wrong),
        "deconv1_beta is missing": foreign.pth(missing), "no painter of": b"GIF89a", "": b"",
        "no painter of ours": foreign.pth({"x": np.zeros((2, 2, 1), "f4")}),
    }  # fmt: skip
    for said, content in files.items():
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            reading.read(path)
        line = str(caught.value)
        assert said in line and line.startswith(f"--painter {path}") and "\n" not in line


def test_it_becomes_a_painter_of_ours(tmp_path, capsys):
    ours, theirs = of_mxnet(V4)
    params.write(tmp_path / "old.params", theirs)
    assert command.main([str(tmp_path / "old.params"), "--to", "safetensors"]) == 0
    assert "generator mxnet-v4" in capsys.readouterr().out
    (part,) = reading.read(tmp_path / "old.safetensors").parts
    same(part, GENERATORS[V4], ours)
    assert command.main([str(tmp_path / "old.params"), "--to", "safetensors"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "--overwrite replaces it" in line
