"""Suites and statistics: how well consequences are foreseen, and what comes of acting on it.

- ``evaluate(model, worlds=("errand",), level=1, split="test", axes=None, n=200, seed=0, arm="", progress=None,
  parts=PARTS) -> list[Record]``: foresight, probes and imagined horizon, beside the best blind answer
- ``act(model, worlds=("errand",), level=1, split="test", axes=None, n=100, seed=0, planner=None, arm="",
  progress=None) -> list[Record]``: success, harm, cost and steps when acting, sealed
- ``car_wash_and_letter(model, level=1) -> list[Choice]`` and
  ``worked_examples(model, world="errand", level=1, split="test", axis="", n=6) -> list[Example]``: for reports
- ``car_wash_pairs(model, n=200, split="test", level=1, seed=0, arm="") -> list[Record]``
- ``pool(records) -> list[Record]`` over seeds; ``save_results(path, records, command, extra=None)`` and
  ``load_results(path) -> list[Record]``
- ``METRICS`` says what each metric means and whether more of it is better
"""
