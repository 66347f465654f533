"""The reports of a whole study: the command, its pages side by side, and what goes wrong."""

import errno
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from napari_ggs.report import study_report
from napari_ggs.report.cohort_summary import POOLED, cases_table, pooled, summary_of
from napari_ggs.report.study_report import LISTED, cases_of, report_cases, write_cohort
from napari_ggs.review import Labelled
from napari_ggs.store import CaseStore, SlideInfo
from tests.report.cases import CASE, Reported
from tests.report.test_case_report import Tags
from tests.review.test_export import PATIENT, READER, N
from tests.review.test_kept_session import opened
from tests.review.test_session import rows_of
from tests.test_cli import Done, ggs


@pytest.fixture
def cohort(reviewed: Reported) -> Reported:
    """Seven cases of six patients."""
    for number in range(6):
        rows = rows_of(40, seed=number)
        reviewed.add(f"s{number}", rows, f"case {number + 10}", f"Roe {number // 2}")
    return reviewed


def report(study: Reported, *words: object) -> Done:
    return ggs("report", study.store.path, "--out", study.out, *words)


def pages(study: Reported) -> list[str]:
    return sorted(page.name for page in study.out.rglob("*.html"))


def test_the_command_writes_a_page_per_case_and_one_for_all(cohort: Reported) -> None:
    done = report(cohort)
    assert done.returncode == 0, done.stderr
    assert len(pages(cohort)) == 7 + 1
    endings = {"".join(path.suffixes) for path in (cohort.out / "cases").iterdir()}
    assert endings == {
        ".html",
        *(f".{what}.{end}" for what in ("counts", "circles") for end in ("csv", "parquet")),
    }
    page = (cohort.out / "cohort.html").read_text()
    for name in pages(cohort):
        assert name == "cohort.html" or f'href="cases/{name}"' in page
    text = Tags(page).text
    assert "Cohort of 7 cases" in text
    assert "Preliminary" in text
    assert not [word for word in (PATIENT, "Roe", READER, CASE) if word in page]


def test_chosen_cases_are_reported_alone(cohort: Reported) -> None:
    assert report(cohort, "--case", "case 11", "--case", CASE, "--identify").returncode == 0
    assert pages(cohort) == ["case 11.html", f"{CASE}.html"]


def test_the_cohort_s_table_has_the_figures_of_the_cases(cohort: Reported) -> None:
    told = list(report_cases(cohort.store, cases_of(cohort.store), cohort.wanted(True)))
    write_cohort(cohort.store, told, cohort.wanted(True))
    exact = pd.read_parquet(cohort.out / "cohort.parquet")
    text = pd.read_csv(cohort.out / "cohort.csv")
    assert list(exact.columns) == list(text.columns)
    found = cohort.found("case 12", identify=True)
    row = exact.set_index("case").loc["case 12"]
    said = found.reading.answer
    assert row["glomeruli"] == said.count
    assert row["percent_ggs_total"] == said.percent
    assert row["total_this_kidney_low"] == 100 * said.kidney.low
    assert row["tissue_not_analysed_percent"] == 12.5
    assert [row[f"n_{name}"] for name in said.counts] == list(said.counts.values())


def test_shares_over_all_cases_draw_patients(cohort: Reported) -> None:
    cases = [summary_of(cohort.found(case), f"{case}.html") for case in cases_of(cohort.store)]
    found = pooled(cases)
    assert [*found] == [*POOLED]
    table = cases_table(cases)
    whole = table["globally_sclerotic"].sum() / table["glomeruli"].sum()
    assert found[POOLED[0]].value == pytest.approx(whole)
    assert found[POOLED[1]].value == pytest.approx(table["percent_ggs_total"].mean() / 100)
    assert found[POOLED[2]].value == pytest.approx(table["percent_ggs_per_level"].mean() / 100)
    assert not found[POOLED[0]].has_interval, "four patients are too few"
    several = [replace(case, patient=str(i)) for i, case in enumerate(cases)]
    assert all(share.low < share.value < share.high for share in pooled(several).values())


