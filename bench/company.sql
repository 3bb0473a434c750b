-- A company, table by table. The parameters are psycopg's, and so a percent sign is written twice.

-- Customers
INSERT INTO inbox_customer (name, created_at)
SELECT 'Customer ' || n, now() - interval '400 days' FROM generate_series(1, %(people)s) n;

-- Identities, spread over the accounts
INSERT INTO inbox_identity (account_id, customer_id, external_id, name, handle, avatar_url, language,
    reachable, private_id)
SELECT (%(accounts)s::bigint[])[1 + (id * 31 %% 97) %% cardinality(%(accounts)s::bigint[])], id,
    'person-' || id, name, 'shopper' || id, '', '', true, '' FROM inbox_customer;

-- 200 posts an account
INSERT INTO inbox_post (account_id, external_id, author_name, author_external_id, text, picture_url,
    picture, permalink, removed, refs)
SELECT a, 'post-' || a || '-' || n, 'Acme', 'acme', 'The boot is back in size ' || n, '', '', '',
    false, '{}' FROM unnest(%(accounts)s::bigint[]) a, generate_series(1, 200) n;

-- Tickets: half of them private, one in twenty open, one in forty unanswered, one in two hundred asleep, as
-- many spam
INSERT INTO inbox_ticket (account_id, identity_id, customer_id, post_id, kind, status, running,
    unanswered, waiting_since, assignee_id, team_id, priority, tags, language, subject, opened_at,
    solved_at, last_at, last_text, last_direction, last_author, took_private, window_closes_at, due_at, due_for, spam,
    snoozed_until)
SELECT i.account_id, i.id, i.customer_id, p.id, CASE WHEN p.id IS NULL THEN 'private' ELSE 'public' END,
    CASE WHEN NOT open THEN 'solved' WHEN n %% 3 = 0 THEN 'new' WHEN n %% 7 = 0 THEN 'pending'
        ELSE 'open' END,
    n > %(n)s - %(people)s, waits, CASE WHEN waits THEN numbered.at END,
    CASE WHEN n / 20 %% 4 > 0 THEN (%(agents)s::bigint[])[1 + n / 80 %% cardinality(%(agents)s::bigint[])] END,
    CASE WHEN n / 20 %% 5 > 0 THEN (%(teams)s::bigint[])[1 + n / 7 %% cardinality(%(teams)s::bigint[])] END,
    CASE n %% 50 WHEN 1 THEN 4 WHEN 2 THEN 3 ELSE 2 END,
    CASE WHEN n %% 1000 = 3 THEN ARRAY['recall'] WHEN n %% 10 = 3 THEN ARRAY['returns'] ELSE '{}' END,
    said.lang, 'Order ' || (80000000 + n), numbered.at - interval '2 hours', CASE WHEN NOT open THEN numbered.at END, numbered.at,
    left(said.text, 180), 'in', i.name, false, CASE WHEN p.id IS NULL THEN numbered.at + interval '1 day' END,
    CASE WHEN waits AND n %% 2 = 0 THEN numbered.at + interval '4 hours' END,
    CASE WHEN waits AND n %% 2 = 0 THEN 'next_reply' ELSE '' END, n %% 200 = 7,
    CASE WHEN n %% 200 = 20 THEN now() + (1 + n %% 700) * interval '1 hour' END
FROM (SELECT n, n %% 20 = 0 AS open, n %% 40 = 0 AS waits,
          now() - (%(n)s - n) * interval '31 seconds' AS at FROM generate_series(1::bigint, %(n)s) n) numbered
JOIN inbox_identity i ON i.external_id = 'person-' || (1 + n * 7919 %% %(people)s)
LEFT JOIN inbox_post p ON n / 40 %% 2 = 0
    AND p.external_id = 'post-' || i.account_id || '-' || (1 + n %% 200) AND p.account_id = i.account_id
JOIN phrase said ON said.id = (n * 48271) %% %(phrases)s ORDER BY n;

-- Five messages a ticket
INSERT INTO inbox_message (account_id, ticket_id, identity_id, external_id, direction, visibility,
    kind, author_id, text, at, created_at, parent, permalink, refs, hidden, liked, reposted, state,
    attempts, reason, detail)
SELECT t.account_id, t.id, t.identity_id, 'm-' || t.id || '-' || k,
    CASE WHEN k %% 3 = 2 THEN 'out' ELSE 'in' END, t.kind,
    CASE WHEN t.kind = 'public' THEN 'comment' ELSE 'message' END,
    CASE WHEN k %% 3 = 2 THEN coalesce(t.assignee_id, (%(agents)s::bigint[])[1]) END,
    CASE WHEN k = 1 THEN t.subject || ' ' ELSE '' END || said.text,
    t.last_at - (%(each)s - k) * interval '3 minutes', t.last_at, '', '', '{}', false, false,
    false, CASE WHEN k %% 3 = 2 THEN 'sent' ELSE 'received' END, 0, '', ''
FROM inbox_ticket t, generate_series(1, %(each)s) k
JOIN LATERAL (SELECT text FROM phrase
              WHERE id = (t.id * 48271 + (k - %(each)s) * 7) %% %(phrases)s) said ON true;

-- One matter of 3,000 messages
INSERT INTO inbox_message (account_id, ticket_id, identity_id, external_id, direction, visibility,
    kind, text, at, created_at, parent, permalink, refs, hidden, liked, reposted, state, attempts,
    reason, detail)
SELECT t.account_id, t.id, t.identity_id, 'long-' || k, CASE WHEN k %% 3 = 2 THEN 'out' ELSE 'in' END,
    t.kind, 'message', 'Message ' || k || ' of a long matter', t.last_at - (%(long)s - k) * interval '1 minute',
    t.last_at, '', '', '{}', false, false, false, CASE WHEN k %% 3 = 2 THEN 'sent' ELSE 'received' END,
    0, '', ''
FROM (SELECT * FROM inbox_ticket ORDER BY id DESC LIMIT 1) t, generate_series(1, %(long)s) k;

-- Everybody was mentioned in one of a thousand, and has not looked where it is still open
INSERT INTO inbox_notice (user_id, kind, ticket_id, text, at, seen_at)
SELECT u.id, 'mentioned', t.id, '', t.last_at, CASE WHEN t.status = 'solved' THEN t.last_at END
FROM accounts_user u, inbox_ticket t WHERE t.id %% 1000 = 5;

-- The counters, which triggers keep otherwise
INSERT INTO inbox_tallychange (account_id, assignee_id, team_id, open, unanswered, tickets)
SELECT account_id, assignee_id, team_id, count(*) FILTER (WHERE status <> 'solved' AND snoozed_until IS NULL),
    count(*) FILTER (WHERE unanswered), count(*)
FROM inbox_ticket GROUP BY 1, 2, 3;
