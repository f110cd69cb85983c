"""Which step of how many, and about how long yet: on stderr."""
import sys
import time


class Progress:
    def __init__(self, steps):
        """(section, step) pairs that are to be run."""
        self.left_s = sum(step.seconds for _, step in steps)
        self.count, self.number = len(steps), 0
        self.planned_s, self.began = 0.0, time.monotonic()

    def begin(self, section, step):
        self.number += 1
        # What was planned for the steps before, against what they took, says how this machine does.
        pace = (time.monotonic() - self.began) / self.planned_s if self.planned_s > 5 else 1.0
        print(f"[{self.number}/{self.count}] {section}: {step.key} (about {self.left_s * pace:.0f} s left)", file=sys.stderr, flush=True)
        self.planned_s += step.seconds
        self.left_s -= step.seconds

    def end(self):
        print(f"done in {time.monotonic() - self.began:.0f} s", file=sys.stderr, flush=True)
