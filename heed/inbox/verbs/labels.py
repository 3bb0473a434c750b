"""Setting up what tickets are sorted by: tags, and the company's own fields. For people who may `desk`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from heed.accounts import audit
from heed.accounts.models import User
from heed.accounts.rights import need
from heed.inbox.conditions import names_tag, with_tag_renamed
from heed.inbox.models import Field, SavedView, Tag
from heed.inbox.verbs.places import must_fit, place_of
from heed.inbox.verbs.refusals import CannotTend
from heed.inbox.verbs.sorting import tag_name
from heed.lib import live
from heed.lib.jobs import Named
from heed.lib.order import moved
from heed.lib.text import clean

RETAG = "heed.retag"
_AT_ONCE = 1000
_MOST_CHOICES = 100
_MOST_FIELDS = 50


@transaction.atomic
def make_tag(user: User, name: str) -> Tag:
    """A tag before any ticket has it. Raises `CannotTend` where there is one."""
    need(user, "desk")
    tag, made = Tag.objects.get_or_create(name=tag_name(name))
    if not made:
        raise CannotTend(_("There is a tag of this name."))
    audit.record(user, "made", tag)
    return tag


@transaction.atomic
def rename_tag(user: User, tag: Tag, name: str) -> bool:
    """Call a tag another name, in views and rules that ask for it too. Where there is one of that name
    already, the two become one; True then. Raises `CannotTend`."""
    need(user, "desk")
    old, new = tag.name, tag_name(name)
    if old == new:
        return False
    merged = Tag.objects.filter(name=new).exists()
    audit.record(user, "changed", tag, name=new)
    Tag.objects.filter(pk=tag.pk).delete()  # and `tag` stays as it is, where all is undone
    Tag.objects.bulk_create([Tag(name=new)], ignore_conflicts=True)
    _rename_in_views(old, new)
    for rename, _where in _above:
        rename(old, new)
    _retag_later(old, new)
    return merged


def also_kept(rename: Callable[[str, str], None], where: Callable[[str], list[str]]) -> None:
    """A room above keeps names of tags too: it takes a new one over in the same transaction, and says in
    words where one is kept."""
    _above.append((rename, where))


_above: list[tuple[Callable[[str, str], None], Callable[[str], list[str]]]] = []


def _rename_in_views(old: str, new: str) -> None:
    views = SavedView.objects.select_for_update(of=("self",)).exclude(condition="").select_related("owner")
    for view in views.order_by("pk"):
        with must_fit(place_of(view)):
            condition = with_tag_renamed(view.condition, old, new)
        if condition != view.condition:
            SavedView.objects.filter(pk=view.pk).update(condition=condition)


@transaction.atomic
def drop_tag(user: User, tag: Tag) -> None:
    """Take a tag from all tickets. Raises `CannotTend` while something the team shares names it: a view
    would stay empty without a word, a rule would bring it back."""
    need(user, "desk")
    name = tag.name
    if found := where_named(tag):
        places = ", ".join(found)
        raise CannotTend(
            _("“%(name)s” is still needed here: %(places)s. Change that first.")
            % {"name": name, "places": places}
        )
    audit.record(user, "removed", tag)
    tag.delete()
    _retag_later(name, "")


def where_named(tag: Tag) -> list[str]:
    """Where a tag is asked for or set, in words: shared views, and what rooms above keep. Views that
    somebody keeps alone are nobody else's business."""
    views = SavedView.objects.filter(shared=True).order_by("name")
    found = [place_of(each) for each in views if names_tag(each.condition, tag.name)]
    return found + [place for _rename, where in _above for place in where(tag.name)]


def _retag_later(old: str, new: str) -> None:
    Named(RETAG, "desk").defer(old=old, new=new)


def retag(old: str, new: str) -> int:
    """Replace a tag on all tickets that have it, some at a time; gives back how many. It may run twice."""
    done = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_RETAG, [old, _AT_ONCE, old, new])
            changed: int = cursor.rowcount
            live.tell(["queue"] if changed else [])
        done += changed
        if changed < _AT_ONCE:
            return done


