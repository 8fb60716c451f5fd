"""Whether the worker has become slower than it is on record to be. Ratios to the Go peer only: machines differ."""

from .figures import ratio
from .report import BASE, values

# Coarse: two runs on a busy machine differ by a fifth. What is lost by accident is usually half.
TOLERANCE = 0.7

# Where in the results, and whether more is better. Not the rate of acks: on a busy machine that is the broker's.
GUARDED = [
    ("throughput", "buildsPerSecond", True), ("throughput", "cpuMsPerBuild", False), ("settle", "cpuMicrosecondsPerMessage", False)]


def ratios(results):
    """The guarded ratios that are in some results, by name."""
    found = {}
    for measure, figure, _ in GUARDED:
        for mine in results.get(measure, []):
            if mine["contestant"] != "worker":
                continue
            base = [one for one in results[measure] if one["contestant"] == BASE and one.get("latencyMs") == mine.get("latencyMs")]
            if base:
                where = f" at {mine['latencyMs']} ms" if "latencyMs" in mine else ""
                found[f"{measure}: {figure}{where}"] = ratio(values(mine, figure), values(base[0], figure))["median"]
    return found


def losses(results, recorded):
    """One sentence for each ratio that is worse than on record by more than the tolerance.

    Raises ValueError where nothing on record can be compared: a guard that guards nothing must not pass.
    """
    better_when_more = {f"{measure}: {figure}": more for measure, figure, more in GUARDED}
    now, then = ratios(results), ratios(recorded)
    comparable = [name for name in now if name in then]
    if not comparable:
        raise ValueError("nothing on record can be compared with this run: record one with scripts/bench first")
    worse = []
    for name in comparable:
        is_more_better = better_when_more[name.partition(" at ")[0]]
        change = now[name] / then[name] if is_more_better else then[name] / now[name]
        if change < TOLERANCE:
            worse.append(f"{name}: {now[name]:.2f} of the Go peer's, on record {then[name]:.2f}")
    return worse
