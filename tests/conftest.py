"""What the tests share: made weights, made pictures, and the command run in a fresh folder."""

import contextlib
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent

# a shell that starts the tests in the background has Ctrl-C ignored, and so would be every command that they start
with contextlib.suppress(ValueError):
    signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, str(ROOT))

from narrow import random_arrays  # noqa: E402

import nstyle  # noqa: E402
from neural_style.engines import door  # noqa: E402
from neural_style.errors import InputError  # noqa: E402
from neural_style.networks.registry import NETWORKS  # noqa: E402
from neural_style.report import contact_sheet  # noqa: E402
from neural_style.weights import store  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """The user's cache folder, in which nothing is known of this machine yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def numpy_engine(monkeypatch):
    """Every run of the test computes with the tests' own engine, in plain NumPy."""
    import numpy_engine

    monkeypatch.setattr(door, "opened", numpy_engine.opened)


@pytest.fixture(autouse=True)
def _without_an_engine(request):
    if not door.installed():
        request.getfixturevalue("numpy_engine")


def pytest_runtest_setup(item):
    if item.get_closest_marker("bfloat16"):
        try:
            door.opened(-1, "bfloat16")
        except InputError as error:
            pytest.skip(str(error))


@pytest.fixture(scope="session")
def mx():
    """MXNet, where there is one."""
    try:
        from neural_style.engines.mxnet.library import mx
    except InputError as error:
        pytest.skip(str(error))
    return mx


def made_arrays(model):
    """Random weights of a network's default layers and all that files of weights hold."""
    network = NETWORKS[model]
    arrays = random_arrays(network)
    return {name: array for name, array in arrays.items() if name.rsplit("_", 1)[0] not in network.optional}


def made_picture(height, width, seed):
    """Soft patches of colour, (height, width, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


@pytest.fixture(scope="session")
def vgg19_arrays():
    return made_arrays("vgg19")


@pytest.fixture(scope="session")
def squeezenet_arrays():
    return made_arrays("squeezenet")


@pytest.fixture(scope="session")
def vgg19_file(tmp_path_factory, vgg19_arrays):
    path = tmp_path_factory.mktemp("model") / "vgg19.params"
    store.save(path, vgg19_arrays)
    return path


@pytest.fixture(scope="session")
def squeezenet_file(tmp_path_factory, squeezenet_arrays):
    path = tmp_path_factory.mktemp("model") / "squeezenet.params"
    store.save(path, squeezenet_arrays)
    return path


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder with photo.png, 64 x 48, and painting.png, 56 x 56."""
    folder = tmp_path_factory.mktemp("pictures")
    Image.fromarray(made_picture(48, 64, seed=1)).save(folder / "photo.png")
    Image.fromarray(made_picture(56, 56, seed=2)).save(folder / "painting.png")
    return folder


@pytest.fixture
def options(pictures, squeezenet_file):
    """A command line whose run takes half a second: three epochs with a small network."""
    return [
        "--gpu", "-1", "--model", "squeezenet", "--weights", str(squeezenet_file), "--max-num-epochs", "3",
        "--content-image", str(pictures / "photo.png"), "--style-image", str(pictures / "painting.png"),
        "--output-dir", "out",
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A fresh current folder, in which runs make no contact sheet: that takes longer than they do."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(contact_sheet, "write", lambda folder: None)
    return tmp_path


@pytest.fixture
def paint(folder, options):
    """Run the command with more options in a fresh current folder; returns its exit status."""

    def run(*more):
        return nstyle.main([*options, *map(str, more)])

    return run
