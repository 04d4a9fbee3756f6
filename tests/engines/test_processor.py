"""What a processor is taken for, and what is kept of a trial."""

import json
import os

import pytest

from neural_style.engines import choice, kept, processor
from neural_style.engines.choice import Candidate

AVX512 = "avx2 avx512f"
MACHINES = {
    "AMD Zen 5": ("AuthenticAMD", 26, f"{AVX512} avx512_bf16"),
    "AMD Zen 4": ("AuthenticAMD", 25, f"{AVX512} avx512_bf16"),
    "AMD with AVX2": ("AuthenticAMD", 23, "avx2"),
    "Intel with AMX": ("GenuineIntel", 6, f"{AVX512} avx512_bf16 amx_tile amx_bf16"),
    "Intel with AVX512-BF16": ("GenuineIntel", 6, f"{AVX512} avx512_bf16"),
    "Intel with AVX-512": ("GenuineIntel", 6, AVX512),
}
CANDIDATES = [Candidate("mxnet", "float32"), Candidate("mxnet", "bfloat16")]


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Make this machine's processor another one."""

    def pretend(text):
        file = tmp_path / "cpuinfo"
        file.write_text(text)
        monkeypatch.setattr(processor, "CPUINFO", file)

    return pretend


def cpuinfo(title):
    vendor, family, flags = MACHINES[title]
    one = f"vendor_id\t: {vendor}\ncpu family\t: {family}\nmodel name\t: X\nflags\t\t: fpu {flags} sse\n"
    return f"{one}\n{one}"


def never(candidate):
    raise AssertionError("nothing is tried where a rule knows")


@pytest.mark.parametrize("title", MACHINES)
def test_a_processor_is_told_by_what_linux_says(machine, title):
    machine(cpuinfo(title))
    assert processor.at_hand({}).title == title


@pytest.mark.parametrize("title", MACHINES)
def test_with_mxnet_bfloat16_is_for_zen_4_and_5(machine, title):
    machine(cpuinfo(title))
    chosen = choice.choose(CANDIDATES, processor.at_hand({}), never)
    low = title in ("AMD Zen 5", "AMD Zen 4")
    assert chosen == ("mxnet", "bfloat16" if low else "float32", title)
    assert str(chosen).endswith(f": {title}")


@pytest.mark.parametrize(("limit", "title"), [("AVX2", "AMD with AVX2"), ("AVX512_CORE", "AMD with AVX-512"),
                                              ("ALL", "AMD Zen 5"), ("nonsense", "AMD Zen 5")])  # fmt: skip
def test_a_limit_that_the_user_has_set_counts(machine, limit, title):
    machine(cpuinfo("AMD Zen 5"))
    assert processor.at_hand({"DNNL_MAX_CPU_ISA": limit}).title == title


def test_where_the_system_does_not_say_nothing_is_claimed(machine, monkeypatch, tmp_path):
    machine("processor : 0\nFeatures : fp asimd bf16\nCPU implementer : 0x41\n")
    assert processor.at_hand({}).features == {"asimd", "bf16"}
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "none")
    assert processor.at_hand({}).features == frozenset()


IS_BUSY = processor.is_busy


@pytest.fixture
def unknown(machine, monkeypatch, tmp_path):
    """A processor that no rule knows, and an empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    machine("processor : 0\nFeatures : fp asimd bf16\nCPU implementer : 0x41\n")
    monkeypatch.setattr(processor, "is_busy", lambda: False)
    return processor.at_hand({})


def trial(asked, **times):
    def seconds(candidate):
        asked.append(candidate.precision)
        return times[candidate.precision]

    return seconds


def test_an_unknown_processor_is_tried_once_and_chooses_the_same_again(unknown):
    asked = []
    first = choice.choose(CANDIDATES, unknown, trial(asked, float32=3.0, bfloat16=2.0), "vgg19")
    assert first[:2] == ("mxnet", "bfloat16") and "1.5 times as fast as mxnet, float32" in first.reason
    again = choice.choose(CANDIDATES, unknown, trial(asked, float32=2.0, bfloat16=3.0), "vgg19")
    assert again == first and asked == ["float32", "bfloat16"]
    other = choice.choose(CANDIDATES, unknown, trial(asked, float32=2.0, bfloat16=3.0), "squeezenet")
    assert other.precision == "float32" and len(asked) == 4


def test_what_a_busy_machine_takes_for_fast_is_not_kept(unknown, monkeypatch):
    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(processor, "is_busy", IS_BUSY)
        patch.setattr(processor.os, "getloadavg", lambda: (100.0, 0.0, 0.0), raising=False)
        busy = choice.choose(CANDIDATES, unknown, trial(asked, float32=2.0, bfloat16=3.0))
    assert busy.precision == "float32" and processor.is_busy() is False
    calm = choice.choose(CANDIDATES, unknown, trial(asked, float32=3.0, bfloat16=2.0))
    assert calm.precision == "bfloat16" and len(asked) == 4


DAMAGE = ["", "{", "[]", "null", '"x"', "[" * 100000, "\x00"]


@pytest.mark.parametrize("text", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_cache_is_as_good_as_none_and_is_mended(unknown, text):
    kept.path().parent.mkdir(parents=True)
    kept.path().write_text(text)
    assert choice.choose(CANDIDATES, unknown, trial([], float32=3.0, bfloat16=2.0)).precision == "bfloat16"
    assert choice.choose(CANDIDATES, unknown, never).precision == "bfloat16"


@pytest.mark.parametrize("times", [{}, [], None, {"mxnet, float32": 1}, {"mxnet, float32": "1", "mxnet, bfloat16": 2},
                                   {"mxnet, float32": -1, "mxnet, bfloat16": 2}], ids=str)  # fmt: skip
def test_values_in_the_cache_that_are_no_times_are_measured_again(unknown, times):
    choice.choose(CANDIDATES, unknown, trial([], float32=3.0, bfloat16=2.0))
    values = json.loads(kept.path().read_text())
    kept.path().write_text(json.dumps(dict.fromkeys(values, times)))
    assert choice.choose(CANDIDATES, unknown, trial([], float32=2.0, bfloat16=3.0)).precision == "float32"


@pytest.mark.parametrize("place", ["a file", "not allowed", "no home"])
def test_a_cache_that_cannot_be_written_changes_nothing(unknown, monkeypatch, tmp_path, place):
    if place == "a file":
        (tmp_path / "cache").write_text("")
    elif place == "not allowed":
        (tmp_path / "cache").mkdir(mode=0o500)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        monkeypatch.setattr(kept.Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    assert choice.choose(CANDIDATES, unknown, trial([], float32=3.0, bfloat16=2.0)).precision == "bfloat16"
    assert not (tmp_path / "relative").exists() and not os.path.exists("relative")
