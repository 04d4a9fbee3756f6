"""Which engine a run gets: by device, by processor, by a trial; and what is said where it gets none."""

import math

import pytest

from neural_style.engines import choice, door, kept, processor, trial
from neural_style.engines.choice import Candidate, Choice
from neural_style.engines.processor import Processor
from neural_style.errors import InputError


class Engine:
    """Stands for an engine on a device."""

    def __init__(self, context, precision):
        self.device, self.precision = context, precision


class Devices:
    """Stands for an engine's module `devices`."""

    CPU, engine = "cpu", Engine

    def __init__(self, gpus=(), refused=()):
        self.gpus, self.refused, self.loaded = gpus, refused, 0

    def find_gpu(self, kind, number):
        found = [gpu for gpu in self.gpus if number in (None, gpu) and kind in ("auto", "cuda")]
        return (found[0], None) if found else (None, "there is none")

    def refusal(self, context, precision):
        return "it cannot." if precision in self.refused else None

    def fast_on_gpu(self, context):
        return ["float32"]


AMX = Processor("Intel", 6, "a Xeon", frozenset({"avx2", "avx512f", "avx512_bf16", "amx_bf16"}))
UNKNOWN = Processor("", 0, "another", frozenset())
ZEN2 = Processor("AMD", 23, "an EPYC", frozenset({"avx2"}))
ZEN5 = Processor("AMD", 26, "an EPYC", frozenset({"avx2", "avx512f", "avx512_bf16"}))


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Make this machine look like another; returns the engines that were loaded."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def pretend(here=ZEN2, times=None, gpu=False, **engines):
        loaded = []
        monkeypatch.setattr(door, "installed", lambda: tuple(name for name in door.INSTALL if name in engines))
        monkeypatch.setattr(door, "devices_of", lambda name: (loaded.append(name), engines[name])[1])
        monkeypatch.setattr(processor, "at_hand", lambda: here)
        monkeypatch.setattr(processor, "may_have_gpu", lambda: gpu)
        monkeypatch.setattr(processor, "is_busy", lambda: False)
        monkeypatch.setattr(trial, "seconds", lambda candidate, *_: times[str(candidate)])
        return loaded

    return pretend


def chosen(opened):
    return opened.choice.engine, opened.engine.precision, opened.engine.device


@pytest.mark.parametrize(
    ("here", "expected"), [(AMX, ("torch", "bfloat16", "cpu")), (ZEN2, ("mxnet", "float32", "cpu"))]
)
def test_where_a_rule_knows_the_processor_only_the_engine_that_it_names_is_loaded(machine, here, expected):
    loaded = machine(here, mxnet=Devices(), torch=Devices())
    opened = door.opened(-1)
    assert chosen(opened) == expected and set(loaded) == {expected[0]}
    assert opened.choice.reason == here.title


def test_where_they_are_near_each_other_a_trial_decides_once(machine):
    times = {"mxnet, bfloat16": 0.2, "torch, bfloat16": 0.1, "mxnet, float32": 9, "torch, float32": 9}
    machine(ZEN5, times, mxnet=Devices(), torch=Devices())
    opened = door.opened(-1)
    assert chosen(opened)[:2] == ("torch", "bfloat16")
    assert opened.choice.reason == "measured 2 times as fast as mxnet, bfloat16 on this processor"
    times["torch, bfloat16"] = 1
    assert chosen(door.opened(-1))[:2] == ("torch", "bfloat16")
    kept.path().unlink()
    assert chosen(door.opened(-1))[:2] == ("mxnet", "bfloat16")


def test_a_trial_that_fails_chooses_nothing_and_nearly_as_fast_is_no_reason_to_change(machine):
    candidates = [Candidate("mxnet", "float32"), Candidate("torch", "float32")]
    failing = choice.measured(candidates, {candidates[0]: math.inf, candidates[1]: 1.0}.get, "a", "GPU")
    assert failing == Choice("torch", "float32", "mxnet, float32 does not work on this GPU")
    near = choice.measured(candidates, {candidates[0]: 1.0, candidates[1]: 0.97}.get, "b", "GPU")
    assert near == Choice("mxnet", "float32", "measured about as fast as torch, float32 on this GPU")


def test_what_is_asked_for_overrules(machine):
    machine(AMX, mxnet=Devices(), torch=Devices())
    assert chosen(door.opened(-1, engine="mxnet"))[:2] == ("mxnet", "float32")
    assert chosen(door.opened(-1, "float32", engine="torch"))[:2] == ("torch", "float32")
    assert door.opened(-1, "float32", engine="torch").choice.reason == "asked for"


def test_a_precision_that_one_engine_refuses_is_asked_of_the_other(machine):
    machine(ZEN2, mxnet=Devices(refused=["float16"]), torch=Devices())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "kept", lambda *_: {"mxnet, float16": 1, "torch, float16": 2})
        assert chosen(door.opened(-1, "float16"))[:2] == ("torch", "float16")


