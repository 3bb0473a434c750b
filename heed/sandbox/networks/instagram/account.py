"""The account: its ids, its tokens by either login, and who is who."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from heed.sandbox.cast import COMPANY, person_named
from heed.sandbox.frame import DemoAccount, Sandbox
from heed.sandbox.meta.posts import Posts

USERNAME = "acme"
TOKEN_LIVES = timedelta(days=60)
TOKEN_MATURES = timedelta(days=1)
BY_INSTAGRAM = "instagram"
BY_FACEBOOK = "facebook"
FIELDS_OF_BOTH = frozenset(
    {
        "comments",
        "live_comments",
        "messages",
        "message_reactions",
        "message_edit",
        "messaging_seen",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_optins",
        "messaging_handover",
        "standby",
    }
)
FIELDS: Mapping[str, frozenset[str]] = {
    BY_INSTAGRAM: FIELDS_OF_BOTH | {"message_echoes"},
    BY_FACEBOOK: FIELDS_OF_BOTH | {"mentions", "story_insights"},
}
PAGE_FIELDS = frozenset(
    {
        "feed",
        "mention",
        "messages",
        "message_echoes",
        "message_reactions",
        "message_reads",
        "messaging_postbacks",
        "messaging_referrals",
        "standby",
    }
)
SCOPES = (
    "instagram_business_basic",
    "instagram_business_manage_comments",
    "instagram_business_manage_messages",
    "instagram_basic",
    "instagram_manage_comments",
    "instagram_manage_messages",
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_metadata",
    "pages_messaging",
)


class Account(Posts):
    about = "instagram"
    usage = "instagram"
    agent = "facebookexternalua"
    fields = FIELDS[BY_INSTAGRAM] | FIELDS[BY_FACEBOOK]
    permissions = SCOPES
    first_id = span_of_ids = 10**15
    mids = "aWdf"
    most_in_list = 50
    link = "IGME-SOURCE-LINK"
    patience = timedelta(hours=1)

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.account_fields: list[str] = []
        self.page_fields: list[str] = []
        self.issued = self.clock.now() - 2 * TOKEN_MATURES
        self.flat = False
        self.id_keys: tuple[str, ...] = ("id",)
        self.broadcasting = False
        self.names_only = False
        self.tagged: list[str] = []
        """The posts of others in whose pictures we are tagged, the newest last."""

    def _end_subscription(self) -> None:
        self.account_fields, self.page_fields = [], []

    def accounts(self) -> list[DemoAccount]:
        """The account by Instagram Login."""
        credentials = {
            "access_token": self.token,
            "app_secret": self.secret,
            "verify_token": self.verify_token,
            "app_id": self.app,
            "instagram_app_id": self.app,
        }
        return [DemoAccount(COMPANY, self.account, credentials)]

    def by_facebook(self) -> DemoAccount:
        """The same account by Facebook Login."""
        mine = self.accounts()[0]
        credentials = {**mine.credentials, "access_token": self.page_token, "page_id": self.page}
        return DemoAccount(mine.name, mine.external_id, credentials)

    @property
    def account(self) -> str:
        return "1784" + self._digits("account")[-13:]

    @property
    def page(self) -> str:
        return self._digits("page")

    @property
    def owner(self) -> str:
        return self.account

    @property
    def token(self) -> str:
        return "IGAA" + self.ids.stable("instagram", "token", size=40)

    @property
    def page_token(self) -> str:
        return "EAAB" + self.ids.stable("instagram", "page token", size=40)

    def igsid(self, person: str) -> str:
        """The id of a customer for this account; the same under a post and in a chat."""
        return self._digits("igsid", person) if person else self.account

    def chat_id(self, person: str) -> str:
        return self.igsid(person)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Chats of an earlier run are taken for open."""
        if external_id == self.account:
            self.hook_url, self.restored = hook_url, True
            self.account_fields = sorted(FIELDS[BY_INSTAGRAM])

    def _from(self, person: str) -> dict[str, str]:
        return {"id": self.igsid(person), "username": self._username(person)}

    def _username(self, person: str) -> str:
        return person_named(person).handle if person else USERNAME

    def _person_name(self, person: str) -> str:
        return self._username(person)
