"""Runs that are killed, and taken up again: driven by test_crash.py, one process of this for many runs.

    python tests/crash_driver.py KIND COUNT SEED FOLDER

Each run is the whole command in a forked child, on a picture of 40 x 32 with a toy in the place of the network; MXNet
is never loaded, so that a fork is cheap and safe. After each the folder is looked at, the run is taken up with
`--resume` and compared with one that was left alone. Prints, as JSON, how many points were tried and what was found
wrong.
"""
import contextlib
import errno
import io
import itertools
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
import traceback
import types
from functools import partial
from pathlib import Path
from unittest import mock

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402

import nstyle  # noqa: E402
from neural_style import files  # noqa: E402
from neural_style.engines.choice import Choice  # noqa: E402
from neural_style.painting.levels import Level, extended  # noqa: E402
from neural_style.painting.optimizers import OPTIMIZERS  # noqa: E402
from neural_style.painting.pieces import MEMORY  # noqa: E402
from neural_style.report import contact_sheet  # noqa: E402
from neural_style.runs import command, course, state  # noqa: E402
from neural_style.runs import paint as runs_paint  # noqa: E402
from neural_style.runs import prepare as transfer  # noqa: E402
from neural_style.weights import store  # noqa: E402

SIZE, EPOCHS, SAVE_EPOCHS = (32, 40), 8, 2
OUT = "folder-of-the-run"
ENGINE = types.SimpleNamespace(name="toy", version="1", device="cpu", precision="float32", array=np.asarray)
SAVED = "saved"  # beside the folder of the run: the epoch of the last snapshot that was reported to the callback


class Toy:
    """A bowl around a fixed picture: an objective that costs nothing."""

    def __init__(self, size):
        generator = np.random.default_rng(size[0])
        self._target = self._middle = generator.normal(0, 50, (1, 3, *size)).astype(np.float32)
        self._weights = generator.uniform(0.1, 3, (1, 3, *size)).astype(np.float32)

    def admitted(self, image):
        return image

    def look_from(self, phase):
        self._target = np.roll(self._middle, phase, (2, 3))

    def losses_and_gradient(self, image):
        difference = image - self._target
        content = float(np.sum(self._weights * difference**2))
        return {"content": content, "style": 0.0, "tv": 0.0, "total": content}, 2 * self._weights * difference


def prepare(settings, shared=None):
    """In the place of `transfer.prepare`: no weights, no network."""
    picture = np.linspace(0, 1, SIZE[0] * SIZE[1] * 3, dtype=np.float32).reshape(*SIZE, 3)
    levels = extended([Level((16, 20), 3), Level(SIZE, 5)], settings.max_num_epochs)
    fields = dict.fromkeys(transfer.Run._fields)
    fields.update(
        settings=types.SimpleNamespace(**{**vars(settings), "init": "content", "precision": "float32", "border": 8}),
        content=picture, styles=[picture[:, ::-1]],
        weights=store.Weights({}, Path("none"), "0" * 64, "none", False, False), levels=levels, notices=(),
        regions=[None], style_regions=[[None]], make_optimizer=OPTIMIZERS[settings.optimizer], pieces=MEMORY,
        machine=transfer.Machine(ENGINE, Choice("toy", "float32", "the only one"), ()),
    )  # fmt: skip
    return transfer.Run(**fields)


# what takes a second and is looked at elsewhere
contact_sheet.write = lambda folder: None
transfer.prepare = prepare
course.objective = lambda run, size, *_: Toy(size)


def paint(folder, *options):
    """The command, in this process; its exit status."""
    report = folder.with_name(SAVED)

    def callback(data):
        if "filename" in data:
            # the process may be killed between the two
            report.with_suffix(".new").write_text(str(data["epoch"]))
            report.with_suffix(".new").rename(report)

    train = runs_paint.train
    with mock.patch.object(runs_paint, "train", lambda args: train(args, callback)):
        return nstyle.main([
            "--gpu", "-1", "--stop-eps", "0", "--max-num-epochs", str(EPOCHS), "--save-epochs", str(SAVE_EPOCHS),
            "--output-dir", str(folder), *options,
        ])  # fmt: skip


def forked(function):
    """Run a function in a child; returns its process id, and the path of what it writes to stderr."""
    log = FOLDER / "stderr"
    child = os.fork()
    if child:
        return child, log
    status = 99
    try:
        with log.open("w") as stream:
            os.dup2(stream.fileno(), 2)
        sys.stderr, sys.stdout = open(2, "w", closefd=False), io.StringIO()  # noqa: SIM115
        status = function()
    except KeyboardInterrupt as error:
        # Ctrl-C before the command begins or after it has ended is Python's own affair
        inside = any(frame.filename == command.__file__ for frame in traceback.extract_tb(error.__traceback__))
        if inside:
            print(f"Traceback: {error!r}", file=sys.stderr)
        status = 99 if inside else 130
    except BaseException as error:
        print(f"Traceback: {error!r}", file=sys.stderr)
    finally:
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(status)


