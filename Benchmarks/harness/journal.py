"""What the simulator wrote down about each request."""

import json


def pods_created(path):
    """When each build's pod was made: microseconds since 1970, by build id."""
    found = {}
    for entry in _entries(path):
        if entry["listener"] == "kubernetes" and entry["method"] == "POST" and entry["effect"] == "created":
            found[int(entry["build"])] = round(entry["t"] * 1e6)
    return found


def notes(path):
    """When the build API was told of each build: microseconds since 1970, by build id."""
    return {int(entry["build"]): round(entry["t"] * 1e6) for entry in _entries(path) if entry["method"] == "PUT"}


def _entries(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
