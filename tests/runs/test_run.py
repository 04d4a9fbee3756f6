"""A whole run: what it leaves, that it can be repeated, how it ends, what it says."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import plain
import pytest
import tifffile
from conftest import ROOT
from PIL import Image

import nstyle
from neural_style import start
from neural_style.engines import door
from neural_style.files import checksum
from neural_style.pictures import find, images, reading
from neural_style.runs import course
from neural_style.runs import prepare as transfer
from neural_style.runs.options import complete as completed
from neural_style.weights import published

TIMES = {"started", "seconds", "command"}


def record(folder):
    return json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))


def rows(folder):
    with open(Path(folder) / "losses.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pictures_in(folder):
    """Without the contact sheet, which shows times."""
    return {
        path.name for path in Path(folder).iterdir() if path.suffix in (".jpg", ".png") and path.name != "snapshots.png"
    }


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in TIMES}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def test_weights_of_published_content_are_named_in_the_record_and_others_in_a_notice(
    paint, squeezenet_file, monkeypatch, capfd
):
    assert paint() == 0
    assert f"squeezenet from {squeezenet_file} (no published file, but of the right shapes)" in capfd.readouterr().err
    assert (record("out")["network"]["origin"], record("out")["network"]["verified"]) == ("unknown", False)
    sums = (("SHA-1", checksum(squeezenet_file, "SHA-1")),)
    monkeypatch.setattr(published, "PUBLISHED", (published.Published("a.pth", "squeezenet", "somebody", sums),))
    assert paint("--overwrite") == 0
    assert "no published file" not in capfd.readouterr().err
    network = record("out")["network"]
    assert (network["origin"], network["verified"]) == ("a.pth, published by somebody", True)


def test_a_run_leaves_pictures_losses_and_a_record(paint, vgg19_file, capsys):
    line = [
        "--model",
        "vgg19",
        "--weights",
        vgg19_file,
        "--max-num-epochs",
        5,
        "--save-epochs",
        2,
        "--output-dir",
        "a/b",
    ]
    assert paint(*line) == 0
    assert pictures_in("a/b") == {"content.jpg", "style.jpg", "e_2.jpg", "e_4.jpg", "final.jpg"}
    assert capsys.readouterr().out == f"{Path('a/b/final.jpg')}\n"
    for name in ("content.jpg", "e_2.jpg", "final.jpg"):
        with Image.open(Path("a/b") / name) as image:
            assert image.size == (64, 48)

    table = rows("a/b")
    assert list(table[0])[:2] == ["epoch", "seconds"] and [row["epoch"] for row in table] == list("12345")
    for row in table:
        layers = [name for name in row if name.startswith("style:")]
        assert len(layers) == 5 and float(row["style"]) == pytest.approx(
            sum(float(row[name]) for name in layers), rel=1e-5
        )
        assert float(row["content"]) == pytest.approx(float(row["content:relu4_2"]), rel=1e-5)
        parts = float(row["content"]) + float(row["style"]) + float(row["tv"])
        assert float(row["total"]) == pytest.approx(parts, rel=1e-5)
    assert float(table[-1]["total"]) < 0.5 * float(table[0]["total"])
    assert np.all(np.diff([float(row["seconds"]) for row in table]) >= 0)

    run = record("a/b")
    assert run["status"] == "finished" and run["size"] == [64, 48] and run["seed"] == 0
    assert run["settings"]["max_num_epochs"] == 5 and run["settings"]["optimizer"] == "lbfgs"
    assert None not in [run["settings"][name] for name in ("lr", "init", "pooling", "precision", "style_layers")]
    assert run["network"]["sha256"] == checksum(vgg19_file)
    assert {"python", run["engine"]["name"], "numpy", "scikit-image", "pillow"} <= run["versions"].keys()
    assert [entry["file"] for entry in run["snapshots"]] == ["e_2.jpg", "e_4.jpg"]
    for entry in run["snapshots"]:
        assert entry["total"] == pytest.approx(float(table[entry["epoch"] - 1]["total"]), rel=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs", "nag"])
def test_the_final_picture_is_the_best_of_the_run_or_the_last_of_the_classic_recipe(paint, monkeypatch, optimizer):
    make = course.objective

    def turning_worse(run, size, *more):
        objective, evaluated = make(run, size, *more), []
        evaluate = objective.losses_and_gradient

        def losses_and_gradient(image):
            losses, gradient = evaluate(image)
            evaluated.append(image)
            return {**losses, "total": losses["total"] * (100 if len(evaluated) > 4 else 1)}, gradient

        objective.losses_and_gradient = losses_and_gradient
        return objective

    monkeypatch.setattr(course, "objective", turning_worse)
    paint("--optimizer", optimizer, "--save-epochs", 1, "--max-num-epochs", 6, "--stop-eps", 0)
    totals = [float(row["total"]) for row in rows("out")]
    best = int(np.argmin(totals)) + 1
    assert best < 4
    epoch = 6 if optimizer == "nag" else best
    final = record("out")["final"]
    assert final["epoch"] == epoch and final["total"] == pytest.approx(totals[epoch - 1], rel=1e-6)
    assert Path("out/final.jpg").read_bytes() == Path(f"out/e_{epoch}.jpg").read_bytes()


@pytest.mark.parametrize(
    ("precision", "optimizer"),
    [("float32", "lbfgs"), pytest.param("bfloat16", "lbfgs", marks=pytest.mark.bfloat16), ("float32", "nag")],
)
def test_the_same_command_gives_the_same_bytes(paint, precision, optimizer):
    line = (
        f"--precision {precision} --optimizer {optimizer} --init pink --pyramid-levels 2 --stop-eps 0 --save-epochs 2"
    )
    line = line.split()
    for folder in ("one", "other"):
        assert paint(*line, "--max-num-epochs", 6, "--output-dir", folder) == 0
    assert pictures_in("one") == pictures_in("other") >= {"e_2.jpg", "final.jpg"}
    for name in pictures_in("one"):
        assert (Path("one") / name).read_bytes() == (Path("other") / name).read_bytes()
    one, other = (without_times(record(folder)) for folder in ("one", "other"))
    for run in (one, other):  # the others tell of time themselves
        run["files"] = {name: name in pictures_in("one") and digest for name, digest in run["files"].items()}
    assert one["settings"].pop("output_dir") == "one" and other["settings"].pop("output_dir") == "other"
    assert one == other
    assert without_times(rows("one")) == without_times(rows("other"))


@pytest.mark.parametrize("precision", ["float32", pytest.param("bfloat16", marks=pytest.mark.bfloat16)])
def test_runs_in_threads_give_the_bytes_of_runs_one_after_the_other(folder, options, precision):
    def painted(output_dir, seed):
        more = f"--precision {precision} --init noise --seed {seed} --max-num-epochs 15 --stop-eps 0"
        nstyle.train_nstyle(nstyle.get_args([*options, *more.split(), "--output-dir", output_dir]))
        return (Path(output_dir) / "final.jpg").read_bytes()

    alone = [painted(f"alone-{seed}", seed) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(painted, [f"together-{seed}" for seed in range(3)], range(3)))
    assert together == alone and len(set(alone)) == 3


def test_a_process_without_stderr_paints_all_the_same(paint, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    assert paint() == 0
    assert capsys.readouterr().out.endswith("final.jpg\n")


def test_another_seed_gives_another_picture(paint):
    for seed in (1, 2):
        paint("--init", "noise", "--seed", seed, "--output-dir", seed)
    assert Path("1/final.jpg").read_bytes() != Path("2/final.jpg").read_bytes()


def test_ten_epochs_of_the_classic_recipe_agree_with_plain_numpy(folder, vgg19_file, vgg19_arrays, mx):
    generator = np.random.default_rng(8)
    for name, size in (("photo", (32, 36)), ("painting", (36, 32)), ("start", (32, 36))):
        Image.fromarray(generator.integers(0, 256, (*size, 3), np.uint8)).save(f"{name}.png")
    args = nstyle.get_args([
        "--preset", "classic", "--gpu", "-1", "--weights", str(vgg19_file), "--content-image", "photo.png",
        "--style-image", "painting.png", "--init", "start.png", "--max-num-epochs", "10", "--save-epochs", "1",
        "--lr", "0.1", "--lr-sched-delay", "4", "--lr-sched-factor", "0.5", "--stop-eps", "0", "--remove-noise", "0",
    ])  # fmt: skip
    found = []
    nstyle.train_nstyle(args, found.append)

    def network_range(picture):
        return np.asarray(picture, float).transpose(2, 0, 1) / 255 * 256 - plain.MEAN_PIXEL

    style = images.resize(np.asarray(Image.open("painting.png"), np.float32) / 255, (32, 36)) * 255.0
    recipe = plain.Recipe(vgg19_arrays, network_range(Image.open("photo.png")), network_range(style))
    picture = mx.nd.array(network_range(Image.open("start.png"))[None])
    schedule = mx.lr_scheduler.FactorScheduler(step=4, factor=0.5)
    optimizer = mx.optimizer.NAG(learning_rate=0.1, momentum=0.95, wd=0.0001, lr_scheduler=schedule)
    state = optimizer.create_state(0, picture)
    for data in found:
        before = picture.asnumpy()
        optimizer.update(0, picture, mx.nd.array(recipe.limited_gradient(before[0])[None]), state)
        after = picture.asnumpy()
        error = np.linalg.norm(data["img"] - after)
        # 1e-3 is promised
        assert error < 1e-4 * np.linalg.norm(after) and error < 1e-3 * np.linalg.norm(after - before)
        assert data["eps"] == pytest.approx(np.linalg.norm(after - before) / np.linalg.norm(after), rel=1e-3)
    assert len(found) == 10


def test_snapshots_of_coarse_levels_have_the_size_of_the_result(folder, options):
    seen = []
    args = nstyle.get_args([*options, "--pyramid-levels", "2", "--max-num-epochs", "6", "--save-epochs", "1"])
    nstyle.train_nstyle(args, seen.append)
    coarse, fine = record("out")["levels"]
    assert (coarse["size"], fine["size"]) == ([32, 24], [64, 48])
    assert coarse["epochs"] > 0 and fine["epochs"] > 0 and coarse["epochs"] + fine["epochs"] == 6
    assert [int(row["long_edge"]) for row in rows("out")] == [32] * coarse["epochs"] + [64] * fine["epochs"]
    for data in seen:
        assert data["img"].shape == (1, 3, 48, 64)
        with Image.open(data["filename"]) as image:
            assert image.size == (64, 48)
    assert record("out")["final"]["epoch"] >= coarse["epochs"]


@pytest.mark.parametrize(
    ("line", "size"),
    [(["--max-long-edge", 40], (40, 30)), (["--max-long-edge", 80, "--enlarge"], (80, 60)), ([], (64, 48))],
)
def test_the_size_of_the_result(paint, line, size):
    assert paint(*line, "--max-num-epochs", 1) == 0
    with Image.open("out/final.jpg") as image:
        assert image.size == size


def test_the_picture_written_is_what_was_optimised(paint, options):
    """No surprise from clipping: pixels stay in range, so the losses of the file are those of the record."""
    paint("--remove-noise", 0, "--image-format", "tiff", "--precision", "float32", "--max-num-epochs", 6)
    final = images.to_network((tifffile.imread("out/final.tiff") / 65535).astype(np.float32))
    run = transfer.prepare(completed(nstyle.get_args([*options, "--precision", "float32"])))
    total = course.objective(run, (48, 64)).losses(run.engine.array(final))["total"]
    assert total == pytest.approx(record("out")["final"]["total"], rel=1e-3)


def test_a_change_below_stop_eps_ends_the_run(paint):
    assert paint("--optimizer", "adam", "--lr", 0.1, "--stop-eps", 0.05, "--max-num-epochs", 50) == 0
    assert record("out")["status"] == "converged"
    assert 10 <= len(rows("out")) < 50


@pytest.mark.parametrize("line", [["--optimizer", "nag", "--lr", 1e30], ["--style-weight", 1e300]])
def test_a_run_that_diverges_says_so_and_keeps_the_last_good_picture(paint, capsys, line):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert paint(*line, "--max-num-epochs", 9) == 1
    error = capsys.readouterr().err.splitlines()
    assert sum("not finite" in text for text in error) == 5
    assert error[-1].startswith("nstyle: ") and "--lr" in error[-1] and "--style-weight" in error[-1]
    assert record("out")["status"] == "diverged" and len(rows("out")) == 5
    assert "Infinity" not in Path("out/run.json").read_text() and "NaN" not in Path("out/run.json").read_text()
    written, start = (np.asarray(Image.open(f"out/{name}.jpg"), float) for name in ("final", "content"))
    assert np.abs(written - start).mean() < 12


def test_interrupting_saves_the_picture_reached_so_far(folder, options, capsys):
    def callback(data):
        if data["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nstyle.train_nstyle(nstyle.get_args([*options, "--max-num-epochs", "50"]), callback)
    assert record("out")["status"] == "interrupted" and len(rows("out")) == 2
    assert record("out")["final"]["epoch"] in (0, 1, 2)
    assert pictures_in("out") == {"content.jpg", "style.jpg", "final.jpg"}
    assert "final.jpg" in capsys.readouterr().err


def test_interrupting_before_the_first_epoch(paint, monkeypatch):
    def interrupted(run, state):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(course, "events", interrupted)
    assert paint() == 130
    assert record("out")["status"] == "interrupted"


def test_ctrl_c_ends_the_command_with_the_picture_saved(tmp_path, options):
    more = ["--max-num-epochs", "100000", "--save-epochs", "1", "--stop-eps", "0"]
    line = [sys.executable, str(ROOT / "nstyle.py"), *options, *more]
    process = subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "e_3.jpg").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert record(tmp_path / "out")["status"] == "interrupted"
    assert reading.read(tmp_path / "out" / "final.jpg").shape == (48, 64, 3)
    assert len(rows(tmp_path / "out")) >= 3
    assert output == "" and "Traceback" not in error
    # plain lines where nobody watches
    assert "\r" not in error and "final.jpg" in error.splitlines()[-1]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_a_bar_shows_the_epochs_unless_told_otherwise(paint, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert paint() == 0
    shown = sys.stderr.getvalue()
    assert "3/3" in shown and "loss" in shown and "change" in shown and "\r" in shown
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert paint("--no-progress") == 0
    assert "\r" not in sys.stderr.getvalue() and "3/3" not in sys.stderr.getvalue()


def test_elsewhere_plain_lines_say_the_epoch_and_the_total_loss(paint, capsys):
    assert paint() == 0
    *_, network, line = capsys.readouterr().err.splitlines()
    assert network.startswith("squeezenet from ")
    assert line.startswith("epoch 3 of 3: 64 x 48, loss ")


def test_as_a_library_only_the_result_is_printed(folder, options, capsys):
    assert nstyle.train_nstyle(nstyle.get_args(options)) == "finished"
    printed = capsys.readouterr()
    assert printed.out == f"{Path('out/final.jpg')}\n" and len(printed.err.splitlines()) == 3


def test_list_weights_needs_no_pictures(folder, squeezenet_file, capsys):
    (folder / "model").mkdir()
    (folder / "model" / "squeezenet.params").symlink_to(squeezenet_file)
    assert nstyle.main(["--list-weights"]) == 0
    assert str(Path("model/squeezenet.params")) in capsys.readouterr().out
    assert sorted(os.listdir()) == ["model"]


def test_stand_ins_are_taken_for_samples_that_are_missing_with_a_notice(
    folder, monkeypatch, pictures, squeezenet_file, capsys
):
    monkeypatch.setattr(start, "folders", lambda: ["", str(folder / "scripts")])
    (folder / "scripts" / "input").mkdir(parents=True)
    for name, source in (("standin_photograph.jpg", "photo.png"), ("standin_painting.jpg", "painting.png")):
        Image.open(pictures / source).save(folder / "scripts" / "input" / name, quality=95)
    line = ["--model", "squeezenet", "--weights", str(squeezenet_file), "--gpu", "-1", "--max-num-epochs", "1"]
    assert nstyle.main(line) == 0
    notices = capsys.readouterr().err
    assert "input/IMG_4343.jpg is not installed" in notices and "standin_photograph.jpg" in notices
    assert "input/starry_night.jpg is not installed" in notices and "standin_painting.jpg" in notices
    # the real ones, in the current folder, come first
    (folder / "input").mkdir()
    for name, source in (("IMG_4343.jpg", "photo.png"), ("starry_night.jpg", "painting.png")):
        Image.open(pictures / source).save(folder / "input" / name)
    assert nstyle.main([*line, "--output-dir", "other"]) == 0
    assert "not installed" not in capsys.readouterr().err


def test_pictures_of_the_current_folder_come_before_those_beside_the_scripts(folder, monkeypatch):
    monkeypatch.setattr(start, "folders", lambda: ["", str(folder / "scripts")])
    for place in (folder / "scripts", folder):
        (place / "input").mkdir(parents=True)
        (place / "input" / "x.png").touch()
        found, notice = find.find("input/x.png")
        assert found.resolve() == (place / "input" / "x.png").resolve() and notice is None


def test_without_gpu_option_the_choice_of_the_cpu_is_said(folder, options, monkeypatch, capsys):
    line = [option for option in options if option not in ("--gpu", "-1")]
    for name in door.installed():
        monkeypatch.setattr(door.devices_of(name), "_count", lambda *kind: 0)
    assert nstyle.main(line) == 0
    assert "on the CPU" in capsys.readouterr().err


def test_a_folder_with_one_picture_gets_a_folder_for_it(paint, tmp_path, pictures):
    (tmp_path / "photos").mkdir()
    shutil.copy(pictures / "photo.png", tmp_path / "photos")
    assert paint("--content-image", "photos") == 0
    assert paint("--content-image", "photos/*.png", "--output-dir", "other") == 0
    assert Path("out/photo/final.jpg").read_bytes() == Path("other/photo/final.jpg").read_bytes()


def test_a_run_too_short_for_five_failures_has_diverged_all_the_same(paint):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert paint("--style-weight", 1e300, "--max-num-epochs", 2) == 1
    assert record("out")["status"] == "diverged"
