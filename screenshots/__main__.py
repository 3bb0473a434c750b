"""`bin/screenshots`: starts a Heed with the demo company, takes pictures, and throws it away."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from heed.setup import AGENTS, OWNER
from screenshots.pictures import MOST_BYTES, PICTURES, Picture
from screenshots.png import smaller

HOME = Path(__file__).resolve().parent.parent
DOCS = HOME / "docs"
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_QUIETLY = ("--no-sandbox", "--disable-gpu")
_START = 180.0
_STORIES = 90.0


class CannotTake(Exception):
    """No pictures; the text says why."""


class Desk:
    """The Heed that is in the pictures, through its API."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.password = (folder / "demo-password").read_text().strip()
        token = (folder / "api-token").read_text().strip()
        headers = {"authorization": f"Bearer {token}"}
        self._api = httpx.Client(base_url=f"{url}/api/v1", headers=headers, trust_env=False, timeout=30)

    def ask(self, method: str, path: str, given: Any = None) -> Any:
        answer = self._api.request(method, path, json=given)
        answer.raise_for_status()
        return answer.json()

    def tickets(self) -> list[dict[str, Any]]:
        return list(self.ask("GET", "/tickets?view=all")["items"])

    def wait_for_stories(self) -> None:
        """Until the customers have written what they write when the shop opens."""
        until, before, quiet = time.monotonic() + _STORIES, -1, 0
        while time.monotonic() < until and quiet < 4:
            count = len(self.tickets())
            quiet = quiet + 1 if count == before and count > 5 else 0
            before = count
            time.sleep(1.5)

    def work(self) -> dict[str, int]:
        """Do a little of what a team does; gives back which tickets the pictures show."""
        found = self.tickets()
        lea = next((each for each in found if "zadrg" in _words(each)), found[0])
        number = lea["number"]
        self.ask("PATCH", f"/tickets/{number}", {"assignee": AGENTS[0][0], "priority": "high"})
        note = {"visibility": "note", "text": "@Ivo Horvat, imamo levi škorenj št. 39 še na zalogi?"}
        self.ask("POST", f"/tickets/{number}/messages", note)
        talk = next(each for each in found if each["kind"] == "private" and "88213" in _words(each))
        answer = {"visibility": "private", "text": "نعتذر، سنعيد المبلغ اليوم. هل يمكنك إرسال كشف الحساب؟"}
        self.ask("POST", f"/tickets/{talk['number']}/messages", answer)
        shown = {number, talk["number"]}
        others = [each for each in found if each["number"] not in shown]
        for each, tag in zip(others, ("size", "delivery", "returns", "delivery"), strict=False):
            self.ask("PATCH", f"/tickets/{each['number']}", {"add_tags": [tag]})
        for each in others[2:4]:
            self.ask("PATCH", f"/tickets/{each['number']}", {"assignee": AGENTS[1][0]})
        self.ask("PATCH", f"/tickets/{others[1]['number']}", {"priority": "urgent"})
        time.sleep(40)  # until the customer has read the answer and written back; rules follow by themselves
        return {"ticket": number, "talk": talk["number"]}


def _words(ticket: dict[str, Any]) -> str:
    return str(ticket["last_message"]["text"])


@contextmanager
def running_desk() -> Iterator[Desk]:
    folder = Path(tempfile.mkdtemp(prefix="heed-pictures-"))
    folder.chmod(0o755)
    said = folder / "said"
    here = {key: value for key, value in os.environ.items() if not key.startswith("HEED_")}
    words = [sys.executable, "-m", "heed", "run", "--data", str(folder / "data"), "--port", "0"]
    with said.open("wb") as out:
        process = subprocess.Popen(words, cwd=HOME, env=here, stdout=out, stderr=out)
    try:
        yield Desk(_address(process, said), folder / "data")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def _address(process: subprocess.Popen[bytes], said: Path) -> str:
    until = time.monotonic() + _START
    while time.monotonic() < until and process.poll() is None:
        text = said.read_text(errors="replace")
        if "Heed is ready at " in text:
            return text.split("Heed is ready at ", 1)[1].split()[0]
        time.sleep(0.2)
    raise CannotTake(f"Heed did not start:\n{said.read_text(errors='replace')}")


def take(browser: Browser, desk: Desk, picture: Picture, shown: dict[str, int]) -> bytes:
    """One picture, as a PNG."""
    width, height = picture.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="light",
        timezone_id="Europe/Ljubljana",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    _sign_in(page, desk)
    context.add_cookies([{"name": "heed_language", "value": picture.language, "url": desk.url}])
    page.goto(desk.url + picture.address.format(**shown))
    page.wait_for_timeout(1500)
    picture.prepare(page)
    page.wait_for_timeout(600)
    taken = page.screenshot()
    context.close()
    return smaller(taken)


def _sign_in(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/sign-in/")
    page.fill("input[name=login]", OWNER[0])
    page.fill("input[name=password]", desk.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/inbox/**")


def main(wanted: list[str]) -> int:
    chosen = [each for each in PICTURES if not wanted or each.name in wanted]
    if unknown := set(wanted) - {each.name for each in PICTURES}:
        print(f"There is no picture called {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    found = os.environ.get("HEED_CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    try:
        with running_desk() as desk, sync_playwright() as playwright:
            desk.wait_for_stories()
            shown = desk.work()
            browser = playwright.chromium.launch(
                executable_path=found, args=["--no-sandbox", "--disable-gpu"]
            )
            for each in chosen:
                taken = take(browser, desk, each, shown)
                if len(taken) > MOST_BYTES:
                    raise CannotTake(f"docs/{each.name}.png would have {len(taken):,} bytes")
                (DOCS / f"{each.name}.png").write_bytes(taken)
                print(f"docs/{each.name}.png  {len(taken):,} bytes", flush=True)
            browser.close()
    except CannotTake as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
