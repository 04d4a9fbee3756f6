"""From `--gpu` and `--precision` to an engine on a device. An engine's library is loaded when it is first opened."""

from typing import NamedTuple, Optional

from ..errors import InputError
from . import choice, processor
from .choice import Candidate, Choice
from .contract import Engine


class Opened(NamedTuple):
    """An engine that is ready."""

    engine: Engine
    choice: Choice
    notice: Optional[str]  # for the user, where the device was chosen for him


def opened(gpu=None, precision="auto", network=None):
    """The engine that a run computes with.

    Parameters
    ----------
    gpu : int or None
        A GPU's number, -1 for the CPU, None for the first usable GPU, else the CPU.
    precision : {"auto", "float32", "bfloat16", "float16"}
        Of the convolutions; with `auto` what is fastest on this machine.
    network : networks.layers.Network, optional
        What the run will compute: wanted by `auto` on processors that no rule knows.

    Returns
    -------
    Opened

    Raises
    ------
    InputError
        If the device, or the precision on it, cannot be used.
    """
    from .mxnet import devices  # loads MXNet

    context, notice = devices.choose_context(gpu)
    here = processor.at_hand() if devices.AMX else processor.at_hand().without("amx_bf16")
    if precision == "auto":
        chosen = _fastest(devices, context, here, network)
    else:
        refusal = devices.refusal(context, precision)
        if refusal:
            raise InputError(f"--precision {precision}: {refusal}")
        chosen = Choice(devices.NAME, precision, "asked for")
    return Opened(devices.engine(context, chosen.precision), chosen, notice)


def _fastest(devices, context, here, network):
    if devices.is_gpu(context):
        return Choice(devices.NAME, "float32", "a GPU")
    candidates = [Candidate(devices.NAME, precision) for precision in devices.precisions(context)]
    return choice.choose(
        candidates,
        here,
        lambda candidate: choice.seconds(devices.engine(context, candidate.precision), network),
        f"{devices.NAME} {devices.VERSION}, {network.name if network else 'no network'}",
    )
