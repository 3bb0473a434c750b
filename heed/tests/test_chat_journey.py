"""The chat on a shop's page: a customer in two tabs, agents in Heed, everything running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from heed.sandbox import Sandbox
from heed.tests.looks import violations
from heed.tests.processes import Processes, processes
from heed.tests.test_journey import Agent

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as running:
        yield running


@pytest.fixture(scope="module")
def desk(
    django_db_setup: None, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Processes]:
    folder: Path = tmp_path_factory.mktemp("chat_journey")
    with processes(folder, "heed_chat_journey") as running:
        for name in ("web", "intake", "worker"):
            running.start(name)
        running.wait_for_web()
        account = sandbox["site"].accounts()[0]
        answer = running.api.post(
            "/accounts",
            json={
                "network": "site",
                "name": account.name,
                "external_id": account.external_id,
                "credentials": account.credentials,
                "base_url": sandbox["site"].url,
            },
        )
        assert answer.status_code == 201, answer.text
        running.until(lambda: all(row["state"] == "connected" for row in running.accounts()))
        yield running


class Tab:
    """The shop's page in a tab, and the chat on it."""

    def __init__(self, context: BrowserContext, sandbox: Sandbox, query: str = "") -> None:
        self.errors: list[str] = []
        self.page = context.new_page()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)
        self.page.goto(f"{sandbox.url}/site/shop?{query}")
        expect(self.launcher).to_be_visible()

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    @property
    def chat(self) -> Locator:
        return self.page.locator("#heed-chat section.heed")

    @property
    def launcher(self) -> Locator:
        return self.chat.locator(".launcher")

    @property
    def log(self) -> Locator:
        return self.chat.locator("[role=log]")

    @property
    def badge(self) -> Locator:
        return self.chat.locator(".badge")

    def open(self) -> None:
        self.launcher.click()
        expect(self.chat.locator("textarea")).to_be_focused()

    def write(self, text: str) -> None:
        self.chat.locator("textarea").fill(text)
        self.chat.locator("textarea").press("Enter")
        expect(self.log).to_contain_text(text)

    def complaints(self) -> list[str]:
        """What axe finds serious, light and dark."""
        found: list[str] = []
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            for each in violations(self.page, within="#heed-chat"):
                found.append(f"{scheme}: {each['id']} {[node['html'][:200] for node in each['nodes']]}")
        self.page.emulate_media(color_scheme="light")
        return found


def test_a_customer_in_two_tabs_and_two_agents(chromium: Browser, sandbox: Sandbox, desk: Processes) -> None:
    context = chromium.new_context(locale="en")
    one, two = Tab(context, sandbox), Tab(context, sandbox)
    ana = Agent(chromium, desk, "ana@acme.example", "en")
    ivo = Agent(chromium, desk, "ivo@acme.example", "en")
    one.open()
    assert one.page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    one.write("Do the boots run small?")
    one.page.keyboard.press("Escape")
    for agent in (ana, ivo):
        agent.row("Do the boots run small?").locator("a.name").click()
    expect(ana.log).to_contain_text("Do the boots run small?")
    ana.box.fill("Take half a size more.")
    ana.box.press("Control+Enter")

    expect(one.badge).to_have_text("1")
    expect(two.badge).to_have_text("1")
    assert "1" in str(two.launcher.get_attribute("aria-label"))
    two.open()
    expect(two.log).to_contain_text("Do the boots run small?")
    expect(two.log).to_contain_text("Take half a size more.")
    expect(two.badge).to_be_hidden()
    expect(one.badge).to_be_hidden()
    expect(ana.log).to_contain_text("seen")

    one.open()
    one.page.reload()
    expect(one.log).to_contain_text("Take half a size more.")
    two.write("Thanks, 43 it is.")
    expect(one.log).to_contain_text("Thanks, 43 it is.")
    expect(ana.log).to_contain_text("Thanks, 43 it is.")
    expect(ivo.log).to_contain_text("Thanks, 43 it is.")
    one.chat.locator("textarea").press_sequentially("By the w")
    expect(ana.page.locator("#writing")).to_be_visible()
    one.chat.locator("textarea").fill("")
    ivo.box.press_sequentially("Enjoy them!")
    for tab in (one, two):
        expect(tab.chat.get_by_text("Typing …")).to_be_visible()
    ivo.page.wait_for_timeout(2200)  # nobody answers past what came this very moment
    ivo.box.press("Control+Enter")
    for tab in (one, two):
        expect(tab.log.locator(".line")).to_have_count(4)
        expect(tab.log.locator(".line").last).to_contain_text("Enjoy them!")
        expect(tab.log.locator(".line").last).to_contain_text("Ivo")
    expect(ana.log).to_contain_text("Enjoy them!")

    assert context.cookies() == []
    assert one.complaints() == []
    ana.leave()
    ivo.leave()
    assert one.errors + two.errors == []
    context.close()


