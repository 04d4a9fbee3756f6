"""A run says what computes it, a resumed one keeps to it, and another engine may go on."""

import json

import nstyle
from neural_style.engines import door
from neural_style.runs import options as runs_options
from neural_style.runs import resume, state


def completed(options, *more):
    return runs_options.complete(nstyle.get_args([*options, *more]))


def test_a_run_says_first_what_computes_it_and_why(paint, folder, capsys):
    assert paint() == 0
    first = capsys.readouterr().err.splitlines()[0]
    engine = json.loads((folder / "out" / "run.json").read_text())["engine"]
    assert first == f"On cpu with {engine['name']}, {engine['precision']}: {engine['chosen']}."
    settings = json.loads((folder / "out" / "run.json").read_text())["settings"]
    assert (settings["engine"], settings["precision"]) == (engine["name"], engine["precision"])


def test_a_resumed_run_keeps_its_engine_and_its_precision(paint, folder, options, monkeypatch):
    name = door.installed()[0]
    assert paint("--engine", name, "--precision", "float32") == 0
    monkeypatch.setattr(door, "installed", lambda: ("mxnet", "torch"))
    kept = resume.with_its_machine(completed(options, "--resume"))
    assert (kept.engine, kept.precision) == (name, "float32")
    anew = resume.with_its_machine(completed(options))
    assert (anew.engine, anew.precision) == ("auto", "auto")
    asked = resume.with_its_machine(completed(options, "--resume", "--engine", "torch", "--precision", "bfloat16"))
    assert (asked.engine, asked.precision) == ("torch", "bfloat16")
    monkeypatch.setattr(door, "installed", lambda: ())
    assert resume.with_its_machine(completed(options, "--resume")).engine == "auto"


def test_another_engine_goes_on_with_a_state_and_says_that_bytes_may_differ(paint, folder, capsys):
    assert paint() == 0
    saved, _ = state.load(folder / "out")
    state.save(folder / "out", saved._replace(settings={**saved.settings, "engine": "another"}))
    capsys.readouterr()
    assert paint("--resume", "--max-num-epochs", 5) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "written with another" in line]
    assert len(lines) == 1 and "bytes may differ" in lines[0]
    assert len((folder / "out" / "losses.csv").read_text().splitlines()) == 1 + 5


def test_an_engine_that_is_not_installed_is_one_line_and_status_2(paint, capsys, monkeypatch):
    monkeypatch.setattr(door, "installed", lambda: ("mxnet",))
    assert paint("--engine", "torch") == 2
    assert capsys.readouterr().err == (
        "nstyle: error: --engine torch: it is not installed; pip install -r requirements-torch.txt.\n"
    )
