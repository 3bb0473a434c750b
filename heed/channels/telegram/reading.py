"""An update of Telegram as news."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from heed.channels.base import (
    AccountChanged,
    AccountStale,
    Attachment,
    AttachmentKind,
    Echo,
    IdentitySeen,
    Inbound,
    Malformed,
    MessageEdited,
    MessageReceived,
    MessageRemoved,
    NotUnderstood,
    Person,
    ReactionChanged,
    each,
)
from heed.channels.telegram.payload import (
    Answered,
    Chat,
    Connection,
    Deleted,
    Entity,
    Media,
    MemberChanged,
    Message,
    Pressed,
    Reacted,
    User,
)
from heed.lib import clock

MEDIA = "media:"
BUSINESS = "business"
"""The kind of a message in a chat of the business account."""
CONNECTIONS = "business_connections"
"""In `facts`: the ids of those that we were told of; the check drops what is closed."""
ENDED = "business_ended"
"""In `facts`: the ids of those whose owner ended them; the check drops what is open again."""


def read(body: bytes) -> list[Inbound]:
    """The news in one update, which holds one event. Raises `Malformed`."""
    try:
        update = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(update, dict) or not isinstance(update.pop("update_id", None), int):
        raise Malformed("an update has an update_id")
    if not update:
        return [NotUnderstood(what="update without an event")]
    return each(update.items(), _read_event, what=", ".join(update)[:100])


def message_id(chat: int, number: int, business: str = "") -> str:
    """Our id of a message. Telegram's own is unique in its chat only, and a person's chat with the
    bot has the same chat id as their chat with a business account."""
    return f"{business}:{chat}:{number}" if business else f"{chat}:{number}"


def business_of(external_id: str) -> str:
    """The business connection of a message, from our id of it; empty in the bot's own chats."""
    before, _chat, _number = ("", *external_id.split(":"))[-3:] if ":" in external_id else ("", "", "")
    return before


def number_of(external_id: str) -> int:
    """Telegram's own id of the message; 0 when this is none of our ids."""
    number = external_id.rpartition(":")[2]
    return int(number) if number.isdecimal() else 0


def words_between(text: str, entity: Entity) -> str:
    """The piece of text that an entity marks."""
    units = text.encode("utf-16-le", "surrogatepass")
    piece = units[entity.offset * 2 : (entity.offset + entity.length) * 2]
    return piece.decode("utf-16-le", "replace")


def _read_event(event: tuple[str, Any]) -> list[Inbound]:
    name, raw = event
    reader = _READERS.get(name)
    return reader(raw) if reader else [NotUnderstood(what=name[:100])]


# ------------------------------------------------------------------------------- messages


def _message(raw: dict[str, Any]) -> list[Inbound]:
    message = Message.model_validate(raw)
    person = _person_of(message)
    if person is None:
        return [_elsewhere("message", message)]
    if message.text.partition(" ")[0] == "/start" and not message.business_connection_id:
        # The button that opens the bot's chat, not a question: there is nothing to answer yet.
        return [IdentitySeen(person=person, reachable=True, at=clock.from_unix(message.date))]
    service = _SERVICE & raw.keys()
    if service:
        return [NotUnderstood(what=f"message with {', '.join(sorted(service))}"[:200])]
    return [
        IdentitySeen(person=person, reachable=True, at=clock.from_unix(message.date)),
        MessageReceived(
            external_id=_id_of(message),
            at=clock.from_unix(message.date),
            visibility="private",
            kind=BUSINESS if message.business_connection_id else "message",
            author=person,
            text=_words(message),
            parent=_parent(message),
            attachments=tuple(_attachments(message)),
            refs=_refs(message),
        ),
        *_not_shown(raw, message),
    ]


def _business_message(raw: dict[str, Any]) -> list[Inbound]:
    """In a business account's chat the customer is the chat; all others are the owner's side."""
    message = Message.model_validate(raw)
    person = _person_of(message)
    if person is None:
        return [_elsewhere("business message", message)]
    if message.sender is not None and message.sender.id == message.chat.id:
        return _message(raw)
    return [
        Echo(
            external_id=_id_of(message),
            at=clock.from_unix(message.date),
            visibility="private",
            kind=BUSINESS,
            person=person_of(message.chat),
            text=_words(message),
            parent=_parent(message),
            attachments=tuple(_attachments(message)),
            refs=_refs(message),
            # A greeting or an away message answers nobody: the customer still waits.
            automatic=message.is_from_offline,
        ),
        *_not_shown(raw, message),
    ]


def _edited(raw: dict[str, Any]) -> list[Inbound]:
    """Also sent when nothing one can see has changed: the text is then the one we know."""
    message = Message.model_validate(raw)
    if message.chat.type != "private":
        return [_elsewhere("edited message", message)]
    return [
        MessageEdited(
            external_id=_id_of(message),
            at=clock.from_unix(message.edit_date or message.date),
            text=_words(message),
        )
    ]


