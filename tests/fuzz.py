"""The long form of test_hostile.py: Hypothesis cuts, flips, repeats and splices files for as long as it is let.

    make fuzz                      or
    NSTYLE_FUZZ_EXAMPLES=20000 python -m pytest tests/fuzz.py
"""
import os

import hostile
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neural_style.networks.registry import NETWORKS

LONG = settings(
    max_examples=int(os.environ.get("NSTYLE_FUZZ_EXAMPLES", "5000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
PLACE = st.floats(0, 1)
CHANGE = st.one_of(
    st.tuples(st.just("flip"), PLACE, st.integers(0, 7)),
    st.tuples(st.just("put"), PLACE, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("insert"), PLACE, st.binary(min_size=1, max_size=64)),
    st.tuples(st.just("cut"), PLACE, PLACE),
    st.tuples(st.just("repeat"), PLACE, PLACE),
    st.tuples(st.just("number"), PLACE, st.sampled_from((0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1))),
    st.tuples(st.just("splice"), PLACE, st.integers(0, 100)),
)


def changed(data, changes, others):
    """A file after a list of changes; places are shares of its length."""
    for kind, place, value in changes:
        start = int(place * len(data))
        if kind == "flip" and start < len(data):
            data = data[:start] + bytes([data[start] ^ 1 << value]) + data[start + 1 :]
        elif kind == "put":
            data = data[:start] + value + data[start + len(value) :]
        elif kind == "insert":
            data = data[:start] + value + data[start:]
        elif kind in ("cut", "repeat"):
            start, end = sorted((start, int(value * len(data))))
            data = data[:start] + data[end:] if kind == "cut" else data[:end] + data[start:]
        elif kind == "number":
            data = data[:start] + value.to_bytes(4, "little" if start % 2 else "big") + data[start + 4 :]
        elif kind == "splice":
            other = others[value % len(others)]
            data = data[:start] + other[start:]
    return data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def small_networks():
    with pytest.MonkeyPatch.context() as patch:
        for model, network in hostile.SMALL.items():
            patch.setitem(NETWORKS, model, network)
        yield


@pytest.mark.parametrize("name", hostile.PICTURES)
def test_pictures(name, folder):
    others = list(hostile.PICTURES.values())

    @LONG
    @given(st.lists(CHANGE, min_size=1, max_size=6))
    def check(changes):
        hostile.read_picture(folder / f"picture.{name}", changed(hostile.PICTURES[name], changes, others))

    check()


@pytest.mark.parametrize("name", hostile.WEIGHTS)
def test_weights(name, folder, small_networks):
    files = hostile.weights_files(folder)
    model, whole = files[name]
    others = [data for _, data in files.values()]

    @LONG
    @given(st.lists(CHANGE, min_size=1, max_size=6))
    def check(changes):
        hostile.read_weights(folder / name, model, changed(whole, changes, others))

    check()
