"""The process of an export: an order comes in on stdin, what became of each slide goes out.

Started by `napari_ggs.viewer.exporting`.
"""

import os
import pickle
import sys
import traceback
from collections.abc import Iterator

from napari_ggs.errors import UserError
from napari_ggs.review.export_study import Told, export_slide
from napari_ggs.store import CaseStore
from napari_ggs.viewer.child import NICENESS
from napari_ggs.viewer.export_messages import Order, Outcome


def main() -> None:
    """Do one order; a window that is gone meanwhile is not told, but its files are written."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    order: Order = pickle.load(sys.stdin.buffer)  # noqa: S301  from the process that started us
    listening = True
    for outcome in outcomes(order):
        listening = listening and _tell(outcome)


def outcomes(order: Order) -> Iterator[Outcome]:
    """What becomes of each slide."""
    with CaseStore.open(order.study, create=False) as store:
        slides = [slide for slide in store.slides() if slide.fingerprint in order.slides]
        for slide in slides:
            told = export_slide(store, slide, order.wanted)
            yield Outcome(slide.name, told.words, _fault(told))


def _fault(told: Told) -> str:
    if told.fault is None or isinstance(told.fault, UserError):
        return str(told.fault or "")
    traceback.print_exception(told.fault)
    words = f"{type(told.fault).__name__}: {told.fault}"
    return f"A fault of napari-ggs, not yours: {words}. Please report it."


def _tell(outcome: Outcome) -> bool:
    """Say it to the window; whether that still listens."""
    try:
        pickle.dump(outcome, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123  else Python complains at its end
        return False
    return True


if __name__ == "__main__":
    main()
