"""A process whose files may not grow any more, as on a full disk, while it edits a run.

Run as ``python -m tests.store.filling STUDY RUN``; it prints the ids of the events that the store
took and what it said in the end, goes on once there is room again, and prints what `verify` says.
"""

import resource
import sys
from itertools import count
from pathlib import Path

from napari_ggs.store import CaseStore, RunJournal, StoreError
from tests.store.studies import label, note, reader


def main(path: str, run: str) -> None:
    with CaseStore.open(Path(path), create=False) as store:
        journal = reader(store, int(run))
        label(journal, 1)
        log = Path(f"{path}-wal")
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 200_000, most))
        sys.stdout.write(f"{_until_it_fails(journal)}\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        sys.stdout.write(f"{note(journal, 'room again').id}\n{store.verify()}\n")


def _until_it_fails(journal: RunJournal) -> str:
    for i in count():
        try:
            sys.stdout.write(f"{note(journal, f'{i}' * 500).id}\n")
        except StoreError as error:
            return str(error)
    raise AssertionError("the disk is never full")


if __name__ == "__main__":
    main(*sys.argv[1:])
