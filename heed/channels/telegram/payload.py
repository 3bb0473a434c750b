"""What Telegram posts to us, as far as we use it. Unknown keys are allowed everywhere."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class User(BaseModel):
    """Ids go beyond 32 bits."""

    id: int
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


class Chat(BaseModel):
    """`type` is private, group, supergroup or channel. A private one is named after the person."""

    id: int
    type: str
    first_name: str = ""
    last_name: str = ""
    username: str = ""


class Entity(BaseModel):
    """A marked piece of text; `offset` and `length` count UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str = ""


class Media(BaseModel):
    """Any kind of file. Its id is good for `getFile` only, and only with this bot's token."""

    file_id: str = Field(min_length=1)
    file_name: str = ""
    mime_type: str = ""
    file_size: int | None = None


class Sticker(Media):
    is_animated: bool = False
    is_video: bool = False
    emoji: str = ""


class Location(BaseModel):
    latitude: float
    longitude: float


class Venue(BaseModel):
    location: Location
    title: str
    address: str = ""


class Contact(BaseModel):
    phone_number: str
    first_name: str = ""
    last_name: str = ""


class Choice(BaseModel):
    """An option of a poll, a task of a checklist."""

    text: str


class Poll(BaseModel):
    question: str
    options: list[Choice] = []


class Checklist(BaseModel):
    title: str
    tasks: list[Choice] = []


class Dice(BaseModel):
    emoji: str
    value: int


class Answered(BaseModel):
    """The message that another one replies to."""

    message_id: int
    chat: Chat
    reply_markup: Markup | None = None


class Markup(BaseModel):
    """The buttons under a message, in rows."""

    inline_keyboard: list[list[Button]] = []


class Button(BaseModel):
    text: str = ""
    callback_data: str = ""


class Message(BaseModel):
    """A message in any chat; its id is unique inside that chat only."""

    message_id: int
    date: int
    chat: Chat
    sender: User | None = Field(None, alias="from")
    business_connection_id: str = ""
    edit_date: int | None = None
    is_from_offline: bool = False
    is_topic_message: bool = False
    message_thread_id: int | None = None
    media_group_id: str = ""
    reply_to_message: Answered | None = None
    text: str = ""
    entities: list[Entity] = []
    caption: str = ""
    caption_entities: list[Entity] = []
    photo: list[Media] = []
    video: Media | None = None
    video_note: Media | None = None
    live_photo: Media | None = None
    animation: Media | None = None
    voice: Media | None = None
    audio: Media | None = None
    document: Media | None = None
    sticker: Sticker | None = None
    location: Location | None = None
    venue: Venue | None = None
    contact: Contact | None = None
    poll: Poll | None = None
    checklist: Checklist | None = None
    dice: Dice | None = None


class Member(BaseModel):
    """`status` kicked means: they blocked the bot."""

    status: str


class MemberChanged(BaseModel):
    chat: Chat
    date: int
    sender: User = Field(alias="from")
    new_chat_member: Member


class Reacted(BaseModel):
    """All reactions of one person to one message, before and after. Kinds of reactions differ in
    their keys: an emoji, a custom emoji, a paid one."""

    chat: Chat
    message_id: int
    date: int
    user: User | None = None
    old_reaction: list[dict[str, Any]]
    new_reaction: list[dict[str, Any]]


class Pressed(BaseModel):
    """A button under a message was pressed. Telegram does not say when."""

    id: str
    sender: User = Field(alias="from")
    message: Answered | None = None
    data: str = ""


class Rights(BaseModel):
    can_reply: bool = False
    can_read_messages: bool = False
    can_delete_sent_messages: bool = False


class Connection(BaseModel):
    """The owner of a business account let the bot into their chats, or put it out."""

    id: str
    date: int
    user: User
    is_enabled: bool
    rights: Rights = Rights()


class Deleted(BaseModel):
    """Messages deleted from a business account's chat. Telegram does not say when."""

    business_connection_id: str
    chat: Chat
    message_ids: list[int]
