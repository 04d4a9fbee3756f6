"""Where a run starts."""

import numpy as np
import pytest
from conftest import made_picture

from neural_style.painting.starts import NAMED, start_picture
from neural_style.pictures import images

SIZE = (40, 64)
CONTENT = made_picture(80, 128, seed=1) / np.float32(255)
STYLE = made_picture(50, 50, seed=2) / np.float32(255)


def start(init, seed=0, size=SIZE, **options):
    return start_picture(init, size, CONTENT, STYLE, seed=seed, **options)


@pytest.mark.parametrize("init", NAMED)
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_every_start_is_a_picture_of_its_seed(init, noise):
    image = start(init, 5, noise=noise)
    assert image.shape == (1, 3, *SIZE) and image.dtype == np.float32
    assert np.array_equal(image, start(init, 5, noise=noise))
    random = noise > 0 or init in ("noise", "pink")
    assert np.array_equal(image, start(init, 6, noise=noise)) != random


def test_noise_is_uniform_and_nearly_flat_as_in_the_classic_recipe():
    image = start("noise")
    assert np.abs(image).max() <= 0.1
    assert image.std() == pytest.approx(0.2 / np.sqrt(12), rel=0.02)
    assert abs(image.mean()) < 0.002


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0])
def test_the_amplitude_of_pink_noise_falls_with_the_frequency_to_its_exponent(exponent):
    image = start("pink", size=(256, 256), exponent=exponent)
    spectrum = np.abs(np.fft.fft2(image[0])).mean(axis=0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    octaves = [2.0**-k for k in range(7, 1, -1)]
    heights = [spectrum[(frequency >= f) & (frequency < 2 * f)].mean() for f in octaves]
    slope = np.polyfit(np.log(octaves), np.log(heights), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.1)
    assert 30 < image.std() < 100


def test_a_recoloured_start_has_the_paintings_colours_and_the_photographs_shapes():
    photograph = 0.3 + 0.2 * CONTENT
    image = images.from_network(start_picture("recolored", SIZE, photograph, 0.4 + 0.2 * STYLE, seed=0)).reshape(-1, 3)
    painting = images.resize(0.4 + 0.2 * STYLE, SIZE).reshape(-1, 3)
    np.testing.assert_allclose(image.mean(0), painting.mean(0), atol=2e-3)
    np.testing.assert_allclose(np.cov(image.T), np.cov(painting.T), atol=2e-4)
    # a linear map of the photograph's colours: what they are explains all of it
    pixels = np.c_[images.resize(photograph, SIZE).reshape(-1, 3), np.ones(len(image))]
    assert np.linalg.lstsq(pixels, image, rcond=None)[1].sum() < 1e-4 * len(image)


@pytest.mark.parametrize("grey", ["photograph", "painting", "both"])
def test_recolouring_grey_pictures_stays_in_range(grey):
    def faded(picture):
        return np.repeat(picture[..., :1], 3, axis=2)

    content = CONTENT if grey == "painting" else faded(CONTENT)
    style = STYLE if grey == "photograph" else faded(STYLE)
    picture = (start_picture("recolored", SIZE, content, style, seed=0)[0] - images.LOWEST[0]) / 256
    assert np.isfinite(picture).all() and picture.min() >= -1e-6 and picture.max() <= 1 + 1e-6
    if grey != "photograph":
        np.testing.assert_allclose(picture.std(axis=0), 0, atol=2e-2)


def test_content_style_and_their_mixture():
    content, style = (images.to_network(images.resize(picture, SIZE)) for picture in (CONTENT, STYLE))
    np.testing.assert_allclose(start("content"), content, atol=1e-3)
    np.testing.assert_allclose(start("style"), style, atol=1e-3)
    np.testing.assert_allclose(start("mixed"), 0.95 * content + 0.05 * style, atol=1e-3)


def test_any_picture_resized():
    picture = made_picture(100, 100, seed=3) / np.float32(255)
    np.testing.assert_allclose(start(picture), images.to_network(images.resize(picture, SIZE)), atol=1e-3)


def test_a_picture_of_the_size_of_the_result_is_taken_as_it_is():
    picture = made_picture(*SIZE, seed=3) / np.float32(255)
    np.testing.assert_allclose(start(picture), images.to_network(picture), atol=1e-4)


def test_init_noise_blends_any_start_with_white_noise():
    content = start("content")
    half, all_noise = start("content", noise=0.5), start("content", noise=1.0)
    np.testing.assert_allclose(half, (content + all_noise) / 2, atol=1e-2)
    assert abs(np.corrcoef(all_noise.ravel(), content.ravel())[0, 1]) < 0.05
    assert 30 < all_noise.std() < 100
