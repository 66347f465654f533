"""The report of a case: the dock's figures, nobody's name, and true about what is missing."""

import base64
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import BINARY, CIRCLEMIX, GGS
from napari_ggs.report.case_counts import KEPT, average_shares, count_slide
from napari_ggs.report.case_gallery import APART, Shot
from napari_ggs.report.case_lines import AVERAGE, TOTAL
from napari_ggs.report.case_page import CaseFound, case_html
from napari_ggs.report.case_pictures import FIELD_UM, SIDE_PX, jpeg
from napari_ggs.report.case_report import write_case
from napari_ggs.report.case_tables import circles_table, counts_table
from napari_ggs.report.naming import case_stem
from napari_ggs.report.pages import css_string
from napari_ggs.review import Assessed, Labelled, Settled
from napari_ggs.review.answer import answer
from napari_ggs.review.audit import draw_audit
from napari_ggs.review.case_slides import CaseSlides
from napari_ggs.review.conventions import case_table
from napari_ggs.review.expectations import expect
from napari_ggs.review.intervals import draw, kidney_interval, section_interval
from napari_ggs.review.snapshot import snapshot
from napari_ggs.slides import Slide, open_slide
from napari_ggs.store import SlideInfo
from napari_ggs.store.pseudonyms import Names
from tests.report.cases import CASE, GONE, Reported
from tests.report.conftest import LEFT, review
from tests.review.test_export import PATIENT, READER, N
from tests.review.test_kept_session import opened
from tests.review.test_session import rows_of

EVERY = {CASE}


