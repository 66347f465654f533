"""What only POSIX has: tests that need it are skipped elsewhere, visibly."""

import sys

import pytest

if sys.platform == "win32":
    resource = None
else:
    import resource

needs_sigkill = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
needs_limits = pytest.mark.skipif(resource is None, reason="Windows has no limit on files")
needs_limits_of_others = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux limits a process that runs"
)
