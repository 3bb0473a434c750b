"""From what was polled to news."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

import orjson

from heed.channels.base import (
    QUOTED,
    AccountChanged,
    AccountRecord,
    Attachment,
    AttachmentKind,
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
    each,
)
from heed.channels.mastodon.payload import Media, Notification, Profile, Status, Version
from heed.channels.mastodon.plain import as_typed, plain, without_address
from heed.lib import clock

PUBLIC = ("public", "unlisted", "private")
"""What hangs in a public thread: `private` is for followers. Anything else is a private message."""

OF_NO_CONCERN = frozenset(
    {
        "follow",
        "follow_request",
        "status",
        "severed_relationships",
        "admin.sign_up",
        "admin.report",
        "added_to_collection",
        "collection_update",
    }
)
_REACTIONS = {"favourite": "like", "reblog": "repost"}
_WRITTEN = frozenset({"mention", "quote"})
_EDITED = frozenset({"update", "quoted_update"})
_BLOCKING = frozenset({"disable", "suspend"})
_KINDS: dict[str, AttachmentKind] = {"gifv": "video"}


def read(body: bytes, account: AccountRecord) -> list[Inbound]:
    """The news of one polled page. Raises `Malformed` when it is not such a page."""
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(page, dict) or not isinstance(page.get("kind"), str):
        raise Malformed("no page of news")
    match page["kind"]:
        case "notifications":
            return each(
                _items(page, "notifications"), lambda item: _notified(item, page, account), "notification"
            )
        case "own":
            return each(_items(page, "statuses"), lambda item: _own(item, page, account), "own status")
        case "changed":
            return each(_items(page, "changes"), lambda item: _changed(item, account), "change")
    return [NotUnderstood(what=page["kind"][:200])]


def person(profile: Profile, account: AccountRecord, language: str = "") -> Person:
    return Person(
        external_id=profile.id,
        name=profile.display_name or profile.username or profile.acct,
        handle=handle(profile.acct, account),
        avatar_url=profile.avatar,
        language=language,
    )


def handle(acct: str, account: AccountRecord) -> str:
    """A name with its server: the one's own server leaves it out."""
    home = str(account.facts.get("domain") or "") or urlsplit(account.base_url).hostname or ""
    return acct if "@" in acct or not home else f"{acct}@{home}"


def visibility_of(told: str | None, account: AccountRecord) -> str:
    """Who may see a status of this visibility. What snac calls private, for followers or not, goes to
    those named in it only (seen on snac 2.75)."""
    return "direct" if told == "private" and account.facts.get("private_to_named") else told or ""


def words(status: Status, account: AccountRecord, content: str | None = None, warning: str = "") -> str:
    """What a status says. The names it is addressed to are left away at its start: in what others
    wrote our own, in what we wrote all."""
    ours = status.account.id == account.external_id
    named = [each for each in status.mentions if ours or each.id == account.external_id]
    names = {
        name.casefold()
        for mention in named
        for name in (mention.username, mention.acct, handle(mention.acct, account))
    }
    if not ours and not status.mentions:  # some servers list nobody
        names = {account.handle.casefold(), account.handle.partition("@")[0].casefold()} - {""}
    text = without_address(plain(status.content if content is None else content), names)
    text = as_typed(text) if ours else text
    before = (warning if content is not None else status.spoiler_text).strip()
    return f"{before}\n\n{text}".strip() if before else text


def post_seen(status: Status, account: AccountRecord) -> PostSeen:
    """The status at the head of a thread."""
    pictures = [each.url for each in status.media_attachments if each.type == "image" and each.url]
    return PostSeen(
        external_id=status.id,
        at=clock.from_iso(status.created_at),
        author=person(status.account, account, status.language),
        text=words(status, account),
        picture_url=pictures[0] if pictures else None,
        permalink=status.url or status.uri,
        likes=status.favourites_count,
        comments=status.replies_count,
        shares=status.reblogs_count,
        removed=False,
        refs=refs_of(status, account),
    )


def edited(status: Status, account: AccountRecord) -> list[MessageEdited]:
    if not status.edited_at:
        return []
    return [
        MessageEdited(external_id=status.id, at=clock.from_iso(status.edited_at), text=words(status, account))
    ]


