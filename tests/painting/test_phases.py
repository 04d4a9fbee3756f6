"""In which phases a network samples a picture, and pictures moved there and their gradients back."""

import numpy as np
import pytest

from neural_style.painting import phases

GENERATOR = np.random.default_rng(0)
MOVES = [(0, 0), (3, -4), (-4, 3), (-1, 0), (0, 2), (-2, -3), (1, 1)]


@pytest.mark.parametrize("down, right", MOVES)
def test_a_moved_picture_is_a_part_of_its_mirrored_continuation(down, right):
    image = GENERATOR.normal(size=(1, 3, 9, 12)).astype(np.float32)
    wide = np.pad(image, ((0, 0), (0, 0), (4, 4), (4, 4)), mode="reflect")
    expected = wide[:, :, 4 + down : 13 + down, 4 + right : 16 + right]
    np.testing.assert_array_equal(phases.moved(image, (down, right)), expected)


@pytest.mark.parametrize("by", MOVES)
def test_the_gradient_goes_back_to_where_each_value_came_from(by):
    image, gradient = GENERATOR.normal(size=(2, 1, 3, 9, 12))
    there, back = np.sum(phases.moved(image, by) * gradient), np.sum(image * phases.moved_back(gradient, by))
    assert there == pytest.approx(back, rel=1e-12)


def test_all_phases_come_once_before_one_comes_again():
    found = [phases.phase(number) for number in range(64)]
    assert set(found) == {(down, right) for down in range(-4, 4) for right in range(-4, 4)}
    assert phases.phase(64) == phases.phase(0)


@pytest.mark.parametrize("stride", [2, 4])
def test_few_phases_are_spread_over_a_shorter_stride(stride):
    found = {tuple(np.mod(phases.phase(number), stride)) for number in range(stride**2)}
    assert len(found) == stride**2


def test_the_phase_of_an_epoch_is_another_one_after_each_change_and_at_each_level():
    found = [phases.of_epoch(1, epochs, (60, 90)) for epochs in range(1000)]
    for epochs in range(1, 1000):
        assert (found[epochs] != found[epochs - 1]) == phases.changes_after(epochs)
    assert [epochs for epochs in range(121) if phases.changes_after(epochs)] == [8, 72, 96, 120]
    assert len({phases.of_epoch(level, 0, (60, 90)) for level in range(6)}) == 6


def test_a_picture_of_few_pixels_stays_in_one_phase():
    assert {phases.of_epoch(0, epochs, (8, 90)) for epochs in range(100)} == {(0, 0)}
