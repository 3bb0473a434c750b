"""What must be in place before Heed works: tables, translations, static files, the first people."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from heed.accounts.models import User

OWNER = ("owner@acme.example", "Maja Zupan")
AGENTS = (("ana@acme.example", "Ana Kovač"), ("ivo@acme.example", "Ivo Horvat"))
START_UP = "start-up"
"""The name of the token that set-up grants."""


def migrate() -> None:
    """Bring the tables up to date."""
    from heed.lib.translations import compile_all

    compile_all()
    django.setup()
    from django.core.management import call_command
    from django.db.utils import OperationalError

    try:
        call_command("migrate", interactive=False, verbosity=0, skip_checks=True)
    except OperationalError as trouble:
        sys.exit(f"Heed cannot reach its database. Is it running, and is HEED_DATABASE_URL right?\n{trouble}")


def welcome(*, demo: bool) -> None:
    """Make sure that somebody can sign in and programs can ask; print how."""
    from django.conf import settings

    from heed.accounts.models import ApiToken, User
    from heed.accounts.verbs import ensure_person, grant_token

    data = Path(settings.HEED_DATA)
    given = os.environ.get("HEED_OWNER_PASSWORD", "")
    password = given or (_kept(data / "demo-password") if demo else secrets.token_urlsafe(9))
    email = os.environ.get("HEED_OWNER_EMAIL", "")
    owner = None if email else User.objects.filter(grants__role="owner").order_by("pk").first()
    if owner is None:
        email = email or (OWNER[0] if demo else "owner@localhost")
        owner = ensure_person(email, OWNER[1] if demo else "Owner", password, "owner")
    people = [owner, *(ensure_person(address, name, password) for address, name in AGENTS if demo)]
    for line, person in enumerate(people):
        # Somebody may have another password since: only one that opens the door is told.
        told = "" if given or not person.check_password(password) else f"  password {password}"
        print(f"  {'' if line else 'Sign in as':<20}{person.email}{told}")
    if demo:
        _furnish(owner)
    grant_token(owner, START_UP, _token(data / "api-token"))
    ApiToken.objects.filter(name=START_UP).exclude(user=owner).delete()


def _furnish(owner: User) -> None:
    from heed.demo import furnish

    furnish(owner)


def _token(path: Path) -> str:
    given = os.environ.get("HEED_API_TOKEN", "")
    if given:
        _keep(path, given)
    return given or _kept(path)


def _kept(path: Path) -> str:
    """A secret that is made once and then read from this file."""
    if not path.exists():
        _keep(path, secrets.token_urlsafe(24 if path.name == "api-token" else 9))
    return path.read_text().strip()


def _keep(path: Path, secret: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secret)


def collect_static() -> None:
    """Collect what browsers load into the data folder, when any of it changed."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = os.stat(storage.path(path))
            digest.update(f"{path}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    mark = Path(settings.STATIC_ROOT) / ".collected"
    if mark.exists() and mark.read_text() == digest.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0, skip_checks=True)
    mark.write_text(digest.hexdigest())
