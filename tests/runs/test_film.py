"""A film is painted frame by frame, steadily, and is a run like any other: it is kept, killed, taken up, refused."""

import contextlib
import csv
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import requests
from clips import ffmpeg, pan, passing, texture, write
from conftest import ROOT
from PIL import Image

import nstyle
from neural_style.film import reading
from neural_style.runs import course as objectives
from neural_style.runs import limits, talk, viewing
from neural_style.runs.film import course, flows, running
from neural_style.runs.film.results import Results
from neural_style.runs.film.stack import FlowStack, Stack

NOT_COMPARED = ("run.json", "film.json", "frames.csv", "index.html")  # which hold seconds


@pytest.fixture
def clip(folder):
    """A film of six frames with sound, film.mp4."""
    silent = write(folder / "silent.mp4", pan(6))
    ffmpeg("-i", silent, "-f", "lavfi", "-i", "sine=d=0.24", "-c:v", "copy", "-c:a", "aac", "film.mp4")
    silent.unlink()
    return "film.mp4"


@pytest.fixture
def film(paint):
    """Paint a film with more options: two epochs for each frame."""

    def run(name, *more):
        return paint("--content-image", name, "--frame-epochs", "2", *more)

    return run


def rows(folder="out"):
    with open(Path(folder) / "frames.csv", newline="") as file:
        return list(csv.DictReader(file))


def record(folder="out"):
    return json.loads((Path(folder) / "run.json").read_text())


def results(folder):
    files = {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.name not in NOT_COMPARED}
    return files, [{name: value for name, value in row.items() if name != "seconds"} for row in rows(folder)]


def test_a_film_is_painted_with_its_sound(film, clip, capfd):
    assert film(clip, "--keep-frames") == 0
    assert capfd.readouterr().out == "out/final.mp4\n"
    result = reading.opened("out/final.mp4")
    assert (result.size, result.rate, result.sound) == ((48, 64), 25, True)
    assert len(list(reading.frames(result))) == 6
    run = record()
    assert run["status"] == "finished" and run["film"]["frames"] == run["film"]["painted"] == 6
    epochs = [int(row["epochs"]) for row in rows()]
    assert epochs[0] == 3 and set(epochs[1:]) <= {2, 3}, "more where more came into view"
    frames = sorted(Path("out").glob("frame_*.jpg"))
    assert [path.name for path in frames] == [f"frame_{n:06d}.jpg" for n in range(1, 7)]
    painted = np.asarray(Image.open(frames[0])).astype(float)
    assert np.abs(painted - next(reading.frames(result))).mean() < 6
    assert not list(Path("out").glob("*.stack")), "the frames in work go when all is done"
    assert set(run["files"]) >= {path.name for path in Path("out").iterdir()} - {"run.json"}


def test_a_film_is_steadier_than_its_frames_one_by_one(film, folder):
    write(folder / "film.mp4", pan(3, 96, 128))
    more = ["--max-num-epochs", "8", "--max-long-edge", "0"]
    assert film("film.mp4", *more, "--temporal-window", "0", "--output-dir", "alone") == 0
    assert film("film.mp4", *more) == 0
    alone, ours = (np.mean([float(row["error"]) for row in rows(name)[1:]]) for name in ("alone", "out"))
    assert ours < 0.35 * alone
    assert record()["film"]["steadiness"]["result"] == pytest.approx(ours, rel=1e-4)


def test_cuts_begin_scenes_that_are_painted_afresh(film, folder):
    other = [texture(48, 64, 40)] * 2
    write(folder / "film.mp4", [*pan(3), *other])
    assert film("film.mp4") == 0
    assert [row["scene"] for row in rows()] == ["1", "1", "1", "2", "2"]
    assert (rows()[3]["epochs"], rows()[4]["epochs"]) == ("3", "0")
    assert record()["film"]["scenes"] == [1, 4]
    assert rows()[3]["error"] == "" and float(rows()[4]["error"]) == 0, "a frame that repeats is not painted again"


def test_a_stretch_of_frames_and_one_of_so_many(film, clip):
    assert film(clip, "--frames", "2:6", "--every", "2", "--keep-frames") == 0
    assert [row["frame"] for row in rows()] == ["2", "4", "6"]
    assert {path.name for path in Path("out").glob("frame_*")} == {f"frame_{n:06d}.jpg" for n in (2, 4, 6)}
    result = reading.opened("out/final.mp4")
    assert result.rate == 12.5 and result.sound and len(list(reading.frames(result))) == 3


