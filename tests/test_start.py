"""How commands begin: Ctrl-C, an old Python and a missing package are one line each, whatever was loading."""

import ast
import os
import signal
import subprocess
import sys

import pytest
from conftest import ROOT

from neural_style import start

COMMANDS = {
    "nstyle.py": [str(ROOT / "nstyle.py"), "--gpu", "-1"],
    "neural_style": ["-m", "neural_style", "--gpu", "-1"],
    "report": ["-m", "neural_style.report", "out"],
    "judge": ["-m", "neural_style.judge", "a.jpg", "b.jpg", "c.jpg"],
    "weights": ["-m", "neural_style.weights", "file"],
    "download": ["-m", "neural_style.download", "--offline"],
}


@pytest.fixture
def started(tmp_path):
    """Run a command with a module of this text in the place of NumPy."""

    def run(words, numpy):
        # before the folder of nstyle.py, which Python puts first
        (tmp_path / "sitecustomize.py").write_text(f"import sys; sys.path.insert(0, {str(tmp_path)!r})")
        (tmp_path / "numpy.py").write_text(numpy)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
        return subprocess.run([sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True,
                              timeout=120)  # fmt: skip

    return run


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_while_libraries_load_is_one_line(started, name):
    done = started(COMMANDS[name], "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise ImportError('half')")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.endswith(": interrupted\n") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", COMMANDS)
def test_a_package_that_is_missing_is_one_line(started, name):
    done = started(COMMANDS[name], "raise ModuleNotFoundError('gone', name='numpy.core')")
    assert (done.returncode, done.stdout) == (2, "")
    file = "requirements.txt" if sys.version_info < (3, 13) else "requirements-torch.txt"
    assert done.stderr.count("\n") == 1 and f"numpy is missing: pip install -r {file}" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_end_of_an_import(number):
    seen = []
    previous = signal.signal(number, lambda *_: seen.append("handled"))
    try:
        with start.importing():
            signal.raise_signal(number)
            seen.append("imported")
    finally:
        signal.signal(number, previous)
    assert seen == ["imported", "handled"]


def test_a_python_that_is_too_old_is_one_line(monkeypatch, capfd):
    monkeypatch.setattr(sys, "version_info", (3, 8, 1))
    assert start.run("neural_style.runs.command", ["--version"]) == 2
    assert capfd.readouterr().err == "nstyle: error: Python 3.9 or newer is needed; this is Python 3.8.\n"


def test_a_python_without_mxnet_is_said_where_packages_are_missing(monkeypatch, capfd):
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    missing = ModuleNotFoundError("gone", name="numpy")
    monkeypatch.setattr(start.importlib, "import_module", lambda name: (_ for _ in ()).throw(missing))
    assert start.run("neural_style.runs.command", []) == 2
    line = capfd.readouterr().err
    assert "pip install -r requirements-torch.txt" in line and "this is Python 3.13" in line and line.count("\n") == 1


def test_what_old_pythons_read_before_they_are_refused_is_written_for_them():
    for path in (ROOT / "nstyle.py", ROOT / "neural_style" / "start.py", ROOT / "neural_style" / "__init__.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_the_help_loads_no_library_and_so_takes_no_time():
    code = "import sys; sys.argv = ['nstyle.py', '-h']; import nstyle\ntry: nstyle.main()\nexcept SystemExit: pass\n" \
           "print([name for name in ('numpy', 'PIL', 'scipy', 'skimage', 'mxnet', 'torch') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]" and "--style-image" in done.stdout


def test_the_version_is_said(capfd):
    from neural_style import __version__
    from neural_style.runs import options

    with pytest.raises(SystemExit) as ended:
        options.parse(["--version"])
    assert ended.value.code == 0 and capfd.readouterr().out == f"nstyle {__version__}\n"


def test_a_reader_that_leaves_is_no_traceback(tmp_path):
    line = f"{sys.executable} {ROOT / 'nstyle.py'} --list-layers | true"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
