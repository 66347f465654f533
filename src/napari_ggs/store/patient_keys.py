"""How a study's patients and slides stand in model cards: by keys that give no name away.

A model that learnt from a patient lists ``patient_key`` of the patient and ``slide_key`` of each
slide among its `PatientsSeen`. A patient is known to a model if it lists any of `known_as`: a
slide's key is the same in every study, so that it also tells after a patient was renamed, or was
taken into another study.
"""

import hashlib
import hmac

from napari_ggs.store.case_store import CaseStore

DIGITS = 16
"""Hexadecimal digits of a patient's key."""


def patient_key(store: CaseStore, patient: str) -> str:
    """A patient's key: ``study-patient-`` and 16 digits of a keyed hash of the name.

    The same whenever it is asked for, also in the study that was made of an export.

    Parameters
    ----------
    store : CaseStore
        Its secret keys the hash; it is made, and written to the study, at the first time.
    patient : str
        The name that the study knows.
    """
    return _key(store.secrets()[0], patient)


def slide_key(fingerprint: str) -> str:
    """A slide's key, from its content: the same in every study, whatever it is called."""
    return f"slide-{fingerprint}"


def known_as(store: CaseStore, patient: str) -> frozenset[str]:
    """All keys under which a model may list a patient: also those of studies that were taken in.

    Parameters
    ----------
    store : CaseStore
    patient : str
    """
    slides = (slide for slide in store.slides() if slide.patient == patient)
    keys = {_key(secret, patient) for secret in store.secrets()}
    return frozenset(keys | {slide_key(slide.fingerprint) for slide in slides})


def _key(secret: bytes, patient: str) -> str:
    digest = hmac.new(secret, patient.encode(), hashlib.sha256).hexdigest()
    return f"study-patient-{digest[:DIGITS]}"
