"""What came beside the items of a delivery or an answer: people, other posts, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from heed.channels.base import AccountRecord, Person
from heed.channels.x.payload import Media, Post, User


@dataclass(frozen=True, slots=True)
class Around:
    """What came beside the items of a delivery: people, other posts and files, and whose news it is."""

    us: str
    handle: str = ""
    people: Mapping[str, User] = field(default_factory=dict)
    posts: Mapping[str, Post] = field(default_factory=dict)
    files: Mapping[str, Media] = field(default_factory=dict)

    def person(self, external_id: str) -> Person:
        """Someone by their id; without a name where X did not send it along."""
        user = self.people.get(external_id)
        return person_of(user) if user else Person(external_id)

    def known(self, keys: Iterable[str]) -> list[Media]:
        """The files of these keys, as far as X sent them along."""
        return [self.files[key] for key in keys if key in self.files]


def person_of(user: User) -> Person:
    return Person(user.id, name=user.name, handle=user.username, avatar_url=user.picture)


def around_of(answer: Mapping[str, Any], account: AccountRecord) -> Around:
    """What came beside the data of an answer."""
    return included(answer.get("includes"), account.external_id, account)


def included(includes: Any, us: str, account: AccountRecord) -> Around:
    """What was included, as far as it can be read: a strange neighbour spoils no message."""
    given = includes if isinstance(includes, dict) else {}
    people = [each for raw in values(given.get("users")) if (each := _valid(User, raw))]
    posts = values(given.get("tweets")) + values(given.get("posts"))
    found = [each for raw in posts if (each := _valid(Post, raw))]
    files = [each for raw in values(given.get("media")) if (each := _valid(Media, raw))]
    return Around(
        us=us,
        handle=account.handle if us == account.external_id else "",
        people={each.id: each for each in people},
        posts={each.id: each for each in found},
        files={each.media_key: each for each in files if each.media_key},
    )


def with_people(around: Around, raws: list[Any]) -> Around:
    people = {each.id: each for raw in raws if (each := _valid(User, raw))}
    return Around(around.us, around.handle, {**around.people, **people}, around.posts, around.files)


def values(found: Any) -> list[Any]:
    """The items of a list, or of a record by id; some are wrapped in `data`."""
    items = list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else []
    return [_unwrapped(one) for one in items]


def _unwrapped(one: Any) -> Any:
    inner = one.get("data") if isinstance(one, dict) else None
    return inner if isinstance(inner, dict) else one


def _valid(model: Any, raw: Any) -> Any:
    try:
        return model.model_validate(raw)
    except ValueError:
        return None
