"""What a build costs the API server when its namespace has few pods, and when it has many."""

import http.client
import json
import math
import re
import subprocess
import time
import urllib.parse
import urllib.request

from .processes import Ended, memory
from .verdict import judge_fleet, judge_sweep

# Of one trial. Fewer, and one garbage collection of the API server more or less would decide.
BUILDS = 400
# From a build's start to its verification, and from there to the next, which finds it stopped. All starts must be over before the first.
INIT_TIMEOUT_SECONDS = 12
# How long the API server is watched with nothing to do, before each trial.
IDLE_SECONDS = 5
# Of a trial's builds, those that are stopped once more when their pods are gone: the worker then looks for others by label.
SEARCHES = 50
QUEUE, RETRY_QUEUE = "fleet", "fleet.retry"
QUEUES = [QUEUE, RETRY_QUEUE, f"{QUEUE}.wait", f"{RETRY_QUEUE}.wait", f"{RETRY_QUEUE}.init", f"{QUEUE}.parked"]
VARIABLES = {
    "RABBITMQ_QUEUE": QUEUE, "RABBITMQ_RETRYQUEUE": RETRY_QUEUE, "RABBITMQ_BUILD_INIT_TIMEOUT": str(INIT_TIMEOUT_SECONDS / 60),
    # Nobody runs the pods: they are pending at each look.
    "RABBITMQ_VERIFY_LIMIT": "1000",
}
# The contestant of tables and results that is not one: the harness, which asks as workers did before pods had names to ask for.
BY_LABEL = "by label"
# The worker's pages.
PAGE_SIZE = 250
# A build's id in the manifest that the fleet's pods are made like. No other number there is like it.
LIKE = 7_000_000_000_001


class Fleet:
    """A real cluster whose namespace is filled with pods of other builds, more and more of them.

    Attributes: pods, how many there are.
    """

    def __init__(self, stage, cluster):
        self._stage, self.cluster = stage, cluster
        self.pods = 0
        stage.declare_queues({**cluster.environment(), **VARIABLES})
        self._manifest = f"{stage.directory}/pod.json"
        with open(self._manifest, "wb") as file:
            file.write(self.manifest(LIKE))

    def manifest(self, build):
        """The pod that the worker makes for a build, with TOKEN for its token."""
        message = {"job": "start", "buildConfig": {
            "buildId": build, "jobId": 97_001, "eventId": 57_001, "pipelineId": 12_345, "jobName": "main",
            "pipeline": {"name": "acme/checkout-service"}, "annotations": {"screwdriver.cd/cpu": "LOW", "screwdriver.cd/ram": "LOW"},
            "apiUri": self._stage.addresses["api"], "container": "node:20", "token": "TOKEN"}}
        return subprocess.run(
            [self._stage.binaries["worker"], "pod", "-"], input=json.dumps(message).encode(), check=True, stdout=subprocess.PIPE,
            env={**self._stage.environment(), **self.cluster.environment()}).stdout

    def grow(self, pods):
        """Makes as many as are missing. Returns the size of one as the API server shows it."""
        first, count = self._stage.take_ids(pods - self.pods), pods - self.pods
        self._stage.load(
            "pods", "--url", self.cluster.plain + self.cluster.pods_path, "--manifest", self._manifest, "--like", LIKE, "--first", first,
            "--count", count, environment={"K8S_TOKEN": self.cluster.token})
        self.pods = pods
        seen = self.cluster.pods_created({})
        if seen != pods:
            raise Ended(f"the namespace has {seen} pods instead of {pods}")
        with _Connection(self.cluster) as connection:
            _, size = connection.ask("GET", f"{self.cluster.pods_path}?limit=1")
        return size