def refs_of(status: Status, account: AccountRecord) -> dict[str, Any]:
    """What an answer to this status needs: whom to name, and who may see it."""
    if status.account.id != account.external_id:
        near = [
            each.acct for each in status.mentions if each.id not in (account.external_id, status.account.id)
        ]
        return {
            "visibility": visibility_of(status.visibility, account),
            "person": status.account.id,
            "acct": status.account.acct,
            "others": near[:10],
        }
    named = [each for each in status.mentions if each.id != account.external_id]
    refs: dict[str, Any] = {
        "visibility": visibility_of(status.visibility, account),
        "others": [each.acct for each in named[1:11]],
    }
    return {**refs, "person": named[0].id, "acct": named[0].acct} if named else refs


def _items(page: Mapping[str, Any], key: str) -> list[Any]:
    items = page.get(key)
    if not isinstance(items, list):
        raise Malformed(f"no {key}")
    return items


def _notified(item: Any, page: Mapping[str, Any], account: AccountRecord) -> Iterable[Inbound]:
    news = Notification.model_validate(item)
    if news.type in OF_NO_CONCERN:
        return []
    if news.type == "moderation_warning":
        return _warned(news)
    if news.type in _WRITTEN:
        return _written(_status(news), news.type, page, account)
    if news.type in _REACTIONS:
        if news.account is None:
            raise ValueError("a reaction of nobody")
        return [
            ReactionChanged(
                target=_status(news).id,
                at=clock.from_iso(news.created_at),
                author=person(news.account, account),
                reaction=_REACTIONS[news.type],
                on=True,
            )
        ]
    if news.type in _EDITED:
        return edited(_status(news), account)
    if news.type == "poll":
        return [PostStale(external_id=_status(news).id)]
    return [NotUnderstood(what=f"notification {news.type}"[:200])]


def _status(news: Notification) -> Status:
    if news.status is None:
        raise ValueError(f"a {news.type} without its status")
    return news.status


def _warned(news: Notification) -> list[Inbound]:
    warning = news.moderation_warning or {}
    action = str(warning.get("action") or "")
    detail = f"{action} {warning.get('text') or ''}".strip()[:500]
    return [AccountChanged(problem="account_blocked" if action in _BLOCKING else "", detail=detail)]


def _written(status: Status, kind: str, page: Mapping[str, Any], account: AccountRecord) -> Iterable[Inbound]:
    public = visibility_of(status.visibility, account) in PUBLIC
    root, seen = _root(status, page, account)
    quoted = _quoted(status)
    found: list[Inbound] = [*seen] if public else []
    found += [post_seen(quoted, account)] if quoted is not None else []
    replied = kind == "mention" and _is_reply_to_us(status, seen, account)
    shown = "message" if not public else "reply" if replied else kind
    found.append(
        MessageReceived(
            external_id=status.id,
            at=clock.from_iso(status.created_at),
            visibility="public" if public else "private",
            kind=shown,
            author=person(status.account, account, status.language),
            text=words(status, account),
            post=root if public else "",
            parent=status.in_reply_to_id or "",
            attachments=attachments(status),
            permalink=status.url or status.uri,
            refs={**refs_of(status, account), **_quoting(quoted)},
        )
    )
    return found


def _is_reply_to_us(status: Status, seen: list[PostSeen], account: AccountRecord) -> bool:
    """Whether a status is a reply to us or under a post of ours, and not to others, where it names us."""
    ours = any(each.author and each.author.external_id == account.external_id for each in seen)
    to = status.in_reply_to_account_id or account.external_id
    return bool(status.in_reply_to_id) and (ours or to == account.external_id)


def _own(item: Any, page: Mapping[str, Any], account: AccountRecord) -> Iterable[Inbound]:
    status = Status.model_validate(item)
    if status.reblog is not None:
        return []
    public = visibility_of(status.visibility, account) in PUBLIC
    if public and not status.in_reply_to_id:
        return [post_seen(status, account)]
    named = [each for each in status.mentions if each.id != account.external_id]
    if not public and not named:
        return []  # a note to ourselves
    root, seen = _root(status, page, account)
    receiver = (
        Person(named[0].id, named[0].username or named[0].acct, handle(named[0].acct, account))
        if named
        else None
    )
    echo = Echo(
        external_id=status.id,
        at=clock.from_iso(status.created_at),
        visibility="public" if public else "private",
        kind="reply" if public else "message",
        person=receiver if not public else None,
        text=words(status, account),
        post=root if public else "",
        parent=status.in_reply_to_id or "",
        attachments=attachments(status),
        permalink=status.url or status.uri,
        refs={**refs_of(status, account), **_quoting(_quoted(status))},
    )
    return [*seen, echo] if public else [echo]


