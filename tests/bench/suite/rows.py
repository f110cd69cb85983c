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


def number(value, digits=1):
    if value is None:
        return NONE
    return f"{value:.{digits}f}" if abs(value) < 1000 else f"{value:.0f}"


def with_unit(value, unit):
    return NONE if value is None else f"{number(value, 2 if unit in ('times', 'percent') else 1)} {UNITS.get(unit, unit)}"


def goal(row):
    """(targets, verdicts) in the order of the columns."""
    targets = row.get("targets", {})
    texts = [(f"{name} " if name != "value" else "") + f"{target:g} {UNITS.get(row['unit'], row['unit'])}" for name, target in targets.items()]
    return ", ".join(texts), ", ".join(result or NONE for result in row.get("verdicts", {}).values())


def table(headers, lines):
    return "\n".join(["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers), *("| " + " | ".join(line) + " |" for line in lines)]) + "\n"


def timing_table(rows):
    """What has quantiles; processor time and the peer's figure only where some row has them."""
    rows = [row for row in rows if "p50" in row]
    has_cpu, has_peer = any("cpu_percent" in row for row in rows), any("peer" in row for row in rows)
    lines = []
    for row in rows:
        cells = [row["what"], *(with_unit(row[name], row["unit"]) for name in ("p50", "p99", "p999", "max")), str(row["count"])]
        cells += [with_unit(row.get("cpu_percent"), "percent")] if has_cpu else []
        lines.append(cells + [*goal(row)] + ([row.get("peer", "")] if has_peer else []))
    headers = ["what", "p50", "p99", "p99.9", "max", "samples"] + (["of a core"] if has_cpu else []) + ["target", ""] + (["peer"] if has_peer else [])
    return table(headers, lines) if rows else ""


def figure_table(rows):
    rows = [row for row in rows if "value" in row]
    has_peer = any("peer" in row for row in rows)
    lines = [[row["what"], with_unit(row["value"], row["unit"]) + (f" ({row['note']})" if row.get("note") else ""), *goal(row)]
             + ([row.get("peer", "")] if has_peer else []) for row in rows]  # fmt: skip
    return table(["what", "measured", "target", ""] + (["peer"] if has_peer else []), lines) if rows else ""


def plain_tables(rows):
    return "\n".join(part for part in (timing_table(rows), figure_table(rows)) if part)
