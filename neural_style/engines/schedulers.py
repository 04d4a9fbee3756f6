"""Where `--cluster` finds workers of Dask: at a scheduler's address, by its file, or as processes started here."""

import asyncio
import concurrent.futures
import contextlib
import functools
import json
import logging
import os
import socket
import warnings
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError, one_line
from . import workers

LOCAL = "local:"
LOGGING, SILENT = ("distributed", "tornado", "asyncio"), logging.CRITICAL + 1
# a tile is no graph that is too large; and a worker that starts again may take longer than 15 seconds
PATIENT = {
    "distributed.admin.large-graph-warning-threshold": "1TB",
    "distributed.deploy.lost-worker-timeout": "10 minutes",
}
LOOPBACK = "127.0.0.1"
CARDS = Path("/proc/driver/nvidia/gpus")


class Where(NamedTuple):
    """A value of `--cluster`, understood."""

    address: str  # of a scheduler; empty: there is none yet
    count: int = 0  # of workers to be started here


def understood(value):
    """Where the workers are.

    Parameters
    ----------
    value : str
        `local:N`, the address of a scheduler, or the name of a scheduler file.

    Raises
    ------
    InputError
        If it is none of these.
    """
    text = str(value)
    if text.startswith(LOCAL):
        number = text[len(LOCAL) :]
        if not (number.isdecimal() and 1 <= int(number) <= 1000):
            raise InputError(f"--cluster {text}: how many workers? Give a number, such as local:2.")
        return Where("", int(number))
    host, colon, port = text.rpartition("://")[2].rpartition(":")
    if colon and host and port.isdecimal() and not os.path.exists(text):
        return Where(text if "://" in text else f"tcp://{text}")
    if not os.path.isfile(text):
        raise InputError(
            f"--cluster {text}: there is no such scheduler file; give one, an address such as tcp://10.0.0.1:8786, or "
            "local:2."
        )
    try:
        return Where(str(json.loads(Path(text).read_text(encoding="utf-8"))["address"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            f"--cluster {text}: is no file that a scheduler wrote; `dask scheduler --scheduler-file FILE` writes one."
        ) from None


@contextlib.contextmanager
def opened(value):
    """The workers that a value of `--cluster` names, until the end of the block.

    Yields
    ------
    workers.Workers

    Raises
    ------
    InputError
        If nobody answers there, or no worker is there.
    """
    where = understood(value)
    try:
        import dask
        import distributed
    except ImportError:
        raise InputError("--cluster: needs the package distributed: pip install distributed.") from None
    for name in [*logging.root.manager.loggerDict]:  # what happens there is said here, in one line
        if name.partition(".")[0] in LOGGING:
            logging.getLogger(name).setLevel(SILENT)
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(PATIENT))
        revive = None
        if where.count:
            target = stack.enter_context(_local(where.count))
            revive = functools.partial(target.scale, where.count)
        else:
            target = where.address
            _knock(value, target)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # on versions: what must agree is checked by `tiles.ready`
                # workers of this machine can be reached; others perhaps by their scheduler alone
                direct, patience = bool(where.count), workers.PATIENCE
                client = distributed.Client(target, timeout=patience, set_as_default=False, direct_to_workers=direct)
        except Exception as error:  # of many kinds: a name that is none, a port that is closed, another protocol, TLS
            raise InputError(f"--cluster {value}: {one_line(error)}; is it a scheduler of Dask?") from None
        stack.callback(_closed, client)
        found = workers.Workers(client, str(value), where.count, revive)
        found.wait_for_one()
        yield found


def _knock(value, address):
    """InputError where nobody listens, before Dask tries again and again."""
    import dask

    scheme, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    if scheme == "tls" and not dask.config.get("distributed.comm.tls.ca-file", None):
        raise InputError(
            f"--cluster {value}: Dask knows no certificates; name them in its configuration (docs/cluster.md)."
        )
    if scheme != "tls" and dask.config.get("distributed.comm.require-encryption", None):
        raise InputError(
            f"--cluster {value}: Dask's configuration asks for encryption; give the address of one as tls://{place}."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), workers.PATIENCE).close()
    except (OSError, ValueError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise InputError(f"--cluster {value}: {reason}; is `dask scheduler` running there?") from None
    # nobody gets rid of a client that cannot connect: so first without one, in a thread, for a notebook runs a loop
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        error = thread.submit(asyncio.run, _greeted(address)).exception()
    if error:
        # what another kind of server says is read as lengths that no memory has
        silent = isinstance(error, (asyncio.TimeoutError, MemoryError))
        reason = "no scheduler of Dask answers" if silent else one_line(error)
        raise InputError(f"--cluster {value}: {reason}; is `dask scheduler` running there?")


async def _greeted(address):
    from distributed import Security
    from distributed.comm import connect

    arguments = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, timeout=workers.PATIENCE, **arguments), workers.PATIENCE)
    comm.abort()


def _closed(client):
    with contextlib.suppress(Exception):  # who is gone cannot be left
        client.close(timeout=5)


@contextlib.contextmanager
def _local(count):
    """A scheduler and worker processes of this machine, which nobody else can reach."""
    from distributed import Nanny, Scheduler, SpecCluster

    silent = {"host": LOOPBACK, "dashboard": False, "dashboard_address": f"{LOOPBACK}:0"}
    cards = cards_here()
    specification = {
        number: {
            "cls": Nanny,
            "options": {
                **silent,
                "nthreads": 1,
                "silence_logs": SILENT,
                "preload": ["neural_style.engines.tiles"],
                "env": environment(number, count, cards),
                "memory_limit": 1.0 / count,
            },
        }
        for number in range(count)
    }
    scheduler = {"cls": Scheduler, "options": {**silent, "port": 0, "allowed_failures": 20}}
    try:
        cluster = SpecCluster(specification, scheduler, silence_logs=SILENT)
    except Exception as error:
        raise InputError(f"--cluster {LOCAL}{count}: the workers do not start ({one_line(error)}).") from None
    try:
        yield cluster
    finally:
        with contextlib.suppress(Exception):
            cluster.close(timeout=10)


def environment(number, count, cards, given=os.environ):
    """The environment of one of several local workers: its share of the cores, and a card of its own if there are any.

    Parameters
    ----------
    number, count : int
        Which worker of how many.
    cards : sequence of str
        The GPUs of this machine by what CUDA calls them.
    given : mapping

    Returns
    -------
    dict
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    threads = given.get("OMP_NUM_THREADS") or str(max(1, cores // count))
    result = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
    result["OMP_WAIT_POLICY"] = given.get("OMP_WAIT_POLICY", "passive")
    if cards:
        result["CUDA_VISIBLE_DEVICES"] = cards[number % len(cards)]
    return result


def cards_here(given=os.environ, folder=CARDS):
    """The NVIDIA cards that this process may use, by what CUDA calls them."""
    if "CUDA_VISIBLE_DEVICES" in given:
        return [card.strip() for card in given["CUDA_VISIBLE_DEVICES"].split(",") if card.strip() not in ("", "-1")]
    return [str(number) for number, _ in enumerate(folder.iterdir())] if folder.is_dir() else []
