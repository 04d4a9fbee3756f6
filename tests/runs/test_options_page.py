"""docs/options.md says of every option what is true of it, and shows what it was made with."""

import importlib.util

import pytest
from conftest import ROOT

from neural_style.runs import options
from neural_style.runs.declared import OPTIONS, PRESETS

PAGE = (ROOT / "docs" / "options.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script():
    """docs/make_options.py as a module."""
    spec = importlib.util.spec_from_file_location("make_options", ROOT / "docs" / "make_options.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_and_lines_below_pictures_are_up_to_date(script):
    assert script.updated(PAGE) == PAGE, "python docs/make_options.py --tables"
    assert "| `--max-long-edge` | PIXELS | 600 |" in PAGE and "`fire4:1`" in PAGE


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_every_option_is_explained(option):
    explained = PAGE[: PAGE.index("## All options and their defaults")]
    assert f"`{option.flag}" in explained
    if option.name not in ("model", "preset"):  # which have tables of their own
        assert all(choice in explained for choice in option.choices)


@pytest.mark.parametrize("name", PRESETS)
def test_the_table_of_presets_says_what_they_stand_for(name):
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))
    given = options.parse(row.split("`")[3].split())
    assert {option: getattr(given, option) for option in PRESETS[name].values} == PRESETS[name].values


def test_every_strip_is_there_shown_and_of_options_that_are(script):
    folder = ROOT / "docs" / "options"
    assert {path.stem for path in folder.glob("*.jpg")} == script.STRIPS.keys()
    for name, pictures in script.STRIPS.items():
        assert f"(options/{name}.jpg)" in PAGE
        for _, words in pictures:
            if "--" in words:
                options.complete(options.parse(words.split()))


def test_a_line_below_a_strip_names_what_its_captions_do_not(script):
    assert script.besides("lr") == "*With `--optimizer adam`.*" and script.besides("border") == ""
    assert script.besides("lr-sched-factor") == "*With `--optimizer adam --lr 16 --lr-sched-delay 20`.*"
