"""A manifest says which slides there are; what is wrong in it is told at once, by line."""

from pathlib import Path

import pytest

from napari_ggs.cohort.manifest import Entry, read_manifest
from napari_ggs.errors import UserError


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return tmp_path / "lists" / "manifest.csv"


def written(manifest: Path, *lines: str, encoding: str = "utf-8") -> Path:
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text("\n".join(lines) + "\n", encoding=encoding)
    return manifest


def test_paths_are_from_its_folder_and_other_columns_are_groups(manifest: Path) -> None:
    written(
        manifest,
        "Slide,patient,CASE,level,mpp,age,APOL1",
        "one.svs,P1,C1,2,0.25,54,G1/G2",
        "/abs/two.ndpi,P2,,,,,",
        "s3://bucket/three.ome.zarr,,,,,,G0",
    )
    folder = manifest.parent
    about = {"level": "2", "age": "54", "APOL1": "G1/G2"}
    assert read_manifest(manifest) == [
        Entry(folder / "one.svs", "P1", "C1", 0.25, about),
        Entry(Path("/abs/two.ndpi"), "P2"),
        Entry(Path("s3:/bucket/three.ome.zarr"), about={"APOL1": "G0"}),
    ]


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_spreadsheets_of_other_countries_are_read(manifest: Path, between: str) -> None:
    lines = ["slide,mpp,Gruppe", "eins.svs,0.5,ä", ",,", "zwei.svs,,ö"]
    written(manifest, *(line.replace(",", between) for line in lines), encoding="utf-8-sig")
    first, second = read_manifest(manifest)
    assert (first.mpp, first.about) == (0.5, {"Gruppe": "ä"})
    assert second.path.name == "zwei.svs"


def test_all_that_is_wrong_is_told_by_line(manifest: Path) -> None:
    written(
        manifest,
        "slide,patient,case,mpp,age",
        "one.svs,P1,C1,,",
        ",P1,C1,,",
        "two.svs,P1,C1,250,old",
        "one.svs,P1,C1,,",
        "three.svs,P2,C1,,",
        "four.svs,,C4,,",
        "five.svs,P1,C1,,50,extra",
    )
    with pytest.raises(UserError) as raised:
        read_manifest(manifest)
    words = str(raised.value)
    for fault in (
        "has 7 faults",
        "line 3: no slide",
        "line 4: mpp '250' is none of 0.05 to 20",
        "line 4: age 'old' is none in years",
        "line 5: the slide one.svs is in line 2 already",
        "line 6: the case C1 is P1's in line 2, not P2's",
        "line 7: the case C4 has no patient",
        "line 8: more cells than columns ('extra')",
        "Nothing was begun",
    ):
        assert fault in words


def test_of_very_many_faults_some_are_told(manifest: Path) -> None:
    written(manifest, "slide,age", *(f"{i}.svs,x" for i in range(50)))
    with pytest.raises(UserError, match=r"50 faults: line 2: .*line 21: .*; and 30 more"):
        read_manifest(manifest)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["path,patient", "one.svs,P1"], "has the columns path, patient: it needs one named"),
        (["slide,slide", "a,b"], "each name once"),
        (["slide,patient"], "names no slide"),
        ([""], "has the columns none"),
    ],
)
def test_what_is_no_manifest_is_refused(manifest: Path, lines: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_manifest(written(manifest, *lines))
    manifest.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        read_manifest(manifest)


def test_a_folder_is_all_slides_in_it(tmp_path: Path) -> None:
    for name in (
        "b.svs", "sub/a.NDPI", "sub/.hidden.svs", "notes.txt", "mirax.mrxs", "mirax/Data0001.tif",
        "dicom/1.dcm", "dicom/2.dcm", "zarr.ome.zarr/zarr.json", "zarr.ome.zarr/0/x.tif",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {str(entry.path.relative_to(tmp_path)) for entry in read_manifest(tmp_path)}
    assert found == {"b.svs", "sub/a.NDPI", "mirax.mrxs", "dicom", "zarr.ome.zarr"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="names no slide"):
        read_manifest(tmp_path / "empty")
