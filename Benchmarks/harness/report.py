"""Tables for people, from the results that are written for programs."""

import sys

from .figures import ratio, summary

# What the others are compared with.
BASE = "go"


def say(text):
    """What happens, for who watches."""
    print(f"    {text}", file=sys.stderr, flush=True)


def tables(results):
    """Every table that can be made of some results, in Markdown that is aligned for people, too."""
    found = []
    if "throughput" in results:
        found += [("Throughput, prefetch 20", throughput(results["throughput"])),
                  ("Cores that each process kept busy meanwhile (others: somebody else's work; more than 0.1 and nothing here means much)",
                   shares(results["throughput"]))]
    if "latencyAlone" in results:
        found.append(("From publish to pod, one build at a time, API latency 5 ms", waits(results["latencyAlone"])))
    if "latencyLoaded" in results:
        found.append(("From publish to pod, at 80 % of each one's own throughput, API latency 5 ms", waits(results["latencyLoaded"])))
    if "start" in results:
        found.append(("From the start of the program to the first pod, one build waiting", columns(results["start"], {"startToPodMs": ("ms", 0)})))
    if "idle" in results:
        found.append(("At rest", columns(results["idle"], {"idleRSSMB": ("MB", 1), "idleCPUPercent": ("% of a core", 3)})))
    if "settle" in results:
        found.append(("Consume and ack alone, messages of 1 KiB, prefetch 20", columns(results["settle"], {
            "messagesPerSecond": ("messages/s", 0), "cpuMicrosecondsPerMessage": ("µs CPU each", 1)}, ratios=True)))
    if "tls" in results:
        found.append(("With the build API behind TLS (HTTP/1.1), API latency 5 ms", throughput(results["tls"])))
    if "apiserver" in results:
        found.append((f"Against a real kube-apiserver {results.get('apiserverVersion', '')} with etcd (TLS, HTTP/2); "
                      "requests and connections are the build API's", throughput(results["apiserver"])))
    if results.get("fleet"):
        found += [("What a build costs the API server by the pods of other builds in its namespace: start, verify, stop", fleet(results["fleet"])),
                  ("One round of the janitor, by the pods that it looks at", sweeps(results["sweep"]))]
    if "depths" in results:
        found.append(("Cost of a build by the depth of its queue", depths(results["depths"])))
    if "soak" in results:
        found.append(("Memory over many builds", columns(results["soak"], {"growthMB": ("MB grown", 1), "peakRSSMB": ("peak MB", 1)})))
    return "\n".join(f"\n**{title}**\n\n{markdown(rows)}\n" for title, rows in found)


