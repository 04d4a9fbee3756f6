"""The weighted sum of the losses: its values and its gradient against the plain definition, and what its weights do."""

import numpy as np
import plain
import pytest
from conftest import made_picture

from neural_style.engines import door
from neural_style.networks.vgg import VGG19
from neural_style.painting import losses
from neural_style.painting.objective import Objective, Weights
from neural_style.pictures import images

SIZE = (40, 48)
CONTENT, STYLE, IMAGE = (images.to_network(made_picture(*SIZE, seed) / np.float32(255)) for seed in (1, 2, 3))
RECIPE = Weights(10.0, 1.0, 0.01, {"relu4_2": 1.0}, dict.fromkeys(plain.Recipe.style_layers, 1.0))


class OnNumpy:
    """An objective whose arrays are an engine's, given and giving NumPy's."""

    def __init__(self, objective, engine):
        self._objective, self._engine = objective, engine

    def losses(self, image):
        return self._objective.losses(self._engine.array(image))

    def leave_out(self, noise):
        self._objective.noise = self._engine.array(noise)

    def look_from(self, phase):
        self._objective.look_from(phase)

    def losses_and_gradient(self, image):
        losses, gradient = self._objective.losses_and_gradient(self._engine.array(image))
        return losses, self._engine.numpy(gradient)

    def admitted(self, image):
        return self._engine.numpy(self._objective.admitted(self._engine.array(image)))


@pytest.fixture(scope="module")
def make(vgg19_arrays):
    """An objective on VGG-19 by an engine that is installed; networks and targets are made once for each precision."""
    made = {}

    def make(weights=RECIPE, precision="float32", border=0, content=CONTENT, **options):
        key = precision, tuple(weights.content_layers), tuple(weights.style_layers), border, content.shape
        if key not in made:
            engine = door.opened(-1, precision).engine
            encoder = engine.encoder(VGG19, vgg19_arrays, means=True, border=border)
            target = encoder.extract(engine.array(content), weights.content_layers, ()).content
            style = encoder.extract(engine.array(STYLE), (), weights.style_layers).style
            made[key] = encoder.evaluator(content.shape[2:], target, weights.style_layers), style, engine
        *parts, engine = made[key]
        pictures = {name: engine.array(options.pop(name)) for name in ("painted", "photograph") if name in options}
        return OnNumpy(Objective(*parts, weights, **pictures, **options), engine)

    return make


@pytest.fixture(scope="module")
def recipe(vgg19_arrays):
    return plain.Recipe(vgg19_arrays, CONTENT[0], STYLE[0])


def cosine(one, other):
    return np.sum(one * other, dtype=float) / np.linalg.norm(one) / np.linalg.norm(other)


def test_losses_are_those_of_the_plain_definition_by_name(make, recipe):
    found, (content, style) = make().losses(IMAGE), recipe.losses(IMAGE[0])
    assert found["content"] == found["content:relu4_2"] == pytest.approx(content, rel=1e-4)
    for layer, loss in style.items():
        assert found[f"style:{layer}"] == pytest.approx(loss, rel=1e-4)
    assert found["style"] == pytest.approx(sum(style.values()), rel=1e-4)
    assert found["tv"] == pytest.approx(0.01 / 8 * np.sum(IMAGE[0] * plain.roughness_gradient(IMAGE[0])) / 2, rel=1e-4)
    assert found["total"] == pytest.approx(found["content"] + found["style"] + found["tv"], rel=1e-12)
    assert len(found) == 4 + 1 + 5


def test_gradient_is_that_of_the_plain_definition(make, recipe):
    found, expected = make().losses_and_gradient(IMAGE)[1], recipe.gradient(IMAGE[0])
    expected += 0.01 / 8 * plain.roughness_gradient(IMAGE[0])
    assert found.dtype == np.float32 and found.shape == IMAGE.shape
    assert np.linalg.norm(found[0] - expected) < 1e-4 * np.linalg.norm(expected)


@pytest.mark.bfloat16
def test_bfloat16_gives_nearly_the_same_losses_and_direction(make):
    exact, gradient = make().losses_and_gradient(IMAGE)
    low, low_gradient = make(precision="bfloat16").losses_and_gradient(IMAGE)
    for name, loss in exact.items():
        assert low[name] == pytest.approx(loss, rel=0.02)
    assert cosine(gradient, low_gradient) > 0.999


@pytest.mark.parametrize("style_loss", losses.STYLE_LOSSES)
def test_gradient_leads_downhill_as_fast_as_it_says(make, style_loss):
    objective = make(RECIPE._replace(tv=50.0), style_loss=losses.STYLE_LOSSES[style_loss])
    values, gradient = objective.losses_and_gradient(IMAGE)
    step = np.float32(0.002 * values["total"] / np.sum(gradient**2, dtype=float)) * gradient
    change = objective.losses(IMAGE + step)["total"] - objective.losses(IMAGE - step)["total"]
    assert change == pytest.approx(0.004 * values["total"], rel=0.01)


