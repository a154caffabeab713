"""The street world: people with traits and ties, who help, refuse, flee, fight back, call a guard and forgive."""

from forethought.worlds.street.world import StreetWorld

__all__ = ["StreetWorld"]
