"""The cliff world: ledges with gaps, ropes, ice, wind, bridges and fog, where a wrong step is a fall."""

from forethought.worlds.cliff.world import CliffWorld

__all__ = ["CliffWorld"]
