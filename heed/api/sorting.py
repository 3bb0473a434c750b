"""What tickets are sorted by, and what is asked after solving."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from ninja import Router, Status

from heed.accounts.rights import need
from heed.api.bearer import Asking
from heed.api.problems import Problem
from heed.api.shapes.sorting import (
    FieldChange,
    FieldGiven,
    FieldOut,
    Fields,
    GroupGiven,
    Groups,
    QuestionGiven,
    QuestionOut,
    TagGiven,
    TagOut,
    Tags,
    of_field,
    of_question,
    of_tag,
)
from heed.channels import reach as channels
from heed.inbox import reach, verbs
from heed.inbox.models import FollowUpQuestion

router = Router(tags=["sorting"])


@router.get("/tags", response=Tags, summary="The tags, by name")
def list_tags(request: Asking, beginning: str = "") -> Any:
    found = reach.tags(request.auth, beginning, 500)
    counted = request.auth.rights.may("desk")
    uses = reach.tag_uses([each.name for each in found]) if counted else {}
    return {"items": [of_tag(each, uses.get(each.name)) for each in found]}


@router.post("/tags", response={201: TagOut}, summary="Make a tag")
def make_tag(request: Asking, given: TagGiven) -> Any:
    return Status(201, of_tag(verbs.make_tag(request.auth, given.name), 0))


@router.patch("/tags/{tag}", response={202: None}, summary="Rename a tag, or make two one")
def rename_tag(request: Asking, tag: int, given: TagGiven) -> Any:
    """Given the name of another tag, the two become one. The tickets follow in a moment."""
    verbs.rename_tag(request.auth, reach.tag(request.auth, tag), given.name)
    return Status(202, None)


@router.delete("/tags/{tag}", response={202: None}, summary="Take a tag from all tickets")
def drop_tag(request: Asking, tag: int) -> Any:
    verbs.drop_tag(request.auth, reach.tag(request.auth, tag))
    return Status(202, None)


@router.get("/groups", response=Groups, summary="The customer groups, by name")
def list_groups(request: Asking) -> Any:
    """One begins where a customer is put into it, with `group` of `PATCH /tickets/{number}`."""
    counted = request.auth.rights.may("desk")
    found = reach.group_sizes(request.auth)
    return {"items": [{"name": name, "people": people if counted else None} for name, people in found]}


@router.patch("/groups/{path:group}", response={204: None}, summary="Rename a group, or make two one")
def rename_group(request: Asking, group: str, given: GroupGiven) -> Any:
    """Given the name of another group, the two become one. Targets, rules and views that name it follow."""
    need(request.auth, "desk")
    reach.group_size(request.auth, group)
    verbs.rename_group(request.auth, group, given.name)
    return Status(204, None)


@router.delete("/groups/{path:group}", response={204: None}, summary="Take everybody out of a group")
def drop_group(request: Asking, group: str) -> Any:
    """Refused while a target, a rule or a shared view names it."""
    need(request.auth, "desk")
    reach.group_size(request.auth, group)
    verbs.drop_group(request.auth, group)
    return Status(204, None)


@router.get("/fields", response=Fields, summary="The company's own fields, in their order")
def list_fields(request: Asking, archived: bool = False) -> Any:
    """With `archived`, also those that are no longer asked."""
    return {"items": [of_field(each) for each in reach.fields(request.auth, archived=archived)]}


@router.post("/fields", response={201: FieldOut}, summary="Ask something new of every ticket")
def make_field(request: Asking, given: FieldGiven) -> Any:
    made = verbs.make_field(
        request.auth, given.title, given.kind, choices=given.choices, required=given.required_on_solve
    )
    return Status(201, of_field(made))


@router.patch("/fields/{field}", response=FieldOut, summary="Change what is asked, or ask no longer")
def change_field(request: Asking, field: int, given: FieldChange) -> Any:
    found = reach.field(request.auth, field)
    required = found.required_on_solve if given.required_on_solve is None else given.required_on_solve
    with transaction.atomic():
        verbs.change_field(
            request.auth,
            found,
            given.title if given.title is not None else found.title,
            choices=given.choices if given.choices is not None else found.choices,
            required=required,
        )
        if given.archived is not None:
            verbs.archive_field(request.auth, found, archived=given.archived)
    return of_field(reach.field(request.auth, field))


@router.get(
    "/accounts/{account}/follow-up-question", response=QuestionOut, summary="What it asks after solving"
)
def read_question(request: Asking, account: int) -> Any:
    need(request.auth, "routing")
    held = FollowUpQuestion.objects.filter(account=channels.account(account)).first()
    if held is None:
        raise Problem(404, "no-question", _("This account asks nothing."))
    return of_question(held)


@router.put(
    "/accounts/{account}/follow-up-question", response=QuestionOut, summary="Ask this some days after solving"
)
def set_question(request: Asking, account: int, given: QuestionGiven) -> Any:
    found = channels.account(account)
    held = verbs.set_question(
        request.auth, found, given.after_days, given.text, given.texts, rates=given.rates
    )
    return of_question(held)


@router.delete("/accounts/{account}/follow-up-question", response={204: None}, summary="Ask nothing any more")
def drop_question(request: Asking, account: int) -> Any:
    verbs.drop_question(request.auth, channels.account(account))
    return Status(204, None)