def test_many_cases_are_drawn_as_a_curve(cohort: Reported) -> None:
    told = list(report_cases(cohort.store, cases_of(cohort.store), cohort.wanted()))
    assert (
        "cases in rising order" not in write_cohort(cohort.store, told, cohort.wanted()).read_text()
    )
    many = told * (LISTED // len(told) + 1)
    page = write_cohort(cohort.store, many, cohort.wanted()).read_text()
    assert f"{len(many)} cases in rising order" in page


def test_a_case_that_readers_dispute_does_not_stop_the_others(cohort: Reported) -> None:
    cohort.did(Labelled((0,), "normal"), who="bob")
    done = report(cohort)
    assert done.returncode == 2
    assert f"case {CASE}" in done.stderr
    assert "--reviewer" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert len(pages(cohort)) == 6 + 1
    page = (cohort.out / "cohort.html").read_text()
    assert "could not be reported" in page
    assert READER not in page
    assert "disagree" not in page
    assert report(cohort, "--reviewer", "bob").returncode == 0
    assert len(pages(cohort)) == 7 + 1


def test_a_reader_who_read_nothing_is_refused(cohort: Reported) -> None:
    done = report(cohort, "--reviewer", "Nobody")
    assert done.returncode == 2
    assert READER in done.stderr
    assert not cohort.out.exists()


def test_an_unknown_case_is_refused_with_those_there_are(cohort: Reported) -> None:
    done = report(cohort, "--case", "case 99")
    assert done.returncode == 2
    assert CASE in done.stderr
    assert not cohort.out.exists()


def test_a_study_without_slides_is_refused(tmp_path: Path) -> None:
    CaseStore.open(tmp_path / "empty.ggs").close()
    done = ggs("report", tmp_path / "empty.ggs", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "has no slides" in done.stderr


def test_a_study_without_runs_says_so_of_each_case(tmp_path: Path) -> None:
    with CaseStore.open(tmp_path / "new.ggs") as store:
        for name in "ab":
            about = SlideInfo(name * 32, name, tmp_path / f"{name}.svs", 9, 9, 0.5)
            store.add_slide(about)
    done = ggs("report", tmp_path / "new.ggs", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.count("no run was made") == 2
    text = Tags((tmp_path / "out" / "cohort.html").read_text()).text
    assert "Cohort of 0 cases" in text
    assert text.count("No report of case") == 2
    assert len(pd.read_parquet(tmp_path / "out" / "cohort.parquet")) == 0


def test_a_study_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    done = ggs("report", tmp_path / "none.ggs", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told(cohort: Reported) -> None:
    cohort.out.write_text("mine")
    done = report(cohort)
    assert done.returncode == 2
    assert "reports" in done.stderr
    assert cohort.out.read_text() == "mine"


def test_a_full_disk_leaves_the_reports_before(cohort: Reported, monkeypatch) -> None:
    assert report(cohort, "--case", CASE).returncode == 0
    before = {path: path.read_bytes() for path in cohort.out.rglob("*") if path.is_file()}
    opened(cohort.store, cohort.run, READER).apply(Labelled((N - 1,), "obsolescent"))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    done = report(cohort, "--case", CASE)
    assert done.returncode == 2
    assert "the disk is full" in done.stderr
    assert {path: path.read_bytes() for path in cohort.out.rglob("*") if path.is_file()} == before


def test_a_person_s_own_cohort_page_is_not_overwritten(cohort: Reported) -> None:
    cohort.out.mkdir()
    (cohort.out / "cohort.html").write_text("<p>mine</p>")
    done = report(cohort)
    assert done.returncode == 2
    assert "cohort.html is no report of napari-ggs" in done.stderr
    assert (cohort.out / "cohort.html").read_text() == "<p>mine</p>"


def test_a_fault_of_ours_in_one_case_is_told_as_such(cohort: Reported, monkeypatch) -> None:
    find = study_report.find_case

    def broken(store, slides, wanted):
        if slides[0].case == CASE:
            raise ZeroDivisionError("ours")
        return find(store, slides, wanted)

    monkeypatch.setattr(study_report, "find_case", broken)
    done = report(cohort)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert len(pages(cohort)) == 6 + 1