def test_files_both_ways(chromium: Browser, sandbox: Sandbox, desk: Processes) -> None:
    context = chromium.new_context(locale="en")
    tab = Tab(context, sandbox)
    picture = (
        sandbox["site"].kept(sandbox["site"].picture("boot").removeprefix(sandbox["site"].url)).content()
    )
    tab.open()
    tab.chat.locator("input[type=file]").set_input_files(
        {"name": "zip.png", "mimeType": "image/png", "buffer": picture}
    )
    expect(tab.chat.locator(".chips li")).to_have_count(1)
    tab.write("The zip is broken, look.")
    expect(tab.log.locator("img[alt='zip.png']")).to_have_js_property("complete", True)
    expect(tab.log.locator("img")).to_have_js_property("naturalWidth", 480)
    ana = Agent(chromium, desk, "ana@acme.example", "en")
    ana.row("The zip is broken, look.").locator("a.name").click()
    expect(ana.log.locator("img[src*='/files/']")).to_be_visible()
    tab.chat.locator("input[type=file]").set_input_files(
        {"name": "setup.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ\x90\x00" + b"\0" * 99}
    )
    expect(tab.chat.locator("[role=status]").last).to_have_text("This kind of file cannot be sent.")
    ana.leave()
    context.close()


def test_a_customer_who_signed_in_finds_it_on_the_phone(
    chromium: Browser, sandbox: Sandbox, desk: Processes
) -> None:
    laptop = chromium.new_context(locale="ar")
    phone = chromium.new_context(locale="ar", viewport={"width": 320, "height": 640}, has_touch=True)
    first = Tab(laptop, sandbox, "person=omar&lang=ar")
    assert first.chat.get_attribute("dir") == "rtl"
    first.open()
    first.write("أين طردي؟")
    ana = Agent(chromium, desk, "ana@acme.example", "ar")
    ana.row("أين طردي؟").locator("a.name").click()
    expect(ana.page.locator("body")).to_contain_text("Omar Badr")
    second = Tab(phone, sandbox, "person=omar&lang=ar")
    second.open()
    expect(second.log).to_contain_text("أين طردي؟")
    wide = second.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 320
    box = second.chat.locator(".panel").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 320)
    assert second.page.evaluate("Object.keys(localStorage).length") == 0
    assert second.complaints() == []
    ana.leave()
    stranger = chromium.new_context(locale="ar")
    other = Tab(stranger, sandbox, "person=nadia&lang=ar")
    other.open()
    expect(other.log).not_to_contain_text("أين طردي؟")
    for context in (laptop, phone, stranger):
        context.close()


def test_the_keyboard_is_enough(chromium: Browser, sandbox: Sandbox, desk: Processes) -> None:
    context = chromium.new_context(locale="en")
    tab = Tab(context, sandbox)
    tab.launcher.focus()
    tab.page.keyboard.press("Enter")
    expect(tab.chat.locator("textarea")).to_be_focused()
    tab.page.keyboard.type("Two lines,")
    tab.page.keyboard.press("Shift+Enter")
    tab.page.keyboard.type("one message")
    tab.page.keyboard.press("Enter")
    expect(tab.log.locator(".line")).to_have_count(1)
    tab.page.keyboard.press("Escape")
    expect(tab.chat.locator(".panel")).to_be_hidden()
    expect(tab.launcher).to_be_focused()
    context.close()


def test_what_is_written_without_a_line_goes_out_later(
    chromium: Browser, sandbox: Sandbox, desk: Processes
) -> None:
    context = chromium.new_context(locale="en")
    tab = Tab(context, sandbox)
    tab.open()
    tab.write("First, with a line")
    expect(tab.log).to_contain_text("Sent")
    context.set_offline(True)
    tab.write("Second, without one")
    expect(tab.chat.locator("[role=status]").last).to_have_text("No connection. We keep trying.")
    tab.page.wait_for_timeout(200)
    context.set_offline(False)
    tab.page.reload()
    expect(tab.log.locator(".line", has_text="Second, without one")).to_have_count(1)
    expect(tab.log).not_to_contain_text("Sending")
    expect(tab.log.locator(".line")).to_have_count(2)
    context.close()


def test_a_link_out_of_a_mail_asks_first(chromium: Browser, sandbox: Sandbox, desk: Processes) -> None:
    first, second = chromium.new_context(locale="en"), chromium.new_context(locale="en")
    lea, planted = Tab(first, sandbox), Tab(second, sandbox)
    for tab, words in ((lea, "Mine, with my invoice"), (planted, "Of somebody else")):
        tab.open()
        tab.write(words)
        expect(tab.log).to_contain_text("Sent")
    code = desk.asked(
        "from heed.widget.models import Visitor; from heed.widget.tokens import code_of; "
        "row = Visitor.objects.latest('pk'); print(code_of(row.pk, 10**9))"
    )
    for choice, shown in (("No", "Mine, with my invoice"), ("Go on with it", "Of somebody else")):
        lea.page.goto(f"{sandbox.url}/site/shop?again={choice[:2]}#heed-chat={code}")
        expect(lea.log).to_contain_text("Mine, with my invoice")
        expect(lea.chat.locator("[role=status]").last).to_contain_text("The one in this browser ends.")
        assert "heed-chat" not in lea.page.url
        lea.chat.get_by_role("button", name=choice, exact=True).click()
        expect(lea.log.locator(".line")).to_have_count(1)
        expect(lea.log).to_contain_text(shown)
    lea.page.reload()
    expect(lea.log).to_contain_text("Of somebody else")
    assert lea.errors == []
    first.close()
    second.close()
