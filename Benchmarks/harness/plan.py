"""What is measured, and in which order."""

from . import cluster, depths, fleet, idle, latency, settling, soak, throughput
from .contestants import Contestant
from .figures import summary
from .report import say, tables, values


class Plan:
    """The measurements of one run.

    Attributes: results, which grow with each measurement; asked (the command line); contestants, in the order of the tables.
    """

    def __init__(self, stage, contestants, asked):
        self.stage, self.contestants, self.asked = stage, contestants, asked
        self.results = {}

    def run(self):
        """Everything that was asked for; results of an earlier run are forgotten."""
        self.results.clear()
        self.stage.open_simulator()
        self.stage.declare_queues()
        measures = [*self.asked.measure, *(["depths"] if self.asked.depths else []), *(["soak"] if self.asked.soak else [])]
        for name in measures:
            before = set(self.results)
            getattr(self, name)()
            print(tables({key: found for key, found in self.results.items() if key not in before}), flush=True)

    def _in_turn(self, contestants, repetitions, measure, describe):
        """Trials of each contestant: all once, then all again, each time another one first."""
        found = {one.name: [] for one in contestants}
        for repetition in range(repetitions):
            start = repetition % len(contestants)
            for one in contestants[start:] + contestants[:start]:
                trial = measure(one)
                found[one.name].append(trial)
                say(f"{repetition + 1}/{repetitions}  {one.name:<12} {describe(trial)}")
        return [{"contestant": name, "trials": trials} for name, trials in found.items()]

    # --- The measurements, named as on the command line ---------------------------------------------

    def throughput(self):
        """Builds a second and processor time of each, at each latency."""
        found = self.results["simulator"] = throughput.capacity(self.stage)
        say(f"the simulator alone answers {found['requestsPerSecond']:.0f} requests a second "
            f"({found['cpuMicrosecondsPerRequest']:.0f} µs each, {found['cores']:.2f} of a core)")
        self.results["throughput"] = []
        for milliseconds in self.asked.latency:
            self.results["throughput"] += [{"latencyMs": milliseconds, **result} for result in self._in_turn(
                self.contestants, self.asked.repetitions,
                lambda one: throughput.trial(self.stage, one, milliseconds, self.asked.builds),
                lambda trial: f"{trial['buildsPerSecond']:.0f} builds/s, {trial['cpuMsPerBuild']:.3f} ms CPU each, at {milliseconds} ms")]

    def latency(self):
        """From publish to pod, alone and at 80 % of what each can do."""
        self.stage.open_simulator()
        builds = min(200, self.asked.builds)
        rates = {one.name: self._rate(one) for one in self.contestants}
        self.results["latencyAlone"] = self._in_turn(
            self.contestants, self.asked.repetitions, lambda one: latency.alone(self.stage, one, builds),
            lambda trial: f"p50 {trial['p50Ms']:.2f} ms, p99 {trial['p99Ms']:.2f} ms, one at a time")
        self.results["latencyLoaded"] = self._in_turn(
            self.contestants, self.asked.repetitions,
            lambda one: latency.loaded(self.stage, one, rates[one.name], self.asked.builds),
            lambda trial: f"p50 {trial['p50Ms']:.2f} ms, p99 {trial['p99Ms']:.2f} ms, at {trial['offeredPerSecond']:.0f}/s")
        self.stage.open_simulator()

    def _rate(self, contestant):
        """Builds a second at the latency of this measurement, from this run."""
        for result in self.results.get("throughput", []):
            if (result["latencyMs"], result["contestant"]) == (latency.API_LATENCY_MS, contestant.name):
                return summary(values(result, "buildsPerSecond"))["median"]
        return throughput.trial(self.stage, contestant, latency.API_LATENCY_MS, min(1000, self.asked.builds))["buildsPerSecond"]

    def start(self):
        """From the start of the program to the first pod."""
        self.results["start"] = self._in_turn(
            self.contestants, self.asked.repetitions, lambda one: idle.start(self.stage, one),
            lambda trial: f"{trial['startToPodMs']:.0f} ms from start to the first pod")
        self.stage.open_simulator()

    def idle(self):
        """Memory and processor time with nothing to do."""
        self.results["idle"] = self._in_turn(
            self.contestants, self.asked.repetitions, lambda one: idle.rest(self.stage, one, self.asked.idle_seconds),
            lambda trial: f"{trial['idleRSSMB']:.1f} MB, {trial['idleCPUPercent']:.3f} % of a core at rest")

    def settle(self):
        """Consume and ack, and nothing else."""
        names = {one.name for one in self.contestants}
        chosen = [one for one in settling.settlers(self.stage.binaries) if one.name in names]
        self.results["settle"] = self._in_turn(
            chosen, self.asked.repetitions, lambda one: settling.trial(self.stage, one, self.asked.messages),
            lambda trial: f"{trial['messagesPerSecond']:.0f} messages/s, {trial['cpuMicrosecondsPerMessage']:.1f} µs CPU each")

    def tls(self):
        """Memory and processor time with the build API behind TLS."""
        reason = cluster.why_not_over_tls()
        if reason:
            say(f"nothing is measured over TLS: {reason}")
            return
        front = cluster.BehindTLS(self.stage)
        try:
            self._throughput_on(front, "tls", latency.API_LATENCY_MS)
        finally:
            front.close()

    def apiserver(self):
        """Pods a second with a real API server."""
        reason = cluster.why_not_over_tls() or cluster.why_no_real_cluster()
        if reason:
            say(f"nothing is measured against a real API server: {reason}")
            return
        real = cluster.RealCluster(self.stage, f"{self.stage.directory}/cluster")
        try:
            self.results["apiserverVersion"] = real.version()
            self._throughput_on(real, "apiserver", 0)
        finally:
            real.close()

    def fleet(self):
        """What a build costs an API server that has few pods, and one that has many."""
        reason = cluster.why_not_over_tls() or cluster.why_no_real_cluster()
        workers = [one for one in self.contestants if one.is_worker]
        if reason or not workers:
            say(f"nothing is measured in a namespace with many pods: {reason or 'no worker takes part'}")
            return
        self.stage.open_simulator()
        real = cluster.RealCluster(self.stage, f"{self.stage.directory}/fleet")
        try:
            self._fleet_in(fleet.Fleet(self.stage, real), workers)
        finally:
            real.close()

    def _fleet_in(self, namespace, workers):
        builds, by_label = min(fleet.BUILDS, self.asked.builds), Contestant(fleet.BY_LABEL, [])
        self.results["fleet"], self.results["sweep"] = [], []
        for pods in self.asked.pods:
            size = namespace.grow(pods)
            say(f"{pods} pods of other builds are there, of {size / 1000:.1f} KB each")
            if pods == self.asked.pods[0]:
                # An API server that has just started is slower.
                fleet.trial(self.stage, workers[0], namespace, builds)
            self.results["fleet"] += [{"pods": pods, "podBytes": size, **result} for result in self._in_turn(
                [*workers, by_label], self.asked.repetitions,
                lambda one: fleet.by_label(namespace, self.stage) if one is by_label else fleet.trial(self.stage, one, namespace, builds),
                lambda trial: f"{trial['apiserverCPUMsPerBuild']:.2f} ms CPU of the API server and {trial['receivedBytesPerBuild'] / 1000:.1f} KB "
                f"a build, with {pods} pods")]
            self.results["sweep"] += [{"pods": pods, **result} for result in self._in_turn(
                workers, self.asked.repetitions, lambda one: fleet.sweep(self.stage, one, namespace),
                lambda trial: f"{trial['pages']:.0f} pages in {trial['seconds']:.1f} s, {trial['growthMB']:+.1f} MB to {trial['peakRSSMB']:.1f} MB")]

    def _throughput_on(self, where, name, milliseconds):
        self.results[name] = [{"latencyMs": milliseconds, **result} for result in self._in_turn(
            self.contestants, self.asked.repetitions,
            lambda one: throughput.trial(self.stage, one, milliseconds, self.asked.builds, where),
            lambda trial: f"{trial['buildsPerSecond']:.0f} builds/s, {trial['cpuMsPerBuild']:.3f} ms CPU each, {trial['peakRSSMB']:.1f} MB")]

    def depths(self):
        """Cost of a build with few and with many queued."""
        self.results["depths"] = []
        for depth in self.asked.depths:
            self.results["depths"] += [{"depth": depth, **result} for result in self._in_turn(
                self.contestants, self.asked.repetitions, lambda one: depths.trial(self.stage, one, depth),
                lambda trial: f"{trial['cpuMsPerBuild']:.3f} ms CPU a build with {depth} queued")]

    def soak(self):
        """Memory over many builds."""
        self.results["soak"] = self._in_turn(
            self.contestants, 1, lambda one: soak.trial(self.stage, one, self.asked.soak, say),
            lambda trial: f"{trial['growthMB']:+.1f} MB from the first {soak.ROUND} builds to the last")
