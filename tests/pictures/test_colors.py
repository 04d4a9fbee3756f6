"""Keeping the photograph's colours: each way keeps what it says it keeps."""

import numpy as np
import pytest
from conftest import made_picture
from PIL import Image
from skimage.color import rgb2yiq

from neural_style.pictures import colors

STYLE = made_picture(50, 70, seed=2) / np.float32(255)
# soft colours: nothing that is matched to them leaves the range of a picture
CONTENT = 0.4 + 0.2 * made_picture(40, 60, seed=1) / np.float32(255)


def test_covariance_gives_the_painting_the_mean_and_covariance_of_the_photograph():
    matched = colors.matched_style(STYLE, CONTENT, "covariance")
    found, wanted = matched.reshape(-1, 3), CONTENT.reshape(-1, 3)
    assert matched.shape == STYLE.shape and matched.dtype == np.float32
    np.testing.assert_allclose(found.mean(0), wanted.mean(0), atol=1e-4)
    np.testing.assert_allclose(np.cov(found.T), np.cov(wanted.T), atol=1e-4 * np.cov(wanted.T).max())


def test_covariance_keeps_what_is_bright_and_dark_in_the_painting():
    matched = colors.matched_style(STYLE, CONTENT, "covariance")
    assert np.corrcoef(matched.mean(2).ravel(), STYLE.mean(2).ravel())[0, 1] > 0.8


def test_histogram_gives_each_channel_the_photographs_histogram():
    matched = colors.matched_style(STYLE, CONTENT, "histogram")
    share = np.linspace(0.02, 0.98, 25)
    for channel in range(3):
        found, wanted = (np.quantile(picture[..., channel], share) for picture in (matched, CONTENT))
        np.testing.assert_allclose(found, wanted, atol=0.01)
        # of two values of the painting the larger one stays the larger one
        order = np.argsort(STYLE[..., channel], axis=None)
        assert np.all(np.diff(matched[..., channel].ravel()[order]) >= 0)


def test_luminance_is_the_pictures_and_chroma_the_photographs():
    picture = 0.4 + 0.2 * made_picture(40, 60, seed=3) / np.float32(255)
    combined = rgb2yiq(colors.with_colors_of(CONTENT, picture))
    np.testing.assert_allclose(combined[..., 0], rgb2yiq(picture)[..., 0], atol=1e-5)
    np.testing.assert_allclose(combined[..., 1:], rgb2yiq(CONTENT)[..., 1:], atol=1e-5)


@pytest.mark.parametrize("how", ["histogram", "covariance"])
def test_a_matched_painting_stays_a_picture(how):
    hard = (CONTENT.mean() < CONTENT).astype(np.float32)  # black and white: what is matched to it would overshoot
    rare = STYLE.copy()
    rare[:2, :2] = 1 - rare.mean((0, 1)).round()
    matched = colors.matched_style(rare, hard, how)
    assert matched.min() >= 0 and matched.max() <= 1
    assert matched.dtype == np.float32 and np.ptp(matched) > 0.9


def test_luminance_of_hard_colours_stays_a_picture():
    hard = (CONTENT.mean() < CONTENT).astype(np.float32)
    found = colors.with_colors_of(hard, 1 - hard)
    assert found.min() >= 0 and found.max() <= 1 and found.dtype == np.float32


@pytest.mark.parametrize("how", ["none", "luminance"])
def test_other_ways_leave_the_painting_alone(how):
    assert colors.matched_style(STYLE, CONTENT, how) is STYLE


@pytest.mark.parametrize("how", ["histogram", "covariance"])
@pytest.mark.parametrize("painting", [np.full_like(STYLE, 0.3), STYLE[..., :1].repeat(3, 2)], ids=["flat", "grey"])
@pytest.mark.parametrize("photograph", [np.full_like(STYLE, 0.6), CONTENT], ids=["of a flat one", "of a coloured one"])
def test_pictures_without_colours_break_nothing(how, painting, photograph):
    matched = colors.matched_style(painting, photograph, how)
    assert np.isfinite(matched).all() and matched.min() >= 0 and matched.max() <= 1
    if how == "covariance":
        assert matched.reshape(-1, 3).mean(0) == pytest.approx(photograph.reshape(-1, 3).mean(0), abs=0.01)


def painted(folder):
    return np.array(Image.open(folder / "out" / "final.png")) / 255


def test_a_run_that_preserves_luminance_writes_the_photographs_chroma(paint, pictures, tmp_path):
    soft = Image.open(pictures / "photo.png").point(lambda level: 100 + level // 5)
    soft.save(tmp_path / "soft.png")
    chosen = ["--content-image", "soft.png", "--image-format", "png", "--remove-noise", 0.1]
    assert paint(*chosen, "--preserve-colors", "luminance") == 0
    found, photograph = rgb2yiq(painted(tmp_path)), rgb2yiq(np.array(soft) / 255)
    inside = np.all((painted(tmp_path) > 0) & (painted(tmp_path) < 1), axis=2)
    assert inside.mean() > 0.9
    np.testing.assert_allclose(found[inside][:, 1:], photograph[inside][:, 1:], atol=0.006)
    assert np.abs(found[..., 0] - photograph[..., 0]).mean() > 0.01


@pytest.mark.parametrize("how", ["histogram", "covariance"])
def test_a_run_with_a_matched_painting_ends_nearer_to_the_photographs_colours(paint, pictures, tmp_path, how):
    Image.fromarray((made_picture(56, 56, seed=2) * (1, 0.3, 0.1)).astype(np.uint8)).save(tmp_path / "red.png")
    chosen = ["--style-image", "red.png", "--content-weight", 0, "--style-layers", "conv1", "--max-num-epochs", 15]
    chosen += ["--image-format", "png", "--init", "noise", "--overwrite"]
    photograph = np.array(Image.open(pictures / "photo.png")) / 255

    def distance(*more):
        assert paint(*chosen, *more) == 0
        return np.linalg.norm(painted(tmp_path).mean((0, 1)) - photograph.mean((0, 1)))

    assert distance("--preserve-colors", how) < 0.6 * distance()
