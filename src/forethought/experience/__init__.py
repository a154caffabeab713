"""The record of what happened (Parquet parts), and which of it to learn from again (balanced replay)."""

from __future__ import annotations

from forethought.experience.replay import Replay, SituationClass, kind_of, situation_class
from forethought.experience.store import ExperienceStore, storable

__all__ = ["ExperienceStore", "Replay", "SituationClass", "kind_of", "situation_class", "storable"]
