"""Planning by imagined consequences; nothing here ever holds a world."""

from forethought.planning.imagine import Option, Planner, Situation

__all__ = ["Option", "Planner", "Situation"]
