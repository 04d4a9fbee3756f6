"""The loop: levels, epochs, the stop rule, the best picture, recovery, and taking a run up again; on toy objectives."""

import copy
import math
from types import SimpleNamespace

import numpy as np
import pytest

from neural_style.painting import phases
from neural_style.painting.descent import State, descend
from neural_style.painting.levels import Level, extended, plan
from neural_style.painting.optimizers import LBFGS, OPTIMIZERS
from neural_style.painting.pieces import MEMORY
from neural_style.pictures.images import resize_planes
from neural_style.runs import course

LEVELS = [Level((4, 6), 3), Level((8, 12), 4), Level((16, 24), 5)]
START = np.random.default_rng(0).uniform(-100, 100, (1, 3, 4, 6)).astype(np.float32)


class Bowl:
    """Squared distance to 10, with curvatures from 1 to 9; `spoil` may change what it gives for its n-th picture."""

    def __init__(self, size, spoil=None):
        self.curvatures = np.linspace(1, 9, 3 * size[0] * size[1]).reshape(1, 3, *size)
        self.pictures, self.spoil = [], spoil

    def losses_and_gradient(self, image):
        self.pictures.append(image)
        assert image.shape == self.curvatures.shape and image.dtype == np.float32
        gradient = (self.curvatures * (image - 10)).astype(np.float32)
        losses = {"total": float(np.sum(gradient * (image - 10.0)) / 2)}
        return self.spoil(len(self.pictures) - 1, losses, gradient) if self.spoil else (losses, gradient)

    def admitted(self, image):
        return image


class Halving:
    """Steps half the way to zero at rate 1, and remembers the rates that it was given."""

    classic = held_back = False

    def __init__(self):
        self.rates, self.anews = [], 0

    def step(self, image, loss, gradient):
        self.rates.append(self.rate)
        return image * np.float32(1 - self.rate / 2)

    def forget(self):
        pass

    def anew(self):
        self.anews += 1

    def resize(self, size):
        pass

    def state(self):
        return {}

    def restore(self, state):
        pass


def paint(levels=LEVELS, objective=Bowl, optimizer=None, state=None, rate_at=lambda epoch: 1.0, **options):
    return list(descend(levels, objective, optimizer or Halving(), state or State(START), rate_at=rate_at, **options))


def spoiled(*numbers, losses=math.nan, gradient=1.0):
    """A bowl whose n-th pictures give a loss or gradient that is not finite; number 0 is the start picture."""

    def spoil(number, found, slope):
        return ({**found, "total": losses}, slope * gradient) if number in numbers else (found, slope)

    return lambda size: Bowl(size, spoil)


def test_levels_come_coarse_to_fine_with_their_epochs():
    made = []
    found = paint(objective=lambda size: made.append(size) or Bowl(size))
    assert made == [(4, 6), (8, 12), (16, 24)]
    assert [event.epoch for event in found] == list(range(1, 13))
    assert [event.image.shape[2:] for event in found] == [(4, 6)] * 3 + [(8, 12)] * 4 + [(16, 24)] * 5
    assert [event.status for event in found] == [None] * 11 + ["finished"]


def test_an_objective_is_made_only_when_its_level_begins():
    made = []
    for event in descend(
        LEVELS, lambda size: made.append(size) or Bowl(size), Halving(), State(START), rate_at=lambda _: 1
    ):
        assert len(made) == 1 + (event.epoch > 3) + (event.epoch > 7)


def test_each_epoch_evaluates_one_picture_and_reports_its_losses_and_change():
    bowls = []
    found = paint(LEVELS[:1], lambda size: bowls.append(Bowl(size)) or bowls[-1])
    assert len(bowls[0].pictures) == 1 + 3
    for before, event in zip(bowls[0].pictures, found):
        assert event.losses == Bowl((4, 6)).losses_and_gradient(event.image)[0]
        assert event.relative_change == pytest.approx(
            np.linalg.norm(event.image - before) / np.linalg.norm(event.image)
        )


