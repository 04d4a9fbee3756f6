"""The options: their names, defaults and meanings, on the command line and in namespaces made by hand."""

import json
import re
import shlex
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest

from neural_style.errors import InputError
from neural_style.networks.registry import NETWORKS
from neural_style.painting import starts
from neural_style.painting.losses import STYLE_LOSSES
from neural_style.painting.matching import MAP_LOSSES
from neural_style.painting.optimizers import OPTIMIZERS
from neural_style.pictures import colors, reading
from neural_style.report import animation
from neural_style.runs import options, values
from neural_style.runs.declared import OPTIONS, PRESETS

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


@pytest.mark.parametrize("spelling", ["--output_dir", "--output-dir", "--output"])
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


def test_what_each_preset_stands_for():
    assert {name: preset.values for name, preset in PRESETS.items()} == {
        "draft": {"max_long_edge": 300, "max_num_epochs": 30, "remove_noise": 0.005},
        "fast": {"model": "squeezenet", "max_num_epochs": 150},
        "quality": {"max_num_epochs": 500, "max_long_edge": 1024, "stop_eps": 0.0},
        "fine": {
            "max_num_epochs": 500,
            "max_long_edge": 1024,
            "stop_eps": 0.0,
            "strength": 0.7,
        },
        "classic": {
            "optimizer": "nag",
            "pyramid_levels": 1,
            "precision": "float32",
            "init": "noise",
            "style_fit": "squeeze",
        },
    }
    for name, preset in PRESETS.items():
        settings = vars(options.complete(options.parse(["--preset", name])))
        assert {option: settings[option] for option in preset.values} == preset.values


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


def test_values_of_numpy_count_as_pythons():
    settings = options.complete(
        Namespace(
            style_image=np.array(["a.jpg", "b.jpg"]),
            style_blend_weights=np.array([1.0, 3.0]),
            max_num_epochs=np.array(12),
            seed=np.uint8(7),
            stop_eps=np.float32(0.5),
            resume=np.bool_(True),
            style_layers={"fire2": np.float32(2)},
        )
    )
    assert settings.style_image == ["a.jpg", "b.jpg"] and settings.style_blend_weights == [0.25, 0.75]
    assert (settings.max_num_epochs, settings.seed, settings.stop_eps) == (12, 7, 0.5)
    assert settings.resume is True and settings.style_layers == {"fire2": 2.0}
    json.dumps(vars(settings))  # as run.json holds them


def test_a_preset_set_by_hand_gives_way_only_to_what_was_asked_for():
    mine = options.parse(["--init", "content", "--model", "vgg19"])
    mine.preset = "classic"
    mine.pyramid_levels = 2
    settings = options.complete(mine)
    assert (settings.optimizer, settings.precision, settings.style_fit) == ("nag", "float32", "squeeze")
    assert (settings.init, settings.pyramid_levels) == ("content", 2)
    fast = options.parse(["--model", "vgg19"])  # the default, but said
    fast.preset = "fast"
    assert (options.complete(fast).model, options.complete(fast).max_num_epochs) == ("vgg19", 150)
    assert options.complete(Namespace(preset="classic", init="content")).init == "content"


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_every_option_may_be_written_with_underscores(option):
    if option.kind == "flag":
        assert getattr(options.parse([f"--{option.name}"]), option.name) is True
    else:
        made = {"number": "0.5", "whole": "3", "layers": "conv1", "bytes": "2GB", "span": "3:8"}
        made["whole"] = str(max(3, int(option.least)))
        value = made.get(option.kind) or next(iter(option.choices), "a_b")
        forms = ([f"--{option.name}", value], [f"--{option.name}={value}"], [option.flag, value])
        read = [getattr(options.parse(form), option.name) for form in forms]
        assert read[0] == read[1] == read[2] is not None


