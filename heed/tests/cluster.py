"""`python -m heed.tests.cluster FOLDER`: a database server's files, with all tables and nothing in them, and
what browsers load.

Test runs side by side copy it (`HEED_TEST_CLUSTER`), instead of making all that each for itself.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg

from heed.lib.postgres import Embedded
from heed.tests.processes import FRESH, url_of


def make(folder: Path) -> None:
    """Leave the files in `folder`/postgres and `folder`/static; the server has stopped."""
    database = Embedded(folder / "postgres", forgetful=True)
    server = database.start()
    try:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {FRESH}")
        os.environ |= {"HEED_DATA": str(folder), "HEED_DATABASE_URL": url_of(server, FRESH)}
        os.environ["DJANGO_SETTINGS_MODULE"] = "heed.tests.settings"

        from django.db import connections

        from heed.setup import collect_static, migrate

        migrate()
        (folder / "static").mkdir()
        collect_static()
        connections.close_all()
    finally:
        database.stop()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
