"""Makes the API's pages from the docstrings, offline: `make docs`, or `python -m docs.make_api`.

Takes `pdoc`. What cannot be imported here, such as an engine that is not installed, is left out and named.
"""

import argparse
import importlib
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def modules():
    """The names of the modules with docstrings for readers: `nstyle` first, no commands."""
    paths = sorted((ROOT / "neural_style").rglob("*.py"))
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths)
    return ["nstyle", *(name for name in names if not name.endswith("__main__"))]


def importable(names):
    """The names of those modules that can be imported, and a line on each of the others."""
    found, missing = [], []
    for name in names:
        try:
            importlib.import_module(name)
        except (ImportError, ValueError) as error:  # a package, or as `InputError` an engine, that is not there
            missing.append(f"{name} is left out: {error}")
        else:
            found.append(name)
    return found, missing


def main(arglist=None):
    """Write the pages; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.make_api", description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", metavar="DIR", type=Path, default=ROOT / "build" / "api", help="build/api")
    args = parser.parse_args(arglist)
    import pdoc

    found, missing = importable(modules())
    for line in missing:
        print(line, file=sys.stderr)
    pdoc.render.configure(docformat="numpy", show_source=False)
    warnings.simplefilter("ignore")  # of defaults that are paths, and of types that only a checker sees
    pdoc.pdoc(*found, *(f"!{line.split()[0]}" for line in missing), output_directory=args.out)
    print(args.out / "nstyle.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
