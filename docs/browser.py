# SPDX-License-Identifier: GPL-2.0-only
"""Reads the manual in headless Chromium, without a network: does it work, on a phone and in the dark?

usage: docs/browser.py HTMLDIR SCREENSHOTDIR   (make docs-browser)

Prints TAP. Exit status: 0 all passed, 1 something failed, 2 wrong usage.
"""

import functools
import http.server
import sys
import threading
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

DESKTOP = (1280, 900)
PHONE = (390, 844)

# What somebody types, and the page that must be among the first results.
SEARCHES = {
    "xmmu_walk_next": "api/walk.html",
    "xmmu_flush_done": "api/gather.html",
    "xmmu_mirror_attach": "api/mirror.html",
    "XMMU_TRYLOCK": "api/ops.html",
    "xmmu_range_insert": "api/range.html",
    "ticket": "concepts/tickets.html",
    "retry": "concepts/retry.html",
    "locking": "concepts/locking.html",
    "bounce buffer": "concepts/dma.html",
    "migration": "concepts/migration.html",
}
FIRST_RESULTS = 5

# Five pages of different kinds: start, prose with a diagram, a table, API, code.
KEY_PAGES = ["index", "concepts/retry", "concepts/locking", "api/walk", "tutorial/index"]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing about it."""

    def log_message(self, *_):
        pass


class Manual:
    """The browser, and the manual that it reads."""

    def __init__(self, html):
        handler = functools.partial(Quiet, directory=str(html))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{server.server_port}/"

        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            # Whatever is not in the manual itself fails to load, and the console says so.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        ):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(60)
        self.view(DESKTOP)

    def view(self, size, scheme="light"):
        width, height = size
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )

    def open(self, page):
        self.driver.get(self.base + page)

    def run(self, script):
        return self.driver.execute_script("return " + script)

    def find(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def wait(self, condition):
        return WebDriverWait(self.driver, 30).until(condition)

    def console(self):
        """What the browser has complained of since the last call."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] in ("SEVERE", "WARNING")
        ]

    def shoot(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))


