"""A run that does not fit into memory or onto the disk is refused before it begins, with what would fit."""
import os
import re
from types import SimpleNamespace

import numpy as np
import pytest

from neural_style.errors import InputError
from neural_style.painting.levels import Level
from neural_style.runs import limits as resources

GB = 10**9


@pytest.fixture
def system(tmp_path):
    """Write files of /proc and /sys below a folder; returns what they leave."""

    def leaves(**files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return resources.available_memory(tmp_path)

    return leaves


MEMINFO = {"proc/meminfo": "MemTotal:       9000000 kB\nMemAvailable:   8000000 kB\n"}


def test_memory_of_the_machine(system):
    assert system(**MEMINFO) == 8_000_000 * 1024


def test_unknown_systems_are_not_judged(system):
    assert system() is None


def test_limit_of_a_group_version_2_without_its_cache(system):
    left = system(
        **MEMINFO,
        **{
            "proc/self/cgroup": "0::/user/run\n",
            "sys/fs/cgroup/user/run/memory.max": "max\n",
            "sys/fs/cgroup/user/memory.max": "3000000000\n",
            "sys/fs/cgroup/user/memory.current": "2500000000\n",
            "sys/fs/cgroup/user/memory.stat": "anon 7\ninactive_file 400000000\n",
        },
    )
    assert left == 900_000_000


def test_limit_at_the_top_as_a_container_sees_it(system):
    group = {"sys/fs/cgroup/memory.max": "1000000\n", "sys/fs/cgroup/memory.current": "1500000\n"}
    assert system(**MEMINFO, **{"proc/self/cgroup": "0::/\n"}, **group) == 0


def test_limit_of_a_group_version_1(system):
    left = system(
        **MEMINFO,
        **{
            "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000000\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "500000000\n",
            "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 100000000\n",
        },
    )
    assert left == 1_600_000_000


def made_run(edge=600, masks=0, engine="mxnet", **options):
    settings = {
        "model": "vgg19", "precision": "float32", "style_scale": [1.0], "style_fit": "keep", "optimizer": "adam",
        "no_memory_check": False, "save_epochs": 50, "max_num_epochs": 1000, "snapshot_at": None, "image_format": "jpg",
        "border": 0, "pooling": "avg", "memory": None, "style_loss": "gram",
        "remove_noise": 0.02, "snapshot_size": 0,
    }  # fmt: skip
    size, regions = (edge * 2 // 3, edge), [np.ones((4, 6))] * masks or [None]
    return SimpleNamespace(
        settings=SimpleNamespace(**{**settings, **options}), size=size, styles=[np.zeros((40, 60, 3))], regions=regions,
        style_regions=[regions], levels=[Level(size, 1)], engine=SimpleNamespace(name=engine, device="cpu"),
        strips=None, cluster=None, kept=False,
    )  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"optimizer": "lbfgs"}, {"style_scale": [3.0]}, {"model": "squeezenet"}])
def test_what_is_said_to_fit_fits(options, monkeypatch, tmp_path):
    run = made_run(3000, **options)
    monkeypatch.setattr(resources, "available_memory", lambda: 2 * GB)
    with pytest.raises(resources.InputError) as refusal:
        resources.check(run, tmp_path)
    edge = int(re.search(r"--max-long-edge (\d+)", str(refusal.value))[1])
    assert "\n" not in str(refusal.value)
    resources.check(made_run(edge, **options), tmp_path)
    with pytest.raises(resources.InputError):
        resources.check(made_run(edge + 20, **options), tmp_path)


def test_another_precision_is_named_where_it_fits(monkeypatch, tmp_path):
    run = made_run(2000)
    monkeypatch.setattr(resources, "available_memory", lambda: resources.memory(run, "bfloat16"))
    with pytest.raises(resources.InputError, match="--precision bfloat16"):
        resources.check(run, tmp_path)


def test_the_estimate_covers_what_was_measured():
    # peak resident memory of whole runs, less that before the first epoch
    for options, edge, measured in (
        ({}, 600, 725e6), ({}, 900, 1568e6), ({"optimizer": "lbfgs"}, 600, 828e6),
        ({"optimizer": "lbfgs"}, 900, 1799e6), ({"precision": "bfloat16"}, 900, 1288e6),
        ({"precision": "bfloat16", "optimizer": "lbfgs"}, 600, 709e6),
        ({"precision": "bfloat16", "optimizer": "lbfgs"}, 900, 1556e6),
        ({"model": "squeezenet"}, 600, 404e6), ({"model": "squeezenet", "optimizer": "lbfgs"}, 600, 565e6),
        ({"model": "squeezenet", "optimizer": "lbfgs"}, 900, 1194e6),
        ({"model": "squeezenet", "precision": "bfloat16", "optimizer": "lbfgs"}, 900, 1692e6),
    ):  # fmt: skip
        estimate = resources.memory(made_run(edge, **options), options.get("precision", "float32"))
        assert measured <= estimate < measured + 200e6


