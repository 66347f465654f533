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

    Its number is the process's own: two servers that look for a free one at the same time may
    find the same, and a process whose screen ends with another one's dies without a word.
    Elsewhere than on Linux there is a screen, and no Xvfb: nothing happens.
    """
    if sys.platform != "linux":
        return
    read, write = os.pipe()
    number = f":{1000 + os.getpid() % 50_000}"
    command = ["Xvfb", number, "-displayfd", str(write), "-screen", "0", SCREEN]
    command += ["-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as ready:
        display = ready.readline().strip()
    atexit.register(server.terminate)
    os.environ.update(DISPLAY=f":{display}", QT_QPA_PLATFORM="xcb")