def _deleted(raw: dict[str, Any]) -> list[Inbound]:
    """Telegram names no time: it is the time of reading."""
    deleted = Deleted.model_validate(raw)
    business, chat = deleted.business_connection_id, deleted.chat.id
    return [
        MessageRemoved(external_id=message_id(chat, number, business), at=clock.now())
        for number in deleted.message_ids
    ]


def _pressed(raw: dict[str, Any]) -> list[Inbound]:
    """A button that another program put under a message of the bot: the words are those that stand on it."""
    pressed = Pressed.model_validate(raw)
    under = pressed.message
    if under is None or under.chat.type != "private":
        return [
            NotUnderstood(what=f"callback_query in a {under.chat.type if under else 'place unknown'}"[:200])
        ]
    return [
        MessageReceived(
            external_id=f"query-{pressed.id}",
            at=clock.now(),
            visibility="private",
            kind="postback",
            author=person_of(pressed.sender),
            text=_words_on(pressed.data, under),
            refs={"payload": pressed.data} if pressed.data else {},
            parent=message_id(under.chat.id, under.message_id),
        )
    ]


def _words_on(data: str, under: Answered) -> str:
    """What stands on the button that sends this; nothing where the message came without its buttons."""
    rows = under.reply_markup.inline_keyboard if under.reply_markup else []
    return next((each.text for row in rows for each in row if each.callback_data == data), "")


def _elsewhere(what: str, message: Message) -> NotUnderstood:
    return NotUnderstood(what=f"{what} in a {message.chat.type}"[:200])


def _person_of(message: Message) -> Person | None:
    """Who wrote in a private chat; None in groups and channels."""
    if message.chat.type != "private" or message.sender is None:
        return None
    return person_of(message.sender)


def person_of(someone: User | Chat) -> Person:
    return Person(
        external_id=str(someone.id),
        name=f"{someone.first_name} {someone.last_name}".strip(),
        handle=someone.username,
        language=someone.language_code if isinstance(someone, User) else "",
    )


def _id_of(message: Message) -> str:
    return message_id(message.chat.id, message.message_id, message.business_connection_id)


def _parent(message: Message) -> str:
    """The message it replies to, where that is in the same chat."""
    answered = message.reply_to_message
    if answered is None or answered.chat.id != message.chat.id:
        return ""
    return message_id(answered.chat.id, answered.message_id, message.business_connection_id)


def _refs(message: Message) -> dict[str, Any]:
    """What an answer must name: the business connection, the topic. Pictures sent together come
    as messages of their own; `album` says which belong together."""
    refs = {
        "business": message.business_connection_id,
        "topic": message.message_thread_id if message.is_topic_message else None,
        "album": message.media_group_id,
    }
    return {name: value for name, value in refs.items() if value}


# ---------------------------------------------------------------------------- what it holds


def _words(message: Message) -> str:
    if message.poll:
        return _listed(message.poll.question, [choice.text for choice in message.poll.options])
    if message.checklist:
        return _listed(message.checklist.title, [task.text for task in message.checklist.tasks])
    if message.dice:
        return f"{message.dice.emoji} {message.dice.value}"
    return message.text or message.caption


def _listed(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"• {line}" for line in lines)])


def _attachments(message: Message) -> Iterator[Attachment]:
    if message.photo:
        yield _file("image", message.photo[-1], "image/jpeg")  # the last size is the largest
    if message.sticker:
        yield _sticker(message)
    for kind, file, mime in _files(message):
        if file:
            yield _file(kind, file, mime)
    if message.venue or message.location:
        yield Attachment("location", text=_place(message))
    if message.contact:
        contact = message.contact
        name = f"{contact.first_name} {contact.last_name}".strip()
        yield Attachment("contact", text=", ".join(filter(None, [name, contact.phone_number])))
    yield from _links(message.text, message.entities)
    yield from _links(message.caption, message.caption_entities)


def _files(message: Message) -> Iterator[tuple[AttachmentKind, Media | None, str]]:
    yield "video", message.video, "video/mp4"
    yield "video", message.video_note, "video/mp4"
    yield "video", message.live_photo, "video/mp4"
    yield "video", message.animation, "video/mp4"
    yield "audio", message.voice, "audio/ogg"
    yield "audio", message.audio, "audio/mpeg"
    # An animation names the same file once more as a document, for older programs.
    yield "file", None if message.animation else message.document, ""


def _file(kind: AttachmentKind, file: Media, mime: str, text: str = "") -> Attachment:
    return Attachment(
        kind,
        url=MEDIA + file.file_id,
        name=file.file_name,
        mime=file.mime_type or mime,
        size=file.file_size,
        text=text,
    )


def _sticker(message: Message) -> Attachment:
    sticker = message.sticker
    assert sticker is not None
    mime = "video/webm" if sticker.is_video else "application/x-tgsticker" if sticker.is_animated else ""
    return _file("sticker", sticker, mime or "image/webp", sticker.emoji)


