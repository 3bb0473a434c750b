"""Many tickets at once, made inside the database."""

from __future__ import annotations

from typing import Any

from django.db import connection

_STEPS = (
    """INSERT INTO inbox_customer (name, created_at)
       SELECT 'Customer ' || n, now() FROM generate_series(1, %(people)s) n""",
    """INSERT INTO inbox_identity (account_id, customer_id, external_id, name, handle, avatar_url, language,
           reachable, private_id)
       SELECT %(account)s, id, 'many-' || id, name, '', '', '', true, '' FROM inbox_customer
       WHERE name LIKE 'Customer %%'""",
    """INSERT INTO inbox_post (account_id, external_id, author_name, author_external_id, text, picture_url,
           picture, permalink, removed, refs)
       SELECT %(account)s, 'post-' || n, 'Acme', 'many', 'The boot is back in size ' || n, '', '', '',
           false, '{}' FROM generate_series(1, 2000) n""",
    """INSERT INTO inbox_ticket (account_id, identity_id, customer_id, post_id, kind, status, running,
           unanswered, subject, opened_at, last_at, last_text, last_direction, last_author, took_private)
       SELECT i.account_id, i.id, i.customer_id, p.id, 'public',
           CASE WHEN i.id %% 2 = 0 THEN 'open' ELSE 'solved' END, true, i.id %% 10 = 0,
           'Broken zip ' || i.id, now() - i.id * interval '17 seconds', now() - i.id * interval '13 seconds',
           'The left boot came with a broken zip and nobody answers. Order ' || i.id, 'in', '', false
       FROM inbox_identity i JOIN LATERAL (
           SELECT id FROM inbox_post WHERE account_id = %(account)s
               AND external_id = 'post-' || (i.id %% 2000 + 1)
       ) p ON true WHERE i.account_id = %(account)s""",
    """INSERT INTO inbox_message (account_id, ticket_id, identity_id, external_id, direction, visibility,
           kind, text, at, created_at, parent, permalink, refs, hidden, liked, reposted, state, attempts,
           reason, detail)
       SELECT t.account_id, t.id, t.identity_id, 'many-' || t.id || '-' || n,
           CASE WHEN n %% 3 = 2 THEN 'out' ELSE 'in' END, 'public', 'comment',
           'Message ' || n || ' of ticket ' || t.id || ': where is my parcel?',
           t.last_at - (5 - n) * interval '3 minutes', now(), '', '', '{}', false, false, false,
           CASE WHEN n %% 3 = 2 THEN 'sent' ELSE 'received' END, 0, '', ''
       FROM inbox_ticket t, generate_series(1, 5) n WHERE t.account_id = %(account)s""",
    "ANALYZE",
)


def many_tickets(account: Any, count: int) -> None:
    """Give an account this many tickets of five messages each."""
    with connection.cursor() as cursor:
        for step in _STEPS:
            cursor.execute(step, {"account": account.pk, "people": count})
