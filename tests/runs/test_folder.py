"""Nobody's file is touched: what belongs to a run is what its record names, and goes when its successor is there."""

import dataclasses
import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

import nstyle
from neural_style.errors import RunError
from neural_style.runs import course, state
from neural_style.runs.output import files_of_run

RUN = ["--max-num-epochs", "3", "--save-epochs", "2", "--stop-eps", "0", "--pyramid-levels", "1"]
OTHER = ["--seed", "5", "--init", "noise"]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def record(folder):
    return json.loads((folder / "run.json").read_text())


def interrupted(options, *more):
    """A run that Ctrl-C ends after its first epoch."""

    def interrupt(data):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nstyle.train_nstyle(nstyle.get_args([*options, *RUN, *more]), interrupt)


# files of others


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]], ids=["", "overwrite"])
@pytest.mark.parametrize("name", [
    "index.html", "content.jpg", "style.jpg", "losses.csv", "run.json", "final.jpg", "e_2.jpg", "snapshots.png",
    "state.npz", "state-1.npz", "animation.gif",
])  # fmt: skip
def test_a_file_in_the_way_that_is_not_of_a_run_is_refused_before_anything_is_done(paint, out, capsys, name, overwrite):
    out.mkdir()
    (out / name).write_text("mine")
    assert paint(*RUN, *overwrite, "--animate", "gif") == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("nstyle: error: --output-dir out: ") and name in line
    assert contents(out) == {name: b"mine"}


def test_files_that_stand_in_nobodys_way_stay(paint, out):
    mine = ["style_7.PNG", "style_2.jpg", "animation.blend", "e_notes.txt", "e_3.jpg", "final.png", "notes/final.jpg"]
    for name in mine:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("mine")
    for more in ([], OTHER, [*OTHER, "--overwrite", "--tv-weight", "1"]):
        assert paint(*RUN, *more) == 0
        found = contents(out)
        assert all(found[name] == b"mine" for name in mine)


@pytest.mark.parametrize("name", ["final.jpg", "index.html", "losses.csv", "snapshots.png"])
@pytest.mark.parametrize("more", [[], OTHER, [*OTHER, "--overwrite"]], ids=["same", "other", "overwrite"])
def test_what_was_put_in_the_place_of_a_file_of_a_run_is_nobodys(paint, out, capsys, monkeypatch, name, more):
    monkeypatch.setattr("neural_style.report.contact_sheet.write", lambda f: (f / "snapshots.png").write_text("sheet"))
    assert paint(*RUN) == 0
    (out / name).write_text("mine")
    before = contents(out)
    assert paint(*RUN, *more) == 2
    assert name in capsys.readouterr().err.splitlines()[-1] and contents(out) == before


def test_a_record_names_files_of_its_folder_only(paint, tmp_path, out):
    assert paint(*RUN) == 0
    (tmp_path / "mine.txt").write_text("mine")
    run = record(out)
    run["files"].update({"../mine.txt": None, str(tmp_path / "mine.txt"): None, "..": None, "": None})
    (out / "run.json").write_text(json.dumps(run))
    assert paint(*RUN, *OTHER, "--overwrite") == 0
    assert (tmp_path / "mine.txt").read_text() == "mine"


# what a run leaves


def test_a_record_lists_every_file_with_its_checksum(paint, out, monkeypatch):
    monkeypatch.setattr("neural_style.report.contact_sheet.write", lambda f: (f / "snapshots.png").write_text("sheet"))
    assert paint(*RUN, "--animate", "gif") == 0
    listed = record(out)["files"]
    assert listed.keys() | {"run.json"} == set(contents(out))
    for name, digest in listed.items():
        if name == "state.npz":
            assert digest is None
        else:
            assert digest == hashlib.sha256((out / name).read_bytes()).hexdigest()


def test_nothing_else_is_left(paint, tmp_path, out):
    assert paint(*RUN) == 0
    assert {path.name for path in out.iterdir()} == {
        "content.jpg", "style.jpg", "e_2.jpg", "final.jpg", "losses.csv", "run.json", "index.html", "state.npz",
    }  # fmt: skip
    # a run that is refused leaves no folder behind
    assert paint(*RUN, "--output-dir", "new", "--init", "nothing.png") == 2
    assert not (tmp_path / "new").exists()


def test_files_have_the_mode_that_the_user_wants(paint, out):
    before = os.umask(0o027)
    try:
        assert paint(*RUN) == 0
    finally:
        os.umask(before)
    assert {path.name: path.stat().st_mode & 0o777 for path in out.iterdir()} == dict.fromkeys(contents(out), 0o640)


