"""Our files, our requests, and what the simulator says, against LINE's published descriptions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from heed.channels.base import Choice, Choices, MessageReceived, OutgoingFile, Refusal, Wanted
from heed.channels.line.tests.sample import PAYLOADS
from heed.channels.tests.contract import NETWORKS, Desk, target_of
from heed.channels.tests.described import described, faults, needs
from heed.lib.http import AnswerLost, Request, Response
from heed.sandbox import Sandbox
from heed.sandbox.frame import Call, Fault
from heed.sandbox.networks.line import LineSimulator
from heed.sandbox.tests.receiver import Receiver

FILES = ("line-webhook.yml", "line-msg.yml", "line-token.yml")
pytestmark = needs(*FILES)
network = NETWORKS["line"]
STRANGE = {"new_kind", "new_type", "poisoned"}
"""Files of ours with something that nobody has described."""
FORM_OF_A_TOKEN = {"$ref": "#/components/schemas/IssueStatelessChannelTokenByClientSecretRequest"}


def faults_of_delivery(body: bytes) -> list[str]:
    spec = described("line-webhook.yml")
    return faults(orjson.loads(body), {"$ref": "#/components/schemas/CallbackRequest"}, spec, "delivery")


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("*.json")), ids=lambda path: path.stem)
def test_our_files_are_deliveries(path: Path) -> None:
    assert bool(faults_of_delivery(path.read_bytes())) == (path.stem in STRANGE)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"to": "U1", "messages": []}, "messages has 0 items"),
        ({"to": "U1", "messages": [{"type": "text"}]}, "text is missing"),
        ({"to": "U1", "messages": [{"type": "text", "text": 7}]}, "text is no string"),
        ({"to": "U1", "messages": [{"type": "text", "text": "a", "quotetoken": "q"}]}, "is unknown"),
        ({"messages": [{"type": "sticker", "packageId": "1"}]}, "to is missing"),
    ],
)
def test_what_is_wrong_is_found(value: dict[str, Any], fault: str) -> None:
    schema = {"$ref": "#/components/schemas/PushMessageRequest"}
    found = faults(value, schema, described("line-msg.yml"), "push")
    assert any(fault in each for each in found)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Receiver() as receiver, Sandbox(seed=1) as sandbox:
        yield Desk(network, sandbox, receiver)


def test_our_calls_and_the_simulator_s_answers(desk: Desk) -> None:
    answers: list[Response] = []
    send = desk.client.send

    def kept(request: Request, **limits: Any) -> Response:
        response = send(request, **limits)
        answers.append(response)
        return response

    desk.client.send = kept  # type: ignore[method-assign]
    _do_everything(desk)
    desk.gather()
    wrong = [each for hook in desk.receiver.hooks for each in faults_of_delivery(hook.body)]
    answered = [each for each in desk.simulator.requests if each.status]
    assert len(answered) == len(answers)
    done = set()
    for recorded, response in zip(answered, answers, strict=True):
        done.add(_wanted(recorded.call)[0])
        wrong += _faults_of_call(recorded.call) + _faults_of_answer(recorded.call, response)
    assert wrong == []
    assert len(done) == 11
    assert {response.status for response in answers} >= {200, 202, 400, 401, 404, 409, 429}


def _wanted(call: Call) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The path, as its description writes it, what is described there, and the description."""
    for name in ("line-msg.yml", "line-token.yml"):
        spec = described(name)
        for path, methods in spec["paths"].items():
            found = re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), call.path)
            if found and call.method.lower() in methods:
                return path, methods[call.method.lower()], spec
    raise AssertionError(f"LINE has no {call.method} {call.path}")


def _faults_of_call(call: Call) -> list[str]:
    path, method, spec = _wanted(call)
    body = method.get("requestBody")
    if path == "/oauth2/v3/token":
        return faults(call.form, FORM_OF_A_TOKEN, spec, path)
    if body is None:
        return [f"{path} takes no body"] if call.body else []
    return faults(call.json, body["content"]["application/json"]["schema"], spec, f"call of {path}")


