"""What documents say is so: examples in docstrings, pages of the interface, links, the citation."""

import doctest
import importlib
import re

import pytest
from conftest import ROOT, made_picture
from PIL import Image

import neural_style
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


def test_the_citation_is_of_this_version_and_of_the_paper():
    yaml = pytest.importorskip("yaml")
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == neural_style.__version__ and cited["cff-version"] == "1.2.0"
    # what the format asks for: https://citation-file-format.github.io, version 1.2.0
    assert {"authors", "cff-version", "message", "title"} <= cited.keys() and cited["type"] == "software"
    for entry in (cited, *cited["references"]):
        assert entry["title"] and all({"name"} == set(a) or "family-names" in a for a in entry["authors"])
    assert "https://arxiv.org/abs/1508.06576" in [reference["url"] for reference in cited["references"]]


def test_every_file_that_a_page_links_to_is_there():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            assert link.startswith("http") or (page.parent / link).exists(), f"{page.name}: {link}"
