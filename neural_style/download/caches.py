"""Where other programs of this user keep what they downloaded: PyTorch, Hugging Face, MXNet's Gluon."""

import os
import re
from pathlib import Path

# https://huggingface.co/docs/huggingface_hub/guides/manage-cache
HUGGING_FACE = re.compile(r"https://huggingface\.co/([^/]+)/([^/]+)/resolve/[^/]+/(.+)")


def places(source):
    """The files in which a source may have been left, those that are there.

    Parameters
    ----------
    source : sources.Source

    Returns
    -------
    list of Path
    """
    published = HUGGING_FACE.fullmatch(source.url)
    if published:
        organisation, repository, inside = published.groups()
        snapshots = _hugging_face() / f"models--{organisation}--{repository}" / "snapshots"
        found = sorted(snapshots.glob(f"*/{inside}"))
    elif source.name.endswith(".pth"):
        found = [_home("TORCH_HOME", "torch") / "hub" / "checkpoints" / source.name]
    elif source.url.endswith(".zip"):
        found = [Path(os.environ.get("MXNET_HOME") or "~/.mxnet").expanduser() / "models" / source.name]
    else:
        found = []
    return [path for path in found if path.is_file()]


def _hugging_face():
    own = os.environ.get("HF_HUB_CACHE")
    return Path(own).expanduser() if own else _home("HF_HOME", "huggingface") / "hub"


def _home(variable, name):
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get(variable) or os.path.join(caches, name)).expanduser()
