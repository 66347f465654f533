"""What all readers of a run say together."""

from pathlib import Path

import pytest

from napari_ggs.errors import UserError
from napari_ggs.store import CaseStore, FieldChange
from napari_ggs.store.readings import CONSENSUS, as_said, readers
from tests.store.studies import finished, label, reader


def test_readers_dispute_what_they_name_differently_and_have_not_settled(tmp_path: Path) -> None:
    with CaseStore.open(tmp_path / "s.ggs") as store:
        run = finished(store)
        ann, bob = reader(store, run), reader(store, run, "bob")
        label(ann, 0, "normal")
        label(ann, 1, "normal")
        assert as_said(store, store.run(run))[0] == "ann"
        label(bob, 1, "solidified")
        label(bob, 2, "solidified")
        who, state = as_said(store, store.run(run))
        assert who == CONSENSUS
        assert state.index[state["disputed"]].tolist() == [1]
        bob.append("settled", [FieldChange(1, "consensus", "", "obsolescent")])
        _, state = as_said(store, store.run(run))
        assert not state["disputed"].any()
        assert state["label"][[0, 1, 2]].tolist() == ["normal", "obsolescent", "solidified"]
        assert readers(store.events(run)) == ["ann", "bob"]
        assert not as_said(store, store.run(run), "bob")[1]["disputed"].any()
        with pytest.raises(UserError, match=r"eve has reviewed nothing there \(readers: ann, bob"):
            as_said(store, store.run(run), "eve")
