"""What the embedded models find on real tissue.

They have learnt from both regions of AIDPATH, so that these show whether all is well and not how
good the models are (`leave_one_region_out.py` does). The H&E skin slide has no glomeruli, and no
model has seen it.

    python benchmarks/real_regions.py --data ../shared/data
"""

import argparse
import resource
import tomllib
from pathlib import Path

import numpy as np

from napari_ggs import circles, glomeruli
from napari_ggs.batch import Settings
from napari_ggs.pipeline import Progress, detect_and_classify
from napari_ggs.slides import open_slide
from napari_ggs.training.aidpath import LABELS


def analyse(path: Path, settings: Settings) -> Progress:
    """Run the pipeline over a slide; return its last item."""
    detector, classifier = settings.detector.detector, settings.classifier.classifier
    with open_slide(path) as slide:
        *_, last = detect_and_classify(slide, detector, classifier, thresholds=settings.thresholds)
    return last


def report(path: Path, truth: list[list[float]], settings: Settings) -> None:
    """Print what was found on one slide, before and after the classifier's filter."""
    last = analyse(path, settings)
    table = last.table
    found = table[glomeruli.passes(table, settings.thresholds)]
    kept = table[glomeruli.counted(table, settings.scheme, settings.thresholds)]
    print(f"{path.stem}: {last.seconds.total:.1f} s")
    for title, rows in (("detector", found), ("after the filter", kept)):
        matched = circles.match(glomeruli.circles_of(rows), truth, rows["detection_score"])
        hit = matched >= 0
        radii = rows["radius"].to_numpy()[hit] / np.array([truth[i][2] for i in matched[hit]])
        ratio = f"{np.median(radii):.3f}" if hit.any() else "-"
        print(
            f"  {title:17} {hit.sum()} of {len(truth)} found at IoU >= .5, "
            f"median radius ratio {ratio}, {(~hit).sum()} other circles"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data = parser.parse_args().data
    settings = Settings.load()
    for field in tomllib.loads(LABELS.read_text(encoding="utf-8"))["field"]:
        if field["files"][0].startswith("regions/"):
            truth = [[g["x"], g["y"], g["radius"]] for g in field["glomeruli"]]
            report(data / "aidpath" / field["files"][0], truth, settings)
    report(data / "slides/CMU-1-Small-Region.svs", [], settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GB")


if __name__ == "__main__":
    main()
