"""Whether a review that is killed loses an edit that was shown.

    python benchmarks/kill_a_review.py [--kills 200] [--circles 300] [--seed 0]

A process edits at full speed as the window does: events through `review.Session` into the journal
of a study, labels, flags, notes, moves, circles drawn and taken out, undo and redo. It tells an
edit only after `apply` has returned, which is when the screen shows it. It is killed with SIGKILL
at a random moment. Then every edit that was told must be in the study, word for word, `verify`
must find nothing, and the review must go on: one more edit, and its undo. Three times over: one
writer; two writers at once, both killed; and a full disk (a tmpfs of its own if we are root, else
a limit on the size of files), where an edit that fails must raise and leave the table as it was,
edits must go on in the same process once there is room, and then it is killed.

The machine stays up: that what SQLite has synced survives a loss of power is not tested.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pandas as pd

from napari_ggs.review import Noted
from napari_ggs.store import CaseStore
from small_disk import Disk, small_disk
from writers import RUN, Writer, new_study, opened, told

LONGEST = 0.3
"""Seconds of editing before a kill, at most."""
PER_STUDY = 20
"""Rounds, after which a new study is begun: else opening grows longer than editing."""
ROOM = 300_000
"""Bytes that are left on the full disk, at most, when the editing begins."""
WRONG = ["told, not kept", "verify found", "failed, yet shown"]
COLUMNS = ["kills", "edits told", "kept, not told", "failed", *WRONG, "reviews", "went on"]


def check(study: Path, writers: list[Writer], known: int, found: Counter) -> None:
    """What became of what was told; then the review goes on."""
    spoken = {key: words for writer in writers for key, words in writer.edits.items()}
    with CaseStore.open(study, create=False) as store:
        kept = {event.id: told(event) for event in store.events(RUN, after=known)}
        found["edits told"] += len(spoken)
        found["told, not kept"] += sum(kept.get(key) != words for key, words in spoken.items())
        found["kept, not told"] += len(kept.keys() - spoken.keys())
        found["verify found"] += len(store.verify())
        found["failed"] += sum(len(writer.faults) for writer in writers)
        found["failed, yet shown"] += sum("shown" in f for w in writers for f in w.faults)
        session = opened(store, writers[0].who)
        before = session.everything
        session.apply(Noted((0,), f"goes on after {len(kept)}"))
        session.undo()
        pd.testing.assert_frame_equal(session.everything, before)
        found["went on"] += not store.verify()
    found["reviews"] += 1
    found["kills"] += len(writers)


def latest(study: Path) -> int:
    """The id of the last event."""
    with CaseStore.open(study, create=False) as store:
        return max((event.id for event in store.events(RUN)), default=0)


def killed_while_editing(
    study: Path, rng: np.random.Generator, names: Sequence[str]
) -> list[Writer]:
    """So many writers at once, each killed at a moment of its own."""
    writers = [Writer(study, who, int(rng.integers(1 << 31))) for who in names]
    moments = time.monotonic() + np.sort(rng.uniform(0, LONGEST, len(writers)))
    for writer, moment in zip(writers, moments, strict=True):
        time.sleep(max(0.0, moment - time.monotonic()))
        writer.kill()
    return writers


def killed_after_a_full_disk(
    study: Path, rng: np.random.Generator, names: Sequence[str]
) -> list[Writer]:
    """A writer for whom the disk runs full, then has room again, and who is killed then."""
    writer = Writer(study, names[0], int(rng.integers(1 << 31)))
    disk = Disk(study.parent)
    disk.fill(writer.process, int(rng.integers(ROOM)))
    writer.hear_until(lambda words: isinstance(words, str))
    time.sleep(rng.uniform(0, LONGEST / 3))
    disk.free(writer.process)
    writer.hear_until(lambda words: not isinstance(words, str))
    time.sleep(rng.uniform(0, LONGEST))
    writer.kill()
    return [writer]


Act = Callable[[Path, np.random.Generator, Sequence[str]], list[Writer]]
Place = Callable[[], AbstractContextManager[str]]

SCENES: dict[str, tuple[Act, tuple[str, ...], Place]] = {
    "one writer": (killed_while_editing, ("ann",), tempfile.TemporaryDirectory),
    "two writers": (killed_while_editing, ("ann", "bob"), tempfile.TemporaryDirectory),
    "full disk": (killed_after_a_full_disk, ("ann",), small_disk),
}


def play(scene: str, kills: int, circles: int, rng: np.random.Generator) -> pd.Series:
    """Kill so many writers; the counts of what was found."""
    found: Counter[str] = Counter()
    act, names, place = SCENES[scene]
    while found["kills"] < kills:
        with place() as folder:
            study = new_study(Path(folder), circles)
            for _ in range(min(PER_STUDY, -(-(kills - found["kills"]) // len(names)))):
                known = latest(study)
                check(study, act(study, rng, names), known, found)
    return pd.Series(found, name=scene)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--circles", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, started = np.random.default_rng(args.seed), time.monotonic()
    found = []
    for scene in SCENES:
        found.append(play(scene, args.kills, args.circles, rng))
        print(f"{scene}: done after {time.monotonic() - started:.0f} s", file=sys.stderr)
    table = pd.DataFrame(found).reindex(columns=COLUMNS).fillna(0).astype(int)
    print(table.to_string())
    sys.exit(bool(table[WRONG].to_numpy().any()))


if __name__ == "__main__":
    main()
