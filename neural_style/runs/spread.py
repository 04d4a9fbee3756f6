"""A run over workers: `--cluster`."""

import contextlib
import functools
import math
import uuid

from ..engines import schedulers
from ..engines import tiles as tasks
from ..engines.cluster import ClusterEncoder
from ..errors import InputError
from ..networks.registry import NETWORKS
from ..networks.strips import sees_all
from ..networks.tiles import tiles
from ..painting import losses
from ..weights import store
from . import fitting, limits

SHARE = 0.5  # of a worker's memory that the tiles that it keeps may take: Dask stops it at 0.8


@contextlib.contextmanager
def over(run, folder=None):
    """A run that the workers of `--cluster` compute, until the end of the block; without the option, as it is.

    Parameters
    ----------
    run : prepare.Run
    folder : Path, optional
        See `fitting.fitted`.

    Yields
    ------
    prepare.Run
        With an encoder in tiles, what run.json says of them, and lines for the user.

    Raises
    ------
    InputError
        If there are no such workers, one of them cannot compute what is asked for, or the memory is too small.
    """
    if run.settings.cluster is None:
        given = [run]
        del run  # nobody shall hold its pictures but who computes with them
        yield given.pop()
        return
    _check(run, folder)
    with schedulers.opened(run.settings.cluster) as found:
        yield _spread(run, found)


def _check(run, folder):
    it, names = run.settings, _looked_at(run)
    whole = sees_all(NETWORKS[it.model], names)
    if whole:
        raise InputError(f"--cluster: layer {whole} sees the whole picture at once; no tile can.")
    found, room = fitting.ways_beside_workers(run, folder), limits.room(run)
    need = min(fitting.needs(run, way, 0) for way in found)
    if room is not None and need > room and not it.no_memory_check:
        raise InputError(
            f"--max-long-edge: {run.size[1]} x {run.size[0]} pixels need about {limits.shown(need)} of memory here, "
            f"beside that of the workers; {limits.shown(room)} are {limits.whence(it)}; ask for less "
            "(--no-memory-check: try all the same)."
        )


def _looked_at(run):
    return {*run.settings.content_layers, *run.settings.style_layers}


def _spread(run, found):
    it, network, engine = run.settings, NETWORKS[run.settings.model], run.engine
    known = found.found()
    values, kept = _within_memory(run, [worker["memory_limit"] for worker in known.values()])
    load = functools.partial(store.of_checksum, sha256=run.weights.sha256, path=str(run.weights.path.resolve()))
    work = tasks.Work(
        token=uuid.uuid4().hex,
        network=network,
        load=load,
        pooling=it.pooling,
        pooling_scale=it.pooling_scale,
        means=it.style_loss in losses.USING_MEANS,
        engine=engine.name,
        precision=engine.precision,
        gpu=-1 if it.gpu == -1 or it.device == "cpu" else None,
        versions=tasks.versions(engine),
        values=values,
        kept=kept,
    )
    encoder = ClusterEncoder(engine, found, work, it.border, it.tile, lambda: load(network))
    count = len(tiles_of(run))
    size = f"{run.size[1]} x {run.size[0]} pixels in {count} {'tiles' if count > 1 else 'tile'}"
    notices = [f"On {len(known)} {'workers' if len(known) > 1 else 'worker'} of {it.cluster}: {size}."]
    if encoder.sent is not None:
        notices.append("The weights are sent to the workers, of which some have them not.")
    idle = [address for address, worker in known.items() if worker["nthreads"] > 1]
    if idle:
        notices.append(
            f"{len(idle)} workers have several threads, of which one computes at a time, such as {idle[0]}; "
            "`dask worker` takes --nworkers -1 --nthreads 1."
        )
    return run._replace(
        encoder=encoder,
        notices=(*run.notices, *notices),
        cluster={"where": it.cluster, "workers": len(known), "tile": it.tile, "tiles": count, "strips": values or None},
    )


def tiles_of(run):
    """The tiles of a run's result."""
    it, padded = run.settings, [edge + 2 * run.settings.border for edge in run.size]
    return tiles(NETWORKS[it.model], padded, it.pooling, _looked_at(run), it.tile)


def _within_memory(run, room):
    """Values of a strip inside of a tile, 0 where tiles are computed whole; and how many evaluators a worker keeps."""
    it = run.settings
    limit = min((SHARE * each for each in room if each), default=math.inf)
    pixels = max(math.prod(last - first for first, last in tile.seen) for tile in tiles_of(run))
    known = limits.measured(run.engine.name, it.model)
    each = known.get(it.precision, known["float32"])
    regions = sum(region is not None for region in run.regions)
    need = limits.PROCESS_BYTES + pixels * (each.result + each.mask * (1 + regions))
    if need <= limit:
        return 0, int(min(64, limit // (need - limits.PROCESS_BYTES)))
    left = limit - limits.PROCESS_BYTES - pixels * each.painting
    if run.engine.name != "torch" or left <= 0:
        raise InputError(
            f"--tile {it.tile}: a tile with its halo needs about {limits.shown(need)} of a worker's memory, of which "
            f"{limits.shown(limit)} may be taken; ask for smaller tiles."
        )
    return 2 ** int(math.log2(left / fitting.STRIP_VALUE[it.precision])), 1
