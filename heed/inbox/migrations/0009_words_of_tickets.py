"""Words of tickets to search in, and the list of what is to be read for them.

Triggers append to the list, a job takes it from there. What was there before is only put on the list:
that takes a second or two for a million tickets, and the job reads it when nothing newer waits.
"""

import django.contrib.postgres.indexes
import django.db.models.deletion
import heed.inbox.models.words
from django.db import migrations, models

FORWARD = """
CREATE FUNCTION inbox_words_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_wordstowrite (ticket_id, message) SELECT ticket_id, id FROM new_rows;
    RETURN NULL;
END $$;
CREATE TRIGGER words_insert AFTER INSERT ON inbox_message
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION inbox_words_of_new();

CREATE FUNCTION inbox_words_of_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_wordstowrite (ticket_id)
    SELECT DISTINCT unnest(ARRAY[OLD.ticket_id, NEW.ticket_id]);
    RETURN NULL;
END $$;
CREATE TRIGGER words_update AFTER UPDATE OF text, removed_at, ticket_id, visibility ON inbox_message
    FOR EACH ROW WHEN (
        (OLD.text, OLD.removed_at IS NULL, OLD.ticket_id, OLD.visibility)
        IS DISTINCT FROM (NEW.text, NEW.removed_at IS NULL, NEW.ticket_id, NEW.visibility)
    ) EXECUTE FUNCTION inbox_words_of_message();

CREATE FUNCTION inbox_words_of_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_wordstowrite (ticket_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER words_update AFTER UPDATE OF subject, tags, identity_id, customer_id ON inbox_ticket
    FOR EACH ROW WHEN (
        (OLD.subject, OLD.tags, OLD.identity_id, OLD.customer_id)
        IS DISTINCT FROM (NEW.subject, NEW.tags, NEW.identity_id, NEW.customer_id)
    ) EXECUTE FUNCTION inbox_words_of_ticket();

CREATE FUNCTION inbox_words_of_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_wordstowrite (ticket_id) SELECT id FROM inbox_ticket WHERE identity_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER words_update AFTER UPDATE OF name, handle ON inbox_identity
    FOR EACH ROW WHEN ((OLD.name, OLD.handle) IS DISTINCT FROM (NEW.name, NEW.handle))
    EXECUTE FUNCTION inbox_words_of_identity();

CREATE FUNCTION inbox_words_of_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO inbox_wordstowrite (ticket_id) SELECT id FROM inbox_ticket WHERE customer_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER words_update AFTER UPDATE OF name ON inbox_customer
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION inbox_words_of_customer();

INSERT INTO inbox_wordstowrite (ticket_id, later)
SELECT id, true FROM inbox_ticket ORDER BY last_at DESC, id DESC;
"""

BACKWARD = """
DROP TRIGGER words_update ON inbox_customer;
DROP TRIGGER words_update ON inbox_identity;
DROP TRIGGER words_update ON inbox_ticket;
DROP TRIGGER words_update ON inbox_message;
DROP TRIGGER words_insert ON inbox_message;
DROP FUNCTION inbox_words_of_customer();
DROP FUNCTION inbox_words_of_identity();
DROP FUNCTION inbox_words_of_ticket();
DROP FUNCTION inbox_words_of_message();
DROP FUNCTION inbox_words_of_new();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0008_sweeps_and_follow_up_questions'),
    ]

    operations = [
        migrations.CreateModel(
            name='TicketWords',
            fields=[
                ('ticket', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, db_constraint=False, related_name='worded', serialize=False, to='inbox.ticket')),
                ('words', heed.inbox.models.words.WordsField()),
            ],
            options={
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['words'], gin_pending_list_limit=1024, name='ticket_words')],
            },
        ),
        migrations.CreateModel(
            name='WordsToWrite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.BigIntegerField(null=True)),
                ('later', models.BooleanField(db_default=False, default=False)),
                ('ticket', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, to='inbox.ticket')),
            ],
            options={
                'indexes': [models.Index(models.F('later'), models.F('id'), name='words_to_write')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
