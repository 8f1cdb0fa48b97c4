"""Doing in this process what the cluster would do: take the rings out of the queue and run them."""

from __future__ import annotations

from django_q.signing import SignedPackage

from photos import queue, tasks


def rings() -> int:
    """How many rings the queue holds."""
    return int(queue._broker().queue_size())


def work() -> int:
    """Run every ring in the queue; answers how many there were."""
    broker, done = queue._broker(), 0
    while rings():
        for ring_id, package in broker.dequeue() or ():
            task = SignedPackage.loads(package)
            assert task["func"] == "photos.tasks.generate_thumbnails"
            tasks.generate_thumbnails(*task["args"])
            broker.acknowledge(ring_id)
            done += 1
    return done
