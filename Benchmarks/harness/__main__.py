"""python3 -m harness, with the surroundings that scripts/bench prepares in its variables."""

import json
import os
import platform
import subprocess
import sys
import time

from . import contestants, fleet, guard, options, report, verdict
from .plan import Plan
from .processes import Ended
from .report import say
from .stage import Stage
from .verdict import LessWork


def main():
    """Measures what is asked for, prints it and writes it down."""
    asked = options.parse()
    binaries = _binaries()
    stage = Stage(
        broker={name: os.environ[f"BENCH_{name}"] for name in ("AMQP_PORT", "USERNAME", "PASSWORD", "VHOST", "PID")},
        binaries=binaries, directory=os.environ["BENCH_DIRECTORY"])
    chosen = [one for one in contestants.everybody(binaries, asked.peer_look) if one.name in asked.only]
    chosen += [contestants.worker(name, os.path.abspath(path)) for name, path in asked.binary]
    plan = Plan(stage, chosen, asked)
    try:
        recorded = _record() if asked.quick else None
        plan.run()
        losses = _losses(plan, recorded) if recorded else []
        growth = _growth(plan)
    except (LessWork, Ended, ValueError, OSError, subprocess.CalledProcessError) as problem:
        fail(problem)
    finally:
        stage.close_simulator()
    _write({"format": 1, "run": _run(asked), **plan.results}, asked)
    if losses:
        fail(f"slower than on record ({os.environ['BENCH_RESULTS']}): {'; '.join(losses)}")
    if growth:
        fail(f"not flat (more than {verdict.FLAT} times): {'; '.join(growth)}")


def _write(results, asked):
    """A whole run is the one on record, and its tables are the page's."""
    is_record = options.is_whole(asked) and not asked.output
    output = os.environ["BENCH_RESULTS"] if is_record else asked.output or os.environ["BENCH_PARTIAL_RESULTS"]
    with open(output, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1, ensure_ascii=False)
        file.write("\n")
    say(f"results: {output}")
    if is_record:
        report.write_into(os.environ["BENCH_PAGE"], results)


def fail(problem):
    """Says why, and ends the program."""
    say(f"FAILED: {problem}")
    sys.exit(1)


def _record():
    """The results that the guard compares with."""
    path = os.environ["BENCH_RESULTS"]
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise ValueError(f"there is no {path} to compare with: record one with scripts/bench first") from None


def _losses(plan, recorded):
    """What has become slower. Seen once, it is measured once more: the machine may have been busy with something else."""
    losses = guard.losses(plan.results, recorded)
    if losses:
        say(f"once more, since it seems slower than on record: {'; '.join(losses)}")
        plan.run()
        losses = guard.losses(plan.results, recorded)
    for name, value in guard.ratios(plan.results).items():
        say(f"{name}: {value:.2f} of the Go peer's, on record {guard.ratios(recorded).get(name, float('nan')):.2f}")
    return losses


def _growth(plan):
    """What costs an API server more among many pods. Seen once, it is measured once more: a garbage collection may have come or not."""
    def found():
        # Those who ask by label are there to be compared with.
        return verdict.growth([one for one in plan.results.get("fleet", []) if one["contestant"] != fleet.BY_LABEL])
    growth = found()
    if growth:
        say(f"once more, since it seems not to be flat: {'; '.join(growth)}")
        plan.fleet()
        growth = found()
    return growth


def _binaries():
    swift, go, scripts = (os.environ[name] for name in ("BENCH_BINARIES", "BENCH_GO_BINARIES", "BENCH_PEERS"))
    return {
        "worker": f"{swift}/worker", "simulator": f"{swift}/cluster-simulator", "settle": f"{swift}/settle",
        "load": f"{go}/load", "go": f"{go}/peer-go", "python": f"{scripts}/python/peer.py", "settle.py": f"{scripts}/python/settle.py",
    }


def _run(asked):
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), platform.machine())
    try:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True).stdout.strip()
    except FileNotFoundError:  # a copy of the sources, on a machine without git
        commit = ""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "commit": commit,
        "machine": {"processor": model, "cores": os.cpu_count(), "kernel": platform.release()},
        "options": {name: value for name, value in vars(asked).items() if name != "output"},
    }


if __name__ == "__main__":
    main()
