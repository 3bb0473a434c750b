"""Who may come in, and who not any more."""

from __future__ import annotations

import pytest
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.core.exceptions import ValidationError

from heed.accounts import reach, verbs
from heed.accounts.models import User
from heed.accounts.refusals import CannotChange

pytestmark = pytest.mark.django_db

GOOD = "seven brown boots"


def ana() -> User:
    return verbs.ensure_person("ana@acme.example", "Ana Kovač", GOOD)


def test_shutting_out_ends_tokens_and_can_be_undone() -> None:
    person, maja = ana(), verbs.ensure_person("maja@acme.example", "Maja Zupan", GOOD, "owner")
    verbs.grant_token(person, "Tests", "heed_ana")
    assert reach.person_with_token("heed_ana") == person
    verbs.shut_out(person, maja)
    assert reach.person_with_token("heed_ana") is None
    assert reach.colleagues() == [maja]
    assert reach.people() == [maja, person]
    verbs.let_in(person, maja)
    assert reach.person_with_token("heed_ana") == person


def test_a_new_token_voids_the_one_before() -> None:
    person, other = ana(), verbs.ensure_person("maja@acme.example", "Maja Zupan", GOOD, "owner")
    verbs.grant_token(other, "Tests", "heed_maja")
    verbs.grant_token(person, "Mine", "heed_mine")
    verbs.grant_token(person, "Tests", "heed_old")
    verbs.grant_token(person, "Tests", "heed_new")
    verbs.grant_token(person, "Tests", "heed_new")
    held = [reach.person_with_token(f"heed_{name}") for name in ("maja", "mine", "old", "new")]
    assert held == [other, person, None, person]


def test_nobody_shuts_out_themselves() -> None:
    person = ana()
    with pytest.raises(CannotChange):
        verbs.shut_out(person, person)
    assert reach.someone(person.pk).is_active


def test_a_new_password_replaces_the_old() -> None:
    person, maja = ana(), verbs.ensure_person("maja@acme.example", "Maja Zupan", GOOD, "owner")
    with pytest.raises(CannotChange):
        verbs.renew_password(person, "short", maja)
    verbs.renew_password(person, "nine green laces", maja)
    again = reach.someone(person.pk)
    assert again.check_password("nine green laces")
    assert not again.check_password(GOOD)


def test_someone_who_is_not_there() -> None:
    with pytest.raises(reach.NoSuchPerson):
        reach.someone(404)


def test_the_rules_for_passwords_are_said() -> None:
    person = User(email="ana@acme.example", name="Ana Kovač")
    assert len(password_validators_help_texts()) == 3
    for password, says in [
        ("short", "at least 10 characters"),
        ("ana kovač!", "name or the address"),
        ("password12", "many people"),
    ]:
        with pytest.raises(ValidationError, match=says):
            validate_password(password, person)
