"""The laboratory: a machine that lights up by a hidden rule, which has to be found by experiments and then used."""

from forethought.worlds.lab.world import LabWorld

__all__ = ["LabWorld"]
