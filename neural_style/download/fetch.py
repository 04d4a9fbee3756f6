"""One file from its sources: an ordered list (`sources.py`), tried in turn.

Carried over by hand into the file's own folder, in the mirror, in the caches of other programs, at the address where
it was published. A source is brought to a hidden `.<name>.part` and moved or converted to the file's final name once
its whole content is found to be the published one.
"""

import contextlib
import re
import shutil
import sys
import time
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from filelock import FileLock, Timeout
from tqdm import tqdm

from .. import start
from ..errors import InputError, printable
from ..files import checksum, replacing
from ..networks.registry import NETWORKS
from ..weights import identity, layouts, store
from . import caches
from .transport import LIMIT, Client, Unfit, discard, download, length, shown


def destination(path):
    """Where a file of ours goes, as a Path: relative to the current folder, or in `$NSTYLE_HOME`."""
    return Path(start.home(), path)


class Outcome(NamedTuple):
    """What became of one file: a line of the summary."""

    path: Path
    there: bool
    text: str


def fetch(file, mirror=None, client=None, offline=False, force=False):
    """Put one file in place, from the first source that has it.

    Parameters
    ----------
    file : sources.File
    mirror : str, Path or None
        See `find_mirror`.
    client : download.Client, optional
    offline : bool, optional
        Look into folders only, ask no server.
    force : bool, optional
        Fetch it even if it is there.

    Returns
    -------
    Outcome
    """
    path = destination(file.path)
    try:
        if not force and (known := intact(file)):
            return Outcome(path, True, f"already there, {known}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with taking_turns(path):
            # another run may have brought it while this one waited
            if not force and (known := intact(file)):
                return Outcome(path, True, f"already there, {known}")
            for source, place in _places(file, mirror, offline):
                part = path.with_name(f".{source.name}.part")
                try:
                    proof = bring(source, place, part, client or Client())
                    install(file, source, part, shown(place), proof)
                except (Unfit, InputError) as fault:
                    print(printable(f"{shown(place)}: {fault}"), file=sys.stderr)
                    continue
                for other in file.sources:
                    discard(path.with_name(f".{other.name}.part"))
                    discard(path.with_name(f".{other.name}.zip.part"))
                return Outcome(path, True, f"{size_of(path)} from {shown(place)}, {_verified(proof)}")
            if force and (known := intact(file)):
                return Outcome(path, True, f"no source had it again; kept, {known}")
    except (InputError, OSError) as error:
        return Outcome(path, False, f"MISSING: {error}")
    if path.exists() and not file.network and _is_picture(path):
        return Outcome(path, True, "kept, though it is not the sample of this name")
    return Outcome(path, False, "DAMAGED, and no source had it" if path.exists() else "MISSING: no source had it")


def intact(file):
    """Tell how the file at its final name is known to be right; None if it is absent or damaged.

    A weights file is right if it is unchanged since it was recorded; or if its content is the published one, which is
    recorded then; or, where nothing is recorded, if it holds every array that its network needs.
    """
    path = destination(file.path)
    if not path.is_file():
        return None
    note = store.recorded(path) if file.network else {}
    if note and checksum(path) == note["sha256"]:
        return f"from {note['origin']}, {_verified(note['verified_by'])}"
    for source in file.sources:
        if source.name == path.name and source.checksums:
            with contextlib.suppress(Unfit):
                proof = prove(source, path)
                if file.network:
                    with contextlib.suppress(OSError):  # the folder may be for reading only
                        store.record(path, f"{path.name}, found in place", proof)
                return _verified(proof)
    if file.network and not note:
        with contextlib.suppress(InputError):
            layouts.read(NETWORKS[file.network], path)
            return "of unknown origin, not verified"
    return None


def bring(source, place, part, client):
    """Have the whole of a source at the path `part`, copied from a folder or downloaded, and prove it.

    Raises
    ------
    Unfit
        If it is not to be had there. What came so far is kept for another run, unless it is wrong.
    """
    if isinstance(place, Path):
        discard(part)
        try:
            shutil.copyfile(place, part)
        except OSError as error:
            raise Unfit(f"cannot be copied ({error})") from None
        return prove(source, part)
    packed = part.with_name(f".{source.name}.zip.part") if place.endswith(".zip") else part
    for last in (False, True):
        pieced = download(place, packed, client, source.size if packed == part else 0)
        try:
            if packed != part:
                _unpack(packed, source.name, part)
            return prove(source, part)
        except Unfit:
            discard(part)
            discard(packed)
            # pieces of two different files are no reason to give up the source
            if last or not pieced:
                raise
    return None


def prove(source, path):
    """Return the published checksum that the file at `path` matches, None if none is published for the source.

    Of some files only the beginning of it is published.

    Raises
    ------
    Unfit
        If it matches none of those published.
    """
    for kind, value in source.checksums:
        if checksum(path, kind).startswith(value):
            return f"{kind} {value}"
    if source.checksums:
        raise Unfit(f"wrong content: its {source.checksums[0][0]} is not the published one")
    return None


def install(file, source, part, origin, proof):
    """Put a source that was brought to `part` at the file's final name, converted if it is of another name."""
    path = destination(file.path)
    if file.network:
        try:
            arrays = layouts.read(NETWORKS[file.network], part)
        except InputError:
            discard(part)
            raise
    elif path.exists():
        # it may be somebody's own photograph under the sample's name
        path.replace(path.with_name(f"{path.stem}-{checksum(path)[:8]}{path.suffix}"))
    if source.name == path.name:
        with replacing(path) as temporary:
            part.replace(temporary)
    else:
        store.save(path, arrays)
    if file.network:
        store.record(path, origin, proof)


def take(path, model=None, force=False):
    """Install a file of weights that the user has, in whatever layout, for our range.

    Parameters
    ----------
    path : Path
    model : str, optional
        The network it is of; otherwise that is found by its shapes.
    force : bool, optional
        Replace what is installed.

    Returns
    -------
    (str, Outcome)
        What the file is, in lines.

    Raises
    ------
    InputError
        If it is of no network, or the network is installed already.
    """
    network, stored = identity.identified(path, model)
    words = identity.lines(identity.description(network, stored))
    target = destination(f"model/{network.name}.params")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with taking_turns(target):
            if target.exists() and not force:
                raise InputError(f"--from {path}: {target} is there already; add --force to replace it.")
            identity.convert(network, stored, target)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{target}: cannot be written ({reason}); NSTYLE_HOME names another place.") from None
    proof = store.recorded(target)["verified_by"]
    return words, Outcome(target, True, f"{size_of(target)} from {path}, {_verified(proof)}")


def _places(file, mirror, offline):
    """Yield every (source, place) in the order to be tried; a place is a Path or an address."""
    path = destination(file.path)
    for folder in (path.parent, mirror):
        for source in file.sources if isinstance(folder, Path) else ():
            found = folder / source.name
            if found.is_file() and not (path.exists() and found.samefile(path)):
                yield source, found
    yield from ((source, found) for source in file.sources for found in caches.places(source))
    if not offline:
        if isinstance(mirror, str):
            yield from ((source, f"{mirror.rstrip('/')}/{source.name}") for source in file.sources)
        yield from ((source, source.url) for source in file.sources if source.url)


@contextlib.contextmanager
def taking_turns(path):
    """Let one run at a time work on a file. The system frees the lock of a run that was killed."""
    name, told = path.with_name(f".{path.name}.lock"), False
    while True:
        lock = FileLock(name, timeout=0)
        with contextlib.suppress(Timeout):
            lock.acquire()
            if name.exists():
                break
            lock.release()  # the run before has just removed it: whoever comes next makes a new one
            continue
        if not told:
            print(f"{path}: another run is working on it; waiting", file=sys.stderr)
            told = True
        time.sleep(0.1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # where a file that is open cannot be removed, the lock removes it itself
            name.unlink()
        lock.release()


def _unpack(archive, name, path):
    """Copy the one member called `name`, in whatever folder of the zip, to `path`: its own path is not used."""
    try:
        with zipfile.ZipFile(archive) as packed, path.open("wb") as out:
            members = [member for member in packed.infolist() if PurePosixPath(member.filename).name == name]
            if not members or members[0].file_size > LIMIT:
                raise Unfit(f"the zip archive does not hold {name}")
            with packed.open(members[0]) as member:
                shutil.copyfileobj(member, out)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unfit(f"not a sound zip archive ({error})") from None


def _is_picture(path):
    from ..pictures import reading

    try:
        reading.read(path)
    except (InputError, OSError):
        return False
    return True


def _verified(proof):
    return "verified by " + re.sub(r"([0-9a-f]{12})[0-9a-f]+", r"\1...", proof) if proof else "not verified"


def size_of(path):
    """The length of a file for people, such as 80.1MB."""
    return tqdm.format_sizeof(length(path), "B")

