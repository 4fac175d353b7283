"""Opens report pages from disk in a headless Chromium and checks what a reader meets:  check_report.py [options] PAGE...

Of every page: nothing is written to the console, nothing is asked of a network, no script but the page's own runs; headings and landmarks;
text contrast of at least 4.5 in light and dark; nothing wider than a narrow phone; controls with names and visible focus; the printed
form. Of a page with the sample browser, with --run RUN: what each filter leaves is counted again from the run's files, and the page is
used by keyboard alone. Screenshots go to --shots FOLDER.
"""
import argparse
import contextlib
import pathlib
import sys

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import report_browser_checks as browser_checks
import report_page_checks as page_checks

LAUNCH = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


@contextlib.contextmanager
def opened(chromium, path, **options):
    """The page, with everything it complained of or asked for in page.faults."""
    context = chromium.new_context(**options)
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: None if request.url.startswith("file:") else faults.append(f"request: {request.url}"))
    files = []
    page.on("request", lambda request: files.append(request.url))
    page.goto(pathlib.Path(path).resolve().as_uri())
    yield page
    assert options.get("java_script_enabled") is False or page.evaluate("window.pwned === undefined"), f"{path}: text of the run was executed"
    assert not faults, f"{path}: {faults}"
    assert len(files) == 1, f"{path}: asked for more than itself: {files}"
    context.close()


def check(chromium, path, run, shots):
    shot = lambda page, name: page.screenshot(path=shots / f"{path.parent.name}_{path.stem}_{name}.png", full_page=True)
    for scheme in ("light", "dark"):
        with opened(chromium, path, viewport={"width": 1200, "height": 900}, color_scheme=scheme) as page:
            page_checks.structure(page)
            lowest = page_checks.contrast(page)
            shot(page, scheme)
            print(f"{path}: {scheme}: lowest contrast of text {lowest:.2f}")
            if scheme == "light":
                page_checks.focus(page)
                page_checks.printed(page)
                shot(page, "print")
    with opened(chromium, path, viewport={"width": 360, "height": 740}, color_scheme="light") as page:
        page_checks.narrow(page)
        shot(page, "narrow")
    with opened(chromium, path, java_script_enabled=False) as page:
        page_checks.without_script(page)
    if run:
        with opened(chromium, path, viewport={"width": 1200, "height": 900}) as page:
            print(f"{path}: {browser_checks.filters(page, run)} filters leave what the files hold")
            browser_checks.keyboard(page)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("pages", nargs="+", type=pathlib.Path, metavar="PAGE")
    parser.add_argument("--run", type=pathlib.Path, help="folder of the run that the pages are of")
    parser.add_argument("--shots", type=pathlib.Path, required=True)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    arguments.shots.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=arguments.chromium, args=LAUNCH)
        for path in arguments.pages:
            check(chromium, path, arguments.run, arguments.shots)
        chromium.close()
    print(f"screenshots: {arguments.shots}")


main()
