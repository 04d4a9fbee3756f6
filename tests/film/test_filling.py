"""What is not known of a picture is filled from where the frame is alike."""

import numpy as np

from neural_style.film.filling import filled


def test_each_colour_of_the_frame_keeps_what_it_was_painted_in():
    guide = np.zeros((40, 60, 3), np.float32)
    guide[:, 30:] = 0.8
    painted = np.where(guide[..., 0] > 0.5, 100, -50).astype(np.float32)[None, None].repeat(3, 1)
    known = np.ones((40, 60), bool)
    known[30:] = False
    found = filled(np.where(known, painted, 7), guide, known)
    # at the border of the two colours their means are mixed
    for side in (slice(0, 27), slice(33, 60)):
        np.testing.assert_allclose(found[..., side], painted[..., side], atol=1e-3)


def test_what_is_known_stays_and_nothing_is_made_of_nothing():
    picture = np.random.default_rng(0).normal(size=(1, 3, 20, 30)).astype(np.float32)
    guide = np.random.default_rng(1).random((20, 30, 3)).astype(np.float32)
    known = guide[..., 0] > 0.3
    assert np.array_equal(filled(picture, guide, known)[0][:, known], picture[0][:, known])
    for everything in (True, False):
        assert np.array_equal(filled(picture, guide, np.full((20, 30), everything)), picture)
