"""Denoising is the one of the paper: scikit-image's, written by others, gives the same picture."""

import numpy as np
import pytest
from skimage import data
from skimage.restoration import denoise_tv_chambolle

from neural_style.pictures import denoising

CAT = np.float32(data.chelsea()[40:190, 90:300] / 255)
NOISY = np.float32(np.clip(CAT + np.random.default_rng(0).normal(0, 0.05, CAT.shape), 0, 1))


@pytest.mark.parametrize("weight", [0.005, 0.02, 0.1])
@pytest.mark.parametrize("steps", [None, 1, 40])
def test_it_is_what_scikit_image_computes(weight, steps):
    ends = {} if steps is None else {"eps": 0, "max_num_iter": steps}
    found = denoising.denoised(NOISY, weight, steps)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, denoise_tv_chambolle(NOISY, weight, channel_axis=-1, **ends), atol=1e-5)


def test_noise_goes_and_the_picture_stays():
    assert np.abs(denoising.denoised(NOISY, 0.05) - CAT).mean() < 0.7 * np.abs(NOISY - CAT).mean()


def test_weight_0_changes_nothing():
    assert denoising.denoised(NOISY, 0) is NOISY


@pytest.mark.parametrize("shape", [(1, 40, 3), (40, 1, 3), (1, 1, 3)])
def test_a_picture_of_one_row_or_column_is_denoised_too(shape):
    picture = np.random.default_rng(0).uniform(0, 1, shape).astype(np.float32)
    expected = denoise_tv_chambolle(picture, 0.1, channel_axis=-1)
    np.testing.assert_allclose(denoising.denoised(picture, 0.1), expected, atol=1e-5)
