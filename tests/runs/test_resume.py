"""A run that was interrupted is taken up again as if nothing had happened; what its records say is true."""
import csv
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

import nstyle
from neural_style import files
from neural_style.errors import InputError
from neural_style.painting import descent, optimizers
from neural_style.painting.levels import Level
from neural_style.painting.objective import Objective
from neural_style.runs import paint as runs_paint
from neural_style.runs import recorder, state
from neural_style.runs.record import Record

RUN = ["--max-num-epochs", "6", "--save-epochs", "2", "--stop-eps", "0", "--pyramid-levels", "2"]


@pytest.fixture
def stopped(tmp_path, monkeypatch, options):
    """Run the command in a fresh folder, and let Ctrl-C come after an epoch."""
    monkeypatch.chdir(tmp_path)

    def run(epoch, *more):
        def interrupt(data):
            if data["epoch"] == epoch:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            nstyle.train_nstyle(nstyle.get_args([*options, *RUN, *more]), interrupt)

    return run


def results(folder):
    """The pictures by name, and losses.csv without the seconds."""
    with open(folder / "losses.csv", newline="") as file:
        rows = [row[:1] + row[2:] for row in csv.reader(file)]
    return {path.name: path.read_bytes() for path in folder.glob("*.jpg")}, rows


def record(folder):
    return json.loads((folder / "run.json").read_text())


def assert_agreement(folder):
    """losses.csv, run.json and the pictures tell the same."""
    run = record(folder)
    with open(folder / "losses.csv", newline="") as file:
        rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
    assert list(rows) == list(range(1, len(rows) + 1))
    for entry in [*run["snapshots"], *([run["final"]] if run["final"] else [])]:
        assert (folder / entry["file"]).stat().st_size > 0
        assert float(rows[entry["epoch"]]["total"]) == pytest.approx(entry["total"], rel=1e-6)
    listed = {entry["file"] for entry in run["snapshots"]}
    assert {path.name for path in folder.glob("e_*.jpg")} == listed
    assert run["final"] is None or (folder / "final.jpg").is_file()


def settings(optimizer):
    """Those without which no state is right."""
    return {"optimizer": optimizer, "max_num_epochs": 30, "stop_eps": 0.0}


# byte for byte


@pytest.mark.parametrize(
    ("options_", "epochs"),
    [
        (["--optimizer", "lbfgs"], (1, 4, 5)),
        (["--optimizer", "adam", "--average-decay", "0.5"], (2, 5)),
        (["--preset", "classic"], (3,)),
    ],
    ids=["lbfgs", "adam", "classic"],
)
def test_an_interrupted_run_ends_like_one_left_alone(paint, stopped, tmp_path, options_, epochs):
    assert paint(*RUN, *options_, "--output-dir", "alone") == 0
    alone = results(tmp_path / "alone")
    for epoch in epochs:
        stopped(epoch, *options_, "--overwrite")
        assert record(tmp_path / "out")["status"] == "interrupted"
        assert_agreement(tmp_path / "out")
        assert paint(*RUN, *options_, "--resume") == 0
        assert results(tmp_path / "out") == alone
        assert record(tmp_path / "out")["status"] == "finished"
        assert_agreement(tmp_path / "out")


def test_a_run_interrupted_while_it_aims_at_what_is_written_ends_like_one_left_alone(paint, stopped, tmp_path):
    aimed = ["--max-num-epochs", "20", "--pyramid-levels", "1"]
    assert paint(*RUN, *aimed, "--output-dir", "alone") == 0
    alone = results(tmp_path / "alone")
    for epoch in (8, 9, 17):
        stopped(epoch, *aimed, "--overwrite")
        saved = state.load(tmp_path / "out")[0].event.state
        assert (saved.noise is None) == (epoch == 8)
        assert paint(*RUN, *aimed, "--resume") == 0
        assert results(tmp_path / "out") == alone
        assert_agreement(tmp_path / "out")


