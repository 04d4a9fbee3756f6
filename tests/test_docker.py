"""Dockerfile and compose.yaml name what is there: files, extras, options, commands."""

import re
import shlex

import pytest
from conftest import ROOT

from neural_style.runs import options

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_is_made_of_what_the_wheel_needs():
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"]
    assert all((ROOT / name).exists() for name in kept)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (modules,) = re.findall(r"py-modules = \[(.*)\]", project)
    (dynamic,) = re.findall(r'dependencies = \{ file = \["(.*)"\]', project)
    named = (r'readme = "(.*)"', r'license-files = \["(.*)"\]')
    readme, license = (re.search(pattern, project)[1] for pattern in named)
    scripts = [f"{name}.py" for name in re.findall(r'"(.*?)"', modules)]
    assert {*scripts, dynamic, readme, license, "neural_style", "pyproject.toml"} <= {*kept}


def test_the_extras_and_the_commands_of_the_image_are_there():
    extras = re.search(r"\[\$ENGINE,([a-z,]+)\]", DOCKERFILE)[1].split(",") + ["mxnet", "torch"]
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert all(re.search(rf"^{extra} = \[", project, re.MULTILINE) for extra in extras)
    assert all(f'{command} = "' in project for command in ("nstyle", "nstyle-download"))
    assert "\nUSER nstyle\n" in DOCKERFILE and 'ENTRYPOINT ["nstyle"]' in DOCKERFILE


def test_the_services_use_the_image_and_options_that_are_there():
    yaml = pytest.importorskip("yaml", reason="needs PyYAML, which distributed brings")
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")
    services = yaml.safe_load(text)["services"]
    assert {service["image"] for service in services.values()} == {"nstyle"}
    assert not any("ports" in service for service in services.values())  # nothing is open to others
    for service in services.values():
        assert {*service.get("depends_on", [])} <= services.keys()
        assert service["build"]["args"].keys() <= set(re.findall(r"^ARG (\w+)", DOCKERFILE, re.MULTILINE))
        command = service["entrypoint"]
        assert command[0] in ("dask", "nstyle")
        if command[0] == "nstyle":
            options.complete(options.parse(command[1:]))


def test_every_command_line_in_their_comments_is_understood():
    lines = re.findall(r"^#     docker .*?\bnstyle (\S+\.jpg .*)$", DOCKERFILE + (ROOT / "compose.yaml").read_text(),
                       re.MULTILINE)  # fmt: skip
    assert len(lines) == 2
    for line in lines:
        assert options.parse(shlex.split(line)).content_image == "photo.jpg"