def test_pixels_stay_in_the_range_of_a_file_unless_told_otherwise():
    outside = State(START * 3)
    for event in paint(state=outside, rate_at=lambda epoch: -2.0):
        pixels = event.image[0] + np.array([123.68, 116.779, 103.939], np.float32)[:, None, None]
        assert pixels.min() > -1e-4 and pixels.max() < 256 + 1e-4
    assert np.abs(paint(state=outside, rate_at=lambda epoch: -2.0, clip=False)[-1].image).max() > 1000


def losing(total):
    """A bowl that gives its n-th picture the loss `total(n)`."""
    return lambda size: Bowl(size, lambda number, losses, slope: ({"total": total(number)}, slope))


@pytest.mark.parametrize("classic", [False, True])
def test_a_small_step_ends_a_level_and_after_six_epochs_of_little_gain_the_run(classic):
    optimizer = Halving()
    optimizer.classic = classic
    levels = [Level(s, 20) for s, _ in LEVELS]
    found = paint(levels, losing(lambda n: 1.0), optimizer, rate_at=lambda e: 1 if e < 10 else 1e-4, stop_eps=1e-3)
    sizes = [event.image.shape[2:] for event in found]
    assert [sizes.count(size) for size, _ in LEVELS] == [10, 1, 1 if classic else 6]
    assert [event.status for event in found] == [None] * (len(found) - 1) + ["converged"]


@pytest.mark.parametrize(("fall", "epochs"), [(0.9986, 20), (0.9988, 6)], ids=["0.84 % in six epochs", "0.72 %"])
def test_small_steps_do_not_end_the_run_while_the_loss_falls(fall, epochs):
    course = {"rate_at": lambda epoch: 1e-4, "stop_eps": 1e-3}
    found = paint([Level((4, 6), 20)], losing(lambda n: fall**n), **course)
    assert len(found) == epochs and found[-1].status == ("converged" if epochs < 20 else "finished")


@pytest.mark.parametrize(("style", "epochs"), [(0.99, 20), (0.999, 6), (1.01, 6)], ids=["falls", "settled", "rises"])
def test_a_run_does_not_end_while_its_style_comes_nearer(style, epochs):
    def objective(size):
        return Bowl(size, lambda number, losses, slope: ({"total": 1.0, "style": 0.1 * style**number}, slope))

    found = paint([Level((4, 6), 20)], objective, Halving(), rate_at=lambda epoch: 1e-4, stop_eps=1e-3)
    assert len(found) == epochs


def test_a_run_does_not_end_with_a_step_that_is_to_be_taken_back():
    # of the last two epochs each is hardly lower than six before, and far higher than the best
    totals = [*(0.9**n for n in range(8)), 0.809, 0.728]
    found = paint([Level((4, 6), 9)], losing(lambda n: totals[n]), rate_at=lambda epoch: 1e-4, stop_eps=1e-3)
    assert len(found) == 9 and found[-1].status == "finished"


@pytest.mark.parametrize(("small", "epochs"), [(3, 20), (4, 9), (10, 10), (None, 20)])
def test_the_run_ends_where_one_step_of_the_last_six_was_small(small, epochs):
    # the loss falls for three epochs
    course = {"rate_at": lambda epoch: 1e-4 if epoch == small else 1.0, "stop_eps": 1e-3}
    found = paint([Level((4, 6), 20)], losing(lambda n: 0.5 ** min(n, 3)), Halving(), **course)
    assert len(found) == epochs


@pytest.mark.parametrize("total", [lambda n: 0.9**n, lambda n: 1.0 + n], ids=["falls fast", "rises"])
def test_a_step_counts_as_small_only_where_the_loss_hardly_falls(total):
    optimizer = Halving()
    levels, course = [Level((4, 6), 15), Level((8, 12), 15)], {"rate_at": lambda epoch: 1e-4, "stop_eps": 1e-3}
    assert len(paint(levels, losing(total), optimizer, **course)) == 30
    optimizer.classic = True
    assert len(paint(levels, losing(total), optimizer, **course)) == 2


