"""The page on which one plays the customer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from heed.sandbox import Sandbox
from heed.sandbox.cast import person_named
from heed.sandbox.networks.viber import Entry, Viber
from heed.sandbox.pages import LANGUAGES
from heed.tests.looks import OF_COLOURS, serious, take_on

IN_SIGHT = "[...document.forms].every((form) => form.getBoundingClientRect().bottom <= innerHeight)"
"""Whether one can write without scrolling."""
_CHROMIUMS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
        yield sandbox


def get(sandbox: Sandbox, path: str, **headers: str) -> httpx.Response:
    return httpx.get(
        sandbox.url + path, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


@pytest.mark.parametrize("language", [code for code, _ in LANGUAGES])
def test_every_page_in_every_language(sandbox: Sandbox, language: str) -> None:
    for path in ["/", *(f"/play/{name}?person=omar" for name in sandbox.simulators)]:
        answer = get(sandbox, path, cookie=f"sandbox_language={language}")
        assert answer.status_code == 200
        direction = "rtl" if language == "ar" else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in answer.text


def test_the_browser_s_language_until_one_is_chosen(sandbox: Sandbox) -> None:
    assert 'lang="mn"' in get(sandbox, "/", accept_language="de,mn;q=0.8,en").text
    assert '<html lang="en"' in get(sandbox, "/", accept_language="de", cookie="sandbox_language=xx").text


def test_choosing_a_language_keeps_the_customer(sandbox: Sandbox) -> None:
    answer = get(sandbox, "/play/viber?person=tuya&language=mn")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/play/viber?person=tuya"
    assert answer.headers["set-cookie"].startswith("sandbox_language=mn;")


def test_what_people_write_is_shown_as_written(sandbox: Sandbox) -> None:
    sandbox["viber"].do("message", person="lea", text="<script>alert(1)</script> & šumniki")
    html = get(sandbox, "/play/viber?person=lea").text
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; šumniki" in html
    assert "šumniki" not in get(sandbox, "/play/viber?person=omar").text


def test_only_what_changed_comes_again(sandbox: Sandbox) -> None:
    scene = get(sandbox, "/play/viber/scene?person=lea")
    version = re.search(r'data-version="(\d+)"', scene.text)
    assert version
    unchanged = f"/play/viber/scene?person=lea&version={version[1]}"
    assert get(sandbox, unchanged).status_code == 204
    sandbox["viber"].do("message", person="lea", text="hej")
    assert "hej" in get(sandbox, unchanged).text


@pytest.mark.parametrize(
    ("name", "kind"), [("play.css", "text/css"), ("tokens.css", "text/css"), ("mark.svg", "image/svg+xml")]
)
def test_its_files(sandbox: Sandbox, name: str, kind: str) -> None:
    assert get(sandbox, f"/static/{name}").headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    "path", ["/static/../pages.py", "/static/%2e%2e%2fpages.py", "/static/", "/play/moon", "/x"]
)
def test_nothing_else_is_served(sandbox: Sandbox, path: str) -> None:
    assert get(sandbox, path).status_code == 404


def test_nothing_from_elsewhere_runs(sandbox: Sandbox) -> None:
    policy = get(sandbox, "/play/viber").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    for path in ["/", *(f"/play/{name}" for name in sandbox.simulators)]:
        html = get(sandbox, path).text.replace(sandbox.url, "")
        assert not re.search(r"<script(?![^>]*src=\"/static/)|\son\w+=|(src|href)=\"https?://", html)


# ----------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browsing() -> Iterator[Callable[[str, Callable[[Page], None]], list[str]]]:
    """Run a visit in a thread of its own, since a thread holds only one Playwright; what went wrong in the
    page comes back."""
    installed = os.environ.get("HEED_CHROMIUM") or next(
        (path for path in _CHROMIUMS if Path(path).exists()), None
    )
    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        browser = thread.submit(
            lambda: playwright.chromium.launch(executable_path=installed, args=["--no-sandbox"])
        ).result()

        def visit(address: str, act: Callable[[Page], None]) -> list[str]:
            with browser.new_context() as context:
                page = context.new_page()
                errors: list[str] = []
                page.on("pageerror", lambda error: errors.append(str(error)))
                page.goto(address)
                act(page)
                return errors

        yield lambda address, act: thread.submit(visit, address, act).result(600)
        thread.submit(browser.close).result()
        thread.submit(playwright.stop).result()


@pytest.fixture
def in_a_browser(
    sandbox: Sandbox, browsing: Callable[[str, Callable[[Page], None]], list[str]]
) -> Callable[[str, Callable[[Page], None]], None]:
    def visit(path: str, act: Callable[[Page], None]) -> None:
        assert browsing(sandbox.url + path, act) == []

    return visit


def our_answer(viber: Viber, text: str, **more: Any) -> None:
    with viber.lock:
        message = {"type": "text", "text": text, "sender": {"name": "Acme"}, **more}
        viber.chats["lea"].entries.append(Entry(7, "", viber.clock.now(), message, "delivered"))
        viber.changed()


@pytest.mark.browser
def test_a_customer_writes_and_sees_the_answer_come(
    sandbox: Sandbox, in_a_browser: Callable[[str, Callable[[Page], None]], None]
) -> None:
    viber = sandbox["viber"]
    assert isinstance(viber, Viber)

    def act(page: Page) -> None:
        page.get_by_label("Your message").fill("Kje je moj paket?")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Kje je moj paket?").wait_for()
        page.get_by_label("Your message").fill("half a sentence")
        our_answer(viber, "Jutri bo pri vas.")
        page.get_by_text("Jutri bo pri vas.").wait_for()
        page.get_by_text("seen", exact=True).wait_for()
        assert page.get_by_label("Your message").input_value() == "half a sentence"

    in_a_browser("/play/viber?person=lea", act)
    assert [line.text for line in viber.scene("lea").lines() if line.mine] == ["Kje je moj paket?"]
    assert viber.people[viber.user_id(person_named("lea"))].name == "Lea Marn"


@pytest.mark.browser
def test_a_choice_is_tapped(
    sandbox: Sandbox, in_a_browser: Callable[[str, Callable[[Page], None]], None]
) -> None:
    viber = sandbox["viber"]
    assert isinstance(viber, Viber)
    buttons = [{"ActionType": "reply", "ActionBody": each, "Text": each} for each in ("Da", "Ne <b>")]

    def act(page: Page) -> None:
        page.get_by_label("Your message").fill("Je še kaj?")
        page.get_by_role("button", name="Send").click()
        page.get_by_text("Je še kaj?").wait_for()
        our_answer(viber, "Želite novega?", keyboard={"Type": "keyboard", "Buttons": buttons})
        page.get_by_role("button", name="Ne <b>").click()
        page.locator(".mine", has_text="Ne <b>").wait_for()
        assert page.get_by_role("button", name="Da", exact=True).count() == 0

    in_a_browser("/play/viber?person=lea", act)
    assert [line.text for line in viber.scene("lea").lines() if line.mine][-1] == "Ne <b>"


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ar"])
def test_everybody_can_use_it(
    sandbox: Sandbox, in_a_browser: Callable[[str, Callable[[Page], None]], None], language: str
) -> None:
    for simulator in sandbox.simulators.values():
        for verb in sorted({"comment", "mention", "message"} & simulator.offers):
            if hasattr(simulator, "play_post"):
                simulator.do("post", text="The Triglav boot is back.", picture="boot")
            simulator.do(verb, person="lea", text="Kje je moj paket?")

    def act(page: Page) -> None:
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        for path in ["/", *(f"/play/{name}?person=lea" for name in sandbox.simulators)]:
            page.goto(f"{sandbox.url}{path}")
            take_on(page, ("light", (1280, 800)))
            assert page.evaluate(IN_SIGHT), path
            assert serious(page) == [], path
            if language == "en":  # colours are the same in every language
                take_on(page, ("dark", (1280, 800)))
                assert serious(page, only=OF_COLOURS) == [], path
            take_on(page, ("light", (320, 700)))
            assert not page.evaluate(wide), path

    in_a_browser(f"/play/viber?language={language}", act)


@pytest.mark.browser
def test_a_comment_and_a_reply_to_it(
    sandbox: Sandbox, in_a_browser: Callable[[str, Callable[[Page], None]], None]
) -> None:
    public = next(each for each in sandbox.simulators.values() if {"comment", "edit"} <= each.offers)
    public.do("post", text="The Triglav boot is back.")
    public.do("comment", person="omar", text="أين؟")

    def act(page: Page) -> None:
        page.get_by_role("button", name="Reply").click()
        page.get_by_text("Replying to Omar Badr").wait_for()
        page.get_by_label("Your public text").fill("Tudi mene zanima")
        page.keyboard.press("Enter")
        page.get_by_text("Tudi mene zanima").wait_for()
        own = page.get_by_role("listitem").filter(has_text="Tudi mene zanima").last
        own.get_by_label("More").click()
        own.get_by_role("button", name="Edit").click()
        page.get_by_label("Your public text").fill("Tudi mene zelo zanima")
        page.keyboard.press("Enter")
        page.get_by_text("Tudi mene zelo zanima").wait_for()
        page.get_by_text("edited").wait_for()
        public_form = page.locator(".composer.public")
        assert public_form.get_by_label("Stars").is_hidden()
        public_form.get_by_label("What to do").select_option("Review")
        page.get_by_label("Your public text").fill("Topli in lahki")
        public_form.get_by_label("Stars").select_option("4 ★")
        page.get_by_role("button", name="Post", exact=True).click()
        page.locator(".post", has_text="Topli in lahki").wait_for()

    in_a_browser(f"/play/{public.name}?person=lea", act)
    (omar,) = [line for line in public.scene("lea").lines() if line.text == "أين؟"]
    assert [(reply.text, reply.mine) for reply in omar.replies] == [("Tudi mene zelo zanima", True)]