def test_a_folder_of_frames_is_a_film_if_that_is_asked_for(film, folder, capfd):
    (folder / "frames").mkdir()
    for number, frame in enumerate(pan(3, 49, 63)):
        Image.fromarray(np.rint(frame * 255).astype(np.uint8)).save(f"frames/{number}.png")
    assert film("frames", "--film", "--frame-rate", "10") == 0
    result = reading.opened("out/final.mp4")
    assert result.rate == 10 and not result.sound and result.size in ((48, 62), (48, 64), (50, 62))
    assert film("frames", "--output-dir", "pictures") == 0
    assert "3 of 3 pictures painted" in capfd.readouterr().out


def test_several_films_are_a_batch(film, clip, capfd):
    shutil.copy(clip, "b.mp4")
    assert film("*.mp4", "--frames", "1:2") == 0
    assert Path("out/film/final.mp4").is_file() and Path("out/b/final.mp4").is_file()
    assert "2 of 2 pictures painted" in capfd.readouterr().out


def test_a_film_whose_process_was_killed_ends_like_one_left_alone(film, options, clip):
    more = ["--content-image", clip, "--frame-epochs", "2", "--save-epochs", "2"]
    assert film(clip, "--save-epochs", "2", "--output-dir", "alone") == 0
    process = subprocess.Popen([sys.executable, ROOT / "nstyle.py", *options, *more, "--no-progress"])
    painted, limit = 0, time.monotonic() + 120
    while painted < 2 and time.monotonic() < limit and process.poll() is None:
        time.sleep(0.005)
        with contextlib.suppress(OSError, ValueError):
            painted = json.loads(Path("out/film.json").read_text())["done"]
    process.kill()
    process.wait()
    assert 2 <= painted < 6 and list(Path("out").glob("*.stack"))
    assert film(clip, "--save-epochs", "2", "--resume") == 0
    assert results("out") == results("alone")


def test_a_film_interrupted_when_all_is_painted_is_finished(film, clip, monkeypatch):
    assert film(clip, "--save-epochs", "2", "--output-dir", "alone") == 0
    seal, calls = Results.seal, []

    def interrupted(self):
        calls.append(1)
        if len(calls) == 1:
            raise KeyboardInterrupt
        seal(self)

    with monkeypatch.context() as patched:
        patched.setattr(Results, "seal", interrupted)
        assert film(clip, "--save-epochs", "2") == 130
    assert len(calls) == 2 and not list(Path("out").glob("*.stack"))
    assert film(clip, "--save-epochs", "2", "--resume") == 0
    assert results("out") == results("alone")
    assert json.loads(Path("out/run.json").read_text())["status"] == "finished"


def test_a_film_whose_process_died_as_it_ended_is_finished(film, clip, monkeypatch):
    assert film(clip, "--save-epochs", "2", "--output-dir", "alone") == 0

    def died(self):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda self, missing_ok=False: died(self))
        patched.setattr(running.Painting, "_fail", lambda *_: False)
        assert film(clip, "--save-epochs", "2") == 130
    assert list(Path("out").glob("*.stack"))
    assert film(clip, "--save-epochs", "2", "--resume") == 0
    assert results("out") == results("alone") and not list(Path("out").glob("*.stack"))
    assert json.loads(Path("out/run.json").read_text())["status"] == "finished"


def test_a_film_of_two_passes_that_was_stopped_ends_like_one_left_alone(film, options, clip):
    more = ["--passes", "2", "--temporal-window", "2", "--save-epochs", "2", "--frames", "1:4"]
    assert film(clip, *more, "--output-dir", "alone") == 0
    assert [(row["pass"], row["frame"]) for row in rows("alone")][3:6] == [("1", "4"), ("2", "4"), ("2", "3")]
    assert rows("alone")[4]["epochs"] == "2", "a frame that was painted in the pass before starts there"

    for stop in (1, 6):
        done = []

        def interrupt(data, stop=stop, done=done):
            done.extend([data["frame"]] if "img" in data else [])
            if len(done) == stop:
                raise KeyboardInterrupt

        arguments = [*options, "--content-image", clip, "--frame-epochs", "2", *more, "--overwrite"]
        with pytest.raises(KeyboardInterrupt):
            nstyle.train_nstyle(nstyle.get_args(arguments), interrupt)
        assert record()["status"] == "interrupted" and record()["film"]["painted"] == stop
        assert len(list(reading.frames(reading.opened("out/final.mp4")))) == min(stop, 4)
        assert film(clip, *more, "--resume") == 0
        assert results("out") == results("alone")