def test_weights_multiply_their_losses_and_gradients(make):
    layers = RECIPE._replace(content_layers={"relu4_2": 1.0, "relu2_2": 1.0})
    changed = Weights(
        20.0, 3.0, 0.04, {"relu4_2": 1.0, "relu2_2": 0.25}, {**layers.style_layers, "relu3_1": 5.0, "relu5_1": 0.0}
    )
    one, other = make(layers).losses(IMAGE), make(changed).losses(IMAGE)
    factors = {name: 3.0 for name in one if name.startswith("style:")}
    factors.update(
        {"content:relu4_2": 2.0, "content:relu2_2": 0.5, "style:relu3_1": 15.0, "style:relu5_1": 0.0, "tv": 4.0}
    )
    for name, factor in factors.items():
        assert other[name] == pytest.approx(factor * one[name], rel=1e-6)
    assert other["total"] == pytest.approx(sum(other[name] for name in factors), rel=1e-9)

    gradients = [make(weights).losses_and_gradient(IMAGE)[1] for weights in (layers, changed)]
    parts = []
    for name in factors:
        kind, _, layer = name.partition(":")
        zero = Weights(
            10.0, 1.0, 0.0, dict.fromkeys(layers.content_layers, 0.0), dict.fromkeys(layers.style_layers, 0.0)
        )
        if layer:
            getattr(zero, f"{kind}_layers")[layer] = 1.0
        parts.append(make(zero._replace(tv=0.0 if layer else 0.01)).losses_and_gradient(IMAGE)[1])
    for gradient, weighted in zip(gradients, (parts, [f * part for f, part in zip(factors.values(), parts)])):
        assert np.linalg.norm(gradient - sum(weighted)) < 1e-4 * np.linalg.norm(gradient)


def test_without_weights_there_is_nothing_to_do(make):
    values, gradient = make(RECIPE._replace(content=0.0, style=0.0, tv=0.0)).losses_and_gradient(IMAGE)
    assert not any(values.values()) and not gradient.any()


def test_the_photograph_itself_has_no_content_loss_and_the_painting_no_style_loss(make):
    start = make().losses(IMAGE)
    assert make().losses(CONTENT)["content"] < 1e-9 * start["content"]
    assert make().losses(STYLE)["style"] < 1e-9 * start["style"]


def test_the_limit_shortens_the_gradient_of_content_and_style_but_not_of_tv(make):
    weights = RECIPE._replace(tv=1000.0)
    tv_gradient = 1000 / 8 * plain.roughness_gradient(IMAGE[0])
    gradient = make(weights).losses_and_gradient(IMAGE)[1] - tv_gradient
    shortened = make(weights, max_gradient_norm=100.0).losses_and_gradient(IMAGE)[1] - tv_gradient
    assert np.linalg.norm(gradient) > 1000
    assert np.linalg.norm(shortened) == pytest.approx(100, rel=1e-3)
    assert cosine(gradient, shortened) > 0.99999
    unlimited = make(weights, max_gradient_norm=1e30).losses_and_gradient(IMAGE)[1] - tv_gradient
    np.testing.assert_allclose(unlimited, gradient, rtol=1e-4, atol=1e-4 * np.abs(gradient).max())


def test_what_is_not_painted_has_no_gradient_and_stays_the_photograph(make):
    painted = np.zeros(SIZE, np.float32)
    painted[:, :20] = 1
    objective = make(painted=painted, photograph=CONTENT)
    gradient = objective.losses_and_gradient(IMAGE)[1]
    assert not gradient[..., 20:].any() and gradient[..., :20].all()
    admitted = objective.admitted(IMAGE)
    np.testing.assert_allclose(admitted[..., 20:], CONTENT[..., 20:], atol=1e-4)
    np.testing.assert_allclose(admitted[..., :20], IMAGE[..., :20], atol=1e-4)


@pytest.mark.parametrize("style_loss", [losses.gram, losses.wasserstein])
def test_the_network_is_shown_the_picture_without_its_noise_and_pixels_are_compared_with_it(make, style_loss):
    options = {"style_loss": style_loss}
    noise = np.random.default_rng(5).normal(0, 20, IMAGE.shape).astype(np.float32)
    clean, noisy = make(**options), make(**options)
    noisy.leave_out(noise)
    found, gradient = noisy.losses_and_gradient(IMAGE + noise)
    expected, slope = clean.losses_and_gradient(IMAGE)
    _, pixels = make(RECIPE._replace(content=0.0, style=0.0), **options).losses_and_gradient(IMAGE + noise)
    _, no_pixels = make(RECIPE._replace(tv=0.0), **options).losses_and_gradient(IMAGE)
    for name in ("content", "style", "style:relu1_1"):
        assert found[name] == pytest.approx(expected[name], rel=1e-4)
    assert found["tv"] == pytest.approx(clean.losses(IMAGE + noise)["tv"], rel=1e-4) and found["tv"] > expected["tv"]
    np.testing.assert_allclose(gradient, no_pixels + pixels, rtol=1e-3, atol=1e-4 * np.abs(slope).max())
    assert noisy.losses(IMAGE + noise) == found


def test_in_another_phase_the_photograph_is_compared_there_and_pixels_where_they_are(make):
    def padded(picture, beyond):
        return np.pad(picture, ((0, 0), (0, 0), *beyond), mode="reflect")

    recipe = RECIPE._replace(style=0.0)
    still, moved = make(recipe, border=6, photograph=CONTENT), [(9, 3), (4, 8)]
    first = still.losses(IMAGE)
    still.look_from((3, -2))
    found, gradient = still.losses_and_gradient(IMAGE)
    wide = make(recipe._replace(tv=0.0), content=padded(CONTENT, moved))
    expected, slope = wide.losses_and_gradient(padded(IMAGE, moved))
    assert found["content"] == pytest.approx(expected["content"], rel=1e-4)
    assert found["content"] != pytest.approx(first["content"], rel=1e-3)
    tv, pixels = make(RECIPE._replace(content=0.0, style=0.0)).losses_and_gradient(IMAGE)
    assert found["tv"] == pytest.approx(tv["tv"], rel=1e-4)
    step = np.random.default_rng(0).normal(size=IMAGE.shape).astype(np.float32)
    back = np.sum((gradient - pixels) * step)  # the transpose of the continuation
    assert back == pytest.approx(np.sum(slope * padded(step, moved)), rel=1e-3)
    still.look_from((0, 0))
    assert still.losses(IMAGE)["content"] == pytest.approx(first["content"], rel=1e-6)
