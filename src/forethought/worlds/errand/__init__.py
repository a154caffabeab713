"""The errand world: things must be present where a service is rendered, and things move in their own ways."""

from forethought.worlds.errand.world import ErrandWorld

__all__ = ["ErrandWorld"]
