"""Every option of a run, declared once.

From this table come the parser and its help, the checks of a command line and of a namespace made by hand, the message
that names the flag, the settings in run.json, what a resumed run may change, and the table in docs/options.md. To add
an option, add a row, and read it where it counts.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Optional

from ..networks.registry import NETWORKS

MOST = 10**9  # of what is counted
NOTHING: Mapping[str, str] = MappingProxyType({})


class Option(NamedTuple):
    """One option."""

    name: str  # of its field in a namespace
    kind: str  # file, text, whole, number, span, bytes, choice, layers or flag
    help: str
    default: Any = None
    open: str = ""  # where the default is None: what stands for it
    metavar: Optional[str] = None
    unit: str = ""
    least: float = 0
    most: float = math.inf
    choices: Mapping[str, str] = NOTHING  # value -> what it means; of a file: names that stand for none
    many: bool = False  # takes several values
    changes_result: bool = True  # it counts among what makes two runs differ
    bare: Optional[str] = None  # what the flag stands for without a value, where it may
    on_resume: str = "same"  # what a resumed run may do to it: same, any, larger or smaller

    @property
    def flag(self) -> str:
        """What it is called on the command line."""
        return "--" + self.name.replace("_", "-")


class Preset(NamedTuple):
    """Options under one name."""

    help: str
    values: Mapping[str, Any]


PRESETS = {
    # too few epochs to put on what denoising takes
    "draft": Preset("a first look, after seconds", {"max_long_edge": 300, "max_num_epochs": 30, "remove_noise": 0.005}),
    "fast": Preset("the small network", {"model": "squeezenet", "max_num_epochs": 150}),
    "quality": Preset(
        "large, and to the end",
        {"max_num_epochs": 500, "max_long_edge": 1024, "stop_eps": 0.0},
    ),
    "fine": Preset(
        "quality, and the painting's forms and colours all the way",
        {"max_num_epochs": 500, "max_long_edge": 1024, "stop_eps": 0.0, "strength": 0.7},
    ),
    "classic": Preset(
        "the recipe of MXNet's example/neural-style",
        {"optimizer": "nag", "pyramid_levels": 1, "precision": "float32", "init": "noise", "style_fit": "squeeze"},
    ),
}


def _several(name: str, kind: str, help: str, **more: Any) -> Option:
    return Option(name, kind, help, many=True, **more)


def _flag(name: str, help: str, **more: Any) -> Option:
    return Option(name, "flag", help, default=False, **more)


GROUPS = {
    "pictures": (
        _several(
            "content_image", "file", "the photograph; several files, a folder or a pattern: each into its own folder",
            default="input/IMG_4343.jpg", metavar="FILE",
        ),
        _several(
            "style_image", "file", "the painting, or several", default="input/starry_night.jpg", metavar="FILE",
        ),
        _several("style_blend_weights", "number", "share of each painting", open="equal", metavar="W"),
        _several(
            "style_scale", "number", "long edge of the paintings over that of the result; one number, or one for each",
            default=[1.0], metavar="S", least=0.01, most=100,
        ),
        Option(
            "style_fit", "choice", "the shape of a painting", default="keep",
            choices={"keep": "its own", "squeeze": "the photograph's"},
        ),
        Option("content_mask", "file",
               "alone: paint where it is white; with --style-mask: its flat colours name regions",
               open="none", metavar="FILE"),
        _several("style_mask", "file", "for each painting: regions by the colours of the content mask",
                 open="none", metavar="FILE"),
        Option(
            "preserve_colors", "choice", "keep the photograph's colours", default="none",
            choices={
                "none": "do not", "luminance": "its chroma under the result's luminance",
                "histogram": "match the painting's channels to it first",
                "covariance": "match the painting's mean and covariance to it first",
            },
        ),
        Option("max_long_edge", "whole", "long edge of the result; 0: the photograph's", default=600,
               metavar="PIXELS", unit="pixels", most=100_000),
        _flag("enlarge", "let the result be larger than the photograph"),
        Option("max_pixels", "whole", "refuse picture files with more pixels", default=100_000_000,
               metavar="N", unit="pixels", least=1, most=10**12, changes_result=False),
    ),
    "a painting that was learned": (
        _several("painter", "file", "repaint at once, by a file of `python -m neural_style.learn`; several: a mixture",
                 open="none", metavar="FILE"),
        _several("painter_shares", "number", "share of each painter in a mixture", open="equal", metavar="W"),
        _several("painter_mask", "file", "for each painter, a picture that is white where it paints", open="none",
                 metavar="FILE"),
        Option("painter_strength", "number", "how much of the painter's picture there is, the rest is the photograph, "
               "0 to 1", default=1.0, metavar="S", most=1),
    ),
    "what to look for": (
        Option("content_weight", "number", "of the photograph", default=10.0, metavar="W"),
        Option("style_weight", "number", "of the painting", default=1.0, metavar="W"),
        Option("tv_weight", "number", "of smoothness, total variation", default=0.01, metavar="W"),
        Option("laplacian_weight", "number", "of the photograph's contours, Laplacian loss", default=0.0, metavar="W"),
        Option("ratio", "number", "style weight over content weight, in place of --style-weight", open="none",
               metavar="R"),
        Option("strength", "number", "how strong the style is, 0 to 1, whatever the pair; the weights of content and "
               "style count as multiples of their defaults", open="by network", metavar="S", most=1),
        Option(
            "style_loss", "choice", "what of the style layers is compared", open="by network",
            choices={
                "gram": "Gram matrices", "mean-std": "means and standard deviations",
                "wasserstein": "Gaussians, by their Wasserstein distance",
                "sliced-wasserstein": "all features, by the Wasserstein distance of projections",
                "nnfm": "each feature with the painting's nearest",
            },
        ),
        _flag("normalize_losses", "count every layer's loss relative to the size of its target"),
        Option("content_layers", "layers", "layers of the content loss", open="by network",
               metavar="LAYER[:W],..."),
        Option("style_layers", "layers", "layers of the style loss", open="by network", metavar="LAYER[:W],..."),
        Option("style_layer_weight_exp", "number", "multiply each deeper style layer's weight by this once more",
               default=1.0, metavar="X"),
    ),
    "network": (
        Option("model", "choice", "the network", default="vgg19",
               choices={name: network.title for name, network in NETWORKS.items()}),
        Option("weights", "file", "weights file", open="model/MODEL.params, else the offline network",
               metavar="FILE", changes_result=False),
        Option("pooling", "choice", "between the blocks of convolutions", open="by network",
               choices={"avg": "average", "max": "maximum"}),
        Option("pooling_scale", "number", "multiply what pooling layers give", default=1.0, metavar="S", least=0.01,
               most=100),
        Option("border", "whole", "continue pictures beyond their edges by a mirrored border", open="by network",
               metavar="PIXELS", unit="pixels", most=31),
        _flag("list_weights", "say which networks are installed, and end", changes_result=False),
        _flag("list_models", "say which networks there are, and what they take, and end", changes_result=False),
        _flag("list_layers", "say which layers the network has, and end", changes_result=False),
    ),
    "course of the run": (
        Option("preset", "choice", "several options under one name", open="none",
               choices={name: preset.help for name, preset in PRESETS.items()}, changes_result=False),
        Option("max_num_epochs", "whole", "epochs in all", default=1000, metavar="N", unit="epochs", least=1, most=MOST,
               on_resume="larger"),
        Option("stop_eps", "number",
               "stop when one of six epochs changes the picture by less, and all the loss by hardly more, relative",
               default=0.005, metavar="E", on_resume="smaller"),
        Option(
            "optimizer", "choice", "how to step", default="lbfgs",
            choices={
                "lbfgs": "reaches most in the fewest epochs", "adam": "steps of even length, less memory",
                "nag": "that of the classic recipe",
            },
        ),
        Option("lr", "number", "step size; of adam and lbfgs in grey levels of 256", open="nag 0.001, adam and lbfgs 4",
               metavar="RATE", least=1e-12),
        Option("lr_sched_delay", "number", "nag, adam: epochs between two cuts of the rate", default=75.0,
               metavar="EPOCHS", unit="epochs", least=1e-6),
        Option("lr_sched_factor", "number", "factor of each cut", default=0.9, metavar="F", least=1e-6, most=1),
        Option("average_decay", "number", "write the running mean of the pictures, weights D^age; 0: none", default=0.0,
               metavar="D", most=0.9999),
        Option("pyramid_levels", "whole",
               "picture sizes from coarse to fine, each twice the one before; 1: only the result's", open="by size",
               metavar="N", least=1, most=12),
        Option(
            "init", "file", "where to start: a picture file, or", open="by network", metavar="START",
            choices={
                "content": "the photograph", "style": "the painting", "mixed": "95 % and 5 % of them",
                "recolored": "the photograph in the painting's colours",
                "noise": "almost flat grey", "pink": "noise with a photograph's spectrum",
                "painter": "what --painter makes of the photograph",
            },
        ),
        Option("init_noise", "number", "share of noise in the start, 0 to 1", default=0.0, metavar="R", most=1),
        Option("pink_exponent", "number", "with --init pink: amplitude 1/f^K", default=1.0, metavar="K", most=10),
        Option("seed", "whole", "of everything random", default=0, metavar="N", most=2**63 - 1),
    ),
    "film": (
        _flag("film", "take the pictures of a folder as the frames of a film"),
        Option("frames", "span", "which frames, counted from 1, such as 100:200", open="all", metavar="FIRST:LAST"),
        Option("every", "whole", "paint one frame of so many", default=1, metavar="N", unit="frames", least=1,
               most=MOST),
        Option("frame_rate", "number", "frames a second", open="the film's; of a folder 25", metavar="N", least=0.1,
               most=120),
        Option("frame_epochs", "whole", "epochs of a frame that follows another", default=12, metavar="N",
               unit="epochs", least=1, most=MOST),
        Option("temporal_weight", "number", "of what stays the same from frame to frame", default=0.05, metavar="W"),
        Option("temporal_window", "whole", "how many frames back to look; 0: paint each frame by itself", default=1,
               metavar="N", unit="frames", most=1000),
        Option("passes", "whole", "go through the film so often, forwards and backwards in turn", default=1,
               metavar="N", least=1, most=1000),
        Option(
            "flow", "file", "how things move: a folder of .flo files, those that are missing are computed and kept "
            "there; or", default="tvl1", metavar="FLOW",
            choices={"tvl1": "TV-L1, computed anew", "raft": "torchvision's RAFT, computed anew by PyTorch"},
        ),
        _flag("keep_frames", "leave every frame as a picture, too", changes_result=False),
    ),
    "machine": (
        Option("gpu", "whole", "GPU number, -1: the CPU", open="first usable GPU, else the CPU", metavar="N", least=-1,
               most=MOST, changes_result=False),
        Option(
            "device", "choice", "what kind of device", default="auto", changes_result=False,
            choices={
                "auto": "a GPU that works, else the CPU", "cpu": "the processor", "cuda": "NVIDIA's GPUs",
                "mps": "Apple's", "xpu": "Intel's",
            },
        ),
        Option(
            "engine", "choice", "what computes the network", default="auto", on_resume="any",
            choices={
                "auto": "the one that is faster on this machine; a resumed run keeps its own", "mxnet": "MXNet",
                "torch": "PyTorch",
            },
        ),
        Option(
            "precision", "choice", "of the convolutions", default="auto",
            choices={
                "auto": "what is fast on this machine", "float32": "everywhere",
                "bfloat16": "for processors that compute in it", "float16": "on GPUs",
            },
        ),
        _flag("doctor", "say what this machine has, how fast it is, what to do about it, and end",
              changes_result=False),
        Option("memory", "bytes", "memory that the run may take, such as 4GB: what needs more is computed in strips",
               open="what is free", metavar="SIZE", changes_result=False),
        Option("cluster", "file", "workers that compute the picture in tiles: address or file of a Dask scheduler, "
               "or local:N to start N here", open="none", metavar="WHERE", changes_result=False),
        Option("tile", "whole", "with --cluster: pixels of a tile at each edge, at most", default=512, metavar="PIXELS",
               unit="pixels", least=64, most=100_000, changes_result=False),
        Option("scratch", "file", "folder on a disk for what memory has no room for", open="none", metavar="DIR",
               changes_result=False),
        _flag("no_memory_check", "begin even where the memory seems too small", changes_result=False),
    ),
    "results": (
        Option("output_dir", "file", "created if missing", default="output/", metavar="DIR", changes_result=False),
        Option("image_format", "choice", "of the pictures written", default="jpg",
               choices={"jpg": "quality 95", "png": "8 bits", "tiff": "16 bits"}),
        Option("save_epochs", "whole", "epochs between two snapshots", default=50, metavar="N", unit="epochs", least=1,
               most=MOST, on_resume="any"),
        _several("snapshot_at", "whole", "epochs of snapshots, in place of --save-epochs", open="none", metavar="N",
                 unit="epochs", least=1, most=MOST, on_resume="any"),
        Option("snapshot_size", "whole", "long edge of the pictures on the way, at most; 0: the result's", default=2048,
               metavar="PIXELS", unit="pixels", most=100_000, on_resume="any"),
        Option(
            "animate", "choice", "make an animation of the snapshots at the end", open="none",
            choices={"gif": "for everywhere", "webp": "in full colour", "mp4": "a film"}, changes_result=False,
        ),
        Option("remove_noise", "number", "strength of denoising in every picture written; 0: none", default=0.02,
               metavar="W"),
        Option(
            "match_colors", "choice", "give every picture written the painting's colours", default="none",
            choices={
                "none": "do not", "histogram": "match its channels to the painting's",
                "covariance": "match its mean and covariance to the painting's",
            },
        ),
        _flag("open", "show the page in the browser at the first snapshot", changes_result=False),
        Option("serve", "whole", "serve the output directory to browsers on this machine, at an address with a token; "
               "0: the first free port from 8765 on", open="off; without a number 0", metavar="PORT", bare="0",
               most=65535, changes_result=False),
        _flag("no_progress", "say nothing while all goes well", changes_result=False),
        _flag("resume", "go on with the run in the output directory", changes_result=False),
        _flag("overwrite", "remove an earlier run from the output directory instead of moving it aside",
              changes_result=False),
    ),
}  # fmt: skip

OPTIONS = {option.name: option for group in GROUPS.values() for option in group}
UNITS = {name: option.unit for name, option in OPTIONS.items() if option.unit}
