"""`--flow raft`: what torchvision's network is given and gives, and each thing that may be missing, in one line."""

import itertools
import sys
import types

import numpy as np
import pytest
from clips import pan, write

from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.files import checksum
from neural_style.film import flow
from neural_style.runs.film import flows

torch = pytest.importorskip("torch", reason="RAFT is PyTorch's")
ENGINE = door.opened(-1, "float32", engine="torch").engine


class Translation(torch.nn.Module):
    """A network with torchvision's interface that finds the one translation of a whole picture: the best of all."""

    def __init__(self):
        super().__init__()
        self.known = torch.nn.Parameter(torch.zeros(()))

    def forward(self, image1, image2, num_flow_updates=12):
        assert image1.shape == image2.shape and image1.dtype == image2.dtype == torch.float32
        assert image1.shape[:2] == (1, 3) and all(edge % 8 == 0 and edge >= 128 for edge in image1.shape[2:])
        assert -1 <= min(image1.min(), image2.min()) < -0.3 and 0.3 < max(image1.max(), image2.max()) <= 1
        height, width = image1.shape[2:]
        top, left, edge = height // 2 - 16, width // 2 - 16, 32
        middle = image1[..., top : top + edge, left : left + edge]

        def difference(place):
            down, right = place
            there = image2[..., top + down : top + down + edge, left + right : left + right + edge]
            return (middle - there).abs().mean().item()

        down, right = min(itertools.product(range(-6, 7), repeat=2), key=difference)
        flow = self.known * torch.tensor([right, down], dtype=torch.float32).view(1, 2, 1, 1)
        return [0 * flow.expand(1, 2, height, width), flow.expand(1, 2, height, width)]


@pytest.fixture
def torchvision(monkeypatch):
    """A torchvision with that network in the place of RAFT's small one."""
    models = types.ModuleType("torchvision.models")
    models.optical_flow = types.ModuleType("torchvision.models.optical_flow")
    models.optical_flow.raft_small = lambda *, weights, progress: Translation()
    for name, module in (("torchvision", types.ModuleType("torchvision")), ("torchvision.models", models),
                         ("torchvision.models.optical_flow", models.optical_flow)):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, module)
    return models.optical_flow


@pytest.fixture
def module(folder, monkeypatch):
    """`engines.torch.raft`, which keeps PyTorch's settings and finds nothing in the user's cache."""
    from neural_style.engines.torch import raft

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(folder / "hub"))
    for name in ("benchmark", "deterministic", "allow_tf32"):
        monkeypatch.setattr(torch.backends.cudnn, name, getattr(torch.backends.cudnn, name))
    return raft


def put(module, monkeypatch, folder, state, place="model"):
    """Weights of this content under a published name."""
    (folder / place).mkdir(parents=True)
    torch.save(state, folder / place / "new.pth")
    name = f"raft_small_C_T_V2-{checksum(folder / place / 'new.pth')[:8]}.pth"
    (folder / place / "new.pth").rename(folder / place / name)
    monkeypatch.setattr(module, "WEIGHTS", ("raft_large_C_T_SKHT_V2-ff5fadd5.pth", name))
    return folder / place / name


@pytest.fixture(params=["model", "hub/checkpoints"])
def weights(request, module, monkeypatch, folder, torchvision):
    return put(module, monkeypatch, folder, {"known": torch.ones(())}, request.param)


@pytest.mark.parametrize("size", [(137, 161), (48, 64), (128, 136)])
def test_a_flow_is_in_pixels_from_the_frame_to_the_other_one(weights, size):
    before, after = pan(2, *size, across=5, down=2)
    compute = door.raft(ENGINE)
    found = compute(after, before)
    assert found.shape == (*size, 2) and found.dtype == np.float32
    assert np.array_equal(np.unique(found.reshape(-1, 2), axis=0), [[5, 2]])
    assert np.array_equal(compute(before, after), -found)
    inner = (slice(0, size[0] - 2), slice(0, size[1] - 5))
    assert np.abs(flow.warped(before, found) - after)[inner].max() < 1e-6
    assert compute.path.name == weights.name and compute.sha256 == checksum(weights)


def test_frames_are_padded_around_and_the_flow_is_cut_where_they_were(weights, monkeypatch):
    compute, seen = door.raft(ENGINE), []

    def network(*pair):
        seen.extend(pair)
        rows, columns = torch.meshgrid(*(torch.arange(edge) for edge in pair[0].shape[2:]), indexing="ij")
        return [torch.stack([columns, rows])[None].float()]

    monkeypatch.setattr(compute, "_network", network)
    frame = pan(1, 131, 200)[0]
    found = compute(frame, frame)
    assert seen[0].shape == (1, 3, 136, 200)
    assert np.array_equal(found[0, 0], [0, 2]) and np.array_equal(found[-1, -1], [199, 132])
    assert np.allclose((seen[0][0, :, 2:133].numpy().transpose(1, 2, 0) + 1) / 2, frame, atol=1e-6)
    assert torch.equal(seen[0][0, :, 0], seen[0][0, :, 2]) and torch.equal(seen[0][0, :, -1], seen[0][0, :, 132])


