"""What this machine computes with, and how fast: `python -m neural_style.engines [NETWORK]`."""

import argparse
import math
import sys

from ..errors import InputError
from ..networks.registry import NETWORKS
from . import door, processor, trial
from .choice import Candidate

PRECISIONS = ("float32", "bfloat16")


def main(arglist=None):
    """Print a table of engines and precisions with the time that each takes here, and what a run would choose."""
    parser = argparse.ArgumentParser(prog="python -m neural_style.engines", description=__doc__.splitlines()[0])
    parser.add_argument("network", nargs="?", choices=NETWORKS, default="vgg19", help="default: %(default)s")
    network = NETWORKS[parser.parse_args(arglist).network]
    here = processor.at_hand()
    print(f"{here.title} ({here.name}); {network.title}, both ways, on the CPU")
    for name in door.INSTALL:
        if name not in door.installed():
            print(f"{name:6} is not installed: {door.INSTALL[name]}")
            continue
        for precision in PRECISIONS:
            took = trial.seconds(Candidate(name, precision), network)
            print(f"{name:6} {precision:9}", "does not work here" if took == math.inf else f"{took:8.3f} s")
    try:
        opened = door.opened(network=network)
    except InputError as error:
        print(f"engines: error: {error}", file=sys.stderr)
        return 2
    print(f"A run takes {opened.choice} (on {opened.engine.device}).")
    if opened.notice:
        print(opened.notice)
    return 0


if __name__ == "__main__":
    sys.exit(main())
