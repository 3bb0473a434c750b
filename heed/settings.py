"""Django's settings. What an admin may set comes from the environment; `docs/operate.md` lists it."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from heed.lib.crypto import signing_key
from heed.lib.languages import SPOKEN, WRITTEN
from heed.lib.postgres import django_database

BASE_DIR = Path(__file__).resolve().parent
HEED_DATA = os.environ.get("HEED_DATA", str(BASE_DIR.parent / "data"))
HEED_PUBLIC_URL = os.environ.get("HEED_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
HEED_SECRET_KEYS = os.environ.get("HEED_SECRET_KEYS", "")
HEED_ALLOW_PRIVATE_HOSTS = [
    host.strip() for host in os.environ.get("HEED_ALLOW_PRIVATE_HOSTS", "").split(",") if host.strip()
]
HEED_HOLD = float(os.environ.get("HEED_HOLD", "5"))
HEED_SEND_LEASE = float(os.environ.get("HEED_SEND_LEASE", "60"))

SECRET_KEY = os.environ.get("HEED_SIGNING_KEY") or signing_key(HEED_DATA)
DEBUG = False
_public = urlsplit(HEED_PUBLIC_URL)
_more_hosts = os.environ.get("HEED_HOSTS", "").split(",")
ALLOWED_HOSTS = [_public.hostname or "", "127.0.0.1", "localhost", "[::1]", *_more_hosts]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
_secure = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
# Two copies on one machine share the host, and cookies do not know ports.
SESSION_COOKIE_NAME = f"heed_session_{_public.port or ''}".rstrip("_")
CSRF_COOKIE_NAME = f"heed_csrf_{_public.port or ''}".rstrip("_")
LANGUAGE_COOKIE_NAME = "heed_language"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# Only behind a proxy that ends TLS: anybody can send this header to Heed itself.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _secure else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_htmx",
    "procrastinate.contrib.django",
    "heed.accounts",
    "heed.channels",
    "heed.library",
    "heed.inbox",
    "heed.routing",
    "heed.web",
    "heed.widget",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "heed.web.middleware.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "heed.web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "heed.web.middleware.ContentPolicyMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "heed.web.doorway.DoorwayMiddleware",
]

ONLY_FOR_PEOPLE = [
    "heed.web.middleware.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
"""What a request of a program, which shows a token, does not go through."""

ROOT_URLCONF = "heed.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": django_database(os.environ.get("HEED_DATABASE_URL", ""), HEED_DATA)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "heed.accounts.passwords.LongEnough"},
    {"NAME": "heed.accounts.passwords.NotPersonal"},
    {"NAME": "heed.accounts.passwords.NotCommon"},
]
ACCOUNT_ADAPTER = "heed.web.signin.SignInAdapter"
ACCOUNT_FORMS = {
    "login": "heed.web.sign_in_forms.SignInForm",
    "reauthenticate": "heed.web.second_factor_forms.PasswordAgainForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
SOCIALACCOUNT_ADAPTER = "heed.web.company_sign_in.CompanyAdapter"
# Behind a proxy the last address of X-Forwarded-For is whom the proxy talks to.
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("HEED_PROXIES", "1" if _secure else "0"))
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an owner vouches for the address, no mail is sent
MFA_ADAPTER = "heed.web.second_factor_forms.FactorAdapter"
MFA_FORMS = {
    "authenticate": "heed.web.second_factor_forms.DigitsForm",
    "reauthenticate": "heed.web.second_factor_forms.DigitsAgainForm",
    "activate_totp": "heed.web.second_factor_forms.AppForm",
    "add_webauthn": "heed.web.second_factor_forms.NewKeyForm",
    "edit_webauthn": "heed.web.second_factor_forms.KeyNameForm",
    "authenticate_webauthn": "heed.web.second_factor_forms.KeyForm",
    "login_webauthn": "heed.web.second_factor_forms.PasskeyForm",
    "reauthenticate_webauthn": "heed.web.second_factor_forms.KeyAgainForm",
}
MFA_TOTP_ISSUER = "Heed"
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _secure
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
# Mail goes out only where a server is named: smtp://name:password@host:587 (STARTTLS) or smtps://…:465.
_mail = urlsplit(os.environ.get("HEED_MAIL_SERVER", ""))
EMAIL_HOST = _mail.hostname or ""
EMAIL_USE_SSL = _mail.scheme == "smtps"
EMAIL_USE_TLS = bool(_mail.username) and not EMAIL_USE_SSL
EMAIL_PORT = _mail.port or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = unquote(_mail.username or "")
EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("HEED_MAIL_FROM", f"heed@{_public.hostname or 'localhost'}")
# How often somebody tried to sign in counts for all processes, and after a restart.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_kept",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [(code, WRITTEN[code]) for code in SPOKEN]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = str(Path(HEED_DATA) / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = str(Path(HEED_DATA) / "files")
DATA_UPLOAD_MAX_MEMORY_SIZE = 60 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "heed": {"level": os.environ.get("HEED_LOG", "INFO")},
        "procrastinate": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}
