"""A slide that the study knows shows its circles as soon as it is opened."""

from dataclasses import fields
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image
from napari.utils.notifications import show_warning

from napari_ggs.errors import UserError
from napari_ggs.report import RunInfo
from napari_ggs.slides import Slide
from napari_ggs.store import CaseStore, StoredRun
from napari_ggs.viewer import preferences
from napari_ggs.viewer.keeping import Keeping
from napari_ggs.viewer.slide_review import SlideReview

NOT_KEPT = "Edits are not kept on disk, since the study cannot be used: "


def keeping_of(slide: Slide) -> Keeping | None:
    """The slide's place in the study of the preferences; None, said once, if there is none."""
    try:
        return Keeping(slide, preferences.study_file(), preferences.reviewer())
    except (UserError, OSError) as fault:
        show_warning(f"{NOT_KEPT}{fault}")
        return None


def reopen(viewer: ViewerModel, image: Image) -> SlideReview | None:
    """Show what the study has of a slide; None if it has nothing, or it is shown already."""
    slide = image.metadata.get("slide")
    if slide is None or "review" in image.metadata or not _may_know(slide):
        return None
    keeping = keeping_of(slide)
    if keeping is None:
        return None
    run = keeping.before()
    if run is None:
        keeping.close()
        return None
    return SlideReview(viewer, image, keeping.reopen(run), keeping, lambda: described(run))


def _may_know(slide: Slide) -> bool:
    """Whether the study has the slide, or cannot tell: what is only looked at is not taken in."""
    study = preferences.study_file()
    try:
        with CaseStore.open(study, create=False) as store:
            return any(each.fingerprint == slide.fingerprint for each in store.slides())
    except (UserError, OSError):
        return study.is_file()


def described(run: StoredRun) -> RunInfo:
    """How a run that is kept came about; what was cut off has told little."""
    known = {field.name for field in fields(RunInfo)}
    about = {name: value for name, value in run.info.items() if name in known}
    models = {role: dict(model) for role, model in run.models.items()}
    return RunInfo(**{"complete": run.finished, **about, "models": models, "region": run.region})


def reopen_when_added(viewer: ViewerModel) -> None:
    """Let the next slide that is added to a viewer show what the study has of it."""

    def added(event: Any) -> None:
        if isinstance(event.value, Image) and "slide" in event.value.metadata:
            viewer.layers.events.inserted.disconnect(added)
            reopen(viewer, event.value)

    viewer.layers.events.inserted.connect(added)
