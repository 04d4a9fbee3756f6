"""README.zh-CN.md says what README.md says: section by section the same commands, figures, names and links."""

import re
from collections import Counter

import pytest
from conftest import ROOT

ENGLISH, CHINESE = (
    (ROOT / name).read_text(encoding="utf-8").split("\n## ") for name in ("README.md", "README.zh-CN.md")
)


def code(text):
    """The lines of code, without comments."""
    indented = [re.sub(r"\s+#.*", "", line) for line in text.splitlines() if line.startswith(" " * 4)]
    return indented + re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def prose(text):
    """All but the lines of code."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return "\n".join(line for line in text.splitlines() if not line.startswith(" " * 4))


def figures(text):
    """Every number of the prose, as often as it stands there."""
    text = re.sub(r"\]\([^)]*\)", "]", prose(text))
    return Counter(re.findall(r"(?<![\w.])\d[\d.,]*\d|\d", text))


def names(text):
    """What stands in code style, as often as it stands there."""
    return Counter(re.findall(r"`[^`\n]+`", prose(text)))


def links(text):
    """Where links lead, less the names of a page's own sections, which are in its language."""
    return Counter(link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("#"))


def test_both_have_the_same_sections():
    assert len(ENGLISH) == len(CHINESE) > 5


@pytest.mark.parametrize("number", range(len(ENGLISH)), ids=[part.splitlines()[0] for part in ENGLISH])
@pytest.mark.parametrize("of", [code, figures, names, links])
def test_a_section_says_the_same_in_both(number, of):
    english, chinese = of(ENGLISH[number]), of(CHINESE[number])
    if isinstance(english, Counter):
        assert english - chinese == chinese - english == Counter(), "README.zh-CN.md differs from README.md"
    assert english == chinese
