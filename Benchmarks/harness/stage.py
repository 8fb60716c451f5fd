"""What all contestants run against: one broker, one simulator, one program that publishes."""

import http.client
import json
import os
import subprocess
import time
import urllib.parse

from .processes import Ended, Process

NAMESPACE = "builds"
QUEUES = ["builds", "builds.retry", "builds.wait", "builds.retry.wait", "builds.retry.init", "builds.parked"]
# Timers must still be in the init queue when they are counted, and pods pending, however long a measurement takes.
INIT_TIMEOUT_MINUTES = 600
START_DELAY_MS = 3_600_000


class Stage:
    """The private broker, the simulator in front of which a contestant runs, and the load program.

    Attributes: broker (the settings of scripts/private-broker), binaries (paths by name), directory (logs and spools).
    """

    def __init__(self, broker, binaries, directory):
        self.broker, self.binaries, self.directory = broker, binaries, directory
        self.simulator = None
        self.addresses = {}
        self._control = None
        self._next_build = 1

    def environment(self):
        """The variables that every contestant gets; the peers take the worker's own."""
        return {
            "PATH": os.environ["PATH"], "HOME": self.directory, "TMPDIR": self.directory, "PYTHONPYCACHEPREFIX": self.directory,
            # Everything that scripts/bench started carries it, and ends with it.
            **{name: os.environ[name] for name in ("BUILD_WORKER_RUN",) if name in os.environ},
            "RABBITMQ_PROTOCOL": "amqp", "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": self.broker["AMQP_PORT"],
            "RABBITMQ_USERNAME": self.broker["USERNAME"], "RABBITMQ_PASSWORD": self.broker["PASSWORD"],
            "RABBITMQ_VIRTUAL_HOST": self.broker["VHOST"], "RABBITMQ_EXCHANGE": "build",
            "RABBITMQ_QUEUE": "builds", "RABBITMQ_RETRYQUEUE": "builds.retry", "RABBITMQ_RETRYQUEUE_ENABLED": "true",
            "RABBITMQ_PREFETCH_COUNT": "20", "RABBITMQ_BUILD_INIT_TIMEOUT": str(INIT_TIMEOUT_MINUTES),
            "K8S_HOST": self.addresses.get("kubernetes", ""), "K8S_TOKEN": "bench", "K8S_JOBS_NAMESPACE": NAMESPACE,
            "ECOSYSTEM_API": self.addresses.get("api", ""), "PORT": "0", "HOST": "127.0.0.1",
        }

    def declare_queues(self, extra=None):
        """The worker's own topology: quorum queues, as in production; extra: variables that name others."""
        subprocess.run(
            [self.binaries["worker"], "topology", "apply"], env={**self.environment(), **(extra or {})}, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    # --- Simulator --------------------------------------------------------------------------------

    def open_simulator(self, journal=None, arguments=(), environment=None):
        """Starts a simulator, and ends the one before. Without a journal it has less to do."""
        self.close_simulator()
        command = [self.binaries["simulator"], "--start-delay-ms", str(START_DELAY_MS), *arguments]
        if journal:
            command += ["--journal", journal]
        log = f"{self.directory}/simulator.log"
        self.simulator = Process("the simulator", command, {**os.environ, **(environment or {})}, log)
        deadline = time.monotonic() + 30
        while True:
            self.simulator.check()
            with open(log, encoding="utf-8") as file:
                first = file.readline()
            if first.endswith("\n"):
                break
            if time.monotonic() > deadline:
                raise Ended("the simulator did not say its addresses")
            time.sleep(0.02)
        self.addresses = json.loads(first)
        self._control = http.client.HTTPConnection(urllib.parse.urlsplit(self.addresses["control"]).netloc, timeout=30)

    def close_simulator(self):
        """Ends the simulator, if there is one."""
        if self.simulator:
            self._control.close()
            self.simulator.kill()
            self.simulator = None

    def control(self, method, path, body=None):
        """Asks the simulator's control port."""
        self._control.request(method, path, body=None if body is None else json.dumps(body))
        response = self._control.getresponse()
        text = response.read()
        if response.status != 200:
            raise Ended(f"the simulator answered {method} {path} with {response.status}: {text!r}")
        return json.loads(text)

    def counts(self):
        """What the simulator counted since the last clear()."""
        return self.control("GET", "/counts")

    # --- Broker -----------------------------------------------------------------------------------

    def amqp_url(self):
        """The broker's address, as the Go programs take it."""
        url = "amqp://{USERNAME}:{PASSWORD}@127.0.0.1:{AMQP_PORT}".format(**self.broker)
        return url + "/" + urllib.parse.quote(self.broker["VHOST"], safe="")

    def load(self, *arguments, environment=None):
        """Runs the load program to its end and returns its answer."""
        return self.answer_of(self.start_load(*arguments, environment=environment))

    def start_load(self, *arguments, environment=None):
        """Starts the load program; answer_of() waits for it."""
        return subprocess.Popen(
            [self.binaries["load"], *(str(argument) for argument in arguments)],
            env={**os.environ, "AMQP_URL": self.amqp_url(), **(environment or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    @staticmethod
    def answer_of(popen):
        """Waits for a load program and returns its answer. Raises Ended when it failed, or takes ten minutes."""
        try:
            output, _ = popen.communicate(timeout=600)
        except subprocess.TimeoutExpired:
            popen.kill()
            raise Ended("the load program takes longer than anything it is asked for") from None
        if popen.returncode != 0:
            raise Ended(f"the load program failed with {popen.returncode}; its words are above")
        return json.loads(output)

    def take_ids(self, count):
        """The first of as many build ids that nobody has used."""
        first = self._next_build
        self._next_build += count
        return first

    def publish(self, count, *pace):
        """Puts start messages on the build queue; the answer has the first id and the moments, if there is a pace."""
        first = self.take_ids(count)
        arguments = ["--count", count, "--first", first, "--api", self.addresses["api"], *pace]
        return {"first": first, **self.load("builds", *arguments)}

    def clear(self, latency_ms):
        """Empty queues, a simulator that knows nothing, and an API latency."""
        self.control("POST", "/reset")
        self.control("POST", "/latency", {"ms": latency_ms})
        self.load("purge", *QUEUES)

    def depths(self):
        """Ready messages by queue."""
        return self.load("depths", *QUEUES)

    def await_puts(self, count, process, limit_seconds):
        """Waits until the build API was told of so many builds. Raises Ended when that does not happen in time."""
        deadline = time.monotonic() + limit_seconds
        while True:
            counts = self.counts()
            if counts["puts"] >= count:
                return counts
            process.check()
            if time.monotonic() > deadline:
                raise Ended(f"{process.name} told the build API of {counts['puts']} of {count} builds within "
                            f"{limit_seconds:.0f} s:\n{process.tail()}")
            time.sleep(0.02)
