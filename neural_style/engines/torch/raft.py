"""Optical flow by a network: RAFT (Teed & Deng, arXiv 2003.12039) as torchvision has it, with torchvision's weights."""

import re
from pathlib import Path

import numpy as np

from ... import start
from ...errors import InputError, one_line
from ...files import checksum
from .library import computing, first_line, torch

# those that torchvision takes by default, the better first; what stands behind the dash begins their SHA-256
WEIGHTS = ("raft_large_C_T_SKHT_V2-ff5fadd5.pth", "raft_small_C_T_V2-01064c6d.pth")
FETCH = "from torchvision.models.optical_flow import raft_large; raft_large(weights='DEFAULT')"
MULTIPLE, LEAST = 8, 128  # what it asks of the edges of a picture, in pixels


class Raft:
    """The flow from a frame to another one.

    Parameters
    ----------
    engine : TorchEngine
        On whose device it computes, in float32.

    Raises
    ------
    InputError
        If torchvision or its weights are missing, or cannot be used.
    """

    def __init__(self, engine):
        builders, self.path = _builders(), found()
        self.sha256 = checksum(self.path)
        named = re.fullmatch(r"(raft_(?:large|small))_.*-([0-9a-f]+)\.pth", self.path.name)
        if not self.sha256.startswith(named[2]):
            raise InputError(
                f"{self.path}: not the published file, whose SHA-256 begins with {named[2]}; fetch it again."
            )
        # for the whole process: painting, which computes at the same time, asks for the same
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
        torch.backends.cudnn.allow_tf32 = False
        self._engine, device = engine, engine.array(0).device
        try:
            self._network = getattr(builders, named[1])(weights=None, progress=False)
            self._network.load_state_dict(torch.load(self.path, map_location="cpu", weights_only=True))
            self._network.to(device).eval()
        except Exception as error:  # of many kinds: a torchvision of another time, a file of another kind
            raise InputError(f"{self.path}: cannot be taken for RAFT's weights ({first_line(error)}).") from None

    @computing()
    def __call__(self, frame, other):
        """The flow.

        Parameters
        ----------
        frame, other : ndarray, (H, W, 3) in 0..1

        Returns
        -------
        ndarray, (H, W, 2) float32
            For each pixel of the frame how far to the right and down, in pixels, the same point lies in the other one.
        """
        edges = [max(LEAST, -(-edge // MULTIPLE) * MULTIPLE) - edge for edge in frame.shape[:2]]
        around = [(edge // 2, edge - edge // 2) for edge in edges]
        padded = (np.pad(2 * picture - 1, (*around, (0, 0)), mode="edge") for picture in (frame, other))
        pair = [self._engine.array(picture.transpose(2, 0, 1)[None]) for picture in padded]
        flow = self._engine.numpy(self._network(*pair)[-1])[0]
        (top, _), (left, _) = around
        height, width = frame.shape[:2]
        return np.ascontiguousarray(flow[:, top : top + height, left : left + width].transpose(1, 2, 0), np.float32)


def found():
    """The file of weights: in a `model/`, or where torchvision keeps what it fetched; InputError if there is none."""
    places = [Path(folder, "model") for folder in start.folders()]
    places.append(Path(torch.hub.get_dir(), "checkpoints"))
    for name in WEIGHTS:
        for place in places:
            if (place / name).is_file():
                return place / name
    raise InputError(
        f"--flow raft: its weights are missing; put {WEIGHTS[0]} into model/, or have torchvision fetch them: "
        f'python -c "{FETCH}".'
    )


def _builders():
    """The module of torchvision that makes the networks."""
    try:
        with start.importing():
            from torchvision.models import optical_flow
    except Exception as error:  # one that was made for another PyTorch fails in many ways
        if getattr(error, "name", None) == "torchvision":
            raise InputError("--flow raft: needs torchvision beside PyTorch: pip install torchvision.") from None
        raise InputError(
            f"--flow raft: torchvision cannot be loaded ({one_line(error)}); install the release, and the build, that "
            f"belongs to torch {torch.__version__}."
        ) from None
    return optical_flow