def test_a_film_is_painted_along_it(weights, paint, folder, capfd, module, monkeypatch):
    write(folder / "film.mp4", pan(3))
    more = ["--content-image", "film.mp4", "--frame-epochs", "1", "--flow", "raft", "--engine", "torch"]
    seen = []
    monkeypatch.setattr(flows.flows, "tvl1", None)  # is not called
    call = module.Raft.__call__
    monkeypatch.setattr(module.Raft, "__call__", lambda *pair: seen.append(call(*pair)) or seen[-1])
    assert paint(*more, "--frames", "1:2") == 0
    assert len(seen) == 2 and np.unique(seen[0].reshape(-1, 2), axis=0).tolist() == [[2, 1]]
    weights.write_bytes(b"")
    assert paint(*more, "--frames", "1:3", "--overwrite") == 2
    assert "not the published file, whose SHA-256 begins with" in capfd.readouterr().err


def test_a_run_that_is_resumed_with_other_weights_is_refused(weights, paint, folder, capfd, module, monkeypatch):
    write(folder / "film.mp4", pan(2))
    more = ["--content-image", "film.mp4", "--frame-epochs", "1", "--flow", "raft", "--engine", "torch"]
    assert paint(*more) == 0
    weights.unlink()
    put(module, monkeypatch, folder, {"known": torch.full((), 0.5)}, "x/model")
    monkeypatch.setenv("NSTYLE_HOME", str(folder / "x"))
    assert paint(*more, "--resume") == 2
    assert "--resume: the run in out has other settings: --flow raft with raft_small" in capfd.readouterr().err


def test_what_is_missing_is_said_in_one_line(module, monkeypatch, folder, torchvision):
    with pytest.raises(InputError, match="weights are missing; put raft_large_C_T_SKHT_V2-ff5fadd5.pth into model/, "):
        door.raft(ENGINE)
    put(module, monkeypatch, folder, {"other": torch.ones(())})
    with pytest.raises(InputError, match="cannot be taken for RAFT's weights"):
        door.raft(ENGINE)
    monkeypatch.delattr(torchvision, "raft_small")
    with pytest.raises(InputError, match="cannot be taken for RAFT's weights"):
        door.raft(ENGINE)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    with pytest.raises(InputError, match="--flow raft: "):
        door.raft(ENGINE)


class Finder:
    """What imports find where torchvision is missing, or was built for another PyTorch."""

    def __init__(self, error):
        self.error = error

    def find_spec(self, name, path=None, target=None):
        if name == "torchvision":
            raise self.error


@pytest.mark.parametrize(("error", "line"), [
    (ModuleNotFoundError("No module named 'torchvision'", name="torchvision"), "pip install torchvision."),
    (RuntimeError("operator torchvision::nms does not exist"),
     r"cannot be loaded \(operator torchvision::nms does not exist\); install the release, and the build, that "),
])  # fmt: skip
def test_a_torchvision_that_is_not_there_or_does_not_load(module, monkeypatch, error, line):
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Finder(error), *sys.meta_path])
    with pytest.raises(InputError, match=f"--flow raft: .*{line}"):
        door.raft(ENGINE)


def test_only_pytorch_computes_it():
    with pytest.raises(InputError, match="--flow raft: PyTorch computes it; add --engine torch."):
        door.raft(types.SimpleNamespace(name="mxnet"))


@pytest.mark.parametrize("name", ["raft_small", "raft_large"])
def test_torchvisions_own_networks(module, monkeypatch, folder, name):
    """With random weights, for what they take and give; where there is a torchvision that loads."""
    builders = pytest.importorskip("torchvision.models.optical_flow", exc_type=Exception)
    torch.manual_seed(0)
    network = getattr(builders, name)(weights=None).eval()
    path = put(module, monkeypatch, folder, network.state_dict())
    path.rename(path.with_name(path.name.replace("raft_small", name)))
    monkeypatch.setattr(module, "WEIGHTS", (path.name.replace("raft_small", name),))
    frame, other = pan(2, 131, 200)
    found = door.raft(ENGINE)(frame, other)
    pair = (torch.tensor(2 * picture - 1).permute(2, 0, 1)[None] for picture in (frame, other))
    pair = [torch.nn.functional.pad(picture, (0, 0, 2, 3), mode="replicate") for picture in pair]
    with torch.no_grad():
        right = network(*pair)[-1][0, :, 2:133].permute(1, 2, 0).numpy()
    assert found.shape == (131, 200, 2) and np.isfinite(found).all()
    assert np.linalg.norm(found - right) <= 1e-3 * np.linalg.norm(right)