def test_a_finished_film_is_not_painted_again(film, clip, capfd):
    short = ["--frames", "1:2"]
    assert film(clip, *short) == 0
    before = results("out")
    assert film(clip, *short) == 0
    assert "has finished" in capfd.readouterr().err and results("out") == before
    assert film(clip, *short, "--temporal-weight", "2") == 0
    assert (Path("out") / "earlier-1" / "final.mp4").is_file()
    assert film(clip, *short, "--resume", "--temporal-weight", "3") == 2
    assert "--temporal-weight 3.0 (was 2.0)" in capfd.readouterr().err


class Cuts:
    """In the place of `flows.Flows`: a film of which some frames begin a scene."""

    def __init__(self, *frames):
        self.frames, self.asked = frames, []

    def motion(self, here, there):
        self.asked.append(here)
        return SimpleNamespace(explained=0.1 if here in self.frames else 0.9)


def way(moving, count, passes, scenes=(), looked=0, window=1):
    run = SimpleNamespace(settings=SimpleNamespace(passes=passes, temporal_window=window, content_mask=None))
    return course.Course(run, None, SimpleNamespace(numbers=range(count)), moving, scenes, looked)


def test_steps_go_from_scene_to_scene():
    moving = Cuts(2)
    found = way(moving, 4, 3)
    assert [(step.turn, step.frame) for step in found.steps()] == [
        (0, 0), (0, 1), (1, 1), (1, 0), (2, 0), (2, 1), (0, 2), (0, 3), (1, 3), (1, 2), (2, 2), (2, 3)
    ]  # fmt: skip
    assert (found.scenes, found.looked, moving.asked) == ([0, 2], 4, [1, 2, 3])
    again = way(moving, 4, 3, [0, 2], 3)
    assert list(again.steps()) == list(found.steps()) and moving.asked == [1, 2, 3, 3], "what is known is not asked"
    assert [step.frame for step in again.steps(2, 4)] == [2, 3, 3, 2, 2, 3]


def test_flows_are_wanted_of_a_step_and_the_next_one_but_not_over_a_cut():
    found = way(Cuts(), 9, 2, [0, 3], 4, window=2)
    wanted = [found.wanted(step) for step in (course.Step(0, 3, 1), course.Step(1, 2, -1), course.Step(0, 4, 1))]
    assert wanted == [[(4, 3)], [(1, 2)], [(4, 3), (5, 4), (5, 3)]]


def test_distances():
    assert [course.distances(window) for window in (0, 1, 3, 4)] == [[1], [1], [1, 2], [1, 2, 4]]


def test_flows_of_other_programs_are_taken_and_what_is_missing_is_kept(film, clip, folder, capfd):
    more = ["--frames", "2:4"]
    assert film(clip, "--flow", "flow", *more) == 0
    kept = {path.name for path in Path("flow").iterdir()}
    assert kept == {name for n in (2, 3) for name in (f"forward_{n}_{n + 1}.flo", f"backward_{n + 1}_{n}.flo")}
    ours = results("out")
    assert film(clip, "--flow", "flow", *more, "--overwrite", "--seed", "1") == 0
    assert results("out") == ours, "read back, they are what was computed"
    (Path("flow") / "backward_3_2.flo").write_text("broken")
    assert film(clip, "--flow", "flow", *more, "--overwrite") == 2
    assert "backward_3_2.flo: not a flow" in capfd.readouterr().err
    Path("other").mkdir()
    (Path("other") / "a.txt").touch()
    assert film(clip, "--flow", "other", "--overwrite") == 2
    assert "--flow other: it holds other files" in capfd.readouterr().err
    assert film(clip, "--flow", clip, "--overwrite") == 2
    assert "--flow film.mp4: not a folder" in capfd.readouterr().err


def test_what_stands_still_stays_where_something_passes(film, folder):
    frames, places = passing(3, across=6)
    write(folder / "film.mp4", frames)
    assert film("film.mp4", "--max-num-epochs", "6", "--keep-frames", "--image-format", "png") == 0
    painted = [np.asarray(Image.open(f"out/frame_{n:06d}.png")).astype(float) for n in (1, 3)]
    still = ~np.logical_or.reduce(places)
    assert np.abs(painted[0] - painted[1])[still].mean() < 0.35 * np.abs(painted[0] - painted[1])[~still].mean()


