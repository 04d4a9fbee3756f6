#!/usr/bin/env python3
"""Repaint a photograph in the style of a painting.

    sh download.sh
    python nstyle.py --gpu -1 --max-num-epochs 150

From Python: `paint(content, style)`, `painting(content, style)`; as in MXNet's example,
`train_nstyle(get_args([...]), callback)`.
"""

import importlib
import sys

from neural_style import start

# what notebooks of MXNet's example import from here besides, and where it lives
EXAMPLE = {
    **dict.fromkeys(
        ("CallbackData", "PreprocessContentImage", "PreprocessStyleImage", "PostprocessImage", "SaveImage"),
        "neural_style.pictures.example",
    ),
    **dict.fromkeys(
        ("style_gram_symbol", "get_loss", "get_tv_grad_executor"),
        "neural_style.engines.mxnet.example",
    ),
}


def __getattr__(name):
    """The names of MXNet's example, when they are asked for; those of symbols need MXNet."""
    if name not in EXAMPLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(EXAMPLE[name]), name)


def get_args(arglist=None):
    """The options of a run as a namespace; `sys.argv` by default. See `neural_style.runs.options.parse`."""
    from neural_style.runs import options

    return options.parse(arglist)


def train_nstyle(args, callback=None, shared=None):
    """Paint. See `neural_style.runs.paint.train`."""
    from neural_style.runs import paint

    return paint.train(args, callback, shared)


def paint(content, style, **options):
    """Paint a picture, and write no file unless `output_dir` is given.

    Parameters
    ----------
    content, style : str, PathLike, array-like or PIL.Image.Image
        The photograph and the painting, or a list of paintings: a file's name, an array (H, W, 3) of uint8, uint16 or
        floating point in 0..1, or a Pillow image of any mode.
    **options
        Those of the command line by their names, such as `max_num_epochs=150`, `model="squeezenet"`, `gpu=-1`;
        docs/options.md explains them. `content_mask`, `style_mask` and `init` take arrays, too.

    Returns
    -------
    neural_style.runs.api.Result
        `picture` (H, W, 3) in 0..1, `losses`, `settings`, `status` (why it stopped), `save(path)`.

    Raises
    ------
    ValueError
        `neural_style.errors.InputError`: a picture, the weights or an option cannot be used.
    RuntimeError
        `neural_style.errors.RunError`: the run cannot go on.

    Examples
    --------
    >>> result = paint("input/standin_photograph.jpg", "input/standin_painting.jpg", model="squeezenet",
    ...                max_long_edge=64, max_num_epochs=3, no_progress=True)
    >>> result
    <64 x 43 pixels, finished after epoch 3>
    >>> result.picture.shape, result.losses["total"].shape
    ((43, 64, 3), (3,))
    >>> result.save("painted.png")
    """
    from neural_style.runs import api

    return api.paint(content, style, **options)


def painting(content, style, **options):
    """Paint epoch by epoch: an iterator whose loop may look at each epoch, and stop.

    Leaving the loop ends the run; with `output_dir` its picture and state are saved then, and `resume=True` goes on.

    Parameters
    ----------
    content, style, **options
        As of `paint`.

    Yields
    ------
    neural_style.runs.api.Epoch
        `epoch`, `losses`, `relative_change`, `status` (None until the last one), and `picture`, (H, W, 3) in 0..1,
        which is made when it is asked for.

    Examples
    --------
    >>> for epoch in painting("input/standin_photograph.jpg", "input/standin_painting.jpg", model="squeezenet",
    ...                       max_long_edge=64, max_num_epochs=100):
    ...     if epoch.epoch == 2:
    ...         break
    >>> "style:fire2" in epoch.losses, epoch.picture.shape
    (True, (43, 64, 3))
    """
    from neural_style.runs import api

    return api.painting(content, style, **options)


def main(arglist=None):
    """The command line; returns the exit status. See `neural_style.runs.command.main`."""
    return start.run("neural_style.runs.command", arglist)


if __name__ == "__main__":
    sys.exit(main())
