"""A picture in tiles is the whole picture, on each engine; tiles are computed in this process here."""

import dataclasses
import math

import numpy as np
import pytest
from narrow import narrow
from numpy_engine import NumpyEngine
from test_contract import ALL_KINDS, Case, assert_close, mxnet_engine, torch_engine
from test_streamed import GOOGLE, KINDS, NIN_CONTENT, NIN_STYLE, SQUEEZE_STYLE, VGG_STYLE, as_numpy, assert_moments

from neural_style.engines import door, tiles
from neural_style.engines.choice import Choice
from neural_style.engines.cluster import ClusterEncoder
from neural_style.engines.contract import Moments, Statistics
from neural_style.networks.googlenet import GOOGLENET
from neural_style.networks.layers import DATA, fields, shapes
from neural_style.networks.nin import NIN
from neural_style.networks.squeezenet import SQUEEZENET
from neural_style.networks.tiles import tiles as divided
from neural_style.networks.vgg import VGG19

ENGINES = {"mxnet": mxnet_engine, "torch": torch_engine}
ODD, TALL = (131, 101), (147, 83)
CASES = {
    "all kinds": Case(ALL_KINDS, ["a", "both"], KINDS, ODD),
    "all kinds, maxima, border, regions": Case(ALL_KINDS, ["norm"], KINDS, ODD, "max", 9, regions=True),
    "vgg19": Case(narrow(VGG19), ["relu4_2", "relu2_2"], VGG_STYLE, TALL),
    "vgg19, maxima, border, regions": Case(narrow(VGG19), ["relu4_2"], VGG_STYLE, TALL, "max", 7, regions=True),
    "vgg19, masks by layer": Case(narrow(VGG19), ["relu4_2"], VGG_STYLE, TALL, by_layer=True),
    "squeezenet": Case(narrow(SQUEEZENET), ["fire4"], SQUEEZE_STYLE, ODD, regions=True),
    "squeezenet, maxima, border": Case(narrow(SQUEEZENET), ["fire4"], SQUEEZE_STYLE, ODD, "max", 8, means=False),
    "nin, maxima": Case(narrow(NIN), NIN_CONTENT, NIN_STYLE, ODD, "max", 8),
    "googlenet, maxima": Case(narrow(GOOGLENET), *GOOGLE, ODD, "max", border=5),
}
EDGE = 64
FOR_ENGINES = ["all kinds, maxima, border, regions", "vgg19, masks by layer", "squeezenet"]  # which are slow to bind


class Here:
    """As `workers.Workers`, in this process: what the tasks are given and give goes through nobody's hands."""

    def __init__(self):
        self.told = []

    def everywhere(self, function, *arguments):
        self.told.append(function.__name__)
        return {"here": function(*arguments)}

    def submit(self, function, *arguments):
        return function(*arguments)

    def share(self, value):
        return value

    def spread(self, values):
        return list(values)

    def results(self, futures):
        yield from futures


@pytest.fixture(scope="module", params=ENGINES)
def engine(request):
    return ENGINES[request.param]()


@pytest.fixture(autouse=True)
def _opened(monkeypatch, request):
    """Workers take the engine of the test; what earlier tests left in this process is gone."""
    if "engine" in request.fixturenames:
        engine = request.getfixturevalue("engine")
        choice = Choice(engine.name, "float32", "the test's")
        monkeypatch.setattr(door, "opened", lambda *_, **__: door.Opened(engine, choice, None))
    tiles._encoders.clear()
    tiles._evaluators.clear()


def in_tiles(case, engine, values=0, kept=2, load=None, edge=EDGE):
    it = case.options
    work = tiles.Work("run", case.network, load or (lambda network: case.arrays), it["pooling"], 1.0, it["means"],
                      engine.name, "float32", -1, tiles.versions(engine), values, kept)  # fmt: skip
    return ClusterEncoder(engine, Here(), work, it["border"], edge, lambda: case.arrays)


