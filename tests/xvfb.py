"""A screen of its own for tests that draw: Qt's offscreen platform has no OpenGL."""

import atexit
import functools
import os
import subprocess
import sys

SCREEN = "1600x1000x24"


@functools.cache
def start() -> None:
    """Start an Xvfb for this process and point Qt at it; call it before the first window.

    Elsewhere than on Linux there is a screen, and no Xvfb: nothing happens.
    """
    if sys.platform != "linux":
        return
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as number:
        display = number.readline().strip()
    atexit.register(server.terminate)
    os.environ.update(DISPLAY=f":{display}", QT_QPA_PLATFORM="xcb")
