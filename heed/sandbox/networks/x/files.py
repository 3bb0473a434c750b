"""Files, announced, filled in pieces, closed and described."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from heed.sandbox.frame import Call, Reply
from heed.sandbox.networks.x.account import Upload
from heed.sandbox.networks.x.answers import fields_of, problem
from heed.sandbox.networks.x.reading import Reading

MEGABYTE = 1024 * 1024
MOST_BYTES = {"image": 5 * MEGABYTE, "gif": 15 * MEGABYTE, "video": 512 * MEGABYTE}
_MEDIA_LIFE = timedelta(hours=24)


class Files(Reading):
    def _check_files(self, files: list[str], place: str) -> None:
        kinds = []
        for id in files:
            upload = self._uploads.get(id)
            over = upload is not None and self.clock.now() - upload.at > _MEDIA_LIFE
            if upload is None or not upload.closed or over or not upload.category.startswith(place):
                raise problem(400, "invalid-request", "Your media IDs are invalid.")
            if upload.kind in ("gif", "video") and upload.looks < 2:
                raise problem(400, "invalid-request", "The media is still being processed.")
            kinds.append(upload.kind)
        if len(kinds) > 4 or (len(kinds) > 1 and set(kinds) != {"image"}):
            raise problem(400, "invalid-request", "Too many or mixed media.")

    def _upload_begin(self, call: Call) -> Reply:
        self._user(call)
        given = fields_of(call)
        category, mime = str(given.get("media_category")), str(given.get("media_type"))
        size = given.get("total_bytes")
        kind = category.rpartition("_")[2]
        wrong = kind not in MOST_BYTES or not isinstance(size, int) or size < 1
        if wrong or not mime.startswith("video/" if kind == "video" else "image/"):
            raise problem(400, "invalid-request", "media type unrecognized.")
        if int(size or 0) > MOST_BYTES[kind]:
            raise problem(400, "invalid-request", "File size exceeds the limit.")
        upload = Upload(self._number(), mime, category, int(size or 0), self.clock.now())
        self._uploads[upload.id] = upload
        return Reply(200, {"data": self._shown_upload(upload)}, self._count("upload"))

    def _upload_append(self, call: Call, id: str) -> Reply:
        self._user(call)
        upload = self._upload(id)
        pieces = [part.content for part in call.parts if part.name == "media"]
        number = call.form.get("segment_index", "")
        if not number.isdigit() or int(number) > 999 or len(pieces) != 1:
            raise problem(400, "invalid-request", "segment_index and media are needed")
        upload.pieces[int(number)] = pieces[0]
        return Reply(200, {"data": {"expires_at": 0}}, self._count("upload"))

    def _upload_end(self, call: Call, id: str) -> Reply:
        self._user(call)
        upload = self._upload(id)
        if len(upload.content) != upload.size:
            raise problem(400, "invalid-request", "The sizes of the segments do not add up.")
        upload.closed = True
        return Reply(200, {"data": self._shown_upload(upload)})

    def _upload_status(self, call: Call) -> Reply:
        self._user(call)
        upload = self._upload(call.query.get("media_id", ""))
        upload.looks += 1
        return Reply(200, {"data": self._shown_upload(upload)})

    def _describe(self, call: Call) -> Reply:
        self._user(call)
        given = fields_of(call)
        upload = self._upload(str(given.get("id")))
        try:
            text = given["metadata"]["alt_text"]["text"]
        except (KeyError, TypeError):
            raise problem(400, "invalid-request", "metadata.alt_text.text is needed") from None
        if not isinstance(text, str) or not 0 < len(text) <= 1000:
            raise problem(400, "invalid-request", "alt_text is too long.")
        upload.alt = text
        return Reply(200, {"data": {"id": upload.id, "associated_metadata": given["metadata"]}})

    def _upload(self, id: str) -> Upload:
        if id not in self._uploads:
            raise problem(400, "invalid-request", "Your media IDs are invalid.")
        return self._uploads[id]

    def _shown_upload(self, upload: Upload) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": upload.id, "media_key": f"3_{upload.id}", "expires_after_secs": 86400}
        if upload.closed and upload.kind in ("gif", "video"):
            state = ("pending", "in_progress", "succeeded")[min(upload.looks, 2)]
            shown["processing_info"] = {"state": state, "check_after_secs": 1}
        return shown
