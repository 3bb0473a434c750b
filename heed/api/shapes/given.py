"""What all that comes in has in common, and the words it may use."""

from __future__ import annotations

from typing import Annotated, Literal

from ninja import Schema
from pydantic import AfterValidator, ConfigDict

from heed.lib.text import clean

Text = Annotated[str, AfterValidator(clean)]
View = Literal["mine", "unanswered", "overdue", "mentions", "unassigned", "open", "snoozed", "spam", "all"]
Status = Literal["new", "open", "pending", "hold", "solved"]
Priority = Literal["low", "normal", "high", "urgent"]
DeliveryState = Literal["pending", "done", "set_aside", "not_understood"]


class Given(Schema):
    """Something sent to us. A misspelt field is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")