def trial(stage, contestant, fleet, builds):
    """Builds are started, verified and stopped, each step by all of them; then the namespace is as it was.

    What passes between the steps is not counted, and what the API server does when nobody asks it is taken off.
    """
    _clear(stage)
    process = contestant.start(stage, fleet.cluster, VARIABLES)
    try:
        watch = _Watch(fleet.cluster, process)
        idle = fleet.cluster.idle_rates(IDLE_SECONDS)
        first, api = stage.take_ids(builds), ["--queue", QUEUE, "--count", builds, "--api", stage.addresses["api"]]
        started = time.monotonic()
        with watch.step("start"):
            stage.load("builds", *api, "--first", first)
            watch.until(lambda seen: seen.settled("start") >= builds, 60 + builds / 2)
        time.sleep(max(0.0, started + INIT_TIMEOUT_SECONDS - 1 - time.monotonic()))
        with watch.step("verify"):
            watch.until(lambda seen: seen.settled("verify") >= builds, 60 + INIT_TIMEOUT_SECONDS + builds / 2)
        # As before a real stop. A verification that comes later is told so, and looks no further.
        for build in range(first, first + builds):
            stage.control("POST", f"/builds/{build}", {"status": "ABORTED"})
        with watch.step("stop"):
            stage.load("builds", *api, "--first", first, "--job", "stop")
            watch.until(lambda seen: seen.settled("stop") >= builds, 60 + builds / 2)
        searches = min(SEARCHES, builds)
        with watch.step("search"):
            stage.load("builds", "--queue", QUEUE, "--count", searches, "--api", stage.addresses["api"], "--first", first, "--job", "stop")
            watch.until(lambda seen: seen.settled("stop") >= builds + searches, 60 + builds / 2)
        seen = watch.seen()
        process.stop()
    finally:
        process.kill()
    search = watch.steps.pop("search")
    counts = {**seen.counts(), "stopped": seen.settled("stop") - searches}
    judge_fleet(
        contestant.name, builds, counts, {"podsLeft": fleet.cluster.pods_created({}) - fleet.pods, **stage.load("depths", *QUEUES)})
    return {
        **_per_build(watch.steps, idle, builds),
        "searchCPUMs": (search["apiserver"] - idle["apiserver"] * search["elapsed"]) * 1000 / searches,
    }


