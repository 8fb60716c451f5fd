"""Who takes part."""

import os
import shutil

from .cluster import Simulated
from .processes import Process

# Debian's: its packages are for this one.
PYTHON = "/usr/bin/python3"


class Contestant:
    """A program that consumes the build queue.

    Attributes: name (in tables and results), command (without the stage's environment), extra (its own variables), is_worker (whether it
    is a build of the worker, and so verifies, stops and has metrics).
    """

    def __init__(self, name, command, extra=None, is_worker=False):
        self.name, self.command, self.extra, self.is_worker = name, command, extra or {}, is_worker

    def start(self, stage, cluster=Simulated(), extra=None):
        """Runs it on a stage, with a spool of its own that is new each time; extra: variables of this run."""
        home = os.path.join(stage.directory, self.name)
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(home, mode=0o700)
        environment = {**stage.environment(), "SPOOL_DIRECTORY": home, **cluster.environment(), **self.extra, **(extra or {})}
        return Process(self.name, self.command, environment, os.path.join(stage.directory, f"{self.name}.log"))


def worker(name, binary):
    """A build of the worker, as operators run it: with its log at level info, and with the image's variable for glibc."""
    return Contestant(name, [binary, "run"], {"MALLOC_ARENA_MAX": "2"}, is_worker=True)


def everybody(binaries, looks):
    """The worker and its peers; looks: how a peer looks at a pod, by request or in the answer to its creation."""
    extra = {"PEER_LOOK": looks}
    return [
        worker("worker", binaries["worker"]),
        Contestant("go", [binaries["go"]], extra),
        Contestant("python", [PYTHON, binaries["python"]], extra),
    ]
