"""The town's custom, a demonstrator: near = walk, far = drive, otherwise as the thing must be moved."""

from __future__ import annotations

from forethought.worlds.errand import town
from forethought.worlds.errand.law import comes_along
from forethought.worlds.errand.state import HOME, Errand, State
from forethought.worlds.errand.town import Place


def custom(state: State) -> str:
    """What the town's people would do next; right for most errands, and confounded with the distance."""
    open_errands = [errand for errand in state.errands if errand not in state.done]
    thing, done = next((errand for errand in open_errands if _is_open(state, errand)), open_errands[0])
    place = _place_of(state, done)
    if not _is_open(state, (thing, done)):
        return "wait"
    if town.MANNER_OF[thing] == "fixed":
        return f"ask for the {thing} to be {done} at home"
    spot, goal = dict(state.where)[thing], f"the {place.name}"
    if state.you == goal == spot:
        return f"ask for the {thing} to be {done}"
    if state.you != HOME:
        return f"{_way_home(state)} home"
    if spot != HOME:
        return f"walk to {spot}"
    return f"{_way_out(state, thing, place)} to {goal}"


def _place_of(state: State, done: str) -> Place:
    place = state.place(town.SERVICES[done])
    assert place is not None, "every errand has its place"
    return place


def _is_open(state: State, errand: Errand) -> bool:
    return state.part < 0 or town.DAY[state.part] in _place_of(state, errand[1]).hours


def _way_out(state: State, thing: str, place: Place) -> str:
    manner = town.MANNER_OF[thing]
    if manner == "driven":
        return f"drive the {thing}"
    if manner == "ridden":
        return f"ride the {thing}"
    if manner in ("led", "pushed"):
        return "walk"
    if manner == "hauled":
        return "hire movers"
    near = place.feet <= town.NEAR[-1] or state.burn_no_fuel
    hurry = state.minutes_left >= 0 and town.minutes_on_foot(place.feet) > state.minutes_left
    return "drive the car" if (not near or hurry) and ("car", HOME) in state.where else "walk"


def _way_home(state: State) -> str:
    """The way that takes along most of what still needs something done; by what you came with if all are equal."""
    here = [thing for thing, spot in state.where if spot == state.you]
    needed = [t for t in here if any(t == thing and (t, done) not in state.done for thing, done in state.errands)]
    ways = [("drive", t) for t in here if town.MANNER_OF[t] == "driven"]
    ways += [("ride", t) for t in here if town.MANNER_OF[t] == "ridden"]
    ways += [("walk", ""), ("hire", "")]
    mode, vehicle = max(ways, key=lambda way: sum(t == way[1] or comes_along(t, way[0]) for t in needed))
    return "hire movers" if mode == "hire" else f"{mode} the {vehicle}" if vehicle else "walk"
