"""The command `python -m neural_style.weights`: what a file of weights is, and the same weights in another layout."""

import argparse
import sys
from pathlib import Path

from ..errors import InputError, printable
from ..networks.registry import NETWORKS
from . import identity


def main(arglist=None):
    """Describe each file on standard output, write what `--to` names; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m neural_style.weights",
        description="Say what files of weights are: layout, network, layers, range, checksum, who published them.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="a file of weights in any known layout")
    parser.add_argument("--model", choices=NETWORKS, help="the network it is of (default: found by its shapes)")
    parser.add_argument("--to", metavar="FILE", type=Path, help="write the weights here: .params or .safetensors")
    args = parser.parse_args(arglist)
    if args.to and len(args.files) > 1:
        parser.error("--to: takes the weights of one file")
    if args.to and args.to.suffix not in identity.WRITERS:
        parser.error(f"--to {args.to}: give a name that ends in {' or '.join(identity.WRITERS)}")
    try:
        for path in args.files:
            network, stored = identity.identified(path, args.model)
            print(identity.lines(identity.description(network, stored)))
            if args.to:
                identity.convert(network, stored, args.to)
                print(printable(f"{args.to}: written"))
    except InputError as error:
        print(printable(f"{parser.prog}: error: {error}"), file=sys.stderr)
        return 2
    return 0
