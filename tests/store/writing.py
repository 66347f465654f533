"""A process that edits a run at full speed, and says each edit once the store has it.

Run as ``python -m tests.store.writing STUDY RUN WHO HOW_MANY``; each line of its output is the id
of an event, its circle and its kind.
"""

import sys
from pathlib import Path

from napari_ggs.lesions import GGS
from napari_ggs.store import CaseStore
from tests.store.studies import draw, label, reader


def main(path: str, run: str, who: str, how_many: str) -> None:
    with CaseStore.open(Path(path), create=False) as store:
        journal = reader(store, int(run), who)
        for i in range(int(how_many)):
            event = draw(journal, float(i)) if i % 4 == 0 else label(journal, i % 6, _class(i))
            sys.stdout.write(f"{event.id} {event.changes[0].handle} {event.kind}\n")
            sys.stdout.flush()


def _class(i: int) -> str:
    return GGS.classes[i % len(GGS.classes)]


if __name__ == "__main__":
    main(*sys.argv[1:])