_RETAG = """
WITH those AS (
    SELECT id FROM inbox_ticket WHERE tags @> ARRAY[%s]::varchar[] AND tags <> '{}'
    ORDER BY id LIMIT %s FOR UPDATE
)
UPDATE inbox_ticket AS t SET tags = coalesce((
    SELECT array_agg(DISTINCT name COLLATE "C" ORDER BY name COLLATE "C")
    FROM unnest(array_append(array_remove(t.tags, %s), nullif(%s, ''))) AS name WHERE name IS NOT NULL
), '{}')
FROM those WHERE t.id = those.id
"""


@transaction.atomic
def make_field(
    user: User, title: str, kind: str, *, choices: Sequence[str] = (), required: bool = False
) -> Field:
    """A new question to ask of every ticket."""
    need(user, "desk")
    if Field.objects.filter(archived=False).count() >= _MOST_FIELDS:
        raise CannotTend(_("There are %(most)d fields already.") % {"most": _MOST_FIELDS})
    title = _title(title)
    if kind not in Field.Kind.values:
        raise CannotTend(_("There is no such kind of field."))
    last = Field.objects.aggregate(last=Max("position"))["last"] or 0
    field = Field.objects.create(
        key=_free_key(title),
        title=title,
        kind=kind,
        choices=_choices(kind, choices),
        required_on_solve=required,
        position=last + 1,
    )
    audit.kept(user, field, {}, _told(field), kind=kind)
    return field


def _told(field: Field) -> dict[str, Any]:
    """What the audit tells of a field."""
    return {"title": field.title, "choices": field.choices, "required": field.required_on_solve}


@transaction.atomic
def change_field(user: User, field: Field, title: str, *, choices: Sequence[str], required: bool) -> None:
    """Change what a field asks. Its kind stays: what tickets hold would no longer fit."""
    need(user, "desk")
    before = _told(Field.objects.get(pk=field.pk))
    field.title = _title(title)
    field.choices = _choices(field.kind, choices)
    field.required_on_solve = required
    field.save(update_fields=["title", "choices", "required_on_solve"])
    audit.kept(user, field, before, _told(field))


@transaction.atomic
def archive_field(user: User, field: Field, *, archived: bool = True) -> None:
    """Ask no longer, or again. What tickets hold stays with them."""
    need(user, "desk")
    Field.objects.filter(pk=field.pk).update(archived=archived)
    audit.record(user, "changed", field, archived=archived)


@transaction.atomic
def move_field(user: User, field: Field, step: int) -> None:
    """Ask it earlier (-1) or later (1)."""
    need(user, "desk")
    place = moved(Field.objects.filter(archived=False), field.pk, step)
    if place is not None:
        audit.record(user, "changed", field, position=place)


def _title(text: str) -> str:
    title = " ".join(clean(text).split())
    if not title:
        raise CannotTend(_("A field needs a name."))
    if len(title) > 80:
        raise CannotTend(_("A name has at most %(most)d letters.") % {"most": 80})
    return title


def _free_key(title: str) -> str:
    """The title in small Latin letters, with a number where that is taken or nothing is left of it."""
    base = slugify(title).replace("-", "_")[:36] or "field"
    taken = set(Field.objects.filter(key__startswith=base).values_list("key", flat=True))
    free = (base if number == 1 else f"{base}{number}" for number in range(1, len(taken) + 3))
    return next(key for key in free if key not in taken)


def _choices(kind: str, choices: Sequence[str]) -> list[str]:
    if kind != Field.Kind.CHOICE:
        return []
    found = list(dict.fromkeys(name for each in choices if (name := " ".join(clean(each).split())[:80])))
    if len(found) < 2:
        raise CannotTend(_("A choice needs at least two answers to choose from."))
    return found[:_MOST_CHOICES]
