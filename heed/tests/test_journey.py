"""The main job, seen by everyone in it: a customer plays in the sandbox, two agents see it, one
answers, the other's half-typed draft survives. Everything runs; nothing is pretended but the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from heed.sandbox import Sandbox
from heed.tests.processes import PASSWORD, Processes, processes

pytestmark = pytest.mark.browser

WORDS = {
    "en": (
        "Where is my parcel? It was due on Monday.",
        "It leaves today, sorry for the wait!",
        "Hello Lea, let me",
    ),
    "ar": ("أين طردي؟ كان يجب أن يصل يوم الاثنين.", "سيُشحن اليوم، نعتذر عن التأخير!", "مرحبًا، دعيني"),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as running:
        yield running


@pytest.fixture(scope="module")
def desk(
    django_db_setup: None, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    folder: Path = tmp_path_factory.mktemp("journey")
    with processes(folder, "heed_journey") as running:
        for name in ("web", "intake", "worker"):
            running.start(name)
        running.wait_for_web()
        for network in ("facebook", "viber"):
            simulator = sandbox[network]
            account = simulator.accounts()[0]
            answer = running.api.post(
                "/accounts",
                json={
                    "network": network,
                    "name": account.name,
                    "external_id": account.external_id,
                    "credentials": account.credentials,
                    "base_url": simulator.url,
                },
            )
            assert answer.status_code == 201, answer.text
        running.until(lambda: all(row["state"] == "connected" for row in running.accounts()))
        sandbox["facebook"].do("post", text="The Triglav boot is back.", picture="boot", likes=12, shares=3)
        yield running


class Agent:
    """A colleague at a browser of their own."""

    def __init__(self, browser: Browser, desk: Processes, email: str, language: str) -> None:
        context = browser.new_context(locale=language, viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": "heed_language", "value": language, "url": desk.url}])
        self.errors: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{desk.url}/sign-in/")
        self.page.fill("input[name=login]", email)
        self.page.fill("input[name=password]", PASSWORD)
        with self.page.expect_response(lambda answer: answer.url.endswith("/live")):
            self.page.press("input[name=password]", "Enter")

    def row(self, words: str) -> Locator:
        return self.page.locator(".ticket", has_text=words)

    @property
    def box(self) -> Locator:
        return self.page.locator(".composer textarea[name=text]")

    @property
    def log(self) -> Locator:
        return self.page.locator(".log")

    def leave(self) -> None:
        self.page.context.close()
        assert self.errors == []


def customer(browser: Browser, sandbox: Sandbox, network: str, person: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(f"{sandbox.url}/play/{network}?person={person}")
    return page


@pytest.mark.parametrize("language", ["en", "ar"])
def test_two_agents_and_a_customer(
    chromium: Browser, sandbox: Sandbox, desk: Processes, language: str
) -> None:
    question, answer, begun = WORDS[language]
    lea = customer(chromium, sandbox, "facebook", "lea" if language == "en" else "omar")
    ana = Agent(chromium, desk, "ana@acme.example", language)
    ivo = Agent(chromium, desk, "ivo@acme.example", language)
    assert ana.page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")

    lea.fill("#public-text", question)
    lea.click("form.public button.primary")
    expect(ana.row(question)).to_be_visible()
    expect(ivo.row(question)).to_be_visible()

    ivo.row(question).locator("a.name").click()
    ivo.box.fill(begun)
    ivo.box.evaluate("box => box.setSelectionRange(3, 3)")
    ana.row(question).locator("a.name").click()
    expect(ana.log).to_contain_text(question)
    ana.box.fill(answer)
    ana.box.press("Control+Enter")
    expect(lea.locator(".scene")).to_contain_text(answer)
    expect(ivo.log).to_contain_text(answer)

    expect(ivo.box).to_have_value(begun)
    expect(ivo.box).to_be_focused()
    assert ivo.box.evaluate("box => box.selectionStart") == 3

    expect(ana.row(answer)).to_be_visible()
    ana.page.locator("h1").first.click()
    ana.page.keyboard.press("e")
    expect(ana.row(answer)).to_have_count(0)
    expect(ivo.row(answer)).to_have_count(0)

    ivo.page.reload()
    expect(ivo.box).to_have_value(begun)
    ana.leave()
    ivo.leave()
    lea.context.close()


def test_what_the_customer_changes_is_seen(chromium: Browser, sandbox: Sandbox, desk: Processes) -> None:
    facebook = sandbox["facebook"]
    ana = Agent(chromium, desk, "ana@acme.example", "en")
    written = facebook.do("comment", person="nadia", text="Do they run small?")["id"]
    ana.row("Do they run small?").locator("a.name").click()
    facebook.do("edit", person="nadia", id=written, text="Do they run large?")
    expect(ana.log).to_contain_text("Do they run large?")
    facebook.do("remove", person="nadia", id=written)
    expect(ana.log.locator(".body.gone")).to_contain_text("Do they run large?")
    expect(ana.log).to_contain_text("Do they run large?")
    ana.leave()


def test_a_private_talk_with_receipts(chromium: Browser, sandbox: Sandbox, desk: Processes) -> None:
    tuya = customer(chromium, sandbox, "viber", "tuya")
    ana = Agent(chromium, desk, "ana@acme.example", "en")
    tuya.fill("#private-text", "Хүргэлт хэзээ ирэх вэ?")
    tuya.click("form.private button.primary")
    ana.row("Хүргэлт хэзээ ирэх вэ?").locator("a.name").click()
    ana.box.fill("Маргааш үдээс өмнө.")
    ana.box.press("Control+Shift+Enter")
    expect(tuya.locator(".chat")).to_contain_text("Маргааш үдээс өмнө.")
    sandbox["viber"].do("read", person="tuya")
    expect(ana.log).to_contain_text("seen")
    expect(ana.row("Маргааш үдээс өмнө.")).to_have_count(0)
    ana.leave()
    tuya.context.close()


def test_when_the_line_breaks_the_page_catches_up(
    chromium: Browser, sandbox: Sandbox, desk: Processes
) -> None:
    """The web process dies and comes back: what happened meanwhile is on the page without a reload."""
    ana = Agent(chromium, desk, "ana@acme.example", "en")
    ana.page.evaluate("window.stillHere = true")
    desk.kill("web")
    sandbox["facebook"].do("comment", person="sam", text="Written while the desk was away")
    desk.start("web")
    desk.wait_for_web()
    expect(ana.row("Written while the desk was away")).to_be_visible(timeout=40_000)
    assert ana.page.evaluate("window.stillHere")
    ana.leave()
