"""The patients of a study on whom models can be compared: known to people, unknown to the models.

A patient takes part whose slides are each reviewed in full (every circle that takes part in the
answer has a person's class or is put aside) or by a finished random audit, of which only the
audited circles are taken: what a reader chose to look at, or was led to by the queue, is no fair
sample. Nobody takes part who shaped one of the models or an ancestor of it.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from napari_ggs.glomeruli import GEOMETRY
from napari_ggs.lesions import Scheme
from napari_ggs.models import ModelCard
from napari_ggs.models.ancestry import patients_seen
from napari_ggs.review.audit import Audit, pending
from napari_ggs.review.expectations import expect, put_aside
from napari_ggs.store import CaseStore, StoredRun, StoredSlide
from napari_ggs.store.patient_keys import known_as
from napari_ggs.store.pseudonyms import Names, folder_name, key_path
from napari_ggs.store.readings import as_said, readers

UNREVIEWED = "neither reviewed in full nor by a finished audit"
DISPUTED = "their readers disagree and have not settled it"
OTHER_CLASSES = "their circles were named by other classes"
EMPTY = "no circle of theirs has a class"
NO_GLOMERULUS = "no glomerulus of theirs is known"
PARTIAL = "a run over a slide of theirs broke off"
AUDITED = "reviewed by an audit only, which does not show what was missed"


@dataclass(frozen=True, eq=False)
class HeldOutSlide:
    """A slide of a patient on whom models are compared.

    Attributes
    ----------
    slide : StoredSlide
    run : StoredRun
        Whose circles were reviewed.
    circles : DataFrame
        With a person's class (``label``), by handle; see `napari_ggs.store.folding`.
    aside : DataFrame
        Circles that were put aside but not removed: of them nothing is known.
    audited : bool
        Whether the circles are those of an audit, not all.
    """

    slide: StoredSlide
    run: StoredRun
    circles: pd.DataFrame
    aside: pd.DataFrame
    audited: bool


@dataclass(frozen=True)
class HeldOut:
    """Who takes part in a comparison, and who does not.

    Attributes
    ----------
    patients : dict of str to tuple of HeldOutSlide
    keys : dict of str to frozenset of str
        All keys of each of these patients; see `napari_ggs.store.patient_keys`.
    excluded : dict of str to list of str
        Reason to patients.
    """

    patients: dict[str, tuple[HeldOutSlide, ...]]
    keys: dict[str, frozenset[str]]
    excluded: dict[str, list[str]]

    @property
    def slides(self) -> list[HeldOutSlide]:
        """Of all patients, in their order."""
        return [one for own in self.patients.values() for one in own]

    @property
    def digest(self) -> str:
        """SHA-256 of the circles, their classes and whose they are."""
        lines = (line for one in self.slides for line in _lines(one))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def why_not(self) -> str:
        """In words: how many patients were left out, and for what reason."""
        each = (f"{len(who)} left out: {reason}" for reason, who in self.excluded.items())
        return "; ".join(each)


def held_out(store: CaseStore, cards: Iterable[ModelCard], scheme: Scheme | None) -> HeldOut:
    """Find the patients of a study on whom models can be compared.

    Parameters
    ----------
    store : CaseStore
    cards : iterable of ModelCard
        Of the models; each has all patients of its ancestors (`napari_ggs.models.ancestry`).
    scheme : Scheme or None
        The classes of classifiers. None: detectors, for which only slides reviewed in full show
        what is to be found, and a patient needs a glomerulus.
    """
    seen = [(card.name, patients_seen(card)) for card in cards]
    found, keys, excluded = {}, {}, dict[str, list[str]]()
    for patient, slides in _by_patient(store).items():
        own = _names_of(store, patient)
        told = _seen_by(own, seen) or _taking_part(store, slides, scheme)
        if isinstance(told, str):
            excluded.setdefault(told, []).append(patient)
        else:
            found[patient], keys[patient] = told, own
    return HeldOut(found, keys, excluded)


def _by_patient(store: CaseStore) -> dict[str, list[StoredSlide]]:
    slides = sorted(store.slides(), key=lambda slide: (slide.patient, slide.fingerprint))
    patients: dict[str, list[StoredSlide]] = {}
    for slide in slides:
        patients.setdefault(slide.patient, []).append(slide)
    return patients


def _names_of(store: CaseStore, patient: str) -> frozenset[str]:
    """All that a card may call a patient: also by name, or as exported patches are named."""
    names = {patient, folder_name(patient)}
    if key_path(store.path).exists():
        names.add(Names.of(store.path).patient(patient))
    return known_as(store, patient) | names


def _seen_by(own: frozenset[str], seen: Iterable[tuple[str, Collection[str]]]) -> str:
    names = dict.fromkeys(name for name, patients in seen if not own.isdisjoint(patients))
    return f"{' and '.join(names)} learnt from them or was tuned on them" if names else ""


def _taking_part(
    store: CaseStore, slides: Iterable[StoredSlide], scheme: Scheme | None
) -> tuple[HeldOutSlide, ...] | str:
    """What of a patient's slides takes part, or why nothing does."""
    standing = [(slide, run) for slide in slides if (run := store.standing_run(slide.id))]
    told = [_of_slide(store, slide, run, scheme) for slide, run in standing]
    parts = [one for one in told if isinstance(one, HeldOutSlide)]
    if len(parts) < len(told):
        return next(one for one in told if isinstance(one, str))
    if not any(len(one.circles) for one in parts):
        return EMPTY if scheme else NO_GLOMERULUS
    return tuple(parts)


def _of_slide(
    store: CaseStore, slide: StoredSlide, run: StoredRun, scheme: Scheme | None
) -> HeldOutSlide | str:
    if scheme is not None and run.scheme != scheme:
        return OTHER_CLASSES
    if scheme is None and not (run.finished and run.info.get("complete", True)):
        return PARTIAL
    reader, state = as_said(store, run)
    if state["disputed"].any():
        return DISPUTED
    part = expect(state, run.scheme, run.thresholds)
    labelled = state.iloc[part.rows[part.reviewed]]
    chosen = labelled if part.reviewed.all() else _audited(store, run, reader, state, labelled)
    if chosen is None:
        return UNREVIEWED
    if scheme is None and chosen is not labelled:
        return AUDITED
    if scheme is None:
        chosen = chosen[chosen["label"].isin(run.scheme.glomerular)]
    aside = state[put_aside(state, count_cut=True) & ~state["removed"].astype(bool)]
    return HeldOutSlide(slide, run, chosen, aside, audited=not part.reviewed.all())


def _audited(
    store: CaseStore, run: StoredRun, reader: str, state: pd.DataFrame, labelled: pd.DataFrame
) -> pd.DataFrame | None:
    """The labelled circles of the finished audits of who is heard; None without any."""
    known = readers(store.events(run.id))
    heard = [reader] if reader in known else known
    audits = (Audit.from_dict(one) for who in heard for one in store.audits(run.id, who))
    done = [one for one in audits if not pending(one, state)]
    handles = {handle for one in done for handle in one.handles}
    return labelled[labelled.index.isin(handles)] if done else None


def _lines(one: HeldOutSlide) -> Iterator[str]:
    yield f"{one.slide.fingerprint} {one.slide.patient} {one.run.region}"
    for table, column in ((one.circles, "label"), (one.aside, "assessment")):
        for row in table.sort_index()[[*GEOMETRY, column]].itertuples(index=False):
            yield " ".join(map(str, row))
