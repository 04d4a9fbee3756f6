"""A picture in strips has the feature maps, moments and gradient of the whole picture, on each engine that can."""

import numpy as np
import pytest
from narrow import narrow
from numpy_engine import NumpyEngine
from test_contract import ALL_KINDS, Case, assert_close, torch_engine

from neural_style.engines import mirror
from neural_style.engines.contract import Moments, Statistics, Strips
from neural_style.engines.streamed import StreamedEncoder, StreamedEvaluator
from neural_style.errors import EngineError
from neural_style.files import Scratch
from neural_style.networks.googlenet import GOOGLENET
from neural_style.networks.nin import NIN
from neural_style.networks.squeezenet import SQUEEZENET
from neural_style.networks.strips import Division
from neural_style.networks.vgg import VGG19

ENGINES = {"torch": torch_engine, "numpy": NumpyEngine}
ODD, TALL = (97, 83), (151, 101)
KINDS = ["a", "a_relu", "norm", "pool", "smooth", "c", "both", "top"]
VGG_STYLE, SQUEEZE_STYLE = list(VGG19.defaults.style_layers), list(SQUEEZENET.defaults.style_layers)
NIN_CONTENT, NIN_STYLE = list(NIN.defaults.content_layers), list(NIN.defaults.style_layers)
GOOGLE = ["conv2/3x3"], ["conv1/7x7_s2", "conv2/norm2", "inception_3b/output", "inception_4a/output"]
CASES = {
    "all kinds": Case(ALL_KINDS, ["a", "both"], KINDS, ODD),
    "all kinds, maxima, border, regions": Case(ALL_KINDS, ["norm"], KINDS, ODD, "max", 9, regions=True),
    "vgg19": Case(narrow(VGG19), ["relu4_2", "relu2_2"], VGG_STYLE, ODD),
    "vgg19, maxima, border, regions": Case(narrow(VGG19), ["relu4_2"], VGG_STYLE, ODD, "max", 7, regions=True),
    "vgg19, only low layers, without means": Case(narrow(VGG19), ["conv1_2"], ["relu2_1"], ODD, means=False),
    "vgg19, masks by layer": Case(narrow(VGG19), ["relu4_2"], VGG_STYLE, TALL, by_layer=True),
    "squeezenet": Case(narrow(SQUEEZENET), ["fire4"], SQUEEZE_STYLE, TALL, regions=True),
    "squeezenet, maxima, border": Case(narrow(SQUEEZENET), ["fire4"], SQUEEZE_STYLE, ODD, "max", 8),
    "nin": Case(narrow(NIN), NIN_CONTENT, NIN_STYLE, TALL, border=8),
    "nin, maxima": Case(narrow(NIN), NIN_CONTENT, NIN_STYLE, TALL, "max", regions=True),
    "googlenet": Case(narrow(GOOGLENET), *GOOGLE, ODD, border=5),
    "googlenet, maxima": Case(narrow(GOOGLENET), *GOOGLE, ODD, "max", regions=True),
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return ENGINES[request.param]()


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def strips_of(case, part):
    """A number of values of which strips may hold a part between the thinnest and the whole."""
    edges = [edge + 2 * case.options["border"] for edge in case.size]
    names = [*case.content, *case.style]
    least, most = (Division(case.network, edges, case.options["pooling"], names, n).values for n in (0, 10**12))
    return int(least + part * (most - least))


@pytest.mark.parametrize(("border", "phase"), [(0, (0, 0)), (1, (0, 0)), (6, (0, 0)), (6, (3, -4)), (4, (-4, 3))])
def test_rows_of_a_mirrored_picture_and_their_gradient(border, phase):
    generator = np.random.default_rng(0)
    image = generator.normal(size=(1, 3, 17, 13))
    whole = np.pad(image, ((0, 0), (0, 0), *((border + by, border - by) for by in phase)), mode="reflect")
    beyond = mirror.around(border, phase)
    assert np.array_equal(mirror.mirrored(image, beyond), whole)
    gradient, total = generator.normal(size=whole.shape), np.zeros_like(image)
    height = whole.shape[2]
    for first in range(0, height, 4):
        rows = first, min(height, first + 6)  # they overlap
        assert np.array_equal(mirror.mirrored(image, beyond, rows), whole[:, :, rows[0] : rows[1]])
        share = gradient[:, :, rows[0] : rows[1]].copy()
        share[:, :, 4:] = 0  # of what overlaps only one part counts
        mirror.fold_into(total, share, rows, beyond)
    assert np.allclose(total, mirror.folded(gradient, beyond), rtol=0, atol=1e-12)
    # the transpose of the continuation
    assert np.sum(total * image) == pytest.approx(np.sum(gradient * whole))


@pytest.mark.parametrize(("part", "kept", "lean"), [
    (0, 0, False), (0.3, 0, True), (1, 0, False), (0, 10**9, False), (0.3, 10**9, False),
], ids=["thinnest", "thicker, on a disk", "one", "thinnest, bits kept", "thicker, bits kept"])  # fmt: skip
def test_strips_are_the_whole_picture(engine, case, part, kept, lean, tmp_path):
    encoder = case.encoder(engine)
    scratch = Scratch(tmp_path) if lean else None
    streamed = StreamedEncoder(encoder, strips_of(case, part), kept=kept, lean=lean, scratch=scratch)
    arguments = engine.array(case.picture(2)), case.content, case.style, case.masks
    found, right = streamed.extract(*arguments), encoder.extract(*arguments)
    for layer in case.content:
        ours = np.float32(engine.numpy(found.content[layer]))
        assert_close(ours, engine.numpy(right.content[layer]), 1e-5)
    assert_moments(engine, found.style, right.style)

    ours = streamed.evaluator(case.size, right.content, case.style, case.masks, case.content_mask)
    theirs = encoder.evaluator(case.size, right.content, case.style, case.masks, case.content_mask)
    assert isinstance(ours, StreamedEvaluator) and ours.size == theirs.size
    picture = engine.array(case.picture(1))
    found, expected = ours.forward(picture), theirs.forward(picture)
    for layer, counts in theirs.positions.items():
        assert ours.positions[layer] == pytest.approx(counts, rel=1e-6)
    assert list(found.content) == list(expected.content) and list(found.style) == list(expected.style)
    for layer in case.content:
        assert found.content[layer] == pytest.approx(expected.content[layer], rel=1e-5)
    assert_moments(engine, found.style, expected.style)
    plain = {layer: [as_numpy(engine, it) for it in regions] for layer, regions in expected.style.items()}
    gradients = case.gradients(Statistics(expected.content, plain))
    style = {
        layer: [Moments(*(None if part is None else engine.array(part) for part in it)) for it in regions]
        for layer, regions in gradients.style.items()
    }
    gradients = Statistics(gradients.content, style)
    assert_close(engine.numpy(ours.backward(gradients)), engine.numpy(theirs.backward(gradients)), 1e-5)

    if case.options["border"] >= 4:
        content, right = (it.aim(engine.array(case.picture(3)), (3, -4)) for it in (ours, theirs))
        for layer in case.content:
            assert_close(np.float32(engine.numpy(content[layer])), engine.numpy(right[layer]), 1e-5)
        found, expected = ours.forward(picture), theirs.forward(picture)
        assert_moments(engine, found.style, expected.style)
        assert_close(engine.numpy(ours.backward(gradients)), engine.numpy(theirs.backward(gradients)), 1e-5)


@pytest.mark.parametrize("name", ["all kinds, maxima, border, regions", "vgg19", "squeezenet, maxima, border"])
def test_whole_feature_maps_and_their_gradients(engine, name):
    case = CASES[name]
    encoder, streamed = case.encoder(engine), StreamedEncoder(case.encoder(engine), strips_of(case, 0.2))
    content = encoder.extract(engine.array(case.picture(2)), case.content, ()).content
    whole, strips = (
        it.evaluator(case.size, content, case.style[:1], map_layers=case.style[1:]) for it in (encoder, streamed)
    )
    assert isinstance(strips, StreamedEvaluator) and strips.positions == whole.positions
    picture, generator = engine.array(case.picture(1)), np.random.default_rng(4)
    expected, found = whole.forward(picture), strips.forward(picture)
    for layer, features in expected.maps.items():
        assert_close(engine.numpy(found.maps[layer]), engine.numpy(features), 1e-5)
    maps = {
        layer: engine.array(generator.normal(size=tuple(features.shape))) for layer, features in expected.maps.items()
    }
    gradients = expected._replace(maps=maps)
    assert_close(engine.numpy(strips.backward(gradients)), engine.numpy(whole.backward(gradients)), 1e-5)


def as_numpy(engine, moments):
    return Moments(*(None if part is None else engine.numpy(part) for part in moments))


def assert_moments(engine, found, expected, tolerance=1e-5):
    for layer, regions in expected.items():
        for ours, theirs in zip(found[layer], regions):
            ours, theirs = as_numpy(engine, ours), as_numpy(engine, theirs)
            assert_close(ours.second, theirs.second, tolerance)
            assert (ours.mean is None) == (theirs.mean is None)
            if theirs.mean is not None:
                assert_close(ours.mean, theirs.mean, tolerance)


@pytest.mark.parametrize("kept", [0, 10**9], ids=["nothing kept", "bits kept"])
def test_the_same_picture_gives_the_same_bytes_and_nothing_given_out_changes(engine, kept):
    case = CASES["vgg19, maxima, border, regions"]
    streamed = StreamedEncoder(case.encoder(engine), strips_of(case, 0.2), kept=kept)
    content = streamed.extract(engine.array(case.picture(2)), case.content, ()).content
    evaluator = streamed.evaluator(case.size, content, case.style, case.masks)
    targets = {layer: engine.numpy(array).copy() for layer, array in content.items()}

    def evaluate(seed):
        picture = engine.array(case.picture(seed))
        statistics = evaluator.forward(picture)
        gradient = engine.numpy(evaluator.backward(statistics))
        assert np.array_equal(engine.numpy(picture), case.picture(seed))
        assert np.array_equal(engine.numpy(evaluator.backward(statistics)), gradient)  # also a second time
        return statistics, gradient

    statistics, gradient = evaluate(1)
    kept = gradient.copy()
    evaluate(2)
    again, repeated = evaluate(1)
    assert np.array_equal(kept, repeated) and np.array_equal(kept, gradient)
    assert again.content == statistics.content
    assert all(np.array_equal(engine.numpy(content[layer]), targets[layer]) for layer in targets)


def test_bits_wherever_the_arrays_lie():
    """What is packed on a GPU is packed otherwise than on the processor; what it says is the same."""
    torch = pytest.importorskip("torch")
    from neural_style.engines.torch import bits

    positive = torch.tensor(np.random.default_rng(1).integers(0, 2, 1003).astype(bool))
    assert torch.equal(bits._unpacked(bits._packed(positive))[:1003], positive)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_map_of_many_parts_lets_the_same_values_through(precision):
    torch = pytest.importorskip("torch")
    from neural_style.engines.torch import bits

    dtype, generator = getattr(torch, precision), np.random.default_rng(1)
    shape = 1, 3, 303, 291  # two parts and a rest, of no whole number of bytes
    assert 2 < np.prod(shape) / bits.AT_A_TIME < 3 and np.prod(shape) % 8
    features, gradient = (torch.tensor(generator.normal(size=shape)).to(dtype) for _ in range(2))
    features[:, :, 7] = 0
    signs = bits.Signs(features)
    for layout in (torch.contiguous_format, torch.channels_last):
        found = gradient.clone(memory_format=layout)
        signs.mask(found)
        assert torch.equal(found, torch.where(features > 0, gradient, 0))


def test_small_pictures_are_computed_whole(engine):
    case = CASES["squeezenet"]
    encoder = case.encoder(engine)
    assert isinstance(encoder, Strips)
    area = case.size[0] * case.size[1]
    content = encoder.extract(engine.array(case.picture(2)), case.content, ()).content
    for whole, kind in ((area, type(encoder.evaluator(case.size, content, case.style))), (area - 1, StreamedEvaluator)):
        assert type(StreamedEncoder(encoder, 10**6, whole).evaluator(case.size, content, case.style)) is kind


def test_what_pytorch_raises_is_an_error_of_the_engine(monkeypatch):
    engine, case = torch_engine(), CASES["squeezenet"]
    evaluator = StreamedEncoder(case.encoder(engine), 10**5).evaluator(case.size, {}, case.style)

    def fails(*_):
        raise RuntimeError("not enough memory\nException raised from ...")

    monkeypatch.setattr(evaluator._regions, "add", fails)
    with pytest.raises(EngineError, match=r"PyTorch: not enough memory$"):
        evaluator.forward(engine.array(case.picture(1)))


def test_bfloat16_in_strips_is_as_near_to_float32_as_whole():
    torch = pytest.importorskip("torch")
    from neural_style.engines.torch.engine import TorchEngine

    case = CASES["squeezenet, maxima, border"]
    encoder = TorchEngine(precision="bfloat16").encoder(case.network, case.arrays, **case.options)
    streamed = StreamedEncoder(encoder, strips_of(case, 0.2))
    bits = StreamedEncoder(encoder, strips_of(case, 0.2), kept=10**9)
    exact = case.encoder(TorchEngine())
    picture = torch.tensor(case.picture(1))
    content = exact.extract(torch.tensor(case.picture(2)), case.content, ()).content
    gradients = []
    for each in (exact, encoder, streamed, bits):
        evaluator = each.evaluator(case.size, content, case.style)
        gradients.append((evaluator.forward(picture), evaluator.backward(evaluator.forward(picture)))[1])
    right, whole, strips, as_bits = gradients
    assert torch.equal(as_bits, strips)
    assert strips.dtype == torch.float32
    assert (strips - right).norm() < 1.5 * (whole - right).norm() < 0.2 * right.norm()