@pytest.mark.parametrize("style_mask", [False, True])
def test_masks_one_for_each_frame(film, clip, folder, style_mask):
    (folder / "masks").mkdir()
    for number in range(6):
        mask = np.zeros((48, 64), np.uint8)
        mask[:, : 16 + 4 * number] = 255
        Image.fromarray(mask).save(f"masks/{number}.png")
    more = ["--style-mask", "masks/0.png"] if style_mask else []
    more += ["--every", "5", "--keep-frames", "--image-format", "png"]
    assert film(clip, "--content-mask", "masks", *more) == 0
    if not style_mask:
        source = list(reading.frames(reading.opened(clip)))
        for number in (0, 5):
            painted = np.asarray(Image.open(f"out/frame_{number + 1:06d}.png")).astype(float)
            change = np.abs(painted - source[number]).mean(axis=2)
            assert change[:, 18 + 4 * number :].max() <= 1 < change[:, : 14 + 4 * number].mean()


def test_too_few_masks_are_said(film, clip, folder, capfd):
    (folder / "masks").mkdir()
    Image.new("L", (64, 48), 255).save("masks/1.png")
    Image.new("L", (64, 48), 255).save("masks/2.png")
    assert film(clip, "--content-mask", "masks") == 2
    assert "--content-mask masks: 2 masks, and frame 6 is to be painted" in capfd.readouterr().err


@pytest.mark.parametrize("how", ["luminance", "histogram"])
def test_colours_are_kept(film, clip, how):
    assert film(clip, "--preserve-colors", how, "--frames", "1:3") == 0
    assert len(rows()) == 3


def test_a_film_of_one_frame_is_painted(film, folder):
    write(folder / "film.mp4", pan(1))
    assert film("film.mp4") == 0
    assert len(rows()) == 1 and record()["film"]["steadiness"] is None


def test_what_is_no_film_is_one_line_and_nothing_is_left(film, folder, capfd):
    Path("text.mp4").write_text("words")
    assert film("text.mp4") == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and "text.mp4: cannot be read as a film" in said and not Path("out").exists()


def test_a_film_that_breaks_off_is_refused_before_it_is_painted(film, clip, capfd):
    ffmpeg("-i", clip, "-map", "0:v", "-c", "copy", "-movflags", "+faststart", "whole.mp4")
    Path("cut.mp4").write_bytes(Path("whole.mp4").read_bytes()[:-2000])
    assert film("cut.mp4") == 2
    said = capfd.readouterr().err.splitlines()[-1]
    assert "damaged after frame" in said and "--frames 1:" in said and not Path("out").exists()
    whole = said.split("--frames 1:")[1].split()[0]
    assert film("cut.mp4", "--frames", f"1:{whole}") == 0


def test_a_disk_that_is_full_in_mid_film_is_one_line_and_what_was_painted_is_kept(film, clip, capfd, monkeypatch):
    put, frames = Stack.__setitem__, []

    def full(self, index, frame):
        frames.append(self.path.name)
        if frames.count("shown.stack") == 4:
            raise OSError(28, "No space left on device")
        put(self, index, frame)

    more = ["--frames", "1:5"]
    with monkeypatch.context() as patch:
        patch.setattr(Stack, "__setitem__", full)
        assert film(clip, *more) == 1
    said = capfd.readouterr().err
    assert "No space left on device); 3 painted frames are kept: see to the folder" in said.splitlines()[-1]
    assert film(clip, *more, "--resume") == 0
    resumed = results("out")
    assert film(clip, *more, "--output-dir", "alone") == 0
    assert results("alone") == resumed


def test_a_disk_that_is_too_small_is_noticed_before_the_first_frame(film, clip, capfd, monkeypatch):
    monkeypatch.setattr(limits, "free_disk", lambda folder: 1000)
    assert film(clip) == 2
    assert "6 frames may take" in capfd.readouterr().err


def test_files_of_the_user_are_not_touched(film, clip, capfd):
    Path("out").mkdir()
    Path("out/final.mp4").write_text("mine")
    assert film(clip) == 2
    assert "final.mp4 is there, is not of a run" in capfd.readouterr().err
    assert Path("out/final.mp4").read_text() == "mine"


def test_flows_are_computed_once_for_each_pair(folder, monkeypatch):
    source = Stack(folder / "a", (48, 64))
    for number, frame in enumerate(pan(3)):
        source[number] = frame * 255
    counted = []
    monkeypatch.setattr(flows.flows, "tvl1", lambda one, other: counted.append(1) or np.zeros((48, 64, 2), np.float32))
    it = flows.Flows(source)
    it.want([(1, 0), (2, 1)])
    assert it.motion(1, 0) is it.motion(1, 0) and it.motion(2, 1).flow.shape == (48, 64, 2)
    it.close()
    assert len(counted) == 4


