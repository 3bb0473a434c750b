"""How Meta lists the messages of a chat, in the words of a webhook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from heed.channels import sessions
from heed.channels.base import Refusal
from heed.channels.meta import chats
from heed.channels.meta.tests.script import Script, Scripted, no, ok
from heed.channels.models import Account
from heed.inbox import gaps
from heed.inbox.models import Delivery, Gap
from heed.lib import clock
from heed.lib.http import AnswerLost, Request, Response, Steps, TooLarge, Unreachable, drive

SAID = {613: Refusal("slow_down", retry=True), 2: Refusal("network_down", retry=True)}
US, THEM, URL = "111", "222", "https://scontent.fbcdn.net/a.png"
CARD = {"title": "Boots", "subtitle": "40 €"}
PRODUCT = {"product": {"elements": [CARD]}}


def get(path: str, **params: str) -> Steps[dict[str, Any]]:
    response = yield Request("GET", f"https://graph.example/{path}", params=params)
    error = response.record.get("error")
    if error:
        raise SAID.get(error["code"]) or Refusal("gone")
    return response.record


def listed(*held: Mapping[str, Any], ago: timedelta = timedelta(0), **more: Any) -> Response:
    """A page of one chat, in which the newest message stands first."""
    now = clock.now().isoformat()
    plain = {"created_time": (clock.now() - ago).isoformat(), "from": {"id": THEM}, "message": ""}
    messages = [{"id": f"m_{number}", **plain, **each} for number, each in enumerate(held, 1)]
    people = {"data": [{"id": US}, {"id": THEM}]}
    chat = {"id": "t_1", "updated_time": now, "participants": people, "messages": {"data": messages[::-1]}}
    return ok({"data": [chat], **more})


def read(*answers: Scripted, **cursor: Any) -> tuple[list[dict[str, Any]], dict[str, Any], bool]:
    """The webhook's messages, the cursor and whether there is more."""
    begun = {"since": (clock.now() - timedelta(hours=9)).isoformat(), **cursor}
    items, kept, more = Script(*answers).run(chats.missed(get, "messenger", US, US, begun))
    return [item["message"] for item in items], kept, more


def told(held: Mapping[str, Any], *looks: Scripted) -> list[dict[str, Any]]:
    return read(listed(held), *looks)[0]


@pytest.mark.parametrize(
    ("held", "kind", "payload"),
    [
        ({"sticker": URL, "shares": {"data": [{"link": URL}]}}, "sticker", {"url": URL}),
        (
            {"attachments": {"data": [{"image_data": {"url": URL, "render_as_sticker": True}}]}},
            "sticker",
            {"url": URL},
        ),
        ({"attachments": {"data": [{"generic_template": CARD}]}}, "template", {"elements": [CARD]}),
        ({"shares": {"data": [{"template": {"payload": PRODUCT}}]}}, "template", PRODUCT),
        (
            {"shares": {"data": [{"link": URL, "description": "Triglav"}]}},
            "share",
            {"url": URL, "title": "Triglav"},
        ),
    ],
    ids=["sticker that is listed twice", "picture that is a sticker", "card", "product", "post"],
)
def test_what_came_along(held: dict[str, Any], kind: str, payload: dict[str, Any]) -> None:
    ((attached,),) = [message["attachments"] for message in told(held)]
    assert attached["type"] == kind
    assert {name: value for name, value in attached["payload"].items() if value} == payload


def test_what_the_list_leaves_out_is_asked_for() -> None:
    alone = ok({"id": "m_1", "attachments": {"data": [{"mime_type": "audio/mp4", "file_url": URL}]}})
    ((voice,),) = [message["attachments"] for message in told({"message": ""}, alone)]
    assert (voice["type"], voice["payload"]["url"]) == ("audio", URL)


def test_what_was_left_to_its_webhook_is_read_once_more_when_that_comes_no_more() -> None:
    """After an hour of failures Meta tells the app nothing any more, nor again what it had told."""
    older = listed({}, ago=timedelta(minutes=40), paging={"next": "u", "cursors": {"after": "p2"}})
    messages, cursor, more = read(older, no(9000001))
    assert (messages, more, cursor["after"]) == ([], True, "p2")
    messages, cursor, more = read(listed({"message": "Ste tam?"}, {}), no(9000001), **cursor)
    assert ([each["text"] for each in messages], more) == (["Ste tam?"], True)
    with clock.moved(timedelta(minutes=59)):
        assert read(**cursor) == ([], cursor, True)
    with clock.moved(timedelta(minutes=61)):
        again = listed({}, {}, {}, ago=timedelta(minutes=61))
        fresh = listed({"id": "m_9"})
        both = ok({"data": [*again.record["data"], *fresh.record["data"]]})
        messages, cursor, more = read(both, *[no(9000001)] * 3, **cursor)
    assert [each["is_unsupported"] for each in messages] == [True] * 3
    assert not more  # a message of the time after is another's to tell


