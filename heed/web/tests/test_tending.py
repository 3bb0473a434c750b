"""Sorting tickets, putting them off, spam, notices and deeds on many, through their pages."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from heed.accounts.models import Team, User
from heed.channels.models import Account
from heed.inbox import receipts, verbs
from heed.inbox.mentions import mentioned
from heed.inbox.models import Field, Identity, Message, Notice, Sweep, Ticket
from heed.inbox.search import index_everything
from heed.lib import clock
from heed.web.tests import cast


@pytest.fixture
def lea(ana: User, ivo: User) -> Ticket:
    return cast.a_morning(ana, ivo)


@pytest.fixture
def account(ana: User) -> Account:
    return cast.account()


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.select_related("identity", "customer").get(pk=ticket.pk)


def test_snoozing_waking_and_reminding(page: Client, lea: Ticket) -> None:
    until = (clock.now() + timedelta(hours=3)).isoformat()
    text = page.post(f"/tickets/{lea.pk}/snooze/", {"until": until}).content.decode()
    assert "asleep until" in text
    assert "snoozed it until" in text
    assert fresh(lea).snoozed_until is not None
    page.delete(f"/tickets/{lea.pk}/snooze/")
    assert fresh(lea).snoozed_until is None
    page.post(f"/tickets/{lea.pk}/reminder/", {"until": until})
    assert fresh(lea).follow_up_at is not None
    page.delete(f"/tickets/{lea.pk}/reminder/")
    assert fresh(lea).follow_up_at is None


@pytest.mark.parametrize("until", ["", "soon", "2001-01-01T00:00:00Z", "2026-99-99T00:00"])
def test_a_time_that_is_none_is_refused_in_words(page: Client, lea: Ticket, until: str) -> None:
    answer = page.post(f"/tickets/{lea.pk}/snooze/", {"until": until})
    assert answer.status_code == 422
    assert answer.content.decode().endswith(".")
    assert fresh(lea).snoozed_until is None


def test_tags_priority_team_group_and_fields(page: Client, lea: Ticket) -> None:
    team = Team.objects.create(name="Returns")
    Field.objects.create(key="order", title="Order", kind="text", required_on_solve=True)
    page.post(f"/tickets/{lea.pk}/tags/", {"add": "Zip, refund"})
    page.post(f"/tickets/{lea.pk}/tags/", {"remove": "refund"})
    page.post(f"/tickets/{lea.pk}/priority/", {"priority": "4"})
    page.post(f"/tickets/{lea.pk}/team/", {"team": team.pk})
    page.post(f"/tickets/{lea.pk}/group/", {"group": "wholesale"})
    refused = page.post(f"/tickets/{lea.pk}/status/", {"status": "solved"})
    assert (refused.status_code, refused.content.decode()) == (
        422,
        "Before it can be solved, fill in: “Order”.",
    )
    text = page.post(f"/tickets/{lea.pk}/fields/order/", {"value": "88140"}).content.decode()
    now = fresh(lea)
    assert (now.tags, now.priority, now.team, now.fields) == (["zip"], 4, team, {"order": "88140"})
    assert now.customer.group == "wholesale"
    for words in ("tagged it", "set the priority to", "gave it to the team", "88140", "wholesale"):
        assert words in text
    assert page.post(f"/tickets/{lea.pk}/status/", {"status": "solved"}).status_code == 200


def test_tags_are_completed(page: Client, ana: User, lea: Ticket) -> None:
    verbs.tag(lea, ana, add=["zip", "zebra", "other"])
    text = page.get("/completion/tags/", {"add": "other, z"}).content.decode()
    assert text.index("zebra") < text.index("zip")
    assert "other" not in text


def test_spam_and_block_are_for_those_who_may(page: Client, ana: User, lea: Ticket) -> None:
    assert "No spam" in page.post(f"/tickets/{lea.pk}/spam/").content.decode()
    assert fresh(lea).spam
    assert "Lea Marn" not in page.get("/inbox/open/").content.decode()
    assert "Lea Marn" in page.get("/inbox/spam/").content.decode()
    page.delete(f"/tickets/{lea.pk}/spam/")
    page.post(f"/tickets/{lea.pk}/block/")
    assert fresh(lea).identity.blocked
    page.delete(f"/tickets/{lea.pk}/block/")
    assert not fresh(lea).identity.blocked
    ana.grants.update(role="viewer")
    for path in ("spam", "block", "snooze", "tags", "priority", "group"):
        assert page.post(f"/tickets/{lea.pk}/{path}/", {"priority": "4", "add": "x"}).status_code == 403, path


def test_who_only_looks_sees_what_stands_in_the_fields_and_no_empty_ones_to_fill(
    page: Client, ana: User, lea: Ticket
) -> None:
    Field.objects.create(key="order", title="Order", kind="text", required_on_solve=True)
    Field.objects.create(key="paid", title="Paid", kind="yes_no")
    Ticket.objects.filter(pk=lea.pk).update(fields={"paid": True})
    ana.grants.update(role="viewer")
    shown = page.get(f"/inbox/open/{lea.pk}/").content.decode()
    panel = shown.partition('<section class="sorting">')[2].partition("</section>")[0]
    assert "Order" in panel
    assert '<bdi id="field-paid" dir="auto">Yes</bdi>' in panel
    assert "Tags" not in panel
    for open_field in ("<input", "<select", "Customer group", "<label"):
        assert open_field not in panel


def test_a_refused_solve_names_the_fields_to_mark(page: Client, lea: Ticket) -> None:
    Field.objects.create(key="order", title="Order", kind="text", required_on_solve=True)
    Field.objects.create(key="cause", title="Cause", kind="text", required_on_solve=True)
    refused = page.post(f"/tickets/{lea.pk}/status/", {"status": "solved"})
    assert (refused.status_code, refused["Heed-Missing"]) == (422, "order cause")


def test_the_bell_tells_and_forgets(page: Client, ana: User, ivo: User, lea: Ticket) -> None:
    verbs.note(lea, ivo, "@Ana Kovač can you look?")
    assert 'data-count="1"' in page.get("/notices/bell/").content.decode()
    listed = page.get("/notices/", headers={"HX-Request": "true"}).content.decode()
    assert "mentioned you" in listed
    assert "can you look?" in page.get("/notices/").content.decode()
    assert "Lea Marn" in page.get("/inbox/mentions/").content.decode()
    page.post("/notices/seen/", {"ticket": lea.pk})
    assert 'data-count="0"' in page.get("/notices/bell/").content.decode()
    assert Notice.objects.get().seen_at is not None


def test_whoever_wrote_an_answer_that_failed_is_told(page: Client, ana: User, lea: Ticket) -> None:
    message = verbs.answer(lea, ana, "It is on its way.", "private", mark=True)
    receipts.fail(message, "unreachable")
    assert "Your answer did not arrive" in page.get("/notices/").content.decode()
    thread = page.get(f"/tickets/{lea.pk}/", follow=True).content.decode()
    assert "Unanswered again: the answer did not arrive" in thread
    assert fresh(lea).unanswered


def test_whom_one_can_mention(page: Client, lea: Ticket) -> None:
    User.objects.create_user("oto@acme.example", role="", name="Oto Tujec")
    Team.objects.create(name="Returns")
    found = page.get(f"/tickets/{lea.pk}/mentionable/").json()["names"]
    assert {"name": "Ivo Horvat", "what": "colleague"} in found
    assert {"name": "Oto Tujec", "what": "may not see this ticket"} in found
    assert {"name": "Returns", "what": "team"} in found


def test_a_note_to_a_stranger_is_written_when_sent_again(page: Client, lea: Ticket) -> None:
    User.objects.create_user("oto@acme.example", role="", name="Oto Tujec")
    note = {"text": "@Oto Tujec look", "visibility": "note"}
    refused = page.post(f"/tickets/{lea.pk}/messages/", note)
    assert refused.status_code == 422
    assert refused["Heed-Anyway"] == "1"
    assert "Oto Tujec may not see this ticket" in refused.content.decode()
    assert page.post(f"/tickets/{lea.pk}/messages/", {**note, "anyway": "1"}).status_code == 200
    assert Message.objects.filter(text="@Oto Tujec look").count() == 1


def test_one_deed_on_many_and_back(page: Client, ivo: User, lea: Ticket) -> None:
    numbers = list(Ticket.objects.filter(unanswered=True).values_list("pk", flat=True))
    fields = {"deed": "assign", "value": ivo.pk}
    text = page.post("/sweeps/", {**fields, "numbers": numbers}).content.decode()
    assert f"{len(numbers)} tickets changed." in text
    sweep = Sweep.objects.get()
    assert (
        f"{len(numbers)} tickets are as they were." in page.post(f"/sweeps/{sweep.pk}/undo/").content.decode()
    )
    assert page.post(f"/sweeps/{sweep.pk}/undo/").status_code == 422
    everything = {**fields, "all": "1", "view": "open", "account": ""}
    assert "tickets changed" in page.post("/sweeps/", everything).content.decode()
    assert not Ticket.objects.exclude(status="solved").exclude(assignee=ivo).exists()


def test_one_can_answer_from_another_account_or_is_told_why_not(page: Client, ana: User) -> None:
    for network, words in (("bluesky", ""), ("facebook", "only the account that was written to")):
        first = cast.account(network, f"Acme on {network}", external_id=f"{network}-1")
        second = cast.account(network, f"Help on {network}", external_id=f"{network}-2")
        ticket = cast.ticket(first, "Lea Marn", "Hello?", post=cast.post(first))
        text = page.get(f"/inbox/unanswered/{ticket.pk}/").content.decode()
        assert f'value="{second.pk}"' in text
        assert (
            (words in text) if words else ("disabled" not in text.split("data-from")[1].split("</select>")[0])
        )
        sent = {"text": "Hi!", "visibility": "public", "from": second.pk}
        assert page.post(f"/tickets/{ticket.pk}/messages/", sent).status_code == (422 if words else 200)
    assert Message.objects.get(text="Hi!").account.name == "Help on bluesky"


def test_nothing_of_many_is_anybody_elses(page: Client, ana: User, ivo: User, lea: Ticket) -> None:
    sweep = verbs.sweep(ivo, "priority", "4", [lea.pk])
    assert page.get(f"/sweeps/{sweep.pk}/").status_code == 404
    assert page.post(f"/sweeps/{sweep.pk}/undo/").status_code == 404
    assert page.post("/sweeps/", {"deed": "fly", "numbers": lea.pk}).status_code == 422


@pytest.mark.parametrize("way", ["team", "assignee"])
def test_handing_it_over_out_of_ones_own_sight(
    page: Client, ana: User, ivo: User, lea: Ticket, way: str
) -> None:
    returns, repairs = Team.objects.create(name="Returns"), Team.objects.create(name="Repairs")
    ana.grants.update(team=returns)
    given = {"team": returns, "assignee": None} if way == "team" else {"team": None, "assignee": ana}
    Ticket.objects.filter(pk=lea.pk).update(**given)
    fields = {"team": repairs.pk} if way == "team" else {"person": ivo.pk}
    here = {"referer": f"http://testserver/inbox/mine/{lea.pk}/"}
    answer = page.post(f"/tickets/{lea.pk}/{way}/", fields, headers=here)
    assert (answer.status_code, answer["HX-Redirect"], answer.content) == (204, "/inbox/mine/", b"")
    assert getattr(fresh(lea), way) == (repairs if way == "team" else ivo)
    assert f"You no longer see ticket #{lea.pk}" in page.get("/inbox/mine/").content.decode()
    assert page.post(f"/tickets/{lea.pk}/{way}/", fields).status_code == 404


def test_the_list_is_the_pages_own_or_the_first(page: Client, ana: User, ivo: User, account: Account) -> None:
    ana.grants.update(team=Team.objects.create(name="Returns"))
    for referer, expected in (
        (f"http://testserver/inbox/account/{account.pk}/{{}}/", f"/inbox/account/{account.pk}/"),
        ("http://testserver//elsewhere.example/{}/", "/"),
        ("", "/"),
    ):
        mine = cast.ticket(account, "Lea Marn", "Hello?", assignee=ana)
        came = {"referer": referer.format(mine.pk)}
        answer = page.post(f"/tickets/{mine.pk}/assignee/", {"person": ivo.pk}, headers=came)
        assert answer["HX-Redirect"] == expected


def test_the_list_comes_though_the_open_ticket_went_out_of_sight(
    page: Client, ana: User, ivo: User, account: Account
) -> None:
    ana.grants.update(team=Team.objects.create(name="Returns"))
    mine = [cast.ticket(account, name, "Hello?", assignee=ana) for name in ("Lea Marn", "Omar Badr")]
    page.post("/sweeps/", {"deed": "assign", "value": ivo.pk, "numbers": mine[0].pk})
    news = page.get(f"/inbox/news/?queue=1&view=mine&ticket={mine[0].pk}")
    assert news.status_code == 200
    assert "Omar Badr" in news.content.decode()
    assert "Lea Marn" not in news.content.decode()
    assert page.get("/inbox/news/", {"ticket": mine[0].pk}).status_code == 404


def test_a_merge_is_taken_back_where_the_thread_tells_it(page: Client, account: Account) -> None:
    posts = cast.post(account), cast.post(account)
    lea, other = (cast.ticket(account, "Lea Marn", "Hello?", post=each) for each in posts)
    Ticket.objects.filter(pk=other.pk).update(identity=lea.identity, customer=lea.customer)
    here = f"/inbox/all/{lea.pk}/"
    came = {"referer": f"http://testserver{here}"}
    undo = None
    for _time in range(2):  # of the first one, taken back already, only the line is left
        answer = page.post(f"/tickets/{lea.pk}/merge/", {"from": other.pk}, headers=came)
        assert answer["HX-Redirect"] == here
        offered = re.findall(r'hx-post="([^"]+/merges/\d+/undo/)"', page.get(here).content.decode())
        assert len(offered) == 1
        assert offered[0] != undo
        undo = offered[0]
        assert page.post(undo, headers=came)["HX-Redirect"] == here
        assert fresh(other).merged_into is None
        assert "/undo/" not in page.get(here).content.decode()


def test_a_merge_keeps_the_search_one_was_in(page: Client, account: Account) -> None:
    posts = cast.post(account), cast.post(account)
    lea, other = (cast.ticket(account, "Lea Marn", "Hello?", post=each) for each in posts)
    Ticket.objects.filter(pk=other.pk).update(identity=lea.identity, customer=lea.customer)
    came = {"referer": f"http://testserver/inbox/search/{lea.pk}/?q=hello"}
    answer = page.post(f"/tickets/{lea.pk}/merge/", {"from": other.pk}, headers=came)
    assert answer["HX-Redirect"] == f"/inbox/search/{lea.pk}/?q=hello"


def test_a_number_that_leads_nowhere_is_said_so(page: Client, account: Account) -> None:
    lea = cast.ticket(account, "Lea Marn", "Hello?")
    for address in ("merge", "join"):
        answer = page.post(f"/tickets/{lea.pk}/{address}/", {"from": "#98765", "with": "#98765"})
        assert (answer.status_code, "#98765" in answer.content.decode()) == (422, True)


def test_the_same_person_is_found_by_name_or_handle_where_one_may_look(
    page: Client, account: Account, ana: User
) -> None:
    lea = cast.ticket(account, "Lea Marn", "Hello?")
    elsewhere = cast.account("telegram", "Acme chat")
    other = cast.ticket(elsewhere, "Lea Marn-Kos", "Me again")
    cast.ticket(elsewhere, "Omar Badr", "I know Lea Marn-Kos")
    Identity.objects.filter(pk=other.identity_id).update(handle="leak")
    index_everything()
    address = f"/tickets/{lea.pk}/same-person/"
    said = page.get(address, {"with": "lea mar"}).content.decode()
    assert (said.count("<li>"), f"#{other.pk}" in said) == (1, True)
    assert "Nobody else" in page.get(address, {"with": "Mina"}).content.decode()
    ana.grants.update(account=account.pk)
    assert "Nobody else" in page.get(address, {"with": "lea mar"}).content.decode()


def test_a_ticket_that_was_split_off_says_from_which_and_can_be_put_back(
    page: Client, account: Account, ana: User
) -> None:
    lea = cast.ticket(account, "Lea Marn", "Hello?")
    second = cast.said(lea, "And do you have laces?")
    address = page.post(f"/messages/{second.pk}/split/")["HX-Redirect"]
    new = Ticket.objects.get(split_from=lea)
    assert f"/{new.pk}/" in address
    told = f'<span>Split off from <a dir="ltr" href="/tickets/{lea.pk}/">#{lea.pk}</a></span>'
    assert page.get(f"/inbox/all/{new.pk}/").content.decode().count(told) == 1
    assert "Split off from <a" not in page.get(f"/inbox/all/{lea.pk}/").content.decode()
    panel = page.get(f"/tickets/{new.pk}/matters/").content.decode()
    (back,) = re.findall(r'hx-post="([^"]+/splits/\d+/undo/)"', panel)
    returns = Team.objects.create(name="Returns")
    Ticket.objects.filter(pk=new.pk).update(team=returns)
    ana.grants.update(team=returns)  # the old one is out of her sight
    panel = page.get(f"/tickets/{new.pk}/matters/").content.decode()
    assert (f"Split off from #{lea.pk}" in panel, "/undo/" in panel) == (True, False)
    refused = page.post(back)
    assert (refused.status_code, "not yours to work on" in refused.content.decode()) == (403, True)
    ana.grants.update(team=None)
    page.post(back)
    assert fresh(new).merged_into_id == lea.pk
    shown = page.get(f"/inbox/all/{lea.pk}/").content.decode()
    assert f'href="/tickets/{new.pk}/">#{new.pk}</a>' in shown  # where the thread tells of it
    assert '<section class="before">' not in shown  # not as an earlier one that was solved


def test_nothing_is_offered_that_would_change_a_ticket_of_others(
    page: Client, account: Account, ana: User
) -> None:
    """Neither in the panel nor where the thread tells of it."""
    returns, secret = Team.objects.create(name="Returns"), Team.objects.create(name="Secret")
    lea, omar = (cast.ticket(account, name, "Hello?", team=returns) for name in ("Lea Marn", "Omar Badr"))
    second = cast.said(lea, "And do you have laces?")
    page.post(f"/messages/{second.pk}/split/")
    other = cast.ticket(account, "Lea Marn", "Where is it?", team=returns, running=False)
    Ticket.objects.filter(pk=other.pk).update(identity=lea.identity, customer=lea.customer)
    page.post(f"/tickets/{lea.pk}/merge/", {"from": other.pk})
    page.post(f"/tickets/{lea.pk}/join/", {"with": f"#{omar.pk}"})
    ana.grants.update(team=returns)

    def offered(address: str) -> int:
        return len(set(re.findall(r'hx-post="([^"]+/undo/)"', page.get(address).content.decode())))

    panel, thread = f"/tickets/{lea.pk}/matters/", f"/inbox/all/{lea.pk}/"
    assert (offered(panel), offered(thread)) == (3, 3)
    for left, hidden in enumerate((Ticket.objects.get(split_from=lea), omar, other)):
        Ticket.objects.filter(pk=hidden.pk).update(team=secret)
        assert (offered(panel), offered(thread)) == (2 - left, 2 - left)


def test_who_cannot_say_that_an_identity_is_somebody_else_reads_why(
    page: Client, account: Account, ana: User
) -> None:
    returns, secret = Team.objects.create(name="Returns"), Team.objects.create(name="Secret")
    lea, omar = (cast.ticket(account, name, "Hello?", team=returns) for name in ("Lea Marn", "Omar Badr"))
    page.post(f"/tickets/{lea.pk}/join/", {"with": f"#{omar.pk}"})
    other = cast.ticket(account, "Nina Sol", "Where is it?", team=secret, running=False)
    Ticket.objects.filter(pk=other.pk).update(identity=omar.identity, customer=lea.customer)
    ana.grants.update(team=returns)
    panel = page.get(f"/tickets/{lea.pk}/matters/").content.decode()
    offered = re.findall(r'hx-post="/tickets/\d+/identities/(\d+)/part/"', panel)
    assert offered == [str(lea.identity_id)]
    assert "Some of their tickets are not yours to work on." in panel


def test_a_note_marks_whom_it_mentions(page: Client, account: Account, ana: User, ivo: User) -> None:
    lea = cast.ticket(account, "Lea Marn", "Hello?")
    User.objects.create_user("ana.o@acme.example", name="Ana O'Hara")  # two share a first name
    text = "@Ivo Horvat <b> see https://example.com/@Ivo or ask oto@ivo, not @Ivor, Jan/@ivo or @Ana"
    cast.wrote(lea, ana, f"{text}: @Ana O'Hara, @ivo@acme.example", visibility="note")
    shown = page.get(f"/inbox/all/{lea.pk}/").content.decode()
    meant = ["@Ivo Horvat", "@ivo", "@Ana O&#x27;Hara", "@ivo@acme.example"]
    assert re.findall(r'<b class="meant">(.*?)</b>', shown) == meant
    assert "&lt;b&gt;" in shown
    assert 'href="https://example.com/@Ivo"' in shown
    assert [each.name for each in mentioned("@Ana and https://example.com/@Ivo", lea, ana).told] == []


def test_a_note_marks_a_name_as_it_was_written(page: Client, account: Account, ana: User) -> None:
    lea = cast.ticket(account, "Lea Marn", "Hello?")
    User.objects.create_user("strauss@acme.example", name="Jan Strauß")
    cast.wrote(lea, ana, "ẞß https://x.example/o,@JAN STRAUSS: ask", visibility="note")
    shown = page.get(f"/inbox/all/{lea.pk}/").content.decode()
    assert re.findall(r'<b class="meant">(.*?)</b>(..)', shown) == [("@JAN STRAUSS", ": ")]
    assert 'href="https://x.example/o"' in shown


def test_customers_are_parted_where_the_thread_tells_they_were_joined(page: Client, account: Account) -> None:
    lea, omar = cast.ticket(account, "Lea Marn", "Hello?"), cast.ticket(account, "Omar Badr", "Hello?")
    page.post(f"/tickets/{lea.pk}/join/", {"with": f"#{omar.pk}"})
    assert fresh(omar).customer == fresh(lea).customer
    parts = []
    for ticket, other in ((lea, "Omar Badr"), (omar, "Lea Marn")):
        shown = page.get(f"/inbox/all/{ticket.pk}/").content.decode()
        assert f"joined this customer with <bdi>{other}</bdi>" in shown
        parts += re.findall(r'hx-post="([^"]+/joinings/\d+/undo/)"', shown)
    assert len(parts) == 2
    page.post(parts[0])
    assert fresh(omar).customer != fresh(lea).customer
    for ticket, other in ((lea, "Omar Badr"), (omar, "Lea Marn")):
        shown = page.get(f"/inbox/all/{ticket.pk}/").content.decode()
        assert "/undo/" not in shown
        assert f"parted this customer from <bdi>{other}</bdi>" in shown
