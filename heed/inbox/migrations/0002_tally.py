"""Counters that are kept, not counted: statement triggers write what changed of tickets.

Three statement-level triggers see all rows of one statement at once, so a batch of five hundred
tickets appends a handful of rows.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION inbox_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, open, unanswered)
        SELECT account_id, assignee_id, sum((status <> 'solved')::int), sum(unanswered::int)
        FROM new_rows GROUP BY 1, 2
        HAVING sum((status <> 'solved')::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO inbox_tallychange (account_id, assignee_id, open, unanswered)
        SELECT o.account_id, o.assignee_id, -sum((status <> 'solved')::int), -sum(unanswered::int)
        FROM old_rows o JOIN channels_account a ON a.id = o.account_id GROUP BY 1, 2
        HAVING sum((status <> 'solved')::int) <> 0 OR sum(unanswered::int) <> 0;
    ELSE
        INSERT INTO inbox_tallychange (account_id, assignee_id, open, unanswered)
        SELECT account_id, assignee_id, sum(open), sum(unanswered) FROM (
            SELECT account_id, assignee_id, (status <> 'solved')::int AS open, unanswered::int AS unanswered
            FROM new_rows
            UNION ALL
            SELECT account_id, assignee_id, -(status <> 'solved')::int, -unanswered::int FROM old_rows
        ) AS moved GROUP BY 1, 2
        HAVING sum(open) <> 0 OR sum(unanswered) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tally_insert AFTER INSERT ON inbox_ticket
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION inbox_tally();
CREATE TRIGGER tally_update AFTER UPDATE ON inbox_ticket
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION inbox_tally();
CREATE TRIGGER tally_delete AFTER DELETE ON inbox_ticket
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION inbox_tally();
"""

BACKWARD = """
DROP TRIGGER tally_insert ON inbox_ticket;
DROP TRIGGER tally_update ON inbox_ticket;
DROP TRIGGER tally_delete ON inbox_ticket;
DROP FUNCTION inbox_tally();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
