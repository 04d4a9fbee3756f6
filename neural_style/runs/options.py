"""The options of a run as a namespace: from a command line or made by hand, completed, checked and described."""

import argparse
import difflib
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from .. import __version__, start
from ..errors import InputError
from ..pictures import find
from . import values
from .declared import GROUPS, OPTIONS, PRESETS, Option

PICTURES = ("content_image", "style_image")  # the options that can be left out before their files


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise InputError(message[len("argument ") :] if message.startswith("argument ") else message)


class _Help(argparse.HelpFormatter):
    """Keeps the lines of a help text apart."""

    def __init__(self, prog):
        super().__init__(prog, max_help_position=32, width=110)

    def _split_lines(self, text, width):
        return [line for part in text.split("\n") for line in super(_Help, self)._split_lines(part, width)]


def parser() -> argparse.ArgumentParser:
    """The command line. It leaves the values as they were written, and out what was not given."""
    return parser_of(
        GROUPS,
        prog="nstyle",
        usage="nstyle [PHOTOGRAPH ... PAINTING] [option ...]",
        description="Repaint a photograph in the style of a painting (Gatys, Ecker & Bethge, arXiv 1508.06576).",
    )


def parser_of(groups: Mapping[str, Sequence[Option]], **about: str) -> argparse.ArgumentParser:
    """A command line of declared options, by groups; `about` is argparse's."""
    it = _Parser(formatter_class=_Help, argument_default=argparse.SUPPRESS, **about)
    it.add_argument("--version", action="version", version=f"nstyle {__version__}", help="say the version, and end")
    for title, options in groups.items():
        group = it.add_argument_group(title)
        for option in options:
            form: dict = {"action": "store_true"}
            if option.kind != "flag":
                form = {"metavar": option.metavar or "{" + ",".join(option.choices) + "}"}
                form.update({"nargs": "+"} if option.many else {})
                form.update({"nargs": "?", "const": option.bare} if option.bare else {})
            group.add_argument(option.flag, help=_help(option), **form)
    return it


def _help(option: Option) -> str:
    default = default_text(option)
    first = f"{option.help} ({default})" if default else option.help
    choices = [f"{name}: {meaning}" for name, meaning in option.choices.items()]
    return "\n".join([first, *choices]).replace("%", "%%")


def default_text(option: Option) -> str:
    """The default as the help and the documentation give it; of a flag nothing."""
    if option.kind == "flag":
        return ""
    if option.default is None:
        return option.open
    default = option.default
    return " ".join(f"{item:.12g}" if isinstance(item, float) else str(item)
                    for item in (default if isinstance(default, list) else [default]))  # fmt: skip


def parse(arglist: Optional[Sequence] = None) -> argparse.Namespace:
    """A namespace from a command line (`sys.argv` by default), in which every option has a field.

    Raises
    ------
    InputError
        If an option is unknown or its value cannot be used.
    """
    script, *arguments = _process() if arglist is None else (None, *map(str, arglist))
    given, alone = _given(arguments)
    it = argparse.Namespace(**_filled(given))
    for option in ("content_image", "style_image"):
        value = getattr(it, option)
        if isinstance(value, list) and len(value) == 1:
            setattr(it, option, value[0])
    it.command = [*program(script), *(_line(given) if alone else arguments)]
    return it


def _process() -> list:
    """The script and the words that this process was started with; of a notebook's kernel none, they are its own."""
    return [None] if "kernel_launcher" in os.path.basename(sys.argv[0]) else sys.argv


def _given(arguments: Sequence[str]) -> tuple:
    """The options that a command line gives, by name, and the words that stand alone: pictures."""
    given, alone = words_of(parser(), OPTIONS, arguments)
    wanted = PICTURES[:1] if at_once(given) else PICTURES
    given.update(_pictures(alone, [name for name in wanted if name not in given]))
    return {name: values.read(OPTIONS[name], value) for name, value in given.items()}, alone


def at_once(given: Mapping[str, Any]) -> bool:
    """Whether these options ask a painter for pictures, and no optimizer."""
    return bool(given.get("painter")) and given.get("init") is None and given.get("max_num_epochs") is None


def is_at_once(settings: argparse.Namespace) -> bool:
    """Whether the command of a namespace, as `parse` gives it, asks a painter for pictures, and no optimizer."""
    said = _said(settings.command) if settings.painter else None
    return said is not None and at_once(said)


def words_of(parser: argparse.ArgumentParser, options: Mapping[str, Option], arguments: Sequence[str]) -> tuple:
    """The options that a command line gives, by name, as they were written, and the words that belong to none.

    Raises
    ------
    InputError
        If there is no such option.
    """
    arguments = _separated([_hyphened(argument) for argument in arguments], options)
    found, alone = parser.parse_known_args(arguments)
    for flag in (word.partition("=")[0] for word in alone if word.startswith("-")):
        near = difflib.get_close_matches(flag, [option.flag for option in options.values()], 1)
        raise InputError(f"{flag}: there is no such option; " + (f"did you mean {near[0]}?" if near else "see -h."))
    return vars(found), alone


