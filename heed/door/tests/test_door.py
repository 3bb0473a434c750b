"""What the door lets in, and that it writes before it answers."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from django.conf import settings
from django.db import connection

from heed.channels import doorstep
from heed.channels.models import Account
from heed.door import ledger
from heed.door.accounts import Accounts, Known
from heed.door.app import Door
from heed.door.line import Line
from heed.inbox.models import Delivery, Heartbeat
from heed.lib import clock, live
from heed.lib.crypto import hmac_sha256_hex, key_ring
from heed.lib.postgres import conninfo

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "44b935abea139fd6-53fa53b32559c4a6-12dbd3d883b06835"
BODY = b'{"event":"message","text":"caf\xc3\xa9 \\/ \\u00e9"}'


@pytest.fixture
def account() -> Account:
    account = Account(network="viber", name="Acme", base_url="http://127.0.0.1:1", external_id="pa")
    account.credentials = {"auth_token": SECRET}
    account.save()
    return account


def at_the_door(visit: Callable[[httpx.AsyncClient, Door], Awaitable[Any]]) -> Any:
    """Run a visit against a door of its own."""

    async def run() -> Any:
        database = conninfo(connection.settings_dict)
        ring = key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS)
        door = Door(database, ring, live.News(database))
        transport = httpx.ASGITransport(app=door)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            try:
                return await visit(client, door)
            finally:
                await door.stop()

    return asyncio.run(run())


def signed(body: bytes) -> dict[str, str]:
    return {"x-viber-content-signature": hmac_sha256_hex(SECRET, body)}


def test_a_signed_body_is_kept_byte_for_byte(account: Account) -> None:
    path = f"/hooks/{account.hook_token}"
    answer = at_the_door(lambda client, door: client.post(path, content=BODY, headers=signed(BODY)))
    assert answer.status_code == 200
    kept = Delivery.objects.get()
    assert (bytes(kept.body), kept.state, kept.account) == (BODY, "pending", account)


@pytest.mark.parametrize("headers", [{}, {"x-viber-content-signature": "00" * 32}])
def test_a_wrong_signature_is_refused_and_counted(account: Account, headers: dict[str, str]) -> None:
    path = f"/hooks/{account.hook_token}"
    answer = at_the_door(lambda client, door: client.post(path, content=BODY, headers=headers))
    assert answer.status_code == 403
    account.refresh_from_db()
    assert (account.refused, Delivery.objects.count()) == (1, 0)


@pytest.mark.parametrize("token", ["x" * 32, "nobody", "", "%00", "a%00" * 8, "č" * 20, "x" * 65])
def test_an_unknown_address_is_nobodys(token: str) -> None:
    assert at_the_door(lambda client, door: client.post(f"/hooks/{token}", content=BODY)).status_code == 404


def test_it_proves_to_heed_itself_that_it_is_ours() -> None:
    ring = key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS)
    word = "a-word-nobody-knew-before"
    answer = at_the_door(lambda client, door: client.get(f"/hooks/here/{word}"))
    assert answer.status_code == 200
    assert doorstep.proves(ring, word, answer.content)
    assert not doorstep.proves(ring, word.upper(), answer.content)


@pytest.mark.parametrize("word", ["", "short", "x" * 65, "a/" * 12, "č" * 20])
def test_it_proves_nothing_to_what_is_no_word(word: str) -> None:
    assert at_the_door(lambda client, door: client.get(f"/hooks/here/{word}")).status_code == 404


def test_what_cannot_be_an_address_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Line] = []
    held = Line.held

    def counted(line: Line) -> Any:
        asked.append(line)
        return held(line)

    monkeypatch.setattr(Line, "held", counted)
    at_the_door(lambda client, door: client.post("/hooks/no~body~no~body~no~body", content=BODY))
    assert not asked


def test_who_was_refused_is_counted_also_when_that_cannot_be_written_at_once(account: Account) -> None:
    path = f"/hooks/{account.hook_token}"

    async def visit(client: httpx.AsyncClient, door: Door) -> None:
        await client.post(path, content=BODY)
        kept = door._running()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kept, "_line", Line("host=/nowhere"))
            with pytest.raises(psycopg.Error):
                await kept._flush_refused()
        await client.post(path, content=BODY)

    at_the_door(visit)
    account.refresh_from_db()
    assert account.refused == 2


def test_a_body_over_the_limit_is_refused(account: Account) -> None:
    path = f"/hooks/{account.hook_token}"
    body = b"x" * (account.adapter.body_limit + 1)
    answer = at_the_door(lambda client, door: client.post(path, content=body, headers=signed(body)))
    assert answer.status_code == 413

    async def in_pieces() -> Any:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    answer = at_the_door(lambda client, door: client.post(path, content=in_pieces(), headers=signed(body)))
    assert answer.status_code == 413
    assert Delivery.objects.count() == 0


def test_many_at_once_share_a_write(account: Account) -> None:
    path = f"/hooks/{account.hook_token}"

    async def visit(client: httpx.AsyncClient, door: Door) -> list[int]:
        calls = [client.post(path, content=BODY, headers=signed(BODY)) for _ in range(40)]
        return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert at_the_door(visit) == [200] * 40
    assert Delivery.objects.count() == 40


def test_without_a_ledger_nothing_is_acknowledged(account: Account) -> None:
    path = f"/hooks/{account.hook_token}"

    async def visit(client: httpx.AsyncClient, door: Door) -> int:
        await client.post(path, content=BODY, headers=signed(BODY))
        line = door._running()._line
        line._conninfo = "host=/nowhere"
        await line.close()
        return (await client.post(path, content=BODY, headers=signed(BODY))).status_code

    assert at_the_door(visit) == 503
    assert Delivery.objects.count() == 1


def test_a_database_that_hangs_is_said(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it without end; and what was not begun by then is not written later."""
    path = f"/hooks/{account.hook_token}"

    async def visit(client: httpx.AsyncClient, door: Door) -> int:
        await client.post(path, content=BODY, headers=signed(BODY))
        running = door._running()
        async with running._line.held():
            monkeypatch.setattr(ledger, "_PATIENCE", 0.01)
            answers = [await client.post(path, content=BODY, headers=signed(BODY)) for _ in range(2)]
            assert [answer.status_code for answer in answers] == [503, 503]
            assert not running._waiting
            monkeypatch.setattr(ledger, "_PATIENCE", 60)
        return (await client.post(path, content=BODY, headers=signed(BODY))).status_code

    monkeypatch.setattr(Accounts, "forget", lambda _: None)
    assert at_the_door(visit) == 200
    assert Delivery.objects.count() == 3  # one was being written while it was given up


