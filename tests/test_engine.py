"""How MXNet is loaded: with every core, unless the user says otherwise."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

from neural_style import engine


@pytest.mark.parametrize("given, expected", [(None, engine._cores()), ("1", 1)])
def test_mxnet_takes_every_core_unless_told_otherwise(given, expected):
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment.update({} if given is None else {"OMP_NUM_THREADS": given})
    program = "import os, neural_style.engine; print(os.environ['OMP_NUM_THREADS'])"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, env=environment, capture_output=True
    )
    assert int(run.stdout) == expected


def test_no_more_cores_are_taken_than_the_process_may_use():
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert 1 <= engine._cores() <= allowed
