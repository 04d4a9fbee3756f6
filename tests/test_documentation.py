"""The examples in docstrings are true, and the pages of the interface can be made."""

import doctest
import importlib

import pytest
from conftest import ROOT, made_picture
from PIL import Image

from neural_style.weights import store

WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in [ROOT / "nstyle.py", *sorted((ROOT / "neural_style").rglob("*.py"))]
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_docstrings_are_true(name, folder, squeezenet_arrays):
    for wing in ("model", "input"):
        (folder / wing).mkdir()
    store.save(folder / "model" / "squeezenet.params", squeezenet_arrays)
    for picture, size in (("standin_photograph", (60, 90)), ("standin_painting", (60, 64))):
        Image.fromarray(made_picture(*size, 1)).save(folder / "input" / f"{picture}.jpg")
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert failed == 0 and tried > 0


def test_the_pages_of_the_interface_are_made_of_the_docstrings(tmp_path, monkeypatch, capsys):
    pytest.importorskip("pdoc")
    from docs import make_api

    names = make_api.modules()
    assert {"nstyle", "neural_style", "neural_style.runs.api", "neural_style.painting.losses"} <= set(names)
    monkeypatch.setattr(make_api, "modules", lambda: ["nstyle", "neural_style.runs.api", "neural_style.no_such_wing"])
    assert make_api.main(["--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert "neural_style.no_such_wing is left out: " in said.err and "nstyle.html" in said.out
    assert "Paint a picture, and write no file unless" in (tmp_path / "nstyle.html").read_text(encoding="utf-8")
    assert "relative_change" in (tmp_path / "neural_style" / "runs" / "api.html").read_text(encoding="utf-8")
