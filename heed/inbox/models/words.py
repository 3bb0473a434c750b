"""The words of tickets, beside them: a ticket changes often, its words seldom."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.sql.compiler import SQLCompiler

from heed.inbox.models.tickets import Ticket


class WordsField(models.TextField):  # type: ignore[type-arg]
    """Words and their places. They are folded by `heed.lib.tokens`, never by the database."""

    def db_type(self, connection: Any) -> str:
        return "tsvector"


@WordsField.register_lookup
class Fits(models.Lookup):
    """Whether the words fit a question, given as the text of a `tsquery`."""

    lookup_name = "fit"

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, values = self.process_lhs(compiler, connection)
        return f"{left} @@ %s::tsquery", (*values, self.rhs)


class TicketWords(models.Model):
    """All words of one ticket."""

    ticket = models.OneToOneField(
        Ticket, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="worded"
    )
    words = WordsField()

    class Meta:
        indexes: ClassVar = [GinIndex(fields=["words"], name="ticket_words", gin_pending_list_limit=1024)]


class WordsToWrite(models.Model):
    """A ticket whose words are to be written. Triggers append it, a job takes it away."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, db_constraint=False, db_index=False)
    message = models.BigIntegerField(null=True)
    """Only this message is new; without one, everything is to be read again."""
    later = models.BooleanField(default=False, db_default=False)
    """From before there were words: waits until nothing else does."""

    class Meta:
        indexes: ClassVar = [
            models.Index("later", "id", name="words_to_write"),
            models.Index("ticket", name="words_to_write_of"),
        ]