def test_the_gap_stays_open_as_long(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    account = Account.objects.create(network="facebook", name="Acme", external_id=US)
    account.credentials = {"page_token": "t"}
    account.save()
    gap = gaps.open_gap(account.pk, clock.now() - timedelta(hours=2))
    assert gap is not None
    Gap.objects.update(cursor={**gap.cursor, "now_at": "chats"})
    answers = Script(listed({}), no(9000001))
    monkeypatch.setattr(sessions, "client", lambda: SimpleNamespace(send=answers))
    assert gaps.fill(gap.pk) == 0
    assert gaps.fill(gap.pk) == 0  # five minutes later: nothing is asked
    assert (gaps.unfilled(), answers.answers) == ([gap.pk], [])
    answers.answers = [listed({}), no(9000001)]
    with clock.moved(timedelta(minutes=61)):
        assert gaps.fill(gap.pk) == 1
        assert gaps.unfilled() == []
    assert b'"is_unsupported":true' in bytes(Delivery.objects.get().body)


ALONE = ok({"message": "Ste tam?"})
GONE = no(9000001)


def test_a_page_asks_for_few_messages_by_themselves_then_for_the_others_and_for_none_of_ours() -> None:
    ours = {"id": "ours", "from": {"id": US}}
    many = listed(ours, *[{}] * (chats.MOST_LOOKS + 1), ago=timedelta(hours=2))
    messages, cursor, more = read(many, *[ALONE] * chats.MOST_LOOKS)
    assert [each["is_unsupported"] for each in messages] == [True, *[False] * chats.MOST_LOOKS]
    assert more
    with clock.moved(chats.PAUSE + timedelta(minutes=1)):
        messages, _, more = read(many, ALONE, **cursor)
    assert [each["mid"] for each in messages] == [f"m_{chats.MOST_LOOKS + 2}"]
    assert not more


AWAY = {
    "slow down": no(613),
    "unreachable": Unreachable("no route"),
    "no answer": AnswerLost("timed out"),
    "too large": TooLarge("9 MB"),
    "down": no(2),
}


@pytest.mark.parametrize("away", AWAY.values(), ids=AWAY)
def test_what_is_not_given_out_now_is_asked_for_again(away: Scripted) -> None:
    """And takes no place until then, which its webhook could not take any more."""
    page = listed({}, {"message": "Je kdo?"}, ago=timedelta(hours=2))
    messages, cursor, more = read(page, away)
    assert ([each["text"] for each in messages], more) == (["Je kdo?"], True)
    assert read(**cursor) == ([], cursor, True)
    with clock.moved(chats.PAUSE + timedelta(minutes=1)):
        messages, _, more = read(page, ALONE, **cursor)
    assert [each["text"] for each in messages] == ["Ste tam?", "Je kdo?"]
    assert not more


@pytest.mark.parametrize("away", [*AWAY.values()][1:], ids=[*AWAY][1:])
def test_what_is_never_given_out_is_kept_as_listed_in_the_end_and_keeps_back_no_other(away: Scripted) -> None:
    page = listed({}, {}, {}, ago=timedelta(hours=2))
    rounds: list[list[str]] = []

    def answer(request: Request) -> Response:
        if request.url.endswith("conversations"):
            return page
        mid = request.url.rpartition("/")[2]
        if mid == "m_1" or (mid == "m_2" and not rounds):
            if isinstance(away, Exception):
                raise away
            assert isinstance(away, Response)
            return away
        return ALONE

    cursor: dict[str, Any] = {"since": (clock.now() - timedelta(hours=9)).isoformat()}
    more, later = True, timedelta(0)
    while more:
        with clock.moved(later):
            items, cursor, more = drive(chats.missed(get, "messenger", US, US, cursor), answer)
            if more:
                later += clock.from_iso(cursor["not_before"]) - clock.now() + timedelta(seconds=1)
        rounds.append([item["message"]["mid"] for item in items])
        unsupported = [item["message"]["is_unsupported"] for item in items]
    assert (rounds[-1], unsupported) == (["m_1"], [True])
    assert sorted(mid for each in rounds for mid in each) == ["m_1", "m_2", "m_3"]
    assert timedelta(hours=12) < later < timedelta(days=2)