def test_names_that_are_not_text_keep_their_bytes_in_the_record(paint, out, tmp_path, pictures):
    name = os.fsdecode(b"caf\xe9.png")
    try:
        shutil.copy(pictures / "photo.png", tmp_path / name)
    except OSError:
        pytest.skip("a file system that takes text only")
    assert paint(*RUN, "--content-image", name) == 0
    assert record(out)["content"]["source"] == name == record(out)["settings"]["content_image"]
    assert b"caf\\udce9.png" in (out / "run.json").read_bytes()
    assert state.load(out)[0].settings["content_image"]["file"] == name
    assert paint(*RUN, "--content-image", name, "--max-num-epochs", "4", "--resume") == 0


def test_the_record_says_what_computed(paint, out):
    assert paint(*RUN) == 0
    engine = record(out)["engine"]
    assert engine["name"] and engine["device"] == "cpu" and engine["precision"] in ("float32", "bfloat16")
    assert isinstance(engine["processor"], str) and record(out)["versions"][engine["name"]]


# an earlier run in the folder


def test_a_run_that_has_finished_is_not_painted_again(paint, out, capsys, monkeypatch):
    assert paint(*RUN) == 0
    before = contents(out)
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(course, "events", lambda run, start: pytest.fail("painted again"))
        assert paint(*RUN) == 0
    printed = capsys.readouterr()
    assert "has finished at epoch 3" in printed.err and "--overwrite" in printed.err
    assert printed.out == f"{Path('out/final.jpg')}\n"
    after = contents(out)
    assert after.keys() == before.keys() and record(out)["status"] == "finished"
    assert all(after[name] == before[name] for name in before if name.endswith(".jpg") or name == "losses.csv")


def test_a_run_that_has_diverged_is_told_so_again(paint, out, capsys):
    line = [*RUN, "--style-weight", 1e300]
    assert paint(*line) == 1
    assert paint(*line) == 1
    assert "has diverged" in capsys.readouterr().err and record(out)["status"] == "diverged"