def _root(status: Status, page: Mapping[str, Any], account: AccountRecord) -> tuple[str, list[PostSeen]]:
    """The head of the thread: its id, and what is known of it. Without one the status itself, or what
    it answers, is the head as far as we see."""
    if not status.in_reply_to_id:
        return status.id, [post_seen(status, account)]
    roots = page.get("roots")
    known = roots.get(status.id) if isinstance(roots, dict) else None
    if not isinstance(known, dict) or not isinstance(known.get("id"), str) or not known["id"]:
        return status.in_reply_to_id, []
    head = known.get("status")
    return known["id"], [post_seen(Status.model_validate(head), account)] if head else []


def _changed(item: Any, account: AccountRecord) -> Iterable[Inbound]:
    if not isinstance(item, dict):
        raise ValueError("not a change")
    if "removed" in item:
        if not isinstance(item["removed"], str):
            raise ValueError("a removal of nothing")
        return [MessageRemoved(external_id=item["removed"], at=None)]
    status = Status.model_validate(item.get("status"))
    if "typed" in item:
        return _edited_by_us(status, item, account)
    since = str(item.get("since") or status.created_at)
    versions = [Version.model_validate(version) for version in item.get("history") or ()]
    later = [each for each in versions if clock.from_iso(each.created_at) > clock.from_iso(since)]
    if not later:
        return edited(status, account)
    return [
        MessageEdited(
            external_id=status.id,
            at=clock.from_iso(version.created_at),
            text=words(status, account, version.content, version.spoiler_text),
        )
        for version in later
    ]


def _edited_by_us(status: Status, item: Mapping[str, Any], account: AccountRecord) -> Iterable[Inbound]:
    """It counts from when we saw it: an edit that was made in Heed is known by then."""
    public = visibility_of(status.visibility, account) in PUBLIC
    if public and not status.in_reply_to_id and not status.quote:
        return [post_seen(status, account)]
    at = clock.from_iso(str(item.get("at")))
    typed = item["typed"]
    if not isinstance(typed, str):
        return [MessageEdited(external_id=status.id, at=at, text=words(status, account))]
    names = {name.casefold() for each in status.mentions for name in (each.acct, handle(each.acct, account))}
    text = as_typed(without_address(typed, names))
    warning = status.spoiler_text.strip()
    text = f"{warning}\n\n{text}".strip() if warning else text
    return [MessageEdited(external_id=status.id, at=at, text=text)]


def attachments(status: Status) -> tuple[Attachment, ...]:
    """The files with what is said of them for those who do not see them, and the status quoted."""
    quoted = _quoted(status)
    link = _address(quoted) if quoted is not None else ""
    files = tuple(_file(media) for media in status.media_attachments if media.url or media.remote_url)
    return (*files, Attachment("link", url=link)) if link else files


def _quoted(status: Status) -> Status | None:
    """What it quotes, while both authors let it be seen."""
    quoted = (status.quote or {}).get("quoted_status")
    try:
        return Status.model_validate(quoted) if isinstance(quoted, dict) else None
    except ValueError:  # what cannot be read beside a message spoils no message
        return None


def _quoting(quoted: Status | None) -> dict[str, Any]:
    """The same for `refs`."""
    return {QUOTED: {"id": quoted.id, "url": _address(quoted)}} if quoted is not None else {}


def _address(status: Status) -> str:
    return status.url or status.uri


def _file(media: Media) -> Attachment:
    kind = _KINDS.get(media.type, media.type)
    known: AttachmentKind = kind if kind in get_args(AttachmentKind) else "file"  # type: ignore[assignment]
    url = media.url or media.remote_url
    name = urlsplit(url).path.rpartition("/")[2]
    return Attachment(known, url=url, name=name[:255], text=media.description)
