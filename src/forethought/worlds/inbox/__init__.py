"""The inbox world: a mailbox in which some deeds can be undone, some cannot, and some need the user's leave."""

from forethought.worlds.inbox.world import InboxWorld

__all__ = ["InboxWorld"]
