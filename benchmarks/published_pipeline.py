"""Detection and classification the way the published pipeline works, to compare with.

Its own stages, one after another, with files between them: (1) OpenSlide cuts the whole slide, with
or without tissue, into tiles of 512 px at a stride of 256, at the detector's microns per pixel,
and writes them as PNG; (2) the detector looks at them one by one; (3) all circles go through one
greedy suppression at an IoU of .35; (4) OpenSlide cuts each circle's box and 12.5 um on each side
out of level 0 and writes it as PNG; (5) the classifier looks at these one by one; (6) the table is
written as CSV. Networks and weights are the given ones, in PyTorch as it is.

    python benchmarks/published_pipeline.py SLIDE --folder FOLDER
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import openslide
import pandas as pd
from PIL import Image

from napari_ggs import circles, glomeruli, models
from napari_ggs.classification import Classifier
from napari_ggs.classification.reading import read_crop
from napari_ggs.detection import Detector
from napari_ggs.detection.merging import NMS_IOU
from napari_ggs.glomeruli import LOWEST_SCORE

STRIDE = 256


class Published:
    """The pipeline over one slide; `seconds` of each stage.

    Parameters
    ----------
    slide : Path
    detector, classifier
        Computed by PyTorch, whatever their engine.
    folder : Path
        For the files between the stages.
    """

    def __init__(
        self, slide: Path, detector: Detector, classifier: Classifier, folder: Path
    ) -> None:
        self.seconds: dict[str, float] = {}
        self._slide, self._folder = openslide.OpenSlide(slide), folder
        self._detector = replace(detector, engine=None)
        self._classifier = replace(classifier, engine=None)
        self._mpp = float(self._slide.properties[openslide.PROPERTY_NAME_MPP_X])

    def run(self) -> pd.DataFrame:
        """Do all stages; the table of circles of a score of `LOWEST_SCORE` or more."""
        with self._timed("tiles to PNG"):
            tiles = list(self._tiles())
        with self._timed("detection"):
            found, scores = self._detected(tiles)
        with self._timed("crops to PNG"):
            crops = [self._crop(i, *circle) for i, circle in enumerate(found)]
        with self._timed("classification"):
            answers = [self._classified(crop) for crop in crops]
        with self._timed("table"):
            scheme = self._classifier.scheme
            probabilities = np.array(answers).reshape(len(answers), len(scheme.classes))
            table = glomeruli.build(found, scores, probabilities, scheme)
            table.to_csv(self._folder / "table.csv")
        return table

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - start

    def _tiles(self) -> Iterator[Path]:
        """Cut the slide; the name of a tile says where its corner is, in detector pixels."""
        factor = self._detector.mpp / self._mpp
        width, height = (round(side / factor) for side in self._slide.dimensions)
        for y in range(0, max(1, height - STRIDE), STRIDE):
            for x in range(0, max(1, width - STRIDE), STRIDE):
                path = self._folder / f"tile-{x}-{y}.png"
                self._read(x * factor, y * factor, self._detector.input_px, factor).save(path)
                yield path

    def _read(self, x: float, y: float, side: int, factor: float) -> Image.Image:
        """A square of `side` pixels, each of `factor` level-0 pixels, from the nearest level."""
        level = self._slide.get_best_level_for_downsample(factor + 0.01)
        stored = round(side * factor / self._slide.level_downsamples[level])
        region = self._slide.read_region((round(x), round(y)), level, (stored, stored))
        white = Image.new("RGBA", region.size, "white")
        image = Image.alpha_composite(white, region).convert("RGB")
        return image if stored == side else image.resize((side, side), Image.Resampling.BOX)

    def _detected(self, tiles: list[Path]) -> tuple[np.ndarray, np.ndarray]:
        """Circles in level-0 pixels after suppression, and their scores."""
        found, scores = [np.empty((0, 3))], [np.empty(0)]
        for path in tiles:
            image = np.array(Image.open(path))[None]
            [(local, score)] = self._detector.detect(image, LOWEST_SCORE)
            x, y = (int(part) for part in path.stem.split("-")[1:])
            found.append(np.add(local, (x, y, 0)) * (self._detector.mpp / self._mpp))
            scores.append(score)
        every, score = np.concatenate(found), np.concatenate(scores)
        kept = circles.nms(every, score, NMS_IOU)
        return every[kept], score[kept]

    def _crop(self, number: int, x: float, y: float, radius: float) -> Path:
        reach = radius + self._classifier.margin_um / self._mpp
        path = self._folder / f"crop-{number}.png"
        self._read(x - reach, y - reach, max(1, round(2 * reach)), 1.0).save(path)
        return path

    def _classified(self, crop: Path) -> np.ndarray:
        return self._classifier.classify(read_crop(crop, self._classifier.input_px)[None])[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slide", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="for tiles, crops and the table")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    detector = models.load_detector(models.DEFAULT_DETECTOR, "cpu").detector
    classifier = models.load_classifier(models.DEFAULT_CLASSIFIER, "cpu").classifier
    job = Published(given.slide, detector, classifier, given.folder)
    table = job.run()
    for stage, seconds in job.seconds.items():
        print(f"{stage:16} {seconds:8.1f} s")
    print(f"{'all':16} {sum(job.seconds.values()):8.1f} s, {len(table)} circles")


if __name__ == "__main__":
    main()
