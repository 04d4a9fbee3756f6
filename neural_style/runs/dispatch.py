"""Several photographs over workers, one run each: `--cluster` where `--content-image` names several.

A worker paints into the folder of the results, which every machine must see, as it would alone.
"""

import argparse
import contextlib
import datetime
import io
import os
import time
from pathlib import Path

from ..engines import schedulers
from ..errors import InputError, one_line
from . import errands, output, paint, prepare, talk
from .status import Status

_shared = {}  # token of a batch -> prepare.Shared, in a worker


def painted(args, runs):
    """Paint each photograph on a worker.

    Parameters
    ----------
    args : argparse.Namespace
    runs : dict of str to argparse.Namespace
        Photograph -> the settings of its run.

    Yields
    ------
    str, str or None
        A photograph when it is done, and what failed.

    Raises
    ------
    InputError
        If there are no such workers, or one does not see the photographs.
    ClusterLost
        If they are gone.
    """
    names, here = list(runs), os.getcwd()
    began = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    with schedulers.opened(args.cluster) as found:
        for address, missing in found.everywhere(errands.unseen, here, list(filter(os.path.exists, names))).items():
            if missing:
                raise InputError(
                    f"--cluster {args.cluster}: worker {address} does not see {missing}; several photographs need a "
                    "folder that all machines share."
                )
        token = f"nstyle-{found.client.id}"
        if not args.no_progress:
            talk.say(f"{len(names)} pictures on {len(found.found())} workers of {args.cluster}.")
            found.listen(token, talk.say)
        for each in runs.values():
            each.cluster, each.no_progress, each.open = None, True, False
        futures = [found.submit(_paint, token, here, began, name, runs[name]) for name in names]
        try:
            for index in found.done(futures):
                (failure,) = found.results([futures[index]])
                yield names[index], failure
        finally:
            found.cancel(futures)


def _paint(token, folder, began, name, settings):
    """A run in a worker; what failed, or None."""
    heard, start = errands.Heard(token, name), time.monotonic()
    os.chdir(folder)
    settings = argparse.Namespace(**vars(settings))
    if _was_begun(Path(settings.output_dir), began):  # by a worker that is no more
        settings.resume, settings.overwrite = True, False
    if token not in _shared:
        _shared.clear()
        _shared[token] = prepare.Shared()
    heard.begin()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            shared = _shared[token]
            status = paint.train(settings, lambda data: heard.tell(f"epoch {data.get('epoch')}"), shared=shared)
    except KeyboardInterrupt:
        return "interrupted"
    except Exception as error:  # whatever is wrong with one, the next is another
        return one_line(error)
    heard.say(f"{status} after {time.monotonic() - start:.0f} s")
    return "diverged" if status == Status.DIVERGED else None


def _was_begun(folder, began):
    record = output.read_record(folder) or {}
    return record.get("status") == Status.RUNNING and str(record.get("started")) >= began
