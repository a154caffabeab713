"""Suites and statistics: how well consequences are foreseen, and what comes of acting on it.

- ``evaluate(model, worlds=("errand",), level=1, split="test", axes=None, n=200, seed=0, arm="", progress=None,
  parts=("outcomes", "probes", "horizon")) -> list[Record]``: foresight, beside the best blind answer
- ``act(model, worlds=("errand",), level=1, split="test", axes=None, n=100, seed=0, planner=None, arm="",
  progress=None) -> list[Record]``: success, harm, cost and steps when acting, sealed
- ``ask(model, worlds=("errand",), ..., n=100) -> list[Record]``: questions understood, answered rightly, declined
- ``experiment(model, worlds=("lab",), ..., n=20) -> list[Record]``: how many experiments until the rest is foreseen
- ``car_wash_and_letter(model, level=1) -> list[Choice]`` and
  ``worked_examples(model, world="errand", level=1, split="test", axis="", n=6) -> list[Example]``: for reports
- ``car_wash_pairs(model, n=200, split="test", level=1, seed=0, arm="") -> list[Record]``
- ``measure_gate(model, worlds, ..., n=1000, alphas=(0.05, 0.01)) -> (gates, records)``: whether a gate keeps its
  promise, and what it costs in success
- ``pool(records) -> list[Record]`` over seeds; ``save_results(path, records, command, extra=None)`` and
  ``load_results(path) -> list[Record]``
- ``METRICS`` and ``meaning(metric)`` say what a metric means and whether more of it is better
"""

from forethought.evaluation.acting import act
from forethought.evaluation.asking import ask
from forethought.evaluation.carwash import car_wash_pairs
from forethought.evaluation.examples import car_wash_and_letter, worked_examples
from forethought.evaluation.experiments import experiment
from forethought.evaluation.gate import ALPHAS, measure_gate
from forethought.evaluation.metrics import METRICS, Meaning, Skipped, meaning
from forethought.evaluation.results import load_results, save_results
from forethought.evaluation.statistics import BLIND, Interval, Record, bootstrap, over_seeds, pool
from forethought.evaluation.suites import evaluate
from forethought.evaluation.trials import gate_trials
from forethought.evaluation.worked import Asked, Choice, Example, Foreseen, Lived, Mark, Marked, Way

__all__ = [
    "ALPHAS",
    "BLIND",
    "METRICS",
    "Asked",
    "Choice",
    "Example",
    "Foreseen",
    "Interval",
    "Lived",
    "Mark",
    "Marked",
    "Meaning",
    "Record",
    "Skipped",
    "Way",
    "act",
    "ask",
    "bootstrap",
    "car_wash_and_letter",
    "car_wash_pairs",
    "evaluate",
    "experiment",
    "gate_trials",
    "load_results",
    "meaning",
    "measure_gate",
    "over_seeds",
    "pool",
    "save_results",
    "worked_examples",
]
