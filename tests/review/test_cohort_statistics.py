"""Statistics over the patients of a study: counted right, grouped right, refused with a reason."""

from pathlib import Path

import pandas as pd
import pytest

from napari_ggs import glomeruli
from napari_ggs.errors import UserError
from napari_ggs.glomeruli import Thresholds
from napari_ggs.lesions import BINARY, GGS
from napari_ggs.review.cohort_files import write_statistics
from napari_ggs.review.cohort_statistics import (
    ALL,
    SCLEROTIC,
    contrast_table,
    patient_table,
    share_table,
)
from napari_ggs.review.patient_counts import PatientCounts, count_patients, read_groups
from napari_ggs.store import CaseStore
from napari_ggs.store.pseudonyms import Names
from tests.store.studies import MODELS, info, label, reader, rows_of


def add(store: CaseStore, number: int, patient: str, n: int = 12) -> int:
    """A finished run on a slide of a patient."""
    slide = store.add_slide(info(f"{number:02x}", f"{number}.svs"), patient, f"{patient}-1")
    run = store.begin_run(slide, GGS, MODELS, Thresholds(0.0, 0.5))
    rows = rows_of(n, seed=number)
    store.add_circles(run, rows)
    store.finish_run(run, glomeruli.numbered(rows), {})
    return run


@pytest.fixture
def store(tmp_path: Path) -> CaseStore:
    """Ten patients, the first with two slides."""
    study = CaseStore.open(tmp_path / "study.ggs")
    for number in range(11):
        add(study, number, f"P{max(number - 1, 0)}")
    yield study
    study.close()


def groups_of(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "groups.csv"
    path.write_text("patient,apol1\n" + "\n".join(lines) + "\n")
    return path


def test_slides_of_a_patient_are_added_up_as_the_models_name_them(store: CaseStore) -> None:
    found = count_patients(store)
    assert list(found.counts.index) == sorted(f"P{i}" for i in range(10))
    expected = dict.fromkeys(GGS.glomerular, 0)
    for number in (0, 1):
        for name, n in glomeruli.counts(rows_of(12, seed=number), GGS, Thresholds(0, 0.5)).items():
            expected[name] += n
    assert found.counts.loc["P0", list(GGS.glomerular)].to_dict() == expected
    assert found.counts.loc["P0", ["slides", "reviewed"]].tolist() == [2, 0]


def test_what_people_said_counts(store: CaseStore) -> None:
    run = store.standing_run(store.slides()[5].id)
    journal = reader(store, run.id)
    for handle in range(12):
        label(journal, handle, "solidified")
    row = count_patients(store).counts.loc[store.slides()[5].patient]
    assert row[list(GGS.glomerular)].tolist() == [0, 0, 12, 0]
    assert row["reviewed"] == 12


def test_a_slide_without_a_finished_run_is_left_out_and_named(store: CaseStore) -> None:
    slide = store.add_slide(info("ee", "new.svs"), "P77", "P77-1")
    store.begin_run(slide, GGS, MODELS, Thresholds(0.0, 0.5))
    found = count_patients(store)
    assert found.left_out == ("new.svs: no finished run",)
    assert "P77" not in found.counts.index


def test_other_classes_cannot_be_added_up(store: CaseStore) -> None:
    slide = store.add_slide(info("ee", "binary.svs"), "P77", "P77-1")
    run = store.begin_run(slide, BINARY, MODELS, Thresholds(0.0, 0.5))
    store.finish_run(run, glomeruli.empty(BINARY), {})
    with pytest.raises(UserError, match=r"different classes.*binary\.svs"):
        count_patients(store)


def test_an_empty_study_has_nothing_to_count(tmp_path: Path) -> None:
    with (
        CaseStore.open(tmp_path / "new.ggs") as store,
        pytest.raises(UserError, match="no slides"),
    ):
        count_patients(store)


def counts(shares: dict[str, tuple[int, int]]) -> PatientCounts:
    """Patients with so many obsolescent ones of so many."""
    table = pd.DataFrame(
        {
            "normal": [n - k for k, n in shares.values()],
            "obsolescent": [k for k, _ in shares.values()],
            "solidified": 0,
            "disappearing": 0,
            "slides": 1,
            "reviewed": 0,
        },
        index=pd.Index(shares, name="patient"),
    )
    return PatientCounts(GGS, table)


def test_shares_are_given_over_all_and_in_each_group() -> None:
    found = counts({f"A{i}": (8, 10) for i in range(6)} | {f"B{i}": (2, 10) for i in range(5)})
    groups = pd.Series({name: name[0] for name in found.counts.index})
    table = share_table(found, groups).set_index(["group", "figure", "of"])
    assert table.loc[("A", SCLEROTIC, "glomeruli"), "value"] == pytest.approx(0.8)
    assert table.loc[(ALL, SCLEROTIC, "glomeruli"), "value"] == pytest.approx(58 / 110)
    assert table.loc[("B", "obsolescent", "sclerotic glomeruli"), "value"] == 1
    assert table.loc[("A", SCLEROTIC, "glomeruli"), "patients"] == 6


def test_groups_are_compared_with_the_largest_one() -> None:
    found = counts(
        {f"A{i}": (6 + i % 3, 10) for i in range(7)} | {f"B{i}": (2, 10) for i in range(6)}
    )
    groups = pd.Series({name: name[0] for name in found.counts.index})
    table = contrast_table(found, groups).set_index(["figure", "of"])
    row = table.loc[(SCLEROTIC, "glomeruli")]
    assert (row["group"], row["reference"]) == ("B", "A")
    assert row["odds_ratio"] < 1
    assert row["p"] <= row["p_holm"] <= 1
    assert pd.isna(table.loc[("solidified", "sclerotic glomeruli"), "odds_ratio"])


def test_patients_have_wilson_intervals() -> None:
    table = patient_table(counts({"A": (5, 10), "B": (0, 0)})).set_index("patient")
    assert table.loc["A", ["ggs_percent", "glomeruli"]].tolist() == [50, 10]
    assert table.loc["A", "ggs_percent_low"] == pytest.approx(23.7, abs=0.1)
    assert pd.isna(table.loc["B", "ggs_percent"])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["P0,high", "P0,low"], "two groups"),
        (["P0,high", "P1,low", "P2,high"], "Two groups of 2 patients"),
        (["X,high", "Y,low"], "matched by their names"),
    ],
)
def test_groups_that_do_not_fit_are_refused(
    store: CaseStore, tmp_path: Path, lines: list[str], words: str
) -> None:
    path = groups_of(tmp_path, lines)
    found = count_patients(store)
    with pytest.raises(UserError, match=words):
        contrast_table(found, read_groups(path, "apol1"))


def test_a_table_without_the_column_names_those_it_has(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="its columns: patient, apol1"):
        read_groups(groups_of(tmp_path, []), "sex")


def test_files_hold_pseudonyms_and_the_lines_the_answer(store: CaseStore, tmp_path: Path) -> None:
    groups = read_groups(groups_of(tmp_path, [f"P{i},{'hl'[i % 2]}" for i in range(10)]), "apol1")
    out = tmp_path / "out"
    files, lines = write_statistics(count_patients(store), groups, "l", Names.of(store.path), out)
    assert {path.name for path in files} == {
        *(
            f"{name}{end}"
            for name in ("patients", "shares", "contrasts")
            for end in (".csv", ".md")
        ),
        "patients.png",
        "shares.png",
    }
    assert all(path.stat().st_size for path in files)
    assert "P0" not in (out / "patients.csv").read_text()
    assert lines[0].startswith("10 patients")
    assert any("odds ratio" in line for line in lines)
