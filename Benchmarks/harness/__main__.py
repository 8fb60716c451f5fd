"""python3 -m harness, with the surroundings that scripts/bench prepares in its variables."""

import json
import os
import platform
import subprocess
import sys
import time

from . import contestants, options, report, throughput
from .processes import Ended
from .stage import Stage
from .verdict import LessWork


def main():
    """Measures what is asked for, prints it and writes it down."""
    try:
        asked = options.parser().parse_args()
    except SystemExit as exit_:  # argparse ends with 2
        sys.exit(64 if exit_.code else 0)
    stage = Stage(
        broker={name: os.environ[f"BENCH_{name}"] for name in ("AMQP_PORT", "USERNAME", "PASSWORD", "VHOST", "PID")},
        binaries={name: os.environ[f"BENCH_{name.upper()}"] for name in ("worker", "simulator", "load", "go")},
        directory=os.environ["BENCH_DIRECTORY"])
    everybody = [contestants.worker("worker", stage.binaries["worker"])]
    everybody += contestants.peers(stage.binaries["go"], [os.environ.get("BENCH_PYTHON", ""), "-m", "peer"], asked.peer_look)
    chosen = [one for one in everybody if one.name in (asked.only or options.NAMES)]
    chosen += [contestants.worker(name, os.path.abspath(path)) for name, path in asked.binary]
    results = {"format": 1, "run": _run(asked)}
    try:
        stage.open_simulator()
        stage.declare_queues()
        results["simulator"] = throughput.capacity(stage)
        say(f"the simulator alone answers {results['simulator']['requestsPerSecond']:.0f} requests a second "
            f"({results['simulator']['cpuMicrosecondsPerRequest']:.0f} µs each, {results['simulator']['cores']:.2f} of a core)")
        if "throughput" in asked.measure:
            results["throughput"] = _throughput(stage, chosen, asked)
    except (LessWork, Ended) as problem:
        say(f"FAILED: {problem}")
        sys.exit(1)
    finally:
        stage.close_simulator()
    output = asked.output or os.environ["BENCH_RESULTS" if options.is_whole(asked) else "BENCH_PARTIAL_RESULTS"]
    with open(output, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    say(f"results: {output}")


def _throughput(stage, chosen, asked):
    results = []
    for latency in asked.latency:
        trials = in_turn(
            chosen, asked.repetitions, lambda one: throughput.trial(stage, one, latency, asked.builds),
            lambda one, trial: f"{latency} ms  {one.name:<10} {trial['buildsPerSecond']:7.0f} builds/s {trial['cpuMsPerBuild']:7.3f} ms CPU each")
        results += [{"latencyMs": latency, "contestant": name, "trials": found} for name, found in trials.items()]
    print(f"\nThroughput: {asked.builds} builds a trial, prefetch 20; medians of {asked.repetitions} (lowest-highest)", flush=True)
    print("\n".join(report.throughput(results)))
    print()
    print("\n".join(report.shares(results)), flush=True)
    return results


def in_turn(chosen, repetitions, measure, describe):
    """Trials of each contestant: all once, then all again, each time another one first."""
    found = {one.name: [] for one in chosen}
    for repetition in range(repetitions):
        start = repetition % len(chosen)
        for one in chosen[start:] + chosen[:start]:
            trial = measure(one)
            found[one.name].append(trial)
            say(f"{repetition + 1}/{repetitions}  {describe(one, trial)}")
    return found


def _run(asked):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), platform.machine())
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True).stdout.strip(),
        "machine": {"processor": model, "cores": os.cpu_count(), "kernel": platform.release()},
        "options": {name: value for name, value in vars(asked).items() if name != "output"},
    }


def say(text):
    """What happens, for who watches."""
    print(f"    {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
