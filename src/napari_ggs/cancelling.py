"""How long work is asked to end early."""

from collections.abc import Callable

Cancelled = Callable[[], bool]
"""Asked between batches; once it says True, the work ends and keeps what it has."""


def never() -> bool:
    """Nobody cancels."""
    return False
