"""Forms that say what a verb refuses."""

from __future__ import annotations

from django import forms

from heed.accounts.refusals import CannotChange


class Refusing(forms.Form):
    def refuse(self, cannot: CannotChange) -> None:
        """Show a refusal at its field."""
        self.add_error(cannot.field if cannot.field in self.fields else None, str(cannot.sentence))
