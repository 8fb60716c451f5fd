"""The verdict must be able to go against a contestant."""

import unittest

from ..verdict import LessWork, judge

BUILDS = 100


def counts(**changed):
    return {"podsCreated": BUILDS, "puts": BUILDS, "faulted": 0, **changed}


def depths(**changed):
    names = {"builds": 0, "wait": 0, "retry": 0, "retry_wait": 0, "init": BUILDS, "parked": 0, **changed}
    return {
        "builds": names["builds"], "builds.wait": names["wait"], "builds.retry": names["retry"], "builds.retry.wait": names["retry_wait"],
        "builds.retry.init": names["init"], "builds.parked": names["parked"],
    }


class VerdictTests(unittest.TestCase):
    def test_all_work_done_passes(self):
        judge("it", BUILDS, counts(), depths())

    def test_each_missing_work_fails(self):
        for wrong_counts, wrong_depths in [
            (counts(podsCreated=BUILDS - 1), depths()),
            (counts(puts=BUILDS - 1), depths()),
            (counts(puts=BUILDS + 1), depths()),
            (counts(faulted=1), depths()),
            (counts(), depths(init=BUILDS - 1)),
            (counts(), depths(builds=1)),
            (counts(), depths(wait=1)),
            (counts(), depths(retry=1)),
            (counts(), depths(retry_wait=1)),
            (counts(), depths(parked=1)),
        ]:
            with self.subTest(counts=wrong_counts, depths=wrong_depths), self.assertRaises(LessWork):
                judge("it", BUILDS, wrong_counts, wrong_depths)

    def test_the_reason_names_what_is_missing(self):
        with self.assertRaisesRegex(LessWork, "it has not done .* init timers with the broker: 98 instead of 100"):
            judge("it", BUILDS, counts(), depths(init=98))
