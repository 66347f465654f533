"""Detection: a slide to circles. CircleNet, its targets and losses, decoding, tiling."""

from napari_ggs.detection.circlenet import CircleNet, Maps
from napari_ggs.detection.detector import AnyDetector, Detector
from napari_ggs.detection.fusion import FusedDetector
from napari_ggs.detection.merging import StreamingNms
from napari_ggs.detection.scanning import DetectionStep, Scanned, detect, scan
from napari_ggs.detection.tiling import Region, Tile, plan

__all__ = [
    "AnyDetector",
    "CircleNet",
    "DetectionStep",
    "Detector",
    "FusedDetector",
    "Maps",
    "Region",
    "Scanned",
    "StreamingNms",
    "Tile",
    "detect",
    "plan",
    "scan",
]
