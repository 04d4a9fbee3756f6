"""The command `python -m neural_style.learn`: a painting and photographs in, a painter out."""

import argparse
import importlib.util
import sys
from pathlib import Path

from ..errors import InputError, RunError, one_line
from ..runs import options, talk, values
from ..runs.command import Terminated, ended_by_signals
from .declared import GROUPS, OPTIONS

PROG = "python -m neural_style.learn"
EPILOG = "Beside the painter a folder of its lesson, NAME-lesson, holds its sheets of pictures, a page and its state."


def main(arglist=None):
    """Learn; returns the exit status: 0, 1 (cannot go on), 2 (bad input), 129 or 143 (a signal)."""
    try:
        with ended_by_signals():
            return _command(sys.argv[1:] if arglist is None else [*map(str, arglist)])
    except Terminated as error:
        return 128 + error.signal


def _command(arguments):
    try:
        settings = parse(arguments)
        if importlib.util.find_spec("torch") is None:
            raise InputError("learning needs PyTorch: pip install torch; repainting with --painter does not.")
        from . import course

        talk.answer(course.learn(settings))
        return 0
    except InputError as error:
        talk.say(f"{PROG}: error: {error}")
        return 2
    except (RunError, MemoryError) as error:
        talk.say(f"{PROG}: error: {one_line(error)}")
        return 1


def parse(arguments):
    """A namespace from the words of a command line, in which every option has a value, checked.

    Raises
    ------
    InputError
    """
    parser = options.parser_of(GROUPS, prog=PROG, epilog=EPILOG,
                               description="Learn a painting once, so that any picture can be repainted at once "
                                           "(Johnson, Alahi & Fei-Fei, arXiv 1603.08155).")  # fmt: skip
    given, alone = options.words_of(parser, OPTIONS, arguments)
    if alone:
        raise InputError(f"{alone[0]}: belongs to no option; did you mean --style-image {alone[0]}?")
    it = {name: option.default for name, option in OPTIONS.items()}
    it.update({name: values.read(OPTIONS[name], value) for name, value in given.items()})
    it = argparse.Namespace(**it)
    if it.style_image is None:
        raise InputError("--style-image: name the painting to learn.")
    if it.resume and it.overwrite:
        raise InputError("--resume: goes on with the lesson that --overwrite would remove; give one of them.")
    if it.steps is None and it.minutes is None:
        it.minutes = 20.0
    if it.out is None:
        it.out = str(Path("model") / f"{Path(it.style_image).stem}.safetensors")
    if Path(it.out).suffix != ".safetensors":
        raise InputError(f"--out {it.out}: a painter's file ends in .safetensors; name it so.")
    it.command = ["python", "-m", "neural_style.learn", *arguments]
    return it
