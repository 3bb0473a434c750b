"""The adapter against the simulator over real HTTP, beyond what every network is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import httpx
import pytest

from heed.channels.base import (
    Action,
    Echo,
    IdentitySeen,
    MessageReceived,
    MessageRemoved,
    OutgoingFile,
    ReactionChanged,
    Refusal,
    Target,
)
from heed.channels.telegram.adapter import secret_of
from heed.channels.telegram.reading import BUSINESS, CONNECTIONS
from heed.channels.tests.contract import NETWORKS, Desk
from heed.lib.http import Unreachable
from heed.sandbox import Sandbox
from heed.sandbox.networks.telegram import ASKED_FOR_BY_HEED, Telegram
from heed.sandbox.tests.receiver import Receiver

network = NETWORKS["telegram"]
PICTURE = OutgoingFile("boot.png", "image/png", b"png", "")


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        desk = Desk(network, sandbox, receiver)
        desk.connect()
        yield desk


@pytest.fixture
def telegram(desk: Desk) -> Telegram:
    assert isinstance(desk.simulator, Telegram)
    return desk.simulator


def fetched(desk: Desk, url: str) -> bytes:
    """A file as the worker fetches it: from the address of this moment, and no other host."""
    source = desk.run(lambda record: network.media(record, url))
    hosts = [*network.media_hosts, urlsplit(desk.record.base_url).netloc]
    return desk.client.fetch(source.url, hosts=hosts, limit=10**6, headers=source.headers).body


def test_what_heed_asks_for(telegram: Telegram, desk: Desk) -> None:
    assert set(telegram.allowed) == set(ASKED_FOR_BY_HEED)
    telegram.restore("", desk.receiver.url)
    assert telegram.secret == secret_of(desk.record)


def test_a_picture_is_fetched_whenever_it_is_wanted(desk: Desk, telegram: Telegram) -> None:
    telegram.do("message", person="lea", text="Levi", picture="boot")
    (picture,) = desk.message("Levi").attachments
    assert (picture.kind, picture.url.partition(":")[0]) == ("image", "media")
    assert fetched(desk, picture.url).startswith(b"\x89PNG")
    telegram.clock.move(3700)
    assert fetched(desk, picture.url).startswith(b"\x89PNG")
    token = desk.record.credentials["bot_token"]
    assert token not in repr(desk.news)


def test_a_file_that_is_too_large_for_bots(desk: Desk, telegram: Telegram) -> None:
    telegram.do("file", person="lea", name="film.zip", size=30 * 1024 * 1024)
    (film,) = [each for each in desk.gather() if isinstance(each, MessageReceived)][-1].attachments
    with pytest.raises(Refusal) as caught:
        fetched(desk, film.url)
    assert not caught.value.retry


def test_files_arrive_as_they_were(desk: Desk, telegram: Telegram) -> None:
    message = desk.customer_writes("private", "Pošljite račun")
    files = (
        OutgoingFile("boot.png", "image/png", b"\x89PNG\r\n--heed", ""),
        OutgoingFile("račun 1.pdf", "application/pdf", b"%PDF\r\n\r\n", ""),
    )
    answer = desk.answer_to(message, "Oboje.")
    sent = desk.send(replace(answer, files=files))
    assert len(sent.more) == 1
    lines = [line for line in telegram.scene("lea").lines() if line.ours]
    assert [line.text for line in lines] == ["Oboje.", ""]
    copies = [httpx.get(url).content for line in lines for url in line.files]
    assert copies == [file.content for file in files]
    desk.send(replace(answer, files=files[:1]))
    assert telegram.scene("lea").lines()[-1].picture


def test_blocked_and_back(desk: Desk, telegram: Telegram) -> None:
    message = desk.customer_writes("private", "Kje je paket?")
    telegram.do("leave", person="lea")
    with pytest.raises(Refusal) as caught:
        desk.send(desk.answer_to(message, "Na poti je."))
    assert caught.value.reason == "unreachable"
    telegram.do("join", person="lea")
    reachable = [each.reachable for each in desk.gather() if isinstance(each, IdentitySeen)]
    assert (reachable[0], reachable[-3:]) == (True, [False, True, True])
    desk.send(desk.answer_to(message, "Na poti je."))
    assert desk.times_seen("Na poti je.") == 1


def test_the_wait_that_telegram_asks_for(desk: Desk, telegram: Telegram) -> None:
    message = desk.customer_writes("private", "Kje je paket?")
    telegram.do("slow_down", seconds=35)
    with pytest.raises(Refusal) as caught:
        desk.send(desk.answer_to(message, "Na poti je."))
    assert (caught.value.reason, caught.value.retry) == ("slow_down", True)
    assert caught.value.after in (34, 35)


def test_a_chat_that_moved_is_followed(desk: Desk, telegram: Telegram) -> None:
    message = desk.customer_writes("private", "Kje je paket?")
    new = telegram.do("migrate", person="lea")["id"]
    assert desk.send(desk.answer_to(message, "Na poti je.")).person == new
    assert desk.times_seen("Na poti je.") == 1


def test_our_reaction_and_theirs(desk: Desk, telegram: Telegram) -> None:
    message = desk.customer_writes("private", "Hvala!")
    target = Target(message.external_id, "private", "message", "", message.refs)
    assert message.author is not None
    lea = message.author.external_id
    desk.run(lambda record: network.act(record, "react", target, lea, "🎉"))
    assert telegram.scene("lea").lines()[-1].liked
    desk.run(lambda record: network.act(record, "unreact", target, lea, "🎉"))
    assert not telegram.scene("lea").lines()[-1].liked
    sent = desk.send(desk.answer_to(message, "Ni za kaj."))
    telegram.do("react", person="lea", id=sent.external_id)
    (reaction,) = [each for each in desk.gather() if isinstance(each, ReactionChanged)]
    assert (reaction.target, reaction.on) == (sent.external_id, True)


def test_a_reaction_that_is_not_on_the_list(desk: Desk) -> None:
    message = desk.customer_writes("private", "Hvala!")
    target = Target(message.external_id, "private", "message", "", message.refs)
    assert message.author is not None
    lea = message.author.external_id
    for emoji in network.capabilities.reactions:
        desk.run(partial(network.act, action="react", target=target, person=lea, value=emoji))
    with pytest.raises(Refusal):
        desk.run(lambda record: network.act(record, "react", target, lea, "🥾"))


@pytest.mark.parametrize("business", [False, True])
@pytest.mark.parametrize("files", [(), (PICTURE,), (PICTURE, PICTURE)])
def test_our_answer_is_changed_and_taken_back(
    desk: Desk, telegram: Telegram, business: bool, files: tuple[OutgoingFile, ...]
) -> None:
    telegram.do("business_message" if business else "message", person="lea", text="Ste še odprti?")
    message = desk.message("Ste še odprti?")
    sent = desk.send(replace(desk.answer_to(message, "Do osmih."), files=files))
    ours = Target(sent.external_id, "private", "message", "", {"more": list(sent.more)}, ours=True)
    assert message.author is not None
    lea = message.author.external_id
    for _again in range(2):
        desk.run(lambda record: network.act(record, "edit", ours, lea, "Do devetih."))
    assert (desk.times_seen("Do osmih."), desk.times_seen("Do devetih.")) == (0, 1)
    desk.run(lambda record: network.act(record, "delete", ours, lea))
    assert all(line.removed for line in telegram.scene("lea").lines() if line.ours)


def test_what_is_two_days_old_stays(desk: Desk, telegram: Telegram) -> None:
    message = desk.customer_writes("private", "Kje je paket?")
    sent = desk.send(desk.answer_to(message, "Na poti je."))
    telegram.clock.move(49 * 3600)
    ours = Target(sent.external_id, "private", "message", "", {}, ours=True)
    assert message.author is not None
    lea = message.author.external_id
    with pytest.raises(Refusal):
        desk.run(lambda record: network.act(record, "delete", ours, lea))
    assert desk.times_seen("Na poti je.") == 1


def test_an_answer_to_a_chosen_message(desk: Desk, telegram: Telegram) -> None:
    first = desk.customer_writes("private", "Prvo")
    desk.customer_writes("private", "Drugo")
    desk.send(replace(desk.answer_to(first, "Na prvo."), chosen=True))
    answered = telegram.chats["lea"].entries[-1].message["reply_to_message"]
    assert answered["text"] == "Prvo"


def test_check_tells_of_trouble_and_sets_the_webhook_again(desk: Desk, telegram: Telegram) -> None:
    telegram.do("trouble", words="Connection timed out")
    telegram.hook_url = ""
    assert desk.run(network.check).facts["last_error"] == "Connection timed out"
    assert telegram.hook_url == desk.receiver.url
    assert "last_error" not in desk.run(network.check).facts


def test_a_business_account_answers_through_the_bot(desk: Desk, telegram: Telegram) -> None:
    telegram.do("business_message", person="lea", text="Ste še odprti?")
    message = desk.message("Ste še odprti?")
    sent = desk.send(desk.answer_to(message, "Do osmih."))
    telegram.do("owner_message", person="lea", text="Pravzaprav do devetih.")
    telegram.do("owner_message", person="lea", text="Odgovorimo zjutraj.", automatic=True)
    echoes = [each for each in desk.gather() if isinstance(each, Echo)]
    assert [(each.text, each.automatic) for each in echoes] == [
        ("Do osmih.", False),
        ("Pravzaprav do devetih.", False),
        ("Odgovorimo zjutraj.", True),
    ]
    assert echoes[0].external_id == sent.external_id
    assert {each.person.external_id for each in echoes if each.person} == {
        message.author and message.author.external_id
    }
    telegram.do("remove", person="lea", id=message.external_id)
    removed = [each.external_id for each in desk.gather() if isinstance(each, MessageRemoved)]
    assert removed == [message.external_id]
    telegram.clock.move(24 * 3600 + 60)
    with pytest.raises(Refusal) as caught:
        desk.send(desk.answer_to(message, "Prepozno."))
    assert caught.value.reason == "outside_window"


def test_a_business_account_that_lets_the_bot_only_reply(desk: Desk, telegram: Telegram) -> None:
    telegram.do("business_connect", can_read_messages=False, can_delete_sent_messages=False)
    telegram.do("business_message", person="lea", text="Ste še odprti?")
    message = desk.message("Ste še odprti?")
    sent = desk.send(desk.answer_to(message, "Do osmih."))
    assert message.author is not None
    theirs = Target(message.external_id, "private", "business", "", message.refs)
    ours = Target(sent.external_id, "private", "business", "", {}, ours=True)
    tries: tuple[tuple[Action, Target], ...] = (("seen", theirs), ("delete", ours))
    for action, target in tries:
        with pytest.raises(Refusal) as caught:
            desk.run(partial(network.act, action=action, target=target, person=message.author.external_id))
        assert caught.value.reason == "not_allowed"
    desk.record = replace(desk.record, facts={CONNECTIONS: [telegram.connection_id]})
    checked = desk.run(network.check)
    assert checked.missing == ("can_read_messages", "can_delete_sent_messages")
    assert network.able(checked.facts).only[BUSINESS] == {"typing", "edit"}


def test_updates_counted_anew_lose_nothing(desk: Desk, telegram: Telegram) -> None:
    desk.customer_writes("private", "Prvič")
    telegram.do("renumber")
    assert desk.customer_writes("private", "Drugič").text == "Drugič"


def test_the_token_is_in_no_sentence(desk: Desk) -> None:
    answer = desk.answer_to(desk.customer_writes("private", "Kje je paket?"), "Trenutek.")
    desk.close_the_network()
    with pytest.raises(Unreachable) as caught:
        desk.send(answer)
    assert desk.record.credentials["bot_token"] not in str(caught.value)
