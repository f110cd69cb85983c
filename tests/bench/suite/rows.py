"""Rows: figures with their unit, target and verdict. Nothing here measures."""
import dataclasses
import typing

SAMPLES_P99, SAMPLES_P999 = 100, 1000  # a quantile needs a sample beyond it
NONE = "–"


@dataclasses.dataclass
class Step:
    """One thing to measure: known by its key, so that a run can be resumed behind it."""

    key: str
    seconds: float  # about how long it takes
    measure: typing.Callable[[], list]


def verdict(value, target):
    return None if value is None or target is None else "met" if value <= target else "missed"


def judged(row, **targets):
    """With what each figure should be at most."""
    targets = {name: target for name, target in targets.items() if target is not None}
    return {**row, "targets": targets, "verdicts": {name: verdict(row[name], target) for name, target in targets.items()}} if targets else row


def quantiles(parts):
    """From what a program printed {count, p50, p99, p999, max}, without those that so few samples cannot give."""
    count = parts["count"]
    return {"count": count, "p50": parts["p50"], "p99": parts["p99"] if count >= SAMPLES_P99 else None,
            "p999": parts["p999"] if count >= SAMPLES_P999 else None, "max": parts["max"]}  # fmt: skip


def quantiles_of(values):
    """Of the samples themselves: the smallest value that so many are not above."""
    ordered = sorted(values)
    at = lambda share: ordered[min(int(len(ordered) * share), len(ordered) - 1)]  # noqa: E731
    return quantiles({"count": len(ordered), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999), "max": ordered[-1]})


def timing(key, what, unit, parts, p50=None, p99=None, **more):
    """A row of quantiles. p50, p99: the targets."""
    return judged({"key": key, "what": what, "unit": unit, **parts, **more}, p50=p50, p99=p99)


def figure(key, what, unit, value, target=None, **more):
    return judged({"key": key, "what": what, "unit": unit, "value": value, **more}, value=target)


# ---- as text ----
UNITS = {"us": "µs", "percent": "%", "per_second": "/s", "times": "×", "mib": "MiB"}


def number(value):
    """Three digits that mean something, more or less."""
    if value is None:
        return NONE
    digits = 0 if isinstance(value, int) or abs(value) >= 1000 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}"


def with_unit(value, unit):
    return NONE if value is None else f"{number(value)} {UNITS.get(unit, unit)}".strip()


def goal(row):
    """(targets, verdicts) in the order of the columns."""
    targets = row.get("targets", {})
    unit = UNITS.get(row["unit"], row["unit"])
    texts = [f"{'' if name == 'value' else name} {target:g} {unit}".strip() for name, target in targets.items()]
    return ", ".join(texts), ", ".join(result or NONE for result in row.get("verdicts", {}).values())


def table(headers, lines):
    return "\n".join(["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers), *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def measured(row):
    """The cells from p50 to samples; a single figure has the first alone."""
    if "value" in row:
        return [with_unit(row["value"], row["unit"]) + (f" ({row['note']})" if row.get("note") else ""), "", "", "", ""]
    return [*(with_unit(row[name], row["unit"]) for name in ("p50", "p99", "p999", "max")), str(row["count"])]


def plain_table(rows):
    """In the order that they were measured in; processor time and the peer's figure only where some row has them."""
    has_cpu, has_peer = any("cpu_percent" in row for row in rows), any("peer" in row for row in rows)
    lines = []
    for row in rows:
        cpu = [with_unit(row["cpu_percent"], "percent") if "cpu_percent" in row else ""] if has_cpu else []
        lines.append([row["what"], *measured(row), *cpu, *goal(row)] + ([row.get("peer", "")] if has_peer else []))
    headers = ["what", "p50, or the figure", "p99", "p99.9", "max", "samples"] + (["of a core"] if has_cpu else []) + ["target", ""]
    return table(headers + (["peer"] if has_peer else []), lines)