def _pictures(words: Sequence[str], missing: Sequence[str]) -> dict:
    """What words stand for that have no option: photographs, then the painting, as files and a folder for `cp`.

    Where one of the two has its option, for the other.
    """
    if words and not missing:
        raise InputError(f"{words[0]}: belongs to no option, and both pictures have theirs; leave it out.")
    if len(words) == 1 and len(missing) == 2:
        raise InputError(f"{words[0]}: belongs to no option; did you mean {words[0]} PAINTING, both pictures?")
    if len(missing) == 2:
        return {"content_image": list(words[:-1]), "style_image": list(words[-1:])} if words else {}
    return {missing[0]: list(words)} if words else {}


def _hyphened(argument: str) -> str:
    """--output_dir=a_b -> --output-dir=a_b"""
    flag, equals, value = argument.partition("=")
    return (flag.replace("_", "-") if flag.startswith("--") else flag) + equals + value


def _separated(arguments: Sequence[str], options: Mapping[str, Option]) -> list:
    """--serve photo.jpg -> --serve=0 photo.jpg: an option that may stand alone takes what follows if a number."""
    bare = {option.flag: option.bare for option in options.values() if option.bare}
    following = [*arguments[1:], ""]
    return [f"{word}={bare[word]}" if word in bare and not after.lstrip("-").isdigit() else word
            for word, after in zip(arguments, following)]  # fmt: skip


def _filled(given: dict) -> dict:
    """A value for every option: the given one, else the preset's, else the default."""
    preset = PRESETS[given["preset"]].values if given.get("preset") else {}
    defaults = {name: option.default for name, option in OPTIONS.items()}
    defaults["output_dir"] = os.path.join(start.home(), defaults["output_dir"])
    return {**defaults, **preset, **given}


def program(script: Optional[str]) -> list:
    """The words that start the command: as it was started, or as a script that set its options would."""
    if script is None or os.path.basename(script) in ("", "-c", "-m"):
        if not start.is_checkout():
            return ["nstyle"]
        return ["python", "nstyle.py" if os.path.isfile("nstyle.py") else os.path.join(start.BESIDE, "nstyle.py")]
    if os.path.basename(script) == "__main__.py":
        return ["python", "-m", "neural_style"]
    if script.endswith(".py"):
        return ["python", script]
    name = os.path.basename(script)
    return [name if shutil.which(name) else script]


def complete(settings: argparse.Namespace) -> argparse.Namespace:
    """A copy of a namespace in which every option has a value, checked.

    Options that are missing or None take their defaults, or those of a preset; fields that are no options are left
    alone. `command` becomes the line that starts this run, also where fields were set by hand.

    Raises
    ------
    InputError
        If a value cannot be used; it names the option.
    """
    fields = {**vars(settings)}
    command = fields.pop("command", None)
    by_hand = {name: values.read(OPTIONS[name], value)
               for name, value in fields.items() if name in OPTIONS and value is not None}  # fmt: skip
    said = _said(command)
    given = by_hand
    if said is not None:
        # a preset may have been set by hand: what it stands for gives way only to what was asked for
        untouched = {name: _listed(name, value) for name, value in _filled(said).items()}
        given = {name: value for name, value in by_hand.items()
                 if name in said or _listed(name, value) != untouched[name]}  # fmt: skip
    it = _settled(given)
    if isinstance(it["content_image"], list):
        raise InputError("--content-image: a run paints one photograph; call it once for each.")
    if not _starts(said, it):
        command = [*program(None), *_line(given)]
    return argparse.Namespace(**{**fields, **it, "command": command})


def _said(command: Any) -> Optional[dict]:
    """The options that a namespace's `command` gives; None if it is none of ours."""
    if not isinstance(command, (list, tuple)) or not all(isinstance(word, str) for word in command):
        return None
    first = next((n for n, word in enumerate(command) if word.startswith("--")), len(command))
    try:
        return _given(command[first:])[0]
    except (InputError, SystemExit):
        return None


def _starts(said: Optional[dict], it: dict) -> bool:
    """Whether the options of a command line are those of a run."""
    try:
        return said is not None and _settled(said) == it
    except InputError:
        return False


def _line(given: dict) -> list:
    """The words of a command line that gives these options."""
    usual = _filled({"preset": given["preset"]} if "preset" in given else {})
    line = []
    for name, value in given.items():
        if _listed(name, value) == _listed(name, usual[name]) and name != "preset":
            continue
        option = OPTIONS[name]
        line += [option.flag] if option.kind == "flag" else [option.flag, *values.words(option, value)]
    return line


def _listed(name: str, value: Any) -> Any:
    return [value] if OPTIONS[name].many and value is not None and not isinstance(value, list) else value


