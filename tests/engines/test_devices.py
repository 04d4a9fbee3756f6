"""Which device and precision a run takes, and why not another."""

from types import SimpleNamespace

import pytest

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


@pytest.mark.parametrize(("flags", "precision"), [("avx512f avx512_bf16", "bfloat16"), ("avx2 avx512f", "float32")])
def test_auto_is_bfloat16_only_where_the_processor_computes_in_it(tmp_path, monkeypatch, flags, precision):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"flags : fpu {flags}\n")
    monkeypatch.setattr(devices, "Path", lambda path: cpuinfo)
    assert devices.choose_precision("auto", mx.cpu()) == precision
    assert devices.choose_precision("auto", mx.gpu()) == "float32"
    cpuinfo.unlink()
    assert devices.choose_precision("auto", mx.cpu()) == "float32"


def test_a_precision_that_was_asked_for_is_taken_or_refused():
    for precision, context in (
        ("float32", mx.cpu()),
        ("bfloat16", mx.cpu()),
        ("float32", mx.gpu()),
        ("float16", mx.gpu()),
    ):
        assert devices.choose_precision(precision, context) == precision
    for precision, context in (("float16", mx.cpu()), ("bfloat16", mx.gpu())):
        with pytest.raises(InputError, match=f"--precision {precision}: .*float32"):
            devices.choose_precision(precision, context)
