"""Medians, spreads and ratios."""

import statistics


def summary(values):
    """Median, lowest and highest of some numbers."""
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}


def ratio(values, others):
    """How values compare with others that were measured in turn with them: of each pair, then summed up.

    Neighbours in time share the machine's mood, so the ratio of pairs spreads less than either of the two.
    """
    return summary([value / other for value, other in zip(values, others, strict=True)])


def percentile(values, share):
    """The smallest value that at least this share (0-1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)]
