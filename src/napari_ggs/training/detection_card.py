"""The card of a trained detector: what it is, what it saw, how good it is."""

from collections.abc import Iterable

from napari_ggs.detection import Detector
from napari_ggs.models import RESEARCH_ONLY, Architecture, ModelCard
from napari_ggs.training.circles_data import Field
from napari_ggs.training.classifier_card import trained_with
from napari_ggs.training.detection_recipe import DetectorRecipe
from napari_ggs.training.detection_scores import figures, find
from napari_ggs.training.detection_sources import Fields, described
from napari_ggs.training.detection_state import Best
from napari_ggs.training.origin import origin_of


def card_of(
    plan: DetectorRecipe, sources: list[Fields], detector: Detector, best: Best, recipe: str
) -> ModelCard:
    """Describe a detector, whose network is the best of its training."""
    wanted = plan.network
    origin = origin_of(wanted.start, "detection", wanted.backbone, wanted.pretrained)
    return ModelCard(
        name=plan.name,
        task="detection",
        architecture=Architecture(
            kind="circlenet",
            backbone=wanted.backbone,
            parameters={"width": wanted.width, "deepest": wanted.deepest},
        ),
        classes=("glomerulus",),
        mpp=detector.mpp,
        max_radius_um=detector.max_radius_um,
        input_px=detector.input_px,
        mean=detector.mean,
        std=detector.std,
        t_det=plan.t_det,
        data=origin.and_data(described(source) for source in plan.data),
        labelled_by=plan.labelled_by,
        metrics=_metrics(plan, sources, detector, best),
        parents=origin.names,
        patients_seen=origin.and_patients(
            training=_patients(field for source in sources for field in source.training),
            selection=_patients(field for source in sources for field in source.selection),
        ),
        notes=f"{RESEARCH_ONLY} {plan.notes}".strip(),
        trained_with=trained_with(recipe),
    )


def _metrics(
    plan: DetectorRecipe, sources: list[Fields], detector: Detector, best: Best
) -> dict[str, float]:
    """Figures on the fields that chose the model, and on those that it never saw."""
    metrics = {"step": float(best.step)}
    for prefix in ("selection", "test"):
        fields = [field for source in sources for field in getattr(source, prefix)]
        if fields:
            found = [find(detector, field) for field in fields]
            metrics |= figures(found, plan.t_det, prefix)
    return metrics


def _patients(fields: Iterable[Field]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for field in fields for name in field.seen))
