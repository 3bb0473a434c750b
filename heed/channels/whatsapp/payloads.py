"""The shapes of what Meta delivers for a WhatsApp number. Unknown keys are ignored, null counts as absent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from heed.channels.meta.shapes import Payload, Record
from heed.lib import clock

Moment = Annotated[datetime, BeforeValidator(clock.from_unix)]
"""WhatsApp never leaves a time out."""


class Profile(Payload):
    name: str = ""
    username: str = ""


class Contact(Payload):
    """Someone of whom the delivery speaks. Either id may be missing."""

    wa_id: str = ""
    user_id: str = ""
    profile: Profile = Field(default_factory=Profile)


class Explanation(Payload):
    """Why something failed, in Meta's words."""

    code: str = ""
    title: str = ""
    message: str = ""
    error_data: Record = Field(default_factory=dict)

    @property
    def words(self) -> str:
        return str(self.error_data.get("details") or self.message or self.title)

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()[:500]


# ------------------------------------------------------------------------------ messages


class Text(Payload):
    body: str = ""


class Media(Payload):
    """A picture, video, sound, sticker or document: an id by which it can be asked for."""

    id: str = ""
    mime_type: str = ""
    caption: str = ""
    filename: str = ""


class Location(Payload):
    latitude: str
    longitude: str
    name: str = ""
    address: str = ""
    url: str = ""


class CardName(Payload):
    formatted_name: str = ""


class CardEntry(Payload):
    """A number, address or employer on a visiting card."""

    phone: str = ""
    email: str = ""
    url: str = ""
    company: str = ""


class Card(Payload):
    name: CardName = Field(default_factory=CardName)
    phones: list[CardEntry] = Field(default_factory=list)
    emails: list[CardEntry] = Field(default_factory=list)
    urls: list[CardEntry] = Field(default_factory=list)
    org: CardEntry = Field(default_factory=CardEntry)


class Choice(Payload):
    id: str = ""
    title: str = ""
    description: str = ""


class FilledForm(Payload):
    name: str = ""
    body: str = ""
    response_json: str = ""


class Interactive(Payload):
    type: str = ""
    button_reply: Choice | None = None
    list_reply: Choice | None = None
    nfm_reply: FilledForm | None = None


class Button(Payload):
    payload: str = ""
    text: str = ""


class Reaction(Payload):
    message_id: str
    emoji: str = ""


class Product(Payload):
    product_retailer_id: str = ""
    quantity: str = ""
    item_price: str = ""
    currency: str = ""


class Order(Payload):
    text: str = ""
    product_items: list[Product] = Field(default_factory=list)


class System(Payload):
    type: str = ""
    body: str = ""
    wa_id: str = ""
    user_id: str = ""


class Context(Payload):
    id: str = ""
    forwarded: bool = False
    frequently_forwarded: bool = False
    referred_product: Record = Field(default_factory=dict)


class Changed(Payload):
    """An edit or a removal: which message, and what it says now."""

    original_message_id: str
    message: Record = Field(default_factory=dict)


class Message(Payload):
    """One message from a customer, or one of ours as the WhatsApp Business app shows it back."""

    id: str = ""
    type: str = ""
    timestamp: Moment
    sender: str = Field(default="", alias="from")
    from_user_id: str = ""
    to: str = ""
    to_user_id: str = ""
    group_id: str = ""
    text: Text = Field(default_factory=Text)
    location: Location | None = None
    contacts: list[Card] = Field(default_factory=list)
    interactive: Interactive | None = None
    button: Button | None = None
    reaction: Reaction | None = None
    order: Order | None = None
    system: System = Field(default_factory=System)
    edit: Changed | None = None
    revoke: Changed | None = None
    context: Context = Field(default_factory=Context)
    referral: Record = Field(default_factory=dict)
    errors: list[Explanation] = Field(default_factory=list)
    unsupported: Record = Field(default_factory=dict)


class Status(Payload):
    """What became of a message of ours."""

    id: str
    status: str = ""
    timestamp: Moment
    recipient_id: str = ""
    recipient_user_id: str = ""
    biz_opaque_callback_data: str = ""
    errors: list[Explanation] = Field(default_factory=list)


class Rotation(Payload):
    """An id before and after."""

    previous: str = ""
    current: str = ""


class Preference(Payload):
    """Whether somebody wants to hear of offers."""

    wa_id: str = ""
    user_id: str = ""
    timestamp: Moment


class UserIdUpdate(Payload):
    wa_id: str = ""
    timestamp: Moment
    user_id: Rotation = Field(default_factory=Rotation)