class Bowl:
    """A quadratic objective; with `failing`, about one picture in five gives losses that are not finite."""

    def __init__(self, size, failing):
        generator = np.random.default_rng(size[0])
        self._target = generator.normal(0, 50, (1, 3, *size)).astype(np.float32)
        self._weights = generator.uniform(0.1, 3, (1, 3, *size)).astype(np.float32)
        self._failing = failing

    def admitted(self, image):
        return 0.5 * image

    def losses_and_gradient(self, image):
        difference = image - self._target
        total = float(np.sum(self._weights * difference**2))
        # depends on the picture alone, as a real failure does
        return {"total": np.inf if self._failing and int(total) % 5 == 0 else total}, 2 * self._weights * difference


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
@pytest.mark.parametrize("stop_eps", [0, 0.3], ids=["all epochs", "converging"])
@pytest.mark.parametrize("failing", [False, True], ids=["", "failing steps"])
def test_the_stream_goes_on_from_every_event(name, stop_eps, failing, tmp_path):
    kind = optimizers.OPTIMIZERS[name]
    levels = [Level((10, 8), 15), Level((20, 15), 15)]
    # the classic rate is for gradients of a network
    rate = 0.02 if kind.classic else kind.default_rate

    def go_on(start):
        return list(
            descent.descend(
                levels, lambda size: Bowl(size, failing), kind(rate), start, rate_at=lambda epoch: rate * 0.9**epoch,
                stop_eps=stop_eps, clip=not kind.classic, average_decay=0.8 if name == "adam" else 0,
            )
        )  # fmt: skip

    whole = go_on(descent.State(np.full((1, 3, 20, 15), 7, np.float32)))
    if stop_eps == 0:
        assert any(event.failed for event in whole) == failing
    for done, event in enumerate(whole[:-1], 1):
        state.save(tmp_path, state.Saved(event, levels, settings(name), Record()))
        rest = go_on(state.load(tmp_path)[0].event.state)
        assert [e.epoch for e in rest] == [e.epoch for e in whole[done:]]
        for ours, theirs in zip(rest, whole[done:]):
            assert np.array_equal(ours.image, theirs.image)
            assert (ours.losses, ours.relative_change) == (theirs.losses, theirs.relative_change)
            assert (ours.failed, ours.status) == (theirs.failed, theirs.status)
            assert (ours.state.best and ours.state.best.epoch) == (theirs.state.best and theirs.state.best.epoch)


def test_a_run_interrupted_when_all_is_written_is_taken_up(paint, tmp_path, monkeypatch):
    replaced, calls = recorder.Replaced.end, []

    def interrupted(self, event, status):
        calls.append(status)
        if len(calls) == 1:
            raise KeyboardInterrupt
        replaced(self, event, status)

    with monkeypatch.context() as patched:
        patched.setattr(recorder.Replaced, "end", interrupted)
        assert paint(*RUN) == 130
    assert len(calls) == 2
    assert paint(*RUN, "--resume") == 0
    assert record(tmp_path / "out")["status"] == "finished"


def test_seconds_go_on(paint, stopped, tmp_path):
    stopped(4)
    before = record(tmp_path / "out")["seconds"]
    assert paint(*RUN, "--resume") == 0
    with open(tmp_path / "out" / "losses.csv", newline="") as file:
        seconds = [float(row["seconds"]) for row in csv.DictReader(file)]
    assert seconds == sorted(seconds)
    assert record(tmp_path / "out")["seconds"] > before


# longer


@pytest.mark.parametrize("optimizer", optimizers.OPTIMIZERS)
def test_more_epochs_extend_a_finished_run(paint, tmp_path, optimizer):
    run = [*RUN[2:-1], "1", "--optimizer", optimizer]
    assert paint(*run, "--max-num-epochs", "5", "--output-dir", "alone") == 0
    assert paint(*run, "--max-num-epochs", "3") == 0
    assert paint(*run, "--max-num-epochs", "5", "--resume") == 0
    assert results(tmp_path / "out") == results(tmp_path / "alone")


