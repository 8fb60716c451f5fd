"""Whether a contestant has done the work that its figures are about."""


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
    wrong = [f"{what}: {seen} instead of {wanted}" for what, seen, wanted in expected if seen != wanted]
    if wrong:
        raise LessWork(f"{name} has not done the work of {builds} builds: {'; '.join(wrong)}")
