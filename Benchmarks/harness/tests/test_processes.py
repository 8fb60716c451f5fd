"""Processor time and memory of processes that are known to use some."""

import subprocess
import sys
import unittest

from ..processes import cpu_seconds, memory, tree

# Burns the processor until told to wait; then its figures hold still.
PROGRAM = """
import os, sys, time
mine = bytearray(64 << 20)
child = os.fork()
while time.process_time() < 0.2: pass
if child == 0:
    print(flush=True)
    sys.stdin.read(1)
    os._exit(0)
os.waitpid(child, os.WNOHANG)
print(flush=True)
sys.stdin.read(1)
"""


class ProcessTests(unittest.TestCase):
    def setUp(self):
        self.popen = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.popen.stdout.readline()
        self.popen.stdout.readline()

    def tearDown(self):
        self.popen.communicate(b"..", timeout=30)

    def test_a_tree_has_the_children(self):
        self.assertEqual(len(tree(self.popen.pid)), 2)

    def test_the_processor_time_is_that_of_the_tree(self):
        used = cpu_seconds(self.popen.pid)
        self.assertGreaterEqual(used, 0.4)
        self.assertLess(used, 2)

    def test_memory_is_that_of_the_tree(self):
        now, peak = memory(self.popen.pid)
        self.assertGreater(now, 64 << 20)
        self.assertGreaterEqual(peak, now)
