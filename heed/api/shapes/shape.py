"""What goes out."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A part of an answer, made of plain values. Ninja's own schema looks every value up through a
    proxy for models and managers, which took a third of the time of a list."""

    model_config = ConfigDict(from_attributes=True)
