"""How a command of ours begins and ends, and what ours are called on this machine.

It imports nothing that takes time, and any Python from 3.6 on reads it. Every command goes through `run`: Ctrl-C is one
line and status 130 from its first moment on; a Python that is too old and a package that is missing are one line each.
"""

import contextlib
import importlib
import os
import signal
import sys

PYTHON = (3, 9)
MXNET = (3, 9), (3, 12)  # that it has wheels for and runs on
BESIDE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # the folder that holds the package


def run(module, arglist=None, prog="nstyle"):
    """Import a module and call its `main` with a list of arguments (`sys.argv` by default).

    Parameters
    ----------
    module : str
    arglist : list of str, optional
    prog : str
        The name that begins messages.

    Returns
    -------
    int
        What `main` returns; 130 after Ctrl-C, 2 where it cannot begin.
    """
    if sys.version_info < PYTHON:
        return _refused(prog, "Python {}.{} or newer is needed".format(*PYTHON))
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "replace")):
        if hasattr(stream, "reconfigure"):  # names of files need not be text: scripts get their bytes, people see a ?
            stream.reconfigure(errors=errors)
    try:
        with importing():
            main = importlib.import_module(module).main
        return main(arglist)
    except KeyboardInterrupt as error:
        if not getattr(error, "said", False):
            _say(f"{prog}: interrupted")
        return 130
    except BrokenPipeError:  # who read our output has left; Python's last flush must not find that out again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package == "neural_style":
            raise
        engine = "mxnet" if MXNET[0] <= sys.version_info[:2] <= MXNET[1] else "torch"
        return _refused(prog, f"the package {package} is missing: {install(engine)}")


def is_checkout():
    """Whether the scripts lie beside the package: else it was installed, and only its commands are there."""
    return os.path.isfile(os.path.join(BESIDE, "download.sh"))


def download(options=""):
    """The command that fetches weights and pictures, for a message."""
    script = "sh download.sh" if os.name == "posix" else "python -m neural_style.download"
    return f"{script if is_checkout() else 'nstyle-download'} {options}".rstrip()


def install(extra):
    """The command that installs what one of the extras names, for a message."""
    files = {"mxnet": "requirements.txt", "torch": "requirements-torch.txt"}
    wanted = f"-r {files[extra]}" if extra in files else f'".[{extra}]"'
    return "pip install " + (wanted if is_checkout() else f'"nstyle[{extra}]"')


def home():
    """The folder of `model/`, `input/` and `output/` where nothing else is said: `$NSTYLE_HOME`, else the current."""
    return os.path.expanduser(os.environ.get("NSTYLE_HOME", ""))


def folders():
    """The folders in which `model/` and `input/` are looked for, the first one first."""
    # an administrator, or the maker of a container, installs weights for everybody
    shared = BESIDE if is_checkout() else os.path.join(sys.prefix, "share", "nstyle")
    return list(dict.fromkeys(["", home(), shared]))


@contextlib.contextmanager
def importing():
    """Signals wait for the end of the block: imports that are interrupted raise whatever they like."""
    handlers, held = {}, []
    for number in filter(None, (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None))):
        handler = signal.getsignal(number)
        with contextlib.suppress(ValueError):  # not in the main thread, which alone is interrupted
            if callable(handler):
                signal.signal(number, lambda *call: held.append(call))
                handlers[number] = handler
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in held[:1]:
            handlers[number](number, frame)


def _refused(prog, reason):
    _say("{}: error: {}; this is Python {}.{}.".format(prog, reason, *sys.version_info[:2]))
    return 2


def _say(line):
    if sys.stderr is not None:
        with contextlib.suppress(OSError):
            sys.stderr.write(line + "\n")
