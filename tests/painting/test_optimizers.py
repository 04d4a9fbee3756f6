"""The optimizers: against their references, on functions that are hard, and taken up again in the middle."""

import io

import numpy as np
import pytest

from neural_style.painting.optimizers import LBFGS, NAG, OPTIMIZERS, Adam

SHAPE = (1, 3, 8, 9)
START = np.random.default_rng(1).uniform(-100, 100, SHAPE).astype(np.float32)
CURVATURES = np.geomspace(1, 1e4, START.size).reshape(SHAPE)


def quadratic(image):
    """Ill-conditioned: its curvatures span four orders."""
    x = image.astype(np.float64)
    return float(np.sum(CURVATURES * x**2) / 2), (CURVATURES * x).astype(np.float32)


def valleys(image):
    """Rosenbrock's function of each pair of neighbouring values, in units of 50 grey levels; least at (50, 50)."""
    x = image.ravel().astype(np.float64) / 50
    a, b = x[::2], x[1::2]
    gradient = np.empty_like(x)
    gradient[::2] = -2 * (1 - a) - 400 * a * (b - a**2)
    gradient[1::2] = 200 * (b - a**2)
    return float(np.sum((1 - a) ** 2 + 100 * (b - a**2) ** 2)), (gradient / 50).reshape(SHAPE).astype(np.float32)


def losses_of(optimizer, function, steps, image=START):
    """The loss of the start and after each step."""
    loss, gradient = function(image)
    found = [loss]
    for _ in range(steps):
        image = optimizer.step(image, loss, gradient)
        loss, gradient = function(image)
        found.append(loss)
    return np.array(found)


def test_nag_is_that_of_mxnet_update_for_update(mx):
    reference = mx.optimizer.NAG(learning_rate=1, momentum=0.95, wd=0.0001)
    optimizer, image, weight = NAG(1), START, mx.nd.array(START)
    state, generator = reference.create_state(0, weight), np.random.default_rng(2)
    for rate in np.geomspace(0.1, 0.01, 20):
        gradient = generator.normal(0, 50, SHAPE).astype(np.float32)
        optimizer.rate = reference.lr = rate
        image = optimizer.step(image, 0.0, gradient)
        reference.update(0, weight, mx.nd.array(gradient), state)
        np.testing.assert_allclose(image, weight.asnumpy(), rtol=1e-5, atol=1e-4)


def test_adam_is_that_of_the_paper():
    optimizer, image, generator = Adam(1), START, np.random.default_rng(2)
    theta, m, v = START.astype(np.float64), 0, 0
    for t in range(1, 21):
        gradient = generator.normal(0, 50, SHAPE).astype(np.float32)
        optimizer.rate = 4.0 * 0.9**t
        image = optimizer.step(image, 0.0, gradient)
        m, v = 0.9 * m + 0.1 * gradient, 0.99 * v + 0.01 * gradient.astype(np.float64) ** 2
        theta = theta - 4.0 * 0.9**t * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.99**t)) + 1e-8)
        np.testing.assert_allclose(image, theta, rtol=1e-5, atol=1e-3)
    assert image.dtype == np.float32


@pytest.mark.parametrize(("function", "rate"), [(quadratic, 2 / (1 + 1e4)), (valleys, 1.0)])
def test_lbfgs_is_far_ahead_of_gradient_descent(function, rate):
    descent, image = [], START / 2
    for _ in range(100):
        loss, gradient = function(image)
        descent.append(loss)
        image = image - rate * gradient
    found = losses_of(LBFGS(4.0), function, 100, START / 2)
    assert found.min() < 1e-2 * np.nanmin(descent)
    assert found.min() < 1e-4 * found[0]


@pytest.mark.parametrize("function", [quadratic, valleys])
@pytest.mark.parametrize("rate", [1e-3, 4.0, 1000.0])
def test_lbfgs_never_goes_on_from_a_picture_with_a_higher_loss(function, rate):
    optimizer, image = LBFGS(rate), START
    loss, gradient = function(image)
    accepted = []
    for _ in range(80):
        image = optimizer.step(image, loss, gradient)
        accepted.append(float(optimizer.state()["loss"]))
        loss, gradient = function(image)
    assert np.all(np.diff(accepted) <= 0)
    assert accepted[-1] < 0.1 * accepted[0]