def test_levels_that_are_done_stay_when_epochs_are_added(paint, tmp_path):
    assert paint(*RUN) == 0
    before, levels = results(tmp_path / "out"), [level["epochs"] for level in record(tmp_path / "out")["levels"]]
    assert paint(*RUN, "--max-num-epochs", "8", "--resume") == 0
    after = results(tmp_path / "out")
    assert after[1][:7] == before[1]
    assert [level["epochs"] for level in record(tmp_path / "out")["levels"]] == [levels[0], levels[1] + 2]
    assert all(after[0][name] == before[0][name] for name in ("e_2.jpg", "e_4.jpg", "e_6.jpg"))


def test_a_converged_run_goes_on_with_a_smaller_stop_eps_only(paint, tmp_path, capsys):
    run = ["--optimizer", "nag", "--pyramid-levels", "1", "--max-num-epochs", "24"]
    assert paint(*run, "--stop-eps", "9") == 0
    assert record(tmp_path / "out")["status"] == "converged"
    rows = results(tmp_path / "out")[1]
    ended = f"converged at epoch {rows[-1][0]}."
    assert len(rows) < 24
    for more in ([], ["--max-num-epochs", "26"]):
        assert paint(*run, "--stop-eps", "9", *more, "--resume") == 0
        assert ended[:-1] in capsys.readouterr().err
    assert results(tmp_path / "out")[1] == rows
    assert paint(*run, "--stop-eps", "0", "--resume") == 0
    assert record(tmp_path / "out")["status"] == "finished"
    assert_agreement(tmp_path / "out")


def test_a_run_that_has_ended_stays_as_it_is(paint, tmp_path, capsys):
    assert paint(*RUN) == 0
    before = results(tmp_path / "out")
    assert paint(*RUN, "--resume") == 0
    assert "has finished at epoch 6" in capsys.readouterr().err
    assert results(tmp_path / "out") == before
    assert_agreement(tmp_path / "out")


# refusals


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (["--style-weight", "3"], "--style-weight 3.0 (was 1.0)"),
        (["--remove-noise", "0"], "--remove-noise 0.0 (was 0.02)"),
        (["--max-num-epochs", "5"], "--max-num-epochs 5 (was 6)"),
        (["--stop-eps", "0.5"], "--stop-eps 0.5 (was 0.0)"),
        (["--style-layers", "fire2:2"], "--style-layers fire2:2 (was conv1:"),
        (["--content-image", "other.png"], "--content-image other.png (was "),
        (["--seed", "1"], "--seed 1 (was 0)"),
    ],
)
def test_other_settings_are_refused_by_name(paint, stopped, tmp_path, pictures, capsys, changed, named):
    shutil.copy(pictures / "painting.png", tmp_path / "other.png")
    stopped(2)
    before = results(tmp_path / "out")
    assert paint(*RUN, *changed, "--resume") == 2
    *_, line = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("nstyle: error: --resume: ") and named in line
    assert results(tmp_path / "out") == before


def test_a_picture_that_has_changed_is_refused(paint, stopped, tmp_path, pictures, capsys):
    shutil.copy(pictures / "photo.png", tmp_path / "mine.png")
    stopped(2, "--content-image", "mine.png")
    shutil.copy(pictures / "painting.png", tmp_path / "mine.png")
    assert paint(*RUN, "--content-image", "mine.png", "--resume") == 2
    assert "--content-image mine.png (its content was another)" in capsys.readouterr().err


def test_a_painting_or_mask_that_has_changed_is_refused_and_a_copy_is_not(
    paint, stopped, tmp_path, pictures, capsys
):
    for name in ("one.png", "two.png"):
        shutil.copy(pictures / "painting.png", tmp_path / name)
        Image.fromarray(np.kron([[0], [255]], np.ones((40, 80))).astype(np.uint8)).save(tmp_path / f"mask-{name}")
    masks = ["--content-mask", "mask-one.png", "--style-mask", "mask-one.png"]
    several = ["--style-image", "one.png", "two.png"]
    stopped(2, *several)
    shutil.copy(tmp_path / "two.png", tmp_path / "copy.png")
    assert paint(*RUN, "--style-image", "one.png", "copy.png", "--resume", "--max-num-epochs", "7") == 0
    shutil.copy(pictures / "photo.png", tmp_path / "two.png")
    assert paint(*RUN, *several, "--resume", "--max-num-epochs", "8") == 2
    assert "--style-image one.png two.png (" in capsys.readouterr().err
    stopped(2, *masks, "--output-dir", "masked")
    Image.fromarray(np.kron([[255], [0]], np.ones((40, 80))).astype(np.uint8)).save(tmp_path / "mask-one.png")
    assert paint(*RUN, *masks, "--output-dir", "masked", "--resume") == 2
    said = capsys.readouterr().err
    assert "--content-mask mask-one.png (" in said and "--style-mask mask-one.png (" in said


