#!/usr/bin/env python3
"""The pictures and tables of docs/options.md: for each option a strip, the same pair at several values side by side.

    python docs/make_options.py                 all of them, about ten minutes on two processor cores
    python docs/make_options.py pooling border  only these
    python docs/make_options.py --tables        no picture: the tables, and the lines below the pictures

The pair are the stand-ins of `neural_style.standins`; the network is SqueezeNet (`model/squeezenet.params`).
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps
from skimage import data

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from neural_style.download import standins  # noqa: E402
from neural_style.networks.registry import NETWORKS  # noqa: E402
from neural_style.pictures import images, reading  # noqa: E402
from neural_style.runs import options as run_options  # noqa: E402
from neural_style.runs import paint as runs  # noqa: E402
from neural_style.runs.declared import OPTIONS  # noqa: E402

EDGE = 320  # long edge of each picture in a strip, pixels
QUALITY = 85
COMMON = "--gpu -1 --model squeezenet --max-num-epochs 80 --stop-eps 0 --image-format png --no-progress --overwrite"


def values(option, *given, also=""):
    """Captions and options of a strip in which one option takes several values, beside others that stay."""
    return [(f"--{option} {value}", f"{also} --{option} {value}") for value in given]


# file -> (caption, options) of each picture; a name in capitals stands for a picture of `make_inputs`
STRIPS = {
    "style-image": [
        ("the painting", "--style-image PAINTING"),
        ("both", "--style-image PAINTING CELLS"),
        ("another style: a micrograph", "--style-image CELLS"),
    ],
    "style-blend-weights": values("style-blend-weights", "9 1", "5 5", "1 9", also="--style-image PAINTING CELLS"),
    "style-scale": values("style-scale", 0.5, 1, 2),
    "style-fit": [("the painting", "WIDE"), *values("style-fit", "keep", "squeeze", also="--style-image WIDE")],
    "content-mask": [
        ("a mask", "WHITE_CAT"),
        ("--content-mask MASK", "--content-mask WHITE_CAT"),
        ("with a soft edge", "--content-mask SOFT"),
    ],
    "style-mask": [
        ("style and its mask", "HALVES HALVES_MASK"),
        ("without masks", "--style-image HALVES"),
        ("--content-mask A --style-mask B", "--style-image HALVES --content-mask CAT_MASK --style-mask HALVES_MASK"),
    ],
    "preserve-colors": values("preserve-colors", "none", "luminance", "histogram", "covariance"),
    "max-long-edge": values("max-long-edge", 160, 320, 640),
    "enlarge": [
        ("a small photograph", "SMALL"),
        ("--max-long-edge 320", "--content-image SMALL --max-long-edge 320"),
        ("--max-long-edge 320 --enlarge", "--content-image SMALL --max-long-edge 320 --enlarge"),
    ],
    "content-weight": values("content-weight", 1, 10, 100),
    "style-weight": values("style-weight", 0.1, 1, 10),
    "tv-weight": values("tv-weight", 0.01, "1e5", "1e6", also="--remove-noise 0"),
    "ratio": values("ratio", 0.01, 0.1, 1),
    "strength": values("strength", 0.4, 0.6, 0.9),
    "style-loss": values("style-loss", "gram", "mean-std", "wasserstein"),
    "style-loss-maps": values("style-loss", "gram", "sliced-wasserstein", "nnfm", also="--max-num-epochs 20"),
    "normalize-losses": [
        ("without", ""),
        ("--normalize-losses", "--normalize-losses"),
        ("--normalize-losses --ratio 1", "--normalize-losses --ratio 1"),
    ],
    "content-layers": values("content-layers", "conv1:100", "fire4", "fire7:100"),
    "style-layers": values("style-layers", "conv1:60", "fire2:9,fire3:0.7", "fire5:3.3,fire7:330"),
    "style-layer-weight-exp": values("style-layer-weight-exp", 0.2, 1, 5),
    "model": [
        ("--model squeezenet", ""),
        ("--model vgg19, learned offline", "--model vgg19 --max-num-epochs 200"),
    ],
    "pooling": values("pooling", "avg", "max"),
    "pooling-scale": values("pooling-scale", 0.7, 1, 1.5),
    "border": values("border", 0, 8, 24),
    "preset": [
        ("without, 300 epochs", "--max-num-epochs 300"),
        ("--preset classic, 300 epochs", "--preset classic --max-num-epochs 300"),
    ],
    "max-num-epochs": values("max-num-epochs", 10, 40, 160),
    "stop-eps": values("stop-eps", 0.1, 0.02, 0.005, also="--max-num-epochs 200"),
    "optimizer": values("optimizer", "lbfgs", "adam", "nag"),
    "lr": values("lr", 1, 4, 16, also="--optimizer adam"),
    "lr-sched-factor": values("lr-sched-factor", 0.9, 0.5, 0.1, also="--optimizer adam --lr 16 --lr-sched-delay 20"),
    "average-decay": values("average-decay", 0, 0.9, 0.98, also="--optimizer adam --lr 16 --remove-noise 0"),
    "pyramid-levels": values("pyramid-levels", 1, 2, 3, also="--init noise"),
    "init": values("init", "content", "style", "noise", "pink", also="--pyramid-levels 1"),
    "init-noise": values("init-noise", 0, 0.5, 1, also="--pyramid-levels 1"),
    "pink-exponent": values("pink-exponent", 0.5, 1, 2, also="--pyramid-levels 1 --init pink"),
    "seed": values("seed", 0, 1, 2, also="--init pink"),
    "precision": values("precision", "float32", "bfloat16"),
    "match-colors": values(
        "match-colors", "none", "histogram", "covariance", also="--style-loss nnfm --max-num-epochs 20"
    ),
    "remove-noise": values("remove-noise", 0, 0.02, 0.1),
}


def make_inputs(folder):
    """Write the pictures that the table names into a folder; return them by name."""
    photograph, painting = standins.write(folder)
    found = {"PHOTOGRAPH": photograph, "PAINTING": painting}
    height, width = 213, 320
    y, x = np.mgrid[:height, :width] / height
    distance = np.hypot((x - 0.80) / 0.62, (y - 0.55) / 0.52)
    red_or_blue = (220, 60, 40), (40, 80, 200)
    cat = (distance < 1)[..., None]
    masks = {
        "WHITE_CAT": np.where(cat, 255, 0).repeat(3, 2),
        "SOFT": np.clip(255 * (1.5 - distance), 0, 255)[..., None].repeat(3, 2),
        "CAT_MASK": np.where(cat, *red_or_blue),
        "HALVES_MASK": np.where(np.arange(width)[None, :, None].repeat(height, 0) < width / 2, *red_or_blue),
    }
    for name, mask in masks.items():
        found[name] = folder / f"{name.lower()}.png"
        Image.fromarray(mask.astype(np.uint8)).save(found[name])
    found["SMALL"] = folder / "small.png"
    Image.open(photograph).resize((160, 107), Image.Resampling.LANCZOS).save(found["SMALL"])
    canvas, cells = Image.open(painting), Image.fromarray(data.immunohistochemistry())
    halves = Image.new("RGB", (900, 600))
    halves.paste(canvas.crop((300, 0, 750, 600)))
    halves.paste(cells.resize((600, 600)).crop((75, 0, 525, 600)), (450, 0))
    for name, picture in {"CELLS": cells, "HALVES": halves, "WIDE": canvas.crop((0, 150, 900, 400))}.items():
        found[name] = folder / f"{name.lower()}.png"
        picture.save(found[name])
    return found


def paint(options, inputs, folder):
    """The picture that a run with these options gives, (H, W, 3) in 0..1; or the named pictures one above the other."""
    words = [str(inputs.get(word, word)) for word in options.split()]
    if options and "--" not in options:
        return np.vstack([images.resize(reading.read(word), (EDGE * 2 // 3, EDGE)) for word in words])
    args = [*COMMON.split(), "--max-long-edge", str(EDGE), "--content-image", str(inputs["PHOTOGRAPH"])]
    if "--style-image" not in words:
        args += ["--style-image", str(inputs["PAINTING"])]
    runs.train(run_options.parse([*args, "--output-dir", str(folder), *words]))
    return reading.read(folder / "final.png")


def strip(pictures, captions):
    """Pictures (H, W, 3) in 0..1 side by side, each with its caption below: a Pillow image."""
    height, width = EDGE * 2 // 3, EDGE
    gap, line = 6, 24
    sheet = Image.new("RGB", (len(pictures) * (width + gap) - gap, height + line), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for number, (picture, caption) in enumerate(zip(pictures, captions)):
        left = number * (width + gap)
        shown = Image.fromarray(np.rint(picture * 255).astype(np.uint8))
        shown = ImageOps.contain(shown, (width, height + 1), Image.Resampling.LANCZOS)
        sheet.paste(shown, (left + (width - shown.width) // 2, (height - shown.height) // 2))
        draw.text((left + width / 2, height + line / 2), caption, "#333", font, anchor="mm")
    return sheet


def besides(name):
    """The line below a strip: the options of its pictures that the captions in it do not name. Empty where none are."""
    found = {}
    for caption, options in STRIPS[name]:
        groups = [group for group in re.split(r" (?=--)", " " + options) if group.startswith("--")]
        shown = caption.split()
        rest = [group.strip() for group in groups if group.split()[0] not in shown and not is_default(group)]
        if "--" in options:
            found.setdefault(" ".join(rest), []).append(caption)
    if not "".join(found):
        return ""
    if len(found) == 1:
        return f"*With `{next(iter(found))}`.*"
    return "*" + "; ".join(f"{', '.join(captions)}: `{rest}`" for rest, captions in found.items() if rest) + ".*"


def is_default(group):
    """Whether an option and its value say what the pictures have without it."""
    return group.split()[0] == "--model" and "squeezenet" in group


def table_of_options():
    """Every option with what it takes and its default, as Markdown."""
    lines = ["| option | takes | default |", "|---|---|---|"]
    for option in OPTIONS.values():
        form = "" if option.kind == "flag" else option.metavar or ", ".join(f"`{name}`" for name in option.choices)
        several = " ..." if option.many else ""
        default = "off" if option.kind == "flag" else run_options.default_text(option)
        lines.append(f"| `{option.flag}` | {form}{several} | {default} |")
    return "\n".join(lines)


def table_of_layers():
    """The default layers of every network, as Markdown."""

    def text(layers):
        return "`" + ",".join(f"{name}:{weight:g}" for name, weight in layers.items()) + "`"

    names = ("network", "`--content-layers`", "`--style-layers`", "`--style-loss`", "`--pooling`", "`--border`")
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    for network in NETWORKS.values():
        for which, values in (("", network.defaults), (", learned offline", network.offline_defaults)):
            if values is not None:
                layers = text(values.content_layers), text(values.style_layers)
                cells = *layers, values.style_loss, values.pooling, values.border
                lines.append(f"| `{network.name}`{which} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def updated(page):
    """The page with its tables, and the lines below its pictures, made anew."""
    for name, table in (("options", table_of_options()), ("layers", table_of_layers())):
        page = re.sub(rf"(<!-- {name} -->\n).*?(\n<!-- end -->)", lambda m, t=table: m[1] + t + m[2], page, flags=re.S)

    def with_line(match):
        line = besides(match[2])
        return match[1] + (f"\n{line}" if line else "")

    return re.sub(r"(!\[[^]]*\]\(options/([\w-]+)\.jpg\))(?:\n\*[^\n]*\*(?=\n))?", with_line, page)


def main(arglist=None):
    parser = argparse.ArgumentParser(description="Paint the strips of docs/options.md again, all or some.")
    parser.add_argument("names", nargs="*", metavar="OPTION", help=f"of: {', '.join(STRIPS)}")
    parser.add_argument("--tables", action="store_true", help="only the tables and the lines below the pictures")
    args = parser.parse_args(arglist)
    page = DOCS / "options.md"
    page.write_text(updated(page.read_text(encoding="utf-8")), encoding="utf-8")
    if args.tables:
        return
    names = args.names
    if unknown := set(names) - STRIPS.keys():
        parser.error(f"there is no strip {', '.join(sorted(unknown))}; see -h")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        inputs, painted = make_inputs(folder), {}
        for name in names or STRIPS:
            for _, options in STRIPS[name]:
                if options not in painted:
                    painted[options] = paint(options, inputs, folder / "run")
            sheet = strip([painted[options] for _, options in STRIPS[name]], [caption for caption, _ in STRIPS[name]])
            (DOCS / "options").mkdir(exist_ok=True)
            sheet.save(DOCS / "options" / f"{name}.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