@pytest.mark.parametrize(
    ("here", "engines", "expected"),
    [
        (AMX, ["torch"], ("torch", "bfloat16", "cpu")), (ZEN2, ["torch"], ("torch", "float32", "cpu")),
        (AMX, ["mxnet", "torch"], ("torch", "bfloat16", "cpu")), (AMX, ["mxnet"], ("mxnet", "float32", "cpu")),
        (ZEN2, ["mxnet", "torch"], ("mxnet", "float32", "cpu")), (UNKNOWN, ["torch"], ("torch", "float32", "cpu")),
        (UNKNOWN, ["mxnet", "torch"], ("mxnet", "float32", "cpu")),
    ],
)  # fmt: skip
def test_who_is_in_a_hurry_gets_what_a_rule_knows_and_no_trial(machine, here, engines, expected):
    loaded = machine(here, {}, **{name: Devices() for name in engines})
    assert chosen(door.opened(-1, quick=True)) == expected and set(loaded) == {expected[0]}


def test_who_is_in_a_hurry_gets_what_the_engine_does_not_refuse(machine):
    machine(AMX, {}, torch=Devices(refused=["bfloat16"]))
    assert chosen(door.opened(-1, quick=True))[1] == "float32"
    assert chosen(door.opened(-1, "float32", quick=True))[1] == "float32"


def test_on_a_gpu_who_is_in_a_hurry_gets_float32_without_a_trial(machine):
    machine(AMX, {}, gpu=True, torch=Devices(gpus=[0]))
    assert chosen(door.opened(0, quick=True)) == ("torch", "float32", 0)


def test_mxnet_does_not_compute_with_amx(machine):
    machine(AMX, mxnet=Devices())
    assert chosen(door.opened(-1))[:2] == ("mxnet", "float32")


def test_a_gpu_that_only_one_engine_can_use_is_used_by_it(machine):
    machine(gpu=True, mxnet=Devices(gpus=[0, 1]), torch=Devices())
    assert chosen(door.opened()) == ("mxnet", "float32", 0)
    assert chosen(door.opened(1)) == ("mxnet", "float32", 1)
    assert chosen(door.opened(device="cuda")) == ("mxnet", "float32", 0)
    assert door.opened(device="cpu").engine.device == "cpu"


def test_without_a_driver_no_engine_is_loaded_to_look_for_gpus(machine):
    loaded = machine(gpu=False, mxnet=Devices(), torch=Devices(gpus=[0]))
    opened = door.opened()
    assert opened.engine.device == "cpu" and set(loaded) == {"mxnet"}
    assert opened.notice == "Painting on the CPU: there is none."


WRONG = {
    "--engine torch: it is not installed; pip install -r requirements-torch.txt": {"engine": "torch"},
    "--device mps: only PyTorch can use it; pip install -r requirements-torch.txt": {"device": "mps"},
    "--device xpu: MXNet cannot use it; use --engine torch": {"device": "xpu", "engine": "mxnet"},
    "--device cuda: --gpu -1 asks for the CPU; leave one of them out": {"device": "cuda", "gpu": -1},
    "--device cpu: --gpu 0 asks for another device; leave one of them out": {"device": "cpu", "gpu": 0},
    "--device cuda: there is none; use --gpu -1 for the CPU": {"device": "cuda"},
    "--gpu 3: there is none; use --gpu -1 for the CPU": {"gpu": 3},
    "--precision float16: it cannot.": {"gpu": -1, "precision": "float16"},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_go_together_is_one_line(machine, message):
    machine(mxnet=Devices(refused=["float16"]))
    with pytest.raises(InputError) as error:
        door.opened(**WRONG[message])
    assert str(error.value).removesuffix(".") == message.removesuffix(".")


def test_without_any_engine_both_ways_to_install_one_are_named(machine):
    machine()
    with pytest.raises(InputError, match="requirements.txt .* requirements-torch.txt"):
        door.opened(-1)


def test_a_user_whose_time_the_other_engine_would_halve_is_told_once(machine):
    machine(AMX, mxnet=Devices())
    notice = door.opened(-1).notice
    assert "half the time" in notice and door.INSTALL["torch"] in notice
    assert door.opened(-1).notice is None
    machine(AMX, mxnet=Devices(), torch=Devices())
    assert door.opened(-1).notice is None


def test_a_trial_in_another_process_gives_seconds_and_infinity_where_it_cannot():
    name = door.installed()[0]
    assert 0 < trial.seconds(Candidate(name, "float32"), device="cpu") < trial.LONGEST
    assert trial.seconds(Candidate(name, "float16")) == math.inf
    assert trial.seconds(Candidate("none", "float32")) == math.inf
