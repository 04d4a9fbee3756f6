"""The options of a run: their names, defaults and limits, for the command line and for namespaces made by hand."""

import argparse
import math
import numbers
import os
import sys

from ..errors import InputError
from ..painting import losses, starts
from ..painting.optimizers import OPTIMIZERS
from ..pictures import colors, reading

MODELS = ("vgg19", "squeezenet")

PRESETS = {
    "draft": {"max_long_edge": 300, "max_num_epochs": 100},
    "fast": {"model": "squeezenet", "max_num_epochs": 150},
    "quality": {"max_num_epochs": 500, "max_long_edge": 1024, "stop_eps": 0.0},
    "classic": {
        "optimizer": "nag",
        "pyramid_levels": 1,
        "precision": "float32",
        "init": "noise",
        "style_fit": "squeeze",
    },
}


CHOICES = {
    "model": MODELS,
    "optimizer": tuple(OPTIMIZERS),
    "pooling": ("avg", "max"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
    "preset": tuple(PRESETS),
    "style_fit": ("keep", "squeeze"),
    "style_loss": tuple(losses.STYLE_LOSSES),
    "preserve_colors": colors.PRESERVE,
    "image_format": ("jpg", "png", "tiff"),
    "animate": ("gif", "webp", "mp4"),
}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(message)


def _by_colon(text):
    """relu4_2:0.5,relu3_1 -> {"relu4_2": 0.5, "relu3_1": 1.0}"""
    layers = {}
    for part in text.split(","):
        name, _, weight = part.strip().partition(":")
        try:
            layers[name.strip()] = float(weight or 1)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{part}' is not a layer or layer:weight") from None
    return layers


def _whole_numbers(text):
    """10,50 -> [10, 50]"""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a list of epochs such as 10,50,100") from None


def parser():
    """The command line."""
    it = _Parser(
        prog="nstyle",
        description="Repaint a photograph in the style of a painting (Gatys, Ecker & Bethge, arXiv 1508.06576).",
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=32, width=110),
    )
    group = it.add_argument_group("pictures")
    group.add_argument(
        "--content-image",
        metavar="FILE",
        nargs="+",
        default="input/IMG_4343.jpg",
        help="the photograph; several files, a folder or a pattern: each into its own folder of results (%(default)s)",
    )
    group.add_argument(
        "--style-image",
        metavar="FILE",
        nargs="+",
        default="input/starry_night.jpg",
        help="the painting, or several (%(default)s)",
    )
    group.add_argument(
        "--style-blend-weights", metavar="W", nargs="+", type=float, help="share of each painting (equal)"
    )
    group.add_argument(
        "--style-scale",
        metavar="S",
        nargs="+",
        type=float,
        default=[1.0],
        help="long edge of the paintings over that of the result; one number, or one for each (1)",
    )
    group.add_argument(
        "--style-fit",
        choices=CHOICES["style_fit"],
        default="keep",
        help="keep a painting's shape, or squeeze it to the photograph's (%(default)s)",
    )
    group.add_argument(
        "--content-mask",
        metavar="FILE",
        help="alone: paint where it is white; with --style-mask: its flat colours name regions",
    )
    group.add_argument(
        "--style-mask", metavar="FILE", nargs="+", help="for each painting: regions by the colours of the content mask"
    )
    group.add_argument(
        "--preserve-colors",
        choices=CHOICES["preserve_colors"],
        default="none",
        help="keep the photograph's colours: its chroma under the result's luminance, or by matching the "
        "painting to it first (%(default)s)",
    )
    group.add_argument(
        "--max-long-edge",
        metavar="PIXELS",
        type=int,
        default=600,
        help="long edge of the result; 0: the photograph's (%(default)s)",
    )
    group.add_argument("--enlarge", action="store_true", help="let the result be larger than the photograph")
    group.add_argument(
        "--max-pixels",
        metavar="N",
        type=int,
        default=reading.MAX_PIXELS,
        help="refuse picture files with more pixels (%(default)s)",
    )

    group = it.add_argument_group("what to look for")
    group.add_argument(
        "--content-weight", metavar="W", type=float, default=10.0, help="of the photograph (%(default)g)"
    )
    group.add_argument("--style-weight", metavar="W", type=float, default=1.0, help="of the painting (%(default)g)")
    group.add_argument(
        "--tv-weight", metavar="W", type=float, default=0.01, help="of smoothness, total variation (%(default)g)"
    )
    group.add_argument(
        "--ratio", metavar="R", type=float, help="style weight over content weight, in place of --style-weight"
    )
    group.add_argument(
        "--style-loss",
        choices=CHOICES["style_loss"],
        default="gram",
        help="what of the style layers is compared (%(default)s)",
    )
    group.add_argument(
        "--normalize-losses", action="store_true", help="count every layer's loss relative to the size of its target"
    )
    group.add_argument(
        "--content-layers", metavar="LAYER[:W],...", type=_by_colon, help="layers of the content loss (by network)"
    )
    group.add_argument(
        "--style-layers", metavar="LAYER[:W],...", type=_by_colon, help="layers of the style loss (by network)"
    )
    group.add_argument(
        "--style-layer-weight-exp",
        metavar="X",
        type=float,
        default=1.0,
        help="multiply each deeper style layer's weight by this once more (%(default)g)",
    )

    group = it.add_argument_group("network")
    group.add_argument("--model", choices=CHOICES["model"], default="vgg19", help="(%(default)s)")
    group.add_argument("--weights", metavar="FILE", help="weights file (model/MODEL.params, else the offline network)")
    group.add_argument("--pooling", choices=CHOICES["pooling"], help="between the blocks of convolutions (avg)")
    group.add_argument(
        "--pooling-scale", metavar="S", type=float, default=1.0, help="multiply what pooling layers give (%(default)g)"
    )
    group.add_argument(
        "--border",
        metavar="PIXELS",
        type=int,
        help="continue pictures beyond their edges by a mirrored border (by network)",
    )
    group.add_argument("--list-weights", action="store_true", help="say which networks are installed, and end")

    group = it.add_argument_group("course of the run")
    group.add_argument(
        "--preset", choices=CHOICES["preset"], help="classic: the recipe of MXNet's example/neural-style"
    )
    group.add_argument("--max-num-epochs", metavar="N", type=int, default=1000, help="epochs in all (%(default)s)")
    group.add_argument(
        "--stop-eps",
        metavar="E",
        type=float,
        default=0.005,
        help="stop when an epoch changes the picture by less, and ten the loss by hardly more (relative, %(default)g)",
    )
    group.add_argument("--optimizer", choices=CHOICES["optimizer"], default="lbfgs", help="(%(default)s)")
    group.add_argument(
        "--lr",
        metavar="RATE",
        type=float,
        help="step size: nag 0.001; grey levels of 256 for adam, lbfgs (by optimizer)",
    )
    group.add_argument(
        "--lr-sched-delay",
        metavar="EPOCHS",
        type=float,
        default=75.0,
        help="nag, adam: epochs between two cuts of the rate (%(default)g)",
    )
    group.add_argument(
        "--lr-sched-factor", metavar="F", type=float, default=0.9, help="factor of each cut (%(default)g)"
    )
    group.add_argument(
        "--average-decay",
        metavar="D",
        type=float,
        default=0.0,
        help="write the running mean of the pictures, weights D^age; 0: none (%(default)g)",
    )
    group.add_argument(
        "--pyramid-levels",
        metavar="N",
        type=int,
        help="picture sizes from coarse to fine, each twice the one before; 1: only the result's (by size)",
    )
    group.add_argument("--init", metavar="START", help=f"{', '.join(starts.NAMED)} or a picture file (by network)")
    group.add_argument(
        "--init-noise", metavar="R", type=float, default=0.0, help="share of noise in the start, 0 to 1 (%(default)g)"
    )
    group.add_argument(
        "--pink-exponent", metavar="K", type=float, default=1.0, help="with --init pink: amplitude 1/f^K (%(default)g)"
    )
    group.add_argument("--seed", metavar="N", type=int, default=0, help="of everything random (%(default)s)")

    group = it.add_argument_group("machine")
    group.add_argument("--gpu", metavar="N", type=int, help="GPU number, -1: the CPU (first usable GPU, else the CPU)")
    group.add_argument(
        "--precision",
        choices=CHOICES["precision"],
        default="auto",
        help="of the convolutions; auto: bfloat16 where the processor has AVX512-BF16 (%(default)s)",
    )
    group.add_argument("--no-memory-check", action="store_true", help="begin even where the memory seems too small")

    group = it.add_argument_group("results")
    group.add_argument(
        "--output_dir", "--output-dir", metavar="DIR", default="output/", help="created if missing (%(default)s)"
    )
    group.add_argument(
        "--image-format",
        choices=CHOICES["image_format"],
        default="jpg",
        help="of the pictures written; tiff has 16 bits (%(default)s)",
    )
    group.add_argument(
        "--save-epochs", metavar="N", type=int, default=50, help="epochs between two snapshots (%(default)s)"
    )
    group.add_argument(
        "--snapshot-at", metavar="N,...", type=_whole_numbers, help="epochs of snapshots, in place of --save-epochs"
    )
    group.add_argument("--animate", choices=CHOICES["animate"], help="make an animation of the snapshots at the end")
    group.add_argument(
        "--remove-noise",
        metavar="W",
        type=float,
        default=0.02,
        help="strength of denoising in every picture written; 0: none (%(default)g)",
    )
    group.add_argument("--no-progress", action="store_true", help="no progress bar")
    either = group.add_mutually_exclusive_group()
    either.add_argument("--resume", action="store_true", help="go on with the run in the output directory")
    either.add_argument(
        "--overwrite",
        action="store_true",
        help="remove an earlier run from the output directory instead of moving it aside",
    )

    return it


