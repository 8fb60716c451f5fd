"""The guard must find what became slower, and must not pass where it has nothing to compare."""

import unittest

from ..guard import losses, ratios


def results(rate=2.0, cost=1.0, settled=0.5, latency=5):
    def trials(**figures):
        return [dict(figures) for _ in range(3)]
    return {
        "throughput": [
            {"contestant": "worker", "latencyMs": latency, "trials": trials(buildsPerSecond=rate, cpuMsPerBuild=cost)},
            {"contestant": "go", "latencyMs": latency, "trials": trials(buildsPerSecond=1.0, cpuMsPerBuild=1.0)},
        ],
        "settle": [
            {"contestant": "worker", "trials": trials(cpuMicrosecondsPerMessage=settled)},
            {"contestant": "go", "trials": trials(cpuMicrosecondsPerMessage=1.0)},
        ],
    }


class GuardTests(unittest.TestCase):
    def test_the_same_passes(self):
        self.assertEqual(losses(results(), results()), [])

    def test_better_passes(self):
        self.assertEqual(losses(results(rate=4, cost=0.1, settled=0.1), results()), [])

    def test_a_little_worse_passes(self):
        self.assertEqual(losses(results(rate=1.5, cost=1.3, settled=0.7), results()), [])

    def test_each_loss_is_found(self):
        for worse, name in [({"rate": 1.3}, "buildsPerSecond"), ({"cost": 1.6}, "cpuMsPerBuild"), ({"settled": 0.8}, "cpuMicrosecondsPerMessage")]:
            with self.subTest(name):
                found = losses(results(**worse), results())
                self.assertEqual(len(found), 1)
                self.assertIn(name, found[0])

    def test_a_ratio_is_to_the_go_peer_and_not_absolute(self):
        faster_machine = results()
        for result in faster_machine["throughput"]:
            for trial in result["trials"]:
                trial["buildsPerSecond"] *= 10
        self.assertEqual(ratios(faster_machine), ratios(results()))

    def test_nothing_to_compare_does_not_pass(self):
        with self.assertRaises(ValueError):
            losses(results(), {})

    def test_other_latencies_are_not_compared(self):
        found = losses(results(rate=0.1, latency=20), results())
        self.assertEqual(found, [])
