"""Seconds, size and memory of the report of a case of 100, 1,000 and 10,000 circles.

    python benchmarks/report_speed.py

On a phantom of 8 x 6 mm at 1 um/px, nobody having reviewed anything: from opening the study until
the page and its tables are on disk.
"""

import resource
import tempfile
import time
from pathlib import Path

from known_slide import keep, make_slide
from napari_ggs.report.case_report import Wanted
from napari_ggs.report.study_report import cases_of, report_cases
from napari_ggs.store import CaseStore
from napari_ggs.store.pseudonyms import Names

NUMBERS = (100, 1000, 10_000)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        slide = make_slide(folder)
        for number in NUMBERS:
            study = folder / f"{number}.ggs"
            keep(slide, study, number)
            start = time.perf_counter()
            with CaseStore.open(study) as store:
                wanted = Wanted(folder / f"{number}", Names.of(study))
                (told,) = report_cases(store, cases_of(store), wanted)
            seconds = time.perf_counter() - start
            assert told.page is not None, told.fault
            megabytes = told.page.stat().st_size / 1e6
            print(f"{number} circles: {seconds:.1f} s, {megabytes:.1f} MB")
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
