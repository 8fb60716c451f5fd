"""Medians, percentiles and ratios of known numbers."""

import unittest

from ..figures import percentile, ratio, summary


class FiguresTests(unittest.TestCase):
    def test_summary(self):
        self.assertEqual(summary([3, 1, 2]), {"median": 2, "lowest": 1, "highest": 3})

    def test_a_ratio_is_of_neighbours(self):
        # The machine became twice as slow from each pair to the next; the ratio did not change.
        self.assertEqual(ratio([40, 20, 10], [20, 10, 5]), {"median": 2, "lowest": 2, "highest": 2})

    def test_pairs_must_be_complete(self):
        with self.assertRaises(ValueError):
            ratio([1, 2], [1])

    def test_percentiles(self):
        hundred = list(range(1, 101))
        self.assertEqual(percentile(hundred, 0.5), 50)
        self.assertEqual(percentile(hundred, 0.99), 99)
        self.assertEqual(percentile(hundred, 1), 100)
        self.assertEqual(percentile([7], 0.99), 7)
        self.assertEqual(percentile([1, 2, 3], 0.99), 3)
