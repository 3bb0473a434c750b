"""People who work with Heed, what they may do, and the tokens of programs that act for them."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import timedelta
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.utils.functional import cached_property

from heed.accounts.rights import BUILT_IN, PERMISSIONS, ROLES, Permission, Rights, rights_of
from heed.lib import clock
from heed.lib.rows import Joined, Row


class People(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, role: str = "agent", **facts: Any) -> User:
        """A person with a role that holds everywhere; with no role ("") they may do nothing yet."""
        person = self.model(email=self.normalize_email(email).lower(), **facts)
        person.set_password(password)
        with transaction.atomic(using=self._db):
            person.save(using=self._db)
            if role:
                Grant.objects.using(self._db).create(user=person, role=role)
        return person

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(Row, AbstractBaseUser):
    """A colleague."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(max_length=10, blank=True)
    keys = models.JSONField(default=dict, blank=True)
    """Their own shortcuts: the action's name and its key, "" where it has none. What is not in here keeps the
    key it comes with."""
    single_keys = models.BooleanField(default=True)
    """Whether keys without Ctrl or Alt do anything for them."""
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=clock.now)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[People] = People()

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper() or self.email[0].upper()

    @property
    def first_name(self) -> str:
        return self.name.split(" ", 1)[0]

    @cached_property
    def rights(self) -> Rights:
        """What they may do and where, read once. Somebody shut out may do nothing."""
        if not self.is_active:
            return Rights()
        return rights_of(_GRANTS.read('WHERE "accounts_grant"."user_id" = %s', [self.pk]))

    @property
    def may_administer(self) -> bool:
        """Whether they look after the connected accounts."""
        return self.rights.may("accounts")


class Brand(Row):
    """A group of accounts with their own look, hours and help centre."""

    name = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class Team(Row):
    """People who share work."""

    name = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    archived = models.BooleanField(default=False)
    """Kept for what it did; takes no more tickets."""
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="Membership", related_name="teams", blank=True
    )

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """Somebody in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("team", "user", name="one_membership")]


class OwnRole(Row):
    """A role of the company's own: a name and its permissions."""

    name = models.CharField(max_length=60, unique=True)
    permissions = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name


class Grant(Row):
    """A role given to somebody: everywhere, or for one brand, one team or one account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, blank=True)
    """A key of `rights.BUILT_IN`; empty where it is a role of the company's own."""
    own = models.ForeignKey(OwnRole, on_delete=models.CASCADE, null=True, blank=True, related_name="grants")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    account = models.BigIntegerField(null=True, blank=True)
    """The id of a connected account. Accounts live in the room above; one that a role holds for stays."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "user", "role", "own", "brand", "team", "account", nulls_distinct=False, name="one_grant"
            ),
            models.CheckConstraint(condition=Q(own=None) ^ Q(role=""), name="one_role_a_grant"),
            models.CheckConstraint(
                condition=Q(brand=None, team=None) | Q(brand=None, account=None) | Q(team=None, account=None),
                name="one_place_a_grant",
            ),
        ]

    @property
    def everywhere(self) -> bool:
        return self.brand_id is None and self.team_id is None and self.account is None

    @property
    def key(self) -> str:
        """How the role is named in settings: `lead`, or `own:3` for one of the company's own."""
        return self.role or f"own:{self.own_id}"

    @property
    def title(self) -> str:
        """What the role is called."""
        return self.own.name if self.own is not None else str(ROLES.get(self.role, self.role))

    @property
    def permissions(self) -> frozenset[Permission]:
        if self.own is not None:
            return frozenset(each for each in PERMISSIONS if each in self.own.permissions)
        return BUILT_IN.get(self.role, frozenset())


_GRANTS = Joined(Grant, "own")

RIGHTS = """(
    SELECT json_agg(json_build_array(role, own_id, brand_id, team_id, account, permissions))::text
    FROM accounts_grant LEFT JOIN accounts_ownrole ON accounts_ownrole.id = own_id
    WHERE user_id = "user".id)"""