def test_underscores_in_values_stay():
    assert options.parse(["--output_dir=a_b"]).output_dir == "a_b"
    assert options.parse(["--style_image", "a_b.jpg"]).style_image == "a_b.jpg"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        (["--optimiser", "adam"], "did you mean --optimizer?"),
        (["--max-epochs", "3"], "did you mean --max-num-epochs?"),
        (["--style_wieght=3"], "did you mean --style-weight?"),
        (["--qqq"], "--qqq: there is no such option; see -h."),
        (["photo.jpg"], "did you mean photo.jpg PAINTING, both pictures?"),
        (["--resume", "--overwrite"], "--overwrite"),
        (["--style-image", "A.jpg,B.jpg"], "--style-image A.jpg B.jpg"),
        (["--style-image", "."], "a folder"),
    ],
)
def test_what_was_probably_meant_is_said(line, names):
    with pytest.raises(InputError, match=re.escape(names)) as error:
        options.complete(options.parse(line))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "content", "style"),
    [
        (["a.jpg", "b.jpg"], "a.jpg", "b.jpg"),
        (["a.jpg", "--seed", "3", "b.jpg"], "a.jpg", "b.jpg"),
        (["--gpu", "-1", "a.jpg", "b.jpg"], "a.jpg", "b.jpg"),
        (["a.jpg", "b.jpg", "c.jpg"], ["a.jpg", "b.jpg"], "c.jpg"),
        (["a.jpg", "--style-image", "b.jpg", "c.jpg"], "a.jpg", ["b.jpg", "c.jpg"]),
        (["b.jpg", "c.jpg", "--content-image", "a.jpg"], "a.jpg", ["b.jpg", "c.jpg"]),
    ],
)
def test_pictures_without_an_option_are_photographs_and_the_painting_last(line, content, style):
    settings = options.parse(line)
    assert (settings.content_image, settings.style_image) == (content, style)
    # a page's command to copy, and a namespace that knows where it came from, start the same run
    assert options.parse(settings.command[2:]).style_image == style
    if isinstance(content, str):
        assert options.complete(settings).command == settings.command


def test_a_picture_too_many_is_named():
    with pytest.raises(InputError, match="c.jpg: belongs to no option, and both pictures have theirs"):
        options.parse(["c.jpg", "--content-image", "a.jpg", "--style-image", "b.jpg"])


@pytest.mark.parametrize("script", ["/x/ipykernel_launcher.py", "/x/colab_kernel_launcher.py"])
def test_the_arguments_of_a_notebooks_kernel_are_none_of_ours(monkeypatch, script):
    monkeypatch.setattr(sys, "argv", [script, "-f", "/x/kernel-1.json"])
    assert options.parse() == options.parse([])


@pytest.mark.parametrize("line", [["--style-blend-weights", "3,7"], ["--style-blend-weights", "3", "7"]])
def test_numbers_may_be_joined_by_commas(line):
    settings = options.complete(options.parse(["--style-image", "a", "b", *line]))
    assert settings.style_blend_weights == [0.3, 0.7]
    assert options.parse(["--snapshot-at", "10,50"]).snapshot_at == [10, 50]


def test_no_name_means_no_content_layer():
    assert options.complete(options.parse(["--content-layers", ""])).content_layers == {}
    assert options.complete(Namespace(content_layers={})).content_layers == {}


def started_by(settings):
    """The settings of the run that a `command` starts."""
    line = shlex.split(shlex.join(settings.command))
    assert line[0] in ("python", "nstyle")
    first = next((n for n, word in enumerate(line) if word.startswith("--")), len(line))
    return options.complete(options.parse(line[first:]))


def without_command(settings):
    return {name: value for name, value in vars(settings).items() if name != "command"}


