"""Facts to learn by heart beside rules to go by: codes of people, and sums."""

from forethought.worlds.sums.world import SumsWorld

__all__ = ["SumsWorld"]
