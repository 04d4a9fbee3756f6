"""docs/troubleshooting.md has a cure for every line that the code ends with, and for no other."""

import ast
import re

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "neural_style"
ERRORS = {"InputError", "RunError", "EngineError"}
FEWEST_LETTERS = 5  # of a message of its own; one with fewer hands on what another says


def template(node):
    """What a message is written as, with … for what it names."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(template, node.values))
    if isinstance(node, ast.BinOp):
        return template(node.left) + template(node.right)
    return "…"


def messages():
    """Template -> the file that it stands in, of every message of the package."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and getattr(node.func, "id", None) in ERRORS:
                (first, *_) = node.args
                for way in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                    text = re.sub("…+", "…", template(way))
                    if len(re.findall("[a-zA-Z]", text)) >= FEWEST_LETTERS:
                        found.setdefault(text, path.relative_to(ROOT).as_posix())
    return found


def rows():
    """The lines that the tables explain."""
    table = PAGE[PAGE.index("## Lines that nstyle ends with") :]
    cells = (row.split(" | ")[0].removeprefix("| ") for row in table.splitlines() if row.startswith("| `"))
    return [cell[3:-3] if cell.startswith("`` ") else cell[1:-1] for cell in cells]


def row(text):
    """A row for a message, as Markdown."""
    return f"| `` {text} `` | WHAT TO DO |" if "`" in text else f"| `{text}` | WHAT TO DO |"


def test_the_messages_are_found():
    found = messages()
    assert len(found) > 100 and "…: a folder, not a picture; name a file in it." in found
    assert found["--output-dir …: another run is writing there; wait for it, or choose another."].endswith("output.py")


@pytest.mark.parametrize("text", messages())
def test_every_message_has_its_row(text):
    assert text in rows(), f"add this row to a table of docs/troubleshooting.md: {row(text)}"


def test_no_row_is_of_a_message_that_is_gone():
    assert len(set(rows())) == len(rows())
    gone = set(rows()) - set(messages())
    assert not gone, "take these rows out of docs/troubleshooting.md, or bring their words up to date"
