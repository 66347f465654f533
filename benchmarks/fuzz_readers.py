"""What damaged slides do to the readers: mutations of real and written slides, each on its own.

    NAPARI_GGS_DATA=../shared/data python benchmarks/fuzz_readers.py [--mutations 20000]

Every mutation is opened and read in a process of its own, that may take 10 s and 1.5 GB more than
it began with. Counted are those that were read (damaged tiles masked), refused in one line, and
three kinds of fault: a crash, a hang, an allocation over the cap; and exceptions that are no line
for a user. Goal: none of those four in 20,000. ``--only N`` repeats one mutation and shows it.
"""

import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from shutil import copytree

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.slides.formats import FORMATS  # noqa: E402

from napari_ggs.slides import SlideError, open_slide, zarr_backend  # noqa: E402

REAL = (
    ("CMU-1-Small-Region.svs",),
    ("small.svs",),
    ("boxes.tiff",),
    ("boxes_0.dcm", "boxes_1.dcm"),
)
SECONDS = 10
CAP = 3 * 2**29
READ, REFUSED, EXCEPTION, MEMORY = 0, 10, 11, 12
WORDS = {READ: "read", REFUSED: "refused", EXCEPTION: "exception", MEMORY: "over the cap"}
FAULTS = ("exception", "over the cap", "hang", "crash")
HEAD = 4096
"""Most headers are within this many bytes of the start or the end of a file."""

INTEGERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 10**6, 2**31 - 1, 2**31, 2**32 - 1)


@dataclass(frozen=True)
class Seed:
    """A sound slide: what to open, and the files that it is made of, as paths in a folder."""

    name: str
    folder: Path
    opens: Path
    files: tuple[Path, ...]


def seeds(work: Path) -> list[Seed]:
    """Real slides if they are there, and one of every format that can be written."""
    data = Path(os.environ.get("NAPARI_GGS_DATA", ROOT.parent / "shared" / "data")) / "slides"
    found = [
        Seed(files[0], data, Path(files[0]), tuple(map(Path, files)))
        for files in REAL
        if (data / files[0]).is_file()
    ]
    for name, write in FORMATS.items():
        folder = work / f"seed {len(found)}"
        folder.mkdir()
        opens = write(folder).path.relative_to(folder)
        files = (path for path in folder.rglob("*") if path.is_file())
        used = sorted(path.relative_to(folder) for path in files if _belongs(path, folder / opens))
        found.append(Seed(name, folder, opens, tuple(used)))
    return found


def _belongs(path: Path, slide: Path) -> bool:
    """Whether a file is the slide, in its folder, or beside a slide of several files."""
    several = slide.suffix in {".mrxs", ".vms"}
    return path == slide or slide in path.parents or several


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Change a few places, most of them in the first or last bytes, or cut the end off."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 6))):
        if not data:
            break
        at = _place(len(data), rng)
        match int(rng.integers(7)):
            case 0 | 1:
                data[at] = int(rng.integers(256))
            case 2:
                data[at] ^= 1 << int(rng.integers(8))
            case 3 | 4:
                order = "little" if rng.random() < 0.5 else "big"
                size = int(rng.choice([2, 4, 8]))
                number = int(rng.choice(INTEGERS)) % 256**size
                data[at : at + size] = number.to_bytes(size, order)[: len(data) - at]
            case 5:
                data[at : at + 16] = data[at : at + 16] * int(rng.integers(3))
            case 6 if rng.random() < 0.2:
                del data[at:]
    return bytes(data)


def _place(length: int, rng: np.random.Generator) -> int:
    near = int(rng.integers(min(HEAD, length)))
    return [near, length - 1 - near, int(rng.integers(length))][
        int(rng.choice(3, p=[0.5, 0.3, 0.2]))
    ]