def _place(message: Message) -> str:
    venue = message.venue
    location = venue.location if venue else message.location
    assert location is not None
    where = f"{location.latitude}, {location.longitude}"
    return ", ".join(filter(None, [venue.title, venue.address, where])) if venue else where


def _links(text: str, entities: list[Entity]) -> Iterator[Attachment]:
    """Links behind words: the words alone would not show where they lead."""
    for entity in entities:
        if entity.type == "text_link" and entity.url:
            yield Attachment("link", url=entity.url, name=words_between(text, entity))


def _not_shown(raw: dict[str, Any], message: Message) -> list[Inbound]:
    """A message of a kind we do not know is kept, for somebody wrote it, and said to be strange."""
    strange = raw.keys() - _ENVELOPE
    if _words(message) or any(_attachments(message)) or not strange:
        return []
    return [NotUnderstood(what=f"message with {', '.join(sorted(strange))}"[:200])]


# -------------------------------------------------------------------- people and the account


def _member(raw: dict[str, Any]) -> list[Inbound]:
    """In a private chat: they blocked the bot, or let it write again."""
    changed = MemberChanged.model_validate(raw)
    status = changed.new_chat_member.status
    if changed.chat.type != "private" or status not in ("kicked", "member"):
        return [NotUnderstood(what=f"bot is {status} in a {changed.chat.type}"[:200])]
    at = clock.from_unix(changed.date)
    return [IdentitySeen(person=person_of(changed.sender), reachable=status == "member", at=at)]


def _reaction(raw: dict[str, Any]) -> list[Inbound]:
    reacted = Reacted.model_validate(raw)
    if reacted.chat.type != "private" or reacted.user is None:
        return [NotUnderstood(what=f"reaction in a {reacted.chat.type}"[:200])]
    shown = reacted.new_reaction or reacted.old_reaction
    return [
        ReactionChanged(
            target=message_id(reacted.chat.id, reacted.message_id),
            at=clock.from_unix(reacted.date),
            author=person_of(reacted.user),
            reaction=_reaction_word(shown[0]) if shown else "",
            on=bool(reacted.new_reaction),
        )
    ]


def _reaction_word(reaction: dict[str, Any]) -> str:
    return str(reaction.get("emoji") or reaction.get("type") or "")[:40]


def _connection(raw: dict[str, Any]) -> list[Inbound]:
    """A business account that shows us its chats but takes no answers needs somebody's attention. That
    there is a connection, or that it ended, only this tells; the check then asks whether that still holds and
    what it allows."""
    connection = Connection.model_validate(raw)
    owner, problem = person_of(connection.user).name, ""
    if not connection.is_enabled:
        problem = f"{owner} took the bot out of their chats"
    elif not connection.rights.can_reply:
        problem = f"{owner} does not let the bot reply"
    changed = AccountChanged(
        problem="not_allowed" if problem else "",
        detail=problem,
        at=clock.from_unix(connection.date),
        facts={CONNECTIONS if connection.is_enabled else ENDED: [connection.id]},
    )
    return [changed, AccountStale()]


def _keys(names: str) -> frozenset[str]:
    return frozenset(names.split())


_ENVELOPE = _keys(
    "message_id date edit_date chat from sender_business_bot business_connection_id is_from_offline "
    "message_thread_id is_topic_message media_group_id reply_to_message external_reply quote "
    "reply_to_story reply_to_checklist_task_id reply_to_poll_option_id forward_origin via_bot "
    "has_protected_content paid_star_count effect_id link_preview_options reply_markup "
    "show_caption_above_media has_media_spoiler"
)
"""Keys of a message that say nothing of what it holds."""

_SERVICE = _keys(
    "pinned_message message_auto_delete_timer_changed invoice successful_payment refunded_payment "
    "users_shared chat_shared gift unique_gift gift_upgrade_sent connected_website write_access_allowed "
    "passport_data proximity_alert_triggered chat_background_set checklist_tasks_done "
    "checklist_tasks_added poll_option_added poll_option_deleted managed_bot_created "
    "forum_topic_created forum_topic_edited forum_topic_closed forum_topic_reopened "
    "suggested_post_approved suggested_post_approval_failed suggested_post_declined "
    "suggested_post_paid suggested_post_refunded video_chat_scheduled video_chat_started "
    "video_chat_ended boost_added direct_message_price_changed paid_message_price_changed"
)
"""What Telegram itself notes in a private chat: nobody wrote it, nobody waits for an answer."""

_READERS: dict[str, Callable[[dict[str, Any]], list[Inbound]]] = {
    "message": _message,
    "edited_message": _edited,
    "message_reaction": _reaction,
    "callback_query": _pressed,
    "my_chat_member": _member,
    "business_message": _business_message,
    "edited_business_message": _edited,
    "deleted_business_messages": _deleted,
    "business_connection": _connection,
}

UPDATES = [*_READERS]
"""The updates to ask for. All are named: Telegram leaves some out unless asked."""
