"""MXNet's bfloat16, at the full width of the networks, where oneDNN's blocks of channels matter."""

import numpy as np
import pytest
from narrow import random_arrays
from test_contract import EVEN, SQUEEZE_STYLE, VGG_STYLE, Case

from neural_style.networks.squeezenet import SQUEEZENET
from neural_style.networks.vgg import VGG19

pytest.importorskip("mxnet")
pytestmark = pytest.mark.bfloat16

from neural_style.engines import door  # noqa: E402

CASES = {
    "vgg19": (VGG19, ["relu4_2", "relu2_2"], VGG_STYLE, {"regions": True}),
    "squeezenet": (SQUEEZENET, ["fire4"], SQUEEZE_STYLE, {"border": 8}),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    network, content, style, options = CASES[request.param]
    return Case(network, content, style, EVEN, **options)


def evaluated(case, evaluator, seed=1, gradients=None):
    statistics = evaluator.forward(case.picture(seed))
    return statistics, evaluator.backward(gradients or case.gradients(statistics))


def distance(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def test_it_points_the_same_way_as_float32(case):
    exact, direction = evaluated(case, case.evaluator(door.opened(-1, "float32", engine="mxnet").engine))
    low = case.evaluator(door.opened(-1, "bfloat16", engine="mxnet").engine)
    rounded, found = evaluated(case, low, gradients=case.gradients(exact))
    for layer in case.content:
        assert rounded.content[layer] == pytest.approx(exact.content[layer], rel=0.02)
    for layer in case.style:
        for one, other in zip(exact.style[layer], rounded.style[layer]):
            assert other.second.dtype == np.float32 and distance(other.second, one.second) < 0.02
    cosine = np.sum(direction * found) / np.linalg.norm(direction) / np.linalg.norm(found)
    assert cosine > 0.99


def test_the_same_picture_gives_the_same_bytes_whatever_came_before(case):
    evaluator = case.evaluator(door.opened(-1, "bfloat16", engine="mxnet").engine)
    statistics, first = evaluated(case, evaluator)
    gradients, kept = case.gradients(statistics), first.copy()
    evaluated(case, evaluator, seed=3)
    assert np.array_equal(evaluated(case, evaluator, gradients=gradients)[1], kept)
    assert np.array_equal(first, kept)


def test_channels_beyond_the_picture_s_three_are_no_part_of_the_gradient():
    case = Case(VGG19, [], ["relu1_1"], EVEN)
    assert random_arrays(VGG19)["conv1_1_weight"].shape[1] == 3
    statistics, gradient = evaluated(case, case.evaluator(door.opened(-1, "bfloat16", engine="mxnet").engine))
    assert gradient.shape == (1, 3, *EVEN) and gradient.dtype == np.float32