class Tags(HTMLParser):
    """The elements of a page with the names of their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page_of(found: CaseFound) -> str:
    return case_html(found, {"a.csv": "0" * 64})


def text_of(found: CaseFound) -> str:
    return Tags(page_of(found)).text


def test_the_figures_are_those_of_the_review_dock(reviewed: Reported) -> None:
    found = reviewed.found()
    here, other = found.reading.slides
    session = opened(reviewed.store, reviewed.run, READER)
    assert here.answer == answer(session.everything, GGS, here.run.thresholds)
    (beside,) = CaseSlides(reviewed.store, here.slide.id, GGS).others(READER)
    assert found.counts[1].found == beside.found
    assert other.answer.count == sum(beside.found.total.counts.values())


def test_a_case_is_the_answer_of_all_its_circles(reviewed: Reported) -> None:
    reading = reviewed.found().reading
    tables = {str(one.number): one.table for one in reading.slides}
    assert reading.answer == answer(case_table(tables), GGS, Thresholds(0.2, 0.5))


def test_each_slide_counts_by_its_own_threshold(study: Reported) -> None:
    study.add("strict", thresholds=Thresholds(0.95, 0.5))
    study.add("loose", thresholds=Thresholds(0.0, 0.5))
    case, slides = study.found().reading.answer, study.found().reading.slides
    assert case.count == sum(one.answer.count for one in slides)
    assert case.total == sum(one.answer.total for one in slides)
    assert case.counts == {name: sum(s.answer.counts[name] for s in slides) for name in case.counts}


def test_cut_glomeruli_count_or_not_and_the_page_says_which(reviewed: Reported) -> None:
    counted, not_counted = reviewed.found(), reviewed.found(count_cut=False)
    assert counted.reading.answer.count == not_counted.reading.answer.count + 1
    assert "Cut by the edge of the tissue: 1, counted." in text_of(counted)
    assert "Cut by the edge of the tissue: 1, not counted." in text_of(not_counted)


def test_both_conventions_have_counts_and_intervals(reviewed: Reported) -> None:
    *_, total, average = reviewed.found().lines
    assert (total.name, average.name) == (TOTAL, AVERAGE)
    assert average.tally.count == pytest.approx(total.tally.count / 3), "two sections and a slide"
    for line in (total, average):
        for share in (line.shares.tissue, line.shares.kidney):
            assert share.low <= share.value <= share.high
    assert average.shares.kidney.high - average.shares.kidney.low > (
        total.shares.kidney.high - total.shares.kidney.low
    )


@pytest.mark.parametrize("labelled", [False, True])
def test_the_average_of_one_level_is_the_level(study: Reported, labelled: bool) -> None:
    if labelled:
        study.did(Labelled(tuple(range(0, N, 2)), "solidified"), Labelled((1, 3, 5, 7), "normal"))
    one = count_slide(study.found().reading.slides[0], None, "")
    circles = expect(one.reading.table, GGS, one.reading.run.thresholds)
    shares = average_shares([one])
    assert shares.tissue == section_interval(circles)
    kidney = kidney_interval(circles, draw(circles))
    assert shares.kidney.low == pytest.approx(kidney.low)
    assert shares.kidney.high == pytest.approx(kidney.high)


def test_the_average_of_equal_levels_is_surer_about_the_tissue(study: Reported) -> None:
    one = count_slide(study.found().reading.slides[0], None, "")
    alone, twice = average_shares([one]).tissue, average_shares([one, one]).tissue
    assert twice.value == alone.value
    assert alone.value - alone.low == pytest.approx(2**0.5 * (twice.value - twice.low))


def test_a_consensus_counts_before_what_one_reader_said(study: Reported) -> None:
    study.did(Labelled((0,), "solidified"))
    study.did(Labelled((0,), "normal"), who="bob")
    with pytest.raises(UserError, match="--reviewer"):
        study.found()
    assert study.found(reviewer="bob").reading.slides[0].table.loc[0, "label"] == "normal"
    study.did(Settled((0,), "obsolescent"), who="bob")
    for settings_ in ({}, {"reviewer": "bob"}):
        found = study.found(**settings_)
        assert found.reading.slides[0].table.loc[0, "label"] == "obsolescent"
        assert "consensus on 1 circle" in text_of(found)
    assert "all readers together" in text_of(study.found())


def test_the_page_says_who_reviewed_how_much_and_that_it_is_finished(reviewed: Reported) -> None:
    text = text_of(reviewed.found(identify=True))
    assert f"Slide 2 {READER}" not in text
    assert "Preliminary" in text
    assert "Not finished" in text
    share = next(one for one in reviewed.found().shares)
    assert (share.reader, share.judged) == (READER, 8)
    reviewed.store.finish_case(CASE, reviewed.store.begin_session("Chief"), {})
    assert "Finished by Chief on" in text_of(reviewed.found(identify=True))


def test_figures_that_were_frozen_otherwise_are_told(study: Reported) -> None:
    session, who = opened(study.store, study.run, READER), study.store.begin_session(READER)
    session.thresholds = Thresholds(0.2, 0.5)
    study.store.finish_case(CASE, who, snapshot(session))
    assert "counted otherwise" not in text_of(study.found())
    study.store.reopen_case(CASE, who)
    session.thresholds = Thresholds(0.6, 0.5)
    study.store.finish_case(CASE, who, snapshot(session))
    assert "counted otherwise than here: with other thresholds" in text_of(study.found())


def test_nobody_has_reviewed_is_said(study: Reported) -> None:
    assert "Nobody has reviewed this case: every class is the model's." in text_of(study.found())


def test_an_audit_is_told(study: Reported) -> None:
    table = opened(study.store, study.run, READER).everything
    audit = draw_audit(table, GGS, Thresholds(0.2, 0.5), "f", size=4)
    session = study.store.begin_session(READER)
    study.store.set_audit(study.run, session, audit.to_dict())
    study.did(Labelled(audit.handles[:1], "normal"))
    assert "3 still to be reviewed" in text_of(study.found())
    study.did(Labelled(audit.handles[1:], "normal"))
    assert "the model was wrong about the kind of" in text_of(study.found())


def test_nothing_names_anybody_unless_asked(reviewed: Reported, kidney_slide: Slide) -> None:
    words = [PATIENT, "Smith", READER, CASE, GONE, LEFT.name, "told me", "kidney.svs"]
    words += [kidney_slide.fingerprint, str(kidney_slide.path.parent), "trial"]
    found = reviewed.found()
    page = write_case(found, reviewed.out, EVERY)
    for file in page.parent.iterdir():
        content = file.name.encode() + file.read_bytes()
        assert [word for word in words if word.encode() in content] == []
    named = page_of(reviewed.found(identify=True))
    asked = [PATIENT, READER, CASE, LEFT.name, "told me", "as in Smith", str(kidney_slide.path)]
    assert [word for word in asked if word not in named] == []


NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=y>',
    "{{ 7 * 7 }}",
    "</style>",
    "\x00\n",
)
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=30)).filter(lambda t: bool(t.strip()))


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory, kidney: Path) -> CaseFound:
    """A reviewed case with all names, found out once."""
    with open_slide(kidney) as slide:
        made = Reported(tmp_path_factory.mktemp("named"), slide)
        review(made)
        found = made.found(identify=True)
        made.store.close()
    return found


@given(case=texts, patient=texts, reader=texts, note=texts, section=texts)
@settings(max_examples=25)
def test_no_name_and_no_note_becomes_markup(
    named: CaseFound, case: str, patient: str, reader: str, note: str, section: str
) -> None:
    reading = replace(named.reading, case=case, patient=patient)
    one = replace(reading.slides[0], reader=reader)
    sections = (replace(LEFT, name=section), *named.counts[0].sections[1:])
    found = replace(
        named,
        reading=replace(reading, slides=(one, *reading.slides[1:])),
        counts=(count_slide(one, sections, KEPT), *named.counts[1:]),
        groups=[replace(group, shots=noted(group.shots, note)) for group in named.groups],
        shares=[replace(share, reader=reader) for share in named.shares],
    )
    page = page_of(found)
    assert Tags(page).tags == Tags(page_of(named)).tags
    assert "<script" not in page


def noted(shots: tuple[Shot, ...], note: str) -> tuple[Shot, ...]:
    """The same, with another note where there is one."""
    return tuple(
        replace(shot, row={**shot.row, "note": note if shot.row["note"] else ""}) for shot in shots
    )


@given(st.text())
def test_any_text_is_one_string_of_css(text: str) -> None:
    written = css_string(text)
    assert re.fullmatch(r'"([A-Za-z0-9]|\\[0-9a-f]{6})*"', written)
    back = re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), written[1:-1])
    assert back == text


@given(st.sets(st.text(min_size=1, max_size=90), max_size=6), st.booleans())
def test_no_two_cases_have_the_same_files(cases: set[str], identify: bool) -> None:
    names = Names(None if identify else b"k" * 32)
    stems = [case_stem(case, cases, names).casefold() for case in cases]
    assert len({*stems}) == len(cases)
    assert all(len(stem.encode()) < 255 and stem == Path(stem).name for stem in stems)


def test_without_the_slide_the_figures_are_there_and_the_page_says_so(reviewed: Reported) -> None:
    found = reviewed.found()
    assert [bool(look.map.uri) for look in found.looks] == [True, False]
    text = text_of(found)
    assert "No pictures of 1 slide: the slide's file was not found" in text
    assert f"{found.reading.slides[1].answer.count} glomeruli" in text


def test_a_slide_that_was_moved_is_found(
    study: Reported, kidney_slide: Slide, tmp_path: Path
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "B.svs").hardlink_to(kidney_slide.path)
    known = study.store.slides()[0]
    gone = SlideInfo(known.fingerprint, "a", tmp_path / "no.svs", known.width, known.height, 1.0)
    study.store.add_slide(gone)
    assert not study.found().looks[0].map.uri
    assert study.found(slides=(archive,)).looks[0].map.uri


def test_every_picture_shows_its_circle_at_one_scale(
    reviewed: Reported, kidney_slide: Slide
) -> None:
    found = reviewed.found()
    row = found.reading.slides[0].table.loc[1]
    half = FIELD_UM / kidney_slide.mpp / 2
    pixels = kidney_slide.read(
        row["x"] - half, row["y"] - half, SIDE_PX, SIDE_PX, FIELD_UM / SIDE_PX
    )
    crops = found.looks[0].crops
    assert crops[1].uri == jpeg(pixels)
    for crop in crops.values():
        picture = Image.open(BytesIO(base64.b64decode(crop.uri.partition(",")[2])))
        assert picture.size == (SIDE_PX, SIDE_PX)
        assert not picture.getexif()


def test_the_gallery_leads_with_what_a_reader_named_otherwise(reviewed: Reported) -> None:
    found = {group.name: group for group in reviewed.found().groups}
    assert [*found] == [*GGS.glomerular, APART, "non-glomerulus"]
    for group in found.values():
        against = [s.row["label"] not in ("", s.row["predicted"]) for s in group.shots]
        assert against == sorted(against, reverse=True)
    assert {s.handle for s in found[APART].shots if s.slide == 1} == {3}
    counts = reviewed.found().reading.answer.counts
    assert {name: found[name].total for name in GGS.glomerular} == counts


def test_tables_say_what_the_page_says(reviewed: Reported) -> None:
    found = reviewed.found()
    page = write_case(found, reviewed.out, EVERY)
    for name, table in (("counts", counts_table(found)), ("circles", circles_table(found))):
        text = pd.read_csv(page.with_suffix(f".{name}.csv"), keep_default_na=False)
        exact = pd.read_parquet(page.with_suffix(f".{name}.parquet"))
        assert list(text.columns) == list(exact.columns) == list(table.columns)
        assert len(text) == len(exact)
    said = found.reading.answer
    circles = circles_table(found)
    assert circles["counts_as"].value_counts().drop("").to_dict() == {
        name: number for name, number in said.counts.items() if number
    }
    last = counts_table(found).iloc[-2]
    assert last["glomeruli"] == said.count
    assert last["percent_ggs"] == pytest.approx(said.percent)
    assert last["this_kidney_high"] == pytest.approx(100 * said.kidney.high)


def test_a_page_needs_nothing_but_itself(reviewed: Reported) -> None:
    page = page_of(reviewed.found())
    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    assert all(link.startswith(("#", "data:")) for link in links)
    assert "<script" not in page
    assert "default-src 'none'" in unescape(page)
    assert {*re.findall(r'href="#([^"]+)"', page)} <= {*re.findall(r'id="([^"]+)"', page)}


def test_no_total_score_is_given(reviewed: Reported) -> None:
    text = text_of(reviewed.found())
    assert "No total score is computed." in text
    assert not re.search(r"score\s*[:=]?\s*\d", text.replace("Detection score", ""))


def test_ten_thousand_circles_make_a_page_that_can_be_sent(study: Reported) -> None:
    study.add("large", circles=rows_of(10_000), thresholds=Thresholds(0.0, 0.5))
    found = study.found()
    assert found.reading.answer.total > 10_000
    assert all(len(group.shots) <= 24 for group in found.groups)
    assert all(group.rest for group in found.groups if group.name in GGS.glomerular)
    page = page_of(found)
    assert len(page) < 20_000_000
    assert page.count('<th scope="row">2.') > 9_000


@pytest.mark.parametrize("circles", [0, 1])
def test_a_run_that_found_next_to_nothing_is_a_report(study: Reported, circles: int) -> None:
    study.add(circles=rows_of(circles), case="other", patient="Roe", thresholds=Thresholds(0, 1.0))
    found = study.found("other")
    page = write_case(found, study.out, {"other"})
    if not found.reading.answer.count:
        assert "No glomerulus is counted" in Tags(page.read_text()).text
    assert pd.read_parquet(page.with_suffix(".circles.parquet")).shape[0] == circles


def test_nothing_is_left_that_counts(study: Reported) -> None:
    study.did(Labelled(tuple(range(N)), "non-glomerulus"))
    text = text_of(study.found())
    assert "No glomerulus is counted, so that there is no %GGS." in text


def test_a_run_that_was_cut_off_is_told(study: Reported) -> None:
    study.add(case="other", patient="Roe", finish=False)
    assert "The run on slide 1 was cut off" in text_of(study.found("other"))


def test_tissue_that_was_not_analysed_is_told(study: Reported) -> None:
    study.add(case="other", patient="Roe")
    assert "12.5 %" in text_of(study.found("other"))


def test_slides_of_other_classes_are_told_and_not_added(study: Reported) -> None:
    rows = rows_of(3).iloc[:, :7].assign(p_non_sclerotic=0.25, p_sclerotic=0.75)
    study.add("of few classes", circles=rows, scheme=BINARY)
    found = study.found()
    assert "Slide 2 has other classes (binary, not ggs)" in text_of(found)
    assert found.reading.answer == found.reading.slides[0].answer
    assert circles_table(found)["p_sclerotic"].notna().sum() == 3
    assert "sclerotic" in {group.name for group in found.groups}


def test_a_scheme_that_cannot_filter_is_told(study: Reported) -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(5), 4)
    rows = glomeruli.build(np.full((4, 3), 50.0), [0.9] * 4, p, CIRCLEMIX)
    study.add(circles=rows, case="other", patient="Roe", scheme=CIRCLEMIX)
    assert "it filters nothing" in text_of(study.found("other"))


def test_a_slide_without_a_run_is_told(study: Reported, tmp_path: Path) -> None:
    waiting = SlideInfo("e" * 32, "waiting", tmp_path / "w.svs", 10, 10, 0.5)
    study.store.add_slide(waiting, PATIENT, CASE)
    assert "no run was made there" in text_of(study.found())
    alone = SlideInfo("d" * 32, "alone", tmp_path / "x.svs", 10, 10, 0.5)
    study.store.add_slide(alone, "Roe", "empty")
    with pytest.raises(UserError, match="no run was made"):
        study.found("empty")


def test_sections_are_found_where_the_study_has_none(study: Reported) -> None:
    assert "found in its tissue" in text_of(study.found())
    study.add(case="other", patient="Roe")
    assert "The sections of slide 1 are not known" in text_of(study.found("other"))


def test_a_report_is_replaced_and_a_person_s_own_page_is_not(study: Reported) -> None:
    found = study.found()
    page = write_case(found, study.out, EVERY)
    before = {file.name for file in study.out.iterdir()}
    study.did(Assessed((0,), "uncertain"))
    write_case(study.found(), study.out, EVERY)
    assert {file.name for file in study.out.iterdir()} == before
    assert "1 uncertain" in Tags(page.read_text()).text
    page.write_text("<h1>mine</h1>")
    with pytest.raises(UserError, match="no report of napari-ggs"):
        write_case(found, study.out, EVERY)
    assert page.read_text() == "<h1>mine</h1>"


def test_a_folder_that_is_a_file_is_refused(study: Reported) -> None:
    study.out.write_text("")
    with pytest.raises(UserError, match="reports"):
        write_case(study.found(), study.out, EVERY)
