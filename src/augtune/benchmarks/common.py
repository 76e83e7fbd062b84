"""What every benchmark's settings share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A benchmark's options; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid")
