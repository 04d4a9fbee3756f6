"""With MXNet alone learning says in one line what it needs."""

import importlib.util

from neural_style.learn import command


def test_learning_without_pytorch_is_one_line(monkeypatch, capfd):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else found(name))
    assert command.main(["--style-image", "x.jpg"]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.endswith("error: learning needs PyTorch: pip install torch; repainting with --painter does not.")
