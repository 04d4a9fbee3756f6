"""Masks: what their colours mean, and that each region takes its style from the region of the same colour."""

import io
import re

import numpy as np
import pytest
from conftest import made_picture
from PIL import Image

import nstyle
from neural_style.errors import InputError
from neural_style.pictures import images, masks, reading
from neural_style.runs import course
from neural_style.runs import prepare as transfer
from neural_style.runs.options import complete as completed

RED, BLUE, GREEN = (220, 30, 30), (20, 40, 200), (0, 160, 60)


def flat(*colours, height=48, width=64):
    """Upright stripes of these colours, (H, W, 3) uint8."""
    stripe = np.arange(width) * len(colours) // width
    return np.array(colours, np.uint8)[stripe][None].repeat(height, 0)


def in_unit(picture):
    return picture / np.float32(255)


def saved(path, picture):
    Image.fromarray(picture).save(path)
    return path


def test_each_flat_colour_is_a_region():
    found = masks.regions(in_unit(flat(RED, BLUE)))
    left = np.arange(64) < 32
    assert found.keys() == {"#dc1e1e", "#1428c8"}
    np.testing.assert_array_equal(found["#dc1e1e"], np.tile(left, (48, 1)))
    np.testing.assert_array_equal(found["#1428c8"], np.tile(~left, (48, 1)))


@pytest.mark.parametrize("quality", [60, 80, 95])
def test_blurred_borders_between_regions_belong_to_the_nearest_colour(quality):
    file = io.BytesIO()
    Image.fromarray(flat(RED, BLUE, GREEN)).save(file, "JPEG", quality=quality)
    found = masks.regions(in_unit(np.array(Image.open(file))))
    assert len(found) == 3
    np.testing.assert_array_equal(sum(found.values()), 1)
    for region in found.values():
        assert region.mean() == pytest.approx(1 / 3, abs=0.05)


def test_levels_of_grey_blend_white_into_black():
    ramp = np.tile(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (48, 1, 3))
    found = masks.regions(in_unit(ramp))
    np.testing.assert_allclose(found["#ffffff"], in_unit(ramp[..., 0]), atol=1e-6)
    np.testing.assert_allclose(found["#ffffff"] + found["#000000"], 1, atol=1e-6)


def test_regions_are_paired_by_colour_though_their_order_and_shade_differ():
    content = masks.regions(in_unit(flat(RED, RED, BLUE)))
    other = np.array(BLUE) + 12, np.array(RED) - 12
    style = masks.regions(in_unit(flat(*other)))
    _, (of_red, of_blue) = masks.pair({name: content[name] for name in ("#dc1e1e", "#1428c8")}, style)
    assert of_red[:, -1].all() and not of_red[:, 0].any()
    assert of_blue[:, 0].all() and not of_blue[:, -1].any()


@pytest.mark.parametrize(
    ("content", "style", "message"),
    [
        (flat(RED, BLUE), flat(RED), "--style-mask: .*#1428c8"),
        (flat(RED), flat(RED, GREEN), "--content-mask: .*#00a03c"),
    ],
)
def test_a_colour_on_one_side_only_is_named(content, style, message):
    with pytest.raises(InputError, match=message):
        masks.pair(masks.regions(in_unit(content)), masks.regions(in_unit(style)))


def test_the_command_names_the_missing_colour(paint, tmp_path, capsys):
    content, style = saved(tmp_path / "a.png", flat(RED, BLUE)), saved(tmp_path / "b.png", flat(RED))
    assert paint("--content-mask", content, "--style-mask", style) == 2
    error = capsys.readouterr().err
    assert "#1428c8" in error and "Traceback" not in error
    assert not (tmp_path / "out").exists()


@pytest.fixture
def two_sided(tmp_path):
    """A painting that is warm on its left and cold on its right, and a mask that tells the sides apart."""
    noise = np.random.default_rng(4).integers(-40, 41, (48, 64, 1))
    painting = np.where(np.arange(64)[None, :, None] < 32, (200, 90, 50), (50, 90, 200)) + noise
    return saved(tmp_path / "sides.png", painting.astype(np.uint8)), saved(tmp_path / "mask.png", flat(RED, BLUE))


