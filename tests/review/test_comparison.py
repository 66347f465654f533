"""Readers side by side: kappa, confusion, what is to be settled, and what was read blind."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from napari_ggs.errors import UserError
from napari_ggs.evaluation.agreement import PERFECT
from napari_ggs.glomeruli import Thresholds
from napari_ggs.review import Assessed, Drawn, Event, Labelled, Removed, Session, Settled
from napari_ggs.review.blinding import BlindJournal
from napari_ggs.review.comparison import TAKEN_OUT, Comparison, compare, left_to_read
from napari_ggs.store import FIRST_DRAWN
from tests.review.readers import CLASSES, Readers


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    kept = Readers(tmp_path, circles=12)
    yield kept
    kept.store.close()


def of(readers: Readers) -> Comparison:
    return compare(readers.store, readers.store.run(readers.run))


def test_kappa_is_that_of_the_hand_and_of_statsmodels(readers: Readers) -> None:
    readers.named("ann", "nnnnnnoooo..")
    readers.named("bob", "nnnnoooooo.n")
    found = of(readers)
    # 8 of 10 agree; by chance .6 x .4 + .4 x .6 = .48; (.8 - .48) / (1 - .48) = .615385
    said = found.agreement()
    assert said.kappa.value == pytest.approx(0.32 / 0.52)
    assert (said.kappa.n, said.agreed.value) == (10, 0.8)
    expected = cohens_kappa(np.array([[4, 2], [0, 4]]))
    assert said.kappa.low == pytest.approx(expected.kappa_low, abs=1e-4)
    assert found.confusion("ann", "bob").loc["normal", "obsolescent"] == 2
    assert found.confusion("bob", "ann").loc["obsolescent", "normal"] == 2
    assert found.disputes()["id"].tolist() == [5, 6]


def test_three_readers_have_fleiss_kappa_and_any_two_of_them_cohens(readers: Readers) -> None:
    words = {"ann": "nnnnnnoooos.", "bob": "nnnnoooooos.", "cem": "nnnoooonoos."}
    for who, letters in words.items():
        readers.named(who, letters)
    found = of(readers)
    columns = np.array([[*letters[:11]] for letters in words.values()]).T
    given = np.stack([(columns == one).sum(axis=1) for one in "nos"], axis=1)
    assert found.agreement().kappa.value == pytest.approx(fleiss_kappa(given))
    assert found.agreement().kappa.has_interval
    pair = found.of(["ann", "cem"])
    assert pair.readers == ("ann", "cem")
    assert pair.agreement().agreed.value == pytest.approx(7 / 11)


def test_what_one_put_aside_is_apart_and_to_be_settled(readers: Readers) -> None:
    readers.named("ann", "nnnoooo.....")
    readers.named("bob", "nnooooo.....")
    readers.did("ann", Assessed((0,), "uncertain"), Assessed((1,), "cut"))
    readers.did("bob", Assessed((3,), "ungradable"), Assessed((7,), "ungradable"))
    found = of(readers)
    assert found.apart == 2
    assert found.agreement().kappa.n == 5
    assert found.judged == {"ann": 7, "bob": 8}
    disputes = found.disputes()
    assert dict(zip(disputes.index, disputes["kind"], strict=True)) == {
        0: "put aside",
        2: "class",
        3: "put aside",
    }


def test_what_only_one_drew_or_took_out_is_to_be_settled(readers: Readers) -> None:
    readers.named("ann", "nno.........")
    readers.named("bob", "nno.........")
    readers.did("ann", Drawn(50.0, 60.0, 70.0, "solidified"), Removed((1,)), Removed((8,)))
    disputes = of(readers).disputes()
    assert dict(zip(disputes.index, disputes["kind"], strict=True)) == {
        1: "taken out",
        FIRST_DRAWN: "drawn",
    }
    assert disputes.loc[FIRST_DRAWN, ["id", "x", "radius"]].tolist() == [13, 50.0, 70.0]
    assert of(readers).verdicts.loc[1].tolist() == [TAKEN_OUT, "normal"]
    readers.did("bob", Labelled((FIRST_DRAWN,), "solidified"), Removed((1,)))
    assert of(readers).disputes().empty


def test_what_is_settled_stays_with_its_consensus(readers: Readers) -> None:
    readers.named("ann", "no..........")
    readers.named("bob", "oo..........")
    readers.did("bob", Settled((0,), "solidified"))
    found = of(readers)
    assert found.disputes()["consensus"].to_dict() == {0: "solidified"}
    assert found.verdicts.loc[0].tolist() == ["normal", "obsolescent"]


def test_readers_who_agree_have_no_interval_and_one_reader_no_kappa(readers: Readers) -> None:
    readers.named("ann", "no..........")
    with pytest.raises(UserError, match="two readers"):
        of(readers).agreement()
    readers.named("bob", "no..........")
    assert of(readers).agreement().reason == PERFECT
    assert of(readers).disputes().empty


def test_a_run_that_nobody_read_has_no_readers(readers: Readers) -> None:
    found = of(readers)
    assert found.readers == ()
    assert found.disputes().empty
    assert len(found.circles) == 12


def test_left_to_read_is_what_is_not_judged_yet(readers: Readers) -> None:
    thresholds, everything = Thresholds(detection=0.0), 12
    readers.named("ann", "no..........")
    session = readers.session("ann")
    assert left_to_read(session.table, thresholds) == everything - 2
    readers.did("bob", Drawn(50.0, 60.0, 70.0, "solidified"))
    session.follow()
    session.apply(Assessed((5,), "uncertain"))
    session.apply(Assessed((6,), "cut"))
    session.apply(Removed((7,)))
    assert left_to_read(session.table, thresholds) == everything - 4


def say(session: Session, *events: Event, blind: bool) -> None:
    plain = session.journal
    session.journal = BlindJournal(plain) if blind else plain
    for event in events:
        session.apply(event)
    session.journal = plain


def test_circles_read_blind_are_marked_until_they_are_named_seeing(readers: Readers) -> None:
    session = readers.session("ann")
    both = Labelled((0, 1), "normal"), Assessed((2,), "uncertain")
    say(session, *both, blind=True)
    assert of(readers).blind == {"ann": 3}
    say(session, Labelled((1,), "solidified"), blind=False)
    assert of(readers).blind == {"ann": 2}
    session.undo()
    assert of(readers).blind == {"ann": 3}, "what comes back was said blind"
    say(session, Labelled((0,), ""), Labelled((1,), CLASSES["o"]), blind=True)
    assert of(readers).blind == {"ann": 2}
    assert readers.store.verify() == []
