"""What the processor is: vendor, family, and the instructions that decide which precision is fast."""

import ctypes
import os
import platform
import re
import sys
from pathlib import Path
from typing import NamedTuple

CPUINFO = Path("/proc/cpuinfo")
VENDORS = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}
TOLD = ("amx_bf16", "avx512_bf16", "avx512f", "avx2", "bf16", "asimd")  # as Linux calls them, on x86-64 and on Arm
ZEN = {26: "Zen 5"}  # AMD's families of one generation; family 25 has two, told apart by their instructions

# what DNNL_MAX_CPU_ISA takes from a processor, by the first value that no longer has it
ISA = ("SSE41", "AVX", "AVX2", "AVX512_MIC", "AVX512_CORE", "AVX512_CORE_VNNI", "AVX512_CORE_BF16", "AVX512_CORE_AMX")
NEEDS = {"avx2": "AVX2", "avx512f": "AVX512_CORE", "avx512_bf16": "AVX512_CORE_BF16", "amx_bf16": "AVX512_CORE_AMX"}


class Processor(NamedTuple):
    """A processor, as far as a choice by speed depends on it."""

    vendor: str  # AMD, Intel, or as the system calls it; empty where it does not say
    family: int  # 0 where the system does not say
    name: str  # the model, as the system calls it
    features: frozenset  # of TOLD, those that may be used

    @property
    def title(self):
        """What to call it in a message: `AMD Zen 5`, `Intel with AMX`, `an x86_64 processor with AVX2`."""
        if self.vendor == "AMD":
            zen4 = "Zen 4" if self.family == 25 and "avx512_bf16" in self.features else None
            generation = zen4 or (ZEN.get(self.family) if "avx512_bf16" in self.features else None)
            if generation:
                return f"AMD {generation}"
        return f"{self.vendor or platform.machine() or 'processor'} with {self.widest}"

    @property
    def widest(self):
        """The instructions that decide what is fast, as people call them."""
        names = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16", "avx512f": "AVX-512", "avx2": "AVX2",
                 "bf16": "Arm's bfloat16", "asimd": "Arm's NEON"}  # fmt: skip
        return next((names[feature] for feature in TOLD if feature in self.features), "unknown instructions")


def at_hand(environment=os.environ):
    """The processor of this machine, less what the user's `DNNL_MAX_CPU_ISA` forbids.

    Returns
    -------
    Processor
        Where the system does not say what it has (anything but Linux), with a name alone.
    """
    try:
        text = CPUINFO.read_text(errors="replace")
    except OSError:
        return Processor("", 0, platform.processor() or platform.machine(), frozenset())
    found = {key.strip(): value.strip() for key, _, value in map(_halves, text.split("\n\n")[0].splitlines())}
    vendor = found.get("vendor_id", found.get("CPU implementer", ""))
    family = found.get("cpu family", "")
    flags = re.split(r"\s+", found.get("flags", found.get("Features", "")))
    limit = environment.get("DNNL_MAX_CPU_ISA", "").upper()
    forbidden = set()
    if limit in ISA:
        forbidden = {feature for feature, needed in NEEDS.items() if ISA.index(limit) < ISA.index(needed)}
    return Processor(
        VENDORS.get(vendor, vendor),
        int(family) if family.isdigit() else 0,
        found.get("model name", platform.machine()),
        frozenset(flags) & frozenset(TOLD) - forbidden,
    )


def _halves(line):
    return line.partition(":")


def may_have_gpu(root=Path("/dev")):
    """Whether a driver of a GPU may be there; where there is none, no engine need be loaded to find none.

    On Linux a driver shows itself as NVIDIA's device, AMD's, Intel's or that of Windows' subsystem; elsewhere: yes.
    """
    drivers = ("nvidiactl", "kfd", "dri/renderD128", "dxg")
    return not sys.platform.startswith("linux") or any((root / driver).exists() for driver in drivers)


def is_busy():
    """Whether other programs have kept more than half of the cores busy in the last minute; no where nobody says."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1) / 2


def wait_without_spinning(environment=os.environ):
    """Have OpenMP's threads soon sleep where they wait for each other, before it is loaded, unless the user said how.

    Where they spin for long, and another program wants the same cores, a run takes many times as long
    (benchmarks/together.py); where they sleep at once, up to a third longer on an idle machine.
    """
    if environment.keys().isdisjoint(("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")):
        environment["OMP_WAIT_POLICY"] = "passive"
        environment["GOMP_SPINCOUNT"] = "10000"  # GNU's alone knows it, and then heeds it before the other


def keep_freed_memory():
    """Have freed blocks of up to 32 MB wait for the next epoch, which asks for the same ones.

    Else the C library of Linux gives each back to the system, which clears it page by page when it hands it out again:
    a tenth of an epoch. Larger blocks go back, as they would leave holes. Elsewhere nothing happens.
    """
    mallopt = _of_c_library("mallopt")
    trim_threshold, mmap_threshold, block = -1, -3, 32 << 20  # malloc.h
    if mallopt is not None:
        mallopt(mmap_threshold, block)
        mallopt(trim_threshold, 2 * block)


def give_back_memory():
    """Give memory that is free within this process back to the system, where its C library can (glibc)."""
    trim = _of_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def _of_c_library(name):
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
