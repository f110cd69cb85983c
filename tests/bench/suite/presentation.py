"""What tests/bench/present finds, in this run."""
import json
import pathlib
import subprocess
import sys

from .processes import LIMIT_S
from .rows import Step, plain_table

NAME, TITLE = "presentation", "Presentation: on an X server in memory, by a rasteriser on the CPU"
PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "present"
CANNOT_RUN = 77


def measure(bench):
    path = bench.work / "present.json"
    command = [sys.executable, "-B", PROGRAM, "--build", bench.build, "--json", path] + ([] if bench.effort == "full" else ["--quick"])
    result = subprocess.run(command, stdout=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    if result.returncode == CANNOT_RUN:
        return []
    if result.returncode != 0:
        sys.exit(f"bench: tests/bench/present ended with status {result.returncode}")
    return json.loads(path.read_text())["rows"]


def steps(bench):
    if bench.effort != "smallest":  # its own test runs it
        yield Step("present", {"full": 150, "quick": 50}[bench.effort], lambda: measure(bench))


tables = plain_table
