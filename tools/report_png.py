"""docs/report.png, the README's picture: the first screen of a run's report in Chromium.

    python tools/report_png.py runs/people [--out docs/report.png] [--dark]

Needs the extra dev (playwright) and Chromium (apt install chromium, or playwright install chromium).
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

SIZE = {"width": 1240, "height": 860}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def launch(p: Playwright) -> Browser:
    """The system's Chromium, or playwright's own."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return p.chromium.launch(executable_path=found, args=["--no-sandbox"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/report.png"))
    parser.add_argument("--dark", action="store_true")
    given = parser.parse_args()
    page_file = given.run / "report.html"
    if not page_file.exists():
        parser.error(f"{page_file} does not exist; `augtune report {given.run}` writes it")
    with sync_playwright() as p:
        browser = launch(p)
        page = browser.new_page(viewport=SIZE, color_scheme="dark" if given.dark else "light")
        page.goto(page_file.resolve().as_uri())
        page.wait_for_selector("html[data-ready]")
        page.screenshot(path=given.out)
        browser.close()
    print(given.out)


if __name__ == "__main__":
    main()
