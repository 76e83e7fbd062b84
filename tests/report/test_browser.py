"""report.html in a real browser: what it draws is what results.json says, and what it is asked to do it does. The
browser is Debian's or Chrome's own, or the one that `playwright install chromium` brings."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from augtune.records import write_json, write_jsonl
from augtune.report.live import serve
from augtune.report.pages import ASSETS
from report.made import HOSTILE, full
from report.test_decision import CACHING, GRID, study_of

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
expect = playwright.expect  # waits, since a page follows its fragment a moment after a click

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
Open = Callable[..., Any]
# Contrast of each text with the ground that it stands on, where it is under what WCAG asks for.
CONTRASTS = """() => {
  const linear = (v) => v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = document.querySelectorAll("h1, p, td, th, dt, summary, a, small, .good, .bad, label");
  return [...texts].filter((e) => e.offsetParent && e.textContent.trim()).map((e) => {
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 80)];
  }).filter(([contrast]) => contrast < 4.5);
}"""
WIDER = """() => [...document.querySelectorAll("svg.chart")]
  .filter((s) => s.getBoundingClientRect().width > innerWidth).length"""
UNNAMED = """() => [...document.querySelectorAll("input, select, button, a, svg.chart, [role=region], [role=img]")]
  .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() ||
    (e.labels && [...e.labels].some((l) => l.textContent.trim())))).map((e) => e.outerHTML)"""
OPEN_EACH = """async () => {
  const links = [...document.querySelectorAll("#list a")].map((a) => a.getAttribute("href"));
  for (const link of links) { location.hash = link; await new Promise((done) => setTimeout(done, 0)); }
  return links.length;
}"""
LOCAL = "http://127.0.0.1:"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as p:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        if found is None and not Path(p.chromium.executable_path).exists():
            pytest.skip("no Chromium was found; `apt install chromium` or `playwright install chromium` brings one")
        opened = p.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page that is ready; no page may have written an error to its console, or asked for anything else."""
    faults: list[str] = []
    contexts = []

    def open_page(path: Path | str, fragment: str = "", **options: Any) -> Any:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
        contexts.append(context)
        context.set_default_timeout(120_000)  # machines that test may be busy
        page = context.new_page()
        page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.on("request", lambda r: None if r.url.startswith(("file:", "data:", LOCAL)) else faults.append(r.url))
        page.goto(f"{path if isinstance(path, str) else path.as_uri()}{fragment}")
        page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("run")
    return folder / "report.html", full(folder)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("hostile")
    return folder / "report.html", full(folder, hostile=True)


def dots(page: Any, chart: str) -> dict[str, list[float]]:
    """The values of a chart's full dots by row."""
    found = page.locator(f"svg[data-chart='{chart}'] circle[data-value]").evaluate_all(
        "dots => dots.map(d => [d.dataset.row, Number(d.dataset.value)])"
    )
    rows: dict[str, list[float]] = {}
    for row, value in found:
        rows.setdefault(row, []).append(value)
    return rows


