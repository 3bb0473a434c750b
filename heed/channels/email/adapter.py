"""A mailbox as a network of Heed: IMAP in, SMTP out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from heed.channels.base import (
    ADDRESS,
    NO_ADDRESS,
    AccountRecord,
    Action,
    Admission,
    Answer,
    Capabilities,
    Checked,
    Collected,
    CredentialField,
    Ear,
    Files,
    Finding,
    Guide,
    Hook,
    Inbound,
    Limit,
    MediaSource,
    Network,
    OAuth,
    Permission,
    Refusal,
    Sent,
    SessionExpired,
    Target,
    Wanted,
    Way,
    Writing,
)
from heed.channels.email import polling, reading, signin, writing
from heed.channels.email.calls import (
    IMAP_SERVER,
    PORT,
    SENT,
    SMTP_SERVER,
    address_of,
    is_by_token,
    login_of,
    mailbox,
    mark_of,
    outgoing,
    refuse_mail,
    refuse_mailbox,
)
from heed.lib.http import Request, Steps

_PLACE = re.compile(
    r"media:(?P<box>INBOX|sent)/(?P<uidvalidity>\d+)(@(?P<mark>\w+))?/(?P<uid>\d+)(/(?P<section>[\d.]+))?"
)
_BOXES = {"INBOX": "INBOX", "sent": SENT}
_FILES = Files(types=("*/*",), most_bytes={"": writing.MOST_BYTES}, count=10)

_NO_SERVER = _("It must be the name of a server, such as mail.example.com.")
_NO_PORT = _("A port is a number up to 65535.")

_BY_PASSWORD = Way(
    "password",
    _("With a password"),
    _("For nearly all mailboxes."),
    needs=("password",),
)
_BY_SIGN_IN = Way(
    "sign_in",
    _("By signing in at Google or Microsoft"),
    _(
        "For mailboxes that take no password from programs, as in many organisations at Microsoft. You need "
        "an app of your own there. Another provider that lets you sign in will do, too."
    ),
    needs=("client_id", "refresh_token"),
)


class Email(Network):
    """One mailbox. Its news is polled, and the server tells when to (IMAP IDLE)."""

    name = "email"
    label = _("E-mail")
    short = "@"
    colour = "#5b5f97"
    base_url = "https://mail.invalid"
    """Mail has no such address: the servers are among the credentials."""

    body_limit = 8 * 1024 * 1024
    polls = True
    mails = True
    fields = (
        CredentialField(
            "address",
            _("E-mail address"),
            _("The one customers write to."),
            secret=False,
            whose=True,
            shape=r"[^\s@]+@[^\s@]+",
            misfit=_("It must be an e-mail address, such as help@acme.example."),
        ),
        CredentialField(
            "name",
            _("Sender's name"),
            _("Shown beside the address, such as Acme."),
            secret=False,
            required=False,
        ),
        CredentialField(
            "user",
            _("User name"),
            _(
                "Only where it is not the address. It says which mailbox this is: if it ever changes (or, "
                "where it is no address, the incoming server does), disconnect the account first, then "
                "reconnect it."
            ),
            secret=False,
            required=False,
            whose=True,
        ),
        CredentialField(
            "password",
            _("Password"),
            _(
                "Where the provider asks for a second factor: an app password made for Heed. Entered later, "
                "it takes the place of a sign-in at Google or Microsoft."
            ),
            required=False,
            replaces=("client_id", "client_secret", "token_url", "refresh_token"),
            way=_BY_PASSWORD,
        ),
        CredentialField(
            "client_id",
            _("Client ID"),
            _("Of your app at Google or Microsoft."),
            secret=False,
            required=False,
            way=_BY_SIGN_IN,
            renews=True,
        ),
        CredentialField(
            "client_secret",
            _("Client secret"),
            _("Of your app at Google or Microsoft."),
            required=False,
            way=_BY_SIGN_IN,
            renews=True,
        ),
        CredentialField(
            "token_url",
            _("Address for tokens"),
            _(
                "Only where your app at Microsoft is for one organisation: the address that ends in "
                "/oauth2/v2.0/token. Or that of another provider."
            ),
            secret=False,
            place=True,
            required=False,
            shape=ADDRESS,
            misfit=NO_ADDRESS,
            way=_BY_SIGN_IN,
        ),
        CredentialField(
            "refresh_token",
            _("Refresh token"),
            _("Only if you have one already: signing in brings it."),
            required=False,
            replaces=("password",),
            way=_BY_SIGN_IN,
        ),
        CredentialField(
            "imap_host",
            _("Incoming server (IMAP)"),
            _("Such as imap.example.com. Encrypted at once; with imap:// before it after STARTTLS."),
            secret=False,
            place=True,
            shape=IMAP_SERVER,
            misfit=_NO_SERVER,
        ),
        CredentialField(
            "imap_port",
            _("Its port"),
            _("993 where nothing is given."),
            secret=False,
            place=True,
            required=False,
            shape=PORT,
            misfit=_NO_PORT,
        ),
        CredentialField(
            "smtp_host",
            _("Outgoing server (SMTP)"),
            _("Such as smtp.example.com. With smtps:// before it encrypted at once, on any port."),
            secret=False,
            place=True,
            shape=SMTP_SERVER,
            misfit=_NO_SERVER,
        ),
        CredentialField(
            "smtp_port",
            _("Its port"),
            _("587 where nothing is given."),
            secret=False,
            place=True,
            required=False,
            shape=PORT,
            misfit=_NO_PORT,
        ),
        CredentialField(
            "plus",
            _("Word after a plus sign"),
            _(
                "Tick it where mail to help+word@ your domain reaches this mailbox too. Answers then find "
                "their ticket also where a mail program loses the thread."
            ),
            secret=False,
            required=False,
            kind="yes_no",
        ),
    )
    guide = Guide(
        steps=(
            _("Give Heed a mailbox of its own, such as help@ your domain: all its new mail becomes tickets."),
            _("Switch on IMAP for it at your provider, and SMTP for sending."),
            _("Where it has a second factor, make an app password for Heed there."),
            _(
                "Paste the address, the password and both servers below. "
                "Mail that is there already stays as it is."
            ),
            _("See that SPF and DKIM of your domain name the outgoing server, or answers land in spam."),
        ),
        permissions=(
            Permission("IMAP", _("To read new mail, and to keep a copy of what was sent.")),
            Permission("SMTP", _("To send answers from the address.")),
        ),
    )
    oauth: OAuth | None = signin.SignIn()
    sign_in_at: Any = _("Google or Microsoft")
    when_down: tuple[Any, Any] | None = (
        _("The mail server named below cannot be reached."),
        _("Heed keeps trying for a while. If it stays so, look at the server and its port."),
    )
    lost_in_outage: Any = _(
        "Nothing is lost that lies in the mailbox. Mail that was moved out of the inbox or deleted before "
        "Heed came back is not seen, and senders learn by themselves what could not be delivered."
    )
    capabilities = Capabilities(
        private=Writing(limits=(Limit("chars", writing.TEXT_LIMIT),), files=_FILES),
        why_not={
            "edit": _("A mail that was sent cannot be changed."),
            "delete": _("A mail that was sent cannot be taken back."),
        },
    )

    def able(self, facts: Mapping[str, Any]) -> Capabilities:
        """Servers say how large a mail they take; in it, files are a third larger."""
        said, private = facts.get("size"), self.capabilities.private
        if not isinstance(said, int) or private is None or not 0 < said * 7 // 10 < writing.MOST_BYTES:
            return self.capabilities
        files = replace(_FILES, most_bytes={"": said * 7 // 10})
        return replace(self.capabilities, private=replace(private, files=files))

    def opens(self, credentials: Mapping[str, str]) -> str:
        """A user name that is an address is its mailbox wherever that lies; another is one on its server."""
        user = (credentials.get("user") or credentials.get("address", "")).strip().casefold()
        host = credentials.get("imap_host", "").rpartition("://")[2].strip("/ ").casefold()
        return user if "@" in user else f"{user} ({host.removesuffix(':993')})"

    def admit(self, hook: Hook, account: AccountRecord) -> Admission:
        return Admission(404, body=b"Mail servers send nothing here: Heed asks them for news.")

    def read(self, body: bytes, account: AccountRecord) -> list[Inbound]:
        return reading.read(body, account)

    def check(self, account: AccountRecord) -> Steps[Checked]:
        """Sign in to both servers, and note where the mailbox stands: what comes from now on is ours."""
        if not account.credentials.get("password") and not is_by_token(account):
            raise Refusal("not_configured", detail="A password or a refresh token is needed.")
        answered = yield Request("GET", mailbox(account), login=login_of(account))
        abilities = refuse_mailbox(answered, account).get("capabilities") or []
        inbox = yield Request("GET", mailbox(account, "INBOX"), login=login_of(account))
        stands = refuse_mailbox(inbox, account)
        taken = yield Request("GET", outgoing(account), login=login_of(account))
        refuse_mail(taken, account)
        if not address_of(account).isascii() and not taken.headers.get("scripts"):
            raise Refusal("script_refused", detail="The outgoing server does not offer SMTPUTF8.")
        size = taken.headers.get("size", "")
        facts = {
            "idle": "IDLE" in abilities,
            "size": int(size) if size.isdigit() else 0,
            "start": account.facts.get("start") or polling.beginning(account, stands),
        }
        address = address_of(account)
        return Checked(address, account.credentials.get("name") or address, address, facts=facts)

    def renew(self, account: AccountRecord) -> Steps[dict[str, str]]:
        return signin.renew(account)

    def collect(self, account: AccountRecord, cursor: Mapping[str, Any]) -> Steps[Collected]:
        return polling.collect(account, cursor)

    def look_up(self, account: AccountRecord, wanted: Wanted) -> Steps[list[Inbound]]:
        """A mail brings all that is known of its writer."""
        yield from ()
        return []

    def media(self, account: AccountRecord, url: str) -> Steps[MediaSource]:
        """A file stays in the mailbox: this is where (RFC 5092). In another one, such as after a move, under
        the same numbers there may lie somebody else's; whoever entered the wrong one may still correct it."""
        yield from ()
        found = _PLACE.fullmatch(url)
        if found is None:
            raise Refusal("gone", detail="not a file of a mail")
        section = f"/;SECTION={found['section']}" if found["section"] else ""
        place = f";UIDVALIDITY={found['uidvalidity']}/;UID={found['uid']}{section}"
        source = MediaSource(mailbox(account, _BOXES[found["box"]], place), login=login_of(account))
        if found["mark"] not in (None, mark_of(account)):
            raise Refusal("gone", retry=True, detail="the file lies in the mailbox of before")
        return source

    def send(self, account: AccountRecord, answer: Answer) -> Steps[Sent]:
        return writing.send(account, answer)

    def find(self, account: AccountRecord, answer: Answer) -> Steps[Finding]:
        return writing.find(account, answer)

    def receivers(self, answer: Answer) -> tuple[str, ...]:
        return writing.receivers_of(answer)

    def act(
        self, account: AccountRecord, action: Action, target: Target, person: str, value: str = ""
    ) -> Steps[Mapping[str, Any]]:
        yield from ()
        raise Refusal("not_allowed", detail=f"mail knows no {action}")

    def ear(self, account: AccountRecord) -> Ear | None:
        try:
            return Ear("mailbox", mailbox(account, "INBOX"), login=login_of(account))
        except (Refusal, SessionExpired):  # the next poll renews it
            return None


network = Email()