def gradients_of(case, engine, statistics):
    plain = {layer: [as_numpy(engine, it) for it in regions] for layer, regions in statistics.style.items()}
    found = case.gradients(Statistics(statistics.content, plain))
    style = {
        layer: [Moments(*(None if part is None else engine.array(part) for part in it)) for it in regions]
        for layer, regions in found.style.items()
    }
    return Statistics(found.content, style)


@pytest.mark.parametrize("name", FOR_ENGINES)
def test_tiles_are_the_whole_picture(engine, name):
    case = CASES[name]
    encoder, ours = case.encoder(engine), in_tiles(case, engine)
    arguments = engine.array(case.picture(2)), case.content, case.style, case.masks
    found, right = ours.extract(*arguments), encoder.extract(*arguments)
    for layer in case.content:
        assert_close(engine.numpy(found.content[layer]), engine.numpy(right.content[layer]), 1e-5)
    assert_moments(engine, found.style, right.style, 2e-5)

    arguments = case.size, right.content, case.style, case.masks, case.content_mask
    ours, theirs = ours.evaluator(*arguments), encoder.evaluator(*arguments)
    assert len(ours._tiles) >= 3
    picture = engine.array(case.picture(1))
    found, expected = ours.forward(picture), theirs.forward(picture)
    for layer, counts in theirs.positions.items():
        assert ours.positions[layer] == pytest.approx(counts, rel=1e-6)
    assert list(found.content) == list(expected.content) and list(found.style) == list(expected.style)
    for layer in case.content:
        assert found.content[layer] == pytest.approx(expected.content[layer], rel=1e-5)
    assert_moments(engine, found.style, expected.style, 2e-5)
    gradients = gradients_of(case, engine, expected)
    # a ReLU or a maximum may be undecided to the last digit
    assert_close(engine.numpy(ours.backward(gradients)), engine.numpy(theirs.backward(gradients)), 2e-3)

    phase = (3, -4) if case.options["border"] else (0, 0)
    for evaluator in (ours, theirs):
        evaluator.aim(engine.array(case.picture(3)), phase)
    assert ours.forward(picture).content == pytest.approx(theirs.forward(picture).content, rel=1e-5)
    assert_close(engine.numpy(ours.backward(gradients)), engine.numpy(theirs.backward(gradients)), 2e-3)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_in_double_precision_no_seam_is_left(case, monkeypatch):
    engine = NumpyEngine()
    monkeypatch.setattr(door, "opened", lambda *_, **__: door.Opened(engine, None, None))
    content = case.encoder(engine).extract(case.picture(2), case.content, ()).content
    arguments = case.size, content, case.style, case.masks, case.content_mask
    ours, theirs = (it.evaluator(*arguments) for it in (in_tiles(case, engine), case.encoder(engine)))
    expected = theirs.forward(case.picture(1))
    ours.forward(case.picture(1))
    gradients = gradients_of(case, engine, expected)
    assert_close(ours.backward(gradients), theirs.backward(gradients), 1e-6)


def test_losses_of_whole_feature_maps_go_through_tiles():
    engine, case = NumpyEngine(), CASES["squeezenet"]
    layers = SQUEEZE_STYLE[:2]
    encoder = case.encoder(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "opened", lambda *_, **__: door.Opened(engine, None, None))
        ours, theirs = (
            it.evaluator(case.size, {}, (), map_layers=layers) for it in (in_tiles(case, engine), encoder)
        )
        found, expected = ours.forward(case.picture(1)), theirs.forward(case.picture(1))
        assert ours.positions == theirs.positions
        for layer in layers:
            assert_close(found.maps[layer], expected.maps[layer], 1e-6)
        gradients = Statistics({}, {}, {layer: expected.maps[layer] ** 2 for layer in layers})
        assert_close(ours.backward(gradients), theirs.backward(gradients), 1e-6)


