"""docs/notebook.ipynb runs from its first cell to its last, and what it shows is small and of nobody's machine."""

import json

import pytest
from conftest import ROOT

from neural_style.weights import store

TEXT = (ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8")
CODE = [cell for cell in json.loads(TEXT)["cells"] if cell["cell_type"] == "code"]


def test_what_is_committed_is_small_and_shows_its_pictures():
    assert len(TEXT) < 400_000 and str(ROOT) not in TEXT and "/tmp/" not in TEXT and "WARNING" not in TEXT
    assert sum("image/jpeg" in output.get("data", {}) for cell in CODE for output in cell["outputs"]) == 5
    assert all(cell["outputs"] for cell in CODE)
    assert not [output for cell in CODE for output in cell["outputs"] if output["output_type"] == "error"]


def test_it_runs(tmp_path, squeezenet_arrays, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    (tmp_path / "model").mkdir()
    store.save(tmp_path / "model" / "squeezenet.params", squeezenet_arrays)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    quick = {"EDGE, EPOCHS = 180, 60": "EDGE, EPOCHS = 48, 4", "standins.painting()": "standins.photograph()[::-1]"}
    text = TEXT
    for words, others in quick.items():
        assert text.count(words) == 1
        text = text.replace(words, others)
    notebook = nbformat.reads(text, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [[key for output in cell.outputs for key in output.get("data", {})] for cell in notebook.cells
             if cell.cell_type == "code"]  # fmt: skip
    assert sum("image/jpeg" in keys for keys in shown) == 5
    # the last cell is one that watches: the bar and the picture, kept up to date in one place
    assert notebook.cells[-1].outputs[0].data["text/plain"].startswith("finished after epoch 4: 48 x 32")
    assert "data:image/jpeg;base64," in notebook.cells[-1].outputs[0].data["text/html"]
