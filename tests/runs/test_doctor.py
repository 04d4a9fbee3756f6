"""--doctor: what a report of a fault needs, and advice."""

import pytest

import nstyle
from neural_style import start
from neural_style.engines import choice, door, processor
from neural_style.files import checksum
from neural_style.runs import doctor, limits


@pytest.fixture(autouse=True)
def small(monkeypatch, folder):
    """A speed test of a moment, in a folder without weights."""
    monkeypatch.setattr(choice, "EDGE", 48)
    monkeypatch.setattr(start, "folders", lambda: [""])
    return folder


def told(capfd, *more):
    assert nstyle.main(["--doctor", "--model", "squeezenet", "--gpu", "-1", *more]) == 0
    out = capfd.readouterr().out
    lines = [line.split(None, 1) for line in out.splitlines()]
    return {name: "\n".join(text for other, text in lines if other == name) for name, _ in lines}


def test_it_says_what_a_report_of_a_fault_needs(small, capfd, squeezenet_file):
    (small / "model").mkdir()
    (small / "model" / "squeezenet.params").symlink_to(squeezenet_file)
    lines = told(capfd)
    assert lines.keys() >= {"nstyle", "python", "system", "processor", "memory", "disk", "engine", "GPU", "weights"}
    assert checksum(squeezenet_file) in lines["weights"] and "no weights" not in lines["advice"]
    assert "s for an epoch of 600 x 400" in lines["speed"]


def test_it_says_what_to_do(small, capfd, monkeypatch):
    monkeypatch.setattr(limits, "available_memory", lambda: 640e6)
    monkeypatch.setattr(doctor, "LITTLE_DISK", 1e18)
    advice = told(capfd)["advice"]
    assert "no weights of squeezenet: sh download.sh --model squeezenet" in advice
    assert "memory is short" in advice and "--max-long-edge" in advice and "--output-dir names another place" in advice
    assert "no sample pictures" in advice


def test_an_engine_that_is_missing_is_advice_and_no_error(small, capfd, monkeypatch):
    monkeypatch.setattr(door, "installed", lambda: ())
    lines = told(capfd)
    assert "pip install" in lines["engine"] and "--engine: none is installed" in lines["advice"]
    assert lines["speed"] == "no engine can be used"


def test_a_gpu_whose_engine_fails_is_told(capfd, monkeypatch):
    def fails(name):
        raise OSError("its driver is broken")

    monkeypatch.setattr(processor, "may_have_gpu", lambda: True)
    monkeypatch.setattr(door, "installed", lambda: ("torch",))
    monkeypatch.setattr(door, "devices_of", fails)
    assert doctor._gpus() == ["with torch: its driver is broken"]