def test_settings_that_change_no_pixel_may_differ(paint, stopped, tmp_path, pictures):
    stopped(3)
    shutil.move(tmp_path / "out", tmp_path / "moved")
    shutil.copy(pictures / "photo.png", tmp_path / "same.png")
    more = ["--save-epochs", "5", "--max-pixels", "1000000", "--content-image", "same.png", "--output-dir", "moved"]
    assert paint(*RUN, *more, "--resume", "--no-progress") == 0


def test_nothing_to_go_on_with_starts_anew(paint, tmp_path, capsys):
    assert paint(*RUN, "--resume") == 0
    assert "starting anew" in capsys.readouterr().err
    assert_agreement(tmp_path / "out")


# damage


def test_damage_is_said_and_the_earlier_state_taken(paint, stopped, tmp_path, capsys):
    assert paint(*RUN, "--output-dir", "alone") == 0
    stopped(5)
    newest = tmp_path / "out" / state.NEWEST
    newest.write_bytes(newest.read_bytes()[:-500])
    assert paint(*RUN, "--resume") == 0
    assert "state.npz is damaged" in (said := capsys.readouterr().err) and "state-1.npz, epoch 4" in said
    assert results(tmp_path / "out") == results(tmp_path / "alone")
    # of a run that has ended it is kept once
    assert state.load(tmp_path / "out")[0].event.epoch == 6 and not (tmp_path / "out" / state.EARLIER).exists()


def test_two_damaged_states_are_refused_in_one_line(paint, stopped, tmp_path, capsys):
    stopped(5)
    capsys.readouterr()
    for name in (state.NEWEST, state.EARLIER):
        (tmp_path / "out" / name).write_bytes(b"PK not really")
    assert paint(*RUN, "--resume") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "damaged" in line and "without --resume" in line


def test_no_damage_goes_unnoticed(tmp_path):
    image = np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)
    optimizer = {"mean": image, "square": image**2, "steps": np.array(3)}
    begun = descent.State(image, epoch=3, level_epoch=3, best=descent.Best(2, 1.5, image + 1), optimizer=optimizer)
    event = descent.Event(3, image, {"total": 2.5}, 0.1, False, None, begun)
    state.save(tmp_path, state.Saved(event, [Level((8, 8), 5)], settings("adam"), Record()))
    path = tmp_path / state.NEWEST
    whole = path.read_bytes()

    def arrays():
        found = state.load(tmp_path)[0]
        parts = found.event.state, found.event.losses, found.levels
        return repr(parts), *(a.tobytes() for a in (found.event.image, found.event.state.best.image))

    expected, noticed = arrays(), 0
    for place in range(0, len(whole), 17):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x11]) + whole[place + 1 :])
        try:
            assert arrays() == expected
        except InputError:
            noticed += 1
    for end in range(0, len(whole), 101):
        path.write_bytes(whole[:end])
        with pytest.raises(InputError):
            state.load(tmp_path)
    assert noticed > 50


def test_a_state_is_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    np.savez(tmp_path / state.NEWEST, header=np.array([Bomb()], object))
    with pytest.raises(InputError, match="damaged"):
        state.load(tmp_path)
    assert not (tmp_path / "exploded").exists()


# one folder, one run


