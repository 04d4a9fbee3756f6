"""A file as a view of bytes that are read when they are looked at: what is not looked at takes no memory."""

import mmap


def mapped(path):
    """The content of a file that is not empty, as a memoryview."""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
