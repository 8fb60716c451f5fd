"""How soon a contestant is at work, and what it costs while there is none."""

import time

from . import journal
from .processes import memory
from .verdict import judge


def start(stage, contestant):
    """From the start of the program to the first pod, with one build waiting: consuming begins a little earlier."""
    path = f"{stage.directory}/journal.jsonl"
    stage.open_simulator(journal=path)
    stage.clear(0)
    build = stage.publish(1)["first"]
    started = time.time()
    process = contestant.start(stage)
    try:
        stage.await_puts(1, process, 60)
        process.stop()
    finally:
        process.kill()
    judge(contestant.name, 1, stage.counts(), stage.depths())
    return {"startToPodMs": (journal.pods_created(path)[build] / 1e6 - started) * 1000}


def rest(stage, contestant, seconds):
    """Memory and processor time with an empty queue, after one build and a moment to come to rest."""
    stage.clear(0)
    process = contestant.start(stage)
    try:
        stage.publish(1)
        stage.await_puts(1, process, 60)
        time.sleep(2)
        used, since = process.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        process.check()
        share = (process.cpu_seconds() - used) / (time.monotonic() - since)
        resident, _ = memory(process.pid)
        process.stop()
    finally:
        process.kill()
    return {"idleRSSMB": resident / 1e6, "idleCPUPercent": share * 100}
