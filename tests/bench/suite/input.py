"""From a sink to the guest's evdev, in an emulated guest: the sinks compared with each other, and nothing else."""
import json
import subprocess
import sys

from .processes import LIMIT_S
from .rows import Step, figure, plain_table, quantiles, timing

NAME, TITLE = "input", "Input: from a sink to the guest's evdev, under emulation (TCG)"
CANNOT_RUN = 77
MOUSE_S = 5


def rows_of(lines):
    for facts in map(json.loads, lines):
        if "sink" in facts:
            key = facts["sink"].lower()
            yield timing(key, f"{facts['sink']}: a key's event → read from the guest's /dev/input", "us", quantiles(facts))
            yield figure(f"{key}_own_cpu", f"{facts['sink']}: our processor time an event", "us", facts["own_cpu_us"])
            yield figure(f"{key}_qemu_cpu", f"{facts['sink']}: QEMU's, with the guest's", "us", facts["qemu_cpu_us"])
        else:
            lost = facts["sent"] - facts["arrived"]
            note = f"{facts['arrived']} of {facts['sent']} in {facts['reports']} reports"
            yield figure("mouse_lost", f"usb-redir, a mouse at {facts['mouse_hz']} Hz: counts lost", "", lost, 0, note=note)


def measure(bench):
    path = bench.work / "input.json"
    result = subprocess.run([bench.program("tests/bench/bench_input"), str(bench.amount(1000, 30)), path], stdout=subprocess.PIPE, text=True,
                            timeout=LIMIT_S, check=False)  # fmt: skip
    if result.returncode == CANNOT_RUN:
        return []
    if result.returncode != 0:
        sys.exit(f"bench: bench_input ended with status {result.returncode}: {result.stdout[-500:]}")
    return list(rows_of(path.read_text().splitlines()))


def steps(bench):
    yield Step("sinks", 12 + MOUSE_S + bench.amount(1000, 30) * 2 * 0.009, lambda: measure(bench))


tables = plain_table