def by_label(fleet, stage):
    """The same steps of a few builds, asked one after the other as workers did before: a list by label, and a deletion by label."""
    # Fewer where each takes the API server a second.
    builds = min(100, max(5, 20_000 // fleet.pods))
    idle = fleet.cluster.idle_rates(IDLE_SECONDS)
    path, first = fleet.cluster.pods_path, stage.take_ids(builds)
    manifest = fleet.manifest(LIKE).decode()
    with _Connection(fleet.cluster) as connection:
        watch = _Watch(fleet.cluster, connection)
        ids = [str(first + index) for index in range(builds)]
        with watch.step("start"):
            for build in ids:
                connection.ask("POST", path, manifest.replace(str(LIKE), build))
        with watch.step("verify"):
            for build in ids:
                found, _ = connection.ask("GET", f"{path}?labelSelector=sdbuild%3D{build}")
                if len(found["items"]) != 1:
                    raise Ended(f"{len(found['items'])} pods have the label of build {build}")
        with watch.step("stop"):
            for build in ids:
                connection.ask("DELETE", f"{path}?labelSelector=sdbuild%3D{build}")
    left = fleet.cluster.pods_created({}) - fleet.pods
    if left != 0:
        raise Ended(f"{left} pods are left of those that were deleted by label")
    return _per_build(watch.steps, idle, builds)


def sweep(stage, contestant, fleet):
    """One round of the janitor, which looks at all pods of builds: the first, a second after the worker's start."""
    _clear(stage)
    idle = fleet.cluster.idle_rates(IDLE_SECONDS)
    process = contestant.start(stage, fleet.cluster, {**VARIABLES, "POD_TTL": "0.001", "JANITOR_INTERVAL": "3600"})
    pages = math.ceil(fleet.pods / PAGE_SIZE)
    try:
        watch = _Watch(fleet.cluster, process)
        watch.seen()
        time.sleep(0.3)
        resident, _ = memory(process.pid)
        with watch.step("sweep"):
            watch.until(lambda seen: seen.reads() >= pages, 120)
        # The last page is read, too.
        time.sleep(0.5)
        _, peak = memory(process.pid)
        seen = watch.seen()
        process.stop()
    finally:
        process.kill()
    judge_sweep(contestant.name, pages, seen.reads(), process.output())
    step = watch.steps["sweep"]
    return {
        "pages": seen.reads(), "seconds": step["elapsed"], "apiserverCPUMs": (step["apiserver"] - idle["apiserver"] * step["elapsed"]) * 1000,
        "receivedMB": step["received"] / 1e6, "residentMB": resident / 1e6, "peakRSSMB": peak / 1e6, "growthMB": (peak - resident) / 1e6,
    }


def _clear(stage):
    stage.control("POST", "/reset")
    stage.load("purge", *QUEUES)


def _per_build(steps, idle, builds):
    """The steps' sums, and the API server's processor time by step."""
    def cost(step, name):
        return (step[name] - idle[name] * step["elapsed"]) * 1000 / builds
    return {
        "builds": builds,
        "apiserverCPUMsPerBuild": sum(cost(step, "apiserver") for step in steps.values()),
        "etcdCPUMsPerBuild": sum(cost(step, "etcd") for step in steps.values()),
        "receivedBytesPerBuild": sum(step["received"] for step in steps.values()) / builds,
        "requestsPerBuild": sum(step["requests"] for step in steps.values()) / builds,
        "steps": {name: {
            "apiserverCPUMsPerBuild": cost(step, "apiserver"), "receivedBytesPerBuild": step["received"] / builds,
            "requestsPerBuild": step["requests"] / builds} for name, step in steps.items()},
    }


class _Watch:
    """What steps cost: processor seconds of the cluster, and requests and bytes of answers of who asks it.

    Attributes: steps, by name.
    """

    def __init__(self, cluster, asking):
        self._cluster, self._asking = cluster, asking
        self._address = None
        self.steps = {}
        self._current = None

    def step(self, name):
        """A context whose cost is added to the steps."""
        self._current = name
        return self

    def __enter__(self):
        self._before = self._now()

    def __exit__(self, kind, *_):
        if kind is None:
            now = self._now()
            self.steps[self._current] = {name: now[name] - self._before[name] for name in now}

    def _now(self):
        asked = self._asking if isinstance(self._asking, _Connection) else self.seen()
        return {"elapsed": time.monotonic(), "received": asked.received, "requests": asked.requests, **self._cluster.cpu_seconds()}

    def seen(self):
        """The worker's own figures."""
        deadline = time.monotonic() + 30
        while self._address is None:
            self._asking.check()
            found = re.search(r"Server running on (http://[0-9.]+:[0-9]+)", self._asking.output())
            if found:
                self._address = found[1]
            elif time.monotonic() > deadline:
                raise Ended("the worker did not say where its metrics are")
            else:
                time.sleep(0.02)
        with urllib.request.urlopen(f"{self._address}/metrics", timeout=10) as response:
            return _Figures(response.read().decode())

    def until(self, is_done, limit_seconds):
        """Waits until the worker's figures say so. Raises Ended when they do not in time."""
        deadline = time.monotonic() + limit_seconds
        while True:
            seen = self.seen()
            if is_done(seen):
                return
            self._asking.check()
            if time.monotonic() > deadline:
                raise Ended(f"the worker is not done within {limit_seconds:.0f} s: {seen.counts()}\n{self._asking.tail()}")
            time.sleep(0.05)


class _Figures:
    """Prometheus's text, read.

    Attributes: received (bytes from the API server), requests (made of it).
    """

    def __init__(self, text):
        self._samples = []
        for line in text.splitlines():
            if not line.startswith("#") and line:
                series, _, value = line.rpartition(" ")
                name, _, labels = series.partition("{")
                self._samples.append((name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)))
        self.received = self.sum("http_received_bytes_total", service="kubernetes")
        self.requests = self.sum("request_duration_seconds_count", service="kubernetes")

    def sum(self, name, **labels):
        """Of all series that have these labels."""
        return sum(value for sample, of, value in self._samples if sample == f"build_worker_{name}" and labels.items() <= of.items())

    def settled(self, job):
        """Messages of a kind that are acked."""
        return self.sum("settlements_total", type=job, settlement="ack")

    def reads(self):
        """What the API server was asked and has answered."""
        return self.sum("request_duration_seconds_count", service="kubernetes", verb="GET", code="200")

    def counts(self):
        """For the verdict."""
        return {
            "podsCreated": self.sum("pods_created_total"), "verified": self.sum("timers_fired_total"), "stopped": self.settled("stop"),
            "failures": self.sum("failures_total"),
            "notAcked": self.sum("settlements_total") - self.sum("settlements_total", settlement="ack"),
        }


class _Connection:
    """One to the API server, which counts.

    Attributes: received (bytes of answers), requests.
    """

    def __init__(self, cluster):
        self._http = http.client.HTTPConnection(urllib.parse.urlsplit(cluster.plain).netloc, timeout=120)
        self._headers = {"Authorization": f"Bearer {cluster.token}", "Content-Type": "application/json"}
        self.received = self.requests = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.close()

    def ask(self, method, path, body=None):
        """The answer, and its size."""
        self._http.request(method, path, body, self._headers)
        response = self._http.getresponse()
        text = response.read()
        if response.status not in (200, 201):
            raise Ended(f"the API server answered {method} {path} with {response.status}: {text[:300]!r}")
        size = len(text) + len(str(response.headers)) + len(f"HTTP/1.1 {response.status} {response.reason}\r\n")
        self.received += size
        self.requests += 1
        return json.loads(text), size

