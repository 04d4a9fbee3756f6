"""Runs that are stopped at any moment leave nothing partial, and taken up again they end as if nothing had happened.

`crash_driver.py` says how; NSTYLE_CRASH_POINTS multiplies the number of points (`make fuzz`).
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import ROOT

import nstyle
from neural_style.engines import door

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and needs /dev/full")
MORE = int(os.environ.get("NSTYLE_CRASH_POINTS", "1"))


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        pytest.param("kill", 50, id="SIGKILL at a random moment"),
        pytest.param("call", 30, id="SIGKILL at a call of the file system"),
        pytest.param("write", 15, id="SIGKILL in the middle of a write"),
        pytest.param("error", 35, id="ENOSPC, EIO, EFBIG at open, write, fsync, rename"),
        pytest.param("replace", 30, id="SIGKILL while a finished run is replaced"),
        pytest.param("signal", 10, id="SIGTERM or SIGINT at a random moment"),
    ],
)
def test_a_stopped_run_is_whole_and_goes_on(kind, count, tmp_path):
    memory = Path("/dev/shm")  # where a flush costs nothing
    place = memory if os.access(memory, os.W_OK) else tmp_path
    with tempfile.TemporaryDirectory(dir=place) as folder:
        driver = ROOT / "tests" / "support" / "crash_driver.py"
        command = [sys.executable, str(driver), kind, str(MORE * count), str(MORE), folder]
        result = subprocess.run(command, capture_output=True, text=True, timeout=600 * MORE)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    print(kind, found)
    assert found["wrong"] == []
    assert found["stopped"] >= found["points"] / 2


WATCHED = """
import signal, sys
from neural_style import start

class Watch:
    def find_spec(self, name, path=None, target=None):
        asked_for = sys._getframe(2).f_globals["__name__"] != "importlib.util"  # which only looks whether it is there
        if asked_for and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            print(name, file=sys.__stdout__)

sys.meta_path.insert(0, Watch())
sys.stdout = sys.stderr
sys.exit(start.run("neural_style.runs.command"))
"""


@pytest.mark.parametrize("engine", [*door.installed()] or ["auto"])
def test_no_library_is_loaded_in_the_middle_of_a_run(tmp_path, options, engine):
    """Compiled code turns a Ctrl-C while NumPy is imported into an ImportError, which nobody takes for a Ctrl-C."""
    command = [sys.executable, "-c", WATCHED]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *options, "--engine", engine], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, timeout=300)  # fmt: skip
    assert done.returncode == 0, done.stderr
    late = {name.partition(".")[0] for name in done.stdout.split()}
    assert not late & {"PIL", "array_api_compat", "mxnet", "numpy", "scipy", "skimage", "torch"}, done.stdout


def test_sigterm_is_left_as_it_was_found(capsys):
    before = signal.getsignal(signal.SIGTERM)
    assert nstyle.main(["--list-weights"]) == 0
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_command_runs_in_a_thread_which_can_handle_no_signals(capsys):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(nstyle.main, ["--list-weights"]).result() == 0