def test_who_waits_when_the_door_shuts_is_told(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/hooks/{account.hook_token}"

    async def visit(client: httpx.AsyncClient, door: Door) -> list[int]:
        await client.post(path, content=BODY, headers=signed(BODY))
        running = door._running()
        append, begun = running.append, []

        async def counted(*delivery: Any) -> None:
            begun.append(delivery)
            await append(*delivery)

        monkeypatch.setattr(running, "append", counted)
        async with running._line.held():
            post = functools.partial(client.post, path, content=BODY, headers=signed(BODY))
            calls = [asyncio.create_task(post())]
            while not begun or running._waiting:  # until it is being written
                await asyncio.sleep(0.01)
            calls.append(asyncio.create_task(post()))
            while len(begun) < 2:
                await asyncio.sleep(0.01)
            ends = asyncio.create_task(running.stop())
            answers = await asyncio.wait_for(asyncio.gather(*calls), 120)
        await ends
        late = await post()
        return [answer.status_code for answer in [*answers, late]]

    assert at_the_door(visit) == [503, 503, 503]
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("error", [RuntimeError("nobody thought of this"), psycopg.OperationalError("gone")])
def test_counting_and_the_beat_go_on_whatever_goes_wrong(
    account: Account, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(ledger, "BEAT_EVERY", 0.01)
    monkeypatch.setattr(ledger, "_COUNT_EVERY", 0.01)
    tried: Counter[str] = Counter()

    class Broken:
        async def close(self) -> None: ...

        def held(self) -> Any:
            tried["beat"] += 1
            raise error

    async def flush() -> None:
        tried["count"] += 1
        raise error

    async def visit(client: httpx.AsyncClient, door: Door) -> None:
        running = door._running()
        monkeypatch.setattr(running, "_line", Broken())
        with monkeypatch.context() as patch:
            patch.setattr(running, "_flush_refused", flush)
            for _ in range(500):
                if min(tried["beat"], tried["count"]) > 2:
                    return
                await asyncio.sleep(0.02)

    at_the_door(visit)
    assert min(tried["beat"], tried["count"]) > 2


def test_one_failed_write_is_not_the_end(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/hooks/{account.hook_token}"

    async def visit(client: httpx.AsyncClient, door: Door) -> list[int]:
        held = Line.held
        monkeypatch.setattr(Line, "held", broken)
        door._accounts._known.update(found)
        first = await asyncio.wait_for(client.post(path, content=BODY, headers=signed(BODY)), 120)
        monkeypatch.setattr(Line, "held", held)
        second = await asyncio.wait_for(client.post(path, content=BODY, headers=signed(BODY)), 120)
        return [first.status_code, second.status_code]

    def broken(self: Line) -> Any:
        raise RuntimeError("nobody thought of this")

    async def look(client: httpx.AsyncClient, door: Door) -> dict[str, Known]:
        await door._accounts.find(account.hook_token)
        return door._accounts._known

    found = at_the_door(look)
    assert at_the_door(visit) == [503, 200]
    assert Delivery.objects.count() == 1


def test_unknown_addresses_leave_the_ledgers_connection_alone(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up that takes forever: deliveries for accounts we know are still written."""
    path = f"/hooks/{account.hook_token}"
    monkeypatch.setattr(Accounts, "forget", lambda _: None)  # as the door does once it listens, now or later

    async def visit(client: httpx.AsyncClient, door: Door) -> int:
        await client.post(path, content=BODY, headers=signed(BODY))
        async with door._accounts._line.held():
            lost = asyncio.create_task(client.post("/hooks/" + "x" * 32, content=BODY))
            await asyncio.sleep(0)
            known = await asyncio.wait_for(client.post(path, content=BODY, headers=signed(BODY)), 120)
        assert (await lost).status_code == 404
        return known.status_code

    assert at_the_door(visit) == 200
    assert Delivery.objects.count() == 2


def test_a_changed_account_is_read_anew(account: Account) -> None:
    path = f"/hooks/{account.hook_token}"

    async def visit(client: httpx.AsyncClient, door: Door) -> list[int]:
        first = await client.post(path, content=BODY, headers=signed(BODY))
        await asyncio.to_thread(change)
        for _ in range(2400):
            second = await client.post(path, content=BODY, headers=signed(BODY))
            if second.status_code != 200:
                break
            await asyncio.sleep(0.05)
        return [first.status_code, second.status_code]

    def change() -> None:
        account.credentials = {"auth_token": "another"}
        account.save()
        live.tell(["accounts"])
        connection.close()

    assert at_the_door(visit) == [200, 403]


def test_what_changes_while_it_is_looked_up_is_not_remembered(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before the change would be believed for half a minute."""
    ring = key_ring(settings.HEED_DATA, settings.HEED_SECRET_KEYS)
    accounts = Accounts(conninfo(connection.settings_dict), ring)
    opened = ring.open

    def changed_meanwhile(locked: bytes) -> Any:
        accounts.forget()
        return opened(locked)

    async def look() -> None:
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(ring, "open", changed_meanwhile)
            await accounts.find(account.hook_token)
        assert accounts._known == {}
        await accounts.find(account.hook_token)
        assert list(accounts._known) == [account.hook_token]
        await accounts.close()

    asyncio.run(look())


class TestTheBeat:
    """A door says that it is there; the first to say so after a silence notes from when it was."""

    def beat(self) -> Heartbeat:
        """A door that opens, says so once, and closes."""

        async def visit(client: httpx.AsyncClient, door: Door) -> None:
            await door.start()
            for _ in range(6000):
                if await Heartbeat.objects.filter(at__gte=began).aexists():
                    return
                await asyncio.sleep(0.02)

        began = clock.now()
        at_the_door(visit)
        return Heartbeat.objects.get()

    def test_a_first_door_missed_nothing(self) -> None:
        began = clock.now()
        door = self.beat()
        assert (door.name, door.silent_since) == ("door", None)
        assert began <= door.at <= clock.now()

    @pytest.mark.parametrize(("seconds", "missed"), [(60, False), (100, False), (121, True), (9999, True)])
    def test_after_a_pause(self, seconds: float, missed: bool) -> None:
        stopped = self.beat().at
        with clock.moved(stopped + timedelta(seconds=seconds) - clock.now()):  # however long it took to stop
            opened = self.beat()
        assert opened.silent_since == (stopped if missed else None)
        assert opened.at > stopped

    def test_two_silences_are_one_until_somebody_sees_to_it(self) -> None:
        stopped = self.beat().at
        for hours in (1, 2):
            with clock.moved(timedelta(hours=hours)):
                assert self.beat().silent_since == stopped

    def test_a_clock_that_is_behind_takes_nothing_back(self) -> None:
        with clock.moved(timedelta(hours=1)):
            ahead = self.beat().at
        at_the_door(_a_moment)
        door = Heartbeat.objects.get()
        assert (door.at, door.silent_since) == (ahead, None)

    def test_it_goes_on_while_nobody_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ledger, "BEAT_EVERY", 0.01)
        seen: set[Any] = set()

        async def visit(client: httpx.AsyncClient, door: Door) -> None:
            await door.start()
            for _ in range(6000):
                seen.update([each.at async for each in Heartbeat.objects.all()])
                if len(seen) > 2:
                    return
                await asyncio.sleep(0.02)

        at_the_door(visit)
        assert len(seen) > 2

    def test_a_ledger_that_cannot_be_written_is_a_door_that_is_shut(self) -> None:
        async def visit(client: httpx.AsyncClient, door: Door) -> None:
            door._conninfo = "host=/nowhere"
            await _a_moment(client, door)

        at_the_door(visit)
        assert not Heartbeat.objects.exists()


async def _a_moment(client: httpx.AsyncClient, door: Door) -> None:
    await door.start()
    await asyncio.sleep(0.3)