def test_of_a_film_the_networks_of_all_levels_count():
    run = made_run(1200)
    run.levels = [Level((edge * 2 // 3, edge), 1) for edge in (300, 600, 1200)]
    one = resources.of_result(run, "float32")
    run.kept = True
    assert resources.of_result(run, "float32") == pytest.approx((1 + 1 / 4 + 1 / 16) * one)


def test_each_mask_takes_a_copy_of_the_style_layers():
    """Feature maps at 1, 1/2, 1/4, ... of the size, float32."""
    copy = 600 * 400 * 4 * (64 + 128 / 4 + 256 / 16 + 512 / 64 + 512 / 256)
    one, three = (resources.memory(made_run(masks=masks), "float32") for masks in (1, 3))
    assert 0.9 * 2 * copy < three - one < 1.5 * 2 * copy
    large = {"style_scale": [3.0]}
    one, three = (resources.memory(made_run(masks=masks, **large), "float32") for masks in (1, 3))
    assert 0.9 * 9 * 2 * copy < three - one


def test_a_painting_that_takes_more_than_the_result_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "available_memory", lambda: 2 * GB)
    with pytest.raises(resources.InputError) as refusal:
        resources.check(made_run(100, style_scale=[100.0]), tmp_path)
    error = str(refusal.value)
    assert error.startswith("--style-scale 100: a painting of 10000 x 6667 pixels needs about 106.")
    scale = float(re.search(r"--style-scale ([\d.]+) would fit", error)[1])
    resources.check(made_run(100, style_scale=[scale]), tmp_path)
    with pytest.raises(resources.InputError):
        resources.check(made_run(100, style_scale=[scale + 0.2]), tmp_path)


def test_more_than_mxnet_can_count_is_refused_also_where_there_is_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "available_memory", lambda: 4000 * GB)
    with pytest.raises(resources.InputError, match="--style-scale 100: 10000 x 6667 pixels are more than MXNet can"):
        resources.check(made_run(100, style_scale=[100.0]), tmp_path)
    with pytest.raises(resources.InputError, match="--max-long-edge: 9000 x 6000 pixels are more than MXNet can"):
        resources.check(made_run(9000), tmp_path)
    resources.check(made_run(9000, engine="another"), tmp_path)


def test_a_network_that_was_not_measured_is_taken_for_the_largest():
    for precision in ("float32", "bfloat16", "float16"):
        assert resources.memory(made_run(model="googlenet"), precision) == resources.memory(made_run(), precision)


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 MB"), (20_000_001, "21 MB"), (999e6, "999 MB"), (999e6 + 1, "1.00 GB"), (5_004_000_000, "5.01 GB")],
)
def test_sizes_below_a_gigabyte_are_given_in_megabytes(number, text):
    assert resources.shown(number) == text


def test_a_run_that_does_not_fit_is_refused_before_anything_is_written(paint, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(resources, "available_memory", lambda: 50_000_000)
    assert paint() == 2
    error = capsys.readouterr().err
    assert "64 x 48 pixels need about" in error and len(error.splitlines()) == 1
    assert not list((tmp_path / "out").glob("*.*g"))
    assert paint("--no-memory-check") == 0


def test_a_disk_that_is_too_full_is_refused(paint, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(resources.shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000))
    assert paint() == 2
    assert "the run may write up to" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more",
    [
        ["--optimizer", "lbfgs", "--save-epochs", "1"],
        ["--optimizer", "adam", "--average-decay", "0.9", "--save-epochs", "4"],
        ["--optimizer", "nag", "--snapshot-at", ",".join(map(str, range(1, 31))), "--image-format", "tiff"],
    ],
    ids=["lbfgs", "adam", "many snapshots"],
)
def test_at_no_moment_has_a_run_written_more_than_its_estimate(paint, tmp_path, monkeypatch, more):
    """Nor much less; the records are left out of both."""
    estimates, real, peaks, replace = [], resources.disk, [0], os.replace
    records = ("losses.csv", "run.json", "index.html")

    def measured(source, target):
        """Before a file is put in its place it stands beside what it will replace."""
        files = [path for path in (tmp_path / "out").iterdir() if path.is_file() and path.name not in records]
        if str(target).endswith((".npz", ".tiff", ".jpg")):
            peaks.append(sum(path.stat().st_size for path in files))
        replace(source, target)

    monkeypatch.setattr(resources, "RECORDS", 0)
    monkeypatch.setattr(resources, "disk", lambda run: estimates.append(real(run)) or 0)
    monkeypatch.setattr(os, "replace", measured)
    course = ["--max-num-epochs", "30", "--stop-eps", "0", "--pyramid-levels", "1", "--border", "0"]
    assert paint(*course, *more) == 0
    assert max(peaks) < estimates[0] + 50_000 < 3 * max(peaks)


def test_more_than_a_jpeg_can_hold_is_refused(tmp_path):
    with pytest.raises(InputError, match="--image-format jpg: 66000 x 44000 pixels are more than JPEG can hold"):
        resources.check(made_run(66_000, no_memory_check=True, engine="torch"), tmp_path)


def test_snapshots_of_a_bounded_size_take_less_of_the_disk():
    whole, bounded = (resources.disk(made_run(4000, snapshot_size=size)) for size in (0, 1000))
    assert bounded < whole