def test_an_unfinished_run_is_moved_aside_and_can_go_on_there(paint, stopped, tmp_path, capsys):
    assert paint(*RUN, "--output-dir", "alone") == 0
    stopped(3)
    (tmp_path / "out" / "mine.txt").write_text("not of a run")
    assert paint(*RUN, "--seed", "5") == 0
    said = capsys.readouterr().err
    assert "out/earlier-1 (--resume would have gone on with it, --overwrite would have removed it)" in said
    assert (tmp_path / "out" / "mine.txt").is_file()
    assert_agreement(tmp_path / "out")
    assert paint(*RUN, "--output-dir", "out/earlier-1", "--resume") == 0
    assert results(tmp_path / "out" / "earlier-1") == results(tmp_path / "alone")


def test_a_run_that_has_ended_is_moved_aside_whole_by_another(paint, tmp_path):
    assert paint(*RUN) == 0
    first, names = results(tmp_path / "out"), {path.name for path in (tmp_path / "out").iterdir()}
    assert paint(*RUN, "--save-epochs", "5") == 0
    assert results(tmp_path / "out" / "earlier-1") == first
    assert {path.name for path in (tmp_path / "out" / "earlier-1").iterdir()} == names
    assert {path.name for path in (tmp_path / "out").glob("e_*")} == {"e_5.jpg"}


def test_overwrite_removes_the_files_of_the_earlier_run_only(paint, tmp_path):
    assert paint(*RUN) == 0
    (tmp_path / "out" / "e_notes.txt").write_text("mine")
    assert paint(*RUN, "--save-epochs", "5", "--overwrite") == 0
    assert not [path for path in (tmp_path / "out").iterdir() if path.is_dir()]
    assert {path.name for path in (tmp_path / "out").glob("e_*")} == {"e_5.jpg", "e_notes.txt"}




