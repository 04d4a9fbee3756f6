"""A run that does not fit into memory or onto the disk is refused before it begins, with what would fit."""
import re
from types import SimpleNamespace

import numpy as np
import pytest

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


def made_run(edge=600, **options):
    settings = {
        "model": "vgg19", "precision": "float32", "style_scale": [1.0], "style_fit": "keep", "optimizer": "adam",
        "no_memory_check": False, "save_epochs": 50, "max_num_epochs": 1000, "snapshot_at": None, "image_format": "jpg",
    }  # fmt: skip
    size = (edge * 2 // 3, edge)
    return SimpleNamespace(
        settings=SimpleNamespace(**{**settings, **options}), size=size, styles=[np.zeros((40, 60, 3))], regions=[None],
        levels=[Level(size, 1)], engine=SimpleNamespace(device="cpu"),
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


def test_a_run_stays_below_its_estimate_of_the_disk(paint, tmp_path, monkeypatch):
    estimates, real = [], resources.disk
    monkeypatch.setattr(resources, "disk", lambda run: estimates.append(real(run)) or 0)
    assert paint("--max-num-epochs", "16", "--save-epochs", "1", "--stop-eps", "0", "--pyramid-levels", "1") == 0
    written = sum(path.stat().st_size for path in (tmp_path / "out").iterdir())
    assert written < estimates[0]
