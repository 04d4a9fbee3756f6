"""Ten epochs of the classic recipe with every engine: the same picture, and in bfloat16 nearly the same losses."""

import numpy as np
import pytest
from narrow import narrow, random_arrays
from numpy_engine import NumpyEngine

from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.networks.vgg import VGG19
from neural_style.painting.objective import Objective, Weights
from neural_style.painting.optimizers import NAG

SIZE = (40, 56)
NETWORK = narrow(VGG19, 16)
CONTENT, STYLE = VGG19.defaults.content_layers, VGG19.defaults.style_layers


def picture(seed, strength=120):
    return np.random.default_rng(seed).uniform(-strength, strength, (1, 3, *SIZE)).astype(np.float32)


def ten_epochs(engine):
    """The picture after ten epochs from noise, as NumPy's array, and the losses on the way."""
    encoder = engine.encoder(NETWORK, random_arrays(NETWORK))
    content = encoder.extract(engine.array(picture(1)), CONTENT, ()).content
    styles = encoder.extract(engine.array(picture(2)), (), STYLE).style
    evaluator = encoder.evaluator(SIZE, content, STYLE)
    weights = Weights(10, 1, 0.01, CONTENT, STYLE)
    objective = Objective(evaluator, styles, weights, max_gradient_norm=picture(1).size)
    image, optimizer, totals = engine.array(picture(3, 0.1)), NAG(0.05), []
    optimizer.resize(SIZE)
    for _ in range(10):
        losses, gradient = objective.losses_and_gradient(image)
        totals.append(losses["total"])
        image = optimizer.step(image, losses["total"], gradient)
    return engine.numpy(image), np.array(totals)


@pytest.fixture(scope="module")
def plain():
    return ten_epochs(NumpyEngine())


@pytest.fixture(params=door.INSTALL)
def name(request):
    if request.param not in door.installed():
        pytest.skip(f"{request.param} is not installed")
    return request.param


def test_in_float32_the_picture_is_that_of_plain_numpy(name, plain):
    image, totals = ten_epochs(door.opened(-1, "float32", engine=name).engine)
    assert np.linalg.norm(image - plain[0]) < 1e-4 * np.linalg.norm(plain[0])
    np.testing.assert_allclose(totals, plain[1], rtol=1e-4)
    assert totals[-1] < 0.9 * totals[0]  # it has painted


def test_in_bfloat16_the_losses_are_within_two_per_cent(name, plain):
    try:
        engine = door.opened(-1, "bfloat16", engine=name).engine
    except InputError as error:
        pytest.skip(str(error))
    image, totals = ten_epochs(engine)
    np.testing.assert_allclose(totals, plain[1], rtol=0.02)
    again, _ = ten_epochs(engine)
    assert np.array_equal(image, again)
