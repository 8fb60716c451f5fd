"""How long a build waits for its pod: from just before it is published to the pod's creation, by one machine's clock."""

from . import journal
from .figures import percentile
from .processes import Ended
from .throughput import WARM_UP
from .verdict import judge

# Of both APIs; what is said about a worker at 0 ms says little about one in a cluster.
API_LATENCY_MS = 5
# Between two builds that shall not meet: several times what one takes.
ALONE_EVERY_MS = 60
LOAD = 0.8
LOAD_SECONDS = 10


def alone(stage, contestant, builds):
    """One build at a time. Raises Ended when too many of them met after all."""
    trial, moments, noted = _paced(stage, contestant, builds, "--every", f"{ALONE_EVERY_MS}ms")
    ids = sorted(moments)
    met = sum(1 for earlier, later in zip(ids, ids[1:]) if noted[earlier] + API_LATENCY_MS * 1000 > moments[later])
    if met > len(ids) / 20:
        raise Ended(f"{met} of {len(ids)} builds of {contestant.name} met another: they were not one at a time")
    return trial


def loaded(stage, contestant, builds_per_second, most):
    """At 80 % of what the contestant can do, arriving at random."""
    rate = LOAD * builds_per_second
    trial, _, _ = _paced(stage, contestant, max(50, min(most, round(rate * LOAD_SECONDS))), "--rate", rate)
    return {"offeredPerSecond": rate, **trial}


def _paced(stage, contestant, builds, *pace):
    path = f"{stage.directory}/journal.jsonl"
    stage.open_simulator(journal=path)
    stage.clear(API_LATENCY_MS)
    process = contestant.start(stage)
    try:
        stage.publish(WARM_UP)
        stage.await_puts(WARM_UP, process, 60)
        published = stage.publish(builds, *pace)
        stage.await_puts(WARM_UP + builds, process, 60 + builds / 2)
        process.stop()
    finally:
        process.kill()
    counts = stage.counts()  # this has the journal written, too
    judge(contestant.name, WARM_UP + builds, counts, stage.depths())
    moments = {published["first"] + index: moment for index, moment in enumerate(published["moments"])}
    created = journal.pods_created(path)
    waits = [(created[build] - moment) / 1000 for build, moment in moments.items()]
    return {"p50Ms": percentile(waits, 0.5), "p99Ms": percentile(waits, 0.99)}, moments, journal.notes(path)
