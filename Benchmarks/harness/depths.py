"""Whether a build costs the same with few and with many others waiting behind it."""

import time

from .processes import cpu_seconds
from .throughput import WARM_UP
from .verdict import LessWork

WINDOW = 2000


def trial(stage, contestant, depth):
    """Processor time of each of some builds at the head of a queue of so many, the contestant's and the broker's."""
    window = min(WINDOW, depth - WARM_UP - 100)
    stage.clear(0)
    stage.publish(depth)
    process = contestant.start(stage)
    try:
        first = stage.await_puts(WARM_UP, process, 120)["puts"]
        used, broker, started = process.cpu_seconds(), cpu_seconds(int(stage.broker["PID"])), time.monotonic()
        last = stage.await_puts(first + window, process, 120 + window / 2)["puts"]
        used, broker = process.cpu_seconds() - used, cpu_seconds(int(stage.broker["PID"])) - broker
        seconds = time.monotonic() - started
    finally:
        process.kill()
    _judge(contestant.name, stage, depth, last)
    return {
        "cpuMsPerBuild": used * 1000 / (last - first),
        "brokerCPUMsPerBuild": broker * 1000 / (last - first),
        "buildsPerSecond": (last - first) / seconds,
    }


def _judge(name, stage, depth, claimed):
    """It was killed at work, so at most the builds it had in flight differ from one count to the other."""
    depths, counts = stage.depths(), stage.counts()
    acked, in_hand = depth - depths["builds"], 20
    seen = {"pods": counts["podsCreated"], "init timers": depths["builds.retry.init"], "acks": acked + in_hand}
    less = [f"{number} {what}" for what, number in seen.items() if number < claimed]
    if less:
        raise LessWork(f"{name} told the build API of {claimed} builds, with only {' and '.join(less)}")