def new_folder(name):
    (FOLDER / name).mkdir()
    return FOLDER / name / OUT


def waited(child):
    """Exit status, or minus the signal that killed the child."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def contents(folder):
    """What is in the folder of a run, without what tells of time and place."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".csv":
            found[path.name] = [line.split(",")[:1] + line.split(",")[2:] for line in path.read_text().splitlines()]
        elif path.suffix == ".json":
            record = json.loads(path.read_text())
            for entry in (record, *record["snapshots"], record["final"] or {}):
                for name in ("seconds", "started", "command", "settings"):
                    entry.pop(name, None)
            # the others tell of time themselves
            record["files"] = {name: name.endswith(".jpg") and digest for name, digest in record["files"].items()}
            found[path.name] = record
        elif path.suffix == ".jpg":
            found[path.name] = path.read_bytes()
    return found


def faults_of_stopped(folder, reference):
    """What is wrong with the folder of a run that was stopped at any moment."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.name.startswith("."):
            continue
        try:
            if path.suffix == ".npz":
                state._read(path)
            elif path.suffix == ".jpg":
                Image.open(path).load()
                if path.name.startswith("e_") and path.read_bytes() != reference[path.name]:
                    yield f"{path.name} is not that of the run left alone"
            elif path.suffix == ".csv":
                text = path.read_text()
                if not text.endswith("\n") or len({line.count(",") for line in text.splitlines()[1:]}) > 1:
                    yield "losses.csv is torn"
            elif path.name == "run.json":
                record = json.loads(path.read_text())
                named = [*record["snapshots"], *record["style"], record["content"], record["final"] or {"file": ""}]
                names = [entry["file"] for entry in named if entry["file"]]
                yield from (f"run.json names {name}" for name in names if not (folder / name).exists())
        except Exception as error:
            yield f"{path.name} is partial: {error!r}"
    report = folder.with_name(SAVED)
    if report.exists():
        saved, _ = state.load(folder)
        if saved is None or saved.event.epoch < int(report.read_text()):
            yield f"the state of epoch {report.read_text()} is lost"


def faults_of_resumed(folder, status, log, reference):
    if status != 0 or "Traceback" in log.read_text():
        yield f"resumed with status {status}: {log.read_text()[-300:]}"
        return
    found = contents(folder)
    names = reference.keys() | found.keys()
    yield from (f"{name} differs after resume" for name in names if reference.get(name) != found.get(name))
    hidden = {path.name for path in folder.iterdir() if path.name.startswith(".")}
    yield from (f"{name} is left over" for name in hidden)


# ways to stop a run: each takes the number of the point and returns a function to run in the child, or a signal to send

def watch(action):
    """Call `action` with the number of each call that opens, renames, removes, makes or changes a file of the run."""
    numbers = itertools.count()

    def hook(event, arguments):
        touched = event in ("open", "os.rename", "os.remove", "os.mkdir", "os.chmod")
        if touched and any(f"/{OUT}" in str(argument) for argument in arguments):
            action(next(numbers))

    sys.addaudithook(hook)


def at_call(number, action):
    watch(lambda current: action() if current == number else None)


def calls_of_a_run():
    """How many such calls a run makes."""
    folder = new_folder("counted")

    def run():
        watch(lambda number: (FOLDER / "calls").write_text(str(number)))
        return paint(folder)

    waited(forked(run)[0])
    return int((FOLDER / "calls").read_text())


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def limit_file_size(size, killed):
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if killed else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def patched_call(name, number, code):
    """Let the n-th call of an os function that `files` makes fail."""
    calls, real = iter(range(number, -1, -1)), getattr(os, name)

    def call(*arguments):
        if next(calls, None) == 0:
            raise OSError(code, os.strerror(code))
        return real(*arguments)

    setattr(files.os, name, call)


def full_disk(number):
    """The n-th file that is written lands on a full disk: every write to it fails as the kernel says."""
    calls, real = iter(range(number, -1, -1)), files.tempfile.mkstemp

    def mkstemp(**options):
        handle, path = real(**options)
        if next(calls, None) == 0:
            os.unlink(path)  # noqa: PTH108
            os.symlink("/dev/full", path)
        return handle, path

    files.tempfile.mkstemp = mkstemp


def points(kind, count, generator, seconds):
    """(what to do in the child before it paints, signal to send, after how many seconds) of each point."""
    calls = calls_of_a_run() if kind == "call" else None
    for number in range(count):
        if kind == "kill":
            yield None, signal.SIGKILL, generator.uniform(0, seconds)
        elif kind == "signal":
            yield None, generator.choice((signal.SIGTERM, signal.SIGINT)), generator.uniform(0, seconds)
        elif kind == "call":
            yield lambda n=number * calls // count: at_call(n, die), None, 0
        elif kind == "write":
            yield lambda: limit_file_size(generator.randrange(1, 40_000), killed=True), None, 0
        elif kind == "error":
            way, n = number % 7, generator.randrange(30)
            yield partial(ERRORS[way], n), None, 0


ERRORS = (
    lambda n: patched_call("fsync", n, errno.EIO),
    lambda n: patched_call("fsync", n, errno.ENOSPC),
    lambda n: patched_call("replace", n, errno.EIO),
    lambda n: patched_call("replace", n, errno.ENOSPC),
    lambda n: at_call(4 * n, fail),
    lambda n: limit_file_size(40_000 // (n + 1), killed=False),
    full_disk,
)


def faults_of_replaced(folder, old, new):
    """What is wrong with a folder in which a finished run was being replaced by another."""
    places = (folder / "final.jpg", *folder.glob("replaced-*/final.jpg"))
    finals = [path.read_bytes() for path in places if path.exists()]
    record = folder / "run.json"
    done = record.exists() and json.loads(record.read_text())["status"] == "finished"
    if old["final.jpg"] not in finals and not (done and new["final.jpg"] in finals):
        yield "neither the old final picture nor the new one is there"


def replacing(count, seed):
    """Let a run that replaces a finished one be killed at each of some calls, and then be asked for again."""
    wrong, more = [], ("--overwrite", "--remove-noise", "0.1")
    before, after = new_folder("before"), new_folder("after")
    assert waited(forked(lambda: paint(before))[0]) == 0
    shutil.copytree(before, after)
    (FOLDER / "calls").write_text("0")

    def counted():
        watch(lambda number: (FOLDER / "calls").write_text(str(number)))
        return paint(after, *more)

    assert waited(forked(counted)[0]) == 0
    calls, old, new = int((FOLDER / "calls").read_text()), contents(before), contents(after)
    began, stopped = time.monotonic(), 0
    for number in range(count):
        folder = new_folder(f"point-{number}")
        shutil.copytree(before, folder)

        def run(number=number, folder=folder):
            at_call((number * calls + seed % calls) // count, die)
            return paint(folder, *more)

        status = waited(forked(run)[0])
        stopped += status != 0
        faults = list(faults_of_replaced(folder, old, new))
        child, log = forked(lambda folder=folder: paint(folder, *more))
        faults += faults_of_resumed(folder, waited(child), log, new)
        faults += [f"{path.name} is left over" for path in folder.iterdir() if path.is_dir()]
        wrong += [f"replace {number}, status {status}: {fault}" for fault in faults]
        shutil.rmtree(folder.parent)
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"points": count, "stopped": stopped, "wrong": wrong, "seconds": seconds}))


def main(kind, count, seed):
    generator, wrong, stopped = random.Random(seed), [], 0
    began = time.monotonic()
    alone = new_folder("alone")
    child, log = forked(lambda: paint(alone))
    assert waited(child) == 0, log.read_text()
    seconds, reference = time.monotonic() - began, contents(alone)
    for number in range(3):  # the shortest of a few: the first takes longer
        started, child = time.monotonic(), forked(lambda: paint(new_folder(f"timed-{number}")))[0]  # noqa: B023
        waited(child)
        seconds = min(seconds, time.monotonic() - started)
    for number, (prepare_child, sent, delay) in enumerate(points(kind, count, generator, seconds)):
        folder = new_folder(f"point-{number}")

        def run(folder=folder, prepare_child=prepare_child):
            if prepare_child:
                prepare_child()
            return paint(folder)

        child, log = forked(run)
        if sent:
            time.sleep(delay)
            os.kill(child, sent)
        status = waited(child)
        said = log.read_text()
        faults = list(faults_of_stopped(folder, reference))
        if "Traceback" in said or status not in (0, -signal.SIGKILL, -signal.SIGXFSZ, 1, 2, 130, 143, -signal.SIGTERM):
            faults.append(f"status {status}: {said[-300:]}")
        if kind == "error" and status and said.count("nstyle: error: ") != 1:
            faults.append(f"not one line: {said[-300:]}")
        if status:
            stopped += 1
            child, log = forked(lambda folder=folder: paint(folder, "--resume"))
            faults += faults_of_resumed(folder, waited(child), log, reference)
        wrong += [f"{kind} {number}, status {status}: {fault}" for fault in faults]
        shutil.rmtree(folder.parent)
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"points": count, "stopped": stopped, "wrong": wrong, "seconds": seconds}))


if __name__ == "__main__":
    FOLDER = Path(sys.argv[4])
    kind, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    replacing(count, seed) if kind == "replace" else main(kind, count, seed)
