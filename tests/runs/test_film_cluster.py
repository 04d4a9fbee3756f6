"""Scenes of a film over workers: the same film, whoever paints it and whoever dies.

The workers are processes of this machine, started once.
"""

import contextlib
import csv
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from clips import pan, write

from neural_style.engines import door, schedulers, tiles
from neural_style.runs import errands
from neural_style.runs.film import scenes

pytest.importorskip("distributed", reason="distributed is not installed")
pytest.importorskip("imageio_ffmpeg", reason="needs ffmpeg: pip install imageio-ffmpeg")
pytestmark = pytest.mark.skipif(not door.installed(), reason="no engine is installed")
ENGINE = "torch" if "torch" in door.installed() else "mxnet"
COMMON = ["--content-image", "film.mp4", "--frame-epochs", "2", "--engine", ENGINE, "--precision", "float32",
          "--image-format", "png"]  # fmt: skip
CUTS = [0, 4, 8]


@pytest.fixture(scope="module", autouse=True)
def threads():
    """One each, here and there: with more the last digits may differ."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        if ENGINE == "torch":  # it may have read that already
            torch = pytest.importorskip("torch")
            before = torch.get_num_threads()
            torch.set_num_threads(1)
        yield
        if ENGINE == "torch":
            torch.set_num_threads(before)


@pytest.fixture(scope="module")
def cluster(threads):
    """Two workers."""
    with schedulers.opened("local:2") as found:
        yield found


@pytest.fixture
def address(cluster):
    return cluster.client.scheduler.address


@pytest.fixture
def film(folder):
    """film.mp4: three scenes of four frames each."""
    write(folder / "film.mp4", [*pan(4), *pan(4, seed=50), *pan(4, across=1, down=2, seed=90)])


def results(folder):
    """What a run has left, but for times and places."""
    files = {path.name: path.read_bytes() for path in Path(folder).iterdir()
             if path.suffix in (".mp4", ".png", ".jpg")}  # fmt: skip
    with (Path(folder) / "frames.csv").open(newline="") as file:
        return files, [{name: value for name, value in row.items() if name != "seconds"}
                       for row in csv.DictReader(file)]  # fmt: skip


def record(folder):
    return json.loads((Path(folder) / "run.json").read_text())


@contextlib.contextmanager
def meanwhile(condition, act):
    """Do something once a condition holds, while the block runs; the block must not end before."""
    done, over = threading.Event(), threading.Event()

    def watch():
        while not over.is_set():
            with contextlib.suppress(OSError, ValueError):
                if condition():
                    act()
                    done.set()
                    return
            time.sleep(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert done.is_set()


def begun(folder, first):
    return len(scenes.load(Path(folder), first)) in (1, 2)


@pytest.mark.parametrize("more", [[], ["--passes", "2", "--temporal-window", "2", "--keep-frames"]])
def test_a_film_over_workers_is_the_film_without_and_a_killed_worker_changes_no_byte(
    paint, film, cluster, address, more, capfd
):
    assert paint(*COMMON, *more) == 0
    assert paint(*COMMON, *more, "--cluster", address, "--output-dir", "there") == 0
    said = capfd.readouterr().err
    assert results("there") == results("out")
    assert record("there")["film"]["scenes"] == [frame + 1 for frame in CUTS]
    assert record("there")["engine"]["cluster"] == {"where": address, "workers": 2, "scenes": 3}
    assert "Looking for cuts in 12 frames on 2 workers" in said and "3 scenes, 0 of them done." in said
    for scene, frames in (("1", "1 to 4"), ("2", "5 to 8"), ("3", "9 to 12")):
        assert f"Scene {scene} of 3: frames {frames} on tcp://" in said and f"Scene {scene} of 3: done after" in said
    assert not [path for path in Path("there").iterdir() if path.suffix == ".stack" or "scene_" in path.name]

    with meanwhile(lambda: begun("killed", 4), lambda: kill_all(cluster)):
        assert paint(*COMMON, *more, "--cluster", address, "--output-dir", "killed") == 0
    assert results("killed") == results("out")
    assert ", going on after " in capfd.readouterr().err


def kill_all(cluster):
    for number in cluster.client.run(os.getpid).values():
        os.kill(number, signal.SIGKILL)


def test_a_film_that_was_stopped_over_workers_goes_on_anywhere(paint, film, address, monkeypatch, capfd):
    more = ["--passes", "2", "--save-epochs", "1"]
    assert paint(*COMMON, *more) == 0

    adopted, real = [], scenes.load

    def interrupted(folder, first):
        rows = real(folder, first)
        if len(rows) == 8:
            adopted.append(first)
        if len(adopted) == 2:
            raise KeyboardInterrupt
        return rows

    for number, onwards in enumerate((["--cluster", address], [])):
        name, adopted[:] = f"stopped-{number}", []
        with monkeypatch.context() as patch:
            patch.setattr(scenes, "load", interrupted)
            assert paint(*COMMON, *more, "--cluster", address, "--output-dir", name) == 130
        assert record(name)["status"] == "interrupted"
        assert record(name)["film"]["painted"] == 8 and Path(name, "final.mp4").is_file()
        assert list(Path(name).glob("scene_*.json"))
        assert paint(*COMMON, *more, *onwards, "--output-dir", name, "--resume") == 0
        assert results(name) == results("out")
    capfd.readouterr()


def test_a_scene_that_was_begun_here_is_finished_there(paint, film, address, options):
    import nstyle

    assert paint(*COMMON) == 0

    def interrupt(data):
        if "img" in data and data["frame"] == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nstyle.train_nstyle(nstyle.get_args([*options, *COMMON, "--output-dir", "there"]), interrupt)
    assert record("there")["film"]["painted"] == 6
    assert paint(*COMMON, "--output-dir", "there", "--cluster", address, "--resume") == 0
    assert results("there") == results("out")


def test_a_worker_that_sees_no_frames_or_is_of_another_version_is_one_line(paint, film, address, capfd, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(errands, "unseen", lambda folder, names: names[0])
        assert paint(*COMMON, "--cluster", address) == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert "does not see" in said and said.endswith("the scenes of a film need a folder that all machines share.")
    monkeypatch.setattr(tiles, "versions", lambda engine: {"nstyle": "0.1"})
    assert paint(*COMMON, "--cluster", address, "--overwrite") == 1
    said = capfd.readouterr().err.splitlines()[-1]
    assert "worker tcp://" in said and "the run nstyle 0.1; install the same." in said


def test_scenes_are_what_lies_between_cuts():
    assert scenes.divided([0, 4, 9], 12) == [(1, 0, 4), (2, 4, 9), (3, 9, 12)]
    assert scenes.is_name(scenes.name(12)) and not scenes.is_name("scene_1.json")
