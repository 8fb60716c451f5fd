"""Whether memory stays flat over many builds."""

from .processes import memory

ROUND = 5000
# The worker remembers (up to 20,000) builds until their timers are due; here as many as it starts in 6 s. The broker's timers
# go by the queue's own TTL, and are cleared long before.
TIMEOUT = {"RABBITMQ_BUILD_INIT_TIMEOUT": "0.1"}


def trial(stage, contestant, builds, say):
    """Resident memory after each 5,000 builds. What the simulator and the broker hold is cleared in between."""
    process = contestant.start(stage, extra=TIMEOUT)
    try:
        samples = []
        done = 0
        while done < builds:
            count = min(ROUND, builds - done)
            stage.clear(0)
            stage.publish(count)
            stage.await_puts(count, process, 60 + count / 2)
            done += count
            samples.append({"builds": done, "residentMB": memory(process.pid)[0] / 1e6})
            say(f"{contestant.name}: {samples[-1]['residentMB']:.1f} MB after {done} builds")
        peak = memory(process.pid)[1] / 1e6
        process.stop()
    finally:
        process.kill()
    # The first round opens connections and fills caches; growth is counted from there.
    return {"samples": samples, "peakRSSMB": peak, "growthMB": samples[-1]["residentMB"] - samples[0]["residentMB"]}