@pytest.mark.parametrize("rate", [1e-3, 0.01, 0.1])
def test_a_small_rate_ends_no_level_while_the_trust_radius_holds_the_steps_back_and_the_loss_falls(rate):
    def afresh(image, size):  # so that there is something to do at each level
        return np.random.default_rng(1).uniform(-100, 100, (1, 3, *size)).astype(np.float32)

    levels = [Level(size, 60) for size, _ in LEVELS]
    found = paint(levels, Bowl, LBFGS(rate), rate_at=lambda epoch: rate, stop_eps=0.005, enlarge=afresh)
    for size, _ in LEVELS:
        course = [event.losses["total"] for event in found if event.image.shape[2:] == size]
        assert course[-1] < 1e-4 * course[0]


def test_a_step_that_is_held_back_ends_a_level_where_the_loss_does_not_fall():
    optimizer = Halving()
    optimizer.held_back = True
    course = {"rate_at": lambda epoch: 1e-4, "stop_eps": 1e-3}
    assert len(paint([Level((4, 6), 15)], losing(lambda n: 1.0), optimizer, **course)) == 6
    assert len(paint([Level((4, 6), 15)], losing(lambda n: 1 - 1e-6 * n), optimizer, **course)) == 15


def test_the_best_picture_is_the_one_of_least_loss_at_the_size_of_the_result():
    totals = [5.0, 7.0, 2.0, 9.0, 3.0, 4.0]

    def spoil(number, losses, gradient):
        # the coarse levels have lower losses, which must not count
        return {"total": totals[number] if gradient.shape[3] == 24 else 0.1}, gradient

    found = paint(objective=lambda size: Bowl(size, spoil))
    best = found[-1].state.best
    assert best.epoch == 9 and best.total == 2.0
    assert np.array_equal(best.image, found[8].image)
    assert found[6].state.best is None


def test_a_start_that_is_never_bettered_is_the_best_picture():
    found = paint([Level((4, 6), 3)], objective=lambda size: Bowl(size, lambda n, losses, g: ({"total": float(n)}, g)))
    assert found[-1].state.best.epoch == 0
    assert np.array_equal(found[-1].state.best.image, START)


@pytest.mark.parametrize(
    "spoil",
    [{"losses": math.nan}, {"losses": math.inf}, {"gradient": np.float32("nan")}, {"gradient": np.float32("inf")}],
)
def test_values_that_are_not_finite_take_the_step_back_and_halve_the_next_ones(spoil):
    optimizer = Halving()
    found = paint([Level((4, 6), 6)], spoiled(2, 3, **{"losses": 1.0, **spoil}), optimizer)
    assert [event.failed for event in found] == [False, True, True, False, False, False]
    assert optimizer.rates == [1, 1, 0.5, 0.25, 0.25, 0.25]
    for event in found[1:3]:
        assert np.array_equal(event.image, found[0].image)
        assert event.losses == found[0].losses and event.relative_change == 0
    np.testing.assert_allclose(found[3].image, found[0].image * 0.875, rtol=1e-6)
    assert all(np.isfinite(event.image).all() for event in found)
    assert found[-1].status == "finished"


def test_five_failures_in_a_row_end_the_run_with_the_last_good_picture():
    found = paint([Level((4, 6), 20)], spoiled(*range(3, 99)))
    assert len(found) == 2 + 5
    assert [event.status for event in found] == [None] * 6 + ["diverged"]
    assert np.array_equal(found[-1].image, found[1].image)
    assert found[-1].state.best.epoch in (1, 2)


@pytest.mark.parametrize("levels", [[Level((4, 6), 3)], [Level((2, 3), 2), Level((4, 6), 2)]], ids=["one", "two"])
def test_a_run_of_which_no_step_succeeded_has_diverged_however_short(levels):
    found = paint(levels, spoiled(*range(1, 99)))
    assert [event.failed for event in found] == [True] * len(found)
    assert [event.status for event in found] == [None] * (len(found) - 1) + ["diverged"]
    assert paint([Level((4, 6), 3)], spoiled(1, 2))[-1].status == "finished"
    assert paint([Level((4, 6), 3)], spoiled(2, 3))[-1].status == "finished"


