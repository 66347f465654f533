"""The study in one file: `CaseStore`, the events that people append to it, and their fold."""

from napari_ggs.store.case_store import CaseStore
from napari_ggs.store.comparisons import StoredComparison
from napari_ggs.store.database import default_study
from napari_ggs.store.errors import StoreError
from napari_ggs.store.events import (
    ASSESSMENTS,
    FIRST_DRAWN,
    NEW,
    OWN,
    SHARED,
    Event,
    FieldChange,
    circle_of,
    circle_text,
    flags_of,
    flags_text,
    with_handle,
)
from napari_ggs.store.exporting import export_study
from napari_ggs.store.folding import (
    apply_changes,
    existing,
    fold,
    replay,
    starting,
    value_of,
)
from napari_ggs.store.importing import import_study
from napari_ggs.store.journal import RunJournal
from napari_ggs.store.runs import StoredRun
from napari_ggs.store.slides import SlideInfo, StoredSlide
from napari_ggs.store.sweeps import Field
from napari_ggs.store.tasks import NewTask, StoredTask, TaskState

__all__ = [
    "ASSESSMENTS",
    "FIRST_DRAWN",
    "NEW",
    "OWN",
    "SHARED",
    "CaseStore",
    "Event",
    "Field",
    "FieldChange",
    "NewTask",
    "RunJournal",
    "SlideInfo",
    "StoreError",
    "StoredComparison",
    "StoredRun",
    "StoredSlide",
    "StoredTask",
    "TaskState",
    "apply_changes",
    "circle_of",
    "circle_text",
    "default_study",
    "existing",
    "export_study",
    "flags_of",
    "flags_text",
    "fold",
    "import_study",
    "replay",
    "starting",
    "value_of",
    "with_handle",
]