def test_ctrl_c_while_a_finished_run_is_taken_up_leaves_it_finished(paint, out, monkeypatch):
    assert paint(*RUN) == 0

    def interrupt(folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("neural_style.report.page.write_page", interrupt)
        assert paint(*RUN) == 130
    assert record(out)["status"] == "finished"


def test_a_run_that_is_overwritten_goes_when_its_successor_is_there(paint, options, out, capsys):
    assert paint(*RUN) == 0
    first = contents(out)
    interrupted(options, *OTHER, "--overwrite")
    kept = contents(out / "replaced-1")
    assert kept == first
    assert paint(*RUN, *OTHER, "--resume") == 0
    assert not (out / "replaced-1").exists() and record(out)["status"] == "finished"
    assert (out / "final.jpg").read_bytes() != first["final.jpg"]


def test_a_run_that_is_overwritten_again_and_again(paint, options, out):
    assert paint(*RUN) == 0
    interrupted(options, *OTHER, "--overwrite")
    (out / "replaced-1" / "mine.txt").write_text("mine")
    interrupted(options, *OTHER, "--overwrite", "--tv-weight", "1")
    assert (out / "replaced-1" / "final.jpg").exists() and (out / "replaced-2" / "final.jpg").exists()
    assert paint(*RUN, "--overwrite") == 0
    assert {str(path.relative_to(out)) for path in out.rglob("*") if "replaced" in str(path)} == {
        "replaced-1", "replaced-1/mine.txt",
    }  # fmt: skip


def test_a_diverged_successor_removes_nothing(paint, out):
    assert paint(*RUN) == 0
    assert paint(*RUN, "--style-weight", 1e300, "--overwrite") == 1
    assert (out / "replaced-1" / "final.jpg").exists()


def test_the_same_settings_can_be_painted_again(paint, out):
    assert paint(*RUN) == 0
    first, started = contents(out), record(out)["started"]
    (out / "run.json").write_text((out / "run.json").read_text().replace(started, "long ago"))
    assert paint(*RUN, "--overwrite") == 0
    assert record(out)["started"] != "long ago"
    assert (out / "final.jpg").read_bytes() == first["final.jpg"]
    assert not (out / "replaced-1").exists()


def test_a_run_too_short_for_snapshots_is_kept_too(paint, out):
    line = [*RUN, "--save-epochs", "50"]
    assert paint(*line) == 0
    final = (out / "final.jpg").read_bytes()
    assert paint(*line, *OTHER) == 0
    assert (out / "earlier-1" / "final.jpg").read_bytes() == final


def test_an_animation_goes_with_its_run(paint, out):
    assert paint(*RUN, "--animate", "gif") == 0
    assert paint(*RUN, *OTHER) == 0
    assert (out / "earlier-1" / "animation.gif").exists() and not (out / "animation.gif").exists()


def test_a_run_that_had_painted_nothing_goes(paint, out, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt
        yield

    with monkeypatch.context() as patch:
        patch.setattr(course, "events", interrupt)
        assert paint(*RUN) == 130
    assert record(out)["status"] == "interrupted"
    assert paint(*RUN, *OTHER) == 0
    assert not [path for path in out.iterdir() if path.is_dir()]


def test_a_run_of_an_older_version_is_moved_aside_by_what_its_record_names(paint, out):
    assert paint(*RUN) == 0
    run = record(out)
    del run["files"]
    (out / "run.json").write_text(json.dumps(run))
    (out / "state.npz").unlink()
    (out / "e_9.jpg").write_text("mine")
    before = set(contents(out)) - {"e_9.jpg"}
    assert paint(*RUN, *OTHER) == 0
    assert set(contents(out / "earlier-1")) == before and (out / "e_9.jpg").read_text() == "mine"


def test_a_run_whose_record_is_lost_is_known_by_its_state(paint, options, out):
    interrupted(options)
    (out / "run.json").unlink()
    assert paint(*RUN, *OTHER) == 0
    assert {"content.jpg", "final.jpg", "state.npz"} <= set(contents(out / "earlier-1"))


def test_moving_aside_is_finished_where_a_process_was_killed(paint, out, monkeypatch):
    assert paint(*RUN) == 0
    before, rename = contents(out), Path.rename
    for calls in (0, 1, 3):
        left = iter(range(calls))

        def killed(self, target, left=left):
            if next(left, None) is None:
                raise SystemExit  # nothing of ours runs after it but what closes files
            return rename(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", killed)
            with pytest.raises(SystemExit):
                paint(*RUN, *OTHER)
        assert {Path(name).name: data for name, data in contents(out).items() if ".moving" not in name} == before
    assert paint(*RUN, *OTHER) == 0
    kept = [contents(path) for path in out.glob("earlier-*")]
    assert before in kept and not list(out.rglob(".nstyle*"))


def test_a_source_inside_the_folder_is_not_moved_away(paint, out, capsys):
    assert paint(*RUN) == 0
    before = contents(out)
    for name in ("out/final.jpg", "out/e_2.jpg"):
        assert paint(*RUN, "--save-epochs", "3", "--init", name) == 2
        assert "would be overwritten" in capsys.readouterr().err and contents(out) == before


# one folder, one run


def test_a_run_whose_lock_was_removed_lets_the_other_one_be(folder, options, out):
    def second(data):
        if data["epoch"] == 1:
            (out / ".nstyle.lock").unlink()
            assert nstyle.train_nstyle(nstyle.get_args([*options, *RUN, *OTHER])) == "finished"
            found.update(contents(out))

    found = {}
    with pytest.raises(RunError, match="removed"):
        nstyle.train_nstyle(nstyle.get_args([*options, *RUN]), second)
    assert contents(out) == found and record(out)["status"] == "finished"


def test_a_run_ends_where_its_lock_was_removed(folder, options, out):
    args = nstyle.get_args([*options, *RUN])
    with pytest.raises(RunError, match=r"out cannot be written any more \(.nstyle.lock was removed"):
        nstyle.train_nstyle(args, lambda data: (out / ".nstyle.lock").unlink(missing_ok=True))


def test_a_final_picture_of_a_later_epoch_than_the_state_is_not_named(paint, options, out):
    assert paint(*RUN, "--max-num-epochs", "4", "--save-epochs", "1", "--optimizer", "nag") == 0
    saved, _ = state.load(out)
    before = dataclasses.replace(saved.event.state, epoch=3, level_epoch=3, best=None)
    state.save(out, saved._replace(event=saved.event._replace(epoch=3, status=None, state=before)))
    seen = []
    more = ["--max-num-epochs", "4", "--save-epochs", "1", "--optimizer", "nag", "--resume"]
    nstyle.train_nstyle(nstyle.get_args([*options, *RUN, *more]), lambda data: seen.append(record(out)["final"]))
    assert seen == [None] and record(out)["final"]["epoch"] == 4


def test_files_of_a_folder_without_a_run_are_nobodys(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "final.jpg")
    (tmp_path / "run.json").write_text("[" * 100_000)
    (tmp_path / "state.npz").write_bytes(b"PK")
    assert files_of_run(tmp_path) == {}


def test_where_the_record_cannot_be_written_nothing_is_left_without_a_name(paint, tmp_path, monkeypatch):
    def full(path, *_):
        raise OSError(errno.EFBIG, "File too large")

    with monkeypatch.context() as patched:
        patched.setattr("neural_style.runs.record.write", full)
        assert paint() == 2
    assert not (tmp_path / "out" / "losses.csv").exists()
    assert paint() == 0