def test_flows_are_kept_whole_or_not_at_all(folder):
    kept, given = FlowStack(folder / "a", (3, 5), 2, [1, 2]), np.random.default_rng(1).normal(size=(4, 3, 5, 2))
    pairs = [(1, 0), (0, 1), (2, 0), (2, 1)]
    assert kept.get(1, 0) is None
    for pair, flow in zip(pairs, given):
        kept.put(*pair, np.float32(flow))
    again = FlowStack(folder / "a", (3, 5), 2, [1, 2])
    for pair, flow in zip(pairs, given):
        assert np.array_equal(again.get(*pair), np.float32(flow))
    kept.put(3, 2, np.float32(given[0]))
    assert kept.get(1, 0) is None and kept.get(3, 2) is not None, "a later one has taken its place"
    data = bytearray((folder / "a").read_bytes())
    data[len(data) // 8 * 7] ^= 1  # in the last one
    for damaged in (data, data[: len(data) // 2], b""):
        (folder / "a").write_bytes(damaged)
        assert any(kept.get(*pair) is None for pair in [*pairs[1:], (3, 2)])


@pytest.mark.parametrize("passes", ["1", "2"])
def test_flows_that_were_computed_before_a_run_was_stopped_are_not_computed_again(
    film, options, clip, monkeypatch, passes
):
    real, computed = flows.flows.tvl1, []
    monkeypatch.setattr(flows.flows, "tvl1", lambda *pair: computed.append(1) or real(*pair))
    more = ["--passes", passes, "--frames", "1:4"]

    def interrupt(data):
        if "img" in data and data["frame"] == 2:
            raise KeyboardInterrupt

    arguments = nstyle.get_args([*options, "--content-image", clip, "--frame-epochs", "2", *more])
    with pytest.raises(KeyboardInterrupt):
        nstyle.train_nstyle(arguments, interrupt)
    assert Path("out/flow.stack").is_file() and len(computed) in (2, 4), "those of frame 2; of 3 if begun"
    assert film(clip, *more, "--resume") == 0
    assert len(computed) == 6 and not Path("out/flow.stack").exists()
    resumed = results("out")
    assert film(clip, *more, "--output-dir", "alone") == 0
    assert results("alone") == resumed


def test_a_folder_of_flows_that_cannot_be_written_is_one_line(film, clip, capfd, monkeypatch):
    def full(path, flow):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(flows.flows, "write_flo", full)
    assert film(clip, "--flow", "flow", "--frames", "1:3") == 1
    said = capfd.readouterr().err.splitlines()[-1]
    assert "--flow flow: cannot be written any more (No space left on device); see to the folder" in said


@pytest.mark.parametrize(("more", "then"), [(["--save-epochs", "2"], 2), ([], 6)])
def test_open_shows_the_page_once_when_it_has_a_film_to_play(film, clip, monkeypatch, more, then):
    seen = []
    monkeypatch.setattr(viewing, "open_in_browser", lambda address: seen.append((address, record()["film"]["painted"])))
    assert film(clip, "--open", *more) == 0
    assert seen == [(Path("out/index.html").resolve().as_uri(), then)]


def test_a_film_is_served_while_it_is_painted(film, clip, monkeypatch):
    """A browser that has the address sees the page, and of the film so far the parts that its player asks for."""
    said, seen, write = [], [], Results.write
    monkeypatch.setattr(talk, "say", said.append)

    def visit(self, *arguments):
        write(self, *arguments)
        if record()["film"]["painted"] in (0, 6):
            return
        address = re.search(r"http://\S+", said[0])[0]
        with requests.Session() as session:
            page = session.get(address)
            part = session.get(page.url + "final.mp4", headers={"Range": "bytes=4-7"})
            seen.append(("painted" in page.text, part.status_code, part.content))

    monkeypatch.setattr(Results, "write", visit)
    assert film(clip, "--save-epochs", "2", "--serve") == 0
    assert seen == [(True, 206, b"ftyp")] * 2


def test_frames_are_evaluated_with_what_the_one_before_was(film, clip, monkeypatch):
    evaluators, made = {}, objectives.Objective

    def seen(evaluator, *arguments, **more):
        evaluators.setdefault(evaluator.size, []).append(evaluator)
        return made(evaluator, *arguments, **more)

    monkeypatch.setattr(objectives, "Objective", seen)
    assert film(clip) == 0
    assert len(evaluators[48, 64]) >= 6
    assert all(len(set(map(id, each))) == 1 for each in evaluators.values()), "one for each size"
