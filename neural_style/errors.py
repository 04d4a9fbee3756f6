"""The exceptions that the command line turns into a single line on stderr, with exit status 2 and 1."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the option or file, says what is wrong with it and what to do.
    """


class RunError(RuntimeError):
    """A run that was going on cannot go on: its output directory is full, gone or read-only.

    The message is one line that says what happened, what is safe and what to do.
    """


class EngineError(RunError):
    """An engine's library could not compute. The message is one line."""


def one_line(error):
    """What an exception says, in one line: of several the last one that says something, where causes stand."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else "out of memory" if isinstance(error, MemoryError) else type(error).__name__


def printable(text):
    """A text of somebody else's, such as a server's reason phrase, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