def test_a_second_run_in_the_same_folder_is_refused(options, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    statuses = []
    nstyle.train_nstyle(nstyle.get_args([*options, *RUN]), lambda data: statuses.append(nstyle.main([*options, *RUN])))
    assert set(statuses) == {2}
    assert "another run is writing there" in capsys.readouterr().err
    assert_agreement(tmp_path / "out")


def test_a_damaged_earlier_run_is_moved_aside_whole(paint, stopped, tmp_path):
    stopped(3)
    for name in (state.NEWEST, state.EARLIER):
        (tmp_path / "out" / name).write_bytes(b"PK not really")
    assert paint(*RUN) == 0
    moved = {path.name for path in (tmp_path / "out" / "earlier-1").iterdir()}
    assert {state.NEWEST, state.EARLIER, "e_2.jpg"} <= moved


def test_what_a_killed_run_left_half_written_is_removed(paint, tmp_path):
    (tmp_path / "out").mkdir()
    for name in (".nstyle-state-0abc_xyz.npz", ".nstyle-e_100-abcdefgh.jpg", ".e_100-abcdefgh.jpg"):
        (tmp_path / "out" / name).write_bytes(b"half")
    assert paint(*RUN) == 0
    assert {path.name for path in (tmp_path / "out").glob(".*")} == {".e_100-abcdefgh.jpg"}


def test_a_file_system_without_locks_will_do(paint, monkeypatch):
    def acquire(self):
        raise NotImplementedError

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    assert paint(*RUN) == 0


def test_a_file_that_cannot_be_flushed_leaves_the_old_one(tmp_path, monkeypatch):
    def fail(_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    (tmp_path / "file.txt").write_text("old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        files.write_text(tmp_path / "file.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]
    assert (tmp_path / "file.txt").read_text() == "old"


def test_an_input_inside_the_folder_is_not_overwritten(paint, tmp_path, capsys):
    assert paint(*RUN) == 0
    before = results(tmp_path / "out")
    assert paint(*RUN, "--init", "out/final.jpg", "--seed", "1") == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert results(tmp_path / "out") == before


# the truth about the end


def test_interruption_before_the_first_epoch(paint, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(Objective, "losses_and_gradient", interrupt)
        assert paint(*RUN) == 130
    assert record(tmp_path / "out")["status"] == "interrupted"
    assert record(tmp_path / "out")["final"] is None
    assert paint(*RUN, "--resume") == 0


def test_interruption_inside_an_epoch_loses_that_epoch_only(paint, tmp_path, monkeypatch):
    assert paint(*RUN, "--output-dir", "alone") == 0
    real, calls = Objective.losses_and_gradient, iter(range(100))

    def interrupt(self, image):
        if next(calls) == 5:  # each level begins with a call of its own
            raise KeyboardInterrupt
        return real(self, image)

    with monkeypatch.context() as context:
        context.setattr(Objective, "losses_and_gradient", interrupt)
        assert paint(*RUN) == 130
    assert_agreement(tmp_path / "out")
    assert len(results(tmp_path / "out")[1]) == 1 + 3
    assert paint(*RUN, "--resume") == 0
    assert results(tmp_path / "out") == results(tmp_path / "alone")


def test_sigterm_saves_and_exits_with_143(options, tmp_path):
    more = ["--max-num-epochs", "100000", "--stop-eps", "0", "--save-epochs", "3"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "nstyle.py"), *options, *more],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not (tmp_path / "out" / "e_3.jpg").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert "Interrupted; the picture reached so far is out/final.jpg." in said and "Traceback" not in said
    assert record(tmp_path / "out")["status"] == "interrupted"
    assert_agreement(tmp_path / "out")
    saved, _ = state.load(tmp_path / "out")
    assert saved.event.epoch == len(results(tmp_path / "out")[1]) - 1


def test_divergence_is_said(paint, tmp_path, monkeypatch, capsys):
    real, calls = Objective.losses_and_gradient, iter(range(100))

    def explode(self, image):
        values, gradient = real(self, image)
        return (values, gradient) if next(calls) < 4 else ({**values, "total": np.inf}, gradient)

    monkeypatch.setattr(Objective, "losses_and_gradient", explode)
    assert paint(*RUN, "--pyramid-levels", "1", "--max-num-epochs", "20") == 1
    assert "try a smaller --lr" in capsys.readouterr().err
    run = record(tmp_path / "out")
    assert run["status"] == "diverged"
    assert len(run["warnings"]) == 5 and "Epoch 4" in run["warnings"][0]
    assert_agreement(tmp_path / "out")
    monkeypatch.undo()


def test_a_full_disk_keeps_the_last_state_and_is_said(paint, tmp_path, monkeypatch, capsys):
    assert paint(*RUN, "--output-dir", "alone") == 0
    real = state.save

    def save(folder, saved, *more):
        if saved.event.epoch == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(folder, saved, *more)

    capsys.readouterr()
    with monkeypatch.context() as context:
        context.setattr(state, "save", save)
        assert paint(*RUN) == 1
    (line,) = (line for line in capsys.readouterr().err.splitlines() if line.startswith("nstyle"))
    assert "No space left on device" in line and "the last state is of epoch 2" in line and "--resume" in line
    run = record(tmp_path / "out")
    assert run["status"] == "failed" and "No space left" in run["reason"]
    assert_agreement(tmp_path / "out")
    assert paint(*RUN, "--resume") == 0
    assert results(tmp_path / "out") == results(tmp_path / "alone")


@pytest.mark.parametrize("epoch", [1, 6])
def test_a_folder_that_vanishes_is_said(options, tmp_path, monkeypatch, capsys, epoch):
    monkeypatch.chdir(tmp_path)
    train = runs_paint.train

    def vanish(data):
        if data["epoch"] == epoch:
            shutil.rmtree(tmp_path / "out")

    monkeypatch.setattr(runs_paint, "train", lambda args: train(args, vanish))
    assert nstyle.main([*options, *RUN]) == 1
    assert "out cannot be written any more" in capsys.readouterr().err.splitlines()[-1]


def test_a_folder_that_cannot_be_made_is_bad_input(paint, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert paint("--output-dir", "file/out") == 2
    assert "--output-dir file/out: cannot be written" in capsys.readouterr().err


def test_a_state_of_another_version_is_named_so(paint, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as context:
        context.setattr(state, "FORMAT", state.FORMAT - 1)
        assert paint(*RUN) == 0
    assert paint(*RUN, "--max-num-epochs", "8", "--resume") == 2
    assert "written by another version" in capsys.readouterr().err
