"""Evaluation: how good detection and classification are, with n and an interval for each figure.

Arrays and tables in, small frozen dataclasses out; nothing here needs torch.
"""

from napari_ggs.evaluation.calibration import (
    Reliability,
    best_temperature,
    cross_entropy_at,
    reliability,
)
from napari_ggs.evaluation.classes import Answers, ClassFigures, class_figures
from napari_ggs.evaluation.comparing import Comparison
from napari_ggs.evaluation.confusion import balanced_accuracy, confusion, f1_scores, macro_f1
from napari_ggs.evaluation.estimates import Estimate, bootstrap, median, rate, wilson
from napari_ggs.evaluation.filtering import compare, kept, true_classes
from napari_ggs.evaluation.matching import Overlaps
from napari_ggs.evaluation.operating import OperatingPoint, at_threshold
from napari_ggs.evaluation.precision import (
    AveragePrecision,
    PrecisionRecall,
    average_precision,
    from_overlaps,
    precision_recall,
)
from napari_ggs.evaluation.protocols import COCO, GGS, PAPER, PROTOCOLS, Protocol, SizeBand
from napari_ggs.evaluation.ranking import Roc, RocBand, auc, mean_and_deviation, roc, roc_band
from napari_ggs.evaluation.rotation import Turned, pooled, rotation_consistency
from napari_ggs.evaluation.sclerosis import as_binary, aucs
from napari_ggs.evaluation.tables import confusion_table, markdown, table_of, write_table

__all__ = [
    "COCO",
    "GGS",
    "PAPER",
    "PROTOCOLS",
    "Answers",
    "AveragePrecision",
    "ClassFigures",
    "Comparison",
    "Estimate",
    "OperatingPoint",
    "Overlaps",
    "PrecisionRecall",
    "Protocol",
    "Reliability",
    "Roc",
    "RocBand",
    "SizeBand",
    "Turned",
    "as_binary",
    "at_threshold",
    "auc",
    "aucs",
    "average_precision",
    "balanced_accuracy",
    "best_temperature",
    "bootstrap",
    "class_figures",
    "compare",
    "confusion",
    "confusion_table",
    "cross_entropy_at",
    "f1_scores",
    "from_overlaps",
    "kept",
    "macro_f1",
    "markdown",
    "mean_and_deviation",
    "median",
    "pooled",
    "precision_recall",
    "rate",
    "reliability",
    "roc",
    "roc_band",
    "rotation_consistency",
    "table_of",
    "true_classes",
    "wilson",
    "write_table",
]
