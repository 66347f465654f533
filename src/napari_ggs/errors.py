"""Faults that a person can put right, told apart from our own."""


class UserError(Exception):
    """Something about the input, the settings or the machine that a person can put right.

    The message is one line: what was found, what was expected and what to do. The command line
    prints it without a traceback and exits with 2; the viewer shows it in the dock.
    """
