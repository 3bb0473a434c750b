"""The chat service, to which the account's server passes calls on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from heed.lib.text import measure
from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.bluesky.account import ChatMessage, Convo
from heed.sandbox.networks.bluesky.answers import No, fields_of, iso, limit_of
from heed.sandbox.networks.bluesky.viewing import Viewing

CHAT = "did:web:api.bsky.chat#bsky_chat"
_MOST_REACTIONS = 5
"""By one person to one message."""


class Chats(Viewing):
    def _proxied(self, nsid: str, call: Call) -> Reply:
        """The account's server passes chat on to the service that the caller names."""
        did = self._signed_in(call)
        if call.headers.get("atproto-proxy") != CHAT:
            raise No(404, "XRPCNotSupported", "No service configured for this call")
        if not self.chat_right:
            raise No(400, "InvalidToken", "Bad token method")
        return self.chat(nsid, call, did)

    def chat(self, nsid: str, call: Call, did: str) -> Reply:
        """The chat service: a call that was found to come from this person."""
        method = _CHAT_METHODS.get((call.method, nsid))
        if method is None:
            return Reply(501, {"error": "MethodNotImplemented", "message": "Method Not Implemented"})
        try:
            return method(self, call, did)
        except No as no:
            return no.reply

    def _get_log(self, call: Call, did: str) -> Reply:
        after = call.query.get("cursor", "")
        found = [entry for member, rev, entry in self._log if member == did and rev > after][:100]
        newest = found[-1]["rev"] if found else after or self._rkey()
        return Reply(200, {"logs": found, "cursor": newest})

    def _get_convo(self, call: Call, did: str) -> Reply:
        return Reply(200, {"convo": self._convo_view(self._convo(call.query.get("convoId", ""), did), did)})

    def _get_convo_for_members(self, call: Call, did: str) -> Reply:
        members = [value for name, value in call.pairs if name in ("members", "members[]")]
        others = [member for member in members if member != did]
        if len(others) != 1 or others[0] not in self._names:
            raise No(400, "InvalidRequest", "Invalid members")
        if not self.chat_open[others[0]]:
            raise No(400, "MessagesDisabled", "recipient has disabled incoming messages")
        return Reply(200, {"convo": self._convo_view(self._between(did, others[0], opened_by=did), did)})

    def _get_messages(self, call: Call, did: str) -> Reply:
        convo = self._convo(call.query.get("convoId", ""), did)
        before = call.query.get("cursor") or "~"
        newest_first = [each for each in reversed(convo.messages) if each.rev < before]
        page = newest_first[: limit_of(call)]
        answer: dict[str, Any] = {"messages": [each.shown() for each in page]}
        if len(newest_first) > len(page):
            answer["cursor"] = page[-1].rev
        return Reply(200, answer)

    def _send_message(self, call: Call, did: str) -> Reply:
        given = fields_of(call)
        convo = self._convo(str(given.get("convoId", "")), did)
        message = given.get("message")
        text = message.get("text") if isinstance(message, dict) else None
        if not isinstance(text, str) or not text:
            raise No(400, "InvalidRequest", "Input/message must have the property text")
        if measure(text, "graphemes") > 1000 or measure(text, "bytes") > 10000:
            raise No(400, "InvalidRequest", "Input/message/text must not be longer than 1000 graphemes")
        other = next(member for member in convo.members if member != did)
        if not self.chat_open[other]:
            raise No(400, "MessagesDisabled", "recipient has disabled incoming messages")
        answered = message.get("replyTo") if isinstance(message, dict) else None
        to = self._in_convo(convo, answered) if isinstance(answered, dict) else None
        return Reply(200, self._say(convo, did, text, to).shown())

    def _add_reaction(self, call: Call, did: str) -> Reply:
        convo, message, emoji = self._reacted_to(call, did)
        ours = [each for each in message.reactions if each["sender"]["did"] == did]
        if len(ours) >= _MOST_REACTIONS and emoji not in [each["value"] for each in ours]:
            raise No(400, "ReactionLimitReached", "Reaction limit reached")
        self._react(did, convo, message, emoji, on=True)
        return Reply(200, {"message": message.shown()})

    def _remove_reaction(self, call: Call, did: str) -> Reply:
        convo, message, emoji = self._reacted_to(call, did)
        self._react(did, convo, message, emoji, on=False)
        return Reply(200, {"message": message.shown()})

    def _reacted_to(self, call: Call, did: str) -> tuple[Convo, ChatMessage, str]:
        given = fields_of(call)
        convo = self._convo(str(given.get("convoId", "")), did)
        message, emoji = self._in_convo(convo, given), given.get("value")
        if message.removed:
            raise No(400, "ReactionMessageDeleted", "Message was deleted")
        if not isinstance(emoji, str) or measure(emoji, "graphemes") != 1 or emoji.isascii():
            raise No(400, "ReactionInvalidValue", "Reaction value must be a single emoji")
        return convo, message, emoji

    def _in_convo(self, convo: Convo, named: dict[str, Any]) -> ChatMessage:
        for message in convo.messages:
            if message.id == named.get("messageId"):
                return message
        raise No(400, "InvalidRequest", "Message not found")

    def _react(self, did: str, convo: Convo, message: ChatMessage, emoji: str, *, on: bool) -> None:
        made = {"value": emoji, "sender": {"did": did}, "createdAt": iso(self.clock.now())}
        kept = [each for each in message.reactions if (each["sender"]["did"], each["value"]) != (did, emoji)]
        message.reactions = [*kept, made] if on else kept
        what = "logAddReaction" if on else "logRemoveReaction"
        self._tell(convo, what, {"message": message.shown(), "reaction": made})

    def _accept_convo(self, call: Call, did: str) -> Reply:
        self._convo(str(fields_of(call).get("convoId", "")), did).accepted.add(did)
        return Reply(200, {"rev": self._rkey()})

    def _update_read(self, call: Call, did: str) -> Reply:
        convo = self._convo(str(fields_of(call).get("convoId", "")), did)
        convo.read[did] = str(fields_of(call).get("messageId") or "")
        return Reply(200, {"convo": self._convo_view(convo, did)})

    def _convo(self, convo_id: str, did: str) -> Convo:
        convo = self._convos.get(convo_id) or self._old_convo(convo_id, did)
        if convo is None or did not in convo.members:
            raise No(400, "InvalidConvo", "Convo not found")
        return convo

    def _old_convo(self, convo_id: str, did: str) -> Convo | None:
        """A conversation of an earlier run: its id is made of its members, so it can be told whose it was."""
        for other in self._names:
            if other != did and self._convo_id(did, other) == convo_id:
                return self._between(did, other, opened_by=other)
        return None

    def _convo_id(self, one: str, other: str) -> str:
        return self.ids.stable(*sorted((one, other)), size=13)

    def _between(self, one: str, other: str, *, opened_by: str) -> Convo:
        convo_id = self._convo_id(one, other)
        if convo_id not in self._convos:
            self._convos[convo_id] = Convo(convo_id, (one, other), {opened_by})
            self._tell(self._convos[convo_id], "logBeginConvo", {})
        return self._convos[convo_id]

    def _convo_view(self, convo: Convo, did: str) -> dict[str, Any]:
        return {
            "id": convo.id,
            "rev": convo.messages[-1].rev if convo.messages else self._rkey(),
            "members": [self._profile(member) for member in convo.members],
            "status": "accepted" if did in convo.accepted else "request",
            "kind": {"$type": f"chat.bsky.convo.defs#{'groupConvo' if convo.group else 'directConvo'}"},
            "muted": False,
            "unreadCount": 0,
        }

    def _say(self, convo: Convo, did: str, text: str, to: ChatMessage | None = None) -> ChatMessage:
        rev = self._rkey()
        message = ChatMessage(rev, rev, did, text, self.clock.now(), reply_to=to)
        convo.messages.append(message)
        convo.accepted.add(did)
        self._tell(convo, "logCreateMessage", {"message": message.shown()})
        return message

    def _tell(self, convo: Convo, what: str, more: dict[str, Any]) -> None:
        rev = self._rkey()
        entry = {"$type": f"chat.bsky.convo.defs#{what}", "rev": rev, "convoId": convo.id, **more}
        self._log += [(member, rev, entry) for member in convo.members]

    def _message(self, message_id: str) -> tuple[Convo, ChatMessage] | None:
        for convo in self._convos.values():
            for message in convo.messages:
                if message.id == message_id:
                    return convo, message
        return None


_CHAT_METHODS: dict[tuple[str, str], Callable[[Chats, Call, str], Reply]] = {
    ("GET", "chat.bsky.convo.getLog"): Chats._get_log,
    ("GET", "chat.bsky.convo.getConvo"): Chats._get_convo,
    ("GET", "chat.bsky.convo.getConvoForMembers"): Chats._get_convo_for_members,
    ("GET", "chat.bsky.convo.getMessages"): Chats._get_messages,
    ("POST", "chat.bsky.convo.sendMessage"): Chats._send_message,
    ("POST", "chat.bsky.convo.addReaction"): Chats._add_reaction,
    ("POST", "chat.bsky.convo.removeReaction"): Chats._remove_reaction,
    ("POST", "chat.bsky.convo.acceptConvo"): Chats._accept_convo,
    ("POST", "chat.bsky.convo.updateRead"): Chats._update_read,
}
