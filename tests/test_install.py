"""What pip installs: the extras, in the ranges of the files of requirements."""

import re

import pytest
from conftest import ROOT

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