def test_charts_are_drawn_with_the_data_of_results_json(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    path, found = run
    page = opened(path)
    arms = found["arms"]
    assert dots(page, "accuracy") == {a: [m["accuracy"]] for a, m in found["decision"]["means"].items()}
    per_thousand = {a: [1000 * row["cost"]["units"]["flops"]["query"]["none"]] for a, row in arms.items()}
    assert dots(page, "cost") == {a: [pytest.approx(v[0])] for a, v in per_thousand.items()}
    for i, split in enumerate(found["chance"], 1):
        assert dots(page, f"accuracy-{i}") == {a: [row["splits"][split]["accuracy"]] for a, row in arms.items()}
        bands = page.locator(f"svg[data-chart='accuracy-{i}'] line.interval").count()
        assert bands == len(arms)
        seeds = {a: list(row["splits"][split]["seeds"].values()) for a, row in arms.items()}
        assert dots(page, f"seeds-{i}") == {a: v for a, v in seeds.items() if len(v) > 1}
        covered = {
            a: [v for v in (c[split]["accuracy_uncovered"], c[split]["accuracy_covered"]) if v is not None]
            for a, c in found["coverage"].items() if a in arms and c[split]["covered"]
        }  # fmt: skip
        assert dots(page, f"coverage-{i}") == covered
        differences = [abs(c["difference"]) for c in found["comparisons"]
                       if c["split"] == split and "augmented" in (c["a"], c["b"])]  # fmt: skip
        drawn = [abs(v) for values in dots(page, f"difference-{i}").values() for v in values]
        assert sorted(drawn) == sorted(differences)
    kinds = sum(len(c["kinds"]) for c in arms["base"]["splits"].values())
    assert page.locator("svg[data-chart^='kind-']").count() == kinds
    lines = page.locator(".case:not([hidden]) svg[data-chart='break-even'] polyline")
    assert lines.evaluate_all("l => l.map(x => x.dataset.row)") == found["decision"]["arms"]
    assert page.locator("svg[data-chart='training'] polyline").count() == 2
    assert page.locator("svg[data-chart='ablation'], svg[data-chart^='forgetting']").count() == 3


@pytest.mark.parametrize("world", range(6))
def test_the_browsers_rule_is_the_verdicts(browser: Any, world: int) -> None:
    """Against decision.advise, which test_decision.py holds against verdict.verdict on the same grid."""
    from augtune.report.decision import advise

    found = study_of(world)[2]
    page = browser.new_page()
    page.add_script_tag(path=ASSETS / "decide.js")
    asked = [[q, c] for q in GRID for c in CACHING]
    told = page.evaluate("([f, asked]) => asked.map(([q, c]) => advise(f, q, c))", [found, asked])
    for (queries, caching), got in zip(asked, told, strict=True):
        expected = advise(found, queries, caching)
        assert expected is not None
        assert got == {"arm": expected.arm, "sure": expected.sure, "shares": expected.shares}
    page.close()


def test_the_slider_moves_the_recommendation(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    path, found = run
    page = opened(path)
    before = page.locator("#confidence").inner_text()
    assert "1,000 expected queries" in before
    place = page.locator(".case:not([hidden]) .now").get_attribute("transform")
    page.locator("#slider").focus()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    assert int(page.locator("#queries").input_value()) > 10_000
    assert page.locator(".case:not([hidden]) .now").get_attribute("transform") != place
    assert page.locator("#confidence").inner_text() != before
    assert "expected queries" in page.locator("#slider").get_attribute("aria-valuetext")
    page.locator("#queries").fill("1000")
    assert page.locator("#confidence").inner_text() == before
    assert page.locator("#totals tr.chosen th").inner_text() in page.locator("#confidence").inner_text()
    page.locator("#case").select_option("batch")
    assert page.locator(".case:not([hidden])").get_attribute("data-case") == "batch"
    icl = found["arms"]["icl"]["cost"]["units"]["flops"]["query"]["batch"] * 1000
    assert page.locator("#totals tr[data-arm=icl] td").first.inner_text() == f"{icl / 1e6:.3g} M FLOPs"


def test_the_page_says_at_first_what_its_script_says(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    path, _ = run
    page = opened(path)
    html = path.read_text(encoding="utf-8")
    for place in ("answer", "confidence"):
        written = re.search(rf'id="{place}"[^>]*>([^<]*)<', html)
        assert written is not None
        assert page.locator(f"#{place}").inner_text() == unescape(written.group(1))


def test_a_missed_question_and_whether_it_was_taught(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    """In two clicks."""
    page = opened(run[0])
    row = page.locator("#missed tbody tr", has=page.locator("th", has_text="augmented"))
    row.locator("td").nth(1).locator("a").first.click()
    expect(page.locator("select[name=split]")).to_have_value("reversal 1")
    expect(page.locator("select[name=answer]")).to_have_value("missed")
    page.locator("#list a").first.click()
    item = page.locator("#item")
    expect(item).to_contain_text("augmented: taught")
    expect(item).to_contain_text("finetune: not taught")
    expect(item.locator(".likely tbody tr")).to_have_count(3)
    heads = item.locator(".likely thead th").all_inner_texts()
    assert any(h.startswith("✗ augmented, seed") for h in heads)
    assert page.url.rpartition("#")[2].startswith("question/")
    item.locator("a", has_text="The part").first.click()
    expect(item).to_contain_text("Augmentation")
    expect(item).to_contain_text("accepted")
    item.locator("h4", has_text="Sources").locator("xpath=following-sibling::ul[1]").locator("a").first.click()
    expect(item).to_have_text(re.compile("^Document"))
    page.go_back()
    expect(item).to_contain_text("Augmentation")


def test_search_and_filters(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    page = opened(run[0], "#questions")
    expect(page.locator("#count")).to_have_text("40 of 40 questions")
    page.get_by_label("Search", exact=True).fill("part 3")
    expect(page.locator("#count")).to_have_text("2 of 40 questions")
    page.get_by_label("Split", exact=True).select_option("forward 0")
    expect(page.locator("#count")).to_have_text("1 of 40 questions")
    assert "q=part" in page.url
    assert "split=forward" in page.url
    page.locator("#tab-texts").click()
    expect(page.locator("#count")).to_have_text("20 of 20 augmentations")
    page.get_by_label("Rejected because").select_option("copy 1")
    expect(page.locator("#count")).to_have_text("3 of 20 augmentations")
    expect(page.locator("#list small").first).to_have_text("reverse · rejected: copy 1")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("#count")).to_have_text("3 of 20 augmentations")
    page.locator("#tab-documents").click()
    page.get_by_label("That", exact=True).select_option("are asked about")
    expect(page.locator("#count")).to_have_text("10 of 10 documents")


def test_links_to_one_item(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    page = opened(run[0], "#question/1-3")
    expect(page.locator("#item")).to_contain_text("1-3")
    assert page.locator("#list a[aria-current]").count() == 1
    page = opened(run[0], f"#document/{quote('d 4')}")
    expect(page.locator("#item")).to_contain_text("d 4")
    assert "no question nowhere" in opened(run[0], "#question/nowhere").locator("#item").inner_text()
    assert opened(run[0], "#question/%").locator("#item").inner_text().startswith("There is no")


def test_hostile_texts_are_shown_and_run_nothing(opened: Open, hostile: tuple[Path, dict[str, Any]]) -> None:
    path, _ = hostile
    page = opened(path)
    for i, evil in enumerate(HOSTILE):
        page.evaluate("id => { location.hash = `#document/${encodeURIComponent(id)}` }", f"d {i} {evil}".strip())
        page.wait_for_function("n => document.querySelector('#item .dim').textContent.includes(`d ${n}`)", arg=i)
        assert evil.replace("\x00", "␀") in page.locator("#item .text").first.text_content()
    for view in ("questions", "texts"):
        page.goto(f"{path.as_uri()}#{view}")
        expect(page.locator(f"#tab-{view}")).to_have_attribute("aria-current", "page")
        assert page.evaluate(OPEN_EACH) == page.locator("#list a").count() > 0
    assert page.evaluate("window.hacked") is None
    assert page.locator("#item script, #item img, main script").count() == 0
    for options in ({}, PHONE):
        narrow = opened(path, "#questions", **options)
        assert narrow.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_readable_in_light_and_dark(opened: Open, run: tuple[Path, dict[str, Any]], scheme: str) -> None:
    page = opened(run[0], "#question/1-3", color_scheme=scheme)
    contrasts = page.evaluate(CONTRASTS)
    assert contrasts == []


def test_on_a_phone_nothing_is_wider_than_the_screen(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    page = opened(run[0], "#question/1-3", **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate(WIDER) == 0
    page.goto(f"{run[0].as_uri()}#documents")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_keyboard_and_labels(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    page = opened(run[0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate(UNNAMED) == []
    ids = page.locator("[id]").evaluate_all("all => all.map(e => e.id)")
    assert len(ids) == len(set(ids))
    page.locator("#tab-documents").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("10 of 10 documents")
    page.locator("#list a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#item")).to_be_focused()


def test_on_paper(opened: Open, run: tuple[Path, dict[str, Any]]) -> None:
    page = opened(run[0])
    page.emulate_media(media="print")
    assert not page.locator("nav.top").is_visible()
    assert not page.locator("#browse").is_visible()
    assert page.locator("svg[data-chart=accuracy]").is_visible()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert page.pdf().startswith(b"%PDF")


def test_a_run_in_progress_is_followed(opened: Open, tmp_path: Path) -> None:
    study = {"name": HOSTILE[0], "arms": ["base", "finetune"], "seeds": [0]}
    write_json(tmp_path / "study.json", {"study": study})
    now = {"what": "train: finetune", "done": 1, "total": 4, "unit": "tokens", "rate": 2}
    write_json(tmp_path / "progress.json", now)
    rows = [{"arm": "base", "split": HOSTILE[3], "correct": True}]
    write_jsonl(tmp_path / "stages" / "evaluate-base-0.jsonl", rows)
    server = serve(tmp_path, 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        page = opened(f"{LOCAL}{server.server_port}/")
        assert page.locator("#now").inner_text() == "train: finetune: 1 of 4 tokens, 2 tokens/s, 2 s left"
        assert page.locator("#share").evaluate("e => e.value") == 0.25
        assert page.locator("#charts circle").get_attribute("data-value") == "1.0"
        write_json(tmp_path / "stages" / "train-finetune-0.json", {"usage": {"seconds": 3}, "steps": 2, "tokens": 4})
        (tmp_path / "progress.json").unlink()
        (tmp_path / "report.html").write_text("<title>done</title><link rel=icon href=data:,>")
        page.locator("#stages .good", has_text="train-finetune-0 — 3 s; 2 steps, 4 tokens").wait_for()
        assert page.evaluate("window.hacked") is None
        page.locator("#done a").click()
        assert page.title() == "done"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_where_nothing_can_be_told_the_page_says_so(opened: Open, tmp_path: Path) -> None:
    found = full(tmp_path, groups=1)
    page = opened(tmp_path / "report.html")
    assert page.locator("#answer").inner_text() == "These results cannot tell yet."
    assert page.locator(".verdict details p").inner_text() == found["verdict"]["reason"]
    page.locator("#queries").fill("50000")
    assert page.locator("#answer").inner_text() == "These results cannot tell yet."
    assert page.locator("svg[data-chart='accuracy'] line.interval").count() == 0
    assert page.locator("#totals td").first.inner_text().endswith("FLOPs")
