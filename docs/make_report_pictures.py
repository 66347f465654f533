"""Make pictures of reports in ``docs/images``: ``python docs/make_report_pictures.py [FOLDER]``.

It needs Debian's ``chromium``. Phantom slides of some cases are analysed, and a reader reviews some
of them by the phantoms' truth. What was made is kept if a folder is named.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, sync_playwright

from napari_ggs import circles, glomeruli
from napari_ggs.batch import Settings
from napari_ggs.lesions import NON_GLOMERULUS
from napari_ggs.phantom import PhantomSlide, write_slide, write_truth
from napari_ggs.pipeline import detect_and_classify
from napari_ggs.report.case_report import Wanted
from napari_ggs.report.study_report import cases_of, report_cases, write_cohort
from napari_ggs.review.sections import find_sections
from napari_ggs.slides import Slide, open_slide
from napari_ggs.store import CaseStore, FieldChange, SlideInfo
from napari_ggs.store.pseudonyms import Names

IMAGES = Path(__file__).parent / "images"
READER = "A. Reader"
WIDTH, HEIGHT = 1100, 1450
SCLEROSED = {"obsolescent": 0.6, "solidified": 0.25, "disappearing": 0.15}
CASES = (
    (0.38, ((11, "wedge"), (12, "needle")), 1.0),
    (0.08, ((21, "wedge"),), 1.0),
    (0.2, ((31, "needle"),), 0.4),
    (0.55, ((41, "wedge"),), 0.0),
    (0.15, ((51, "wedge"),), 0.0),
)
"""Share sclerotic; seed and outline of each slide; share of the circles that are reviewed."""


def main() -> None:
    """Make a study of phantoms, its reports, and pictures of two of their pages."""
    named = Path(sys.argv[1]) if sys.argv[1:] else None
    with tempfile.TemporaryDirectory() as scratch:
        folder = named or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        study = folder / "phantoms.ggs"
        if not study.exists():
            _make_study(study)
        pages = _report(study, folder / "reports")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            _picture(page, pages[0], "report_case.png")
            _picture(page, pages[0], "report_case_gallery.png", 700, "#gallery")
            _picture(page, pages[-1], "report_cohort.png")
            browser.close()


def _make_study(study: Path) -> None:
    settings = Settings.load()
    with CaseStore.open(study) as store:
        for number, (share, slides, reviewed) in enumerate(CASES, start=1):
            for seed, outline in slides:
                path = study.with_name(f"{number}-{seed}.svs")
                mix = {"normal": 1 - share} | {k: share * v for k, v in SCLEROSED.items()}
                size = (4600, 4000) if outline == "wedge" else (7000, 2200)
                phantom = PhantomSlide(*size, mpp=0.5, seed=seed, outline=outline, mix=mix)
                write_slide(phantom, path)
                write_truth(phantom, path.with_suffix(".truth.csv"))
                with open_slide(path) as slide:
                    _analyse(store, slide, settings, f"P{number}", reviewed)


def _analyse(
    store: CaseStore, slide: Slide, settings: Settings, patient: str, share: float
) -> None:
    about = (slide.fingerprint, slide.name, slide.path, slide.width, slide.height, slide.mpp)
    key = store.add_slide(SlideInfo(*about), patient, f"case of {patient}")
    cards = {"detector": settings.detector.card, "classifier": settings.classifier.card}
    models = {role: {"name": card.name, "sha256": card.sha256} for role, card in cards.items()}
    run = store.begin_run(key, settings.scheme, models, settings.thresholds)
    finder, namer = settings.detector.detector, settings.classifier.classifier
    *_, last = detect_and_classify(slide, finder, namer, thresholds=settings.thresholds)
    assert last.table is not None
    store.add_circles(run, last.table)
    seconds = {"total": last.seconds.total}
    store.finish_run(run, last.table, {"missed": last.missed, "complete": True, "seconds": seconds})
    if share:
        _review(store, slide, settings, run, last.table, share)


def _review(
    store: CaseStore, slide: Slide, settings: Settings, run: int, table: pd.DataFrame, share: float
) -> None:
    """Say of the first circles what the phantom knows of them, and where the sections are."""
    truth = pd.read_csv(slide.path.with_suffix(".truth.csv"))
    found = table[glomeruli.passes(table, settings.thresholds)]
    at = circles.match(
        glomeruli.circles_of(found), glomeruli.circles_of(truth), found["detection_score"]
    )
    names = truth["label"].replace("periglomerular fibrosis", "normal")
    session = store.begin_session(READER)
    journal = store.journal(run, session)
    sections = [one.to_dict() for one in find_sections(slide.tissue())]
    store.set_sections(store.run(run).slide, session, sections)
    for handle, place in list(zip(found.index, at, strict=True))[: int(share * len(found))]:
        label = names.iloc[place] if place >= 0 else NON_GLOMERULUS
        journal.append("labelled", [FieldChange(handle, "label", "", label)])
    if share == 1:
        journal.append("assessed", [FieldChange(int(found.index[-1]), "assessment", "", "cut")])


def _report(study: Path, out: Path) -> list[Path]:
    with CaseStore.open(study) as store:
        wanted = Wanted(out, Names.of(study))
        told = list(report_cases(store, cases_of(store), wanted))
        for one in told:
            if one.fault is not None:
                raise one.fault
        return [*(one.page for one in told if one.page), write_cohort(store, told, wanted)]


def _picture(page: Page, report: Path, name: str, height: int = HEIGHT, place: str = "") -> None:
    page.goto(report.as_uri() + place)
    page.screenshot(path=IMAGES / name, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})


if __name__ == "__main__":
    main()
