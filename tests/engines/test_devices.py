"""Which device and precision a run takes, and why not another."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import ROOT
from needs_mxnet import mx

from neural_style.engines import door, processor
from neural_style.engines.processor import Processor
from neural_style.errors import InputError


@pytest.fixture
def machine(monkeypatch):
    """Make this machine look like one with CUDA and GPUs; `broken` maps a GPU's number to MXNet's error."""

    def pretend(cuda=True, gpus=1, broken=None):
        def ones(shape, context):
            if context.device_id in (broken or {}):
                raise mx.MXNetError(broken[context.device_id])
            return mx.nd.array([1.0])

        def num_gpus():
            if gpus is None:
                raise mx.MXNetError("CUDA: driver version is insufficient")
            return gpus

        monkeypatch.setattr(mx.runtime, "Features", lambda: SimpleNamespace(is_enabled=lambda name: cuda))
        monkeypatch.setattr(mx.context, "num_gpus", num_gpus)
        monkeypatch.setattr(mx.nd, "ones", ones)

    return pretend


NO_KERNEL = "Check failed: e == cudaSuccess: CUDA: no kernel image is available for execution on the device"


@pytest.fixture
def gpu(monkeypatch):
    """The door on a machine that has a GPU's driver, and MXNet alone, with a processor of which nothing is known."""
    monkeypatch.setattr(door, "installed", lambda: ("mxnet",))
    monkeypatch.setattr(processor, "at_hand", lambda: Processor("", 0, "", frozenset()))
    monkeypatch.setattr(processor, "may_have_gpu", lambda: True)


def test_minus_one_is_the_cpu_without_a_word(machine, gpu):
    machine(gpus=2)
    opened = door.opened(-1)
    assert (opened.engine.device, opened.notice) == ("cpu", None)


def test_the_first_usable_gpu_is_taken(machine, gpu):
    machine(gpus=2)
    assert door.opened(None).engine.device == "gpu 0"
    assert door.opened(1).engine.device == "gpu 1"
    machine(gpus=2, broken={0: NO_KERNEL})
    assert door.opened(None, device="cuda").engine.device == "gpu 1"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"cuda": False, "gpus": 0}, "this build of MXNet has no CUDA"),
        ({"gpus": None}, "no GPU"),
        ({"gpus": 0}, "no GPU"),
        ({"broken": {0: NO_KERNEL}}, "newer than the machine code"),
        ({"broken": {0: "trace\nout of memory"}}, "does not work (out of memory)"),
    ],
)
def test_without_a_usable_gpu_the_reason_is_said(machine, gpu, state, reason):
    machine(**state)
    opened = door.opened()
    assert opened.engine.device == "cpu"
    assert "CPU" in opened.notice and reason in opened.notice
    with pytest.raises(InputError) as error:
        door.opened(0)
    assert str(error.value).startswith("--gpu 0: ") and reason in str(error.value) and "--gpu -1" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_number_beyond_the_gpus_is_an_error_that_says_which_there_are(machine, gpu):
    machine(gpus=2)
    with pytest.raises(InputError, match="--gpu 2: .*0 to 1"):
        door.opened(2)


@pytest.mark.parametrize(
    ("precision", "number", "instead"),
    [("float16", -1, "only GPUs"), ("bfloat16", 0, "only CPUs"), ("float32", -1, None), ("float16", 0, None)],
)
def test_a_precision_that_was_asked_for_is_taken_or_refused(machine, gpu, precision, number, instead):
    machine(gpus=1)
    if instead is None:
        opened = door.opened(number, precision)
        assert (opened.engine.precision, opened.choice.reason) == (precision, "asked for")
    else:
        with pytest.raises(InputError, match=f"--precision {precision}: {instead}.*float32"):
            door.opened(number, precision)


def test_a_gpu_computes_in_float32_unless_told_otherwise(machine, gpu):
    machine(gpus=2)
    opened = door.opened(1)
    assert (opened.engine.device, opened.choice.precision) == ("gpu 1", "float32")


def as_an_older_processor(*command):
    """A finished process on a processor without AVX-512, as far as oneDNN knows."""
    environment = {**os.environ, "DNNL_MAX_CPU_ISA": "AVX2"}
    command = [sys.executable, "-W", "ignore", *map(str, command)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_bfloat16_that_does_not_work_is_one_line_and_status_2(options, folder):
    run = as_an_older_processor(ROOT / "nstyle.py", *options, "--precision", "bfloat16")
    assert run.returncode == 2
    assert run.stderr.startswith("nstyle: error: --precision bfloat16: ") and "float32" in run.stderr
    assert run.stderr.count("\n") == 1
    assert not (folder / "out").exists()


def test_without_bfloat16_a_run_is_float32_and_says_so_first(options, folder):
    run = as_an_older_processor(ROOT / "nstyle.py", *options)
    assert run.returncode == 0, run.stderr
    assert "float32: " in run.stderr.splitlines()[0] and "primitive" not in run.stderr
    record = json.loads((folder / "out" / "run.json").read_text())
    assert record["engine"]["precision"] == record["settings"]["precision"] == "float32"
    assert record["engine"]["name"] == "mxnet" and record["engine"]["device"] == "cpu"
    assert record["engine"]["chosen"] in run.stderr.splitlines()[0]
