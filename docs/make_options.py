#!/usr/bin/env python3
"""The pictures of docs/options.md: for each option one strip, the same pair at several values side by side.

    python docs/make_options.py                 all of them, about ten minutes on two processor cores
    python docs/make_options.py pooling border  only these

The pair are the stand-ins of `neural_style.standins`; the network is SqueezeNet (`model/squeezenet.params`).
"""
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

import nstyle  # noqa: E402
from neural_style import images, standins  # noqa: E402

EDGE = 320  # long edge of each picture in a strip, pixels
QUALITY = 85
COMMON = "--gpu -1 --model squeezenet --max-num-epochs 80 --stop-eps 0 --image-format png --no-progress --overwrite"

# file -> (caption, options) of each picture; a name in capitals stands for a picture of `make_inputs`
STRIPS = {
    "style-image": [
        ("painting", "--style-image PAINTING"),
        ("both, equal shares", "--style-image PAINTING CELLS"),
        ("another style", "--style-image CELLS"),
    ],
    "style-blend-weights": [
        (f"--style-blend-weights {weights}", f"--style-image PAINTING CELLS --style-blend-weights {weights}")
        for weights in ("9 1", "5 5", "1 9")
    ],
    "style-scale": [(f"--style-scale {scale}", f"--style-scale {scale}") for scale in (0.5, 1, 2)],
    "style-fit": [
        (f"--style-fit {fit}", f"--style-fit {fit} --style-image WIDE") for fit in ("keep", "squeeze")
    ],
    "content-mask": [
        ("--content-mask MASK", "--content-mask WHITE_CAT"),
        ("the mask", "WHITE_CAT"),
        ("with grey levels", "--content-mask SOFT"),
    ],
    "style-mask": [
        ("without masks", ""),
        ("the two masks", "CAT_MASK STYLE_MASK"),
        ("--content-mask A --style-mask B", "--content-mask CAT_MASK --style-mask STYLE_MASK"),
    ],
    "preserve-colors": [
        (f"--preserve-colors {how}", f"--preserve-colors {how}") for how in ("none", "luminance", "histogram", "covariance")
    ],
    "max-long-edge": [(f"--max-long-edge {edge}", f"--max-long-edge {edge}") for edge in (160, 320, 640)],
    "content-weight": [(f"--content-weight {weight}", f"--content-weight {weight}") for weight in (1, 10, 100)],
    "style-weight": [(f"--style-weight {weight}", f"--style-weight {weight}") for weight in (0.1, 1, 10)],
    "tv-weight": [(f"--tv-weight {weight:g}", f"--remove-noise 0 --tv-weight {weight:g}") for weight in (0, 1e6, 1e7)],
    "ratio": [(f"--ratio {ratio:g}", f"--ratio {ratio:g}") for ratio in (0.01, 0.1, 1)],
    "style-loss": [(f"--style-loss {loss}", f"--style-loss {loss}") for loss in ("gram", "mean-std", "wasserstein")],
    "normalize-losses": [
        ("as they are", ""),
        ("--normalize-losses", "--normalize-losses"),
        ("--normalize-losses --ratio 10", "--normalize-losses --ratio 10"),
    ],
    "content-layers": [
        (f"--content-layers {layer}", f"--content-layers {layer}") for layer in ("conv1", "fire4", "fire7")
    ],
    "style-layers": [
        ("--style-layers conv1", "--style-layers conv1:60"),
        ("conv1,fire2,fire3", "--style-layers conv1:60,fire2:9,fire3:0.7"),
        ("the default: up to fire7", ""),
    ],
    "style-layer-weight-exp": [
        (f"--style-layer-weight-exp {factor}", f"--style-layer-weight-exp {factor}") for factor in (0.2, 1, 5)
    ],
    "pooling": [(f"--pooling {pooling}", f"--pooling {pooling}") for pooling in ("avg", "max")],
    "pooling-scale": [(f"--pooling-scale {scale}", f"--pooling-scale {scale}") for scale in (0.7, 1, 1.5)],
    "border": [(f"--border {border}", f"--border {border}") for border in (0, 8, 24)],
    "preset": [
        ("--preset draft", "--preset draft --model squeezenet"),
        ("--preset fast", "--preset fast --max-num-epochs 150"),
        ("--preset classic", "--preset classic --max-num-epochs 300"),
    ],
    "max-num-epochs": [(f"--max-num-epochs {epochs}", f"--max-num-epochs {epochs}") for epochs in (10, 40, 160)],
    "optimizer": [
        (f"--optimizer {optimizer}", f"--pyramid-levels 1 --optimizer {optimizer}") for optimizer in ("lbfgs", "adam", "nag")
    ],
    "lr": [(f"--lr {rate}", f"--optimizer adam --lr {rate}") for rate in (1, 4, 16)],
    "average-decay": [
        (f"--average-decay {decay}", f"--optimizer adam --lr 16 --remove-noise 0 --average-decay {decay}")
        for decay in (0, 0.9, 0.98)
    ],
    "pyramid-levels": [(f"--pyramid-levels {levels}", f"--init noise --pyramid-levels {levels}") for levels in (1, 2, 3)],
    "init": [
        (f"--init {start}", f"--pyramid-levels 1 --init {start}") for start in ("content", "noise", "pink", "style", "mixed")
    ],
    "init-noise": [(f"--init-noise {share}", f"--pyramid-levels 1 --init-noise {share}") for share in (0, 0.5, 1)],
    "pink-exponent": [
        (f"--pink-exponent {exponent}", f"--pyramid-levels 1 --init pink --pink-exponent {exponent}") for exponent in (0, 1, 2)
    ],
    "seed": [(f"--seed {seed}", f"--init noise --seed {seed}") for seed in (0, 1, 2)],
    "remove-noise": [(f"--remove-noise {weight}", f"--remove-noise {weight}") for weight in (0, 0.02, 0.1)],
}


