#!/usr/bin/env python3
"""Repaint a photograph in the style of a painting.

    sh download.sh
    python nstyle.py --gpu -1 --max-num-epochs 150

As a library: `train_nstyle(get_args([...]), callback)`.
"""

import sys

from neural_style import start

# what notebooks of MXNet's example import from here besides
EXAMPLE = (
    "CallbackData", "PreprocessContentImage", "PreprocessStyleImage", "PostprocessImage", "SaveImage",
    "style_gram_symbol", "get_loss", "get_tv_grad_executor",
)  # fmt: skip


def __getattr__(name):
    """The names of MXNet's example, with MXNet, when they are asked for."""
    if name not in EXAMPLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from neural_style.engines.mxnet import example

    return getattr(example, name)


def get_args(arglist=None):
    """The options of a run as a namespace; `sys.argv` by default. See `neural_style.runs.options.parse`."""
    from neural_style.runs import options

    return options.parse(arglist)


def train_nstyle(args, callback=None, shared=None):
    """Paint. See `neural_style.runs.paint.train`."""
    from neural_style.runs import paint

    return paint.train(args, callback, shared)


def main(arglist=None):
    """The command line; returns the exit status. See `neural_style.runs.command.main`."""
    return start.run("neural_style.runs.command", arglist)


if __name__ == "__main__":
    sys.exit(main())
