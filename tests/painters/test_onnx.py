"""A painter as an ONNX model paints what the painter paints."""

import numpy as np
import plain_generator as plain
import pytest
from conftest import made_picture

onnx = pytest.importorskip("onnx", reason="export needs onnx")
runtime = pytest.importorskip("onnxruntime", reason="runs what was exported")

from neural_style.engines import door  # noqa: E402
from neural_style.painters import command, forward, painter  # noqa: E402
from neural_style.painters import onnx as export  # noqa: E402
from neural_style.painters.generators import GENERATORS, OWN  # noqa: E402
from neural_style.painters.painter import Painter, Part  # noqa: E402
from neural_style.painters.rows import NOISE, shapes, sizes  # noqa: E402


def noise(size):
    return forward.noise(sizes(OWN, size)[NOISE]).transpose(2, 0, 1)[None]


@pytest.mark.parametrize("name", GENERATORS)
def test_the_model_paints_what_the_painter_does(tmp_path, name):
    generator = plain.narrow(GENERATORS[name])
    made = Painter((Part(generator, plain.random_arrays(shapes(generator))),), {"painting": "x"}, tmp_path / "p")
    session = runtime.InferenceSession(export.exported(made), providers=["CPUExecutionProvider"])
    engine = door.opened(-1, "float32", quick=True).engine
    for size in ((32, 40), (16, 16)):  # the same model at any size
        photograph = made_picture(*size, 3) / np.float32(255)
        given = {"picture": photograph.transpose(2, 0, 1)[None].astype(np.float32)}
        if generator.noise:
            given["noise"] = noise(size)
        (found,) = session.run(["painted"], given)
        expected = made.on(engine).paint(engine, photograph)
        np.testing.assert_allclose(found[0].transpose(1, 2, 0), expected, atol=1e-4)


def test_the_command_writes_a_model_that_says_what_it_is(tmp_path, capsys):
    arrays = plain.random_arrays(shapes(OWN))
    painter.write(tmp_path / "p.safetensors", [Part(OWN, arrays)], {"painting": "night", "licence": "CC0"})
    assert command.main([str(tmp_path / "p.safetensors"), "--to", "onnx"]) == 0
    assert "a painter after night" in capsys.readouterr().out
    model = onnx.load(tmp_path / "p.onnx")
    facts = {it.key: it.value for it in model.metadata_props}
    assert facts["licence"] == "CC0" and facts["multiple"] == "8" and facts["noise"] == "4"


def test_without_the_package_one_line_names_it(tmp_path, monkeypatch, capsys):
    painter.write(tmp_path / "p.safetensors", [Part(OWN, plain.random_arrays(shapes(OWN)))], {})
    monkeypatch.setattr(export, "onnx", None)
    assert command.main([str(tmp_path / "p.safetensors"), "--to", "onnx"]) == 2
    assert "pip install onnx" in capsys.readouterr().err and not (tmp_path / "p.onnx").exists()
