"""The audit is only ever added to, and sealing a row changes nothing else of it. A table for what must
survive a restart and be the same for every process: how often somebody tried to sign in."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION audit_stands() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.seq IS NULL AND NEW.digest = '' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.seq IS NULL AND NEW.seq IS NOT NULL
       AND to_jsonb(NEW) - 'seq' - 'digest' = to_jsonb(OLD) - 'seq' - 'digest' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit is only ever added to' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_stands BEFORE INSERT OR UPDATE OR DELETE ON accounts_auditrow
    FOR EACH ROW EXECUTE FUNCTION audit_stands();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON accounts_auditrow
    FOR EACH STATEMENT EXECUTE FUNCTION audit_stands();

CREATE TABLE accounts_kept (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX accounts_kept_expires ON accounts_kept (expires);
"""

BACKWARD = """
DROP TABLE accounts_kept;
DROP TRIGGER audit_is_not_emptied ON accounts_auditrow;
DROP TRIGGER audit_stands ON accounts_auditrow;
DROP FUNCTION audit_stands();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_audit_invitations_sign_in'),
    ]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
