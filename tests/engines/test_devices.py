"""Which device and precision a run takes, and why not another."""

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from conftest import ROOT

from neural_style.engines import door
from neural_style.engines.mxnet import devices
from neural_style.engines.mxnet.library import mx
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


def test_minus_one_is_the_cpu_without_a_word(machine):
    machine(gpus=2)
    assert devices.choose_context(-1) == (mx.cpu(), None)


def test_the_first_usable_gpu_is_taken(machine):
    machine(gpus=2)
    assert devices.choose_context(None) == (mx.gpu(0), None)
    assert devices.choose_context(1) == (mx.gpu(1), None)
    machine(gpus=2, broken={0: NO_KERNEL})
    assert devices.choose_context(None) == (mx.gpu(1), None)


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
def test_without_a_usable_gpu_the_reason_is_said(machine, state, reason):
    machine(**state)
    context, notice = devices.choose_context(None)
    assert context == mx.cpu()
    assert "CPU" in notice and reason in notice
    with pytest.raises(InputError) as error:
        devices.choose_context(0)
    assert str(error.value).startswith("--gpu 0: ") and reason in str(error.value) and "--gpu -1" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_number_beyond_the_gpus_is_an_error_that_says_which_there_are(machine):
    machine(gpus=2)
    with pytest.raises(InputError, match="--gpu 2: .*0 to 1"):
        devices.choose_context(2)


@pytest.mark.parametrize(
    ("precision", "context", "instead"),
    [("float16", mx.cpu(), "only GPUs"), ("bfloat16", mx.gpu(), "only CPUs"), ("float32", mx.cpu(), None)],
)
def test_a_precision_that_was_asked_for_is_taken_or_refused(monkeypatch, precision, context, instead):
    monkeypatch.setattr(devices, "choose_context", lambda gpu: (context, None))
    if instead is None:
        opened = door.opened(-1, precision)
        assert (opened.engine.precision, opened.choice.reason) == (precision, "asked for")
    else:
        with pytest.raises(InputError, match=f"--precision {precision}: {instead}.*float32"):
            door.opened(-1, precision)


def test_a_gpu_computes_in_float32_unless_told_otherwise(monkeypatch):
    monkeypatch.setattr(devices, "choose_context", lambda gpu: (mx.gpu(1), None))
    opened = door.opened(1)
    assert (opened.engine.device, opened.choice.precision) == ("gpu 1", "float32")
    assert door.opened(1, "float16").choice.precision == "float16"


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