def _settled(given: dict) -> dict:
    """Every option's value where these are given; what several options must agree on is checked."""
    from ..painting.matching import MAP_LOSSES  # which the help does without
    from ..painting.optimizers import OPTIMIZERS

    it = argparse.Namespace(**{name: _listed(name, value) for name, value in _filled(given).items()})
    if len(it.content_image) == 1:
        (it.content_image,) = it.content_image
    if it.resume and it.overwrite:
        raise InputError("--resume: goes on with an earlier run, which --overwrite would remove; give one of them.")
    if it.image_format == "tiff" and (it.open or it.serve is not None):
        flag = "--open" if it.open else "--serve"
        raise InputError(f"{flag}: browsers show no TIFF, so there is no page; use --image-format png.")
    if it.style_layers == {}:
        raise InputError("--style-layers: with no layer of style there is nothing to paint by; name one.")
    if it.lr is None:
        it.lr = OPTIMIZERS[it.optimizer].default_rate
    if it.ratio is not None:
        it.style_weight = it.ratio * it.content_weight
    _check_painter(it, given)
    _check_paintings(it.style_image)
    count = len(it.style_image)
    if it.style_mask is not None and it.content_mask is None:
        raise InputError("--style-mask: needs --content-mask, whose regions take their style from its regions.")
    if it.style_mask is not None and len(it.style_mask) != count:
        raise InputError(f"--style-mask: {len(it.style_mask)} masks for {count} style pictures; give one for each.")
    if it.match_colors != "none" and it.preserve_colors != "none":
        raise InputError(
            "--match-colors: gives the result the painting's colours, --preserve-colors the photograph's; "
            "give one of them."
        )
    if it.style_mask is not None and it.style_loss in MAP_LOSSES:
        raise InputError(f"--style-mask: --style-loss {it.style_loss} knows no regions; take another, such as gram.")
    for name in ("style_blend_weights", "style_scale"):
        numbers = getattr(it, name)
        if numbers is not None and len(numbers) not in (count, 1):
            flag = OPTIONS[name].flag
            raise InputError(f"{flag}: {len(numbers)} numbers for {count} style pictures; give one for each.")
    blend = it.style_blend_weights or [1.0]
    if sum(blend) <= 0:
        raise InputError("--style-blend-weights: at least one must be above 0; give shares such as 1 2.")
    it.style_blend_weights = [w / sum(blend * (count // len(blend))) for w in blend * (count // len(blend))]
    it.style_scale = it.style_scale * (count // len(it.style_scale))
    return vars(it)


def _check_painter(it: argparse.Namespace, given: dict) -> None:
    """Fill in what a painter leaves open, and refuse what does not go with it."""
    if it.init == "painter" and it.painter is None:
        raise InputError("--init painter: needs --painter with its file.")
    if it.painter is None:
        for name in ("painter_shares", "painter_mask", "painter_strength"):
            if name in given:
                raise InputError(f"{OPTIONS[name].flag}: needs --painter with its file.")
        return
    it.painter_shares = it.painter_shares or [1.0]
    if len(it.painter_shares) not in (len(it.painter), 1):
        raise InputError(f"--painter-shares: {len(it.painter_shares)} numbers for {len(it.painter)} painters; "
                         "give one for each.")  # fmt: skip
    if sum(it.painter_shares) <= 0:
        raise InputError("--painter-shares: at least one must be above 0.")
    if it.painter_mask is not None and len(it.painter_mask) != len(it.painter):
        raise InputError(f"--painter-mask: {len(it.painter_mask)} masks for {len(it.painter)} painters; "
                         "give one for each.")  # fmt: skip
    if not at_once(given):
        it.init = it.init or "painter"
        it.pyramid_levels = it.pyramid_levels or 1  # coarser ones would paint over what is there
        if it.init != "painter":
            raise InputError(f"--init {it.init}: nothing of --painter would be used; leave one of them out.")
        return
    if "style_image" in given:
        raise InputError("--style-image: a painter has learned its painting; leave it out, or add --init painter to go "
                         "on from the painter's picture.")  # fmt: skip
    if "remove_noise" not in given:
        it.remove_noise = 0.0  # nothing to remove


def _check_paintings(names: Sequence) -> None:
    """Say what to write instead of a folder, or of names joined by commas."""
    for name in map(str, names):
        if os.path.isdir(name):
            pattern = os.path.join(name, "*.jpg")
            raise InputError(f"--style-image {name}: a folder; name the paintings in it, such as {pattern}.")
        if "," in name and not find.find(name)[0].is_file():
            raise InputError(f"--style-image {name}: there is no such picture; several stand apart: "
                             f"--style-image {name.replace(',', ' ')}")  # fmt: skip


def recorded(settings: argparse.Namespace) -> dict:
    """The settings of a run as its record holds them: by name, in the order of the declarations, others behind them."""
    fields = {name: value for name, value in vars(settings).items() if name != "command"}
    return {**{name: fields.pop(name) for name in OPTIONS if name in fields}, **fields}
