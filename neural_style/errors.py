"""The one exception that the command line turns into a single line on stderr and exit status 2."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the option or file, says what is wrong with it and what to do.
    """
