"""What is kept about a slide as a whole."""

from tests.store.studies import info


def test_where_people_looked_is_remembered_for_each_and_for_all(store) -> None:
    slide, other = store.add_slide(info("ab")), store.add_slide(info("cd"))
    ann, bob = store.begin_session("ann"), store.begin_session("bob")
    event = store.cover(slide, ann, [(0, 0, 400, 400), (400, 0, 400, 400)])
    store.cover(slide, bob, [(0, 0.5, 400, 400)])
    assert (event.kind, event.who, event.run) == ("covered", "ann", None)
    assert store.covered(slide) == [(0, 0, 400, 400), (400, 0, 400, 400), (0, 0.5, 400, 400)]
    assert store.covered(slide, "bob") == [(0, 0.5, 400, 400)]
    assert store.covered(slide)[0].width == 400
    assert store.covered(other) == []
    assert store.verify() == []


def test_the_sections_that_were_set_last_hold(store) -> None:
    slide = store.add_slide(info())
    session = store.begin_session("ann")
    assert store.sections(slide) is None
    store.set_sections(slide, session, [{"name": "A", "outline": [[0, 0], [1, 0], [1, 1]]}])
    event = store.set_sections(slide, session, [{"name": "B"}, {"name": "C"}])
    assert event.kind == "sections"
    assert store.sections(slide) == [{"name": "B"}, {"name": "C"}]
    store.set_sections(slide, session, [])
    assert store.sections(slide) == []
