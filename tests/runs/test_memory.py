"""What a run holds: the network at one size at a time, and of its weights those that it computes with."""

import json
import weakref

import pytest

from neural_style.engines import processor
from neural_style.runs import prepare


@pytest.fixture
def sizes(mx, monkeypatch):
    """The sizes at which MXNet's symbols are bound with a gradient; an earlier one must be gone by then."""
    from neural_style.engines.mxnet import evaluator

    bound, found, give_back = [], [], processor.give_back_memory

    def checked():
        assert not [one for one in bound if one() is not None]
        give_back()

    class Watched(evaluator.MomentSymbols):
        def __init__(self, encoder, layers, size, masks):
            super().__init__(encoder, layers, size, masks)
            bound.append(weakref.ref(self))
            found.append(size)

    monkeypatch.setattr(processor, "give_back_memory", checked)
    monkeypatch.setattr(evaluator, "MomentSymbols", Watched)
    return found


def test_the_network_of_a_coarser_size_is_gone_before_the_next_one_is_bound(paint, sizes):
    assert paint("--engine", "mxnet", "--pyramid-levels", "2") == 0
    assert sizes == [(24, 32), (48, 64)]


def test_only_weights_that_are_computed_with_are_handed_to_the_engine(paint, folder, monkeypatch):
    made, load = [], prepare.load_network

    def watched(settings, engine):
        encoder = engine.encoder

        def noted(network, arrays, **more):
            made.append(set(arrays))
            return encoder(network, arrays, **more)

        monkeypatch.setattr(engine, "encoder", noted)
        return load(settings, engine)

    monkeypatch.setattr(prepare, "load_network", watched)
    assert paint("--style-layers", "conv1,fire2", "--content-layers", "fire2") == 0
    names = ["conv1", *(f"fire2_{part}" for part in ("squeeze1x1", "expand1x1", "expand3x3"))]
    assert made == [{f"{name}_{part}" for name in names for part in ("weight", "bias")}]
    assert json.loads((folder / "out" / "run.json").read_text())["status"] == "finished"


def test_a_c_library_that_gives_nothing_back_is_no_error(monkeypatch):
    processor.give_back_memory()
    monkeypatch.setattr(processor.ctypes, "CDLL", lambda name: object())
    processor.give_back_memory()