def read(path: Path) -> None:
    """Do what a run and the window do with a slide."""
    with open_slide(path) as slide:
        slide.read(0, 0, 300, 200)
        slide.read(slide.width - 150, slide.height - 100, 300, 200)
        slide.thumbnail(256)
        slide.levels[-1][:64, :64]
        _ = slide.fingerprint, slide.properties, slide.unread_tiles


def outcome(path: Path, log: Path) -> str:
    """Read in a child that is limited in time and memory; say how it ended."""
    child = os.fork()
    if child == 0:
        os._exit(_limited(path, log))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGALRM:
            log.write_text(signal.strsignal(number) or str(number))
        return "hang" if number == signal.SIGALRM else "crash"
    return WORDS[os.WEXITSTATUS(status)]


def _limited(path: Path, log: Path) -> int:
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + CAP
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        read(path)
    except SlideError:
        return REFUSED
    except MemoryError:
        log.write_text(traceback.format_exc())
        return MEMORY
    except BaseException:
        log.write_text(traceback.format_exc())
        return EXCEPTION
    return READ


def mutation(all_seeds: list[Seed], index: int, work: Path, first: int) -> tuple[str, str]:
    """Make and read one mutation; return the seed's name and how it ended."""
    rng = np.random.default_rng([first, index])
    seed = all_seeds[index % len(all_seeds)]
    folder = work / seed.name.replace("/", " ")
    if not folder.exists():
        copytree(seed.folder, folder, ignore=lambda *_: _strangers(*_, seed))
    file = seed.files[int(rng.integers(len(seed.files)))]
    content = (folder / file).read_bytes()
    (folder / file).write_bytes(mutated(content, rng))
    try:
        return seed.name, outcome(folder / seed.opens, work / f"{index}.log")
    finally:
        (folder / file).write_bytes(content)


def _strangers(folder: str, names: list[str], seed: Seed) -> list[str]:
    """What lies beside a seed and is not its own: other real slides."""
    inside = Path(folder).relative_to(seed.folder)
    own = {part for file in seed.files for part in (file, *file.parents)}
    return [name for name in names if inside / name not in own]


def share(
    all_seeds: list[Seed], indices: range, work: Path, first: int
) -> list[tuple[int, str, str]]:
    """Do a worker's share of the mutations; return index, seed and end of each."""
    work.mkdir()
    os.environ["XDG_CACHE_HOME"] = str(work / "cache")
    return [(index, *mutation(all_seeds, index, work, first)) for index in indices]


def main() -> None:
    """Run all mutations, or one, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    asked = parser.parse_args()
    assert zarr_backend  # imported once here, not in every child
    with tempfile.TemporaryDirectory() as folder:
        work, began = Path(folder), time.monotonic()
        with get_context("spawn").Pool(1) as other:  # so that no thread runs here when it forks
            all_seeds = other.apply(seeds, (work,))
        if asked.only is not None:
            print(mutation(all_seeds, asked.only, work, asked.seed))
            logs = list(work.glob("*.log"))
            print(*(log.read_text() for log in logs))
            return
        parts = [range(i, asked.mutations, asked.workers) for i in range(asked.workers)]
        with get_context("fork").Pool(asked.workers) as pool:
            tasks = [(all_seeds, part, work / f"w{i}", asked.seed) for i, part in enumerate(parts)]
            ended = [end for part in pool.starmap(share, tasks) for end in part]
    report(ended, time.monotonic() - began)


def report(ended: list[tuple[int, str, str]], seconds: float) -> None:
    """Print how many ended how, by seed, and which are faults."""
    table = Counter((seed, word) for _, seed, word in ended)
    total = Counter(word for *_, word in ended)
    for name in dict.fromkeys(seed for _, seed, _ in ended):
        print(f"{name:28}", {word: n for (seed, word), n in sorted(table.items()) if seed == name})
    faults = [(index, seed, word) for index, seed, word in ended if word in FAULTS]
    for fault in faults[:50]:
        print(*fault)
    figures = {"mutations": len(ended), **total, "faults": len(faults), "seconds": round(seconds)}
    print(json.dumps(figures))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