def test_targets_of_a_region_are_the_moments_of_the_paintings_region(paint, options, two_sided, tmp_path):
    painting, mask = two_sided
    content_mask = saved(tmp_path / "content.png", flat(BLUE, BLUE, BLUE, RED))
    args = [*options, "--style-image", painting, "--content-mask", content_mask, "--style-mask", mask]
    args += ["--style-layers", "conv1", "--border", 0, "--precision", "float32"]
    run = transfer.prepare(completed(nstyle.get_args(list(map(str, args)))))
    found = course.style_targets(run, (48, 64))["conv1"]
    assert [region.mean().round(2) for region in run.regions] == [0.75, 0.25]
    picture = run.engine.array(images.to_network(reading.read(painting)))
    maps = run.engine.numpy(run.encoder.extract(picture, ["conv1"], ()).content["conv1"])[0]
    # a position of conv1 belongs to a side by the share of the mask's pixels there
    right = np.tile(np.float32(np.arange(64) >= 32), (48, 1))
    right = np.array(Image.fromarray(right).resize(maps.shape[:0:-1], Image.BOX))
    for side, target in ((right, found[0]), (1 - right, found[1])):
        guided = (maps * side).reshape(len(maps), -1).astype(float)
        expected = guided @ guided.T / np.sum(side**2)
        assert np.abs(target.second - expected).max() < 1e-4 * np.abs(expected).max()


def test_each_region_is_painted_like_the_region_of_its_colour(paint, two_sided, tmp_path):
    painting, mask = two_sided
    more = ["--style-image", painting, "--style-mask", mask, "--style-layers", "conv1", "--content-weight", 0]
    more += ["--max-num-epochs", 15, "--image-format", "png", "--stop-eps", 0]

    def warmth(content_mask, folder):
        content_mask = saved(tmp_path / "content.png", content_mask)
        assert paint(*more, "--content-mask", content_mask, "--output-dir", folder) == 0
        picture = np.array(Image.open(tmp_path / folder / "final.png")).astype(float)
        warmer = picture[..., 0] - picture[..., 2]
        return warmer[:, :32].mean() - warmer[:, 32:].mean()

    assert warmth(flat(RED, BLUE), "as") > 20
    assert warmth(flat(BLUE, RED), "against") < -20


@pytest.mark.parametrize("more", [[], ["--preserve-colors", "luminance"], ["--optimizer", "nag", "--init", "noise"]])
def test_a_mask_alone_leaves_black_pixels_as_they_are_in_the_photograph(paint, pictures, tmp_path, more):
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[10:40, 20:50] = 255
    saved(tmp_path / "mask.png", mask)
    assert paint("--content-mask", "mask.png", "--image-format", "png", "--max-num-epochs", 5, *more) == 0
    photograph = np.array(Image.open(pictures / "photo.png"))
    final = np.array(Image.open(tmp_path / "out" / "final.png"))
    outside = mask[..., 0] == 0
    np.testing.assert_array_equal(final[outside], photograph[outside])
    assert np.mean(final[~outside] != photograph[~outside]) > 0.5


def test_half_grey_in_a_mask_alone_changes_a_pixel_half_as_far(paint, pictures, tmp_path):
    more = ["--image-format", "png", "--remove-noise", 0, "--max-num-epochs", 1, "--tv-weight", 0]
    changes = {}
    for level in (128, 255):
        mask = np.full((48, 64, 3), level, np.uint8)
        saved(tmp_path / "mask.png", mask)
        assert paint("--content-mask", "mask.png", *more, "--output-dir", str(level)) == 0
        final = np.array(Image.open(tmp_path / str(level) / "final.png")).astype(float)
        changes[level] = np.sqrt(np.mean((final - np.array(Image.open(pictures / "photo.png"))) ** 2))
    assert 0.3 * changes[255] < changes[128] < 0.7 * changes[255]


def test_a_mask_with_nothing_white_is_refused(paint, tmp_path, capsys):
    saved(tmp_path / "mask.png", flat((20, 20, 20)))
    assert paint("--content-mask", "mask.png") == 2
    assert "--content-mask mask.png: nothing in it is white" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--style-mask", "mask.png"], "--style-mask: needs --content-mask"),
        (["--content-mask", "mask.png", "--style-mask", "mask.png", "mask.png"], "--style-mask: 2 masks for 1 style"),
        (["--content-mask", "nowhere.png"], "--content-mask.*nowhere.png"),
        (["--content-mask", "mask.png", "--style-mask", "nowhere.png"], "--style-mask.*nowhere.png"),
    ],
)
def test_masks_that_cannot_be_used_are_named(paint, tmp_path, capsys, more, message):
    saved(tmp_path / "mask.png", flat((255,) * 3))
    assert paint(*more) == 2
    assert re.search(message, capsys.readouterr().err)


def test_a_picture_without_flat_colours_is_no_mask():
    with pytest.raises(InputError, match="no flat colours"):
        masks.regions(in_unit(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)))
    with pytest.raises(InputError, match="no flat colours"):
        masks.regions(in_unit(made_picture(256, 256, seed=3)))
