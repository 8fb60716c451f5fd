"""A cost that grows with the namespace must be seen, and a sweep that was given up."""

import unittest

from ..verdict import LessWork, growth, judge_fleet, judge_sweep

BUILDS = 100


def counts(**changed):
    return {"podsCreated": BUILDS, "verified": BUILDS, "stopped": BUILDS, "failures": 0, "notAcked": 0, **changed}


def left(**changed):
    names = {"pods": 0, "builds": 0, "wait": 0, "retry_wait": 0, "parked": 0, **changed}
    return {
        "podsLeft": names["pods"], "fleet": names["builds"], "fleet.wait": names["wait"], "fleet.retry.wait": names["retry_wait"],
        "fleet.parked": names["parked"],
    }


def results(few, many):
    """Two numbers of pods; each of few and many: processor time and bytes of each trial."""
    return [{"contestant": "worker", "pods": pods, "trials": [
        {"apiserverCPUMsPerBuild": cpu, "receivedBytesPerBuild": received} for cpu, received in trials]}
        for pods, trials in ((100, few), (10_000, many))]


class FleetTests(unittest.TestCase):
    def test_all_work_done_passes(self):
        judge_fleet("it", BUILDS, counts(), left())
        # On a slow machine a second timer fires before the stop.
        judge_fleet("it", BUILDS, counts(verified=BUILDS + 3), left())

    def test_each_missing_work_fails(self):
        for wrong_counts, wrong_left in [
            (counts(podsCreated=BUILDS - 1), left()),
            (counts(verified=BUILDS - 1), left()),
            (counts(stopped=BUILDS - 1), left()),
            (counts(failures=1), left()),
            (counts(notAcked=1), left()),
            (counts(), left(pods=1)),
            (counts(), left(pods=-1)),
            (counts(), left(builds=1)),
            (counts(), left(wait=1)),
            (counts(), left(retry_wait=1)),
            (counts(), left(parked=1)),
        ]:
            with self.subTest(counts=wrong_counts, left=wrong_left), self.assertRaises(LessWork):
                judge_fleet("it", BUILDS, wrong_counts, wrong_left)

    def test_a_sweep_that_gives_up_fails(self):
        judge_sweep("it", 40, 40, "")
        with self.assertRaisesRegex(LessWork, "pages read: 8 instead of 40"):
            judge_sweep("it", 40, 8, "")
        with self.assertRaisesRegex(LessWork, "gave up"):
            judge_sweep("it", 40, 40, '{"msg":"the pods of builds could not be compared with what should be"}')

    def test_what_stays_flat_is_not_named(self):
        self.assertEqual(growth(results([(5.0, 20_000)], [(6.5, 26_000)])), [])
        # Of the median, not of a trial that met a garbage collection.
        self.assertEqual(growth(results([(5.0, 20_000)] * 3, [(5.5, 20_000), (12.0, 20_000), (5.0, 20_000)])), [])

    def test_what_grows_is_named(self):
        self.assertEqual(len(growth(results([(5.0, 20_000)], [(6.6, 20_000)]))), 1)
        self.assertEqual(len(growth(results([(5.0, 20_000)], [(5.0, 26_100)]))), 1)
        self.assertIn("worker: the API server's processor time for a build: with 10000 pods 3.00 times", growth(results([(5.0, 20_000)], [(15.0, 20_000)]))[0])