def markdown(rows):
    """Rows of cells, the first of them the heading, as one table."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                               for index, (cell, width) in enumerate(zip(row, widths))) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) if index == 0 else "-" * (width + 1) + ":" for index, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write_into(page, results):
    """Replaces what stands between the marks of a page by the tables of some results."""
    with open(page, encoding="utf-8") as file:
        before, begin, rest = file.read().partition("<!-- tables: scripts/bench writes them -->\n")
    _, end, after = rest.partition("<!-- end of tables -->\n")
    if not begin or not end:
        raise ValueError(f"{page} does not say where the tables go")
    run = results["run"]
    intro = (f"Medians of {run['options']['repetitions']} (lowest-highest), {run['options']['builds']} builds a trial, {run['at'][:10]}, commit "
             f"{run['commit']}, {run['machine']['cores']} cores ({run['machine']['processor']}). The simulator alone answers "
             f"{results['simulator']['requestsPerSecond']:.0f} requests a second.\n")
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + begin + intro + tables(results) + end + after)


def throughput(results):
    """Rows; results: one a latency and contestant, with its trials."""
    rows = [["contestant", "API ms", f"builds/s ÷ {BASE}", f"CPU ÷ {BASE}", "builds/s", "CPU ms/build", "peak MB", "requests/build", "connections"]]
    for result in results:
        peers = [other for other in results if other["latencyMs"] == result["latencyMs"]]
        rows.append([
            result["contestant"], str(result["latencyMs"]), compared(result, peers, "buildsPerSecond"), compared(result, peers, "cpuMsPerBuild"),
            spread(summary(values(result, "buildsPerSecond")), 0), spread(summary(values(result, "cpuMsPerBuild")), 3),
            f"{max(values(result, 'peakRSSMB')):.1f}", f"{values(result, 'requestsPerBuild')[0]:.2f}",
            str(max(values(result, "connections")))])
    return rows


def shares(results):
    """Rows: cores that each process kept busy while builds were measured."""
    names = ["contestant", "broker", "simulator", "harness", "others"]
    rows = [["contestant", "API ms", "it", *names[1:]]]
    for result in results:
        used = [trial["coresUsed"] for trial in result["trials"]]
        rows.append([result["contestant"], str(result["latencyMs"]), *(f"{summary([cores[name] for cores in used])['median']:.2f}" for name in names)])
    return rows


def waits(results):
    """Rows of times from publish to pod; compared by differences, which is what a build waits longer."""
    rows = [["contestant", f"p50 − {BASE}, ms", f"p99 − {BASE}, ms", "p50, ms", "p99, ms"]]
    base = next((result for result in results if result["contestant"] == BASE), None)
    for result in results:
        differences = []
        for name in ("p50Ms", "p99Ms"):
            pairs = zip(values(result, name), values(base, name)) if base else []
            longer = [mine - theirs for mine, theirs in pairs]
            differences.append(spread(summary(longer), 2) if longer else "-")
        rows.append([result["contestant"], *differences, *(spread(summary(values(result, name)), 2) for name in ("p50Ms", "p99Ms"))])
    return rows


def depths(results):
    """Rows; the ratio is to the same contestant at the first depth."""
    rows = [["contestant", "queued", "CPU ÷ first", "CPU ms/build", "broker's CPU ms/build"]]
    for result in results:
        first = next(one for one in results if one["contestant"] == result["contestant"])
        rows.append([
            result["contestant"], str(result["depth"]), spread(ratio(values(result, "cpuMsPerBuild"), values(first, "cpuMsPerBuild")), 2),
            *(spread(summary(values(result, name)), 3) for name in ("cpuMsPerBuild", "brokerCPUMsPerBuild"))])
    return rows


def fleet(results):
    """Rows; ratios are of medians, to the same contestant among the fewest pods and to the first contestant among as many."""
    cpu, received = "apiserverCPUMsPerBuild", "receivedBytesPerBuild"
    steps = ("start", "verify", "stop")
    rows = [["contestant", "pods", "CPU ÷ first", "bytes ÷ first", "CPU ÷ worker", "CPU ms/build", *(f"to {step}" for step in steps),
             "KB/build", "requests/build", "etcd's CPU ms/build", "CPU ms to search"]]

    def median(result, name):
        return summary(values(result, name))["median"]

    for result in results:
        first = next(one for one in results if one["contestant"] == result["contestant"])
        worker = next(one for one in results if one["pods"] == result["pods"])
        by_step = [summary([trial["steps"][step][cpu] for trial in result["trials"]])["median"] for step in steps]
        rows.append([
            result["contestant"], str(result["pods"]), f"{median(result, cpu) / median(first, cpu):.2f}",
            f"{median(result, received) / median(first, received):.2f}", f"{median(result, cpu) / median(worker, cpu):.2f}",
            spread(summary(values(result, cpu)), 2), *(f"{cost:.2f}" for cost in by_step), f"{median(result, received) / 1000:.1f}",
            f"{median(result, 'requestsPerBuild'):.2f}", f"{median(result, 'etcdCPUMsPerBuild'):.2f}",
            f"{median(result, 'searchCPUMs'):.2f}" if "searchCPUMs" in result["trials"][0] else "-"])
    return rows


def sweeps(results):
    """Rows: what one round costs the API server and the worker."""
    rows = [["contestant", "pods", "pages", "s", "API server's CPU ms", "MB of answers", "peak MB", "MB grown"]]
    for result in results:
        rows.append([
            result["contestant"], str(result["pods"]), f"{values(result, 'pages')[0]:.0f}",
            *(spread(summary(values(result, name)), digits) for name, digits in (
                ("seconds", 1), ("apiserverCPUMs", 0), ("receivedMB", 1), ("peakRSSMB", 1), ("growthMB", 1)))])
    return rows


def columns(results, wanted, ratios=False):
    """Rows with some figures of each contestant; wanted: unit and digits by name."""
    heading = [f"{unit} ÷ {BASE}" for unit, _ in wanted.values()] if ratios else []
    rows = [["contestant", *heading, *(unit for unit, _ in wanted.values())]]
    for result in results:
        first = [compared(result, results, name) for name in wanted] if ratios else []
        rows.append([result["contestant"], *first, *(spread(summary(values(result, name)), digits) for name, (_, digits) in wanted.items())])
    return rows


def compared(result, results, name):
    """A figure as a ratio to the base's."""
    base = next((other for other in results if other["contestant"] == BASE), None)
    return spread(ratio(values(result, name), values(base, name)), 2) if base else "-"


def values(result, name):
    """One figure of all trials."""
    return [trial[name] for trial in result["trials"]]


def spread(found, digits):
    """A median with its lowest and highest."""
    return f"{found['median']:.{digits}f} ({found['lowest']:.{digits}f}-{found['highest']:.{digits}f})"
