"""The people page: ending access, a new password."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from heed.accounts.models import User
from heed.web.tests.accounts import shown


class TestPeople:
    def test_one_is_found_by_letters_and_the_way_to_invite_is_on_top(self, majas: Client, ana: User) -> None:
        page = shown(majas, "people")
        assert page.index('href="#invite"') < page.index('data-filter="#people > li"') < page.index(ana.name)
        assert f'<li data-also="{ana.email}">' in page

    def test_ending_access_ends_the_open_session(self, majas: Client, page: Client, ana: User) -> None:
        assert page.get(reverse("preferences")).status_code == 200
        majas.post(reverse("person_access", args=[ana.pk]))
        assert page.get(reverse("preferences")).status_code == 302
        assert "No access" in shown(majas, "people")
        majas.post(reverse("person_access", args=[ana.pk]), {"access": "yes"})
        assert page.get(reverse("preferences")).status_code == 200

    def test_nobody_ends_their_own_access(self, majas: Client, maja: User) -> None:
        page = majas.post(reverse("person_access", args=[maja.pk]), follow=True).content.decode()
        assert "You cannot end your own access." in page
        maja.refresh_from_db()
        assert maja.is_active

    def test_a_new_password_for_someone_who_forgot_theirs(
        self, majas: Client, page: Client, ana: User
    ) -> None:
        weak = majas.post(reverse("person_password", args=[ana.pk]), {"password": "short"})
        assert "too short" in weak.content.decode()
        majas.post(reverse("person_password", args=[ana.pk]), {"password": "nine green laces"})
        ana.refresh_from_db()
        assert ana.check_password("nine green laces")
        assert page.get(reverse("preferences")).status_code == 302
        assert majas.post(reverse("person_password", args=[404])).status_code == 404
