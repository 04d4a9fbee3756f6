"""In which phases a network samples a picture."""

import numpy as np
import pytest

from neural_style.painting import phases


def test_all_phases_come_once_before_one_comes_again():
    found = [phases.phase(number) for number in range(64)]
    assert set(found) == {(down, right) for down in range(-4, 4) for right in range(-4, 4)}
    assert phases.phase(64) == phases.phase(0)


@pytest.mark.parametrize("stride", [2, 4])
def test_few_phases_are_spread_over_a_shorter_stride(stride):
    found = {tuple(np.mod(phases.phase(number), stride)) for number in range(stride**2)}
    assert len(found) == stride**2


def test_the_phase_of_an_epoch_is_another_one_after_each_change_and_at_each_level():
    found = [phases.of_epoch(1, epochs) for epochs in range(1000)]
    for epochs in range(1, 1000):
        assert (found[epochs] != found[epochs - 1]) == phases.changes_after(epochs)
    assert [epochs for epochs in range(121) if phases.changes_after(epochs)] == [8, 72, 96, 120]
    assert len({phases.of_epoch(level, 0) for level in range(6)}) == 6
