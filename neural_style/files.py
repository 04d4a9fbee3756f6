"""Files that are either whole or not there: written beside their final name, then renamed into place."""
import contextlib
import hashlib
import mmap
import os
import tempfile
import weakref
from pathlib import Path

from .errors import EngineError

TEMPORARY = ".nstyle-"  # how the names of files begin that are being written
HELD = 1 << 28  # bytes of `Scratch` that may lie in memory


@contextlib.contextmanager
def replacing(path, earlier=None):
    """Yield a temporary path beside `path`; on success it is flushed to disk and renamed to `path`.

    The temporary name keeps the suffix of `path`, so that encoders can tell the format from it. If the block
    raises, the temporary file is removed and whatever stood at `path` stays as it was.

    Parameters
    ----------
    path : str or Path
        The final name. Its folder must exist.
    earlier : str or Path, optional
        Where to put what stood at `path`, when its successor is ready.

    Yields
    ------
    Path
        An empty file in the same folder, to be written.

    Raises
    ------
    OSError
        If the folder cannot be written, the disk is full, or the rename fails.
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(prefix=f"{TEMPORARY}{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(temporary)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        if earlier is not None and path.exists():
            os.replace(path, earlier)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path, data):
    """Put `data` at `path`, whole or not at all (see `replacing`)."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path, text):
    """Put `text` as UTF-8 at `path`, whole or not at all (see `replacing`).

    What cannot be text, from names of files that are not UTF-8, is written as JSON's escapes.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def checksum(path, kind="SHA-256"):
    """Return the hexadecimal checksum of a file's whole content.

    Parameters
    ----------
    path : str or Path
    kind : {'SHA-256', 'SHA-1', 'MD5', 'git blob SHA-1'}
        The last is what git calls the file: SHA-1 over ``blob <bytes>\\0`` and the content.
    """
    path = Path(path)
    state = hashlib.new(kind.split()[-1].replace("-", "").lower(), usedforsecurity=False)
    if kind.startswith("git blob"):
        state.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def _umask():
    # the mask can only be read by setting it
    mask = os.umask(0)
    os.umask(mask)
    return mask


class Scratch:
    """Arrays of bytes on a disk that look like memory; they go with the process, and have no names.

    Parameters
    ----------
    folder : str or Path
        On a disk with room for them.
    """

    def __init__(self, folder):
        self.folder, self._mapped, self._passed = Path(folder), [], 0

    def allocate(self, size):
        """So many bytes, all zero, that can be written to.

        Returns
        -------
        mmap.mmap

        Raises
        ------
        EngineError
            If the disk has no room for them: it is taken here, so that writing to them cannot fail later.
        """
        try:
            with tempfile.TemporaryFile(prefix=TEMPORARY, dir=self.folder) as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    for start in range(0, size, 1 << 24):
                        file.write(bytes(min(1 << 24, size - start)))
                    file.flush()
                mapped = mmap.mmap(file.fileno(), size)
        except OSError as error:
            raise EngineError(
                f"--scratch {self.folder}: no room for {size / 1e6:.0f} MB more ({error.strerror or error}); "
                "make room or name another folder, then go on with --resume."
            ) from None
        self._mapped = [*(known for known in self._mapped if known() is not None), weakref.ref(mapped)]
        return mapped

    def passed(self, size):
        """So many bytes more have been read or written: once they are many, `let_go`."""
        self._passed += size
        if self._passed >= HELD:
            self.let_go()

    def let_go(self):
        """Leave the arrays to the disk: until they are read again they take no memory of the process."""
        self._passed = 0
        for known in self._mapped:
            mapped = known()
            if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
                mapped.madvise(mmap.MADV_DONTNEED)
