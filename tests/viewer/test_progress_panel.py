"""The time left is told in words, at the pace since the first step."""

import pytest
from pytestqt.qtbot import QtBot

from napari_ggs.viewer import progress_panel
from napari_ggs.viewer.progress_panel import ProgressPanel, remaining


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (0.2, " · 1 s left"), (89, " · 89 s left"), (600, " · 10 min left")],
)
def test_time_left_in_words(seconds: float, words: str) -> None:
    assert remaining(seconds) == words


def test_the_pace_is_that_of_the_tiles_since_the_first_step(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = ProgressPanel()
    qtbot.addWidget(panel)
    panel.begin()
    for now, done, left in ((100, 8, ""), (110, 12, " · 70 s left"), (120, 16, " · 60 s left")):
        monkeypatch.setattr(progress_panel.time, "monotonic", lambda now=now: float(now))
        panel.step(done, 40)
        assert panel.words.text() == f"Tile {done} of 40{left}"
    panel.begin()
    panel.step(4, 40)
    assert panel.words.text() == "Tile 4 of 40"
