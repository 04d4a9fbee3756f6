#!/usr/bin/env python3
"""Repaint a photograph in the style of a painting.

    sh download.sh
    python nstyle.py --gpu -1 --max-num-epochs 150

As a library: `train_nstyle(get_args([...]), callback)`.
"""

import sys

from neural_style.runs import command, options, paint


def get_args(arglist=None):
    """The options of a run as a namespace; `sys.argv` by default.

    Raises
    ------
    InputError
        If an option is unknown or is not of its form.
    """
    return options.parse(arglist)


def train_nstyle(args, callback=None, shared=None):
    """Paint; see `neural_style.runs.paint.train`."""
    return paint.train(args, callback, shared)


def main(arglist=None):
    """The command line; returns the exit status."""
    return command.main(arglist)


if __name__ == "__main__":
    sys.exit(main())
