"""Reports in a real browser: they render, fetch nothing, can be read by all, and print."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_ggs.slides import open_slide
from tests.report.cases import Reported
from tests.report.conftest import review
from tests.review.test_session import rows_of
from tests.test_cli import ggs

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium: python -m napari_ggs.doctor --install --browser"
)
WIDE, NARROW = {"width": 1100, "height": 1400}, {"width": 400, "height": 800}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, kidney: Path) -> dict[str, Path]:
    """The page of a reviewed case with and without pictures, and that of a cohort."""
    folder = tmp_path_factory.mktemp("study")
    with open_slide(kidney) as slide:
        study = Reported(folder, slide)
        review(study)
        for number in range(4):
            study.add(f"s{number}", rows_of(40, seed=number), f"case {number}", f"Roe {number}")
        path, out = study.store.path, study.out
        study.store.close()
    assert ggs("report", path, "--out", out, "--identify").returncode == 0
    return {
        "case": out / "cases" / "case 7.html",
        "without pictures": out / "cases" / "case 0.html",
        "cohort": out / "cohort.html",
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: sync_api.Browser) -> Iterator[sync_api.Page]:
    page = browser.new_page(viewport=WIDE)
    yield page
    page.close()


NAMES = ("case", "without pictures", "cohort")


@pytest.mark.parametrize("name", NAMES)
def test_a_report_renders_without_an_error_and_asks_for_nothing(
    page: sync_api.Page, reports: dict[str, Path], name: str
) -> None:
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(reports[name].as_uri(), wait_until="networkidle")
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [reports[name].as_uri()]
    style = "getComputedStyle(document.body)"
    assert "sans-serif" in page.evaluate(f"{style}.fontFamily"), "the policy lets the style through"
    for drawing in page.locator("figure > svg").all():
        box = drawing.bounding_box()
        assert box is not None
        assert box["width"] > 50
        assert box["height"] > 10


def test_the_pictures_are_drawn(page: sync_api.Page, reports: dict[str, Path]) -> None:
    page.goto(reports["case"].as_uri())
    uris = page.eval_on_selector_all("image", "all => all.map(one => one.href.baseVal)")
    assert len(uris) > 5
    widths = page.evaluate(
        "uris => Promise.all(uris.map(async uri => {"
        "const image = new Image(); image.src = uri; await image.decode(); return image.width}))",
        uris,
    )
    assert min(widths) > 100
    page.goto(reports["without pictures"].as_uri())
    assert page.locator("image").count() == 0
    assert page.get_by_text("No pictures of 1 slide").is_visible()


@pytest.mark.parametrize("view", [WIDE, NARROW])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_runs_over_the_edge(
    page: sync_api.Page, reports: dict[str, Path], name: str, view: dict[str, int]
) -> None:
    page.set_viewport_size(view)
    page.goto(reports[name].as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= view["width"]
    over = page.eval_on_selector_all(
        "svg[role=img] text",
        "all => all.filter(one => { const a = one.getBoundingClientRect(), "
        "b = one.ownerSVGElement.getBoundingClientRect(); "
        "return !one.closest('.map') && (a.left < b.left - 1 || a.right > b.right + 1) })"
        ".map(one => one.textContent)",
    )
    assert over == []
    if view is WIDE:
        hidden = page.eval_on_selector_all(
            ".scroll", "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
        )
        assert hidden == 0, "a table is wider than the page"


@pytest.mark.parametrize("name", NAMES)
def test_a_report_can_be_read_by_all(
    page: sync_api.Page, reports: dict[str, Path], name: str
) -> None:
    """By axe-core: contrast, headings, tables, alternatives, landmarks, focus."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page.goto(reports[name].as_uri())
    for closed in page.locator("summary").all():
        closed.click()
    found = axe.Axe().run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


def test_the_keyboard_leads_through_a_report(page: sync_api.Page, reports: dict[str, Path]) -> None:
    page.goto(reports["case"].as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0, "it is seen once it has the focus"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        tag = page.evaluate("document.activeElement.tagName")
        if tag == "BODY":
            break
        seen.append(tag)
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px", f"nothing shows that {tag} has the focus"
    assert "SUMMARY" in seen
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.evaluate("one => one.open")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("name", ["case", "cohort"])
def test_a_report_prints(
    page: sync_api.Page, reports: dict[str, Path], name: str, paper: str
) -> None:
    page.goto(reports[name].as_uri())
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert not page.locator(".listing").is_visible() or name == "cohort"
    pdf = page.pdf(format=paper)
    leaves = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert (3 if name == "case" else 1) <= leaves <= 12
    tallest = page.eval_on_selector_all(
        ".form, .map svg", "all => all.map(one => one.getBoundingClientRect().height)"
    )
    assert max(tallest, default=0) < 930, "what is not broken fits on a page of letter paper"
