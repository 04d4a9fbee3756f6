"""The race: both paint by one objective, and its figures are those of the curves."""

import math

import numpy as np
import pytest

import nstyle
from benchmarks import race
from benchmarks.race import Point
from neural_style.engines import door
from neural_style.pictures import images
from neural_style.runs import course, prepare
from neural_style.runs.options import complete

pytestmark = pytest.mark.skipif("torch" not in door.installed(), reason="PyTorch is not installed")


@pytest.fixture
def prepared(options, squeezenet_file):
    def prepare_run(*more):
        plain = ["--border", "0", "--tv-weight", "0", "--precision", "float32", "--engine", "torch"]
        return prepare.prepare(complete(nstyle.get_args([*options, *plain, *more])))

    return prepare_run


def test_our_objective_is_the_peers(prepared):
    peer = race.Peer(prepared())
    run = prepared(*race.weights_of(prepared()))
    objective = course.objective(run, run.size)
    for seed in (1, 2):
        image = np.random.default_rng(seed).normal(0, 60, (1, 3, *run.size)).astype(np.float32)
        assert objective.losses(run.engine.array(image))["total"] == pytest.approx(peer.value(image), rel=1e-4)


def test_the_peer_lowers_its_objective_beyond_the_range_of_pixels(prepared):
    run = prepared()
    peer = race.Peer(run)
    start = images.to_network(run.content)
    pictures = list(peer.iterations(start, 12))
    assert len(pictures) == 12 and peer.value(pictures[-1]) < 0.5 * peer.value(start)
    assert np.abs(pictures[-1] - start).max() > 1


def curve(seconds, values, styles):
    return [Point(n, s, v, v, style) for n, (s, v, style) in enumerate(zip(seconds, values, styles), 1)]


def test_figures_are_those_of_the_curves():
    peer = curve([1, 2, 3, 4, 5, 6], [9, 8, 7, 6, 5, 4], [1, 0.9, 0.8, 0.7, 0.6, 0.5])
    ours = curve([1, 2, 3], [9, 5, 4], [1, 0.7, 0.5])
    found = dict(race.told({"peer": peer, "ours": ours}))
    assert found["until the peer's best objective, as saved"] == "0.50"
    assert found["until its last objective, not clipped"] == "0.50"
    assert found["until the peer's style distances, at most"] == "1.00 of its time to each"
    assert found["style distance after a third"] == "0.700, the peer's 0.900"
    slower = curve([4, 8], [9, 5], [1, 0.6])
    found = dict(race.told({"peer": peer, "ours": slower}))
    assert found["until its last objective, not clipped"] == "never"
    assert found["until the peer's style distances, at most"] == f"{math.inf} of its time to each"
    assert race.drawn({"peer": peer, "ours": ours}).size == (900, 380)
