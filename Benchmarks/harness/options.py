"""The command line of scripts/bench."""

import argparse
import sys

MEASURES = ["throughput", "latency", "start", "idle", "settle", "tls", "apiserver", "fleet"]
NAMES = ["worker", "go", "python"]


def parser():
    """Builds the parser; scripts/bench passes on everything it does not know itself."""
    found = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures the worker and its peers in turn, on one private broker and simulator, and prints the ratios.",
        epilog="Exit codes: 0 done, 1 a contestant did less work than its figures claim (or did not run), or costs an API server "
        "more among many pods, 64 wrong usage.")
    found.add_argument("--builds", type=_positive, default=3000, help="builds of one throughput trial (3000)")
    found.add_argument("--repetitions", type=_positive, default=3, help="trials of each contestant, in turn (3)")
    found.add_argument("--latency", type=_latencies, default=[0, 5, 20], metavar="MS,…", help="latencies of both APIs (0,5,20)")
    found.add_argument("--only", type=_names(NAMES), default=NAMES, metavar="NAME,…", help=f"contestants: {', '.join(NAMES)} (all)")
    found.add_argument(
        "--binary", action="append", default=[], type=_binary, metavar="[NAME=]PATH",
        help="another build of the worker, as a further contestant; may be given again")
    found.add_argument("--measure", type=_names(MEASURES), default=MEASURES, metavar="WHAT,…", help=f"{', '.join(MEASURES)} (all)")
    found.add_argument("--messages", type=_positive, default=100_000, help="messages of one trial of consumers alone (100000)")
    found.add_argument("--idle-seconds", type=_positive, default=60, help="how long contestants are watched at rest (60); the janitor comes every half minute")
    found.add_argument(
        "--pods", type=_pods, default=[100, 1000, 10_000], metavar="N,…",
        help="pods of other builds in the namespace of the fleet (100,1000,10000)")
    found.add_argument("--soak", type=_positive, metavar="N", help="also: memory over N builds (100000 is a good number)")
    found.add_argument(
        "--depths", type=_depths, default=[], metavar="N,…", help="also: cost of a build with N queued (1000,100000,1000000)")
    found.add_argument(
        "--quick", action="store_true",
        help="the guard of CI: the worker and the Go peer, little of each; fails below 0.7 of the ratios on record")
    found.add_argument(
        "--peer-look", choices=["request", "answer"], default="answer",
        help="how a peer looks at a pod: in the answer to its creation as the worker does (answer), or by a request of its own")
    found.add_argument("--output", metavar="FILE", help="where results go (Benchmarks/results.json for a whole run, else below .build/bench)")
    return found


def parse():
    """Reads the command line. Wrong options end the program with exit code 64."""
    try:
        asked = parser().parse_args()
    except SystemExit as end:  # argparse ends with 2
        sys.exit(64 if end.code else 0)
    named = [name for name, _ in asked.binary]
    if len({*named, *NAMES}) < len(named) + len(NAMES):
        parser().print_usage(sys.stderr)
        print("scripts/bench: each --binary needs a name of its own: NAME=PATH", file=sys.stderr)
        sys.exit(64)
    if asked.quick:
        asked.builds, asked.repetitions, asked.latency, asked.messages = 1000, 3, [5], 30_000
        asked.only, asked.binary, asked.measure, asked.soak, asked.depths = ["worker", "go"], [], ["throughput", "settle"], None, []
    return asked


def is_whole(asked):
    """Whether a run measures all there is in the recorded way: only such a run replaces the recorded results."""
    if asked.repetitions < 3:
        return False
    usual = parser().parse_args([])
    free = ("output", "repetitions", "soak", "depths")
    return all(getattr(asked, name) == getattr(usual, name) for name in vars(usual) if name not in free)


def _positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"a number from 1 on, not {text!r}")
    return int(text)


def _latencies(text):
    parts = text.split(",")
    if not all(part.isdigit() and int(part) <= 10_000 for part in parts):
        raise argparse.ArgumentTypeError(f"milliseconds with commas between them, not {text!r}")
    return [int(part) for part in parts]


def _depths(text):
    parts = text.split(",")
    if not all(part.isdigit() and 500 <= int(part) <= 10_000_000 for part in parts):
        raise argparse.ArgumentTypeError(f"numbers from 500 on with commas between them, not {text!r}")
    return [int(part) for part in parts]


def _pods(text):
    parts = text.split(",")
    numbers = [int(part) for part in parts if part.isdigit()]
    if len(numbers) < len(parts) or min(numbers) == 0 or numbers != sorted({*numbers}):
        raise argparse.ArgumentTypeError(f"numbers from 1 on, each larger than the one before, with commas between them, not {text!r}")
    return numbers


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
    return [name if separator else "other", path]


if __name__ == "__main__":
    parse()  # for scripts/bench, before it builds anything
