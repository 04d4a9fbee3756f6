"""Every option does to a run what docs/options.md says of it."""

import json
import math

import numpy as np
import plain
import pytest
import tifffile
from conftest import made_picture
from needs_mxnet import mx
from PIL import Image

import nstyle
from neural_style.engines.mxnet.encoder import Encoder
from neural_style.networks.layers import scaled_after_pooling
from neural_style.networks.squeezenet import SQUEEZENET
from neural_style.networks.vgg import VGG19
from neural_style.painting import balance, losses
from neural_style.painting.laplacian import laplacian
from neural_style.painting.objective import Objective
from neural_style.pictures import images, reading
from neural_style.runs import course, options
from neural_style.runs import prepare as transfer
from neural_style.runs.options import complete as completed
from neural_style.weights import store

PNG = ["--image-format", "png", "--remove-noise", 0, "--precision", "float32"]


@pytest.fixture
def prepared(options, pictures, tmp_path):
    """A run that is ready to begin, with more options."""
    Image.fromarray(made_picture(40, 60, seed=7)).save(tmp_path / "second.png")

    def prepare(*more):
        args = [*options, "--precision", "float32", "--border", "0", *map(str, more)]
        return transfer.prepare(completed(nstyle.get_args(args)))

    return prepare


@pytest.fixture
def result(paint, tmp_path):
    """The final picture of a run with more options, (H, W, 3) in 0..255."""

    def result(*more):
        assert paint(*PNG, "--overwrite", *more) == 0
        return np.array(Image.open(tmp_path / "out" / "final.png")).astype(float)

    return result


def second_moments(run, path, size):
    """Of a painting, brought to a size by hand: layer -> Gram matrix per position."""
    picture = images.to_network(images.resize(reading.read(path), size))
    found = run.encoder.extract(picture, (), run.settings.style_layers).style
    return {layer: moments.second for layer, (moments,) in found.items()}


def assert_targets(run, expected):
    found = course.style_targets(run, run.size)
    assert found.keys() == expected.keys()
    for layer, matrix in expected.items():
        np.testing.assert_allclose(found[layer][0].second, matrix, rtol=1e-3, atol=1e-4 * np.abs(matrix).max())


def losses_at(run, image=None):
    """The losses of a picture, by name; of noise by default."""
    image = np.random.default_rng(1).normal(0, 50, (1, 3, *run.size)).astype(np.float32) if image is None else image
    return course.objective(run, run.size).losses(image)


# pictures


@pytest.mark.parametrize(("weights", "shares"), [([], (0.5, 0.5)), ([1, 3], (0.25, 0.75)), ([2, 0], (1, 0))])
def test_several_styles_share_the_target_by_their_blend_weights(prepared, pictures, tmp_path, weights, shares):
    both = pictures / "painting.png", tmp_path / "second.png"
    run = prepared("--style-image", *both, *(["--style-blend-weights", *weights] if weights else []))
    # long edges 64 and 64 as the result
    one, other = second_moments(run, both[0], (64, 64)), second_moments(run, both[1], (43, 64))
    assert_targets(run, {layer: shares[0] * one[layer] + shares[1] * other[layer] for layer in one})


def test_style_scale_is_the_long_edge_of_each_painting_over_that_of_the_result(prepared, pictures, tmp_path):
    both = pictures / "painting.png", tmp_path / "second.png"
    run = prepared("--style-image", *both, "--style-scale", 0.75, 1.5)
    one, other = second_moments(run, both[0], (48, 48)), second_moments(run, both[1], (64, 96))
    assert_targets(run, {layer: (one[layer] + other[layer]) / 2 for layer in one})


def test_each_painting_takes_its_own_mask(prepared, pictures, tmp_path):
    """Two paintings and two masks of the same colours, in the order in which they are given."""
    for name, share in (("content", 20), ("first", 12), ("other", 36)):
        stripes = np.where(np.arange(48)[None, :, None] < share, (220, 30, 30), (20, 40, 200)).astype(np.uint8)
        Image.fromarray(np.tile(stripes, (40, 1, 1))).save(tmp_path / f"{name}.png")
    paintings = "--style-image", pictures / "painting.png", tmp_path / "second.png"
    given = "--style-mask", tmp_path / "first.png", tmp_path / "other.png"
    run = prepared(*paintings, "--content-mask", tmp_path / "content.png", *given)
    for side, regions in enumerate(run.regions):
        first, other = run.style_regions[0][side], run.style_regions[1][side]
        red = regions.mean() < 0.5
        assert (first.mean(), other.mean()) == pytest.approx((0.25, 0.75) if red else (0.75, 0.25))


def test_a_coarse_photograph_enlarged_is_the_fine_photograph(prepared):
    """Only what was painted is blurred, not the photograph's detail."""
    run = prepared()
    fine = images.to_network(run.content)
    coarse = images.to_network(images.resize(run.content, (24, 32)))
    np.testing.assert_allclose(course.enlarged(run, coarse, (48, 64)), fine, atol=1e-3)
    painted = coarse + np.float32(20)
    np.testing.assert_allclose(course.enlarged(run, painted, (48, 64)), fine + 20, atol=1e-3)
    assert course.enlarged(run, fine, (48, 64)) is fine


