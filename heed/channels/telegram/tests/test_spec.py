"""Our files, our requests, and what the simulator says, against the published description of the Bot API."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import orjson
import pytest

from heed.channels.base import Action, Answer, Choice, Choices, OutgoingFile
from heed.channels.telegram.tests.sample import PAYLOADS
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.channels.tests.described import FOLDER, needs
from heed.lib.http import Request, Response
from heed.sandbox import Sandbox
from heed.sandbox.frame import Call
from heed.sandbox.networks.telegram import Fields
from heed.sandbox.tests.receiver import Receiver

SPEC = FOLDER / "tg.json"
pytestmark = needs(SPEC.name)
network = NETWORKS["telegram"]
INVENTED = {"new_kind"}
"""Files of ours with a field that nobody has described."""
PLAIN: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "String": (str,),
    "Boolean": (bool,),
    "Float": (float, int),
}


@cache
def spec() -> dict[str, Any]:
    described: dict[str, Any] = orjson.loads(SPEC.read_bytes())
    return described


def faults(value: Any, kind: str, where: str) -> list[str]:
    """What is wrong with a value that should be of this kind."""
    if kind in PLAIN:
        fits = isinstance(value, PLAIN[kind]) and (kind == "Boolean" or not isinstance(value, bool))
        return [] if fits else [f"{where} is no {kind}: {value!r}"]
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        inner = kind.removeprefix("Array of ")
        return [each for item in value for each in faults(item, inner, f"{where}[]")]
    if kind == "InputFile":
        return []
    described = spec()["types"][kind]
    if "subtypes" in described:
        return _faults_of_any(value, described["subtypes"], where)
    return _faults_of_fields(value, described.get("fields", []), where)


def _faults_of_any(value: Any, kinds: list[str], where: str) -> list[str]:
    found = [faults(value, kind, where) for kind in kinds]
    return min(found, key=len)


def _faults_of_fields(value: Any, fields: list[dict[str, Any]], where: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{where} is no object: {value!r}"]
    known = {field["name"]: field for field in fields}
    wrong = [f"{where}.{name} is unknown" for name in value if name not in known]
    wrong += [f"{where}.{name} is missing" for name in known if known[name]["required"] and name not in value]
    for name in value.keys() & known.keys():
        wrong += _faults_of_any(value[name], known[name]["types"], f"{where}.{name}")
    return wrong


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_our_files_are_updates(path: Path) -> None:
    assert bool(faults(orjson.loads(path.read_bytes()), "Update", "update")) == (path.stem in INVENTED)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        yield Desk(network, sandbox, receiver)


def test_our_calls_and_the_simulator_s_answers(desk: Desk) -> None:
    answers: list[bytes] = []
    send = desk.client.send

    def kept(request: Request, **limits: Any) -> Response:
        response = send(request, **limits)
        answers.append(response.body)
        return response

    desk.client.send = kept  # type: ignore[method-assign]
    _do_everything(desk)
    desk.gather()
    wrong = [
        each for hook in desk.receiver.hooks for each in faults(orjson.loads(hook.body), "Update", "update")
    ]
    calls = [each.call for each in desk.simulator.requests]
    assert len(calls) == len(answers) > 12
    for call, body in zip(calls, answers, strict=True):
        method = spec()["methods"][call.path.rpartition("/")[2]]
        wrong += _faults_of_fields(_fields_of(call), method.get("fields", []), method["name"])
        answer = orjson.loads(body)
        if answer["ok"]:  # one edit is refused on the way: the text stands under a file
            wrong += _faults_of_any(answer["result"], method["returns"], f"answer of {method['name']}")
    assert wrong == []


def _fields_of(call: Call) -> dict[str, Any]:
    """The fields with their own types: numbers and lists stand as text in multipart."""
    fields = Fields(call)
    as_text = {"text", "caption", "action", "file_id", "url", "secret_token", "business_connection_id"}
    attached = {item["media"].removeprefix("attach://") for item in fields.value("media") or []}
    files = {part.name: part.filename for part in call.parts if part.filename and part.name not in attached}
    return {
        **{name: fields.text(name) if name in as_text else fields.value(name) for name in fields.given},
        **files,
    }


def _do_everything(desk: Desk) -> None:
    telegram = desk.simulator
    desk.connect()
    private = desk.customer_writes("private", "Pozdravljeni 👟")
    telegram.do("message", person="lea", text="Levi", picture="boot")
    telegram.do("album", person="lea", pictures=["boot", "box"], text="Oba")
    telegram.do("edit", person="lea", id=private.external_id, text="Dober dan")
    telegram.do("touch", person="lea", id=private.external_id)
    telegram.do("business_message", person="lea", text="Ste še odprti?")
    business = desk.message("Ste še odprti?")
    picture = OutgoingFile("boot.png", "image/png", b"png", "")
    paper = OutgoingFile("račun.pdf", "application/pdf", b"pdf", "")
    for message in (private, business):
        answer = desk.answer_to(message, "Na poti je.")
        for files in ((), (picture,), (paper,), (picture, paper)):
            desk.send(replace(answer, files=files))
        for action in _ACTIONS if message is private else _ACTIONS[:2]:
            _act(desk, action, answer)
        for kind in ((), (picture,)):
            sent = desk.send(replace(answer, files=kind, chosen=True))
            ours = replace(target_of(message), external_id=sent.external_id, ours=True)
            for action in _ON_OURS:
                desk.run(partial(network.act, action=action, target=ours, person=answer.person, value="Ne."))
    offered = Choices((Choice("Da"), Choice("Ne")))
    desk.send(replace(desk.answer_to(private, "Želite novega?"), choices=offered))
    line = next(each for each in telegram.scene("lea").lines() if each.choices)
    telegram.do("choose", person="lea", id=line.id, choice="Da")
    sent = desk.send(desk.answer_to(private, "Še nekaj."))
    telegram.do("react", person="lea", id=sent.external_id)
    telegram.do("react", person="lea", id=sent.external_id, on=False)
    telegram.do("owner_message", person="lea", text="Da.")
    telegram.do("remove", person="lea", id=business.external_id)
    telegram.do("business_disconnect")
    telegram.do("leave", person="lea")
    telegram.do("join", person="lea")
    photo = desk.message("Levi").attachments[0]
    desk.run(lambda record: network.media(record, photo.url))


def _act(desk: Desk, action: Action, answer: Answer) -> None:
    to = answer.to
    assert to is not None
    desk.run(lambda record: network.act(record, action, to, answer.person, "👍"))


_ON_OURS: tuple[Action, ...] = ("edit", "delete")
_ACTIONS: tuple[Action, ...] = ("typing", "seen", "react", "unreact")
