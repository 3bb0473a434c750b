"""The demo company: its accounts, and customers who write now and then and read what we answer."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, cycle, islice
from typing import Any, get_args
from urllib.parse import urlsplit

import orjson

from heed.lib.http import AnswerLost, Client, Request, TooLarge, Unreachable
from heed.sandbox.cast import CUSTOMERS
from heed.sandbox.frame import DemoAccount, PlayError, Sandbox, Simulator
from heed.sandbox.scene import Line
from heed.sandbox.stories import LATER, OPENING, POSTS, THANKS, Story, Where

log = logging.getLogger("heed.sandbox")

MOST_STORIES = 300
MOST_WATCHED = 60
PAUSE = (40.0, 90.0)
THINKING = (12.0, 35.0)
READING = (2.0, 6.0)
OPENING_BEGAN = timedelta(minutes=54)
KINDS = frozenset(get_args(Where))
TEAM = "Shop"
_OF_A_TEAM = ("name", "members", "way", "same_language", "same_skill", "prefer_last", "takes_back")
_LOOK_EVERY = 2.0
_PATIENCE = 90.0


class HeedSilent(Exception):
    """Heed gave no usable answer (yet)."""


class HeedRefuses(HeedSilent):
    """Heed heard us and says no: asking again changes nothing."""


class Desk:
    """The company's Heed, through its API."""

    def __init__(self, url: str, token: str) -> None:
        self._url = f"{url.rstrip('/')}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._client = Client({urlsplit(url).hostname or ""})

    def accounts(self) -> list[dict[str, Any]]:
        return list(self._ask("GET", "accounts")["items"])

    def connect(self, network: str, account: DemoAccount, base_url: str) -> dict[str, Any]:
        """Connect an account; gives back what Heed says of it."""
        given = {
            "network": network,
            "name": account.name,
            "external_id": account.external_id,
            "credentials": dict(account.credentials),
            "base_url": base_url,
        }
        return self._ask("POST", "accounts", given)

    def move(self, number: int, account: DemoAccount, base_url: str) -> None:
        """Tell where the network of an account is now, its servers beside HTTP included."""
        self._ask(
            "PATCH", f"accounts/{number}", {"base_url": base_url, "credentials": dict(account.credentials)}
        )

    def hand_over(self, accounts: dict[int, str]) -> None:
        """Have accounts, by their number, belong to the company's brands, and their new tickets go to the
        team in the shop, where the demo's desk is set up."""
        teams = self._ask("GET", "teams")["items"]
        shop = next((team for team in teams if team["name"] == TEAM), None)
        if shop is None:
            return
        for account, brand in accounts.items():
            self._ask("PATCH", f"accounts/{account}", {"brand": brand})
        kept = {name: shop[name] for name in _OF_A_TEAM}
        self._ask("PUT", f"teams/{shop['id']}", {**kept, "accounts": list(accounts)})

    def has_tickets(self) -> bool:
        return bool(self._ask("GET", "tickets?view=all")["items"])

    def _ask(self, method: Any, path: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
        content = None if given is None else orjson.dumps(given)
        headers = {**self._headers, "Content-Type": "application/json"}
        request = Request(method, f"{self._url}/{path}", headers=headers, content=content)
        try:
            response = self._client.send(request)
        except (Unreachable, AnswerLost, TooLarge) as error:
            raise HeedSilent(str(error)) from error
        if not 200 <= response.status < 300:
            refused = response.status in (409, 422)
            said = f"{method} {path}: {response.status} {response.body[:300]!r}"
            raise HeedRefuses(said) if refused else HeedSilent(said)
        return response.record


@dataclass(slots=True)
class Matter:
    """A story being told on a network: what is still to be said, and which of our lines were seen."""

    simulator: Simulator
    story: Story
    id: str
    left: list[str]
    seen: set[str] = field(default_factory=set)


class Company(threading.Thread):
    """Connects the demo accounts, lets the customers write, and answers when they are answered."""

    def __init__(self, sandbox: Sandbox, heed: str, token: str, ended: threading.Event) -> None:
        super().__init__(name="company", daemon=True)
        self.desk = Desk(heed, token)
        self.matters: list[Matter] = []
        self._sandbox = sandbox
        self._ended = ended
        self._chance = random.Random()  # noqa: S311 - customers need no secrets
        self._looked: dict[str, int] = {}
        self._told: Counter[str] = Counter()

    def run(self) -> None:
        fresh = self._until_it_answers(self.settle_in)
        if fresh:
            self.open_shop()
        elif fresh is not None:
            self.post_news()
            self.resume()
        self._live()

    # ------------------------------------------------------------------------- settling in

    def settle_in(self) -> bool:
        """Connect what is not connected yet, and tell Heed where the networks of the others are by now;
        whether Heed has no ticket, so the shop just opens."""
        connected: dict[int, str] = {}
        known = self.desk.accounts()
        for simulator, account in self._accounts():
            there = _known_as(simulator, account, known)
            if there is not None:
                simulator.restore(account.external_id, there.get("hook_url") or "")
                self._show_the_way(simulator, account, there)
            else:
                made = self.desk.connect(simulator.name, account, simulator.url)
                connected[made["id"]] = account.brand
                if hasattr(simulator, "play_paste"):  # Heed cannot set it: the admin enters it by hand
                    self._play(simulator, "paste", url=made.get("hook_url") or "")
        if not known:
            self.desk.hand_over(connected)
        fresh = not self.desk.has_tickets()
        self._wait_until_connected()
        return fresh

    def _show_the_way(self, simulator: Simulator, account: DemoAccount, there: dict[str, Any]) -> None:
        """The ports of the networks may be others than in an earlier run. What works where it is stays as it
        is, and what somebody has disconnected stays so."""
        reason = (there.get("problem") or {}).get("reason", "")
        if reason == "not_configured" or (there["base_url"] == simulator.url and reason != "private_address"):
            return
        try:
            self.desk.move(there["id"], account, simulator.url)
        except HeedRefuses as refused:
            log.info("%s stays where it was: %s", simulator.label, refused)

    def _accounts(self) -> list[tuple[Simulator, DemoAccount]]:
        simulators = self._sandbox.simulators.values()
        return [(simulator, account) for simulator in simulators for account in simulator.accounts()]

    def _wait_until_connected(self) -> None:
        """Heed checks new accounts in the background; customers wait for that, but not for ever."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and not self._ended.is_set():
            if all(each["state"] != "connecting" for each in self.desk.accounts()):
                return
            self._ended.wait(0.5)

    def _until_it_answers(self, ask: Any) -> Any:
        """Ask until Heed answers; None when the sandbox ends before."""
        told = ""
        while not self._ended.is_set():
            try:
                return ask()
            except HeedSilent as trouble:
                if str(trouble) != told:
                    told = str(trouble)
                    log.info("waiting for Heed: %s", told)
                self._ended.wait(1.0)
        return None

    # ---------------------------------------------------------------------------- stories

    def open_shop(self) -> None:
        """The first hour of the shop, told in a few seconds: its times lie in the past."""
        to_go = OPENING_BEGAN.total_seconds()
        step = to_go / (len(OPENING) + 1)
        self._sandbox.clock.move(-to_go)
        try:
            self.post_news()
            for story in OPENING:
                self._sandbox.clock.move(step)
                to_go -= step
                self.tell(story)
        finally:
            self._sandbox.clock.move(to_go)

    def resume(self) -> None:
        """After a restart: whoever is answered in a chat of an earlier run reads it and says thanks."""
        for simulator in self._sandbox.simulators.values():
            for person in CUSTOMERS:
                if "message" in simulator.offers:
                    story = Story(person.key, "message", "", (THANKS[person.language],))
                    self._watch(Matter(simulator, story, "", list(story.then)))

    def post_news(self) -> None:
        """Everywhere where one can post, the company does."""
        for simulator in self._sandbox.simulators.values():
            if hasattr(simulator, "play_post"):
                for post in POSTS:
                    self._play(simulator, "post", **_facts(post))

    def tell(self, story: Story) -> None:
        """Let a story begin, on a network that has its kind of message."""
        simulator = self._next_for(story)
        if simulator is None:
            return
        corrects = bool(story.typo) and "edit" in simulator.offers
        words = story.typo if corrects else story.words
        made = self._write(simulator, story, words)
        if made is None:
            return
        matter = Matter(simulator, story, str(made.get("id", "")), list(story.then))
        self._watch(matter)
        if corrects:
            simulator.later(
                4, lambda: self._play(simulator, "edit", person=story.person, id=matter.id, text=story.words)
            )
        if story.takes_back and "remove" in simulator.offers:
            simulator.later(20, lambda: self._play(simulator, "remove", person=story.person, id=matter.id))

    def _watch(self, matter: Matter) -> None:
        """Wait for answers. A chat is one conversation: its newest matter takes over."""
        self.matters = [each for each in self.matters if not _same_chat(each, matter)]
        matter.seen.update(line.id for line in self._our_lines(matter))
        self.matters.append(matter)

    def _write(self, simulator: Simulator, story: Story, words: str) -> dict[str, Any] | None:
        """The first words of a story, without its picture where the network takes none."""
        pictures = [story.picture, ""] if story.picture else [""]
        for picture in pictures:
            made = self._play(simulator, story.where, person=story.person, text=words, picture=picture)
            if made is not None:
                return made
        return None

    def _next_for(self, story: Story) -> Simulator | None:
        """The one with the fewest stories so far, so that none stays empty; of those alike, the one that has
        the fewest kinds of messages."""
        offering = [each for each in self._sandbox.simulators.values() if story.where in each.offers]
        chosen = min(
            offering, key=lambda each: (self._told[each.place], len(each.offers & KINDS)), default=None
        )
        if chosen is not None:
            self._told[chosen.place] += 1
        return chosen

    def _play(self, simulator: Simulator, verb: str, **facts: Any) -> dict[str, Any] | None:
        try:
            return simulator.do(verb, **{name: value for name, value in facts.items() if value != ""})
        except PlayError as trouble:
            log.info("%s: %s", simulator.label, trouble)
            return None

    # ------------------------------------------------------------------------ living on

    def _live(self) -> None:
        stories = islice(chain(LATER, cycle([*OPENING, *LATER])), MOST_STORIES)
        begin_next = self._in(PAUSE)
        while not self._ended.wait(_LOOK_EVERY):
            self.look_around()
            if time.monotonic() >= begin_next and (story := next(stories, None)):
                self.tell(story)
                begin_next = self._in(PAUSE)

    def look_around(self) -> None:
        """Let customers notice our answers: they read them, sometimes like them, and write back."""
        changed = {
            simulator.place
            for simulator in self._sandbox.simulators.values()
            if self._looked.get(simulator.place) != simulator.version
        }
        self._looked = {simulator.place: simulator.version for simulator in self._sandbox.simulators.values()}
        for matter in self.matters[-MOST_WATCHED:]:
            if matter.simulator.place not in changed:
                continue
            fresh = [line for line in self._our_lines(matter) if line.id not in matter.seen]
            matter.seen.update(line.id for line in fresh)
            if fresh:
                self._react(matter, fresh[-1])

    def _react(self, matter: Matter, line: Line) -> None:
        simulator, person = matter.simulator, matter.story.person
        if "read" in simulator.offers and matter.story.where == "message":
            simulator.later(
                self._chance.uniform(*READING), lambda: self._play(simulator, "read", person=person)
            )
        if "react" in simulator.offers and self._chance.random() < 0.4:
            simulator.later(
                self._chance.uniform(*READING),
                lambda: self._play(simulator, "react", person=person, id=line.id),
            )
        if matter.left:
            words = matter.left.pop(0)
            simulator.later(self._chance.uniform(*THINKING), lambda: self._write_back(matter, line, words))

    def _write_back(self, matter: Matter, line: Line, words: str) -> None:
        person = matter.story.person
        if matter.story.where == "message":
            self._play(matter.simulator, "message", person=person, text=words)
        else:
            self._play(matter.simulator, "comment", person=person, text=words, parent=line.id)

    def _our_lines(self, matter: Matter) -> list[Line]:
        """What the company wrote in this matter, as its customer sees it now."""
        with matter.simulator.lock:
            scene = matter.simulator.scene(matter.story.person)
        if matter.story.where == "message":
            lines = [line for chat in scene.chats for line in chat.lines]
        else:
            lines = _beneath(matter.id, [line for post in scene.posts for line in post.comments])
            lines += [
                each
                for post in scene.posts
                if post.id == matter.id
                for each in _beneath("", post.comments, True)
            ]
        return [line for line in lines if line.ours and not line.removed]

    def _in(self, span: tuple[float, float]) -> float:
        return time.monotonic() + self._chance.uniform(*span)


def _known_as(
    simulator: Simulator, account: DemoAccount, known: list[dict[str, Any]]
) -> dict[str, Any] | None:
    """The demo's account as Heed knows it: at this simulator, else at that of an earlier run here."""
    same = [
        each
        for each in known
        if (each["network"], each["external_id"]) == (simulator.name, account.external_id)
    ]
    here = [each for each in same if each["base_url"] == simulator.url]
    earlier = [each for each in same if _was_ours(each["base_url"], simulator)]
    return next(iter(here + earlier), None)


def _was_ours(base_url: str, simulator: Simulator) -> bool:
    parts, ours = urlsplit(base_url), urlsplit(simulator.url)
    return (parts.scheme, parts.hostname, parts.path) == (ours.scheme, ours.hostname, ours.path)


def _same_chat(one: Matter, other: Matter) -> bool:
    def place(matter: Matter) -> tuple[str, str, str]:
        return (matter.simulator.place, matter.story.person, matter.story.where)

    return one.story.where == "message" and place(one) == place(other)


def _beneath(wanted: str, lines: list[Line], inside: bool = False) -> list[Line]:
    """All lines below the one of this id."""
    found: list[Line] = []
    for line in lines:
        if inside:
            found.append(line)
        found += _beneath(wanted, line.replies, inside or line.id == wanted)
    return found


def _facts(post: Any) -> dict[str, Any]:
    return {"text": post.text, "picture": post.picture, "likes": post.likes, "shares": post.shares}