def test_a_smaller_style_scale_asks_for_smaller_strokes(prepared, tmp_path):
    """Of a striped painting: what answers to edges, not to flat areas, answers more often."""
    stripes = np.tile(((np.arange(256) // 16) % 2 * 255).astype(np.uint8)[None, :, None], (256, 1, 3))
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    edges = []
    for scale in (4, 2, 1):
        run = prepared("--style-image", tmp_path / "stripes.png", "--style-layers", "conv1", "--style-scale", scale)
        maps = np.diag(course.style_targets(run, run.size)["conv1"][0].second)
        kernels = store.load("squeezenet", run.weights.path).arrays["conv1_weight"]
        # filters that hardly see flat areas answer to edges only
        flatness = np.abs(kernels.sum((1, 2, 3))) / np.abs(kernels).sum((1, 2, 3))
        edges.append(maps[np.argsort(flatness)[:12]].mean())
    assert edges[0] < edges[1] < edges[2]


def test_a_squeezed_painting_has_the_shape_of_the_photograph(prepared, pictures):
    run = prepared("--style-fit", "squeeze")
    assert_targets(run, second_moments(run, pictures / "painting.png", (48, 64)))
    run = prepared("--style-fit", "keep")
    assert_targets(run, second_moments(run, pictures / "painting.png", (64, 64)))


@pytest.mark.parametrize(
    ("more", "size"),
    [
        ([], (64, 48)),
        (["--max-long-edge", 40], (40, 30)),
        (["--max-long-edge", 100], (64, 48)),
        (["--max-long-edge", 100, "--enlarge"], (100, 75)),
        (["--max-long-edge", 0], (64, 48)),
    ],
)
def test_the_size_of_the_result(paint, tmp_path, more, size):
    assert paint("--max-num-epochs", 1, *more) == 0
    assert Image.open(tmp_path / "out" / "final.jpg").size == size
    assert json.loads((tmp_path / "out" / "run.json").read_text())["size"] == list(size)


def test_max_long_edge_0_is_the_photograph_as_it_is_beyond_the_default(prepared, tmp_path):
    Image.fromarray(made_picture(50, 700, seed=3)).save(tmp_path / "long.png")
    assert prepared("--content-image", tmp_path / "long.png").size == (43, 600)
    assert prepared("--content-image", tmp_path / "long.png", "--max-long-edge", 0).size == (50, 700)


def test_max_pixels_refuses_larger_pictures(paint, capsys):
    assert paint("--max-pixels", 64 * 48) == 2  # the painting has 56 x 56
    assert "painting.png: 56 x 56 pixels" in capsys.readouterr().err


# what to look for


@pytest.mark.parametrize(
    ("more", "factors"),
    [
        (["--content-weight", 25], {"content:fire4": 2.5}),
        (["--style-weight", 3], {"style:conv1": 3, "style:fire7": 3}),
        (["--ratio", 0.4], {"content:fire4": 1, "style:conv1": 4, "style:fire7": 4}),
        (["--tv-weight", 0.05], {"tv": 5, "content:fire4": 1}),
        (["--style-layers", "conv1:30,fire7:660"], {"style:conv1": 0.5, "style:fire7": 2}),
        (["--content-layers", "fire4:0.2,fire5"], {"content:fire4": 0.2}),
        (["--style-layer-weight-exp", 3], {"style:conv1": 1, "style:fire2": 3, "style:fire3": 9, "style:fire7": 81}),
    ],
)
def test_weights_multiply_the_losses_they_name(prepared, more, factors):
    usual = ["--style-layers", ",".join(f"{k}:{v}" for k, v in SQUEEZENET.defaults.style_layers.items())]
    found, default = losses_at(prepared(*usual, *more)), losses_at(prepared(*usual))
    for name, factor in factors.items():
        assert found[name] == pytest.approx(factor * default[name], rel=1e-5)


def test_only_the_layers_that_are_asked_for_are_compared(prepared):
    run = prepared("--content-layers", "fire2,fire3:2", "--style-layers", "conv1")
    assert {name for name in losses_at(run) if ":" in name} == {"content:fire2", "content:fire3", "style:conv1"}


@pytest.mark.parametrize("option", ["--content-layers", "--style-layers"])
def test_a_layer_that_is_not_there_is_answered_with_those_that_are(paint, capsys, option):
    assert paint(option, "relu9_9") == 2
    error = capsys.readouterr().err
    assert f"{option}: there is no layer 'relu9_9'; choose from conv1, pool1, fire2" in error


@pytest.mark.parametrize("style_loss", ["gram", "mean-std", "wasserstein"])
def test_normalised_losses_count_relative_to_their_targets(prepared, style_loss):
    run = prepared("--normalize-losses", "--style-layers", "conv1:2", "--style-loss", style_loss)
    image = np.random.default_rng(1).normal(0, 50, (1, 3, *run.size)).astype(np.float32)
    content = images.to_network(images.resize(run.content, run.size))
    found = losses_at(run, image)
    (features,), (target,) = (run.encoder.extract(x, ["fire4"], ()).content["fire4"] for x in (image, content))
    positions = target[0].size
    expected = 10 * positions * np.sum((features - target) ** 2) / np.sum(target**2)
    assert found["content:fire4"] == pytest.approx(expected, rel=1e-4)
    roughness = losses.total_variation(image)[0] * content[0, 0].size / np.sum(content**2)
    assert found["tv"] == pytest.approx(0.01 / 8 * roughness, rel=1e-4)
    if style_loss == "gram":
        target = course.style_targets(run, run.size)["conv1"][0].second
        (moments,) = run.encoder.extract(image, (), ["conv1"]).style["conv1"]
        positions = math.prod(run.encoder.shape("conv1", run.size)[1:])
        expected = 2 * positions * np.sum((moments.second - target) ** 2) / np.sum(target**2)
        assert found["style:conv1"] == pytest.approx(expected, rel=1e-4)


def test_normalised_losses_do_not_depend_on_the_strength_of_the_network(prepared, squeezenet_arrays, tmp_path):
    """All activations 30 times as strong: the first weights and every bias times 30."""
    stronger = {k: 30 * v if k == "conv1_weight" or k.endswith("bias") else v for k, v in squeezenet_arrays.items()}
    store.save(tmp_path / "strong.params", stronger)
    strong = ["--weights", tmp_path / "strong.params"]
    ours, theirs = (losses_at(prepared("--normalize-losses", *more)) for more in ([], strong))
    for name in ours:
        assert theirs[name] == pytest.approx(ours[name], rel=1e-3)
    assert losses_at(prepared(*strong))["content"] > 100 * losses_at(prepared())["content"]


@pytest.mark.parametrize("more", [[], ["--normalize-losses"], ["--strength", 0.5]])
def test_laplacian_weight(prepared, more):
    run = prepared("--laplacian-weight", 300, *more)
    content = images.to_network(images.resize(run.content, run.size))
    image = np.random.default_rng(1).normal(0, 50, content.shape).astype(np.float32)
    weight = 300 * (content[0, 0].size / np.sum(content**2) if "--normalize-losses" in more else 1)
    found, without = losses_at(run, image), losses_at(prepared(*more), image)
    assert found["laplacian"] == pytest.approx(weight * laplacian(image, content)[0], rel=1e-4)
    assert found["total"] == pytest.approx(without["total"] + found["laplacian"], rel=1e-6)
    assert "laplacian" not in without


@pytest.mark.parametrize("how", ["histogram", "covariance"])
def test_the_result_takes_the_colours_of_the_paintings_by_their_shares(result, pictures, tmp_path, how):
    Image.fromarray(made_picture(40, 60, seed=7) // 3).save(tmp_path / "second.png")
    two = ["--style-image", pictures / "painting.png", tmp_path / "second.png", "--style-blend-weights", 3, 1]
    found = result("--max-num-epochs", 2, *two, "--match-colors", how)
    means = [np.array(Image.open(path)).reshape(-1, 3).mean(0) for path in two[1:3]]
    wanted = 0.75 * means[0] + 0.25 * means[1]
    assert np.abs(found.reshape(-1, 3).mean(0) - wanted).max() < 4
    assert np.abs(result("--max-num-epochs", 2, *two).reshape(-1, 3).mean(0) - wanted).max() > 8


def test_the_laplacian_loss_keeps_contours(result, pictures):
    photograph = np.array(Image.open(pictures / "photo.png")).astype(np.float32).transpose(2, 0, 1)[None]

    def distance(picture):
        return laplacian(picture.astype(np.float32).transpose(2, 0, 1)[None], photograph)[0]

    free, held = (result("--max-num-epochs", 10, "--laplacian-weight", weight) for weight in (0, 1e9))
    assert distance(held) < 0.2 * distance(free)


def share_of(found):
    """Style layer -> its share of the style's loss."""
    return {name: loss / found["style"] for name, loss in found.items() if name.startswith("style:")}


def test_with_strength_weights_count_as_multiples_of_their_defaults(prepared):
    found, default = (losses_at(prepared("--strength", 0.4, *more)) for more in (["--ratio", 0.4], []))
    assert found["style"] == pytest.approx(4 * default["style"], rel=1e-5)
    found = losses_at(prepared("--strength", 0.4, "--content-weight", 25, "--style-weight", 3))
    assert found["content"] == pytest.approx(2.5 * default["content"], rel=1e-5)
    assert found["style"] == pytest.approx(3 * default["style"], rel=1e-5)
    assert found["tv"] == default["tv"]
    assert losses_at(prepared("--strength", 0.4, "--normalize-losses")) == default


def test_squeezenet_has_a_strength_where_no_option_says_how_losses_count(prepared):
    assert prepared().settings.strength == SQUEEZENET.defaults.strength
    assert losses_at(prepared()) == losses_at(prepared("--strength", SQUEEZENET.defaults.strength))
    assert prepared("--style-weight", 5, "--tv-weight", 1, "--laplacian-weight", 1).settings.strength
    layers = ",".join(f"{layer}:{weight}" for layer, weight in SQUEEZENET.defaults.style_layers.items())
    for own in (
        ["--style-layers", layers],
        ["--content-layers", "fire4"],
        ["--optimizer", "nag"],
        ["--style-layer-weight-exp", 2],
        ["--normalize-losses"],
    ):
        run = prepared(*own)
        assert run.settings.strength is None
        assert run.settings.style_layers == SQUEEZENET.defaults.style_layers
    assert losses_at(prepared("--optimizer", "nag")) == losses_at(prepared("--style-layers", layers))
    assert prepared("--style-layers", layers, "--strength", 0.2).settings.strength == 0.2


def test_a_run_whose_settings_are_complete_is_prepared_as_it_was(prepared):
    """As a film's frames are."""
    run = prepared("--max-num-epochs", 2)
    assert losses_at(transfer.prepare(run.settings)) == losses_at(run)


@pytest.mark.parametrize("style_loss", ["gram", "mean-std", "wasserstein", "nnfm", "sliced-wasserstein"])
def test_strength_is_what_the_photograph_may_cost_of_the_style(prepared, style_loss, monkeypatch):
    monkeypatch.setattr(balance, "LEAST", 0)
    run = prepared("--strength", 0.4, "--style-loss", style_loss)
    photograph = images.to_network(images.resize(run.content, run.size))
    found = losses_at(run, photograph)
    assert found["content"] < 1e-9 * found["style"]
    assert share_of(found) == {layer: pytest.approx(0.2, rel=1e-3) for layer in share_of(found)}
    noise = np.random.default_rng(1).normal(0, 50, photograph.shape).astype(np.float32)
    features, target = (run.encoder.extract(x, ["fire4"], ()).content["fire4"] for x in (noise, photograph))
    lost = np.sum((features - target) ** 2) / np.sum(target**2)
    assert losses_at(run, noise)["content"] == pytest.approx(10**-0.6 * lost * found["style"], rel=1e-3)


def test_with_strength_style_layers_count_by_their_weights(prepared):
    layers = ["--style-layers", "conv1:3,fire3:1,fire5:0", "--content-layers", "fire3:1,fire4:3"]
    run = prepared("--strength", 0.4, *layers)
    photograph = images.to_network(images.resize(run.content, run.size))
    found = losses_at(run, photograph)
    assert found["style"] == pytest.approx(losses_at(prepared(*layers), photograph)["style"], rel=1e-3)
    shares = {"style:conv1": 0.75, "style:fire3": 0.25, "style:fire5": 0}
    assert share_of(found) == {layer: pytest.approx(share, rel=1e-3) for layer, share in shares.items()}


def test_with_strength_the_offline_network_keeps_what_its_layers_count(prepared):
    settings = prepared("--strength", 0.5).settings
    open_layers = {**vars(settings), "model": "vgg19", "style_layers": None}
    found = {offline: transfer.with_defaults(transfer.argparse.Namespace(**open_layers), offline).style_layers
             for offline in (True, False)}  # fmt: skip
    assert found[True] == VGG19.offline_defaults.style_layers and set(found[False].values()) == {1.0}
    assert VGG19.offline_defaults.lost < VGG19.defaults.lost


@pytest.mark.parametrize(
    ("more", "offline", "expected"),
    [
        ((), True, "wasserstein"),
        (("--strength", 0.7), True, "wasserstein"),
        (("--style-loss", "mean-std"), True, "mean-std"),
        (("--style-layers", "conv1:3"), True, "gram"),
        (("--normalize-losses",), True, "gram"),
        (("--optimizer", "nag"), True, "gram"),
        (("--optimizer", "nag", "--strength", 0.7), True, "gram"),
        ((), False, "gram"),
    ],
)
def test_the_offline_network_compares_gaussians_where_no_option_weighs_layers(more, offline, expected):
    settings = completed(options.parse(["--model", "vgg19", *map(str, more)]))
    assert transfer.with_defaults(settings, offline).style_loss == expected


def test_strength_does_not_depend_on_the_strength_of_the_network(prepared, squeezenet_arrays, tmp_path):
    """All activations 30 times as strong: the first weights and every bias times 30."""
    stronger = {k: 30 * v if k == "conv1_weight" or k.endswith("bias") else v for k, v in squeezenet_arrays.items()}
    store.save(tmp_path / "strong.params", stronger)
    weights = ["--weights", tmp_path / "strong.params"]
    found, strong = (losses_at(prepared("--strength", 0.7, *more)) for more in ([], weights))
    for name in found.keys() - {"tv", "total"}:
        assert strong[name] / strong["style"] == pytest.approx(found[name] / found["style"], rel=1e-3)


def test_where_the_photograph_is_the_painting_strength_keeps_it(prepared, pictures):
    found = losses_at(prepared("--strength", 0.5, "--style-image", pictures / "photo.png"))
    assert all(map(math.isfinite, found.values())) and found["style"] > 0 < found["content"]


def test_more_strength_leaves_less_of_the_photograph(result, pictures):
    photograph = np.array(Image.open(pictures / "photo.png")).astype(float)
    weak, strong = (result("--strength", strength, "--max-num-epochs", 10) for strength in (0, 1))
    assert np.sum((weak - photograph) ** 2) < 0.8 * np.sum((strong - photograph) ** 2)


# network


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_pooling(prepared, pooling):
    run = prepared("--pooling", pooling)
    picture = images.to_network(made_picture(47, 63, seed=5) / np.float32(255))
    found = run.encoder.extract(picture, ["fire5"], ()).content["fire5"][0]
    arrays = store.load("squeezenet", run.weights.path).arrays
    expected = plain.squeezenet(arrays, picture[0], np.max if pooling == "max" else np.mean)["fire5"]
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_pooling_scale_in_the_weights_is_scaling_what_pooling_gives(monkeypatch, vgg19_arrays):
    picture = images.to_network(made_picture(32, 40, seed=5) / np.float32(255))
    encoder = Encoder(VGG19, scaled_after_pooling(VGG19, vgg19_arrays, 1.7), mx.cpu())
    found = encoder.extract(picture, ["relu4_1"], ()).content["relu4_1"][0]
    mean = plain.average_pooling
    monkeypatch.setattr(plain, "average_pooling", lambda x: 1.7 * mean(x))
    expected = plain.vgg19(vgg19_arrays, picture[0], last="4_1")["relu4_1"]
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_pooling_scale_with_squeezenet(squeezenet_arrays):
    picture = images.to_network(made_picture(47, 63, seed=5) / np.float32(255))
    encoder = Encoder(SQUEEZENET, scaled_after_pooling(SQUEEZENET, squeezenet_arrays, 1.7), mx.cpu())
    found = encoder.extract(picture, ["fire9"], ()).content["fire9"][0]
    expected = plain.squeezenet(squeezenet_arrays, picture[0], lambda *x: 1.7 * np.mean(*x), "fire9")["fire9"]
    np.testing.assert_allclose(found, expected, atol=1e-4 * expected.max())


def test_pooling_scale_reaches_the_run(prepared):
    layers = ["--style-layers", "conv1,fire2"]
    one, other = (losses_at(prepared(*layers, *more)) for more in ([], ["--pooling-scale", 1.7]))
    assert other["style:conv1"] == pytest.approx(one["style:conv1"], rel=1e-6)
    assert other["style:fire2"] > 2 * one["style:fire2"]


def test_border_mirrors_every_picture_at_its_edges(prepared):
    with_border, without = prepared("--border", 6), prepared()
    picture = images.to_network(images.resize(without.content, without.size))
    mirrored = np.pad(picture, ((0, 0), (0, 0), (6, 6), (6, 6)), mode="reflect")
    found = with_border.encoder.extract(picture, ["fire4"], ["conv1"])
    expected = without.encoder.extract(mirrored, ["fire4"], ["conv1"])
    np.testing.assert_allclose(found.content["fire4"], expected.content["fire4"], rtol=1e-4, atol=1e-2)
    np.testing.assert_allclose(found.style["conv1"][0].second, expected.style["conv1"][0].second, rtol=1e-3)


@pytest.mark.parametrize(
    ("more", "moves"),
    [(["--border", 8], True), ([], False), (["--border", 3], False), (["--border", 4], True),
     (["--border", 31, "--max-long-edge", 44], False), (["--border", 8, "--optimizer", "adam"], True),
     (["--border", 8, "--optimizer", "nag"], False)],
    ids=["border", "no border", "too narrow", "just wide enough", "wide as the picture", "adam", "nag"],
)  # fmt: skip
def test_with_a_border_the_network_looks_from_elsewhere_on_the_way(prepared, monkeypatch, more, moves):
    seen, look_from = [], Objective.look_from
    monkeypatch.setattr(Objective, "look_from", lambda self, phase: seen.append(phase) or look_from(self, phase))
    course_of(prepared("--pyramid-levels", 1, "--max-num-epochs", 10, "--stop-eps", 0, *more))
    assert seen == ([(0, 0), (-3, -3)] if moves else [])


def test_with_regions_the_network_looks_from_one_place(prepared, tmp_path):
    half = np.zeros((48, 64, 3), np.uint8)
    half[:, 32:] = 255
    Image.fromarray(half).save(tmp_path / "half.png")
    masks = ["--content-mask", tmp_path / "half.png", "--style-mask", tmp_path / "half.png"]
    assert course.moves(prepared("--border", 8)) and not course.moves(prepared("--border", 8, *masks))


# course of the run


def test_the_start_is_the_first_picture(result, pictures):
    """A rate of next to nothing: what is written is the start."""
    still = ["--max-num-epochs", 1, "--lr", 1e-6, "--tv-weight", 0]
    photograph = np.array(Image.open(pictures / "photo.png")).astype(float)
    painting = np.array(Image.open(pictures / "painting.png").resize((64, 48), Image.LANCZOS)).astype(float)
    np.testing.assert_allclose(result(*still, "--init", "content"), photograph, atol=1)
    np.testing.assert_allclose(result(*still, "--init", "style"), painting, atol=2)
    np.testing.assert_allclose(result(*still, "--init", "mixed"), 0.95 * photograph + 0.05 * painting, atol=2)
    np.testing.assert_allclose(result(*still, "--init", pictures / "painting.png"), painting, atol=2)
    assert result(*still, "--init", "noise").std((0, 1)).max() < 1
    assert result(*still, "--init", "pink").std((0, 1)).min() > 20


def test_start_options_reach_the_run(result):
    still = ["--max-num-epochs", 1, "--lr", 1e-6, "--tv-weight", 0]

    def roughness(*more):
        return np.abs(np.diff(result(*still, *more), axis=1)).mean()

    assert roughness("--init-noise", 0) < roughness("--init-noise", 0.3) < roughness("--init-noise", 0.9)
    smooth, rough = (roughness("--init", "pink", "--pink-exponent", k) for k in (2, 0.5))
    assert smooth < 0.5 * rough
    one, same, other = (result(*still, "--init", "pink", "--seed", seed) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and np.abs(one - other).mean() > 10


def test_a_start_that_is_neither_a_name_nor_a_picture_says_what_there_is(paint, tmp_path, capsys):
    assert paint("--init", "contents") == 2
    assert "--init contents: there is no such picture; give its file, or one of noise, pink" in capsys.readouterr().err
    (tmp_path / "x.png").write_bytes(b"not a picture")
    assert paint("--init", "x.png") == 2
    assert "x.png: not a picture" in capsys.readouterr().err


def test_the_running_mean_of_the_pictures_is_written(paint, options, tmp_path):
    course = ["--optimizer", "adam", "--lr", "20", "--pyramid-levels", "1", "--stop-eps", "0", "--max-num-epochs", "6"]
    course += ["--save-epochs", "1", "--image-format", "png", "--remove-noise", "0"]

    def pictures_on_the_way(folder, *more):
        found = []
        args = nstyle.get_args([*options, *course, "--output-dir", str(tmp_path / folder), *more])
        nstyle.train_nstyle(args, lambda data: found.append(data["img"]))
        return found

    plain_run, averaged = pictures_on_the_way("a"), pictures_on_the_way("b", "--average-decay", "0.6")
    mean = plain_run[0]
    for epoch, picture in enumerate(plain_run[1:], 2):
        share = max(1 - 0.6, 1 / epoch)
        mean = (1 - share) * mean + share * picture
    # 0.4 * 0.6^age from the third picture on, the rest to the first two alike
    weights = [0.5 * 0.6**4, 0.5 * 0.6**4, 0.4 * 0.6**3, 0.4 * 0.6**2, 0.4 * 0.6, 0.4]
    np.testing.assert_allclose(mean, sum(w * x for w, x in zip(weights, plain_run)), atol=1e-2)
    np.testing.assert_allclose(averaged[-1], mean, atol=1e-2)
    final = np.array(Image.open(tmp_path / "b" / "final.png"))
    np.testing.assert_allclose(final, 255 * images.from_network(mean), atol=1)


@pytest.mark.parametrize(
    "more",
    [
        ["--optimizer", "adam"],
        ["--optimizer", "nag"],
        ["--lr", "1"],
        ["--pyramid-levels", "2"],
        ["--style-loss", "mean-std"],
        ["--style-loss", "wasserstein"],
        ["--style-loss", "nnfm"],
        ["--style-loss", "sliced-wasserstein"],
        pytest.param(["--precision", "bfloat16"], marks=pytest.mark.bfloat16),
        ["--max-num-epochs", "5"],
    ],
    ids=" ".join,
)
def test_the_picture_depends_on(result, more):
    short = ["--max-num-epochs", "4", "--stop-eps", "0"]
    assert np.abs(result(*short) - result(*short, *more)).mean() > 0.02


def test_the_rate_is_cut_by_its_schedule(result):
    adam = ["--optimizer", "adam", "--max-num-epochs", 4, "--stop-eps", 0, "--tv-weight", 0]
    start = result("--max-num-epochs", 1, "--lr", 1e-6)
    # four steps of 4 grey levels; two of 4 and two of 0.4; 4, 0.4, 0.04, 0.004
    cuts = [["--lr-sched-delay", delay, "--lr-sched-factor", 0.1] for delay in (4, 2, 1)]
    moved = [np.abs(result(*adam, *cut) - start).mean() for cut in cuts]
    assert moved[0] > 1.2 * moved[1] > 1.2 * 1.2 * moved[2] > 3


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam", "nag"])
def test_the_rate_of_the_classic_recipe_paints_with_every_optimizer(prepared, optimizer):
    """`--lr 0.001` written out, as in every tutorial of MXNet's example, is each optimizer's usual rate."""

    def course(*more):
        run = prepared("--optimizer", optimizer, "--max-num-epochs", 15, "--stop-eps", 0, *more)
        return [event.losses["total"] for event in course_of(run)], run

    (found, run), (usual, _) = course("--lr", 0.001), course()
    assert found == usual and found[-1] < (1 if optimizer == "nag" else 0.7) * found[0]
    said = [line for line in run.notices if "--lr 0.001" in line]
    assert len(said) == (optimizer != "nag") and all("here that is 4" in line for line in said)


def course_of(run):
    return list(course.events(run, course.start(run)))


@pytest.mark.parametrize(
    ("optimizer", "given", "taken"),
    [("adam", 0.002, 8), ("lbfgs", 0.0005, 2), ("lbfgs", 0.01, 16), ("adam", 0.05, 0.05), ("nag", 0.01, 0.01)],
)
def test_a_rate_of_nags_size_is_translated(prepared, optimizer, given, taken):
    assert prepared("--optimizer", optimizer, "--lr", given).settings.lr == pytest.approx(taken)


def test_a_rate_of_nag_in_a_namespace_made_by_hand_paints(options):
    args = nstyle.get_args([*options, "--precision", "float32", "--max-num-epochs", "15"])
    totals = []
    for rate in (None, 0.001):
        args.lr = rate
        totals.append([event.losses["total"] for event in course_of(transfer.prepare(completed(args)))])
    assert totals[0] == totals[1]


def test_the_command_of_the_tutorials_paints(result, pictures):
    """`python nstyle.py --gpu -1 --max-num-epochs 150 --lr 0.001`, on small pictures."""
    photograph = np.array(Image.open(pictures / "photo.png")).astype(float)
    painted = result("--max-num-epochs", 150, "--lr", 0.001)
    assert np.abs(painted - photograph).mean() > 10
    assert np.array_equal(painted, result("--max-num-epochs", 150))


def test_nag_paints_from_the_photograph_too_though_its_first_steps_are_small(result, pictures):
    photograph = np.array(Image.open(pictures / "photo.png")).astype(float)
    painted = result("--optimizer", "nag", "--lr", 0.001, "--max-num-epochs", 40)
    assert np.abs(painted - photograph).mean() > 5


def test_weights_with_which_every_step_fails_end_as_diverged_however_few_the_epochs(paint, tmp_path):
    assert paint("--content-weight", 1e308, "--max-num-epochs", 3) == 1
    assert json.loads((tmp_path / "out" / "run.json").read_text())["status"] == "diverged"


def test_too_many_pyramid_levels_are_named(paint, capsys):
    assert paint("--pyramid-levels", 12, "--border", 8, "--max-num-epochs", 100) == 2
    assert "--pyramid-levels 12: the coarsest picture would have" in capsys.readouterr().err
    assert paint("--max-long-edge", 12, "--border", 20) == 2
    assert "--max-long-edge: 12 x 9 pixels are too few for --border 20" in capsys.readouterr().err


def test_stop_eps_ends_a_run_early(paint, tmp_path, capsys):
    assert paint("--max-num-epochs", 30, "--stop-eps", 1, "--optimizer", "adam") == 0
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["status"] == "converged" and record["final"]["epoch"] < 30


def test_a_preset_is_a_start_from_which_each_option_can_be_changed(paint, tmp_path):
    assert paint("--preset", "draft") == 0  # with --max-num-epochs 3
    settings = json.loads((tmp_path / "out" / "run.json").read_text())["settings"]
    assert (settings["preset"], settings["max_long_edge"], settings["max_num_epochs"]) == ("draft", 300, 3)
    assert paint("--preset", "classic", "--init", "content", "--overwrite") == 0
    settings = json.loads((tmp_path / "out" / "run.json").read_text())["settings"]
    assert (settings["optimizer"], settings["style_fit"], settings["init"]) == ("nag", "squeeze", "content")


# results


def test_snapshots_may_be_smaller_than_the_result(paint, tmp_path):
    assert paint("--snapshot-size", "32", "--save-epochs", "1", "--preserve-colors", "luminance") == 0
    sizes = {name: Image.open(tmp_path / "out" / f"{name}.jpg").size for name in ("content", "e_1", "final")}
    assert sizes == {"content": (32, 24), "e_1": (32, 24), "final": (64, 48)}


def test_a_painting_that_is_much_smaller_than_the_result_is_said(paint, pictures, capsys):
    assert paint("--style-scale", "4") == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "is enlarged to 256" in line]
    assert line.startswith("painting.png has a long edge of 56 pixels") and "--style-scale 0.88" in line
    assert paint("--overwrite") == 0
    assert "enlarged to" not in capsys.readouterr().err


def test_tiff_has_16_bits_and_a_colour_profile(paint, tmp_path):
    assert paint("--image-format", "tiff") == 0
    levels = tifffile.imread(tmp_path / "out" / "final.tiff")
    assert levels.dtype == np.uint16 and levels.shape == (48, 64, 3)
    # of 16 bits only every 257th level is one of 8
    assert np.mean(levels % 257 != 0) > 0.9
    with tifffile.TiffFile(tmp_path / "out" / "final.tiff") as file:
        assert "InterColorProfile" in file.pages[0].tags


@pytest.mark.parametrize(("name", "kind"), [("jpg", "JPEG"), ("png", "PNG")])
def test_picture_formats(paint, tmp_path, name, kind):
    assert paint("--image-format", name, "--save-epochs", 2) == 0
    for file in ("e_2", "final"):
        image = Image.open(tmp_path / "out" / f"{file}.{name}")
        assert image.format == kind and image.size == (64, 48) and image.info["icc_profile"]


@pytest.mark.parametrize(
    ("more", "epochs"), [(["--snapshot-at", "1,4"], {1, 4}), (["--save-epochs", "2"], {2, 4}), ([], set())]
)
def test_snapshots_are_written_at_these_epochs(paint, tmp_path, more, epochs):
    assert paint("--max-num-epochs", 5, "--stop-eps", 0, *more) == 0
    assert {path.name for path in (tmp_path / "out").glob("e_*")} == {f"e_{epoch}.jpg" for epoch in epochs}


def test_remove_noise_smooths_what_is_written(result):
    noisy = ["--init-noise", 0.3]
    roughness = [np.abs(np.diff(result(*noisy, "--remove-noise", w), axis=1)).mean() for w in (0, 0.02, 0.2)]
    assert roughness[0] > roughness[1] > roughness[2]


def test_every_option_stands_in_the_record_of_the_run(paint, tmp_path):
    assert paint() == 0
    settings = json.loads((tmp_path / "out" / "run.json").read_text())["settings"]
    assert settings.keys() >= vars(options.parse([])).keys() - {"command"}
    # also what was left open
    assert settings["style_layers"].keys() == SQUEEZENET.defaults.style_layers.keys() and settings["init"] == "content"
    assert settings["strength"] == SQUEEZENET.defaults.strength
    assert settings["lr"] == 4 and settings["pooling"] == "avg" and settings["pyramid_levels"] == 1


# several photographs


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, seed in (("a", 11), ("b", 12)):
        Image.fromarray(made_picture(48, 64, seed)).save(folder / f"{name}.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.mark.parametrize("names", [["photos"], ["photos/*.png"], ["photos/a.png", "photos/b.png"]], ids=" ".join)
def test_each_photograph_is_painted_as_if_it_were_alone(paint, photographs, tmp_path, capsys, names):
    assert paint(*PNG, "--content-image", *names) == 0
    assert "2 of 2 pictures painted" in capsys.readouterr().out
    for name in ("a", "b"):
        assert paint(*PNG, "--content-image", f"photos/{name}.png", "--output-dir", "alone", "--overwrite") == 0
        alone, together = (tmp_path / folder / "final.png" for folder in ("alone", f"out/{name}"))
        assert alone.read_bytes() == together.read_bytes()


def test_photographs_of_the_same_name_do_not_share_a_folder(paint, photographs, tmp_path):
    Image.fromarray(made_picture(48, 64, seed=13)).save(tmp_path / "a.png")
    assert paint("--content-image", "photos/a.png", "a.png") == 0
    for name, source in (("a", "photos/a.png"), ("a_2", "a.png")):
        assert json.loads((tmp_path / "out" / name / "run.json").read_text())["content"]["source"] == source


def test_weights_and_the_statistics_of_the_paintings_are_made_once(paint, photographs, monkeypatch):
    loaded, extracted = [], []
    load, extract = store.load, Encoder.extract
    monkeypatch.setattr(store, "load", lambda *args: loaded.append(args) or load(*args))

    def counted(self, image, content_layers, style_layers, *masks):
        extracted.append(bool(style_layers))
        return extract(self, image, content_layers, style_layers, *masks)

    monkeypatch.setattr(Encoder, "extract", counted)
    assert paint("--engine", "mxnet", "--precision", "float32", "--content-image", "photos") == 0
    assert len(loaded) == 1 and extracted.count(True) == 1 and extracted.count(False) == 2


@pytest.mark.parametrize("how", ["histogram", "covariance"])
def test_paintings_that_are_matched_to_each_photograph_are_not_shared(paint, photographs, tmp_path, how):
    assert paint(*PNG, "--content-image", "photos", "--preserve-colors", how) == 0
    assert paint(*PNG, "--content-image", "photos/b.png", "--preserve-colors", how, "--output-dir", "alone") == 0
    assert (tmp_path / "alone" / "final.png").read_bytes() == (tmp_path / "out" / "b" / "final.png").read_bytes()


def test_a_photograph_that_fails_does_not_stop_the_rest(paint, photographs, tmp_path, capsys):
    (photographs / "a.png").write_bytes(b"not a picture")
    assert paint("--content-image", "photos") == 1
    streams = capsys.readouterr()
    assert "1 of 2 pictures painted" in streams.out and "failed: photos/a.png: not a picture" in streams.out
    assert "Traceback" not in streams.err
    assert (tmp_path / "out" / "b" / "final.jpg").exists() and not (tmp_path / "out" / "a" / "final.jpg").exists()


def test_a_folder_without_pictures_is_named(paint, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nothing*.jpg"):
        assert paint("--content-image", name) == 2
        assert f"--content-image {name}: there is no picture" in capsys.readouterr().err
