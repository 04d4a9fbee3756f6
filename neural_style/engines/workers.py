"""Workers of Dask: how tasks go there and come back.

Tasks are pure and carry their data, so what a lost worker had is computed again by another.
"""

import asyncio  # whose TimeoutError is Python's own from 3.11 on
import collections
import contextlib
import itertools
import time

from ..errors import EngineError, InputError, one_line
from .tiles import WeightsMissing

PATIENCE = 10  # seconds to wait for an address to answer, or a worker to come
WITHOUT_WORKERS = 120  # seconds that a run waits for a worker where there is none
AT_ONCE = 32  # results that are fetched at a time, at most


class ClusterLost(EngineError):
    """The workers, or what leads to them, are gone."""


class Workers:
    """Somebody who computes what is submitted.

    Parameters
    ----------
    client : distributed.Client
    name : str
        What `--cluster` called them.
    local : int
        How many were started here; 0: others started them.
    revive : callable, optional
        Starts those again that do not come back by themselves.
    """

    def __init__(self, client, name, local=0, revive=None):
        self.client, self.name, self.local, self._revive = client, name, local, revive
        self._numbers = itertools.count()

    def wait_for_one(self):
        """InputError if no worker is there, or comes soon."""
        try:
            self.client.wait_for_workers(max(1, self.local), timeout=PATIENCE * (6 if self.local else 1))
        except Exception as error:
            if self.local:
                raise InputError(f"--cluster {self.name}: the workers do not start ({one_line(error)}).") from None
            address = self.client.scheduler.address
            raise InputError(
                f"--cluster {self.name}: no worker has come; start some with `dask worker {address} --nthreads 1`."
            ) from None

    def found(self):
        """What the scheduler knows of each worker, by address."""
        return self.client.scheduler_info(n_workers=-1)["workers"]

    def everywhere(self, function, *arguments):
        """What a function returns on each worker, by address.

        Raises
        ------
        InputError
            If it raises on one; what it says.
        """
        who = "the scheduler"
        try:
            self.client.run_on_scheduler(_itself, None)  # which reads what passes through it
            who = "a worker"
            return self._on_each(function, arguments)
        except EngineError as error:
            raise InputError(f"--cluster {self.name}: {error}") from None
        except Exception as error:
            raise InputError(
                f"--cluster {self.name}: {who} cannot run nstyle ({one_line(error)}); install the same nstyle there, "
                "or start it with nstyle's folder in PYTHONPATH."
            ) from None

    def _on_each(self, function, arguments):
        for more in (2, 1, 0):
            try:
                return self.client.run(function, *arguments)
            except OSError:  # one that is just dying
                if not more:
                    raise
                time.sleep(1)
        return {}

    def submit(self, function, *arguments):
        """Have a function called somewhere; its arguments may be futures of others."""
        key = f"{function.__name__}-{self.client.id}-{next(self._numbers)}"
        with self._connected():
            return self.client.submit(function, *arguments, key=key, pure=False)

    def done(self, futures):
        """The numbers of the futures, each when it is done."""
        from distributed import as_completed

        with self._connected(), self.client.as_current():
            for future in as_completed(futures):
                yield futures.index(future)

    def cancel(self, futures):
        """Have nobody compute what is not needed any more."""
        with contextlib.suppress(Exception):
            self.client.cancel(futures)

    def listen(self, topic, function):
        """Call a function with each text that workers log under a topic."""
        self.client.subscribe_topic(topic, lambda event: function(event[1]))

    def share(self, value):
        """A value as a future: sent once, and to a worker when it is first needed there."""
        return self.submit(_itself, value)

    def spread(self, values):
        """Values as futures, evenly over the workers: what asks for one is computed where it lies."""
        addresses = sorted(self.found())
        with self._connected():
            return [
                self.client.submit(
                    _itself,
                    value,
                    key=f"spread-{self.client.id}-{next(self._numbers)}",
                    pure=False,
                    workers=addresses[number % len(addresses)] if addresses else None,
                    allow_other_workers=bool(addresses),
                )
                for number, value in enumerate(values)
            ]

    def results(self, futures):
        """What the futures become, in their order: each, and those behind it that are done, when it is.

        So what comes first is fetched and used while others still compute.

        Raises
        ------
        ClusterLost
            If the scheduler is gone, or there has been no worker for two minutes.
        EngineError
            If one failed.
        """
        left = collections.deque(futures)
        while left:
            self._wait(left[0])
            some = [left.popleft()]
            while left and left[0].done() and len(some) < AT_ONCE:
                some.append(left.popleft())
            with self._connected():
                yield from self.client.gather(some)

    def _wait(self, future):
        from distributed import wait

        alone = None  # since when there has been no worker
        while True:
            with self._connected():
                try:
                    with self.client.as_current():
                        wait(future, timeout=5)
                    return
                except asyncio.TimeoutError:
                    alone = None if self.found() else alone or time.monotonic()
                    if self._revive is not None and len(self.found()) < self.local:
                        self._revive()
            if alone and time.monotonic() - alone > WITHOUT_WORKERS:
                raise ClusterLost(
                    f"--cluster {self.name}: there has been no worker for {WITHOUT_WORKERS} s; start some, then go on "
                    "with --resume."
                )

    @contextlib.contextmanager
    def _connected(self):
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        try:
            yield
        except (EngineError, WeightsMissing, asyncio.TimeoutError):
            raise
        except KilledWorker:
            raise ClusterLost(
                f"--cluster {self.name}: every worker that took one of the tiles was killed, perhaps for memory; give "
                "them more, or ask for a smaller --tile, then go on with --resume."
            ) from None
        except Exception as error:
            if self.client.status == "running" and not isinstance(error, FutureCancelledError):
                raise EngineError(f"--cluster {self.name}: {one_line(error)}") from error
            raise ClusterLost(
                f"--cluster {self.name}: the connection to the scheduler was lost; see to it, then go on with --resume."
            ) from None


def _itself(value):
    return value