def make_inputs(folder):
    """Write the pictures that the table names into a folder; return them by name."""
    photograph, painting = standins.write(folder)
    found = {"PHOTOGRAPH": photograph, "PAINTING": painting}
    height, width = 213, 320
    y, x = np.mgrid[:height, :width] / height
    distance = np.hypot((x - 0.80) / 0.62, (y - 0.55) / 0.52)
    # the cat's head, the landscape's sky
    masks = {
        "WHITE_CAT": np.where(distance < 1, 255, 0)[..., None].repeat(3, 2),
        "SOFT": np.clip(255 * (1.5 - distance), 0, 255)[..., None].repeat(3, 2),
        "CAT_MASK": np.where((distance < 1)[..., None], (220, 60, 40), (40, 80, 200)),
        "STYLE_MASK": np.where((y < 0.6)[..., None], (40, 80, 200), (220, 60, 40)),
    }
    for name, mask in masks.items():
        found[name] = folder / f"{name.lower()}.png"
        Image.fromarray(mask.astype(np.uint8)).save(found[name])
    found["CELLS"] = folder / "cells.png"
    Image.fromarray(data.immunohistochemistry()).save(found["CELLS"])
    found["WIDE"] = folder / "wide.png"
    Image.open(painting).crop((0, 150, 900, 400)).save(found["WIDE"])
    return found


def paint(options, inputs, folder):
    """The picture that a run with these options gives, (H, W, 3) in 0..1; or the named pictures side by side."""
    words = [str(inputs.get(word, word)) for word in options.split()]
    if words and not words[0].startswith("--"):
        shown = [images.read(word) for word in words]
        return np.hstack([images.resize(picture, shown[0].shape[:2])[:, :: len(words)] for picture in shown])
    args = [*COMMON.split(), "--max-long-edge", str(EDGE), "--content-image", str(inputs["PHOTOGRAPH"])]
    if "--style-image" not in words:
        args += ["--style-image", str(inputs["PAINTING"])]
    nstyle.train_nstyle(nstyle.get_args([*args, "--output-dir", str(folder), *words]))
    return images.read(folder / "final.png")


def strip(pictures, captions):
    """Pictures (H, W, 3) in 0..1 side by side, each with its caption below: a Pillow image."""
    height, width = images.fitted_size(pictures[0].shape, EDGE, enlarge=True)
    gap, line = 6, 24
    sheet = Image.new("RGB", (len(pictures) * (width + gap) - gap, height + line), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for number, (picture, caption) in enumerate(zip(pictures, captions)):
        left = number * (width + gap)
        shown = np.rint(images.resize(picture, (height, width)) * 255).astype(np.uint8)
        sheet.paste(Image.fromarray(shown), (left, 0))
        draw.text((left + width / 2, height + line / 2), caption, "#333", font, anchor="mm")
    return sheet


def main(names):
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
    main(sys.argv[1:])
