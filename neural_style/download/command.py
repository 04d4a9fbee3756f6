"""Fetch the weights and the sample pictures, from whichever source still answers.

    python -m neural_style.download [--model NETWORK|--all] [--source NAME] [--mirror URL_OR_FOLDER] [--offline]
                                    [--force]
    python -m neural_style.download --from FILE [--model NETWORK] [--force]

Without pretrained weights a VGG-19 is learned offline; without the sample pair two pictures of our own stand in.

Exit status: 0 if there is a network asked for and a pair of pictures, 1 if not, 2 for bad options, 130 if interrupted.
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from .. import start
from ..errors import InputError, printable
from ..files import checksum
from ..weights import store
from .fetch import Outcome, destination, fetch, size_of, take, taking_turns
from .sources import FILES
from .transport import Client

CALLED_FROM = "NSTYLE_CALLED_FROM"  # set by download.sh
USUAL = ("vgg19", "squeezenet")  # the networks that nstyle and its documents paint with unless told


def main(arglist=None, files=FILES, client=None):
    """Put the files in place, or what stands in for them; print one line for each. Returns the exit status."""
    networks = list(dict.fromkeys(file.network for file in FILES if file.network))
    parser = argparse.ArgumentParser(prog=prog(), description="Fetch verified weights and the sample pictures.")
    parser.add_argument(
        "--model", choices=(*networks, "all"), help=f"the network to fetch (default: {' and '.join(USUAL)})"
    )
    parser.add_argument("--all", action="store_const", dest="model", const="all", help="the same as --model all")
    parser.add_argument(
        "--mirror",
        metavar="URL_OR_FOLDER",
        default=os.environ.get("NSTYLE_MIRROR"),
        help="holds the files under their usual names; tried first (default: $NSTYLE_MIRROR)",
    )
    parser.add_argument(
        "--source", metavar="NAME", help="use only sources with this in their name, address or publisher's name"
    )
    parser.add_argument("--from", metavar="FILE", dest="own", help="install this file of weights, whatever its layout")
    parser.add_argument("--offline", action="store_true", help="build what can be built without a network")
    parser.add_argument("--force", action="store_true", help="fetch again what is there")
    args = parser.parse_args(arglist)
    asked = {None: USUAL, "all": networks}
    try:
        if args.own is not None:
            words, outcome = take(_given(args.own), None if args.model == "all" else args.model, args.force)
            print(words, _line(outcome), sep="\n")
            return 0
        return _put_in_place(args, asked.get(args.model, [args.model]), files, client or Client())
    except InputError as error:
        print(f"{prog()}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{prog()}: interrupted; run it again to go on where it stopped.", file=sys.stderr)
        return 130


def prog():
    """What the user called us."""
    return "download.sh" if CALLED_FROM in os.environ else "nstyle-download"


def _given(name):
    """A name that the user gave: download.sh works in its own folder, and may be called from another."""
    return Path(os.environ.get(CALLED_FROM, ""), name)


def _put_in_place(args, asked, files, client):
    mirror = find_mirror(args.mirror)
    files = [file for file in files if file.network in ("", *asked)]
    if args.source:
        files = _with_sources(args.source, files)
    outcomes = {file: fetch(file, mirror, client, args.offline, args.force) for file in files}
    missing = [file for file, outcome in outcomes.items() if not outcome.there]
    networks = [outcome for file, outcome in outcomes.items() if file.network]
    pictures = [outcome for file, outcome in outcomes.items() if not file.network]
    stand_ins = []
    if "vgg19" in asked and (args.offline or any(file.network == "vgg19" for file in missing)):
        networks.append(learn_offline(args.force))
    if any(not file.network for file in missing):
        stand_ins = write_stand_ins(pictures[0].path.parent)
    for outcome in pictures + stand_ins + networks:
        print(_line(outcome))
    for file in missing:
        print(how_to_get(file))
    pair = all(outcome.there for outcome in stand_ins or pictures)
    return 0 if pair and any(outcome.there for outcome in networks) else 1


def _line(outcome):
    return printable(f"{outcome.path.as_posix():<27} {outcome.text}")


def _with_sources(name, files):
    """The pictures, and of the files of weights those of their sources that answer to a name."""
    weights = [file for file in files if file.network]
    chosen = {file: tuple(source for source in file.sources if source.answers_to(name)) for file in weights}
    if not any(chosen.values()):
        known = ", ".join(source.name for file in weights for source in file.sources)
        raise InputError(f"--source {name}: there is no such source; choose from {known}.")
    return [
        file._replace(sources=chosen[file]) if file.network else file
        for file in files if chosen.get(file, True)
    ]  # fmt: skip


def find_mirror(text):
    """Return the mirror that the user named: an address (str), a folder (Path), or None.

    Raises
    ------
    InputError
        If it is neither.
    """
    if not text:
        return None
    with contextlib.suppress(ValueError):
        if urlsplit(text).scheme in ("http", "https") and urlsplit(text).hostname:
            return text
    folder = _given(url2pathname(text[len("file://") :]) if text.startswith("file://") else text)
    if not folder.is_dir():
        raise InputError(f"--mirror (or NSTYLE_MIRROR) {text}: no such folder; give a folder or an http(s):// address.")
    return folder


def learn_offline(force=False):
    """Build the VGG-19 that needs no download (`learn.py`), unless it is there. Returns its Outcome."""
    path = destination(f"model/{store.OFFLINE}")
    try:
        from . import learn

        path.parent.mkdir(parents=True, exist_ok=True)
        with taking_turns(path):
            note = store.recorded(path)
            current = note.get("recipe") == learn.RECIPE and path.is_file() and checksum(path) == note["sha256"]
            if force or not current:
                learn.build(path, learn.engine())
        return Outcome(path, True, f"{size_of(path)}, learned from scikit-image's pictures: paints without a download")
    except (InputError, OSError) as error:
        return Outcome(path, False, f"MISSING: {error}")


def write_stand_ins(folder):
    """Put a photograph and a painting of our own into `folder` (`standins.py`). Returns their Outcomes."""
    paths = [folder / "standin_photograph.jpg", folder / "standin_painting.jpg"]
    try:
        from . import standins

        folder.mkdir(parents=True, exist_ok=True)
        standins.write(folder)
        return [Outcome(path, True, f"{size_of(path)}, stands in for a sample picture") for path in paths]
    except (InputError, OSError) as error:
        return [Outcome(path, path.is_file(), f"cannot be written: {error}") for path in paths]


STAND_INS = {"": "our own pictures stand in for it", "vgg19": "the network learned offline stands in for it"}


def how_to_get(file):
    """Return a notice for a file that could not be had: how to get it later."""
    path = destination(file.path)
    lines = [
        f"\n{path.as_posix()} is missing; {STAND_INS.get(file.network, 'nothing stands in for it')}. To get it later, "
        f"run `{start.download()}` again,",
        "with a network or with --mirror URL_OR_FOLDER, or after one of these files was carried by hand into "
        f"{path.parent.as_posix()}/:",
    ]
    for source in file.sources:
        size = source.about or f"{source.size} bytes"
        proof = ", ".join(f"{kind} {value}" for kind, value in source.checksums) or "no published checksum"
        lines.append(f"  {source.name} ({size}; {proof}) {source.url}".rstrip())
    return "\n".join(lines)
