"""Pages as they are polled -> records."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heed.channels.base import (
    QUOTED,
    AccountChanged,
    AccountRecord,
    Attachment,
    Broken,
    Echo,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    PostSeen,
    PostStale,
    ReactionChanged,
)
from heed.channels.mastodon.adapter import network
from heed.channels.mastodon.tests.sample import ACCOUNT, ACME, LEA, OMAR, bodies, page

POST = "117440000000000001"
AT = "1174408216622332"
FILES = "https://files.mastodon.example"


def moment(hour: int, minute: int, second: int = 25) -> datetime:
    return datetime(2026, 10, 14, hour, minute, second, tzinfo=UTC)


def link(status: str, who: str = "mastodon.example/@lea_marn") -> str:
    return f"https://{who}/{status}"


LEA_MARN = Person(LEA, "Lea Marn", "lea_marn@mastodon.example", f"{FILES}/lea.png", "sl")
OMAR_BADR = Person(OMAR, "omar_badr", "omar_badr@social.example", "", "ar")
US = Person(ACME, "Acme", "acme@mastodon.example", f"{FILES}/acme.png", "sl")
POST_REFS = {"visibility": "public", "others": []}
POST_SEEN = PostSeen(
    external_id=POST,
    at=moment(18, 0, 0),
    author=US,
    text="Zimska kolekcija je tu.",
    picture_url=f"{FILES}/box.png",
    permalink=link(POST, "mastodon.example/@acme"),
    likes=318,
    comments=2,
    shares=12,
    removed=False,
    refs=POST_REFS,
)


def refs_to_lea(visibility: str) -> dict[str, Any]:
    return {"visibility": visibility, "person": LEA, "acct": "lea_marn", "others": []}


def head(number: str, text: str, at: datetime, author: Person, **changes: Any) -> PostSeen:
    who = "mastodon.example/@lea_marn" if author == LEA_MARN else "social.example/@omar_badr"
    fields: dict[str, Any] = {
        "external_id": AT + number,
        "at": at,
        "author": author,
        "text": text,
        "picture_url": None,
        "permalink": link(AT + number, who),
        "likes": 0,
        "comments": 0,
        "shares": 0,
        "removed": False,
        "refs": refs_to_lea("public"),
    }
    return PostSeen(**{**fields, **changes})


QUESTION = "kje je moj paket?\nNaročilo 88140: https://acme.example/orders/88140?from=mastodon"
TO_OMAR = {"person": OMAR, "acct": "omar_badr@social.example"}

NOTIFICATIONS: list[Any] = [
    head("05", QUESTION, moment(19, 5), LEA_MARN),
    MessageReceived(
        external_id=f"{AT}05",
        at=moment(19, 5),
        visibility="public",
        kind="mention",
        author=LEA_MARN,
        text=QUESTION,
        post=f"{AT}05",
        permalink=link(f"{AT}05"),
        refs=refs_to_lea("public"),
    ),
    POST_SEEN,
    MessageReceived(
        external_id=f"{AT}06",
        at=moment(19, 6),
        visibility="public",
        kind="reply",
        author=OMAR_BADR,
        text="سؤال\n\n@lea_marn هل يتوفر اللون البني؟\n\nشكراً & سلام",
        post=POST,
        parent="117440000000000002",
        attachments=(
            Attachment("image", f"{FILES}/boot.png", "boot.png", text="حذاء بني"),
            Attachment("video", f"{FILES}/zip.mp4", "zip.mp4"),
            Attachment("file", "https://social.example/odd.bin", "odd.bin"),
        ),
        permalink=link(f"{AT}06", "social.example/@omar_badr"),
        refs={"visibility": "unlisted", **TO_OMAR, "others": ["lea_marn"]},
    ),
    MessageReceived(
        external_id=f"{AT}07",
        at=moment(19, 7),
        visibility="private",
        kind="message",
        author=LEA_MARN,
        text="moj naslov je Cankarjeva 7",
        permalink=link(f"{AT}07"),
        refs=refs_to_lea("direct"),
    ),
    head("08", "samo za sledilce", moment(19, 8), LEA_MARN, refs=refs_to_lea("private")),
    MessageReceived(
        external_id=f"{AT}08",
        at=moment(19, 8),
        visibility="public",
        kind="mention",
        author=LEA_MARN,
        text="samo za sledilce",
        post=f"{AT}08",
        permalink=link(f"{AT}08"),
        refs=refs_to_lea("private"),
    ),
    head("09", "رائع", moment(19, 9), OMAR_BADR, refs={"visibility": "public", **TO_OMAR, "others": []}),
    POST_SEEN,
    MessageReceived(
        external_id=f"{AT}09",
        at=moment(19, 9),
        visibility="public",
        kind="quote",
        author=OMAR_BADR,
        text="رائع",
        post=f"{AT}09",
        attachments=(Attachment("link", link(POST, "mastodon.example/@acme")),),
        permalink=link(f"{AT}09", "social.example/@omar_badr"),
        refs={
            "visibility": "public",
            **TO_OMAR,
            "others": [],
            QUOTED: {"id": POST, "url": link(POST, "mastodon.example/@acme")},
        },
    ),
    ReactionChanged(
        target=POST, at=moment(19, 10), author=replace(LEA_MARN, language=""), reaction="like", on=True
    ),
    ReactionChanged(
        target=POST, at=moment(19, 11), author=replace(OMAR_BADR, language=""), reaction="repost", on=True
    ),
    MessageEdited(external_id=f"{AT}05", at=moment(19, 12, 0), text="kje je moj paket 88140?"),
    PostStale(external_id=POST),
    AccountChanged(detail="none Prosimo, označite slike."),
]


def test_notifications() -> None:
    found = network.read(json.dumps(page("notifications")).encode(), ACCOUNT)
    for one, other in zip(found, NOTIFICATIONS, strict=True):
        assert one == other


def test_own_statuses() -> None:
    post, reply, private = network.read(json.dumps(page("own")).encode(), ACCOUNT)
    assert isinstance(post, PostSeen)
    assert (post.external_id, post.text) == ("117440821662233300", "Jutri smo zaprti.")
    assert reply == Echo(
        external_id="117440821662233301",
        at=moment(19, 21, 0),
        visibility="public",
        kind="reply",
        text="paket je na poti.",
        post=f"{AT}05",
        parent=f"{AT}05",
        permalink=link("117440821662233301", "mastodon.example/@acme"),
        refs=refs_to_lea("public"),
    )
    assert private == Echo(
        external_id="117440821662233302",
        at=moment(19, 22, 0),
        visibility="private",
        person=Person(OMAR, "omar_badr", "omar_badr@social.example"),
        text="شكراً",
        permalink=link("117440821662233302", "mastodon.example/@acme"),
        refs={"visibility": "direct", **TO_OMAR, "others": []},
    )


def test_what_changed() -> None:
    assert network.read(json.dumps(page("changed")).encode(), ACCOUNT) == [
        MessageEdited(external_id=f"{AT}05", at=moment(19, 30, 0), text="kje je moj paket 88140?"),
        MessageEdited(external_id=f"{AT}05", at=moment(19, 40, 0), text="kje je moj paket 88140, prosim?"),
        MessageRemoved(external_id=f"{AT}07", at=None),
        MessageEdited(external_id=f"{AT}07", at=moment(19, 41, 0), text="moj naslov je Cankarjeva 7"),
    ]


def read(*notifications: dict[str, Any], **more: Any) -> list[Any]:
    body = {"kind": "notifications", "notifications": list(notifications), **more}
    return network.read(json.dumps(body).encode(), ACCOUNT)


def mention(**changes: Any) -> dict[str, Any]:
    first: dict[str, Any] = page("notifications")["notifications"][0]
    return {**first, "status": {**first["status"], **changes}}


@pytest.mark.parametrize(
    ("visibility", "read_as"),
    [
        ("public", "public"),
        ("unlisted", "public"),
        ("private", "public"),
        ("direct", "private"),
        ("local", "private"),
    ],
)
def test_who_may_see_it(visibility: str, read_as: str) -> None:
    message = read(mention(visibility=visibility))[-1]
    assert (message.visibility, message.refs["visibility"]) == (read_as, visibility)
    assert bool(message.post) == (read_as == "public")


def test_without_a_known_head_the_parent_stands_in() -> None:
    (message,) = read(mention(in_reply_to_id="117440000000000077"))
    assert (message.post, message.parent, message.kind) == (*["117440000000000077"] * 2, "reply")


@pytest.mark.parametrize(("to", "kind"), [(LEA, "mention"), (ACME, "reply")])
def test_who_names_us_under_a_post_of_others_does_not_reply_to_us(to: str, kind: str) -> None:
    (message,) = read(mention(in_reply_to_id="117440000000000077", in_reply_to_account_id=to))
    assert message.kind == kind


def test_a_bare_server_leaves_fields_out() -> None:
    """Other servers send ids as numbers and leave out much."""
    lea = {"id": 7, "acct": "lea@pleroma.example"}
    status = {
        "id": 9007199254740993,
        "created_at": "2026-10-14T19:05:25.000Z",
        "account": lea,
        "content": "a",
    }
    told = {"id": 12, "type": "mention", "created_at": "2026-10-14T19:05:25.000Z", "status": status}
    (message,) = read(told)
    assert (message.external_id, message.author.external_id) == ("9007199254740993", "7")
    assert (message.author.handle, message.visibility) == ("lea@pleroma.example", "private")


def test_the_server_s_own_name_completes_a_handle() -> None:
    home = replace(ACCOUNT, base_url="https://social.acme.example", facts={"domain": "acme.example"})
    body = json.dumps({"kind": "notifications", "notifications": [mention()]}).encode()
    message = network.read(body, home)[-1]
    assert isinstance(message, MessageReceived)
    assert message.author is not None
    assert message.author.handle == "lea_marn@acme.example"


@pytest.mark.parametrize(
    ("action", "problem"),
    [("none", ""), ("silence", ""), ("disable", "account_blocked"), ("suspend", "account_blocked")],
)
def test_a_warning_of_the_moderators(action: str, problem: str) -> None:
    told = {"id": "1", "type": "moderation_warning", "created_at": "2026-10-14T19:05:25.000Z"}
    (news,) = read({**told, "moderation_warning": {"action": action, "text": "Zakaj?"}})
    assert news == AccountChanged(problem=problem, detail=f"{action} Zakaj?")


@pytest.mark.parametrize("kind", ["follow", "status", "admin.report", "severed_relationships"])
def test_of_no_concern(kind: str) -> None:
    assert read({**mention(), "type": kind}) == []


def test_an_unknown_kind() -> None:
    assert read({**mention(), "type": "pleroma:dance"}) == [NotUnderstood(what="notification pleroma:dance")]
    assert network.read(b'{"kind":"weather"}', ACCOUNT) == [NotUnderstood(what="weather")]


def test_a_poison_item_stays_alone() -> None:
    broken = {**mention(), "status": {"id": "1"}}
    found = read(mention(), broken, mention(id="117440821662233999"))
    assert [type(each) for each in found].count(Broken) == 1
    assert found[-1].external_id == "117440821662233999"


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"kind":7}', b'{"kind":"own"}', b'{"kind":"changed"}'])
def test_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        network.read(body, ACCOUNT)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@given(body=st.sampled_from(bodies()), key=st.text(max_size=10), value=json_values, data=st.data())
def test_only_malformed_is_raised(body: bytes, key: str, value: Any, data: st.DataObject) -> None:
    parsed = json.loads(body)
    listed = next(each for each in parsed.values() if isinstance(each, list))
    item = data.draw(st.sampled_from(listed))
    inside = item.get("status") if isinstance(item.get("status"), dict) else item
    inside[data.draw(st.sampled_from([*inside, key]))] = value
    parsed["roots"] = data.draw(st.just(parsed.get("roots")) | json_values)
    try:
        network.read(json.dumps(parsed).encode(), ACCOUNT)
    except Malformed:
        return


@pytest.mark.parametrize("name", ["@acme", "@acme@mastodon.example", "@Acme@Mastodon.example"])
def test_a_server_that_lists_nobody(name: str) -> None:
    """As snac does: the name it is for is known all the same."""
    (found,) = _asked(f"<p>{name} kje je moj paket?</p>", "public", ACCOUNT)[1:]
    assert (found.text, found.visibility) == ("kje je moj paket?", "public")


def test_what_snac_calls_private_is_for_those_named() -> None:
    snac = replace(ACCOUNT, facts={**ACCOUNT.facts, "private_to_named": True})
    (found,) = _asked("<p>@acme kje je moj paket?</p>", "private", snac)
    assert (found.visibility, found.kind, found.post) == ("private", "message", "")
    assert found.refs["visibility"] == "direct"


def _asked(content: str, visibility: str, account: AccountRecord) -> list[Any]:
    parsed = page("notifications")
    item = next(each for each in parsed["notifications"] if each["type"] == "mention")
    item["status"].update(content=content, visibility=visibility, mentions=[], in_reply_to_id=None)
    parsed["notifications"] = [item]
    return network.read(json.dumps(parsed).encode(), account)
