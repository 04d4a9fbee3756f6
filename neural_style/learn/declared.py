"""The options of a lesson, declared once, as those of a run are; some are the same rows."""

from ..runs.declared import OPTIONS as OF_RUNS
from ..runs.declared import Option

MOST = 10**9
BY_MOMENTS = ("gram", "mean-std", "wasserstein")  # style losses that ask for no whole feature maps

GROUPS = {
    "pictures": (
        Option("style_image", "file", "the painting", metavar="FILE"),
        Option("pictures", "file", "photographs to learn from: files, a folder or a pattern",
               open="those inside scikit-image", metavar="FOLDER", many=True),
        Option("out", "file", "the painter", open="model/PAINTING.safetensors", metavar="FILE", changes_result=False),
        Option("style_size", "whole", "long edge of the painting; what the painter repaints is best of this size",
               default=512, metavar="PIXELS", unit="pixels", least=64, most=4096),
        Option("crop", "whole", "edge of the crops of the photographs, in the middle of the lesson", default=256,
               metavar="PIXELS", unit="pixels", least=96, most=2048),
        OF_RUNS["max_pixels"],
    ),
    "what to look for": (
        Option("strength", "number", "how strong the style is, 0 to 1", default=0.4, metavar="S", most=1),
        Option("tv_weight", "number", "of smoothness, total variation", default=0.1, metavar="W"),
        Option("laplacian_weight", "number", "of the photograph's contours, Laplacian loss", default=0.0, metavar="W"),
        OF_RUNS["style_loss"]._replace(
            default="gram", open="", choices={name: OF_RUNS["style_loss"].choices[name] for name in BY_MOMENTS}
        ),
        OF_RUNS["model"]._replace(help="the network that judges", default="squeezenet"),
        OF_RUNS["weights"],
        OF_RUNS["content_layers"],
        OF_RUNS["style_layers"]._replace(open="those of the network, all alike"),
        Option("steady", "number", "learn to repaint a picture with a little noise as the one without: for films",
               default=0.0, metavar="W"),
    ),
    "course of the lesson": (
        Option("minutes", "number", "how long to learn", open="20", metavar="N", least=0.01, most=MOST,
               on_resume="any"),
        Option("steps", "whole", "how many crops to learn from; the same number gives the same file",
               open="by --minutes", metavar="N", least=1, most=MOST, on_resume="any"),
        OF_RUNS["seed"],
    ),
    "machine": (OF_RUNS["gpu"], OF_RUNS["device"], OF_RUNS["precision"]),
    "results": (
        Option("licence", "text", "under which the painter may be passed on, for its file", open="not said",
               metavar="TEXT", changes_result=False),
        Option("sheet_minutes", "number", "minutes between two sheets of pictures", default=3.0, metavar="N",
               least=0.01, most=MOST, changes_result=False),
        OF_RUNS["no_progress"],
        OF_RUNS["resume"]._replace(help="go on with the lesson of this painter"),
        OF_RUNS["overwrite"]._replace(help="replace the painter, and its lesson, if they are there"),
    ),
}  # fmt: skip

OPTIONS = {option.name: option for group in GROUPS.values() for option in group}
