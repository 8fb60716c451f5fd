"""Builds a second, and what one costs, at a given latency of the API server and the build API."""

import os
import time

from .cluster import Simulated
from .processes import cpu_seconds, machine_busy_seconds, memory
from .verdict import judge

# Opens every connection, and fills every cache, before anything is measured.
WARM_UP = 40


def trial(stage, contestant, latency_ms, builds, cluster=Simulated()):
    """One measurement.

    The contestant is connected and warm, then frozen while the queue is filled, so that neither its start nor the
    publishing is in the figures. Its time runs from the moment it goes on to the last note to the build API.
    """
    stage.clear(latency_ms)
    cluster.clear()
    connections = stage.counts()["connections"]
    process = contestant.start(stage, cluster)
    try:
        stage.publish(WARM_UP)
        stage.await_puts(WARM_UP, process, 60)
        process.freeze()
        stage.publish(builds)
        before = _usage(stage, process)
        started = time.time()
        process.thaw()
        counts = stage.await_puts(WARM_UP + builds, process, 60 + builds / 2)
        after = _usage(stage, process)
        seconds = counts["lastPutMicroseconds"] / 1e6 - started
        _, peak = memory(process.pid)
        process.stop()
    finally:
        process.kill()
    counts = stage.counts()
    judge(contestant.name, WARM_UP + builds, {**counts, "podsCreated": cluster.pods_created(counts)}, stage.depths())
    used = {name: after[name] - before[name] for name in after}
    elapsed = used.pop("elapsed")
    others = used.pop("machine") - sum(used.values())
    return {
        "buildsPerSecond": builds / seconds,
        "cpuMsPerBuild": used["contestant"] * 1000 / builds,
        "peakRSSMB": peak / 1e6,
        # What keeps its connections needs as many as it makes requests at a time.
        "connections": counts["connections"] - connections,
        "requestsPerBuild": counts["requests"] / (WARM_UP + builds),
        # Of one core each: 1 is a core that is busy all the time.
        "coresUsed": {**{name: seconds_used / elapsed for name, seconds_used in used.items()}, "others": max(0.0, others / elapsed)},
    }


def _usage(stage, process):
    return {
        "elapsed": time.monotonic(),
        "machine": machine_busy_seconds(),
        "contestant": process.cpu_seconds(),
        "broker": cpu_seconds(int(stage.broker["PID"])),
        "simulator": stage.simulator.cpu_seconds(),
        "harness": cpu_seconds(os.getpid()) - process.cpu_seconds() - stage.simulator.cpu_seconds(),
    }


def capacity(stage, builds=2000, connections=20):
    """What the simulator alone can answer: requests a second, and its share of a core meanwhile."""
    stage.clear(0)
    before, started = stage.simulator.cpu_seconds(), time.monotonic()
    answer = stage.load(
        "http", "--kubernetes", stage.addresses["kubernetes"], "--api", stage.addresses["api"], "--builds", builds,
        "--connections", connections)
    elapsed = time.monotonic() - started
    used = stage.simulator.cpu_seconds() - before
    return {
        "requestsPerSecond": answer["requests"] / answer["seconds"],
        "cpuMicrosecondsPerRequest": used * 1e6 / answer["requests"],
        "cores": used / elapsed,
    }