def test_strips_inside_of_tiles_are_the_whole_picture_too():
    pytest.importorskip("torch")
    engine, case = torch_engine(), CASES["vgg19, maxima, border, regions"]
    content = case.encoder(engine).extract(engine.array(case.picture(2)), case.content, ()).content
    evaluators = [it.evaluator(case.size, content, case.style, case.masks)
                  for it in (in_tiles(case, engine, values=100_000), case.encoder(engine))]  # fmt: skip
    expected = evaluators[1].forward(engine.array(case.picture(1)))
    assert_moments(engine, evaluators[0].forward(engine.array(case.picture(1))).style, expected.style, 2e-5)
    gradients = gradients_of(case, engine, expected)
    assert_close(*(engine.numpy(it.backward(gradients)) for it in evaluators), 2e-3)


@pytest.mark.parametrize("kept", [1, 100])
def test_what_a_worker_remembers_changes_no_byte(engine, kept):
    case = CASES["vgg19, maxima, border, regions"]
    results = []
    for forget in (False, True):
        tiles._evaluators.clear()
        evaluator = in_tiles(case, engine, kept=kept).evaluator(case.size, {}, case.style, case.masks)
        statistics = evaluator.forward(engine.array(case.picture(1)))
        if forget:  # as where another worker takes the tiles over
            tiles._evaluators.clear()
            tiles._encoders.clear()
        results.append(engine.numpy(evaluator.backward(statistics)))
        assert len(tiles._evaluators) == min(kept, len(evaluator._tiles))
    assert np.array_equal(*results)


def test_weights_are_sent_where_they_are_missing_and_nowhere_else():
    case = CASES["squeezenet"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(door, "opened", lambda *_, **__: door.Opened(NumpyEngine(), None, None))
        assert in_tiles(case, NumpyEngine()).sent is None
        encoder = in_tiles(case, NumpyEngine(), load=lambda network: None)
        assert encoder.sent is case.arrays
        found = encoder.extract(case.picture(1), (), case.style).style
        # one that comes later: nobody knew that it has them not
        tiles._encoders.clear()
        encoder.sent = None
        again = encoder.extract(case.picture(1), (), case.style).style
        assert encoder.sent is case.arrays
        assert all(np.array_equal(found[it][0].second, again[it][0].second) for it in case.style)


@pytest.mark.parametrize(("versions", "line"), [
    ({"nstyle": "0.1", "numpy": np.__version__}, "the run 0.1; install the same"),
    ({"nstyle": tiles.__version__, "numpy": "1.0"}, "it has numpy"),
])  # fmt: skip
def test_a_worker_of_another_version_is_refused(versions, line, monkeypatch):
    monkeypatch.setattr(door, "opened", lambda *_, **__: door.Opened(NumpyEngine(), None, None))
    work = in_tiles(CASES["squeezenet"], NumpyEngine()).work
    with pytest.raises(tiles.WorkerError, match=f"^worker: .*{line}"):
        tiles.ready(dataclasses.replace(work, token="other", versions=versions))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("size", [(64, 64), (65, 250), (333, 517)])
def test_what_belongs_to_tiles_is_the_picture_once(case, size):
    names = [*case.content, *case.style]
    found = divided(case.network, size, case.options["pooling"], names, EDGE)
    right = shapes(case.network, size, case.options["pooling"])
    for name in names:
        counts = np.zeros(right[name][1:], int)
        for tile in found:
            (top, bottom), (left, right_edge) = tile.layers[name]
            counts[top:bottom, left:right_edge] += 1
            inner = shapes(case.network, [last - first for first, last in tile.seen], case.options["pooling"])[name]
            assert all(0 <= first <= last <= edge for (first, last), edge in zip(tile.own[name], inner[1:]))
        assert (counts == 1).all()


def test_the_halo_of_vgg19_is_what_its_rows_ask_for():
    names = list(VGG19.defaults.style_layers)
    found = divided(VGG19, (2048, 2048), "avg", names, 512)
    assert len(found) == 16
    (top, bottom), _ = found[5].seen
    # beyond its own 16 pixels relu5_1 sees 70 at each side; above they are rounded up to whole ones of its own
    assert fields(VGG19)["relu5_1"] == (156, 16) and top == 512 - 80 and bottom == 1024 + 70
    assert DATA not in found[5].own and math.prod(b - a for a, b in found[5].own["relu5_1"]) == 32 * 32
