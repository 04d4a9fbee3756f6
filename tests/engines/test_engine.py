"""How MXNet is loaded: with every core, unless the user says otherwise, and without a word."""

import os
import subprocess
import sys

import needs_mxnet  # noqa: F401
import pytest
from conftest import ROOT

from neural_style.engines import door
from neural_style.engines.mxnet import library as engine
from neural_style.errors import EngineError


def loaded(program, without=(), **environment):
    """A finished process that ran a program, in this environment `without` some variables and with others."""
    environment = {**{name: value for name, value in os.environ.items() if name not in without}, **environment}
    command = [sys.executable, "-W", "ignore", "-c", program]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("given, expected", [({}, engine._cores()), ({"OMP_NUM_THREADS": "1"}, 1)])
def test_mxnet_takes_every_core_unless_told_otherwise(given, expected):
    program = "import os, neural_style.engines.mxnet.library; print(os.environ['OMP_NUM_THREADS'])"
    assert int(loaded(program, without=["OMP_NUM_THREADS"], **given).stdout) == expected


@pytest.mark.parametrize("name", door.installed())
@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, ("passive", "10000")),
        ({"OMP_WAIT_POLICY": "active"}, ("active", None)),
        ({"GOMP_SPINCOUNT": "1000"}, (None, "1000")),
    ],
)
def test_threads_that_wait_leave_the_cores_to_others_unless_told_otherwise(name, given, expected):
    program = f"import os, neural_style.engines.{name}.library;"
    program += "print((os.environ.get('OMP_WAIT_POLICY'), os.environ.get('GOMP_SPINCOUNT')))"
    assert loaded(program, without=["OMP_WAIT_POLICY", "GOMP_SPINCOUNT"], **given).stdout == f"{expected}\n"


def test_mxnet_is_loaded_in_silence_and_stderr_and_the_environment_are_left_as_they_were():
    program = (
        "import os, sys; before = dict(os.environ); from neural_style.engines.mxnet.library import mx;"
        "mx.nd.ones(1).asnumpy();"
        "print(set(os.environ) - set(before)); print('end', file=sys.stderr)"
    )
    given = {
        "OMP_NUM_THREADS": "1",
        "OMP_WAIT_POLICY": "passive",
        "MXNET_CPU_TEMP_COPY": "1",
        "MXNET_SUBGRAPH_VERBOSE": "0",
    }
    run = loaded(program, without=["MXNET_ENGINE_TYPE"], **given)
    assert (run.stdout, run.stderr) == ("set()\n", "end\n")


def test_mxnet_is_loaded_where_stderr_is_closed():
    run = loaded(
        "import os; os.close(2); from neural_style.engines.mxnet.library import mx; print(mx.nd.ones(1).asnumpy())"
    )
    assert (run.returncode, run.stdout) == (0, "[1.]\n")


def test_no_more_cores_are_taken_than_the_process_may_use():
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert 1 <= engine._cores() <= allowed


FORKED = """
import os, sys
from neural_style.engines import door
engine = door.opened(-1, "float32", engine="mxnet").engine
import numpy as np
work = lambda: engine.convolved(np.ones((1, 16, 64, 64), "f4"), np.ones((16, 16, 3, 3), "f4"), np.zeros(16, "f4"))
work()
child = os.fork()
if child == 0:
    try:
        work()
    except Exception as error:
        print(type(error).__name__, error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
work()
print("the parent goes on")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_gets_an_error_and_does_not_hang():
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    error, parent = run.stdout.splitlines()
    assert error.startswith("EngineError MXNet") and "spawn" in error
    assert parent == "the parent goes on"


def test_what_mxnet_raises_is_one_line(monkeypatch):
    with pytest.raises(EngineError) as error, engine.plain_errors():
        raise engine.mx.MXNetError(
            "Traceback (most recent call last):\n  File \"x.cc\", line 12\nMXNetError: could not create\n"
            "Stack trace:\n  [bt] (0) lib.so(+0x1) [0x7f]\n\n"
        )
    assert str(error.value) == "MXNet: could not create"
