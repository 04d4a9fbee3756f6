"""A run aims at the picture as it is written: without what `--remove-noise` takes out of it."""

import argparse

import numpy as np
import pytest
from PIL import Image
from skimage.restoration import denoise_tv_chambolle

import nstyle
from neural_style.painting import descent
from neural_style.painting.arrays import to_numpy
from neural_style.pictures import images, large
from neural_style.runs import course, options, prepare

MEAN = np.array([123.68, 116.779, 103.939], np.float32)[:, None, None]


@pytest.fixture
def given(pictures, squeezenet_file):
    """What `nstyle.paint` is given for a run of twenty epochs."""
    rough = np.random.default_rng(0).integers(0, 256, (56, 56, 3), np.uint8)
    Image.fromarray(rough).save(pictures / "rough.png")
    return {
        "content": str(pictures / "photo.png"), "style": str(pictures / "rough.png"), "gpu": -1, "model": "squeezenet",
        "weights": str(squeezenet_file), "max_num_epochs": 20, "stop_eps": 0, "pyramid_levels": 1, "no_progress": True,
        "precision": "float32",
    }  # fmt: skip


def prepared(given, **more):
    it = {**given, **more}
    return prepare.prepare(options.complete(argparse.Namespace(
        content_image=it.pop("content"), style_image=it.pop("style"), **it
    )))  # fmt: skip


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "in strips"])
def test_noise_is_what_the_denoising_of_what_is_written_takes(given, monkeypatch, whole):
    run = prepared(given, remove_noise=0.1)
    image = images.to_network(np.random.default_rng(1).uniform(0, 1, (120, 40, 3)).astype(np.float32))
    steps = {}
    if not whole:
        monkeypatch.setattr(large, "WHOLE", 100)
        monkeypatch.setattr(large, "STRIP", 40 * large.REACH)
        steps = {"eps": 0, "max_num_iter": large.STEPS}
    picture = (image[0] + MEAN).transpose(1, 2, 0) / 256
    smooth = denoise_tv_chambolle(picture, weight=0.1, channel_axis=-1, **steps)
    expected = image - (256 * smooth.transpose(2, 0, 1) - MEAN)[None]
    assert np.abs(expected).max() > 20
    np.testing.assert_allclose(to_numpy(course.noise_of(run, run.engine.array(image))), expected, atol=0.05)


@pytest.mark.parametrize("more", [
    {},
    {"style_loss": "sliced-wasserstein"},
    {"optimizer": "adam", "lr": 8.0},
], ids=["default", "maps", "adam"])  # fmt: skip
def test_what_is_written_comes_nearer_to_the_painting_than_where_the_picture_alone_is_painted(
    given, monkeypatch, more
):
    given = {**given, **more, "max_num_epochs": 60, "remove_noise": 0.1, "strength": 0.9}

    def style(picture):
        run = prepared(given)
        return course.objective(run, run.size).losses(run.engine.array(images.to_network(picture)))["style"]

    aimed = style(nstyle.paint(**given).picture)
    monkeypatch.setattr(descent, "FIRST_AIM", 1000)
    assert aimed < 0.7 * style(nstyle.paint(**given).picture)


@pytest.mark.parametrize(
    ("more", "aims"), [({}, True), ({"remove_noise": 0}, False), ({"optimizer": "nag"}, False)],
    ids=["default", "no denoising", "classic"],
)  # fmt: skip
def test_classic_runs_and_those_without_denoising_aim_at_the_picture_alone(given, more, aims):
    noises = [epoch.event.state.noise for epoch in nstyle.painting(**{**given, **more})]
    assert [noise is not None for noise in noises] == [aims and epoch > 8 for epoch in range(1, 21)]


def test_a_mask_and_several_paintings_are_aimed_too(given, pictures, tmp_path):
    left = np.zeros((48, 64), np.uint8)
    left[:, :32] = 255
    Image.fromarray(left).save(tmp_path / "mask.png")
    styles = [given["style"], str(pictures / "painting.png")]
    masked = {**given, "style": styles, "content_mask": str(tmp_path / "mask.png"), "remove_noise": 0.1}
    last = list(nstyle.painting(**masked))[-1]
    photograph = np.asarray(Image.open(pictures / "photo.png"), np.float32) / 255
    assert last.event.state.noise is not None and np.abs(last.event.state.noise).max() > 1
    np.testing.assert_allclose(last.picture[:, 33:], photograph[:, 33:], atol=1e-6)
