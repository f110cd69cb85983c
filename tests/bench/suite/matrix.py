"""Size by rate by damage: a guest in another process, the product's viewer, and the viewer's own stamps of every frame."""
import csv
import json
import subprocess

from .processes import LIMIT_S
from .rows import NONE, Step, number, quantiles_of, table

NAME, TITLE = "matrix", "Matrix: published → seen, consumed, submitted"
SIZES = {"1080p": (1920, 1080), "1440p": (2560, 1440), "4K": (3840, 2160)}
RATES, DAMAGES = (60, 144, 240), (1, 10, 100)
FRAMES, SECONDS_MIN = 1100, 6  # of a cell: enough for p99.9 (--quick: for p99)
HELD = 0.98
STAGES = {"seen": "seen_ns", "consumed": "uploaded_ns", "submitted": "submitted_ns"}


def cells(bench):
    every = [(name, rate, damage) for name in SIZES for rate in RATES for damage in DAMAGES]
    return every[::13] if bench.effort == "smallest" else every  # each size, rate and damage once


def seconds_of(bench, rate):
    return {"full": max(FRAMES // rate + 1, SECONDS_MIN), "quick": 110 // rate + 1, "smallest": 1}[bench.effort]


def viewer_rows(bench, socket, seconds):
    """None at all when not one frame came, which is the viewer's exit status 1."""
    path = bench.work / "matrix.csv"
    path.unlink(missing_ok=True)
    subprocess.run([bench.program("host/cli/transom"), "latency", "--region", f"server:{socket}", "--same-clock", "--seconds", str(seconds), "--csv",
                    path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=LIMIT_S, check=False)  # fmt: skip
    if not path.exists():
        return []
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def figures(rows):
    """Microseconds from complete to each stage; a frame that was there before the viewer has none."""
    result = {}
    for name, column in STAGES.items():
        values = [(int(row[column]) - int(row["complete_guest_ns"])) / 1000 for row in rows if row[column] and row["complete_guest_ns"]
                  and row["publish_to_seen_ns"]]  # fmt: skip
        result[name] = quantiles_of(values) if values else None
    return result


def measure(bench, name, rate, damage):
    width, height = SIZES[name]
    seconds = seconds_of(bench, rate)
    server, socket = bench.start_serve("128M")
    guest = bench.children.start(bench.program("tests/bench/bench_guest"), socket, width, height, rate, damage, stdout=subprocess.PIPE)
    rows = viewer_rows(bench, socket, seconds)
    bench.children.stop(guest)
    told = json.loads(guest.stdout.read())
    bench.children.stop(server)
    published_hz = told["published"] / told["elapsed_s"]
    taken = (int(rows[-1]["sequence"]) - int(rows[0]["sequence"]) + 1) if rows else 0
    return [{"key": f"{name}_{rate}_{damage}", "what": f"{name}, {rate} fps, {damage} % damage", "unit": "us", "width": width, "height": height,
             "rate_hz": rate, "damage_percent": damage, "seconds": seconds, "published_hz": round(published_hz, 1), "held": published_hz >= HELD * rate,
             "skipped_percent": round(100 * (1 - len(rows) / taken), 2) if taken else None, **figures(rows)}]  # fmt: skip


def steps(bench):
    for name, rate, damage in cells(bench):
        yield Step(f"{name}_{rate}_{damage}", seconds_of(bench, rate) + 0.5, lambda a=(name, rate, damage): measure(bench, *a))


def triple(parts):
    return " / ".join(number(parts[name]) for name in ("p50", "p99", "p999")) if parts else NONE


def tables(rows):
    lines = []
    for row in rows:
        rate = f"{row['rate_hz']}" if row["held"] else f"**{row['published_hz']:.0f} of {row['rate_hz']}**"
        lines.append([f"{row['width']}x{row['height']}", rate, f"{row['damage_percent']} %", number(row["skipped_percent"]) + " %",
                      *(triple(row[name]) for name in STAGES), str(row["seen"]["count"]) if row["seen"] else "0"])  # fmt: skip
    return table(["size", "fps", "damage", "not taken", "seen, p50 / p99 / p99.9 µs", "consumed", "submitted", "samples"], lines)
