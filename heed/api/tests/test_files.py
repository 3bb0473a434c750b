"""Files over the API: up, along with an answer, and back."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from heed.api.tests.conftest import Caller, Desk
from heed.inbox import files
from heed.inbox.models import Attachment

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4"
    b"\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND"
    b"\xaeB`\x82"
)


@pytest.fixture(autouse=True)
def own_files(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.MEDIA_ROOT = str(tmp_path_factory.mktemp("files"))


class TestFiles:
    def test_a_file_goes_up_along_and_comes_back(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket(kind="private")
        kept = call("POST", f"tickets/{ticket.pk}/attachments", SimpleUploadedFile("boot.png", PNG))
        assert kept.status == 201
        assert (kept.json["mime"], kept.json["kind"], kept.json["size"]) == ("image/png", "image", len(PNG))
        body = {"text": "See here", "visibility": "private", "attachments": [kept.json["id"]]}
        sent = call("POST", f"tickets/{ticket.pk}/messages", body)
        [attachment] = sent.json["attachments"]
        answer = call("GET", attachment["url"])
        assert answer.content == PNG
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]

    def test_what_a_picture_shows_is_said_in_words(self, call: Caller, desk: Desk) -> None:
        form = {"file": SimpleUploadedFile("boot.png", PNG), "alt": " A torn boot "}
        kept = call("POST", f"tickets/{desk.ticket().pk}/attachments", form)
        assert (kept.json["name"], kept.json["text"]) == ("boot.png", "A torn boot")

    def test_what_could_run_in_a_browser_is_only_downloaded(self, call: Caller, desk: Desk) -> None:
        ticket = desk.ticket()
        page = SimpleUploadedFile("a.png", b"<html><script>a()</script></html>", content_type="image/png")
        kept = call("POST", f"tickets/{ticket.pk}/attachments", page)
        answer = call("GET", f"attachments/{kept.json['id']}")
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")

    def test_too_large_a_file(self, call: Caller, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket = desk.ticket()
        monkeypatch.setattr(files, "MOST_BYTES", 3)
        answer = call("POST", f"tickets/{ticket.pk}/attachments", SimpleUploadedFile("boot.png", PNG))
        assert (answer.status, answer.json["type"]) == (413, "urn:heed:file-too-large")

    def test_files_that_are_not_there(self, call: Caller, desk: Desk) -> None:
        answer = call("GET", "attachments/99")
        assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-such-attachment")
        waiting = Attachment.objects.create(
            message=desk.ticket().messages.get(), kind="image", url="https://x/1"
        )
        answer = call("GET", f"attachments/{waiting.pk}")
        assert (answer.status, answer.json["type"]) == (404, "urn:heed:no-file")
        assert call("POST", f"tickets/{desk.ticket('Omar Badr').pk}/attachments").status == 422

    def test_a_colleagues_draft_file_stays_theirs(
        self, call: Caller, call_as_ana: Caller, desk: Desk
    ) -> None:
        ticket = desk.ticket()
        kept = call("POST", f"tickets/{ticket.pk}/attachments", SimpleUploadedFile("boot.png", PNG))
        assert call_as_ana("GET", f"attachments/{kept.json['id']}").status == 404

    def test_the_picture_of_a_post(self, call: Caller, desk: Desk) -> None:
        kept = files.keep(BytesIO(PNG))
        ticket = desk.ticket(post=desk.post(picture=kept.path))
        address = call("GET", f"tickets/{ticket.pk}").json["post"]["picture"]
        answer = call("GET", address)
        assert (answer.content, answer.headers["Content-Type"]) == (PNG, "image/png")
        bare = desk.ticket("Omar Badr")
        assert call("GET", f"tickets/{bare.pk}/picture").status == 404
