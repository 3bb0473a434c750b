"""The Page: its ids, its tokens, and who is who."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from heed.sandbox.frame import DemoAccount, Sandbox
from heed.sandbox.meta.errors import Refused
from heed.sandbox.meta.posts import Posts

SCOPES = (
    "pages_show_list",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_messaging",
)
SUBSCRIBABLE = frozenset(
    {
        "feed",
        "mention",
        "ratings",
        "live_videos",
        "videos",
        "conversations",
        "messages",
        "message_echoes",
        "message_edits",
        "message_deliveries",
        "message_reads",
        "message_reactions",
        "message_mention",
        "message_context",
        "messaging_postbacks",
        "messaging_referrals",
        "messaging_optins",
        "messaging_optouts",
        "messaging_handovers",
        "messaging_policy_enforcement",
        "messaging_integrity",
        "messaging_account_linking",
        "messaging_feedback",
        "response_feedback",
        "standby",
        "inbox_labels",
        "group_feed",
        "leadgen",
        "page_change_proposal",
        "page_upcoming_change",
        "feature_access_list",
        "user_action",
        "message_template_status_update",
    }
)


class Page(Posts):
    about = "page"
    usage = "pages"
    agent = "facebookexternalua"
    fields = SUBSCRIBABLE
    permissions = SCOPES
    mids = "m_"
    most_in_list = 100
    link = "SHORTLINK"
    patience = timedelta(hours=1)

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox)
        self.subscribed: list[str] = []
        self.photos: dict[str, str] = {}
        self._by_id |= {self.user_id(key): key for key in self.chats}

    def _end_subscription(self) -> None:
        self.subscribed = []

    def accounts(self) -> list[DemoAccount]:
        credentials = {
            "app_secret": self.secret,
            "page_token": self.token,
            "verify_token": self.verify_token,
        }
        return [DemoAccount(self.company, self.page, credentials, self.company)]

    @property
    def page(self) -> str:
        return self._digits("page")

    @property
    def owner(self) -> str:
        return self.page

    @property
    def token(self) -> str:
        return "EAAB" + self.ids.stable(self.place, "token", size=40)

    @property
    def user_token(self) -> str:
        return "EAAU" + self.ids.stable(self.place, "user token", size=40)

    def user_id(self, person: str) -> str:
        """The id by which a commenter is known; it is not their id in Messenger."""
        return self._digits("user", person) if person else self.page

    def psid(self, person: str) -> str:
        return self._digits("psid", person)

    def chat_id(self, person: str) -> str:
        return self.psid(person)

    def restore(self, external_id: str, hook_url: str) -> None:
        """Chats of an earlier run are taken for open."""
        if external_id == self.page:
            self.hook_url, self.subscribed, self.restored = hook_url, sorted(SUBSCRIBABLE), True

    def _from(self, person: str) -> dict[str, str]:
        return {"id": self.user_id(person), "name": self._person_name(person)}

    def _is_ours(self, post: str) -> bool:
        """Whether it stands on the Page."""
        return post.startswith(f"{self.page}_")

    def _known_person(self, recipient: dict[str, Any]) -> str:
        person = self._by_id.get(str(recipient.get("id", "")))
        if person is None or self.psid(person) != str(recipient["id"]):
            raise Refused(100, "(#100) No matching user found", 2018001)
        return person
