"""What tests/bench/present finds, in this run."""
import json
import pathlib
import subprocess
import sys

from .processes import LIMIT_S
from .rows import Step, figure_table, table, timing_table

NAME, TITLE = "presentation", "Presentation: on an X server in memory, by a rasteriser on the CPU"
PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "present"
CANNOT_RUN = 77


def measure(bench):
    path = bench.work / "present.json"
    command = [sys.executable, "-B", PROGRAM, "--build", bench.build, "--json", path] + ([] if bench.effort == "full" else ["--quick"])
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=False)
    if result.returncode == CANNOT_RUN:
        return []
    if result.returncode != 0:
        sys.exit(f"bench: tests/bench/present ended with status {result.returncode}")
    rows = json.loads(path.read_text()).get("rows")
    return rows if rows is not None else [told(line) for line in result.stdout.splitlines() if line.startswith("| ")]


def told(line):
    """A line of its table: what, measured, target, verdict, as text."""
    what, measured, target, verdict = (cell.strip() for cell in line.strip().strip("|").split("|"))
    return {"key": what, "what": what, "unit": "text", "measured": measured, "target": target, "verdict": verdict}


def steps(bench):
    if bench.effort != "smallest":  # its own test runs it
        yield Step("present", {"full": 90, "quick": 40}[bench.effort], lambda: measure(bench))


def tables(rows):
    lines = [[row["what"], row["measured"], row["target"], row["verdict"]] for row in rows if "measured" in row]
    parts = [timing_table(rows), figure_table(rows), table(["what", "measured", "target", ""], lines) if lines else ""]
    return "\n".join(part for part in parts if part)
