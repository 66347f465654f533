"""Detection: a slide to circles. CircleNet, its targets and losses, decoding, tiling."""

from napari_ggs.detection.circlenet import CircleNet, Maps
from napari_ggs.detection.detector import Detector
from napari_ggs.detection.merging import StreamingNms
from napari_ggs.detection.scanning import DetectionStep, detect
from napari_ggs.detection.tiling import Region

__all__ = [
    "CircleNet",
    "DetectionStep",
    "Detector",
    "Maps",
    "Region",
    "StreamingNms",
    "detect",
]
