"""Nothing of the package asks for what Windows lacks: it is imported, and paints, where POSIX's own modules are not."""

import os
import pkgutil
import subprocess
import sys

import pytest
from conftest import ROOT

from neural_style.engines import door

# what is missing from Python on Windows and might be asked for: modules, and of `os` and `signal` what our own code
# finds there; other packages go by the system's name, and need theirs
WINDOWS = """
import os, signal, sys, types
for module in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog"):
    sys.modules[module] = None
MISSING = {
    "os": {"sched_getaffinity", "getuid", "geteuid", "getgid", "uname", "fork", "register_at_fork", "mkfifo", "nice",
           "getloadavg", "chown", "statvfs", "killpg", "setsid", "O_NOFOLLOW", "posix_fadvise", "sysconf"},
    "signal": {"SIGHUP", "SIGKILL", "SIGUSR1", "SIGALRM", "SIGPIPE", "alarm", "pause", "pthread_sigmask"},
}
class Lacking(types.ModuleType):
    def __getattribute__(self, name):
        mine = sys._getframe(1).f_globals.get("__name__", "").startswith("neural_style")
        if mine and name in MISSING[object.__getattribute__(self, "__name__")]:
            raise AttributeError(f"{name} is not there on Windows")
        return super().__getattribute__(name)
os.__class__ = signal.__class__ = Lacking
"""


@pytest.fixture
def windows(tmp_path):
    """Run Python code there; returns what it printed."""

    def run(code):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", f"{WINDOWS}\n{code}"], cwd=tmp_path, env=environment,
                              capture_output=True, text=True, timeout=120)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_what_windows_lacks_is_missing_for_our_code_alone(windows):
    code = "asked = 'print(hasattr(os, \\'getuid\\'), hasattr(signal, \\'SIGHUP\\'))'\n" \
           "exec(asked, {'os': os, 'signal': signal, '__name__': 'neural_style.files'})\nexec(asked)"
    assert windows(code).split() == ["False", "False", "True", "True"]


def modules():
    """All modules of the package but those of an engine or of an extra that is not installed here, and the commands."""
    names = [module.name for module in pkgutil.walk_packages([str(ROOT / "neural_style")], "neural_style.")]
    return [name for name in names if not name.endswith("__main__")]


def test_every_module_is_imported(windows):
    code = "import importlib\nfrom neural_style.errors import InputError\n" \
           f"for name in {modules()!r}:\n" \
           "    try:\n        importlib.import_module(name)\n" \
           "    except InputError as error:\n        assert 'cannot be loaded' in str(error), error\n" \
           "    except ModuleNotFoundError as error:\n" \
           "        assert error.name.partition('.')[0] in ('distributed', 'dask', 'IPython'), error\n" \
           "print('all')"  # fmt: skip
    assert windows(code) == "all\n"


def test_a_run_paints_and_is_served_and_the_download_takes_a_file(windows, options, squeezenet_file):
    line = [*options, "--no-progress", "--serve", "--engine", (*door.installed(), "mxnet")[0], "--precision", "float32"]
    code = f"import nstyle\nassert nstyle.main({line!r}) == 0\n" \
           f"from neural_style.download import command\nassert command.main(['--from', {str(squeezenet_file)!r}]) == 0"
    assert "final.jpg" in windows(code)