def parse(arglist=None):
    """A namespace from a command line (`sys.argv` by default).

    Raises
    ------
    InputError
        If an option is unknown or is not of its form.
    """
    it = parser()
    preset = it.parse_args(arglist).preset
    if preset:
        it.set_defaults(**PRESETS[preset])
    settings = it.parse_args(arglist)
    for option in ("content_image", "style_image"):
        value = getattr(settings, option)
        if isinstance(value, list) and len(value) == 1:
            setattr(settings, option, value[0])
    settings.command = list(sys.argv if arglist is None else ["nstyle.py", *map(str, arglist)])
    return settings


def complete(settings):
    """A copy of a namespace in which every option has a value, checked.

    Options that are missing or None take their defaults; fields that are no options are left alone.

    Raises
    ------
    InputError
        If a value is out of range; it names the option.
    """
    it = parser()
    it.set_defaults(**PRESETS.get(getattr(settings, "preset", None), {}))
    # as defaults, strings are read like those of a command line
    it.set_defaults(**{option: value for option, value in vars(settings).items() if value is not None})
    it = it.parse_args([])
    if isinstance(it.style_image, (str, os.PathLike)):
        it.style_image = [it.style_image]
    if isinstance(it.content_image, list) and len(it.content_image) == 1:
        it.content_image = it.content_image[0]
    if isinstance(it.style_mask, (str, os.PathLike)):
        it.style_mask = [it.style_mask]
    if isinstance(it.style_scale, numbers.Real):
        it.style_scale = [it.style_scale]
    for option, choices in CHOICES.items():
        _check_choice(option, getattr(it, option), choices)
    if it.lr is None:
        it.lr = OPTIMIZERS[it.optimizer].default_rate
    for option, kind, least, most in RANGES:
        value = getattr(it, option)
        for number in value if isinstance(value, (list, tuple)) else [value]:
            _check_range(option, number, kind, least, most)
    if it.ratio is not None:
        it.style_weight = it.ratio * it.content_weight
    count = len(it.style_image)
    if it.style_mask is not None and it.content_mask is None:
        raise InputError("--style-mask: needs --content-mask, whose regions take their style from its regions.")
    if it.style_mask is not None and len(it.style_mask) != count:
        raise InputError(f"--style-mask: {len(it.style_mask)} masks for {count} style pictures; give one for each.")
    for option in ("style_blend_weights", "style_scale"):
        values = getattr(it, option)
        if values is not None and len(values) not in (count, 1):
            raise InputError(f"{_flag(option)}: {len(values)} numbers for {count} style pictures; give one for each.")
    blend = it.style_blend_weights or [1.0]
    if sum(blend) <= 0:
        raise InputError("--style-blend-weights: at least one must be above 0.")
    it.style_blend_weights = [w / sum(blend * (count // len(blend))) for w in blend * (count // len(blend))]
    it.style_scale = it.style_scale * (count // len(it.style_scale))
    return it


# option, kind, least, most; an option may also be None (chosen later) or a list of such numbers
RANGES = (
    ("style_blend_weights", float, 0, math.inf),
    ("style_scale", float, 0.01, 100),
    ("max_long_edge", int, 0, 100_000),
    ("max_pixels", int, 1, math.inf),
    ("content_weight", float, 0, math.inf),
    ("style_weight", float, 0, math.inf),
    ("tv_weight", float, 0, math.inf),
    ("style_layer_weight_exp", float, 0, math.inf),
    ("max_num_epochs", int, 1, math.inf),
    ("stop_eps", float, 0, math.inf),
    ("lr", float, 1e-12, math.inf),
    ("lr_sched_delay", float, 1e-6, math.inf),
    ("lr_sched_factor", float, 1e-6, 1),
    ("pyramid_levels", int, 1, 12),
    ("ratio", float, 0, math.inf),
    ("pooling_scale", float, 0.01, 100),
    ("average_decay", float, 0, 0.9999),
    ("snapshot_at", int, 1, math.inf),
    ("border", int, 0, 31),
    ("init_noise", float, 0, 1),
    ("pink_exponent", float, 0, 10),
    ("seed", int, 0, 2**63 - 1),
    ("gpu", int, -1, math.inf),
    ("save_epochs", int, 1, math.inf),
    ("remove_noise", float, 0, math.inf),
)


def _flag(option):
    return "--" + (option if option == "output_dir" else option.replace("_", "-"))


def _check_range(option, number, kind, least, most):
    if number is None:
        return
    wanted = numbers.Integral if kind is int else numbers.Real
    if not (isinstance(number, wanted) and math.isfinite(number) and least <= number <= most):
        limits = f"of at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        noun = "a whole number" if kind is int else "a number"
        raise InputError(f"{_flag(option)}: {number!r} is out of range; give {noun} {limits}.")


def _check_choice(option, value, choices):
    if value is not None and value not in choices:
        raise InputError(f"{_flag(option)}: there is no {value!r}; choose from {', '.join(choices)}.")