def test_failures_that_are_not_in_a_row_do_not_end_the_run():
    found = paint([Level((4, 6), 30)], spoiled(*(n for n in range(2, 30) if n % 5)))
    assert len(found) == 30 and found[-1].status == "finished"


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_failure_makes_the_optimizer_start_afresh(name):
    optimizer = OPTIMIZERS[name](0.01)
    found = paint([Level((4, 6), 4)], spoiled(3), optimizer, rate_at=lambda epoch: 0.01)
    state = State(found[2].image, step_scale=0.5)
    afresh = paint([Level((4, 6), 1)], Bowl, OPTIMIZERS[name](0.01), state, rate_at=lambda epoch: 0.01)
    assert found[2].failed and np.array_equal(found[3].image, afresh[0].image)


# what is written


class Written(Bowl):
    """A bowl around 10 of what is written: the picture without the objective's noise."""

    noise = None

    def losses_and_gradient(self, image):
        return super().losses_and_gradient(image if self.noise is None else image - self.noise)


def shrunk(image):
    """What a denoising leaves that moves every value by 3 towards nothing."""
    return (np.sign(image) * np.maximum(np.abs(image) - 3, 0)).astype(np.float32)


def taken(image):
    return image - shrunk(image)


def test_after_8_24_72_epochs_at_the_last_size_the_losses_become_those_of_what_is_written():
    seen, made, optimizer = [], [], Halving()

    def noise_of(image):
        seen.append(image)
        return taken(image)

    levels = [Level((4, 6), 30), Level((8, 12), 80)]
    found = paint(levels, lambda size: made.append(Written(size)) or made[-1], optimizer, noise_of=noise_of)
    assert len(seen) == optimizer.anews == 3
    for image, epoch in zip(seen, (38, 54, 102)):
        assert np.array_equal(image, found[epoch - 1].image)
        assert np.array_equal(found[epoch].state.noise, np.float32(0.6) * taken(image))
    assert made[0].noise is None and found[37].state.noise is None
    for event in (found[37], found[38], found[109]):
        noise = 0 if event.state.noise is None else event.state.noise
        assert event.losses == Bowl((8, 12)).losses_and_gradient((event.image - noise).astype(np.float32))[0]


def test_what_is_written_comes_by_six_tenths_to_where_the_picture_alone_came_before():
    levels = [Level((8, 12), 60)]

    def ends(**options):
        picture = paint(levels, Written, LBFGS(4.0), rate_at=lambda epoch: 4.0, **options)[-1].state.best.image
        return np.abs(picture - 10).max(), np.abs(shrunk(picture) - 10).max()

    alone, written = ends()
    assert alone < 0.1 and written == pytest.approx(3, abs=0.1)
    alone, written = ends(noise_of=taken)
    assert alone == pytest.approx(1.8, abs=0.1) and written == pytest.approx(1.2, abs=0.1)


def test_the_best_picture_is_the_one_of_least_loss_since_it_was_last_aimed():
    totals = [float(number) for number in range(28)]  # the earlier, the better
    found = paint([Level((4, 6), 28)], losing(lambda n: totals[min(n, 27)]), noise_of=np.zeros_like)
    # the picture that was looked at is one of them: where a run ends soon after, none may be better
    assert [found[epoch - 1].state.best.epoch for epoch in (8, 9, 24, 25, 28)] == [0, 8, 8, 24, 24]
    assert found[8].state.best.image.tobytes() == found[7].image.tobytes()


@pytest.mark.parametrize("rise", [1.0, 1.3])
def test_a_run_ends_only_six_epochs_after_it_was_last_aimed(rise):
    course = {"rate_at": lambda epoch: 1e-4, "stop_eps": 1e-3, "noise_of": np.zeros_like}
    found = paint([Level((4, 6), 90)], losing(lambda n: rise if n > 8 else 1.0), **course)
    assert len(found) == 14 and found[-1].status == "converged"


def test_the_running_mean_is_what_is_aimed():
    seen = []
    found = paint(
        [Level((4, 6), 9)], Written, average_decay=0.9, noise_of=lambda image: seen.append(image) or taken(image)
    )
    assert np.array_equal(seen[0], found[7].state.average) and not np.array_equal(seen[0], found[7].state.image)


