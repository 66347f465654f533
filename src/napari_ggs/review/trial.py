"""A trial: an old and a new model on the patients of a study that neither has seen."""

from dataclasses import dataclass

from napari_ggs.devices import DeviceName
from napari_ggs.errors import UserError
from napari_ggs.evaluation.classifier_gate import judge_classifiers
from napari_ggs.evaluation.detector_gate import judge_detectors
from napari_ggs.evaluation.gate import LEVEL, Judgement
from napari_ggs.evaluation.sign_flip import least_patients
from napari_ggs.models import Found, ModelCard
from napari_ggs.models.ancestry import unrecorded
from napari_ggs.models.choosing import note_verdict
from napari_ggs.review.held_out import HeldOut, held_out
from napari_ggs.review.work import Work
from napari_ggs.store import CaseStore
from napari_ggs.store.patient_keys import patient_key


@dataclass(frozen=True)
class Trial:
    """Two models and the patients on whom they can be compared.

    Attributes
    ----------
    store : CaseStore
    old, new : Found
    held_out : HeldOut
    uses : int
        How often any of these patients has been used before.
    before : int
        How many comparisons for the task the study has.
    """

    store: CaseStore
    old: Found
    new: Found
    held_out: HeldOut
    uses: int
    before: int

    @property
    def task(self) -> str:
        """What the models are for."""
        return self.old.card.task

    @property
    def names(self) -> tuple[str, str]:
        """What to call the old and the new model: with the SHA-256 where the names are equal."""
        return told_apart(self.old.card, self.new.card)

    def known(self) -> Judgement | None:
        """What came of it before, on the same circles with the same classes; None if new."""
        pair, digest = [self.old.card.sha256, self.new.card.sha256], self.held_out.digest
        for past in self.store.comparisons(self.task):
            models = [past.old["sha256"], past.new["sha256"]]
            if past.examples == digest and sorted(models) == sorted(pair):
                found = Judgement.from_dict(past.outcome)
                return found if models == pair else found.mirrored()
        return None

    def run(self, who: str, device: DeviceName = "auto", work: Work | None = None) -> Judgement:
        """Ask both models, judge the new one, and write down that it was done and what came of it.

        What is known already is not asked again, and spends nothing.

        Parameters
        ----------
        who : str
            In whose name it is written down.
        device : {"auto", "cpu", "cuda"}
        work : Work, optional

        Raises
        ------
        UserError
            If too few patients are left at this use, a slide is not found, or others have
            compared models in the meantime.
        CancelledError
            Nothing was spent.
        """
        found = self.known()
        if found is None:
            self._require_enough()
            session = self.store.begin_session(who)  # a study that cannot be written to says so now
            found = self._judged(device, work or Work())
            self.store.record_comparison(session, self._about(found), self.before)
        note_verdict(self.old, self.new, found.verdict, found.p_better, self.store.path, who)
        return found

    def _require_enough(self) -> None:
        number, needed = len(self.held_out.patients), least_patients(LEVEL / (self.uses + 1))
        if number >= needed:
            return
        left_out = self.held_out.why_not()
        used = f" for use {self.uses + 1} of them" if self.uses else ""
        raise UserError(
            f"Too few patients to compare models on: {number}, and at least {needed} are "
            f"needed{used}: review {needed - number} more in full, whom neither model has seen."
            + (f" ({left_out})" if left_out else "")
        )

    def _judged(self, device: DeviceName, work: Work) -> Judgement:
        from napari_ggs.models import loading  # these bring torch, which looking on needs not
        from napari_ggs.review import answering

        uses, paths, part = self.uses + 1, (self.old.path, self.new.path), self.held_out
        if self.task == "classification":
            classifiers = [loading.load_classifier(path, device) for path in paths]
            old, new = answering.ask_classifiers(classifiers, part, work)
            return judge_classifiers(old, new, uses)
        detectors = [loading.load_detector(path, device) for path in paths]
        before, after = answering.ask_detectors(detectors, part, work)
        labels = [one.circles["label"].tolist() for one in part.slides]
        return judge_detectors(before, after, labels, _classes(part), uses)

    def about(self) -> dict[str, dict[str, str]]:
        """Name and SHA-256 of the ``old`` and the ``new`` model."""
        pairs = zip(("old", "new"), self.names, (self.old.card, self.new.card), strict=True)
        return {role: {"name": name, "sha256": card.sha256} for role, name, card in pairs}

    def _about(self, found: Judgement) -> dict[str, object]:
        return {
            "task": self.task,
            "examples": self.held_out.digest,
            "patients": [patient_key(self.store, name) for name in self.held_out.patients],
            "outcome": found.to_dict(),
            **self.about(),
        }


def told_apart(old: ModelCard, new: ModelCard) -> tuple[str, str]:
    """Names of two models that are not the same: the first model of two studies has one name."""
    if old.name != new.name:
        return old.name, new.name
    return f"{old.name} ({old.sha256[:8]})", f"{new.name} ({new.sha256[:8]})"


def prepare(store: CaseStore, old: Found, new: Found) -> Trial:
    """See on whom two models can be compared; nothing is computed or spent yet.

    Raises
    ------
    UserError
        If the models do not compare, or what they learnt from is not known; or nobody is left.
    """
    _refuse_unlike(old, new)
    for model in (old, new):
        if (name := unrecorded(model.card)) is not None:
            of_it = "it" if name == model.card.name else f"{name}, which it is made of or from,"
            raise UserError(
                f"No verdict on {model.card.name}: its card does not say on which patients {of_it} "
                "learnt, so any patient here may be one of them. Compare models trained with "
                "napari-ggs from such whose patients are known."
            )
    scheme = old.card.scheme if old.card.task == "classification" else None
    patients = held_out(store, [old.card, new.card], scheme)
    if not patients.patients:
        raise UserError(
            f"No patient of {store.path.name} can take part in a comparison "
            f"({patients.why_not() or 'it has none'}): review patients in full whom neither model "
            "has seen."
        )
    uses = store.uses(old.card.task, patients.keys.values())
    return Trial(store, old, new, patients, uses, len(store.comparisons(old.card.task)))


def _classes(part: HeldOut) -> list[str]:
    """The classes of glomeruli that the slides' circles were named by, in their order."""
    there = dict.fromkeys(one.run.scheme.glomerular for one in part.slides)
    return list(dict.fromkeys(name for names in there for name in names))


def _refuse_unlike(old: Found, new: Found) -> None:
    if old.card.task != new.card.task:
        raise UserError(
            f"{old.card.name} is for {old.card.task} and {new.card.name} for {new.card.task}: "
            "only models for the same task compare."
        )
    if old.card.sha256 == new.card.sha256:
        raise UserError(f"{old.card.name} and {new.card.name} are the same model: choose another.")
    if old.card.classes != new.card.classes:
        raise UserError(
            f"{old.card.name} tells apart {', '.join(old.card.classes)}; {new.card.name}, "
            f"{', '.join(new.card.classes)}: only models of the same classes compare."
        )
