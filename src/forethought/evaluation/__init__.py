"""Measuring what was learned: divergence, suites and statistics."""
