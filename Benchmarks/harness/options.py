"""The command line of scripts/bench."""

import argparse

MEASURES = ["throughput"]
NAMES = ["worker", "go", "python"]


def parser():
    """Builds the parser; scripts/bench passes on everything it does not know itself."""
    found = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures the worker and its peers in turn, on one private broker and simulator, and prints the ratios.",
        epilog="Exit codes: 0 done, 1 a contestant did less work than its figures claim (or did not run), 64 wrong usage.")
    found.add_argument("--builds", type=_positive, default=3000, help="builds of one throughput trial (3000)")
    found.add_argument("--repetitions", type=_positive, default=3, help="trials of each contestant, in turn (3)")
    found.add_argument("--latency", type=_latencies, default=[0, 5, 20], metavar="MS,…", help="latencies of both APIs (0,5,20)")
    found.add_argument("--only", type=_names(NAMES), metavar="NAME,…", help=f"contestants: {', '.join(NAMES)} (all)")
    found.add_argument(
        "--binary", action="append", default=[], type=_binary, metavar="[NAME=]PATH",
        help="another build of the worker, as a further contestant; may be given again")
    found.add_argument("--measure", type=_names(MEASURES), default=MEASURES, metavar="WHAT,…", help=f"{', '.join(MEASURES)} (all)")
    found.add_argument(
        "--peer-look", choices=["request", "answer"], default="request",
        help="how a peer looks at a pod: by a request of its own, or in the answer to its creation")
    found.add_argument("--output", metavar="FILE", help="where results go (Benchmarks/results.json for a whole run, else below .build/bench)")
    return found


def is_whole(options):
    """Whether a run measures all there is in the recorded way: only such a run replaces the recorded results."""
    usual = parser().parse_args([])
    return all(getattr(options, name) == getattr(usual, name) for name in vars(usual) if name not in ("output", "repetitions"))


def _positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text!r}")
    return int(text)


def _latencies(text):
    parts = text.split(",")
    if not all(part.isdigit() and int(part) <= 10_000 for part in parts):
        raise argparse.ArgumentTypeError(f"milliseconds with commas between them, not {text!r}")
    return [int(part) for part in parts]


def _names(known):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return names
    return parse


def _binary(text):
    name, separator, path = text.rpartition("=")
    return (name if separator else "other", path)
