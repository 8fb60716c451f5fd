"""Consume and ack, and nothing else: what the driver costs."""

import json
import subprocess

from .contestants import PYTHON
from .processes import Ended

QUEUE = "bench.settle"
BYTES = 1024


class Settler:
    """A program that consumes and acks. Attributes: name, command, share (of the messages; less where it is slow)."""

    def __init__(self, name, command, share=1.0):
        self.name, self.command, self.share = name, command, share


def settlers(binaries):
    """The library that the worker uses, and those that its peers use."""
    return [
        Settler("worker", [binaries["settle"]]),
        Settler("go", [binaries["load"], "settle"]),
        Settler("python", [PYTHON, binaries["settle.py"]], share=0.1),
    ]


def trial(stage, settler, messages):
    """Messages a second, and processor time of each, of a classic queue: a quorum queue's own work would level all."""
    count = round(messages * settler.share)
    stage.load("fill", "--queue", QUEUE, "--count", count, "--bytes", BYTES)
    environment = {**stage.environment(), "AMQP_URL": stage.amqp_url()}
    done = subprocess.run(
        [*settler.command, "--queue", QUEUE, "--count", str(count), "--prefetch", "20"], env=environment, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise Ended(f"{settler.name} failed to settle {count} messages: {done.returncode}")
    answer = json.loads(done.stdout)
    left = stage.load("depths", QUEUE)[QUEUE]
    if answer["messages"] != count or left != 0:
        raise Ended(f"{settler.name} settled {answer['messages']} of {count} messages, and {left} are left in the queue")
    return {"messagesPerSecond": count / answer["seconds"], "cpuMicrosecondsPerMessage": answer["cpuSeconds"] * 1e6 / count}
