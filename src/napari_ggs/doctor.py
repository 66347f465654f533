"""What is installed, what is missing, and what to do about it.

Run as ``python -m napari_ggs.doctor --install`` it gets the system libraries that napari's
window (Qt, OpenGL) and its tests (Xvfb) need; standard library only, so that it runs first.
"""

import argparse
import ctypes
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_ggs.classification import AnyClassifier
    from napari_ggs.detection import AnyDetector

LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libgthread-2.0.so.0": "libglib2.0-0",
}
"""Shared libraries that Qt, its xcb platform and OpenGL load, and the Debian package of each.

What else they load comes along with these packages. Where libglib2.0-0 has become
libglib2.0-0t64, apt takes the old name for the new.
"""

QT_BINDINGS = ("PyQt6", "PySide6", "PyQt5", "PySide2")
"""Any of them serves napari."""

PROGRAMS = {"Xvfb": "xvfb"}
"""Programs that the viewer's tests need, and the Debian package of each."""

BROWSER = {"chromium": "chromium"}
"""What the tests of reports need, which are skipped without it: Debian's; Ubuntu's apt has none."""


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages() -> list[str]:
    """Debian packages of the system libraries and programs that this Linux machine lacks."""
    if platform.system() != "Linux":
        return []
    libraries = [package for name, package in LIBRARIES.items() if not _loads(name)]
    return libraries + _missing_programs(PROGRAMS)


def missing_browser() -> list[str]:
    """The Debian package of the browser, if this Linux machine lacks it."""
    return _missing_programs(BROWSER) if platform.system() == "Linux" else []


def _missing_programs(programs: dict[str, str]) -> list[str]:
    return [package for name, package in programs.items() if not shutil.which(name)]


def _as_root() -> list[str] | None:
    """The words to put before a command that needs root, or None without the right to."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True).returncode == 0:
        return [sudo, "-n"]
    return None


def install(packages: list[str]) -> int:
    """Install Debian packages through apt, or print the one line that does it.

    Returns
    -------
    int
        0 if they are there afterwards, else 2.
    """
    names = " ".join(packages)
    root = _as_root()
    if root is None or not shutil.which("apt-get"):
        print(  # noqa: T201
            f"Missing system libraries: {names} (Debian and Ubuntu's names).\n"
            f"Install them, then run the same command again:\n"
            f"    sudo apt-get update && sudo apt-get install -y {names}",
            file=sys.stderr,
        )
        return 2
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    subprocess.run([*apt, "update", "-qq"], check=False)
    quiet = ["install", "-y", "-qq", "--no-install-recommends"]
    return 2 if subprocess.run([*apt, *quiet, *packages]).returncode else 0


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes
    ----------
    what, detail : str
        What was checked, and what was found.
    ok : bool or None
        False if something needed is missing; None if something optional is.
    remedy : str
        What to do, where something is missing.
    """

    what: str
    detail: str
    ok: bool | None = True
    remedy: str = ""


def examine() -> list[Finding]:
    """Check the package, the readers, the device, the embedded models and the viewer."""
    libraries = list(_libraries())
    whole = all(finding.ok for finding in libraries)
    networks = [_device(), *_models()] if whole else []
    return [_python(), *libraries, *networks, _viewer(), _system()]


def _python() -> Finding:
    return Finding("python", f"{platform.python_version()} on {platform.platform()}")


def _libraries() -> Iterator[Finding]:
    roles = {
        "napari-ggs": ("napari_ggs", "this package"),
        "tifffile": ("tifffile", "reads SVS and TIFF slides"),
        "imagecodecs": ("imagecodecs", "decodes their tiles"),
        "openslide-bin": ("openslide_bin", "OpenSlide itself"),
        "openslide-python": ("openslide", "reads the other formats"),
        "zarr": ("zarr", "pyramids"),
        "pandas": ("pandas", "tables"),
        "torch": ("torch", "networks"),
        "torchvision": ("torchvision", "networks"),
        "timm": ("timm", "backbones"),
    }
    for name, (module, role) in roles.items():
        try:
            import_module(module)
            yield Finding(name, f"{version(name)}, {role}")
        except Exception as error:  # a broken library may raise anything
            remedy = f"python -m pip install --force-reinstall {name}"
            yield Finding(name, f"{role}: {error}", ok=False, remedy=remedy)


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        return Finding("device", f"{name}; the networks use it, or the CPU with --device cpu")
    return Finding("device", f"CPU, {torch.get_num_threads()} threads; no CUDA device")


def _models() -> Iterator[Finding]:
    from napari_ggs import models

    for name, load in (
        (models.DEFAULT_DETECTOR, models.load_detector),
        (models.DEFAULT_CLASSIFIER, models.load_classifier),
    ):
        try:
            model, card = load(name, "cpu")
        except models.ModelError as error:
            yield Finding(name, "embedded model", ok=False, remedy=str(error))
        else:
            yield Finding(name, f"{card.task} model, {card.network}, intact")
            yield from _engines(model)


def _engines(model: "AnyDetector | AnyClassifier") -> Iterator[Finding]:
    """What computes a model's networks where there is no GPU."""
    from napari_ggs.models.engines import choices

    for name, reason in choices(model):
        there = find_spec("openvino")
        remedy = "" if there else "python -m pip install 'napari-ggs[openvino]' (much faster)"
        yield Finding("  on the CPU", f"{name}: {reason}", True if there else None, remedy)


def has_viewer() -> bool:
    """Whether napari and a Qt to show it with are installed."""
    return bool(find_spec("napari")) and any(map(find_spec, QT_BINDINGS))


def has_display() -> bool:
    """Whether a window can be opened here."""
    if platform.system() != "Linux":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _viewer() -> Finding:
    if not has_viewer():
        missing = "Qt is not installed" if find_spec("napari") else "napari is not installed"
        remedy = "python -m pip install 'napari-ggs[all]'"
        return Finding("viewer", missing, ok=None, remedy=remedy)
    found = f"napari {version('napari')}"
    if not has_display():
        return Finding("viewer", f"{found}, but no display to open a window on", ok=None)
    return Finding("viewer", found)


def _system() -> Finding:
    packages = missing_packages()
    if not packages:
        return Finding("system libraries", "all there for the window and its tests")
    remedy = "napari-ggs doctor --install"
    return Finding("system libraries", " ".join(packages), ok=None, remedy=remedy)


def main() -> int:
    """Check, and with ``--install`` put right, the system libraries of the viewer."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--install", action="store_true", help="install what is missing (apt)")
    parser.add_argument("--browser", action="store_true", help="only the browser that tests need")
    wanted = parser.parse_args()
    packages = missing_browser() if wanted.browser else missing_packages()
    if not packages:
        return 0
    if wanted.install:
        return install(packages)
    print("Missing system packages: " + " ".join(packages))  # noqa: T201
    return 2


if __name__ == "__main__":
    sys.exit(main())
