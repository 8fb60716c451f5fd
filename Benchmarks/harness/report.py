"""Tables for people, from the results that are written for programs."""

from .figures import ratio, summary


def throughput(results, base="go"):
    """Lines of a table; results: one a latency and contestant, with its trials."""
    lines = [
        f"{'API ms':>6}  {'contestant':<12} {'builds/s ÷ ' + base:>20} {'CPU ÷ ' + base:>20}   {'builds/s':>24} {'CPU ms/build':>22}"
        f" {'peak MB':>8} {'req/build':>9}"
    ]
    for result in results:
        bases = next((r for r in results if r["latencyMs"] == result["latencyMs"] and r["contestant"] == base), None)
        rates, costs = (values(result, name) for name in ("buildsPerSecond", "cpuMsPerBuild"))
        faster = cheaper = "-"
        if bases:
            faster = spread(ratio(rates, values(bases, "buildsPerSecond")), 2)
            cheaper = spread(ratio(costs, values(bases, "cpuMsPerBuild")), 2)
        lines.append(
            f"{result['latencyMs']:>6}  {result['contestant']:<12} {faster:>20} {cheaper:>20}   {spread(summary(rates), 0):>24}"
            f" {spread(summary(costs), 3):>22} {max(values(result, 'peakRSSMB')):>8.1f} {values(result, 'requestsPerBuild')[0]:>9.2f}")
    return lines


def shares(results):
    """Lines of a table: who kept the cores busy while builds were measured."""
    names = ["contestant", "broker", "simulator", "harness", "others"]
    lines = [f"{'API ms':>6}  {'contestant':<12} " + " ".join(f"{name:>10}" for name in names) + "   cores busy, medians"]
    for result in results:
        used = [trial["coresUsed"] for trial in result["trials"]]
        columns = " ".join(f"{summary([cores[name] for cores in used])['median']:>10.2f}" for name in names)
        lines.append(f"{result['latencyMs']:>6}  {result['contestant']:<12} {columns}")
    return lines


def values(result, name):
    """One figure of all trials."""
    return [trial[name] for trial in result["trials"]]


def spread(found, digits):
    """A median with its lowest and highest."""
    return f"{found['median']:.{digits}f} ({found['lowest']:.{digits}f}-{found['highest']:.{digits}f})"
