"""What customers do, and what else may happen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import PlayError
from heed.sandbox.networks.mastodon.account import FROM_AWAY, HOME, Media, Status
from heed.sandbox.networks.mastodon.writing import Writing


class Acting(Writing):
    def play_mention(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """A post that names the company: where its name stands in the text, else at the start."""
        return self._said(person, self._naming(person, text), "public", picture=picture)

    def play_comment(
        self, person: str, text: str, post: str = "", parent: str = "", picture: str = ""
    ) -> dict[str, Any]:
        """A reply under a post, or to a reply there. Mastodon puts the names before it."""
        to = self._standing(parent or post or self._newest_post().id)
        visibility = to.visibility if to.visibility != "direct" else "public"
        return self._said(person, self._naming(person, text), visibility, parent=to.id, picture=picture)

    play_reply = play_comment

    def play_message(self, person: str, text: str, picture: str = "") -> dict[str, Any]:
        """A private mention, in the conversation there is."""
        self._known(person)
        theirs = [each for each in self._direct(person) if not each.removed]
        parent = theirs[-1].id if theirs else ""
        return self._said(person, self._naming(person, text), "direct", parent=parent, picture=picture)

    def play_whisper(self, person: str, text: str, parent: str = "") -> dict[str, Any]:
        """A mention that only the customer's followers and the company see."""
        return self._said(person, self._naming(person, text), "private", parent=parent)

    def play_quote(self, person: str, text: str, post: str = "") -> dict[str, Any]:
        quoted = self._standing(post or self._newest_post().id)
        return self._said(person, text, "public", quote=quoted.id)

    def play_edit(self, person: str, id: str, text: str) -> dict[str, Any]:
        status = self._theirs(person, id)
        self._edit(status, self._naming(person, text) if self._names(status.text) else text)
        return {"id": status.id}

    def play_remove(self, person: str, id: str) -> dict[str, Any]:
        self._theirs(person, id).removed = True
        return {"id": id}

    def play_react(self, person: str, id: str, reaction: str = "like", on: bool = True) -> dict[str, Any]:
        self._known(person)
        status = self._standing(id)
        kept = {"like": status.likes, "repost": status.boosts}.get(reaction)
        if kept is None:
            raise PlayError(_("On Mastodon one can like or boost."))
        if on and person not in kept:
            kept.add(person)
            if status.author == COMPANY:
                self._tell("favourite" if reaction == "like" else "reblog", person, status)
        elif not on:
            kept.discard(person)
        return {"id": status.id}

    def play_post(self, text: str, picture: str = "", likes: int = 0, shares: int = 0) -> dict[str, Any]:
        status = self._write(COMPANY, text, "public", media=self._pictured(picture))
        status.faces = (likes, shares)
        return {"id": status.id}

    def play_write_elsewhere(self, text: str, parent: str) -> dict[str, Any]:
        """The company replies from Mastodon's own app."""
        to = self._standing(parent)
        said = f"@{self._acct(to.author)} {text}"
        return {"id": self._write(COMPANY, said, to.visibility, parent=to.id).id}

    def play_say_elsewhere(self, person: str, text: str) -> dict[str, Any]:
        """The company writes privately from Mastodon's own app."""
        self._known(person)
        return {"id": self._write(COMPANY, f"@{self._acct(person)} {text}", "direct").id}

    def play_follow(self, person: str) -> dict[str, Any]:
        self._known(person)
        self._tell("follow", person)
        return {}

    def play_warn(self, action: str = "none", text: str = "") -> dict[str, Any]:
        """The server's moderators have something to say."""
        self._tell(
            "moderation_warning", COMPANY, more={"moderation_warning": {"action": action, "text": text}}
        )
        return {}

    def play_revoke(self, account: str = "") -> dict[str, Any]:
        self._revoked = True
        return {}

    def play_scopes(self, scopes: str) -> dict[str, Any]:
        """What the token may do from now on."""
        self.scopes = tuple(scopes.split())
        return {}

    def play_forget_keys(self) -> dict[str, Any]:
        """Some servers do not know the header that makes a second attempt harmless."""
        self.keeps_keys = False
        return {}

    def _said(
        self,
        person: str,
        text: str,
        visibility: str,
        *,
        parent: str = "",
        quote: str = "",
        picture: str = "",
    ) -> dict[str, Any]:
        self._known(person)
        media = self._pictured(picture)
        return {"id": self._write(person, text, visibility, parent=parent, quote=quote, media=media).id}

    def _naming(self, person: str, text: str) -> str:
        """The text with the company named in it, as it is written on the person's own server."""
        if COMPANY in self._names(text):
            return text
        return f"@acme@{HOME} {text}" if person in FROM_AWAY else f"@acme {text}"

    def _standing(self, status_id: str) -> Status:
        status = self._statuses.get(status_id) or self._old(status_id)
        if status is None or status.removed:
            raise PlayError(_("That post is no longer there."))
        return status

    def _theirs(self, person: str, status_id: str) -> Status:
        status = self._standing(status_id)
        if status.author != person:
            raise PlayError(_("Only one's own posts can be changed."))
        return status

    def _newest_post(self) -> Status:
        posts = [
            each
            for each in self._statuses.values()
            if each.author == COMPANY and not each.parent and each.visibility == "public" and not each.removed
        ]
        if not posts:
            raise PlayError(_("The company has not posted anything yet."))
        return posts[-1]

    def _pictured(self, picture: str) -> list[Media]:
        url = self.picture(picture)
        if not url:
            return []
        media = Media(str(self.ids.number()), url, "image/png", picture if len(picture) < 40 else "")
        self._media[media.id] = media
        return [media]
