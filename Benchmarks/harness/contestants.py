"""Who takes part."""

import os
import shutil

from .processes import Process


class Contestant:
    """A program that consumes the build queue.

    Attributes: name (in tables and results), command (without the stage's environment), extra (its own variables).
    """

    def __init__(self, name, command, extra=None):
        self.name, self.command, self.extra = name, command, extra or {}

    def start(self, stage, **extra):
        """Runs it on a stage, with a spool of its own that is new each time."""
        home = os.path.join(stage.directory, self.name)
        shutil.rmtree(home, ignore_errors=True)
        os.makedirs(home, mode=0o700)
        environment = {**stage.environment(), "SPOOL_DIRECTORY": home, **self.extra, **extra}
        return Process(self.name, self.command, environment, os.path.join(stage.directory, f"{self.name}.log"))


def worker(name, binary):
    """A build of the worker, as operators run it: with its log at level info."""
    return Contestant(name, [binary, "run"])


def peers(go, python, looks):
    """The peers; looks: request (a GET after the creation of a pod) or answer (what the creation answered)."""
    extra = {"PEER_LOOK": looks}
    return [Contestant("go", [go], extra), Contestant("python", python, extra)]