def test_after_a_step_of_lbfgs_that_was_too_long_comes_the_best_one_along_it():
    def bowl(image):
        return 3 * float(np.sum(image.astype(np.float64) ** 2)), 6 * image

    too_long = 5 * float(np.sqrt(np.mean(START**2)))
    start, risen, retried = losses_of(LBFGS(too_long), bowl, 2)
    assert risen > start
    assert retried < 1e-8 * start


def test_the_first_step_of_lbfgs_has_the_length_of_its_rate():
    for scale in (1e-6, 1, 1e6):
        loss, gradient = quadratic(START)
        step = LBFGS(3.0).step(START, loss, np.float32(scale) * gradient) - START
        assert np.sqrt(np.mean(step**2)) == pytest.approx(3.0, rel=1e-4)


def test_lbfgs_survives_a_function_that_turns_worse_for_a_while():
    calls = []

    def treacherous(image):
        calls.append(image)
        loss, gradient = quadratic(image)
        return (1e3 * loss, -1e3 * gradient) if len(calls) in (6, 7, 20) else (loss, gradient)

    found = losses_of(LBFGS(4.0), treacherous, 120)
    assert np.isfinite(found).all()
    assert found[-1] < 1e-3 * found[0]


def test_where_the_loss_falls_on_the_steps_of_lbfgs_grow_to_16_grey_levels_and_no_more():
    slope = np.random.default_rng(3).normal(size=SHAPE).astype(np.float32)
    optimizer, image, lengths, held_back = LBFGS(4.0), START, [], []
    for _ in range(10):
        after = optimizer.step(image, float(np.sum(slope * image, dtype=float)), slope)
        lengths.append(np.sqrt(np.mean((after - image) ** 2)))
        held_back.append(optimizer.held_back)
        image = after
    np.testing.assert_allclose(lengths, [4, 6, 9, 13.5, *[16] * 6], rtol=1e-3)
    assert all(held_back)


def test_a_step_of_lbfgs_within_its_radius_is_not_held_back():
    optimizer, image, held_back = LBFGS(4.0), START, []
    for _ in range(60):
        image = optimizer.step(image, 3 * float(np.sum(image.astype(float) ** 2)), 6 * image)
        held_back.append(optimizer.held_back)
    assert held_back[0] and not held_back[-1]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_remembers_as_many_pictures_as_it_says(name):
    optimizer, image = OPTIMIZERS[name](1e-5), START
    for _ in range(40):
        image = optimizer.step(image, *quadratic(image))
    assert sum(array.shape == SHAPE for array in optimizer.state().values()) == optimizer.pictures


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_gradient_no_step(name):
    image = OPTIMIZERS[name](5.0, **({"weight_decay": 0} if name == "nag" else {})).step(
        START, 0.0, np.zeros_like(START)
    )
    assert np.array_equal(image, START)


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("done", [0, 1, 2, 30])
def test_a_run_taken_up_from_a_file_goes_on_byte_for_byte(name, done):
    rate = {"nag": 1e-5, "adam": 4.0, "lbfgs": 4.0}[name]

    def go_on(optimizer, image, steps):
        pictures = []
        for _ in range(steps):
            image = optimizer.step(image, *quadratic(image))
            pictures.append(image)
        return pictures

    one = OPTIMIZERS[name](rate)
    image = go_on(one, START, done)[-1] if done else START
    file = io.BytesIO()
    np.savez(file, **one.state())
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        state = dict(stored)
    uninterrupted = go_on(one, image, 15)
    other = OPTIMIZERS[name](rate)
    go_on(other, -START, 3)
    other.restore(state)
    assert [x.tobytes() for x in go_on(other, image, 15)] == [x.tobytes() for x in uninterrupted]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_stays_what_it_was_while_the_run_goes_on(name):
    optimizer, image = OPTIMIZERS[name](1e-5), START
    for _ in range(3):
        image = optimizer.step(image, *quadratic(image))
    state = optimizer.state()
    copies = {key: array.copy() for key, array in state.items()}
    for _ in range(20):
        image = optimizer.step(image, *quadratic(image))
    assert state and all(np.array_equal(array, copies[key]) for key, array in state.items())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_forgetting_is_starting_afresh(name):
    one, other = OPTIMIZERS[name](1e-5), OPTIMIZERS[name](1e-5)
    losses_of(one, quadratic, 5)
    one.forget()
    assert np.array_equal(losses_of(one, quadratic, 5), losses_of(other, quadratic, 5))


