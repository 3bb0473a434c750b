"""Networks, and what can be done on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from heed.api.shapes.shape import Shape
from heed.channels.base import Capabilities, ChoiceForm, Files, Guide, Late, Limit, Network, Writing, ways_in


class OptionOut(Shape):
    value: str
    label: str


class FieldOut(Shape):
    name: str
    label: str
    help: str
    secret: bool
    required: bool
    kind: Literal["text", "yes_no", "choice", "colour"] = Field(
        description="`yes_no` takes “yes”, and “no” or nothing; `choice` one of `choices`; `colour` #rrggbb."
    )
    choices: list[OptionOut]
    usual: str = Field(description="What holds where nothing is given; of a choice or a colour.")
    made_up: bool = Field(description="Heed makes it up where nothing is given, and tells it once.")
    place: bool = Field(description="Where the secrets go: whoever changes it enters them again.")
    way: str = Field(description="The one of `ways` that it belongs to; empty: asked for with each of them.")


class WayOut(Shape):
    """One of several ways to connect: enter the fields of one, besides those of none."""

    name: str
    label: str
    help: str
    needs: list[str] = Field(description="The fields that this way cannot do without.")


class LimitOut(Shape):
    unit: str
    most: int


class FilesOut(Shape):
    types: list[str]
    most_bytes: dict[str, int]
    count: int
    with_text: bool
    fetched: bool = Field(description="The network fetches files from us: a public address is needed.")


class ChoiceFormOut(Shape):
    """A form in which choices go out under a text; the first that can show them is taken."""

    most: int
    title: LimitOut
    detail: LimitOut | None = Field(description="A second line; null: none is shown.")
    opener: LimitOut | None = Field(description="The button that opens the list; null: they lie open.")
    text: LimitOut | None = Field(description="The text above, where it must be shorter than usual.")


class LateOut(Shape):
    name: str
    until: int = Field(description="Seconds after the customer's last message.")
    note: str


class WritingOut(Shape):
    limits: list[LimitOut]
    files: FilesOut | None
    window: int | None
    sends: int | None
    late: LateOut | None
    templates: bool
    choices: list[ChoiceFormOut]


class CapabilitiesOut(Shape):
    public: WritingOut | None
    private: WritingOut | None
    private_reply: bool
    private_reply_within: int | None
    on_theirs: list[str]
    on_ours: list[str]
    on_private: list[str]
    on_private_ours: list[str]
    reactions: list[str]
    quote: bool
    edit_within: int | None
    delete_within: int | None
    why_not: dict[str, str]
    why_no_private: str = Field(
        description="Why this account has no private messages though its network has; else empty."
    )
    receipts: list[str]


class PermissionOut(Shape):
    name: str
    why: str
    needed: bool


class GuideOut(Shape):
    steps: list[str]
    permissions: list[PermissionOut]
    console: str
    sets_webhook: bool


class NetworkOut(Shape):
    name: str
    label: str
    base_url: str
    polls: bool
    fields: list[FieldOut]
    ways: list[WayOut] = Field(description="The ways among which to choose; empty: there is only one.")
    sign_in: bool = Field(description="One can sign in at the network on the accounts page.")
    guide: GuideOut
    capabilities: CapabilitiesOut


class Networks(Shape):
    items: list[NetworkOut]
    next: str


def of_network(network: Network) -> dict[str, Any]:
    return {
        "name": network.name,
        "label": str(network.label),
        "base_url": network.base_url,
        "polls": network.polls,
        "fields": [
            {
                "name": field.name,
                "label": str(field.label),
                "help": str(field.help),
                "secret": field.secret,
                "required": field.required and not field.made_up,
                "kind": field.kind,
                "choices": [{"value": each.value, "label": str(each.label)} for each in field.options],
                "usual": field.usual,
                "made_up": field.made_up,
                "place": field.place,
                "way": field.way.name if field.way else "",
            }
            for field in network.fields
        ],
        "ways": [
            {"name": way.name, "label": str(way.label), "help": str(way.help), "needs": list(way.needs)}
            for way in ways_in(network.fields)
        ],
        "sign_in": network.oauth is not None,
        "guide": of_guide(network.guide),
        "capabilities": of_capabilities(network.capabilities),
    }


def of_guide(guide: Guide) -> dict[str, Any]:
    return {
        "steps": [str(step) for step in guide.steps],
        "permissions": [
            {"name": each.name, "why": str(each.why), "needed": each.needed} for each in guide.permissions
        ],
        "console": guide.console,
        "sets_webhook": guide.sets_webhook,
    }


def of_capabilities(can: Capabilities) -> dict[str, Any]:
    return {
        "public": _writing(can.public),
        "private": _writing(can.private),
        "private_reply": can.private_reply,
        "private_reply_within": can.private_reply_within,
        "on_theirs": sorted(can.on_theirs),
        "on_ours": sorted(can.on_ours),
        "on_private": sorted(can.on_private),
        "on_private_ours": sorted(can.on_private_ours),
        "reactions": list(can.reactions),
        "quote": can.quote,
        "edit_within": can.edit_within,
        "delete_within": can.delete_within,
        "why_not": {action: str(sentence) for action, sentence in can.why_not.items()},
        "why_no_private": str(can.why_no_private),
        "receipts": sorted(can.receipts),
    }


def _writing(writing: Writing | None) -> dict[str, Any] | None:
    if writing is None:
        return None
    return {
        "limits": of_limits(writing.limits),
        "files": of_files(writing.files),
        "window": writing.window,
        "sends": writing.sends,
        "late": of_late(writing.late),
        "templates": writing.templates,
        "choices": of_choices(writing.choices),
    }


def of_limits(limits: Sequence[Limit]) -> list[dict[str, Any]]:
    return [{"unit": limit.unit, "most": limit.most} for limit in limits]


def of_choices(forms: Sequence[ChoiceForm]) -> list[dict[str, Any]]:
    return [
        {
            "most": form.most,
            **{name: _limit(getattr(form, name)) for name in ("title", "detail", "opener", "text")},
        }
        for form in forms
    ]


def _limit(limit: Limit | None) -> dict[str, Any] | None:
    return {"unit": limit.unit, "most": limit.most} if limit else None


def of_files(files: Files | None) -> dict[str, Any] | None:
    if files is None:
        return None
    return {
        "types": list(files.types),
        "most_bytes": dict(files.most_bytes),
        "count": files.count,
        "with_text": files.with_text,
        "fetched": files.fetched,
    }


def of_late(late: Late | None) -> dict[str, Any] | None:
    return {"name": late.name, "until": late.until, "note": str(late.note)} if late else None
