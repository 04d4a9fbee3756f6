"""From `--engine`, `--device`, `--gpu` and `--precision` to an engine on a device.

An engine's library is loaded when it is first wanted, and only one of them where a rule can choose between them.
"""

import importlib
import importlib.metadata
import importlib.util
from typing import NamedTuple, Optional

from .. import start
from ..errors import InputError
from . import choice, processor, trial
from .choice import Candidate, Choice
from .contract import Engine

# engine -> what installs it; in the order of preference where they are equally fast
INSTALL = {
    "mxnet": f"{start.install('mxnet')} (Python 3.9 to 3.12)",
    "torch": start.install("torch"),
}
FOR_GPUS = ("torch", "mxnet")  # PyTorch has machine code for newer cards, too
ONLY_TORCH = ("mps", "xpu")
DEVICES = ("auto", "cpu", "cuda", *ONLY_TORCH)


class Opened(NamedTuple):
    """An engine that is ready."""

    engine: Engine
    choice: Choice
    notice: Optional[str]  # for the user, where the device was chosen for him


def installed():
    """The engines whose library is installed, without loading any."""
    return tuple(name for name in INSTALL if importlib.util.find_spec(name))


def devices_of(name):
    """An engine's module `devices`; loads its library."""
    with start.importing():
        return importlib.import_module(f".{name}.devices", __package__)


def raft(engine):
    """RAFT on an engine's device: `torch.raft.Raft`.

    Raises
    ------
    InputError
        If the engine is not PyTorch, or something is missing.
    """
    if engine.name != "torch":
        raise InputError("--flow raft: PyTorch computes it; add --engine torch.")
    return importlib.import_module(".torch.raft", __package__).Raft(engine)


def opened(gpu=None, precision="auto", network=None, *, engine="auto", device="auto", quick=False):
    """The engine that a run computes with.

    Parameters
    ----------
    gpu : int or None
        A GPU's number, -1 for the CPU, None for the first usable GPU, else the CPU.
    precision : {"auto", "float32", "bfloat16", "float16"}
        Of the convolutions; with `auto` what is fastest on this machine.
    network : networks.layers.Network, optional
        What the run will compute: wanted by `auto` where no rule knows what is fast.
    engine : {"auto", "mxnet", "torch"}
        With `auto` one that can use the device, and the fastest there.
    device : {"auto", "cpu", "cuda", "mps", "xpu"}
    quick : bool
        `auto` takes what a rule knows to be fast on the processor, else the first engine that is there, in float32:
        nothing is tried.

    Returns
    -------
    Opened

    Raises
    ------
    InputError
        If the engine, the device, or the precision on it, cannot be used.
    """
    names = _names(engine, device)
    found = _on_gpu(names, gpu, device)
    if found is not None:
        chosen = _for_gpu(*found, "float32" if quick and precision == "auto" else precision, network)
        return Opened(devices_of(found[0]).engine(found[1], chosen.precision), chosen, None)
    chosen = _for_cpu(names, engine, precision, network, quick)
    devices = devices_of(chosen.engine)
    reason = None if _is_cpu(gpu, device) else devices.find_gpu("auto", None)[1]
    notice = f"Painting on the CPU: {reason}." if reason else choice.hint(processor.at_hand(), names, INSTALL)
    return Opened(devices.engine(devices.CPU, chosen.precision), chosen, notice)


def _names(engine, device):
    """The engines to choose from."""
    names = installed() if engine == "auto" else (engine,)
    if engine != "auto" and engine not in installed():
        raise InputError(f"--engine {engine}: it is not installed; {INSTALL[engine]}.")
    if device in ONLY_TORCH:
        if engine == "mxnet":
            raise InputError(f"--device {device}: MXNet cannot use it; use --engine torch.")
        if "torch" not in names:
            raise InputError(f"--device {device}: only PyTorch can use it; {INSTALL['torch']}.")
        return ("torch",)
    if not names:
        raise InputError(f"--engine: none is installed; {INSTALL['mxnet']}, or {INSTALL['torch']}.")
    return names


def _is_cpu(gpu, device):
    if gpu == -1 and device not in ("auto", "cpu"):
        raise InputError(f"--device {device}: --gpu -1 asks for the CPU; leave one of them out.")
    if gpu not in (None, -1) and device in ("cpu", "mps"):
        raise InputError(f"--device {device}: --gpu {gpu} asks for another device; leave one of them out.")
    return gpu == -1 or device == "cpu"


def _on_gpu(names, gpu, device):
    """The first engine that can use the GPU that is asked for, and the GPU; None for the CPU."""
    asked = gpu is not None or device != "auto"
    if _is_cpu(gpu, device) or not (asked or processor.may_have_gpu()):
        return None
    reasons = {}
    for name in FOR_GPUS:
        if name in names:
            context, reasons[name] = devices_of(name).find_gpu(device, gpu)
            if context is not None:
                return name, context
    if not asked:
        return None
    option = f"--device {device}" if gpu is None else f"--gpu {gpu}"
    raise InputError(f"{option}: {'; '.join(dict.fromkeys(reasons.values()))}; use --gpu -1 for the CPU.")


def _for_gpu(name, context, precision, network):
    devices = devices_of(name)
    if precision != "auto":
        refusal = devices.refusal(context, precision)
        if refusal:
            raise InputError(f"--precision {precision}: {refusal}")
        return Choice(name, precision, "asked for")
    candidates = [Candidate(name, each) for each in devices.fast_on_gpu(context)]
    if len(candidates) == 1:
        return Choice(*candidates[0], "a GPU")
    key = f"{devices.describe(context)}; {_key([name], network)}"
    return choice.measured(candidates, lambda it: trial.seconds(it, network, str(context)), key, "GPU")


def _for_cpu(names, engine, precision, network, quick):
    here, refusals = processor.at_hand(), []
    wanted = ("float32", "bfloat16") if precision == "auto" else (precision,)
    candidates = [Candidate(name, each) for name in names for each in wanted]
    key = _key(names, network)
    while candidates:
        asked = len(candidates) == 1 and (engine, precision) != ("auto", "auto") and not refusals
        if asked:
            chosen = Choice(*candidates[0], "asked for")
        elif quick:
            chosen = choice.known(candidates, here)
        else:
            chosen = choice.choose(candidates, here, lambda it: trial.seconds(it, network), key)
        devices = devices_of(chosen.engine)
        refusal = devices.refusal(devices.CPU, chosen.precision)
        if refusal is None:
            return chosen
        refusals.append(refusal)
        candidates.remove(Candidate(chosen.engine, chosen.precision))
    raise InputError(f"--precision {precision}: {refusals[0]}")


def _key(names, network):
    """What speed depends on besides the machine: the engines' versions and the network."""
    return ", ".join([f"{name} {_version(name)}" for name in names] + [network.name if network else "no network"])


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:  # such as mxnet-cu112
        spec = importlib.util.find_spec(name)
        return spec.origin if spec else "unknown"
