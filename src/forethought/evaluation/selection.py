"""What picking the best would have claimed, beside what holds in situations that the choice did not see.

Whoever reports the best of several seeds, metrics or checkpoints reports luck too: the maximum of noisy numbers is
above what the same choice gives next time. Goodhart's law as Strathern (1997, European Review 5(3), 305-321) puts it:
when a measure becomes a target, it ceases to be a good measure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from forethought.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Claim:
    """What picking the best ``of`` so many would have claimed, what the same one gives in fresh situations, and the
    mean over all of them there, which is what nobody had to pick for.
    """

    what: str
    chosen: str
    of: int
    claimed: float
    held: float
    mean: float

    @property
    def words(self) -> str:
        """As a sentence."""
        return (
            f"{self.what}: picking the best of {self.of} ({self.chosen}) would have claimed {self.claimed:.3f}; "
            f"in fresh situations it gives {self.held:.3f}, and the mean of all is {self.mean:.3f}."
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CheckpointClaim:
    """What picking the checkpoint that is best on validation, the best ``of`` so many in each run, would have claimed,
    and what the same ones give on the test; beside both, the last ones, which nobody had to pick. Means over ``runs``.
    """

    what: str
    chosen: str
    of: int
    claimed: float
    held: float
    last_claimed: float
    last_held: float
    runs: int

    @property
    def words(self) -> str:
        """As a sentence."""
        return (
            f"{self.what}: picking the best of {self.of} ({self.chosen}) would have claimed {self.claimed:.3f}; on the "
            f"test it gives {self.held:.3f}. The last ones have {self.last_claimed:.3f} and {self.last_held:.3f}."
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return asdict(self)


def best_of(scores: Sequence[float]) -> int:
    """The index of the best score; of equal ones the last."""
    return max(range(len(scores)), key=lambda i: (scores[i], i))


def checkpoint_claim(
    what: str, scores: Sequence[Sequence[float]], best: Sequence[float], last: Sequence[float]
) -> CheckpointClaim:
    """Of several runs: the validation ``scores`` of each one's checkpoints, oldest first, and what its ``best`` one by
    these and its ``last`` one give on the test. Raises ``BadSetting`` unless all are of the same runs, at least one.
    """
    if not scores or not len(scores) == len(best) == len(last) or not all(scores):
        raise BadSetting(
            f"{what}: got {len(scores)} runs' scores, {len(best)} best and {len(last)} last checkpoints; expected the "
            "same runs, each with a score at least"
        )
    ended = sum(best_of(of_run) == len(of_run) - 1 for of_run in scores)
    return CheckpointClaim(
        what, f"the last one in {ended} of {len(scores)} runs", max(map(len, scores)), fmean(map(max, scores)),
        fmean(best), fmean(of_run[-1] for of_run in scores), fmean(last), len(scores),
    )  # fmt: skip


def claim(what: str, chosen_on: Mapping[str, Sequence[float]], measured_on: Mapping[str, Sequence[float]]) -> Claim:
    """Picks the name with the best mean of ``chosen_on``; ``measured_on`` holds what the choice did not see.

    Raises ``BadSetting`` unless both are of the same names, at least one.
    """
    if not chosen_on or set(chosen_on) != set(measured_on):
        raise BadSetting(
            f"got {sorted(chosen_on)} to choose from and {sorted(measured_on)} measured; expected the same"
        )
    best = max(chosen_on, key=lambda name: fmean(chosen_on[name]))
    mean = fmean(fmean(values) for values in measured_on.values())
    return Claim(what, best, len(chosen_on), fmean(chosen_on[best]), fmean(measured_on[best]), mean)
