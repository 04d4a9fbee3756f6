"""What pip installs: the extras, in the ranges of the files of requirements; what it says, and where its things lie."""

import re
from pathlib import Path

import pytest
from conftest import ROOT

from neural_style import start
from neural_style.engines import door
from neural_style.errors import InputError
from neural_style.runs import options
from neural_style.weights import store

EXTRAS = {"mxnet": "requirements.txt", "torch": "requirements-torch.txt", "cluster": "requirements-dev.txt",
          "film": "requirements-dev.txt", "onnx": "requirements-dev.txt"}  # fmt: skip


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_takes_the_ranges_of_its_requirements(extra):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(rf"^{extra} = \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
    wanted = [double or single for double, single in re.findall(r'"([^"]+)"|\'(.*?)\'', listed)]
    known = (ROOT / EXTRAS[extra]).read_text(encoding="utf-8").splitlines()
    assert wanted and set(wanted) <= set(known)


def test_all_takes_every_extra_but_mxnet_whose_numpy_pytorch_does_not_take():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (listed,) = re.findall(r'^all = \["nstyle\[(.*)\]"\]', text, re.MULTILINE)
    assert {"mxnet", *listed.split(",")} == EXTRAS.keys()


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """As if the package lay in site-packages, without the scripts of the repository."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(start, "BESIDE", str(tmp_path / "site-packages"))
    monkeypatch.setattr(start.sys, "prefix", str(tmp_path / "environment"))
    return tmp_path


def test_an_installed_command_names_commands_that_are_there(wheel):
    with pytest.raises(InputError, match="`nstyle-download --model vgg19` .*`nstyle-download --offline`"):
        store.find("vgg19")
    assert "nstyle-download" in store.describe([])
    assert start.install("torch") == 'pip install "nstyle[torch]"'
    assert options.parse(["--seed", "3"]).command == ["nstyle", "--seed", "3"]


def test_no_module_names_a_script_of_the_repository_but_through_start():
    named = [path.name for path in Path(start.__file__).parent.rglob("*.py")
             if "sh download.sh" in path.read_text(encoding="utf-8")
             or "-r requirements" in path.read_text(encoding="utf-8")]  # fmt: skip
    assert named == ["start.py"]
    assert all(start.install(name) in words for name, words in door.INSTALL.items())


def test_nstyle_home_holds_weights_and_results(wheel, monkeypatch, squeezenet_file):
    monkeypatch.setenv("NSTYLE_HOME", str(wheel / "home"))
    (wheel / "home" / "model").mkdir(parents=True)
    (wheel / "home" / "model" / "squeezenet.params").symlink_to(squeezenet_file)
    assert store.find("squeezenet") == wheel / "home" / "model" / "squeezenet.params"
    assert Path(options.parse([]).output_dir) == wheel / "home" / "output"
    assert options.parse(["--output-dir", "there"]).output_dir == "there"


def test_weights_may_be_installed_for_everybody(wheel, squeezenet_file):
    shared = wheel / "environment" / "share" / "nstyle" / "model"
    shared.mkdir(parents=True)
    (shared / "squeezenet.params").symlink_to(squeezenet_file)
    assert store.find("squeezenet") == shared / "squeezenet.params"


def test_downloads_go_to_nstyle_home(wheel, monkeypatch, squeezenet_file):
    from neural_style.download import command

    monkeypatch.setenv("NSTYLE_HOME", str(wheel / "home"))
    assert command.main(["--from", str(squeezenet_file)]) == 0
    assert (wheel / "home" / "model" / "squeezenet.params").is_file() and not (wheel / "model").exists()
