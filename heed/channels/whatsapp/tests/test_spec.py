"""The examples of WhatsApp's published description, what the simulator delivers, and what we send.

Its examples are what Meta's servers write; its schemas reject many of them, so values are held against
the examples: a field that stands in none of them is a misspelt one, or stands in `LATER`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest

from heed.channels.base import Broken, Choice, Choices, FilledTemplate, NotUnderstood, Refusal
from heed.channels.tests.contract import Desk, target_of
from heed.channels.tests.described import described, needs
from heed.channels.whatsapp.adapter import network
from heed.channels.whatsapp.tests.sample import ACCOUNT
from heed.channels.whatsapp.tests.test_with_sandbox import INVOICE, PICTURE, SOUND

SPEC = "wa.yaml"
pytestmark = needs(SPEC)
MESSAGES = "/{Version}/{Phone-Number-ID}/messages"
VALUE = "entry[].changes[].value"
OF_GROUPS = "Group"
"""Examples of a kind that Heed does not serve: groups."""
LATER = {
    f"{VALUE}.contacts[].user_id",
    f"{VALUE}.messages[].from_user_id",
}
"""Paths that came after this description: ids that do not tell the number."""
SHOWN_ELSEWHERE = {"recipient", "biz_opaque_callback_data", "image.caption"}
"""What no example of a call holds: the receiver by such an id; our own key, and words below a picture,
which the schemas name (`MediaObject`) and receipts give back."""


def shape(value: Any, path: str = "") -> set[str]:
    """The paths of all fields."""
    if isinstance(value, list):
        return {each for item in value for each in shape(item, f"{path}[]")}
    if not isinstance(value, dict):
        return set()
    names = {name: f"{path}.{name}" if path else name for name in value}
    return set(names.values()) | {each for name, inner in value.items() for each in shape(inner, names[name])}


@cache
def examples(path: str) -> dict[str, Any]:
    """The bodies that this address is shown with, by what they are called."""
    shown = described(SPEC)["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
    return {name: each["value"] for name, each in shown.items()}


@cache
def delivered() -> set[str]:
    return {each for body in examples("/whatsapp/webhooks").values() for each in shape(body)}


@cache
def asked(kind: str) -> set[str]:
    """The fields of a call that sends this kind of message (or marks one as read: no kind)."""
    fitting = [body for body in examples(MESSAGES).values() if body.get("type", "") == kind]
    assert fitting, kind
    return {each for body in fitting for each in shape(body)}


def test_every_example_is_read() -> None:
    bodies = examples("/whatsapp/webhooks")
    assert len(bodies) == 16
    for name, body in bodies.items():
        news = network.read(orjson.dumps(body), ACCOUNT)
        assert news
        assert not [each for each in news if isinstance(each, Broken)], name
        strange = bool([each for each in news if isinstance(each, NotUnderstood)])
        assert strange == name.startswith(OF_GROUPS), name


def test_what_is_misspelt_is_found() -> None:
    body = orjson.loads(orjson.dumps(examples("/whatsapp/webhooks")["Text Message"]))
    body["entry"][0]["changes"][0]["value"]["messages"][0]["form"] = "16505551234"
    assert shape(body) - delivered() == {f"{VALUE}.messages[].form"}
    assert "image.captoin" not in asked("image")


def test_what_the_simulator_delivers_is_as_described(desk: Desk) -> None:
    whatsapp = desk.simulator
    written = desk.customer_writes("private", "Pozdravljeni 👟")
    whatsapp.do("message", person="lea", text="Levi", picture="boot", context=written.external_id)
    whatsapp.do("react", person="lea", id=written.external_id, reaction="👍")
    location = {"latitude": 46.05, "longitude": 14.5, "name": "Acme", "address": "Cesta 1"}
    whatsapp.do("raw", person="lea", kind="location", content=location)
    desk.gather()
    bodies = [orjson.loads(hook.body) for hook in desk.receiver.hooks if hook.method == "POST"]
    kinds = {each["type"] for body in bodies for each in _messages(body)}
    assert kinds == {"text", "image", "reaction", "location"}
    assert {each for body in bodies for each in shape(body)} - delivered() <= LATER


def _messages(body: Any) -> list[Any]:
    return [
        each
        for entry in body["entry"]
        for change in entry["changes"]
        for each in change["value"].get("messages", [])
    ]


def test_what_we_send_is_as_described(desk: Desk) -> None:
    message = desk.customer_writes("private", "Pozdravljeni 👟")
    answer = desk.answer_to(message, "Na poti je.")
    for files in ((), (PICTURE,), (INVOICE,), (SOUND,)):
        desk.send(replace(answer, files=files))
    desk.send(replace(answer, chosen=True))
    desk.send(replace(answer, template=FilledTemplate("order_update", "en", ("Lea", "88140"))))
    four = tuple(Choice(f"{number}. dan", "Med 9. in 12. uro") for number in range(1, 5))
    desk.send(replace(answer, choices=Choices((Choice("Da"), Choice("Ne")))))
    desk.send(replace(answer, choices=Choices(four, "Izberite")))
    for action in ("seen", "typing", "react", "unreact"):
        _act(desk, action, message)
    with pytest.raises(Refusal):
        desk.send(replace(answer, files=(replace(PICTURE, mime="image/gif"),)))
    calls = [each.call for each in desk.simulator.requests if each.call.path.endswith("/messages")]
    wrong = {
        f"{call.json.get('type', '')}: {path}"
        for call in calls
        for path in shape(call.json) - asked(call.json.get("type", "")) - SHOWN_ELSEWHERE
    }
    assert wrong == set()
    kinds = {call.json.get("type", "") for call in calls}
    assert kinds == {"text", "image", "document", "audio", "interactive", "template", "reaction", ""}
    for call in calls:
        assert call.json["messaging_product"] == "whatsapp"


def _act(desk: Desk, action: Any, message: Any) -> None:
    person = message.author.external_id
    desk.run(lambda record: network.act(record, action, target_of(message), person, "🎉"))


def test_what_the_simulator_answers_is_as_described(desk: Desk) -> None:
    """The answer to a message that was taken: `MessageResponsePayload` names its fields."""
    message = desk.customer_writes("private", "Pozdravljeni")
    bodies: list[Any] = []
    send = desk.client.send

    def kept(request: Any, **limits: Any) -> Any:
        response = send(request, **limits)
        bodies.append(response.json())
        return response

    desk.client.send = kept  # type: ignore[method-assign]
    desk.send(desk.answer_to(message, "Na poti je."))
    assert shape(bodies[-1]) - _described_answer() <= {"contacts[].user_id"}


@cache
def _described_answer() -> set[str]:
    answers = described(SPEC)["paths"][MESSAGES]["post"]["responses"]["200"]["content"]["application/json"]
    return {each for shown in answers["examples"].values() for each in shape(shown["value"])}
