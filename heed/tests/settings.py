"""Heed's settings for its tests: the real ones, but checking a password takes no time.

The processes that tests start have them too.
"""

from __future__ import annotations

from heed.settings import *  # noqa: F403

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
