"""Figures of pictures: they agree with an independent computation, have their fixed points, and errors are lines."""

import re

import numpy as np
import plain
import pytest
from conftest import made_picture
from PIL import Image

from neural_style.judge import command, patches
from neural_style.judge.verdict import Judge
from neural_style.pictures import images


def soft(height, width, seed):
    return made_picture(height, width, seed).astype(np.float32) / 255


def coarse_grained(picture, seed):
    return np.clip(picture + np.random.default_rng(seed).normal(0, 0.1, picture.shape), 0, 1).astype(np.float32)


@pytest.fixture
def judge(squeezenet_file):
    return Judge(soft(72, 360, 1), coarse_grained(soft(360, 288, 2), 3), squeezenet_file)


def test_style_and_content_are_those_of_the_formulas(squeezenet_file, squeezenet_arrays):
    photograph, painting, picture = soft(72, 360, 1), soft(80, 360, 2), soft(72, 360, 3)
    verdict = Judge(photograph, painting, squeezenet_file).verdict(picture)

    def maps(picture):
        network_range = 256.0 * picture.transpose(2, 0, 1) - plain.MEAN_PIXEL
        return plain.squeezenet(squeezenet_arrays, network_range, np.max)

    photographed, painted, found = maps(photograph), maps(painting), maps(picture)

    def distance(maps, layer):
        gram, target = (plain.gram(m[layer]) / m[layer][0].size for m in (maps, painted))
        return np.sum((gram - target) ** 2) / np.sum(target**2)

    layers = ("conv1", "fire2", "fire3", "fire5", "fire7")
    style = np.mean([distance(found, layer) / distance(photographed, layer) for layer in layers])
    content = np.sum((found["fire4"] - photographed["fire4"]) ** 2) / np.sum(photographed["fire4"] ** 2)
    assert verdict.style == pytest.approx(style, rel=1e-3)
    assert verdict.content == pytest.approx(content, rel=1e-3)


def test_the_photograph_is_1_and_the_painting_0(judge):
    photograph = judge.verdict(soft(72, 360, 1))
    assert (photograph.style, photograph.content, photograph.patches) == pytest.approx((1, 0, 1))
    painting = judge.verdict(coarse_grained(soft(360, 288, 2), 3))
    assert (painting.style, painting.patches) == pytest.approx((0, 0)) and painting.content > 0.1


def test_what_has_more_of_the_painting_is_nearer(squeezenet_file):
    photograph = 0.3 + 0.4 * soft(72, 360, 1)
    judge = Judge(photograph, coarse_grained(photograph, 2), squeezenet_file)
    grain = coarse_grained(photograph, 4) - photograph  # the painting's kind, another piece
    half, whole = (judge.verdict(photograph + share * grain) for share in (0.5, 1))
    assert whole.patches < 0.05 and 0.1 < half.patches < 0.9
    assert whole.style < 0.05 < half.style < 1
    assert whole.content > half.content > 0


def test_the_same_picture_has_the_same_figures_whatever_was_judged_before(judge, squeezenet_file):
    pictures = [soft(72, 360, 5), soft(80, 360, 6), soft(72, 360, 7)]
    anew = [Judge(soft(72, 360, 1), coarse_grained(soft(360, 288, 2), 3), squeezenet_file).verdict(p) for p in pictures]
    assert [judge.verdict(p) for p in pictures] == anew


def test_limits_are_counted_in_the_picture_as_it_is(judge):
    picture = np.full((72, 360, 3), 0.5, np.float32)
    picture[:18, :, 1], picture[:36, :90, 2] = 1, 0
    assert judge.verdict(picture).limits == pytest.approx(0.25 + 0.25 * 0.25)


def test_a_shift_of_colour_is_seen_at_the_coarsest_scale_alone():
    picture = 0.2 + 0.5 * coarse_grained(soft(96, 96, 1), 2)
    *finer, coarsest = patches.distances(patches.projected(picture + 0.1), patches.projected(picture))
    # a direction of length 1 sees the shift times the sum of its numbers, whose mean square is 1
    spread = np.mean(np.var(patches.projected(picture)[-1], axis=1))
    assert coarsest == pytest.approx(0.1**2 / spread, rel=0.3)
    np.testing.assert_allclose(finer, 0, atol=1e-6)


def test_grain_is_seen_at_the_finest_scale_first():
    picture = 0.25 + 0.5 * soft(96, 96, 1)
    # a wrong sign at every other pixel is gone at half the size
    grain = 0.1 * (-1.0) ** np.add.outer(np.arange(96), np.arange(96))[..., None].astype(np.float32)
    finest, *coarser = patches.distances(patches.projected(picture + grain), patches.projected(picture))
    assert finest > 100 * max(coarser)


@pytest.fixture
def files(tmp_path):
    for name, picture in {"photo": soft(72, 360, 1), "painting": soft(80, 240, 2), "result": soft(72, 360, 3)}.items():
        images.save(picture, tmp_path / f"{name}.png")
    return tmp_path


def test_the_command_says_a_line_for_each_result(files, squeezenet_file, capsys):
    names = [str(files / f"{name}.png") for name in ("photo", "painting", "result", "photo")]
    assert command.main([*names, "--weights", str(squeezenet_file)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    figure = r"\d\.\d{3}"
    assert re.fullmatch(rf"style {figure}  content {figure}  patches {figure}  limits \d+\.\d %  .*result\.png", first)
    assert second.startswith("style 1.000  content 0.000  patches 1.000  ")


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (["photo.png", "painting.png", "missing.png"], "missing.png: no such picture"),
        (["photo.png", "painting.png", "broken.png"], "broken.png"),
        (["photo.png", "painting.png", "narrow.png"], "narrow.png: a picture of 400 x 40 pixels is too narrow"),
        (["photo.png", "narrow.png", "result.png"], "narrow.png: a picture of 400 x 40 pixels is too narrow"),
        (["photo.png", "photo.png", "result.png"], "alike"),
        (["photo.png", "painting.png"], "RESULT"),
        (["photo.png", "painting.png", "result.png", "--weights", "missing.params"], "--weights missing.params"),
    ],
)
def test_bad_input_is_one_line(files, squeezenet_file, capsys, monkeypatch, names, named):
    monkeypatch.chdir(files)
    (files / "broken.png").write_bytes((files / "photo.png").read_bytes()[:200])
    Image.new("RGB", (400, 40)).save(files / "narrow.png")
    weights = [] if "--weights" in names else ["--weights", str(squeezenet_file)]
    assert command.main([*names, *weights]) == 2
    out, error = capsys.readouterr()
    assert out == "" and error.count("\n") == 1 and named in error


def test_help_is_given(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["-h"])
    assert ended.value.code == 0 and "CONTENT STYLE RESULT" in capsys.readouterr().out
