"""Print the visible content of a replayed page in a headless Chromium, as JSON; run in Playwright's environment."""

from __future__ import annotations

import json
import sys
import time
from urllib.parse import urlsplit

from playwright.sync_api import Frame, Page, sync_playwright

SEEN = """() => {
  const applied = sheet => { try { return sheet.cssRules.length > 0 } catch { return true } }
  const pictures = [...document.images]
  return {
    title: document.title,
    text: document.body.innerText,
    direction: getComputedStyle(document.querySelector('article, main, h1, body')).direction,
    styles: [...document.styleSheets].filter(sheet => sheet.href && applied(sheet)).length,
    pictures: pictures.filter(one => one.naturalWidth > 0).length,
    broken: pictures.filter(one => one.complete && !one.naturalWidth && one.src).map(one => one.src),
  }
}"""


def the_frame(page: Page, title: str) -> Frame:
    """The frame that shows the archived page: the article's title is its heading."""
    for _ in range(120):
        for frame in page.frames:
            try:
                if frame.evaluate(
                    "t => [...document.querySelectorAll('h1')].some(h => h.innerText.includes(t))", title
                ):
                    return frame
            except Exception:  # noqa: BLE001 - a frame that is just being replaced
                continue
        time.sleep(0.25)
    raise SystemExit(f"the page with the title {title!r} did not appear at {page.url}")


def main() -> None:
    chromium, url, picture, title = sys.argv[1:]
    hosts: set[str] = set()
    with sync_playwright() as driver:
        nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox", nowhere])
        context = browser.new_context(viewport={"width": 1100, "height": 900})
        context.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or "127.0.0.1"))
        page = context.new_page()
        page.goto(url, timeout=60_000)
        frame = the_frame(page, title)
        time.sleep(2)  # pictures
        seen = frame.evaluate(SEEN)
        page.screenshot(path=picture)
        browser.close()
    json.dump({**seen, "text": len(seen["text"]), "hosts": sorted(hosts)}, sys.stdout, ensure_ascii=False)


main()
