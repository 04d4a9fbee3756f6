"""The walls of the house: which wing imports which (docs/house.md), and where MXNet and PyTorch may be imported."""

import ast
import graphlib

import pytest
from conftest import ROOT

PACKAGE = ROOT / "neural_style"
EVERYBODY = {"errors", "files", "ranges", "start", "__version__"}
MAY_IMPORT = {
    "errors": set(),
    "start": set(),
    "ranges": set(),
    "files": {"errors"},
    "networks": set(),
    "pictures": set(),
    "weights": {"networks"},
    "engines": {"networks", "pictures"},
    "engines/mxnet": {"networks", "pictures", "weights", "engines"},
    "engines/torch": {"networks", "pictures", "engines"},
    "painting": {"pictures", "engines/contract"},
    "report": {"pictures"},
    "download": {"networks", "weights", "pictures", "engines"},
    "judge": {"networks", "weights", "pictures", "engines"},
    "film": {"pictures"},
    "painters": {"networks", "weights", "pictures", "engines/contract"},
    "runs": {"networks", "weights", "pictures", "engines", "painting", "painters", "report", "film"},
    "learn": {"networks", "weights", "pictures", "engines", "engines/torch", "painting", "painters", "report", "runs"},
    "__main__": {"runs"},
}
LIBRARIES = {"mxnet": "engines/mxnet", "torch": "engines/torch"}


def wing(parts):
    """The name in MAY_IMPORT of a module, given as the parts of its path below the package."""
    return "/".join(parts[:2]) if parts[:2] in (["engines", "mxnet"], ["engines", "torch"]) else parts[0]


def imports(path):
    """Every import of a module as a list of parts below the package, or as the name of a library."""
    folder = list(path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = folder[: len(folder) - node.level + 1] if node.level else []
            base = ["neural_style", *base] if node.level else base
            module = node.module.split(".") if node.module else []
            yield from ([*base, *module, alias.name] for alias in node.names)


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_what_its_wing_may(path):
    parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
    own = wing(parts)
    for target, *below in imports(path):
        if target == "neural_style" and below:
            other, allowed = wing(below), MAY_IMPORT[own] | EVERYBODY | {own}
            ways = {other, "/".join(below[:2])}
            # inside the engines' wing the door knows the engines, by their packages
            assert ways & allowed or {own, other.split("/")[0]} == {"engines"}, f"{own} imports {'.'.join(below)}"
        elif target in LIBRARIES:
            assert own == LIBRARIES[target], f"{own} imports {target}"
        assert target not in ("nstyle", "model_vgg19", "find_mxnet"), "the package never imports the scripts"


def module_name(path):
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def test_no_modules_import_each_other_in_a_circle():
    needs = {module_name(path): set() for path in MODULES}
    for path in MODULES:
        name = module_name(path)
        for target, *below in imports(path):
            # what follows `import` is a module or something in one
            for other in (".".join(below), ".".join(below[:-1])) if target == "neural_style" else ():
                if other in needs and not f"{name}.".startswith(f"{other}."):
                    needs[name].add(other)
    tuple(graphlib.TopologicalSorter(needs).static_order())  # raises CycleError, which names the circle


def test_the_top_of_the_package_holds_at_most_six_files():
    assert len([path for path in PACKAGE.iterdir() if path.is_file()]) <= 6


def test_every_wing_says_what_lives_there_and_what_it_may_import():
    for init in PACKAGE.rglob("__init__.py"):
        words = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8")))
        assert words, init
        assert init.parent == PACKAGE or "May import" in words, init


def test_no_module_is_longer_than_a_reader_can_hold():
    too_long = {path.name: n for path in MODULES if (n := len(path.read_text().splitlines())) > 320}
    assert not too_long.keys() - {"fetch.py", "options.py"}
