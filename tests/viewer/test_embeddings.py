"""The model looks at circles in a process of its own, at each once."""

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from napari_ggs.viewer.embeddings import Embeddings
from tests.review.test_export import Kept

LONG = 120_000


def test_a_circle_is_looked_at_again_only_if_it_was_moved(kidney: Path, qtbot: QtBot) -> None:
    embeddings, table, told = Embeddings(kidney), Kept.rows()[:3], []
    embeddings.stepped.connect(lambda *step: told.append(step))
    with qtbot.waitSignal(embeddings.ended, timeout=LONG) as ended:
        embeddings.begin(table, 1.0)
    assert ended.args == [""]
    assert told[-1] == (3, 3)
    assert embeddings.complete(table, 1.0)
    readable, features, probabilities = embeddings.of(table)
    assert readable.all()
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    moved = table.assign(x=table["x"] + [0.0, 30, 0])
    assert not embeddings.complete(moved, 1.0)
    with qtbot.waitSignal(embeddings.ended, timeout=LONG):
        embeddings.begin(moved, 1.0)
    assert told[-1] == (1, 1)
    assert np.abs(embeddings.of(moved)[1] - features).max(axis=1).astype(bool).tolist() == [
        False,
        True,
        False,
    ]
    assert not embeddings.complete(table, 0.5), "crops are others at another resolution"


def test_a_slide_that_is_gone_is_told(tmp_path: Path, qtbot: QtBot) -> None:
    embeddings = Embeddings(tmp_path / "gone.svs")
    with qtbot.waitSignal(embeddings.ended, timeout=LONG) as ended:
        embeddings.begin(Kept.rows()[:2], 1.0)
    assert "gone.svs" in ended.args[0]
    assert not embeddings.running


def test_who_stops_is_told_that_it_is_not_complete(kidney: Path, qtbot: QtBot) -> None:
    embeddings, table = Embeddings(kidney), Kept.rows()
    with qtbot.waitSignal(embeddings.ended, timeout=LONG) as ended:
        embeddings.begin(table, 1.0)
        embeddings.stop()
    assert "Stopped" in ended.args[0]
    assert not embeddings.complete(table, 1.0)