class Moving(Written):
    """A bowl that depends on the phase, as losses of a network with strides do."""

    def __init__(self, size):
        super().__init__(size)
        self.phases, self.still = [], self.curvatures

    def look_from(self, phase):
        self.phases.append(phase)
        self.curvatures = np.roll(self.still, phase, (2, 3))


def test_the_phase_changes_at_every_size_after_8_72_96_epochs_and_so_on():
    made, optimizer = [], Halving()
    levels = [Level((9, 12), 30), Level((18, 24), 100)]
    found = paint(levels, lambda size: made.append(Moving(size)) or made[-1], optimizer, moving=True)
    numbers = [phases.phase(number) for number in range(5)]
    assert [one.phases for one in made] == [numbers[:2], numbers[1:]] and optimizer.anews == 4
    for epochs, number in ((8, 1), (9, 2), (72, 2), (73, 3), (96, 3), (97, 4)):
        event, there = found[29 + epochs], Moving((18, 24))
        there.look_from(phases.phase(number))
        assert event.losses == there.losses_and_gradient(event.image)[0]


def lifted(size):
    """A bowl whose lowest loss is far from 0, as it is with a content and a style that are at odds."""
    return Bowl(size, lambda number, losses, slope: ({"total": losses["total"] + 1e7}, slope))


