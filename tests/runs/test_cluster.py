"""Runs over workers: the same run, whoever computes it and whoever dies; what is wrong with a cluster is one line.

The workers are processes of this machine, started once.
"""

import contextlib
import csv
import itertools
import json
import os
import shlex
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import clips
import pytest
from clips import pan, write
from conftest import ROOT

from neural_style.engines import door, schedulers, workers
from neural_style.runs import dispatch, limits

distributed = pytest.importorskip("distributed", reason="distributed is not installed")
pytestmark = pytest.mark.skipif(not door.installed(), reason="no engine is installed")
ENGINE = "torch" if "torch" in door.installed() else "mxnet"
COMMON = ["--engine", ENGINE, "--precision", "float32", "--stop-eps", "0", "--max-num-epochs", "3", "--tile", "64",
          "--max-long-edge", "96", "--enlarge", "--pyramid-levels", "1", "--image-format", "png"]  # fmt: skip


@pytest.fixture(scope="module")
def cluster():
    """Two workers of one thread each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        with schedulers.opened("local:2") as found:
            yield found


@pytest.fixture
def address(cluster):
    return cluster.client.scheduler.address


def kill_one(cluster):
    os.kill(min(cluster.client.run(os.getpid).values()), signal.SIGKILL)


def losses(folder):
    with (Path(folder) / "losses.csv").open() as file:
        return [{name: float(value) for name, value in row.items() if name != "seconds"}
                for row in csv.DictReader(file)]  # fmt: skip


def picture(folder):
    return (Path(folder) / "final.png").read_bytes()


@pytest.mark.parametrize(("memory", "pairs"), [("3MB", "half"), ("2MB", "disk")])
def test_what_stays_on_this_machine_takes_less_where_memory_asks(paint, address, monkeypatch, capfd, memory, pairs):
    monkeypatch.setattr(limits, "FIXED_BYTES", 0)
    monkeypatch.setattr(limits, "PROCESS_BYTES", 0)
    assert paint(*COMMON, "--cluster", address, "--output-dir", "much") == 0
    assert paint(*COMMON, "--cluster", address, "--output-dir", "little", "--memory", memory) == 0
    assert "The steps of L-BFGS are remembered " in capfd.readouterr().err
    record = json.loads((Path("little") / "run.json").read_text())
    assert record["engine"]["cluster"]["pairs"] == pairs
    assert losses("little") == [pytest.approx(row, rel=5e-3) for row in losses("much")]


def test_a_run_over_workers_is_the_run_without_and_a_killed_worker_changes_no_byte(
    paint, cluster, address, monkeypatch, capfd
):
    assert paint(*COMMON) == 0
    assert paint(*COMMON, "--cluster", address, "--output-dir", "tiles") == 0
    printed = capfd.readouterr().err
    assert f"On 2 workers of {address}: 96 x 72 pixels in 4 tiles." in printed
    assert losses("tiles") == [pytest.approx(row, rel=2e-3) for row in losses("out")]
    assert losses("tiles")[0]["total"] == pytest.approx(losses("out")[0]["total"], rel=1e-4)

    results, calls = workers.Workers.results, itertools.count()

    def killing(self, futures):
        if next(calls) == 5:  # while the gradients of the first epoch come down
            kill_one(cluster)
        return results(self, futures)

    monkeypatch.setattr(workers.Workers, "results", killing)
    assert paint(*COMMON, "--cluster", address, "--output-dir", "killed") == 0
    assert next(calls) > 6 and picture("killed") == picture("tiles")
    assert losses("killed") == losses("tiles") and "Traceback" not in capfd.readouterr().err


def test_photographs_are_painted_one_on_each_worker(paint, pictures, address, capfd):
    Path("photos").mkdir()
    for name in ("a.png", "b.png"):
        shutil.copy(pictures / "photo.png", Path("photos") / name)
    Path("photos/c.png").write_text("no picture")
    more = ["--content-image", "photos", "--engine", ENGINE, "--precision", "float32"]
    assert paint(*more, "--cluster", address) == 1
    printed = capfd.readouterr()
    assert "2 of 3 pictures painted\n  failed: photos/c.png: not a picture" in printed.out
    lines = printed.err.splitlines()
    for name in ("a", "b"):
        assert any(line.startswith(f"photos/{name}.png: begins on tcp://") for line in lines)
        assert any(line.startswith(f"photos/{name}.png: finished after") for line in lines)
    assert paint(*more, "--output-dir", "here") == 1
    assert Path("out/a/final.jpg").read_bytes() == Path("here/a/final.jpg").read_bytes()


def test_a_photograph_that_a_dead_worker_began_is_taken_up(paint, folder):
    assert paint("--engine", ENGINE) == 0
    for status, started, right in (("running", "2030", True), ("running", "2010", False), ("finished", "2030", False)):
        text = (folder / "out" / "run.json").read_text()
        record = text.replace('"finished"', f'"{status}"', 1).replace('"started": "20', f'"started": "{started}20', 1)
        (folder / "other").mkdir(exist_ok=True)
        (folder / "other" / "run.json").write_text(record)
        assert dispatch._was_begun(folder / "other", "2026-01-01T00:00:00+00:00") is right


@pytest.mark.parametrize(("value", "line"), [
    ("tcp://127.0.0.1:9", "refused; is `dask scheduler` running there?"),
    ("127.0.0.1:9", "refused; is `dask scheduler` running there?"),
    ("tcp://127.0.0.1:99999", "is `dask scheduler` running there?"),
    ("tls://127.0.0.1:9", "Dask knows no certificates"),
    ("local:", "how many workers?"),
    ("local:0", "how many workers?"),
    ("nothere.json", "there is no such scheduler file"),
    ("broken.json", "is no file that a scheduler wrote"),
    ("list.json", "is no file that a scheduler wrote"),
])  # fmt: skip
def test_a_cluster_that_is_none_is_one_line(paint, folder, capfd, value, line):
    (folder / "broken.json").write_bytes(b"\xff{")
    (folder / "list.json").write_text("[]")
    assert paint("--engine", ENGINE, "--cluster", value) == 2
    (said,) = capfd.readouterr().err.splitlines()
    assert said.startswith(f"nstyle: error: --cluster {value}: ") and line in said and not Path("out").exists()


class Greeting(socketserver.BaseRequestHandler):
    """What another kind of server says first."""

    def handle(self):
        self.request.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")
        with contextlib.suppress(OSError):  # who came goes away
            self.request.recv(1)


def test_another_kind_of_server_is_no_scheduler(paint, folder, capfd):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greeting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = "{}:{}".format(*server.server_address)
        assert paint("--engine", ENGINE, "--cluster", address) == 2
        server.shutdown()
    (said,) = capfd.readouterr().err.splitlines()
    assert said == (
        f"nstyle: error: --cluster {address}: no scheduler of Dask answers; is `dask scheduler` running there?"
    )


def test_without_distributed_it_is_one_line(paint, folder, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert paint("--engine", ENGINE, "--cluster", "local:2") == 2
    assert "needs the package distributed: pip install" in capfd.readouterr().err


def test_a_scheduler_that_is_lost_leaves_a_state_to_go_on_from(paint, folder, address, capfd, monkeypatch):
    """The scheduler is another process, which dies."""
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
               "--no-dashboard", "--scheduler-file", "scheduler.json"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as scheduler:
        try:
            while not (folder / "scheduler.json").exists():
                assert scheduler.poll() is None
            monkeypatch.setattr(workers, "PATIENCE", 1)
            assert paint(*COMMON, "--cluster", "scheduler.json") == 2
            assert "no worker has come; start some with `dask worker" in capfd.readouterr().err
            monkeypatch.undo()
            monkeypatch.chdir(folder)
            results, calls = workers.Workers.results, itertools.count()

            def losing(self, futures):
                if next(calls) == 7:  # in the second epoch
                    scheduler.kill()
                return results(self, futures)

            worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", "scheduler.json",
                      "--nthreads", "1", "--no-dashboard", "--no-nanny", "--death-timeout", "60"]  # fmt: skip
            with subprocess.Popen(worker, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as one:
                monkeypatch.setattr(workers.Workers, "results", losing)
                assert paint(*COMMON, "--cluster", "scheduler.json") == 1
                one.kill()
        finally:
            scheduler.kill()
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    printed = capfd.readouterr().err
    assert "Interrupted; the picture reached so far is out/final.png" in printed and "Traceback" not in printed
    assert "the connection to the scheduler was lost; see to it, then go on with --resume." in printed.splitlines()[-1]
    assert paint(*COMMON, "--cluster", address, "--resume") == 0
    assert "Going on from epoch 1." in capfd.readouterr().err
    assert paint(*COMMON, "--cluster", address, "--output-dir", "whole") == 0
    assert picture("out") == picture("whole")


def commands_of(page):
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    return [shlex.split(line)[2:] for line in lines if line.startswith("    python nstyle.py")]


@pytest.mark.parametrize("words", commands_of("cluster.md"), ids=" ".join)
def test_the_commands_of_the_page_paint(paint, pictures, folder, address, words):
    (folder / "input").mkdir()
    shutil.copy(pictures / "photo.png", folder / "input")
    if "clip.mp4" in words:
        clips.write(folder / "clip.mp4", clips.pan(3))
    (folder / "scheduler.json").write_text(json.dumps({"address": address}))
    if "clip.mp4" in words:
        write(folder / "clip.mp4", pan(2))
    words = [address if word.startswith(("local:", "tcp:")) else word for word in words]
    assert paint("--engine", ENGINE, *words, "--max-long-edge", "48", "--max-num-epochs", "1") == 0
    assert list((folder / "out").rglob("final.mp4" if "clip.mp4" in words else "final.jpg"))


def test_local_workers_share_cores_and_take_a_card_each(tmp_path):
    first, second, third = (schedulers.environment(number, 3, ["0", "5"], {}) for number in range(3))
    assert [it["CUDA_VISIBLE_DEVICES"] for it in (first, second, third)] == ["0", "5", "0"]
    assert int(first["OMP_NUM_THREADS"]) >= 1 and first["OMP_WAIT_POLICY"] == "passive"
    given = {"OMP_NUM_THREADS": "4", "OMP_WAIT_POLICY": "active"}
    assert "CUDA_VISIBLE_DEVICES" not in schedulers.environment(0, 2, [], given)
    assert schedulers.environment(0, 2, [], given)["OMP_NUM_THREADS"] == "4"
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / "gpus" / name).mkdir(parents=True)
    assert schedulers.cards_here({}, tmp_path / "gpus") == ["0", "1"]
    assert schedulers.cards_here({}, tmp_path / "none") == []
    assert schedulers.cards_here({"CUDA_VISIBLE_DEVICES": "3, 1"}, tmp_path / "gpus") == ["3", "1"]
    assert schedulers.cards_here({"CUDA_VISIBLE_DEVICES": ""}, tmp_path / "gpus") == []
