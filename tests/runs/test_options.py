"""The options: their names, defaults and meanings, on the command line and in namespaces made by hand."""

import re
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from neural_style.errors import InputError
from neural_style.runs import options
from neural_style.runs.declared import PRESETS

# of MXNet's example/neural-style: option -> default
ORIGINAL = {
    "model": "vgg19",
    "content_image": "input/IMG_4343.jpg",
    "stop_eps": 0.005,
    "content_weight": 10,
    "style_weight": 1,
    "tv_weight": 0.01,
    "max_num_epochs": 1000,
    "max_long_edge": 600,
    "gpu": None,
    "output_dir": "output/",
    "save_epochs": 50,
    "remove_noise": 0.02,
    "lr_sched_delay": 75,
    "lr_sched_factor": 0.9,
}


def test_defaults_of_the_original_example():
    settings = options.complete(options.parse([]))
    assert {option: getattr(settings, option) for option in ORIGINAL} == ORIGINAL
    assert settings.style_image == ["input/starry_night.jpg"]


def test_every_option_of_the_original_example_is_understood():
    line = []
    for option, default in {**ORIGINAL, "gpu": -1, "style_image": "x.jpg", "lr": 0.5}.items():
        line += [f"--{option if option == 'output_dir' else option.replace('_', '-')}", str(default)]
    settings = options.complete(options.parse(line))
    assert settings.gpu == -1 and settings.lr == 0.5 and settings.style_image == ["x.jpg"]


@pytest.mark.parametrize("spelling", ["--output_dir", "--output-dir"])
def test_both_spellings_of_the_output_directory(spelling):
    assert options.parse([spelling, "there"]).output_dir == "there"


@pytest.mark.parametrize(("optimizer", "rate"), [("nag", 0.001), ("adam", 4.0), ("lbfgs", 4.0)])
def test_the_rate_depends_on_the_optimizer_unless_given(optimizer, rate):
    assert options.complete(options.parse(["--optimizer", optimizer])).lr == rate
    assert options.complete(options.parse(["--optimizer", optimizer, "--lr", "0.25"])).lr == 0.25


def test_the_classic_preset_and_options_that_override_it():
    classic = options.complete(options.parse(["--preset", "classic"]))
    assert (classic.optimizer, classic.lr, classic.precision) == ("nag", 0.001, "float32")
    assert (classic.pyramid_levels, classic.init, classic.style_fit) == (1, "noise", "squeeze")
    own = options.complete(options.parse(["--init", "content", "--preset", "classic", "--optimizer", "adam"]))
    assert (own.init, own.optimizer, own.precision) == ("content", "adam", "float32")
    assert options.complete(Namespace(preset="classic")).optimizer == "nag"


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid_and_changes_something(preset):
    settings, plain = (vars(options.complete(options.parse(line))) for line in (["--preset", preset], []))
    assert {key for key in plain if settings[key] != plain[key]} > {"preset", "command"}


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("relu4_2", {"relu4_2": 1.0}),
        ("relu4_2:0.5,relu3_1", {"relu4_2": 0.5, "relu3_1": 1.0}),
        (" conv1 : 2 , fire2", {"conv1": 2.0, "fire2": 1.0}),
    ],
)
def test_layers_with_and_without_weights(text, layers):
    assert options.parse(["--style-layers", text]).style_layers == layers
    assert options.complete(Namespace(content_layers=text)).content_layers == layers


@pytest.mark.parametrize(
    ("line", "weights", "scales"),
    [
        ([], [1], [1]),
        (["--style-image", "a", "b"], [0.5, 0.5], [1, 1]),
        (["--style-image", "a", "b", "--style-blend-weights", "1", "3"], [0.25, 0.75], [1, 1]),
        (["--style-image", "a", "b", "--style-blend-weights", "7", "--style-scale", "2"], [0.5, 0.5], [2, 2]),
        (["--style-image", "a", "b", "c", "--style-scale", "1", "2", "3"], [1 / 3] * 3, [1, 2, 3]),
    ],
)
def test_each_painting_has_a_share_and_a_scale(line, weights, scales):
    settings = options.complete(options.parse(line))
    assert settings.style_blend_weights == pytest.approx(weights)
    assert settings.style_scale == scales


def test_ratio_is_another_way_to_say_the_style_weight():
    settings = options.complete(options.parse(["--ratio", "0.5", "--content-weight", "4"]))
    assert (settings.content_weight, settings.style_weight) == (4, 2)


def test_a_namespace_made_by_hand_is_completed_and_left_as_it_was():
    mine = Namespace(style_image="a.jpg", max_num_epochs=7, lr=None, my_note="keep me")
    settings = options.complete(mine)
    assert settings.style_image == ["a.jpg"] and settings.max_num_epochs == 7 and settings.lr == 4.0
    assert settings.save_epochs == 50 and settings.my_note == "keep me"
    assert mine == Namespace(style_image="a.jpg", max_num_epochs=7, lr=None, my_note="keep me")


def test_values_set_by_hand_may_be_of_any_fitting_type():
    settings = options.complete(
        Namespace(
            style_image=Path("a.jpg"),
            style_scale=2,
            max_num_epochs="12",
            max_long_edge=np.int64(300),
            tv_weight=np.float32(2),
        )
    )
    assert settings.style_image == [Path("a.jpg")] and settings.style_scale == [2]
    assert settings.max_num_epochs == 12 and settings.max_long_edge == 300 and settings.tv_weight == 2


def test_completing_twice_changes_nothing_more():
    line = ["--style-image", "a", "b", "--style-blend-weights", "1", "3", "--ratio", "2"]
    once = options.complete(options.parse(line))
    assert options.complete(once) == once


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_num_epochs", 2.5),
        ("max_num_epochs", "many"),
        ("save_epochs", 0),
        ("lr", float("nan")),
        ("style_scale", [1, "a"]),
        ("seed", -1),
        ("model", "alexnet"),
        ("optimizer", "sgd"),
        ("pooling", "sum"),
        ("precision", "int8"),
        ("preset", "classical"),
        ("style_fit", "crop"),
        ("content_layers", "relu4_2:much"),
    ],
)
def test_values_set_by_hand_are_checked_like_those_of_the_command_line(field, value):
    with pytest.raises(InputError, match=re.escape(f"--{field.replace('_', '-')}")):
        options.complete(Namespace(**{field: value}))


def test_help_groups_all_options(capsys):
    with pytest.raises(SystemExit) as ended:
        options.parse(["--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    for group in ("pictures", "network", "course of the run", "machine", "results"):
        assert f"\n{group}:" in text
    for option in vars(options.parse([])).keys() - {"command"}:
        assert f"--{option}" in text or f"--{option.replace('_', '-')}" in text