CASES = {
    "to the end": (LEVELS, Bowl, {}),
    "levels that converge early": ([Level(size, 25) for size, _ in LEVELS], lifted, {"stop_eps": 0.1}),
    "averaged": (LEVELS, Bowl, {"average_decay": 0.8}),
    "with failures": (LEVELS, spoiled(2, 4), {}),
    "aimed": ([Level((4, 6), 2), Level((8, 12), 28)], Written, {"noise_of": taken}),
    "averaged and aimed": ([Level((8, 12), 28)], Written, {"noise_of": taken, "average_decay": 0.8}),
    "moving and aimed": ([Level((9, 12), 10), Level((18, 24), 28)], Moving, {"noise_of": taken, "moving": True}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("case", CASES)
def test_a_run_taken_up_from_any_epoch_ends_in_the_same_picture(name, case):
    (levels, objective, options), rate = CASES[case], {"nag": 0.01, "adam": 4.0, "lbfgs": 4.0}[name]

    def run(state):
        stream = descend(
            levels, objective, OPTIMIZERS[name](rate), state, rate_at=lambda epoch: rate / epoch, **options
        )
        return [copy.deepcopy(event) for event in stream]

    uninterrupted = run(State(START))
    if case == "levels that converge early":
        assert [e.image.shape[3] for e in uninterrupted].count(6) < 25 and len(uninterrupted) < 75
    for stopped in uninterrupted[:-1]:
        if case == "with failures" and stopped.epoch not in (3, 7):
            continue  # the toy objective counts its pictures from the start of a level
        rest = run(copy.deepcopy(stopped.state))
        assert [event.epoch for event in rest] == [event.epoch for event in uninterrupted[stopped.epoch :]]
        for event, expected in zip(rest, uninterrupted[stopped.epoch :]):
            assert event.image.tobytes() == expected.image.tobytes()
            assert (event.losses, event.failed, event.status) == (expected.losses, expected.failed, expected.status)
            assert event.relative_change == expected.relative_change
        if "averaged" not in case:
            assert rest[-1].state.best.image.tobytes() == uninterrupted[-1].state.best.image.tobytes()
            assert rest[-1].state.best.epoch == uninterrupted[-1].state.best.epoch


def test_an_averaged_run_shows_the_mean_of_its_pictures():
    bowls = []
    found = paint([Level((4, 6), 4)], lambda size: bowls.append(Bowl(size)) or bowls[0], average_decay=0.999)
    np.testing.assert_allclose(found[-1].image, np.mean(bowls[0].pictures[1:], axis=0), rtol=1e-5)


def test_the_running_mean_goes_on_at_the_next_level():
    halves = {"optimizer": Halving(), "average_decay": 0.9}
    found = paint([Level((4, 6), 4), Level((8, 12), 3)], **halves)
    image, mean = START, None
    for epoch, event in enumerate(found, 1):
        if epoch == 5:
            image, mean = (resize_planes(planes, (8, 12)) for planes in (image, mean))
        image = image / 2
        share = max(0.1, 1 / epoch)
        mean = image if mean is None else (1 - share) * mean + share * image
        np.testing.assert_allclose(event.image, mean, rtol=1e-4, atol=1e-3)
    assert np.abs(found[4].image).mean() > 2 * np.abs(image).mean()


@pytest.mark.parametrize(("delay", "factor"), [(75, 0.9), (1, 0.5), (10, 0.1)])
def test_the_rate_falls_as_with_the_schedule_of_mxnet(mx, monkeypatch, delay, factor):
    monkeypatch.setattr(course.descent, "descend", lambda *args, rate_at, **options: rate_at)
    settings = SimpleNamespace(
        optimizer="nag", lr=0.25, lr_sched_delay=float(delay), lr_sched_factor=factor, stop_eps=0.0, average_decay=0.0,
        remove_noise=0.0, border=0,
    )
    run = SimpleNamespace(
        settings=settings, levels=None, engine=SimpleNamespace(array=np.asarray), make_optimizer=OPTIMIZERS["nag"],
        pieces=MEMORY,
    )  # fmt: skip
    rate_at = course.events(run, State(START))
    reference = mx.lr_scheduler.FactorScheduler(step=delay, factor=factor, base_lr=0.25, stop_factor_lr=0)
    for epoch in range(1, 8 * delay + 2):
        assert rate_at(epoch) == pytest.approx(reference(epoch), rel=1e-9)


@pytest.mark.parametrize("levels", [1, 2, 3, 5, 12, None])
def test_a_plan_spends_all_epochs_and_ends_at_the_size_of_the_result(levels):
    for epochs in [*range(1, 40), 150, 1000]:
        found = plan((400, 600), epochs, levels)
        assert sum(level.epochs for level in found) == epochs
        assert all(level.epochs > 0 for level in found)
        assert found[-1].size == (400, 600)
        assert len(found) <= (levels or 3)


def test_a_plan_doubles_the_size_and_its_coarser_levels_cost_little():
    found = plan((400, 600), 150, 3)
    assert [level.size for level in found] == [(100, 150), (200, 300), (400, 600)]
    assert min(level.epochs for level in found) > 15
    assert sum(level.epochs * level.size[0] * level.size[1] for level in found[:-1]) < 0.1 * 113 * 400 * 600
    assert plan((400, 600), 150, 1) == [Level((400, 600), 150)]


@pytest.mark.parametrize(
    ("size", "levels"),
    [((32, 32), 1), ((95, 600), 1), ((191, 600), 1), ((192, 600), 2), ((384, 600), 3), ((1067, 1600), 3),
     ((3000, 4000), 5), ((8000, 12000), 7)],
)  # fmt: skip
def test_small_pictures_have_few_levels(size, levels):
    assert len(plan(size, 100, None)) == levels


@pytest.mark.parametrize("epochs", [1, 2, 5, 40, 1000])
@pytest.mark.parametrize("levels", [None, 1, 2, 7])
def test_large_pictures_get_few_epochs_at_their_fine_levels(epochs, levels):
    found = plan((3200, 4800), epochs, levels)
    assert sum(level.epochs for level in found) == epochs and found[-1].size == (3200, 4800)
    fine = [level.epochs for level in found if max(level.size) > 1600]
    if levels is None:
        assert fine == [max(1, min(30, epochs // 4))] * min(2, epochs)
        assert epochs < 3 or sum(fine) <= max(epochs / 2, 2)


def test_a_longer_plan_keeps_what_the_shorter_one_did():
    short = plan((400, 600), 100, 3)
    longer = extended(short, 250)
    assert longer[:-1] == short[:-1]
    assert sum(level.epochs for level in longer) == 250 and longer[-1].size == (400, 600)
