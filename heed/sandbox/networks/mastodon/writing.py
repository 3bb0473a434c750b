"""What the company writes, with its files."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from heed.sandbox.cast import COMPANY
from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.mastodon.account import _NAME, LOOKS_UNTIL_READY, SEEN_BY_ALL, VISIBILITIES, Media
from heed.sandbox.networks.mastodon.answers import No
from heed.sandbox.networks.mastodon.reading import Reading
from heed.sandbox.networks.mastodon.signing_in import (
    CHARACTERS,
    IMAGE_BYTES,
    MOST_FILES,
    PER_URL,
    TYPES,
    VIDEO_BYTES,
)

KEY_LIFE = timedelta(hours=1)


class Writing(Reading):
    def _post(self, call: Call) -> Reply:
        self._needs("write:statuses")
        given: dict[str, Any] = call.json if isinstance(call.json, dict) else {**call.form}
        key = call.headers.get("idempotency-key", "")
        if key in self._keys and self.keeps_keys and self._keys[key][1] > self.clock.now() - KEY_LIFE:
            return Reply(200, self._shown(self._statuses[self._keys[key][0]]))
        text = str(given.get("status") or "")
        media = self._attached(given.get("media_ids") or [])
        self._check_text(text, bool(media))
        visibility = str(given.get("visibility") or "public")
        if visibility not in VISIBILITIES:
            raise No(422, "Preverjanje ni uspelo: Vidnost ni na seznamu")
        parent = str(given.get("in_reply_to_id") or "")
        if parent:
            self._there(parent)
        quote = str(given.get("quoted_status_id") or "")
        if quote and self._there(quote).visibility not in SEEN_BY_ALL:
            raise No(422, "Te objave ni mogoče citirati")
        headers = self._spend("posts")
        status = self._write(COMPANY, text, visibility, parent=parent, quote=quote, media=media)
        status.spoiler = str(given.get("spoiler_text") or "")
        status.sensitive = given.get("sensitive") in (True, "true")
        if key:
            self._keys[key] = (status.id, self.clock.now())
        return Reply(200, self._shown(status), headers)

    def _put(self, call: Call, status_id: str) -> Reply:
        self._needs("write:statuses")
        status = self._own(status_id)
        given: dict[str, Any] = call.json if isinstance(call.json, dict) else {**call.form}
        media = self._attached(given.get("media_ids") or [])
        text = str(given.get("status") or "")
        self._check_text(text, bool(media))
        status.media = media  # what is not named again is taken away
        status.spoiler = str(given.get("spoiler_text") or "")
        self._edit(status, text)
        return Reply(200, self._shown(status))

    def _delete(self, call: Call, status_id: str) -> Reply:
        self._needs("write:statuses")
        status = self._own(status_id)
        headers = self._spend("deletions")
        status.removed = True
        return Reply(200, {**self._shown(status), "text": status.text}, headers)

    def _react(self, call: Call, status_id: str, verb: str) -> Reply:
        status = self._there(status_id)
        self._needs("write:favourites" if "fav" in verb else "write:statuses")
        if verb == "reblog" and status.visibility not in SEEN_BY_ALL and status.author != COMPANY:
            raise No(404, "Zapis ni bil najden")
        kept = status.likes if "fav" in verb else status.boosts
        if verb.startswith("un"):
            kept.discard(COMPANY)
        else:
            kept.add(COMPANY)
        shown = self._shown(status)
        return Reply(200, {**shown, "reblog": shown} if verb == "reblog" else shown)

    def _upload(self, call: Call) -> Reply:
        self._needs("write:media")
        file = next((part for part in call.parts if part.name == "file" and part.filename), None)
        if file is None or file.mime not in TYPES:
            raise No(422, "Preverjanje ni uspelo: Vrsta datoteke ni podprta")
        if len(file.content) > (IMAGE_BYTES if file.mime.startswith("image/") else VIDEO_BYTES):
            raise No(422, "Preverjanje ni uspelo: Datoteka je prevelika")
        headers = self._spend("uploads")
        url = self.keep(file.content, file.mime, file.filename)
        at_once = file.mime.startswith("image/")
        media = Media(
            str(self.ids.number()),
            url,
            file.mime,
            call.form.get("description", ""),
            0 if at_once else LOOKS_UNTIL_READY,
        )
        self._media[media.id] = media
        return Reply(200 if at_once else 202, media.shown(), headers)

    def _get_media(self, call: Call, media_id: str) -> Reply:
        media = self._media.get(media_id)
        if media is None:
            raise No(404, "Zapis ni bil najden")
        media.looks -= 1
        return Reply(206 if media.looks > 0 else 200, media.shown())

    def _attached(self, ids: list[Any]) -> list[Media]:
        media = [self._media[str(each)] for each in ids if str(each) in self._media]
        if len(media) != len(ids):
            raise No(422, "Preverjanje ni uspelo: Predstavnost ne obstaja")
        if any(each.looks > 0 for each in media):
            raise No(422, "Datotek, ki še niso obdelane, ni mogoče priložiti. Poskusite kmalu.")
        moving = any(each.type in ("video", "audio") for each in media)
        if len(media) > MOST_FILES or (moving and len(media) > 1):
            raise No(422, "Videa ni mogoče priložiti objavi, ki že vsebuje slike")
        return media

    def _check_text(self, text: str, with_media: bool) -> None:
        if not text.strip() and not with_media:
            raise No(422, "Preverjanje ni uspelo: Besedilo ne sme biti prazno")
        near = _NAME.sub(lambda found: f"@{found[1]}", text)
        links = re.findall(r"https?://\S+", near)
        if len(re.sub(r"https?://\S+", "", near)) + PER_URL * len(links) > CHARACTERS:
            raise No(422, f"Preverjanje ni uspelo: Omejitev {CHARACTERS} znakov je presežena")
