"""How long Python takes to import the package, and the command line to answer.

    python benchmarks/start_up.py [--times N] [--out FILE]

Medians over processes of their own. ``python -X importtime -c "import napari_ggs"`` says where the
time of an import goes.
"""

import statistics
import subprocess
import sys
import time

import figures
from figures import Figure

COMMANDS = {
    "python alone": ["-c", ""],
    "import napari_ggs": ["-c", "import napari_ggs"],
    "napari-ggs --help": ["-m", "napari_ggs", "--help"],
}


def seconds(arguments: list[str], times: int) -> float:
    """Median of wall clock, the start of Python included."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def main() -> None:
    """Measure, print and write."""
    parser = figures.parser(__doc__)
    parser.add_argument("--times", type=int, default=10)
    given = parser.parse_args()
    alone, package, answer = (seconds(words, given.times) for words in COMMANDS.values())
    found = [
        Figure("python alone", alone, "s"),
        Figure("import napari_ggs, without python", package - alone, "s", None, 0.3),
        Figure("napari-ggs --help, with python", answer, "s", None, 1.0),
    ]
    figures.tell(found, given.out)


if __name__ == "__main__":
    main()
