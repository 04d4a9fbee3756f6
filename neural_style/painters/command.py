"""The command `python -m neural_style.painters`: what a painter's file is, and the same painter in another form."""

import argparse
import sys
from pathlib import Path
from typing import Optional

from ..errors import InputError, printable
from ..files import write_bytes
from . import onnx, painter, reading
from .generators import GENERATORS

FORMS = {"safetensors": ".safetensors", "onnx": ".onnx"}


def main(arglist: Optional[list] = None) -> int:
    """Say what a file is, or convert it; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m neural_style.painters",
        description="Say what a painter is: of this suite, of MXNet's end_to_end, of PyTorch's fast_neural_style.",
    )
    parser.add_argument("painter", metavar="FILE", help="a painter; or the folder of MXNet's four, 0 to 3")
    parser.add_argument("--to", choices=FORMS, help="write it in this form")
    parser.add_argument("--output", metavar="FILE", help="the file to write (the painter's name with another ending)")
    parser.add_argument("--overwrite", action="store_true", help="also where there is a file")
    args = parser.parse_args(arglist)
    try:
        found = reading.read(args.painter)
        print(*described(found), sep="\n")
        if args.to == "safetensors" and any(part.generator.name not in GENERATORS for part in found.parts):
            raise InputError(f"--to safetensors: {found.path} has rows of its own; --painter takes it as it is.")
        if args.to:
            target = Path(args.output) if args.output else found.path.with_suffix(FORMS[args.to])
            if target.exists() and not args.overwrite:
                raise InputError(f"{target}: is there already; --overwrite replaces it, --output names another.")
            if args.to == "onnx":
                write_bytes(target, onnx.exported(found))
            else:
                painter.write(target, found.parts, found.facts)
            print(target)
    except InputError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        name = error.filename or args.output
        print(f"{parser.prog}: error: {name} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def described(found: painter.Painter) -> list[str]:
    """Lines that say what a painter is."""
    lines = [f"{found.path}: a painter after {printable(found.facts.get('painting', 'an unknown painting'))}"]
    for generator, arrays in found.parts:
        count = sum(array.size for array in arrays.values())
        lines.append(f"  generator {generator.name} ({generator.title}), {count:,} values")
    lines += [f"  {printable(name)}: {printable(fact)}" for name, fact in found.facts.items() if name != "format"]
    return lines
