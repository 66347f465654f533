"""A web server for a folder that can send parts of files, and can lose them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


class Ranges(SimpleHTTPRequestHandler):
    """Answers ``Range`` requests, as web servers do and Python's own does not."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file or the part that was asked for."""
        path = Path(self.translate_path(self.path))
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not path.is_file() or asked is None:
            super().do_GET()
            return
        content = path.read_bytes()
        first, last = asked.groups()
        part = (
            content[int(first) :][: int(last) - int(first) + 1 if last else None]
            if first
            else (content[-int(last) :])
        )
        self.send_response(206)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class Whole(SimpleHTTPRequestHandler):
    """Sends whole files only, whatever part is asked for."""

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path, handler: type[SimpleHTTPRequestHandler] = Ranges) -> Iterator[str]:
    """Serve a folder on a free port; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
