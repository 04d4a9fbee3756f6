"""A run does not depend on who listens: terminals that are gone, callbacks that leave, listeners that join."""

import asyncio
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

import nstyle
from neural_style.runs import paint as runs_paint
from neural_style.runs import state
from neural_style.runs.listeners import Listener

RUN = ["--max-num-epochs", "4", "--save-epochs", "2", "--stop-eps", "0", "--pyramid-levels", "1"]
LONG = ["--max-num-epochs", "100000", "--save-epochs", "2", "--stop-eps", "0"]


def record(folder="out"):
    return json.loads((Path(folder) / "run.json").read_text())


def command(options, *more):
    return [sys.executable, str(ROOT / "nstyle.py"), *options, *more]


class Gone:
    """A stream whose reader has left, after some words."""

    encoding = "utf-8"

    def __init__(self, words=0, error=None):
        self._words, self._error = words, error or BrokenPipeError(errno.EPIPE, "Broken pipe")

    def write(self, text):
        if self._words == 0:
            raise self._error
        self._words -= 1

    def flush(self):
        self.write("")

    def isatty(self):
        return False


# terminals


@pytest.mark.parametrize("words", [0, 1, 5, 8])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), BrokenPipeError(), ValueError("closed file")])
def test_a_stream_that_cannot_be_written_ends_no_run(paint, monkeypatch, error, words):
    for name in ("stderr", "stdout"):
        monkeypatch.setattr(sys, name, Gone(words, error))
    assert paint(*RUN) == 0
    assert record()["status"] == "finished" and state.load(Path("out"))[0].event.epoch == 4
    assert paint(*RUN, "--style-weight", 1e300, "--output-dir", "other") == 1
    assert record("other")["status"] == "diverged"
    assert paint("--seed", "nothing") == 2


def test_a_terminal_that_is_gone_ends_no_run_with_a_bar(paint, monkeypatch):
    stream = Gone(3, OSError(errno.EIO, "gone"))
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", stream)
    assert paint(*RUN) == 0 and record()["status"] == "finished"


def test_without_streams_nothing_is_said_and_the_path_stays_alone(paint, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    assert paint(*RUN) == 0
    assert capsys.readouterr().out == f"{Path('out/final.jpg')}\n"
    monkeypatch.setattr(sys, "stdout", None)
    assert paint(*RUN, "--output-dir", "other") == 0 and record("other")["status"] == "finished"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("redirection", [
    "2>/dev/full", "2>&1 | true", ">/dev/full", ">&- 2>&-",
])  # fmt: skip
def test_in_a_shell_the_exit_status_stays_that_of_the_run(tmp_path, options, redirection):
    line = " ".join(command(options, *RUN)) + f" {redirection.partition('|')[0]}; echo $? > status"
    rest = redirection.partition("|")[2]
    script = f"({line}) | {rest}" if rest else line
    result = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    deadline = time.monotonic() + 60
    while not (tmp_path / "status").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (tmp_path / "status").read_text() == "0\n"
    assert record(tmp_path / "out")["status"] == "finished"
    assert "Traceback" not in result.stderr and "Exception" not in result.stderr


def test_a_reader_that_is_gone_ends_no_batch(paint, pictures, tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "photos" / name).write_bytes((pictures / "photo.png").read_bytes())
    for name in ("stderr", "stdout"):
        monkeypatch.setattr(sys, name, Gone(1))
    assert paint(*RUN, "--content-image", "photos") == 0
    assert all(record(f"out/{name}")["status"] == "finished" for name in "ab")


def test_a_hung_up_terminal_saves_the_run_unless_it_was_to_be_ignored(tmp_path, options):
    processes = {}
    for name, ignored in (("heard", False), ("nohup", True)):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        processes[name] = subprocess.Popen(
            command(options, *LONG, "--output-dir", name), cwd=tmp_path, stderr=subprocess.PIPE, text=True
        )
        signal.signal(signal.SIGHUP, before)
    for name, process in processes.items():
        while not (tmp_path / name / "e_2.jpg").exists() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGHUP)
    _, said = processes["heard"].communicate(timeout=60)
    assert processes["heard"].returncode == 129 and "Traceback" not in said
    assert record(tmp_path / "heard")["status"] == "interrupted"
    assert state.load(tmp_path / "heard")[0].event.epoch >= 2
    assert processes["nohup"].poll() is None
    processes["nohup"].send_signal(signal.SIGTERM)
    processes["nohup"].communicate(timeout=60)
    assert processes["nohup"].returncode == 143


# callbacks


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), KeyboardInterrupt(), asyncio.CancelledError()])
def test_whatever_interrupts_a_run_leaves_it_saved(folder, options, error):
    def leave(data):
        if data["epoch"] == 3:
            raise error

    with pytest.raises(type(error)):
        nstyle.train_nstyle(nstyle.get_args([*options, *RUN]), leave)
    assert record()["status"] == "interrupted" and record()["final"]
    assert state.load(Path("out"))[0].event.epoch == 3


def test_an_error_of_the_callback_is_told_in_one_line(folder, options):
    def fail(data):
        raise ValueError("Traceback (most recent call last):\n  File x\nMXNetError: what it was\n")

    with pytest.raises(ValueError, match="what it was"):
        nstyle.train_nstyle(nstyle.get_args([*options, *RUN]), fail)
    assert (record()["status"], record()["reason"]) == ("failed", "MXNetError: what it was")


def test_a_callback_cannot_change_the_run(folder, options):
    def spoil(data):
        if "img" in data:
            data["img"][:] = 0

    args = [*options, *RUN, "--save-epochs", "1"]
    assert nstyle.train_nstyle(nstyle.get_args([*args, "--output-dir", "alone"])) == "finished"
    assert nstyle.train_nstyle(nstyle.get_args([*args, "--output-dir", "spoilt"]), spoil) == "finished"
    for name in ("e_2.jpg", "e_4.jpg", "final.jpg"):
        assert Path("alone", name).read_bytes() == Path("spoilt", name).read_bytes()


# listeners


def test_a_listener_joins_by_one_line(paint, monkeypatch):
    told = []

    class Told(Listener):
        def begin(self):
            told.append(self.context.run.size)

        def epoch(self, event, saves):
            told.append((event.epoch, saves))

        def end(self, event, status):
            told.append((event.epoch, str(status)))

    monkeypatch.setattr(runs_paint, "LISTENERS", (*runs_paint.LISTENERS, Told))
    assert paint(*RUN) == 0
    assert told == [(48, 64), (1, False), (2, True), (3, False), (4, True), (4, "finished")]


def test_a_file_of_a_listener_is_not_written_over_what_is_there(paint, monkeypatch):
    class Writer(Listener):
        def writes(self, name):
            return name == "mine.txt"

    monkeypatch.setattr(runs_paint, "LISTENERS", (*runs_paint.LISTENERS, Writer))
    Path("out").mkdir()
    Path("out/mine.txt").write_text("mine")
    assert paint(*RUN) == 2 and os.listdir("out") == ["mine.txt"]


def test_a_bar_goes_on_where_the_run_does(paint, folder, options, monkeypatch):
    class Terminal(Gone):
        def __init__(self):
            self.said = ""

        def write(self, text):
            self.said += text

        def isatty(self):
            return True

    assert paint(*RUN) == 0
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert paint(*RUN, "--max-num-epochs", "8", "--resume") == 0
    assert "4/8" in sys.stderr.said and "8/8" in sys.stderr.said and "1/8" not in sys.stderr.said
