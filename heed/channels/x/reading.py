"""A delivery as records: of the X Activity API, of its older sister, or as we polled it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from heed.channels.base import (
    AccountChanged,
    AccountRecord,
    Attachment,
    Echo,
    Inbound,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    PostSeen,
    PostStale,
    ReactionChanged,
    Receipt,
    each,
)
from heed.channels.x.payload import (
    DirectMessage,
    EncryptedMessage,
    Entities,
    Like,
    Media,
    PolledMessage,
    Post,
    Read,
    Removed,
    Revoked,
    User,
    old,
    old_user,
)
from heed.lib import clock

MEDIA = "media:"
WEB = "https://x.com"
CHAT_LINK = "https://x.com/messages"
CHAT_NAME = "Encrypted X Chat message"
REPOST = "repost"

_OWN_PREFIX = re.compile(r"(?:@\w{1,20}\s+)+")
_DM_FILE = re.compile(r"/(?P<dm>[0-9]+)/(?P<media>[0-9]+)/(?P<name>[\w.-]+)$")
_KINDS: dict[str, Any] = {"photo": "image", "video": "video", "animated_gif": "video"}
_MIMES = {"video": "video/mp4", "animated_gif": "video/mp4"}


@dataclass(frozen=True, slots=True)
class Around:
    """What came beside the items of a delivery: people, other posts and files, and whose news it is."""

    us: str
    handle: str = ""
    people: Mapping[str, User] = field(default_factory=dict)
    posts: Mapping[str, Post] = field(default_factory=dict)
    files: Mapping[str, Media] = field(default_factory=dict)

    def person(self, external_id: str) -> Person:
        """Someone by their id; without a name where X did not send it along."""
        user = self.people.get(external_id)
        return person_of(user) if user else Person(external_id)


def read(body: bytes, account: AccountRecord) -> list[Inbound]:
    """The news of a delivery. Raises `Malformed` when it is no JSON object."""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)) from error
    if not isinstance(told, dict):
        raise Malformed("not a JSON object")
    event = told.get("data")
    if "polled" in told:
        return _polled(told, account)
    if isinstance(event, dict) and isinstance(event.get("event_type"), str):
        return each([event], lambda one: _event(one, account), event["event_type"][:80])
    if "for_user_id" in told or "user_event" in told:
        return _older(told, account)
    if "replay_job_status" in told:
        return []  # what was replayed has come as deliveries of its own
    return [NotUnderstood(what=f"delivery with {', '.join(sorted(map(str, told)))}"[:200])]


# ------------------------------------------------------------------------- activity events


def _event(event: dict[str, Any], account: AccountRecord) -> list[Inbound]:
    kind = event["event_type"]
    payload = event.get("payload")
    narrowed = event.get("filter")
    owner = _text(narrowed.get("user_id")) if isinstance(narrowed, dict) else ""
    around = _around(event.get("includes"), owner or account.external_id, account)
    reader = _EVENTS.get(kind)
    if reader is None:
        return [NotUnderstood(owner=owner, what=kind[:200])]
    return [_owned(one, owner) for one in reader(payload, around)]


def _owned(news: Inbound, owner: str) -> Inbound:
    """The news with the account it belongs to: the accounts of an app share one address."""
    return replace(news, owner=owner) if owner else news


def _post_event(payload: Any, around: Around) -> list[Inbound]:
    return list(_post(Post.model_validate(payload), around))


def _quote_event(payload: Any, around: Around) -> list[Inbound]:
    return list(_post(Post.model_validate(payload), around, quotes_us=True))


def _removed(payload: Any, around: Around) -> list[Inbound]:
    removed = Removed.model_validate(payload)
    return [MessageRemoved(external_id=removed.id, at=None), PostStale(external_id=removed.id)]


def _like(payload: Any, around: Around) -> list[Inbound]:
    """Who liked it may stand beside it. Of others' likes of which X does not say more, only the number
    of likes is read again."""
    like = Like.model_validate(payload)
    others = [person for person in around.people if person != like.post_author]
    who = others[0] if others else around.us if like.post_author not in ("", around.us) else ""
    if not who:
        return [PostStale(external_id=like.post)]
    told = clock.from_unix(like.timestamp_ms) if like.timestamp_ms else None
    at = told or (_utc(like.created_at) if like.created_at else clock.now())
    return [ReactionChanged(target=like.post, at=at, author=around.person(who), reaction="like", on=True)]


def _direct_event(payload: Any, around: Around) -> list[Inbound]:
    known = _with_people(around, _values(payload.get("users")))
    found = payload["direct_message_events"]
    return each(found, lambda raw: _direct(raw, known), "direct message")


def _read_event(payload: Any, around: Around) -> list[Inbound]:
    found = payload["direct_message_mark_read_events"]
    return each(found, lambda raw: _seen(raw, around), "direct message read")


def _encrypted(payload: Any, around: Around) -> list[Inbound]:
    """Heed cannot read it and must not hide that somebody wrote."""
    message = EncryptedMessage.model_validate(payload)
    if message.sender_id == around.us:
        return []
    return [
        MessageReceived(
            external_id=f"chat:{message.id}",
            at=clock.from_unix(message.created_at_msec),
            visibility="private",
            kind="message",
            author=around.person(message.sender_id),
            attachments=(Attachment("link", url=CHAT_LINK, name=CHAT_NAME),),
            opens_window=False,
        )
    ]


def _revoked(payload: Any, around: Around) -> list[Inbound]:
    user = Revoked.model_validate(payload).user_id
    return [AccountChanged(owner=user, problem="sign_in_again", detail="access was taken back on X")]


def _nothing(payload: Any, around: Around) -> list[Inbound]:
    return []


_EVENTS: dict[str, Callable[[Any, Around], list[Inbound]]] = {
    "post.create": _post_event,
    "post.mention.create": _post_event,
    "post.reply.create": _post_event,
    "post.quote.create": _quote_event,
    "post.repost.create": _post_event,
    "post.delete": _removed,
    "like.create": _like,
    "dm.received": _direct_event,
    "dm.sent": _direct_event,
    "dm.read": _read_event,
    "dm.indicate_typing": _nothing,
    "chat.received": _encrypted,
    "chat.sent": _nothing,
    "oauth.revoke": _revoked,
}


# -------------------------------------------------------------------- older account activity


def _older(told: dict[str, Any], account: AccountRecord) -> list[Inbound]:
    owner = _text(told.get("for_user_id"))
    around = Around(us=owner or account.external_id, handle=account.handle)
    around = _with_people(around, _values(told.get("users")))
    found: list[Inbound] = []
    for name, items in told.items():
        if name in _BESIDE:
            continue
        reader = _OLDER.get(name)
        if reader is None:
            found.append(NotUnderstood(what=name[:200]))
            continue
        listed = items if isinstance(items, list) else [items]
        found += each(listed, lambda raw, reader=reader: reader(raw, around), name)  # type: ignore[misc]
    return [_owned(one, owner) for one in found]


def _older_post(raw: Any, around: Around) -> list[Inbound]:
    people = [old_user(raw["user"])]
    quoted = raw.get("quoted_status")
    known = _with_people(around, people)
    if isinstance(quoted, dict):
        other = Post.model_validate(old(quoted))
        known = _with_people(known, [old_user(quoted["user"])])
        known = Around(known.us, known.handle, known.people, {other.id: other}, known.files)
    return list(_post(Post.model_validate(old(raw)), known))


def _older_removal(raw: Any, around: Around) -> list[Inbound]:
    at = clock.from_unix(raw["timestamp_ms"])
    status = Removed.model_validate({"id": raw["status"]["id"], "author_id": raw["status"].get("user_id")})
    return [MessageRemoved(external_id=status.id, at=at), PostStale(external_id=status.id)]


def _older_like(raw: Any, around: Around) -> list[Inbound]:
    liked = Removed.model_validate({"id": raw["favorited_status"]["id_str"]})
    who = person_of(User.model_validate(old_user(raw["user"])))
    at = clock.from_unix(raw["timestamp_ms"])
    return [ReactionChanged(target=liked.id, at=at, author=who, reaction="like", on=True)]


def _older_revocation(raw: Any, around: Around) -> list[Inbound]:
    user = _text(raw["revoke"]["source"]["user_id"])
    return [AccountChanged(owner=user, problem="sign_in_again", detail="access was taken back on X")]


_BESIDE = frozenset({"for_user_id", "users", "apps", "user_has_blocked"})
_OLDER: dict[str, Callable[[Any, Around], list[Inbound]]] = {
    "tweet_create_events": _older_post,
    "tweet_delete_events": _older_removal,
    "favorite_events": _older_like,
    "direct_message_events": lambda raw, around: _direct(raw, around),
    "direct_message_mark_read_events": lambda raw, around: _seen(raw, around),
    "direct_message_indicate_typing_events": _nothing,
    "follow_events": _nothing,
    "block_events": _nothing,
    "mute_events": _nothing,
    "user_event": _older_revocation,
}


# ------------------------------------------------------------------------- what we polled


def _polled(told: dict[str, Any], account: AccountRecord) -> list[Inbound]:
    """A page as it was asked for, newest first: it is read the other way round."""
    items = told.get("data")
    what = _text(told.get("polled"))
    listed = items[::-1] if isinstance(items, list) else []
    us = _text(told.get("us")) or account.external_id
    around = _around(told.get("includes"), us, account)
    if what == "dms":
        return each(listed, lambda raw: _polled_message(raw, around), "direct message")
    if what == "marks":
        return each(listed, lambda raw: _marked(raw, around), "own like or repost")
    return each(listed, lambda raw: _post_event(raw, around), what[:80])


def _marked(raw: Any, around: Around) -> list[Inbound]:
    """A like or repost of our own, made or taken back on X itself."""
    post, reaction, on = str(raw["post"]), str(raw["reaction"]), raw["on"] is True
    at, us = clock.from_iso(raw["at"]), around.person(around.us)
    return [ReactionChanged(target=post, at=at, author=us, reaction=reaction, on=on)]


def _polled_message(raw: Any, around: Around) -> list[Inbound]:
    message = PolledMessage.model_validate(raw)
    if message.event_type != "MessageCreate":
        return []
    members = message.dm_conversation_id.split("-") if message.dm_conversation_id else [message.sender_id]
    others = [each for each in members if each != around.us]
    if len(others) != 1 or (message.dm_conversation_id and around.us not in members):
        return [NotUnderstood(what="message in a group")]
    (other,) = others
    keys = message.attachments.media_keys
    files = [_private_file(each.type, each.url or each.preview_image_url) for each in _known(keys, around)]
    # Of a file that X did not include, the agent sees at least that there was one.
    files += [Attachment("file", name=key) for key in keys if key not in around.files]
    return _message(
        message.id,
        _utc(message.created_at),
        around.person(other),
        message.sender_id == around.us,
        readable(message.text, message.entities, without_files=bool(files)),
        tuple(files),
    )


def _known(keys: list[str], around: Around) -> list[Media]:
    return [around.files[key] for key in keys if key in around.files]


# ------------------------------------------------------------------------------- messages


def _direct(raw: Any, around: Around) -> list[Inbound]:
    message = DirectMessage.model_validate(raw)
    written = message.message_create
    ours = written.sender_id == around.us
    said = written.message_data
    attached = said.attachment.media if said.attachment else None
    text = said.text.replace(attached.url, "") if attached and attached.url else said.text
    return _message(
        message.id,
        clock.from_unix(message.created_timestamp),
        around.person(written.target.recipient_id if ours else written.sender_id),
        ours,
        readable(text, said.entities),
        (_private_file(attached.type, attached.media_url_https),) if attached else (),
    )


def _message(
    external_id: str, at: datetime, person: Person, ours: bool, text: str, files: tuple[Attachment, ...]
) -> list[Inbound]:
    if ours:
        echo = Echo(
            external_id=external_id, at=at, visibility="private", person=person, text=text, attachments=files
        )
        return [echo]
    return [
        MessageReceived(
            external_id=external_id,
            at=at,
            visibility="private",
            kind="message",
            author=person,
            text=text,
            attachments=files,
        )
    ]


def _private_file(kind: str, url: str) -> Attachment:
    """A file that only our token opens: its address is made of ids when it is fetched."""
    place = _DM_FILE.search(url)
    address = f"{MEDIA}{place['dm']}/{place['media']}/{place['name']}" if place else url
    return Attachment(_KINDS.get(kind, "file"), url=address, mime=_MIMES.get(kind, ""))


def _seen(raw: Any, around: Around) -> list[Inbound]:
    seen = Read.model_validate(raw)
    if seen.sender_id == around.us:
        return []
    at = clock.from_unix(seen.created_timestamp)
    return [Receipt(state="seen", at=at, person=seen.sender_id, watermark=at)]


# ---------------------------------------------------------------------------------- posts


def _post(post: Post, around: Around, *, quotes_us: bool = False) -> Iterator[Inbound]:
    reposted = post.refers("retweeted")
    if reposted:
        yield from _repost(post, reposted, around)
    elif post.author_id == around.us:
        yield from _ours(post, around)
    else:
        yield from _theirs(post, around, quotes_us)


def _repost(post: Post, reposted: str, around: Around) -> Iterator[Inbound]:
    author, at = around.person(post.author_id), _utc(post.created_at)
    yield ReactionChanged(target=reposted, at=at, author=author, reaction=REPOST, on=True)


def _ours(post: Post, around: Around) -> Iterator[Inbound]:
    """What the account wrote: an answer, or a post under which customers will write."""
    parent = post.parent or post.refers("quoted")
    if not parent:
        yield post_seen(post, around)
        return
    yield Echo(
        external_id=post.first_id,
        at=_utc(post.created_at),
        visibility="public",
        kind="reply" if post.parent else "quote",
        text=text_of(post, around),
        post=post.conversation_id or post.id,
        parent=parent,
        attachments=tuple(_files(post, around)),
        permalink=permalink(post, around),
    )


def _theirs(post: Post, around: Around, quotes_us: bool) -> Iterator[Inbound]:
    text, at = text_of(post, around), _utc(post.created_at)
    place = post.conversation_id or post.first_id
    root = post if place == post.first_id else around.posts.get(place)
    if root is not None:
        yield post_seen(root, around, place)
    quoted = around.posts.get(post.refers("quoted"))
    quotes_us = quotes_us or (quoted is not None and quoted.author_id == around.us)
    to_us = post.in_reply_to_user_id == around.us
    yield MessageReceived(
        external_id=post.first_id,
        at=at,
        visibility="public",
        kind=_kind(post, root, to_us, quotes_us, around),
        author=around.person(post.author_id),
        text=text,
        post=place,
        parent=post.parent,
        attachments=(*_files(post, around), *_quoted(post)),
        permalink=permalink(post, around),
        refs={"author": post.author_id, "summoned": to_us or quotes_us or _names_us(post, around)},
    )
    if post.first_id != post.id:
        yield MessageEdited(external_id=post.first_id, at=at, text=text)


def _kind(post: Post, root: Post | None, to_us: bool, quotes_us: bool, around: Around) -> str:
    """A comment hangs under a post of ours, where we may hide it."""
    if to_us:
        under_ours = post.parent == post.conversation_id or (root is not None and root.author_id == around.us)
        return "comment" if under_ours else "reply"
    return "quote" if quotes_us and not _names_us(post, around) else "mention"


def _names_us(post: Post, around: Around) -> bool:
    entities = [*post.entities.mentions, *(post.note.entities.mentions if post.note else ())]
    handle = around.handle.casefold()
    return any(
        named.id == around.us or (handle and named.username.casefold() == handle) for named in entities
    )


def post_seen(post: Post, around: Around, external_id: str = "") -> PostSeen:
    """A post that people write under, as it stands."""
    files = [each for each in _files(post, around) if each.kind == "image"]
    return PostSeen(
        external_id=external_id or post.first_id,
        at=_utc(post.created_at),
        author=around.person(post.author_id),
        text=text_of(post, around),
        picture_url=files[0].url if files else None,
        permalink=permalink(post, around),
        likes=post.public_metrics.like_count,
        comments=post.public_metrics.reply_count,
        shares=post.public_metrics.retweet_count,
    )


def text_of(post: Post, around: Around) -> str:
    """The words as people see them: whole, links in full, without the names that X puts before a reply
    and without the addresses of files."""
    if post.note and post.note.text:
        return readable(post.note.text, post.note.entities)
    start = post.display_text_range[0] if post.display_text_range else 0
    text = post.text
    if 0 < start <= len(text) and _OWN_PREFIX.fullmatch(text[:start].rstrip() + " "):
        text = text[start:]
    return readable(text, post.entities)


def readable(text: str, entities: Entities, *, without_files: bool = False) -> str:
    """A text with its shortened links written out; links that only stand for a file are left out."""
    for link in entities.urls:
        its_own = bool(link.media_key) or re.search(r"/(photo|video|messages/media)/", link.expanded_url)
        if its_own or (without_files and "/messages/" in link.expanded_url):
            text = text.replace(link.url, "")
        elif link.url:
            text = text.replace(link.url, link.expanded_url or link.url)
    return html.unescape(text).strip()


def permalink(post: Post, around: Around) -> str:
    user = around.people.get(post.author_id)
    return f"{WEB}/{user.username if user and user.username else 'i/web'}/status/{post.id}"


def _files(post: Post, around: Around) -> Iterator[Attachment]:
    for media in [*_known(post.attachments.media_keys, around), *post.media]:
        kind = _KINDS.get(media.type, "file")
        videos = [each for each in media.variants if each.content_type == "video/mp4" and each.url]
        best = max(videos, key=lambda each: each.bit_rate, default=None)
        if best is not None:
            yield Attachment(kind, url=best.url, mime="video/mp4", name=media.alt_text)
        elif media.url or media.preview_image_url:
            # Without the video itself its first picture is better than nothing.
            yield Attachment("image", url=media.url or media.preview_image_url, name=media.alt_text)


def _quoted(post: Post) -> Iterator[Attachment]:
    quoted = post.refers("quoted")
    if quoted:
        yield Attachment("link", url=f"{WEB}/i/web/status/{quoted}")


# ------------------------------------------------------------------------------ small things


def person_of(user: User) -> Person:
    return Person(user.id, name=user.name, handle=user.username, avatar_url=user.picture)


def around_of(answer: Mapping[str, Any], account: AccountRecord) -> Around:
    """What came beside the data of an answer."""
    return _around(answer.get("includes"), account.external_id, account)


def _around(includes: Any, us: str, account: AccountRecord) -> Around:
    """What was included, as far as it can be read: a strange neighbour spoils no message."""
    given = includes if isinstance(includes, dict) else {}
    people = [each for raw in _values(given.get("users")) if (each := _valid(User, raw))]
    posts = _values(given.get("tweets")) + _values(given.get("posts"))
    found = [each for raw in posts if (each := _valid(Post, raw))]
    files = [each for raw in _values(given.get("media")) if (each := _valid(Media, raw))]
    return Around(
        us=us,
        handle=account.handle if us == account.external_id else "",
        people={each.id: each for each in people},
        posts={each.id: each for each in found},
        files={each.media_key: each for each in files if each.media_key},
    )


def _with_people(around: Around, raws: list[Any]) -> Around:
    people = {each.id: each for raw in raws if (each := _valid(User, raw))}
    return Around(around.us, around.handle, {**around.people, **people}, around.posts, around.files)


def _values(found: Any) -> list[Any]:
    """The items of a list, or of a record by id; some are wrapped in `data`."""
    items = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
    return [_unwrapped(one) for one in items]


def _unwrapped(one: Any) -> Any:
    inner = one.get("data") if isinstance(one, dict) else None
    return inner if isinstance(inner, dict) else one


def _valid(model: Any, raw: Any) -> Any:
    try:
        return model.model_validate(raw)
    except ValueError:
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _utc(moment: datetime) -> datetime:
    return clock.from_iso(moment.isoformat())