def _faults_of_answer(call: Call, response: Response) -> list[str]:
    """Errors have one shape everywhere, whether the method names them or not."""
    path, method, spec = _wanted(call)
    where = f"{response.status} of {path}"
    if path == "/oauth2/v3/token" and response.status >= 400:
        return []
    if response.status >= 400:
        return faults(response.json(), {"$ref": "#/components/schemas/ErrorResponse"}, spec, where)
    described_answer = method["responses"].get(str(response.status), {})
    schema = described_answer.get("content", {}).get("application/json", {}).get("schema")
    return faults(response.json(), schema, spec, where) if schema else []


def _do_everything(desk: Desk) -> None:
    line = desk.simulator
    assert isinstance(line, LineSimulator)
    desk.connect()
    message = desk.customer_writes("private", "Pozdravljeni 👟")
    line.do("message", person="lea", text="Levi", picture="boot", quote=message.external_id)
    line.do("album", person="lea", pictures=["boot", "box"])
    for kind, name in (("file", "račun.pdf"), ("video", "zip.mp4"), ("audio", "glas.m4a")):
        line.do("file", person="lea", name=name, content="bytes", kind=kind)
    line.do("raw", person="lea", message={"type": "location", "latitude": 46.05, "longitude": 14.5})
    sticker = {"packageId": "446", "stickerId": "1988", "stickerResourceType": "STATIC"}
    line.do("raw", person="lea", message={"type": "sticker", **sticker})
    line.do("postback", person="lea", data="a=1", params={"date": "2026-01-01"})
    line.do("group_message", person="lea", text="Živjo vsi")
    line.do("redeliver", last=3)
    line.do("suspend")
    line.do("suspend", on=False)
    line.do("remove", person="lea", id=message.external_id)
    line.do("leave", person="nadia")
    line.do("join", person="nadia")
    line.do("standby")
    line.do("message", person="lea", text="Ste tam?")
    line.do("standby", on=False)
    files = [
        each.url for got in desk.gather() if isinstance(got, MessageReceived) for each in got.attachments
    ]
    source = desk.run(lambda record: network.media(record, files[0]))
    desk.client.send(Request("GET", source.url, headers=source.headers))
    answer = desk.answer_to(message, "Na poti je.")
    target = target_of(message)
    person = answer.person
    desk.act("seen", target, person)
    desk.act("typing", target, person)
    file = OutgoingFile("boot.png", "image/png", b"png", line.picture("boot"))
    lost = replace(answer, files=(file,), chosen=True)
    with pytest.raises(AnswerLost):
        desk.send(lost, desk.spoil_the_decisive_call(Fault("*", drop="after")))
    desk.run(lambda record: network.find(record, lost))
    clip = OutgoingFile("zip.mp4", "video/mp4", b"mp4", line.picture("zip"), preview=line.picture("zip"))
    sound = OutgoingFile("glas.mp3", "audio/mpeg", b"mp3", line.picture("glas"), lasts=3004)
    desk.send(replace(answer, key="4f8fad5b-d9cb-469f-a165-70867728950e", files=(clip, sound)))
    offered = Choices((Choice("Da"), Choice("Ne")))
    desk.send(replace(answer, key="5f8fad5b-d9cb-469f-a165-70867728950e", choices=offered))
    _be_refused(desk, replace(answer, key="1f8fad5b-d9cb-469f-a165-70867728950e", person="U0"))
    _be_refused(
        desk, replace(answer, key="2f8fad5b-d9cb-469f-a165-70867728950e", to=_pointing(desk), chosen=True)
    )
    line.do("hurry")
    _be_refused(desk, answer)
    line.clock.move(900)
    desk.run(lambda record: network.look_up(record, Wanted("person", person)))
    desk.run(lambda record: network.look_up(record, Wanted("person", "U0")))
    line.do("use_up")
    _be_refused(desk, replace(answer, key="3f8fad5b-d9cb-469f-a165-70867728950e"))


def _pointing(desk: Desk) -> Any:
    return replace(target_of(desk.message("Pozdravljeni")), refs={"quote": "strange"})


def _be_refused(desk: Desk, answer: Any) -> None:
    with pytest.raises(Refusal):
        desk.send(answer)
