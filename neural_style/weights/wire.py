"""Protocol buffers' wire format, as far as files of weights need it: fields by number, no schema, no copy.

https://protobuf.dev/programming-guides/encoding/
"""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(data):
    """Yield the number and the value of each field of a message.

    Parameters
    ----------
    data : memoryview
        Of bytes.

    Yields
    ------
    number : int
    value : int or memoryview
        An int of a varint; a view into `data` of anything else.

    Raises
    ------
    ValueError
        If the message is cut off or none.
    """
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise ValueError("a field without a number")
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = _varint(data, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + size > len(data):
            raise ValueError("it ends too early")
        yield number, data[at : at + size]
        at += size


def varints(value):
    """The numbers of a repeated field of integers, which may be packed (a view) or stand alone (an int)."""
    if isinstance(value, int):
        return [value]
    numbers, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        numbers.append(number)
    return numbers


def _varint(data, at):
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("it ends too early")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number without an end")
