"""The README keeps its word: every command of nstyle in it is run, every file and option it names is there."""

import re
import shlex

import numpy as np
import pytest
from conftest import ROOT, made_picture
from PIL import Image

import nstyle
from neural_style.judge import command as judge
from neural_style.report.command import main
from neural_style.runs import options
from neural_style.weights import store

README = (ROOT / "README.md").read_text(encoding="utf-8")
SMALL = ["--max-num-epochs", "2", "--save-epochs", "1", "--max-long-edge", "48"]


def commands(program):
    """The words behind `program` in each line of the README's code that calls it."""
    lines = [
        line.split("#")[0].strip().removeprefix(".venv/bin/")
        for line in README.splitlines()
        if line.startswith(" " * 4)
    ]
    return [shlex.split(line)[len(program.split()) :] for line in lines if line.startswith(program)]


@pytest.fixture
def installed(folder, vgg19_arrays, squeezenet_arrays):
    """A folder in which the networks and the stand-ins are installed, small."""
    for name in ("model", "input"):
        (folder / name).mkdir()
    store.save(folder / "model" / "vgg19.params", vgg19_arrays)
    store.save(folder / "model" / "squeezenet.params", squeezenet_arrays)
    for seed, name in enumerate(("standin_photograph", "standin_painting")):
        Image.fromarray(made_picture(48, 64, seed)).save(folder / "input" / f"{name}.jpg")
    return folder


@pytest.mark.parametrize("arguments", commands("python nstyle.py"), ids=" ".join)
def test_every_command_of_the_readme_paints(installed, arguments):
    assert nstyle.main([*arguments, *SMALL]) == 0
    assert (installed / "output" / "final.jpg").is_file() and (installed / "output" / "index.html").is_file()


def test_the_report_and_judge_commands_of_the_readme_work(installed):
    for number, name in enumerate(("output", "output_a", "output_b")):
        assert (
            nstyle.main(["--gpu", "-1", "--model", "squeezenet", "--seed", str(number), "--output-dir", name, *SMALL])
            == 0
        )
    for arguments in commands("python -m neural_style.report"):
        assert main(arguments) == 0
    assert (installed / "comparison.html").is_file() and (installed / "gallery.html").is_file()
    for arguments in commands("python -m neural_style.judge"):
        assert judge.main(arguments) == 0


def test_the_python_of_the_readme_runs(installed, capsys):
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        exec(code, {})
    epochs, totals = zip(*(line.split() for line in capsys.readouterr().out.splitlines()))
    assert epochs == ("1", "2") and np.isfinite([float(total) for total in totals]).all()
    assert (installed / "painted.png").is_file()


def test_every_option_and_file_that_the_readme_names_exists():
    known = {text for action in options.parser()._actions for text in action.option_strings}
    others = {"--mirror", "--offline", "--from", "--gallery", "--output_dir"}
    assert set(re.findall(r"`(--[a-z_-]+)", README)) | set(re.findall(r" (--[a-z_-]+)", README)) <= known | others
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert link.startswith("http") or (ROOT / link).exists(), link
