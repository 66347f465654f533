"""The store of what was drawn last."""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

from napari_ggs.phantom.kept import Kept


def test_what_was_used_last_is_kept_within_the_budget() -> None:
    kept, made = Kept[str](10, len), []

    def get(text: str) -> str:
        return kept.get(text, lambda: made.append(text) or text)

    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        assert get(text) == text
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_two_threads_that_ask_at_once_make_it_once() -> None:
    kept, started, made = Kept[int](100, lambda _: 1), threading.Barrier(2), []

    def make() -> int:
        made.append(1)
        return 7

    def ask() -> int:
        started.wait()
        return kept.get("x", make)

    with ThreadPoolExecutor(2) as pool:
        assert [job.result() for job in [pool.submit(ask), pool.submit(ask)]] == [7, 7]
    assert len(made) == 1


def test_a_pickled_copy_starts_empty() -> None:
    kept = Kept[str](10, len)
    kept.get("a", lambda: "a")
    copy = pickle.loads(pickle.dumps(kept))  # noqa: S301
    assert copy.get("a", lambda: "b") == "b"
