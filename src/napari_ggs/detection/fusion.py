"""Several detectors as one: weighted circle fusion."""

from collections.abc import Sequence
from dataclasses import dataclass

from napari_ggs.circles import fuse, nms
from napari_ggs.detection.detector import AnyDetector, Array, Images
from napari_ggs.detection.merging import NMS_IOU

SAME_IOU = 0.5
"""Circles of two detectors that overlap by more are the same glomerulus."""

AGREEING = 2
"""How many detectors have to find a circle, unless one is sure of it."""

SURE = 0.9
"""Score at which one detector is enough."""

VOTE = 0.05
"""Least score of a circle that counts as found by a detector, whatever is asked for afterwards: so
a threshold on the fused scores takes circles away and changes none."""


@dataclass(frozen=True)
class FusedDetector:
    """Detectors that look at the same images (REFERENCE.md section 2, weighted circle fusion).

    A circle is kept if at least two of them found it, or one with a score of .9 or more. Each
    normalises the images as it needs; all take them at one resolution and size, since the tiles
    of a slide are read once.

    Parameters
    ----------
    members : tuple of detectors
        Two or more.

    Raises
    ------
    ValueError
        If they want other microns per pixel or another size of the input.
    """

    members: tuple[AnyDetector, ...]

    def __post_init__(self) -> None:
        if len(self.members) < AGREEING:
            raise ValueError("fusion takes two detectors or more")
        for what in ("mpp", "input_px"):
            found = sorted({getattr(member, what) for member in self.members})
            if len(found) > 1:
                raise ValueError(
                    f"its detectors differ in {what} ({', '.join(map(str, found))}): "
                    "only detectors that take the same tiles can be fused"
                )

    @property
    def mpp(self) -> float:
        """Microns per pixel of the images that all want."""
        return self.members[0].mpp

    @property
    def input_px(self) -> int:
        """Side of the tiles."""
        return self.members[0].input_px

    @property
    def max_radius_um(self) -> float:
        """No circle is larger."""
        return max(member.max_radius_um for member in self.members)

    def detect(self, images: Images, threshold: float) -> list[tuple[Array, Array]]:
        """Find glomeruli in images, as `Detector.detect` does; fused scores of `threshold` up."""
        found = [member.detect(images, VOTE) for member in self.members]
        return [_fused(image, threshold) for image in zip(*found, strict=True)]


def _fused(found: Sequence[tuple[Array, Array]], threshold: float) -> tuple[Array, Array]:
    circles, scores, votes = fuse([_settled(*each) for each in found], SAME_IOU)
    kept = ((votes >= AGREEING) | (scores >= SURE)) & (scores >= threshold)
    return circles[kept], scores[kept]


def _settled(circles: Array, scores: Array) -> tuple[Array, Array]:
    """One detector's circles, each glomerulus once, so that it has one vote."""
    kept = nms(circles, scores, NMS_IOU)
    return circles[kept], scores[kept]
