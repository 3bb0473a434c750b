"""What can be done with a message that stands already."""

from __future__ import annotations

from typing import Any

from heed.channels.base import AccountRecord, Action, Refusal, Target
from heed.channels.telegram.calls import call
from heed.channels.telegram.reading import business_of, number_of
from heed.channels.telegram.writing import chat_of, whereabouts
from heed.lib.http import Steps

REACTIONS = ("👍", "❤", "🙏", "👌", "👏", "🎉", "🔥", "💯", "🤝", "😁", "🤔", "😢")
"""Some of those that Telegram lets bots give; it takes no others than those on its list."""
NO_TEXT = "no text in the message"
NOT_CHANGED = "message is not modified"


def act(account: AccountRecord, action: Action, target: Target, person: str, value: str) -> Steps[None]:
    business = business_of(target.external_id) or str(target.refs.get("business") or "")
    connection = {"business_connection_id": business} if business else {}
    message = {"chat_id": chat_of(person), "message_id": number_of(target.external_id)}
    match action:
        case "typing":
            place = {"chat_id": message["chat_id"], **whereabouts(target), **connection}
            yield from call(account, "sendChatAction", {**place, "action": "typing"})
        case "seen" if business:
            yield from call(account, "readBusinessMessage", {**connection, **message})
        case "seen":
            pass  # in its own chats a bot cannot show that it read anything
        case "react" | "unreact" if not business:
            reaction = [{"type": "emoji", "emoji": value}] if action == "react" else []
            yield from call(account, "setMessageReaction", {**message, "reaction": reaction})
        case "edit" if target.ours:
            yield from _edit(account, target, {**connection, "chat_id": message["chat_id"]}, value)
        case "delete" if target.ours:
            yield from _delete(account, target, message["chat_id"], connection)
        case _:
            raise Refusal("not_allowed", detail=f"Telegram lets bots do no {action} here")


def _numbers(target: Target) -> list[int]:
    """All messages of an answer: its files may be messages of their own, with the text as the last."""
    more = target.refs.get("more")
    return [number_of(str(each)) for each in (target.external_id, *(more if isinstance(more, list) else ()))]


def _edit(account: AccountRecord, target: Target, place: dict[str, Any], text: str) -> Steps[None]:
    """The text stands in the last message or, where that is a file, under the first."""
    numbers = _numbers(target)
    try:
        try:
            message = {**place, "message_id": numbers[-1]}
            yield from call(account, "editMessageText", {**message, "text": text})
        except Refusal as refusal:
            if NO_TEXT not in refusal.detail:
                raise
            message = {**place, "message_id": numbers[0]}
            yield from call(account, "editMessageCaption", {**message, "caption": text})
    except Refusal as refusal:
        if NOT_CHANGED not in refusal.detail:  # then it says what it should
            raise


def _delete(account: AccountRecord, target: Target, chat: int, connection: dict[str, Any]) -> Steps[None]:
    numbers = _numbers(target)
    if connection:
        yield from call(account, "deleteBusinessMessages", {**connection, "message_ids": numbers})
        return
    for number in numbers:
        try:
            yield from call(account, "deleteMessage", {"chat_id": chat, "message_id": number})
        except Refusal as refusal:
            if refusal.reason != "gone":  # then it is deleted, which is what was wanted
                raise