@pytest.mark.parametrize(
    "by_hand",
    [
        {},
        {"style_image": ["a b.jpg", "it's.jpg"], "style_blend_weights": [1, 3], "content_image": "$HOME.jpg"},
        {"max_num_epochs": 7, "lr": 0.5, "stop_eps": 0.0, "resume": True, "gpu": -1},
        {"preset": "classic", "init": "content", "content_layers": {"relu4_2": 0.1, "relu3_1": 1e-7}},
        {"content_layers": {}, "snapshot_at": [1, 5], "style_scale": 0.1},
    ],
)
@pytest.mark.parametrize("line", [None, [], ["--preset", "draft", "--seed", "3", "--max-num-epochs", "9"]])
def test_the_command_starts_this_very_run(line, by_hand):
    mine = Namespace() if line is None else options.parse(line)
    vars(mine).update(by_hand)
    settings = options.complete(mine)
    assert without_command(started_by(settings)) == without_command(settings)
    if line is not None and not by_hand:
        assert settings.command == mine.command and settings.command[-len(line) or len(settings.command) :] == line


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("nstyle.py", ["python", "nstyle.py"]),
        ("/somewhere/nstyle.py", ["python", "/somewhere/nstyle.py"]),
        ("/usr/lib/neural_style/__main__.py", ["python", "-m", "neural_style"]),
        ("/opt/bin/sh", ["sh"]),  # a name that a shell finds
        ("/nowhere/nstyle", ["/nowhere/nstyle"]),
    ],
)
def test_the_command_begins_as_it_was_started(monkeypatch, script, words):
    monkeypatch.setattr(sys, "argv", [script, "--seed", "3"])
    assert options.parse().command == [*words, "--seed", "3"]


def test_each_option_with_choices_says_what_they_do(capsys):
    with pytest.raises(SystemExit):
        options.parse(["-h"])
    text = " ".join(capsys.readouterr().out.split())
    for option in OPTIONS.values():
        for choice, meaning in option.choices.items():
            assert meaning and f"{choice}: {meaning}" in text


def test_the_choices_are_those_that_there_are():
    assert OPTIONS["model"].choices.keys() == NETWORKS.keys()
    assert OPTIONS["optimizer"].choices.keys() == OPTIMIZERS.keys()
    assert OPTIONS["style_loss"].choices.keys() == STYLE_LOSSES.keys() | MAP_LOSSES.keys()
    assert OPTIONS["init"].choices.keys() == {*starts.NAMED, "painter"}
    assert set(OPTIONS["preserve_colors"].choices) == set(colors.PRESERVE)
    assert set(OPTIONS["match_colors"].choices) == {"none", *colors.MATCHING}
    assert OPTIONS["animate"].choices.keys() == animation.LONG_EDGE.keys()
    rates = {name: f"{optimizer.default_rate:g}" for name, optimizer in OPTIMIZERS.items()}
    assert OPTIONS["lr"].open == "nag {nag}, adam and lbfgs {adam}".format(**rates) and rates["adam"] == rates["lbfgs"]
    assert OPTIONS["max_pixels"].default == reading.MAX_PIXELS


def test_defaults_are_values_of_their_options():
    for option in OPTIONS.values():
        assert (option.default is None) == bool(option.open)
        assert values.read(option, option.default) == (
            [option.default] if option.many and isinstance(option.default, str) else option.default
        )


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
        ("content_layers", ":2"),
        ("content_layers", {"fire4": -1}),
        ("style_layers", ["fire2"]),
        ("style_layers", {"fire2": "1"}),
        ("style_layers", {"fire2": float("nan")}),
        ("style_layers", {"fire2": 10**400}),
        ("style_layers", {2: 1.0}),
        ("style_layers", np.ones(2)),
        ("style_image", 5),
        ("style_image", []),
        ("style_image", [None]),
        ("style_image", ""),
        ("style_image", "a\0b"),
        ("content_image", 5),
        ("content_image", ["a.jpg", "b.jpg"]),
        ("max_num_epochs", 10**400),
        pytest.param("max_num_epochs", 10**5000, id="max_num_epochs-huge"),
        ("max_num_epochs", True),
        ("max_num_epochs", np.array([1, 2])),
        ("max_num_epochs", np.float64(3.5)),
        ("max_num_epochs", [3]),
        ("content_weight", 10**400),
        ("tv_weight", "1e999"),
        ("style_blend_weights", np.array([0.5, -1])),
        ("style_blend_weights", np.array([])),
        ("style_blend_weights", {"a": 1}),
        ("snapshot_at", "10,x"),
        ("model", ["vgg19"]),
        ("model", 19),
        ("resume", "yes"),
        ("enlarge", 2),
        ("output_dir", 7),
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
