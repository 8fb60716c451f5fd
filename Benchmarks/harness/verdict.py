"""Whether a contestant has done the work that its figures are about, and whether that costs no more among many pods."""

from .figures import summary

# How many times what it is among the fewest pods a cost may be among more.
FLAT = 1.3
# What must be flat, and how it is called.
FLAT_FIGURES = {"apiserverCPUMsPerBuild": "the API server's processor time", "receivedBytesPerBuild": "its answers' bytes"}


class LessWork(Exception):
    """A contestant has not done what every build is owed: its figures mean nothing."""


def judge(name, builds, counts, depths):
    """Compares what the simulator and the broker counted with the number of builds.

    It is called when the contestant has ended: what it had not acked is then ready again.
    """
    expected = [
        ("pods created", counts["podsCreated"], builds),
        ("notes to the build API", counts["puts"], builds),
        ("requests made to fail", counts["faulted"], 0),
        ("init timers with the broker", depths["builds.retry.init"], builds),
        ("builds ready or unacked", depths["builds"], 0),
        ("builds sent to wait", depths["builds.wait"], 0),
        ("verifications asked for", depths["builds.retry"] + depths["builds.retry.wait"], 0),
        ("messages parked", depths["builds.parked"], 0),
    ]
    _compare(f"{name} has not done the work of {builds} builds", expected)


def judge_fleet(name, builds, counts, left):
    """Whether all builds were started, verified and stopped, and nothing else happened; left: pods, and messages by queue."""
    _compare(f"{name} has not started, verified and stopped {builds} builds", [
        ("pods created", counts["podsCreated"], builds),
        # Where the machine is slow, stops come after the second timer.
        ("verifications", min(counts["verified"], builds), builds),
        ("stops", counts["stopped"], builds),
        ("builds failed", counts["failures"], 0),
        ("messages not acked", counts["notAcked"], 0),
        ("pods left", left["podsLeft"], 0),
        *((f"messages in {queue}", left[queue], 0) for queue in ("fleet", "fleet.wait", "fleet.retry.wait", "fleet.parked")),
    ])


def judge_sweep(name, pages, reads, log):
    """Whether the janitor has seen all pods, a page at a time."""
    _compare(f"{name} has not looked at all pods", [("pages read", reads, pages)])
    if "could not be compared with what should be" in log:
        raise LessWork(f"{name} gave up looking at all pods")


def growth(results):
    """One sentence for each figure of a fleet that is not flat; results: one a contestant and number of pods, with its trials."""
    found = []
    for mine in results:
        first = min((one for one in results if one["contestant"] == mine["contestant"]), key=lambda one: one["pods"])
        for figure, what in FLAT_FIGURES.items():
            few, many = (summary([trial[figure] for trial in one["trials"]])["median"] for one in (first, mine))
            if many > few * FLAT:
                found.append(f"{mine['contestant']}: {what} for a build: with {mine['pods']} pods {many / few:.2f} times those with {first['pods']}")
    return found


def _compare(claim, expected):
    wrong = [f"{what}: {seen:g} instead of {wanted}" for what, seen, wanted in expected if seen != wanted]
    if wrong:
        raise LessWork(f"{claim}: {'; '.join(wrong)}")
