"""Scores of a single question, made from class probabilities: sclerosis in three ways.

The sources mean different things by "sclerosis score", so each has its own name (REFERENCE.md
section 1):

======================= =========================== ============================================
name                    score                       positive against negative
======================= =========================== ============================================
``sclerotic_vs_normal`` p(sclerotic) / (p(sclerotic) globally sclerotic against normal; others left
                        + p(normal))                out. For crops that hold a glomerulus
``sclerotic_vs_rest``   p(sclerotic)                globally sclerotic against all others (GGS
                                                    paper, Fig. 3)
``normal_vs_others``    1 - p(normal)               all others against normal (GGS paper, section
                                                    VI.B and Fig. 4)
``non_glomerulus``      p(non-glomerulus)           non-glomerulus against all others (GGS paper,
                                                    Fig. 5)
======================= =========================== ============================================

p(sclerotic) is the sum over the sclerotic classes. Truth may also be given as "normal" or
"non-sclerotic" against "sclerotic" where nobody told the kinds of sclerosis apart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_ggs.circles import Array
from napari_ggs.evaluation.estimates import RESAMPLES, Estimate, bootstrap
from napari_ggs.evaluation.ranking import Roc, roc, weighted_auc
from napari_ggs.lesions import BINARY, NON_GLOMERULUS, Scheme

SCLEROSIS = ("sclerotic_vs_normal", "sclerotic_vs_rest", "normal_vs_others")
REJECTION = "non_glomerulus"


def questions(scheme: Scheme) -> tuple[str, ...]:
    """The scores that a scheme has."""
    return (*SCLEROSIS, REJECTION) if scheme.can_filter else SCLEROSIS


def normal_class(scheme: Scheme) -> str:
    """The scheme's class without a finding: its first glomerular class that is not sclerotic."""
    return next(name for name in scheme.glomerular if name not in scheme.sclerotic)


def score(question: str, probabilities: ArrayLike, scheme: Scheme) -> Array:
    """The score of each example, shape (n,), from probabilities of shape (n, k)."""
    sclerotic = _sum(probabilities, scheme, scheme.sclerotic)
    normal = _sum(probabilities, scheme, [normal_class(scheme)])
    if question == "sclerotic_vs_normal":
        both = sclerotic + normal
        return np.divide(sclerotic, both, out=np.full_like(both, 0.5), where=both > 0)
    if question == "sclerotic_vs_rest":
        return sclerotic
    if question == "normal_vs_others":
        return 1 - normal
    if question == REJECTION and scheme.can_filter:
        return _sum(probabilities, scheme, [NON_GLOMERULUS])
    raise ValueError(f"The scheme {scheme.name} has no score {question!r}.")


def positive(question: str, truth: ArrayLike, scheme: Scheme) -> Array:
    """1 for each positive example, 0 for a negative one, NaN for one that is left out."""
    names = np.asarray(truth, dtype=np.str_)
    sclerotic = np.isin(names, [*scheme.sclerotic, *BINARY.sclerotic])
    normal = np.isin(names, [normal_class(scheme), normal_class(BINARY)])
    if question == "sclerotic_vs_normal":
        return np.where(sclerotic | normal, sclerotic.astype(float), np.nan)
    if question == "sclerotic_vs_rest":
        return sclerotic.astype(float)
    if question == "normal_vs_others":
        return (~normal).astype(float)
    return (names == NON_GLOMERULUS).astype(float)


def as_binary(probabilities: ArrayLike, scheme: Scheme) -> Array:
    """Probabilities (n, 2) under the scheme `BINARY`, given that each example is a glomerulus."""
    sclerotic = _sum(probabilities, scheme, scheme.sclerotic)
    whole = _sum(probabilities, scheme, scheme.glomerular)
    share = np.divide(sclerotic, whole, out=np.full_like(whole, 0.5), where=whole > 0)
    return np.column_stack([1 - share, share])


def curve(question: str, truth: ArrayLike, probabilities: ArrayLike, scheme: Scheme) -> Roc:
    """The ROC curve of a score.

    Raises
    ------
    ValueError
        If the truth has only positive or only negative examples.
    """
    wanted, scores = positive(question, truth, scheme), score(question, probabilities, scheme)
    known = ~np.isnan(wanted)
    return roc(wanted[known] > 0, scores[known])


def aucs(
    truth: ArrayLike,
    probabilities: ArrayLike,
    scheme: Scheme,
    patients: ArrayLike,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Estimate]:
    """The AUC of every score, with intervals over patients; n leaves out what the score does."""
    asked = questions(scheme)
    wanted = [positive(question, truth, scheme) for question in asked]
    areas = [
        weighted_auc(given, score(question, probabilities, scheme))
        for question, given in zip(asked, wanted, strict=True)
    ]

    def statistics(times: NDArray[np.int64]) -> list[float]:
        return [area(times) for area in areas]

    ns = [int((~np.isnan(given)).sum()) for given in wanted]
    each = bootstrap(statistics, patients, ns, seed=seed, resamples=resamples)
    return dict(zip(asked, each, strict=True))


def _sum(probabilities: ArrayLike, scheme: Scheme, names: Sequence[str]) -> NDArray[np.float64]:
    p = np.asarray(probabilities, dtype=float).reshape(-1, len(scheme.classes))
    return p[:, np.isin(scheme.classes, names)].sum(axis=1)
