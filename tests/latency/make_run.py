#!/usr/bin/env python3
"""Makes tests/latency/recorded_run.txt: clock exchanges and frame stamps as a viewer collects them, with everything that makes reports differ.

usage: make_run.py [SEED] >recorded_run.txt

Lines: `exchange T1 T4 T2 T3`, `frame SEQUENCE SKIPPED FIRST BANDED SOURCE ACQUIRED COPY_STARTED COPY_DONE COMPLETE SEEN UPLOAD_STARTED UPLOADED
SUBMITTED PRESENTED`, in the order of the host's clock; guest stamps on a clock that is OFFSET ahead and 40 ppm fast. 0 = not stamped.
"""

import random
import sys

OFFSET, RATE = 7_000_000_000, 40e-6
FEEDBACK_FROM = 400  # the window system is believed once it was tested
SOURCES = {"none": 0, "headless": 1, "call": 2, "feedback": 3}


def guest(ns):
    return OFFSET + ns + int(ns * RATE)


def exchange(rng, ns):
    out, busy, back = (rng.randint(2_000, 20_000) for _ in range(3))
    seen, sent, answered = ns + out, ns + out + busy, ns + out + busy + back
    return f"exchange {ns} {answered} {guest(seen)} {guest(sent)}"


def frame(rng, sequence, ns):
    """One frame whose content was known at `ns`; a few are banded, missed, late or after a gap."""
    kind = rng.random()
    banded, missed, late = kind < 0.1, 0.1 < kind < 0.13, 0.13 < kind < 0.16
    started = ns + rng.randint(100_000, 300_000)
    done = started + rng.randint(1_000_000, 2_000_000)
    complete = done + rng.randint(50, 900)
    seen = started + 50_000 if banded else complete + rng.randint(30_000, 400_000) + (30_000_000 if late else 0)
    upload = seen + rng.randint(3_000, 9_000)
    uploaded = max(upload, complete) + rng.randint(500_000, 900_000)
    submitted, presented = uploaded + rng.randint(2_000, 9_000), uploaded + rng.randint(20_000, 8_000_000)
    skipped = rng.randint(1, 3) if rng.random() < 0.05 else 0
    sequence += skipped
    host = [seen, upload, uploaded, 0 if missed else submitted, 0 if missed else presented]
    stamps = [guest(t) for t in (ns, started, done, complete)] + host
    source = SOURCES["none"] if missed else SOURCES["feedback" if sequence > FEEDBACK_FROM else "call"]
    return sequence, f"frame {sequence} {skipped} {int(sequence == 100 + skipped)} {int(banded)} {source} " + " ".join(map(str, stamps))


def main():
    rng = random.Random(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    events, sequence = [], 99
    for step in range(24 * 5):
        start = 1_000_000_000 + step * 200_000_000
        events += [(start, exchange(rng, start)), (start + 300_000, exchange(rng, start + 300_000))]
    for number in range(23 * 60 - 30):  # the last exchange comes before the last frames
        ns = 2_000_000_000 + number * 16_666_667
        sequence, line = frame(rng, sequence + 1, ns)
        events.append((ns, line))
    print("\n".join(line for _, line in sorted(events)))


main()
