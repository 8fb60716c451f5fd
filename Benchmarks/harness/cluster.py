"""What a contestant takes for its surroundings: the simulator, the simulator with its build API behind TLS, or a real API server."""

import glob
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request

from .processes import Ended, Process, cpu_seconds
from .stage import NAMESPACE


class Simulated:
    """The simulator itself, over plain HTTP."""

    def environment(self):
        """Variables that differ from the stage's."""
        return {}

    def clear(self):
        """Removes all pods that the stage has not."""

    def pods_created(self, counts):
        """How many pods were made since clear()."""
        return counts["podsCreated"]

    def close(self):
        """Ends what it started."""


class _OverTLS(Simulated):
    """The worker has a setting for the authority, the peers a variable of their libraries."""

    def __init__(self, authority, variables):
        self._variables = {"SSL_CERT_FILE": authority, **variables}

    def environment(self):
        return self._variables


class BehindTLS(_OverTLS):
    """The simulator's build API with socat before it, which takes the TLS off: HTTP/1.1, as Node.js speaks it."""

    def __init__(self, stage):
        directory = stage.directory
        _make_certificates(directory)
        self._stage, self._plain = stage, stage.addresses["api"]
        target = self._plain.removeprefix("http://")
        port = int(target.rpartition(":")[2])
        # The same port on another loopback address: it is free there, since nobody else takes addresses like this one.
        address = "127.0.0.42"
        url, authority = f"https://{address}:{port}", f"{directory}/authority.pem"
        super().__init__(authority, {"ECOSYSTEM_API": url, "ECOSYSTEM_CA_FILE": authority})
        self._front = Process("socat", [
            "socat", f"OPENSSL-LISTEN:{port},bind={address},reuseaddr,fork,nodelay,backlog=128,verify=0,cert={directory}/server.pem,"
            f"key={directory}/server.key", f"TCP:{target},nodelay"], dict(os.environ), f"{directory}/socat.log")
        # Builds are told at the address in their message.
        stage.addresses["api"] = url

    def close(self):
        self._stage.addresses["api"] = self._plain
        self._front.kill()


class RealCluster(_OverTLS):
    """A kube-apiserver with etcd, as scripts/private-cluster starts it. Nobody runs its pods: they stay pending.

    Attributes: plain (its address without TLS), token (of its administrator), pods_path (of the builds' namespace).
    """

    pods_path = f"/api/v1/namespaces/{NAMESPACE}/pods"

    def __init__(self, stage, directory):
        self._directory = directory
        started = subprocess.run(
            ["scripts/private-cluster", "start", directory], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self._cluster = dict(line.split("=", 1) for line in started.stdout.splitlines() if "=" in line)
        self.plain, self.token = self._cluster["PLAIN_SERVER"], self._cluster["ADMIN_TOKEN"]
        self._ask("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        super().__init__(self._cluster["CA_FILE"], {
            "K8S_HOST": self._cluster["API_SERVER"], "K8S_CA_FILE": self._cluster["CA_FILE"], "K8S_TOKEN": self.token})

    def version(self):
        """The API server's."""
        return self._cluster["VERSION"]

    def cpu_seconds(self):
        """Processor time that each of its processes has used."""
        return {name: cpu_seconds(int(self._cluster[f"{name.upper()}_PID"])) for name in ("apiserver", "etcd")}

    def idle_rates(self, seconds):
        """What they use in a second without anybody asking."""
        before, started = self.cpu_seconds(), time.monotonic()
        time.sleep(seconds)
        elapsed = time.monotonic() - started
        return {name: (used - before[name]) / elapsed for name, used in self.cpu_seconds().items()}

    def clear(self):
        deadline = time.monotonic() + 300
        while self.pods_created({}) > 0:
            self._delete_pods()
            if time.monotonic() > deadline:
                raise Ended("the API server does not get rid of old pods")
            time.sleep(0.1)

    def _delete_pods(self):
        try:
            self._ask("DELETE", f"{self.pods_path}?gracePeriodSeconds=0")
        except urllib.error.HTTPError as error:
            # Of thousands on a slow disk it may take longer than the API server's minute.
            if error.code != 504:
                raise

    def pods_created(self, counts):
        found = self._ask("GET", f"{self.pods_path}?limit=1")
        return len(found["items"]) + found["metadata"].get("remainingItemCount", 0)

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(
            self.plain + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)

    def close(self):
        subprocess.run(["scripts/private-cluster", "stop", self._directory], check=True, stdin=subprocess.DEVNULL)
        # Another may be started there.
        shutil.rmtree(self._directory)


def why_not_over_tls():
    """Why nothing can be measured over TLS; None when it can."""
    missing = [name for name in ("socat", "openssl") if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else None


def why_no_real_cluster():
    """Why there is no API server to measure against; None when there is one."""
    cache = os.environ.get("BUILD_WORKER_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "build-worker")
    if not any(os.access(path, os.X_OK) for path in glob.glob(f"{cache}/kube-apiserver_*")):
        return f"kube-apiserver is not built ('scripts/private-cluster build' builds it into {cache})"
    return None


def _make_certificates(directory):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *key, "-keyout", f"{directory}/authority.key", "-out", f"{directory}/authority.pem", "-days", "2",
            "-subj", "/CN=bench authority")
    openssl("req", "-x509", *key, "-keyout", f"{directory}/server.key", "-out", f"{directory}/server.pem", "-days", "2",
            "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.42", "-addext", "basicConstraints=critical,CA:FALSE",
            "-CA", f"{directory}/authority.pem", "-CAkey", f"{directory}/authority.key")
