"""People who work with Heed, what they may do, and the tokens of programs that act for them."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models, transaction
from django.db.models import Q
from django.utils.functional import cached_property

from heed.accounts.rights import BUILT_IN, PERMISSIONS, ROLES, Permission, Rights, rights_of
from heed.lib import clock


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


class User(AbstractBaseUser):
    """A colleague."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    language = models.CharField(max_length=10, blank=True)
    theme = models.CharField(max_length=10, blank=True)
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
        return rights_of(self.grants.select_related("own"))

    @property
    def may_administer(self) -> bool:
        """Whether they look after the connected accounts."""
        return self.rights.may("accounts")


class Brand(models.Model):
    """A group of accounts with their own look, hours and help centre."""

    name = models.CharField(max_length=120, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name


class Team(models.Model):
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


class OwnRole(models.Model):
    """A role of the company's own: a name and its permissions."""

    name = models.CharField(max_length=60, unique=True)
    permissions = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A role given to somebody: everywhere, or for one brand, one team or one account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, blank=True)
    """A key of `rights.BUILT_IN`; empty where it is a role of the company's own."""
    own = models.ForeignKey(OwnRole, on_delete=models.CASCADE, null=True, blank=True, related_name="grants")
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True, blank=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, blank=True)
    account = models.BigIntegerField(null=True, blank=True)
    """The id of a connected account. Accounts live in the room above, which keeps them for ever."""

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
    def title(self) -> str:
        """What the role is called."""
        return self.own.name if self.own is not None else str(ROLES.get(self.role, self.role))

    @property
    def permissions(self) -> frozenset[Permission]:
        if self.own is not None:
            return frozenset(each for each in PERMISSIONS if each in self.own.permissions)
        return BUILT_IN.get(self.role, frozenset())


class ApiToken(models.Model):
    """A bearer token of the API. Only its digest is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def digest_of(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @staticmethod
    def fresh() -> str:
        return "heed_" + secrets.token_urlsafe(32)