def luminance(color):
    """Of "rgb(r, g, b)", from 0 to 1."""
    red, green, blue = (float(part) for part in color[color.index("(") + 1 : -1].split(",")[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


class Checks:
    """Counts tests, and says in TAP how they ended."""

    def __init__(self):
        self.count = 0
        self.bad = 0

    def that(self, name, good, why=""):
        self.count += 1
        self.bad += not good
        print(f"{'' if good else 'not '}ok {self.count} - {name}", flush=True)
        if not good:
            print("# " + str(why).replace("\n", "\n# "))

    def finish(self):
        print(f"1..{self.count}")
        return 1 if self.bad else 0


def navigation(manual, check):
    """From the start page to a function and back, by what a reader can click."""
    manual.view(DESKTOP)
    manual.open("index.html")
    for text, title in (("API", "API"), ("Walk", "Walk")):
        links = [a for a in manual.find(".sidebar-tree a, article a") if a.text == text]
        if not links:
            return check.that(f"a link '{text}'", False, manual.driver.current_url)
        links[0].click()
        manual.wait(lambda d, t=title: d.title.startswith(t))
    check.that("from the start page to the API of walks", "api/walk.html" in manual.driver.current_url)
    links = [a for a in manual.find("dd a") if a.text == "gpu"]
    check.that("an entry of the API names its samples", bool(links))
    if links:
        manual.driver.get(links[0].get_attribute("href"))
        check.that("and leads to one", manual.driver.title.startswith("gpu"), manual.driver.title)
    manual.driver.find_element(By.CSS_SELECTOR, ".sidebar-brand").click()
    check.that("and back to the start", manual.run("document.title").startswith("xmmu"))
    return None


def versions(manual, check):
    manual.open("api/walk.html")
    manual.driver.find_element(By.CSS_SELECTOR, ".versions summary").click()
    shown = [a.text for a in manual.find(".versions a") if a.is_displayed()]
    current = manual.driver.find_element(By.CSS_SELECTOR, ".versions summary").text.split()[-1]
    check.that("the menu of versions opens and has this one", current in shown, shown)


def search(manual, check):
    for text, page in SEARCHES.items():
        manual.open("index.html")
        field = manual.driver.find_element(By.CSS_SELECTOR, ".sidebar-search")
        field.send_keys(text)
        field.submit()
        # The summary comes last, when all results are there.
        manual.wait(
            lambda d: any(
                "found" in p.text or "did not match" in p.text
                for p in d.find_elements(By.CSS_SELECTOR, "#search-results p")
            )
        )
        found = [a.get_attribute("href") for a in manual.find("#search-results li > a")]
        first = found[:FIRST_RESULTS]
        check.that(
            f"search for {text} finds {page}", any(f"/{page}" in href for href in first), first
        )


def all_pages(manual, check, html):
    """Nothing is missing, and nothing is wider than a phone."""
    pages = sorted(str(path.relative_to(html)) for path in html.rglob("*.html"))
    manual.console()
    wide, complaints = [], []
    for page in pages:
        manual.view(PHONE)
        manual.open(page)
        width = manual.run("document.documentElement.scrollWidth")
        if width > PHONE[0]:
            wide.append(f"{page}: {width} pixels")
        complaints += [f"{page}: {message}" for message in manual.console()]
    check.that(f"{len(pages)} pages without an error of the browser", not complaints, "\n".join(complaints))
    check.that(f"{len(pages)} pages fit a phone of {PHONE[0]} pixels", not wide, "\n".join(wide))


def phone_menu(manual, check):
    manual.view(PHONE)
    manual.open("index.html")
    manual.driver.find_element(By.CSS_SELECTOR, ".nav-overlay-icon").click()
    manual.wait(lambda d: d.find_element(By.CSS_SELECTOR, ".sidebar-search").is_displayed())
    time.sleep(0.5)  # it slides in
    left = manual.run("document.querySelector('.sidebar-drawer').getBoundingClientRect().left")
    check.that("the menu of a phone opens", left >= 0, left)


def dark(manual, check):
    for scheme in ("light", "dark"):
        manual.view(DESKTOP, scheme)
        manual.open("index.html")
        style = "getComputedStyle(document.body)"
        paper = luminance(manual.run(f"{style}.backgroundColor"))
        ink = luminance(manual.run(f"{style}.color"))
        good = ink < paper - 0.5 if scheme == "light" else ink > paper + 0.5
        check.that(f"{scheme} mode", good, f"background {paper:.2f}, text {ink:.2f}")


def screenshots(manual, check, folder):
    before = time.time()
    for page in KEY_PAGES:
        for name, size, scheme in (
            ("desktop", DESKTOP, "light"),
            ("dark", DESKTOP, "dark"),
            ("phone", PHONE, "light"),
        ):
            manual.view(size, scheme)
            manual.open(page + ".html")
            manual.shoot(folder / f"{page.replace('/', '-')}-{name}.png")
    new = [path for path in folder.glob("*.png") if path.stat().st_mtime >= before]
    check.that(f"screenshots of {len(KEY_PAGES)} pages", len(new) == 3 * len(KEY_PAGES), new)


def main(arguments):
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    html, folder = Path(arguments[0]), Path(arguments[1])
    if not (html / "index.html").is_file():
        print(f"browser.py: no manual in {html}; run 'make docs' first", file=sys.stderr)
        return 2
    check = Checks()
    manual = Manual(html)
    try:
        navigation(manual, check)
        versions(manual, check)
        search(manual, check)
        all_pages(manual, check, html)
        phone_menu(manual, check)
        dark(manual, check)
        screenshots(manual, check, folder)
    finally:
        manual.driver.quit()
    return check.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
