"""Whatever stands in the files of a run, its report is written or refused in one line: a report never ends a run."""
import json
import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_report import make_run

from neural_style.errors import InputError
from neural_style.report import animation, chart, contact_sheet, results
from neural_style.report.page import write_comparison, write_page

NUMBERS = st.one_of(
    st.integers(-(10**400), 10**400), st.integers(-3, 70_000), st.floats(), st.sampled_from([10**400, 1e10, 5e-324])
)
WORDS = st.one_of(st.text(), st.sampled_from(["e_10.jpg", "final.jpg", "..", "/", "\udcff", "\0", "\r\n", "</script>"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=5,
)
CELLS = st.one_of(NUMBERS.map(str), st.sampled_from(["nan", "inf", "1e10", "-1", "", "1e400", "1e308", '"', "\n"]))
OFTEN = settings(max_examples=int(os.environ.get("EXAMPLES", 60)), deadline=None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("fuzz") / "run", snapshots=2, every=3, size=(24, 16))


def report(folder):
    for act in (write_page, contact_sheet.write, lambda folder: animation.write(folder, "gif")):
        try:
            act(folder)
        except InputError as error:
            assert "\n" not in str(error)
    try:
        write_comparison([folder, folder], folder / "comparison.html")
    except InputError as error:
        assert "\n" not in str(error)


def places(value, path=()):
    """The paths to everything in a record, as tuples of keys."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from places(part, (*path, key))


@OFTEN
@given(st.data(), VALUES)
def test_a_record_with_anything_in_it(whole, data, value):
    record, text = json.loads((whole / "run.json").read_text()), (whole / "run.json").read_text()
    *path, last = data.draw(st.sampled_from([path for path in places(record) if path]))
    part = record
    for key in path:
        part = part[key]
    part[last] = value
    try:
        (whole / "run.json").write_text(json.dumps(record))
        report(whole)
    finally:
        (whole / "run.json").write_text(text)


@OFTEN
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9), CELLS), min_size=1, max_size=5))
@example([(3, 3, "nan")])
@example([(6, 0, "1e10")])
@example([(6, 0, "nan")])
@example([(6, 1, "nan")])
@example([(6, 2, "inf")])
@example([(3, 3, "5e-324"), (4, 3, "1e308")])
@example([(0, 2, "epoch")])
def test_losses_with_anything_in_them(whole, changes):
    text = (whole / "losses.csv").read_text()
    rows = [line.split(",") for line in text.splitlines()]
    for row, column, cell in changes:
        rows[row][column] = cell
    try:
        (whole / "losses.csv").write_text("\n".join(map(",".join, rows)) + "\n")
        write_page(whole)
        chart.drawn(results.read(whole)["losses"], {3, 6}, (200, 120))
    finally:
        (whole / "losses.csv").write_text(text)


def nested(depth):
    return [nested(depth - 1)] if depth else 1


@pytest.mark.parametrize("field", ["settings", "warnings", "versions", "network"])
def test_a_record_of_any_depth(tmp_path, field):
    folder = make_run(tmp_path / "run", snapshots=1)
    record = json.loads((folder / "run.json").read_text())
    value = {"deep": nested(700)} if field != "warnings" else [nested(700)]
    (folder / "run.json").write_text(json.dumps({**record, field: value}))
    report(folder)


def test_a_size_that_no_picture_has_is_no_record(tmp_path):
    folder = make_run(tmp_path / "run", snapshots=1, size=(24, 16))
    record = json.loads((folder / "run.json").read_text())
    for size in ([10**400, 1], [10**7, 16], [0, 16], [24, 16, 3]):
        (folder / "run.json").write_text(json.dumps({**record, "size": size}))
        with pytest.raises(InputError, match="not the record of a run"):
            write_page(folder)
