"""MXNet's `.params`: a list of named arrays. Written here, so that no engine is needed for it."""

import struct

import numpy as np

LIST, DENSE = 0x112, 0xF993FAC9  # marks of the file and of each array
FLOAT32 = 0


def write(path, arrays):
    """Write float32 arrays by name, as `mx.nd.save` does: the same bytes for the same arrays.

    Parameters
    ----------
    path : Path
    arrays : dict of str to ndarray

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with path.open("wb") as file:
        file.write(struct.pack("<QQQ", LIST, 0, len(arrays)))
        for array in arrays.values():
            array = np.ascontiguousarray(array, "<f4")
            file.write(struct.pack("<IiI", DENSE, 0, array.ndim))
            file.write(struct.pack(f"<{array.ndim}q", *array.shape))
            file.write(struct.pack("<iii", 1, 0, FLOAT32))  # on the CPU, number 0
            file.write(array.data)
        names = [name.encode() for name in arrays]
        file.write(struct.pack("<Q", len(names)))
        for name in names:
            file.write(struct.pack("<Q", len(name)) + name)