def test_lbfgs_goes_on_with_another_loss_by_the_curvature_that_it_knows():
    def moved(image):  # the same bowl a little away, and higher everywhere
        loss, gradient = quadratic(image - 5)
        return loss + 1e9, gradient

    known, forgetful = LBFGS(4.0), LBFGS(4.0)
    image = START
    for _ in range(60):
        image = known.step(image, *quadratic(image))
    state = known.state()
    known.anew()
    forgetful.restore(state)
    forgetful.forget()
    ends = [losses_of(optimizer, moved, 12, image) - 1e9 for optimizer in (known, forgetful)]
    assert ends[0][0] == ends[1][0] and ends[0][:8].mean() < 0.9 * ends[1][:8].mean()
    assert ends[0][1] < ends[0][0]  # that it is higher than the loss before takes no step back


@pytest.mark.parametrize("name", ["adam", "nag"])
def test_other_optimizers_go_on_with_another_loss_as_with_the_same(name):
    one, other = OPTIMIZERS[name](1e-3), OPTIMIZERS[name](1e-3)
    for optimizer in (one, other):
        losses_of(optimizer, quadratic, 5)
    one.anew()
    assert np.array_equal(losses_of(one, quadratic, 5), losses_of(other, quadratic, 5))


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("size", [(16, 18), (15, 17), (4, 5)])
def test_the_next_level_goes_on_at_its_own_size(name, size):
    optimizer, generator = OPTIMIZERS[name](1e-3), np.random.default_rng(4)
    optimizer.resize(size)
    for steps in (0, 3):
        image = START
        for _ in range(steps):
            # sparse gradients leave sharp edges in the moments
            gradient = (generator.normal(size=SHAPE) * (generator.uniform(size=SHAPE) > 0.8)).astype(np.float32)
            image = optimizer.step(image, 0.0, gradient)
        optimizer.resize(size)
        image = np.ones((1, 3, *size), np.float32)
        image = optimizer.step(image, 0.0, 1e-4 * image)
        assert image.shape == (1, 3, *size) and image.dtype == np.float32
        assert np.isfinite(image).all()
        optimizer.resize(SHAPE[2:])


@pytest.mark.parametrize(("name", "array"), [("nag", "velocity"), ("adam", "mean")])
def test_momentum_is_carried_to_the_next_level(name, array):
    optimizer = OPTIMIZERS[name](1.0)
    ramp = np.broadcast_to(np.linspace(-1, 1, 9, dtype=np.float32), SHAPE).copy()
    optimizer.step(0 * ramp, 0.0, ramp)
    before = optimizer.state()[array]
    optimizer.resize((16, 18))
    after = optimizer.state()[array]
    assert after.shape == (1, 3, 16, 18)
    np.testing.assert_allclose(
        after[0, 0].reshape(8, 2, 9, 2).mean((1, 3)), before[0, 0], atol=0.03 * np.abs(before).max()
    )


def test_nag_is_held_back_while_its_momentum_gathers_also_after_it_was_restored():
    optimizer, again, image, held_back = NAG(0.001), NAG(0.001), START, []
    for _ in range(25):
        image = optimizer.step(image, *quadratic(image))
        again.restore(optimizer.state())
        held_back.append(optimizer.held_back)
        assert again.held_back == optimizer.held_back
    assert held_back == [True] * 19 + [False] * 6


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_says_what_its_state_holds(name):
    optimizer, image = OPTIMIZERS[name](OPTIMIZERS[name].default_rate), START
    for _ in range(3):
        image = optimizer.step(image, *quadratic(image))
    state = optimizer.state()
    several = {key for key in state if key.rpartition("_")[0] in optimizer.pairs}
    assert state.keys() - several == {*optimizer.numbers, *optimizer.arrays} and bool(several) == bool(optimizer.pairs)
    assert all(np.shape(state[key]) == () for key in optimizer.numbers)
    assert all(state[key].shape == START.shape for key in {*optimizer.arrays, *several})