"""What gives somebody their rights, as a column beside a `user`: for `rights_from`."""


@lru_cache(1000)
def rights_from(granted: str | None) -> Rights:
    """The rights by what `RIGHTS` finds. They depend on nothing else, so they are made once."""
    grants = []
    for role, own, brand, team, account, permissions in json.loads(granted or "[]"):
        grants.append(Grant(role=role, brand_id=brand, team_id=team, account=account))
        if own is not None:
            grants[-1].own = OwnRole(pk=own, permissions=permissions)
    return rights_of(grants)


class ApiToken(Row):
    """A bearer token of the API. Only its digest is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)
    used_at = models.DateTimeField(null=True, blank=True)
    """When a program last showed it, to the hour."""

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @staticmethod
    def fresh() -> str:
        return "heed_" + secrets.token_urlsafe(32)


class Invitation(models.Model):
    """A letter that lets one person in, once. Of its token only the digest is kept."""

    HOLDS: ClassVar = timedelta(days=7)

    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    role = models.CharField(max_length=20, blank=True)
    own = models.ForeignKey(OwnRole, on_delete=models.CASCADE, null=True, blank=True)
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    account = models.BigIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    invited_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                "email",
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="one_open_invitation",
            ),
            models.CheckConstraint(condition=Q(own=None) ^ Q(role=""), name="one_role_an_invitation"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def grant(self) -> Grant:
        """What whoever accepts will be given; not saved."""
        return Grant(role=self.role, own=self.own, brand=self.brand, team=self.team, account=self.account)

    @property
    def expired(self) -> bool:
        return self.expires_at <= clock.now()


class SignInPolicy(models.Model):
    """How people sign in at this desk. There is one row; `heed.accounts.policy` reads and changes it."""

    class SecondFactor(models.TextChoices):
        NOBODY = ""
        SOME = "some"
        ALL = "all"

    least_length = models.PositiveSmallIntegerField(default=10)
    second_factor = models.CharField(
        max_length=5, choices=SecondFactor.choices, default=SecondFactor.NOBODY, blank=True
    )
    """Who must have one: everybody, or those with one of `second_factor_roles`."""
    second_factor_roles = models.JSONField(default=list, blank=True)
    company_name = models.CharField(max_length=60, blank=True)
    company_server = models.CharField(max_length=500, blank=True)
    """Where the OpenID Connect server of the company lives; empty: people sign in here only."""
    locked_company = models.BinaryField(default=bytes, blank=True)
    company_domains = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    """Mail domains whose addresses the company's server vouches for."""
    company_joins = models.BooleanField(default=False)
    """Whether somebody of these domains gets in without an invitation."""
    company_role = models.CharField(max_length=20, default="agent")
    company_factor = models.BooleanField(default=False)
    """Whether signing in there counts as a second factor."""


class AuditRow(models.Model):
    """Something somebody did. Rows are only added; the database refuses all else. A row holds names and
    ids as they were and points at nothing, so that it stays true when its subject is gone.

    `seq` and `digest` come a moment later, when the row is sealed into the chain (`heed.accounts.audit`).
    """

    at = models.DateTimeField(default=clock.now)
    actor = models.BigIntegerField(null=True, blank=True)
    actor_name = models.CharField(max_length=120, blank=True)
    what = models.CharField(max_length=40)
    kind = models.CharField(max_length=40, blank=True)
    target = models.CharField(max_length=64, blank=True)
    target_name = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    ip = models.CharField(max_length=45, blank=True)
    seq = models.BigIntegerField(null=True, blank=True, unique=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["kind", "target", "-id"], name="audit_by_target"),
            models.Index(fields=["what", "-id"], name="audit_by_what"),
            models.Index(
                fields=["actor", "kind", "target", "at"], condition=Q(what="opened"), name="audit_opened"
            ),
            models.Index(fields=["id"], condition=Q(seq=None), name="audit_unsealed"),
        ]
