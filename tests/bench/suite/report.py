"""From the rows of a run to docs/benchmarks.md. Nothing here measures, so a run that is kept as JSON gives the same text again."""

DOCUMENT = """# Benchmarks

Written by `tests/bench/run --write-docs` on a release build; not edited by hand: `tests/bench/test_suite.py` makes this file anew from
`benchmarks.json` beside it, which is the run itself, and compares. No test asserts a time.

{run}

{tables}
## How it is measured

- Everything but the last section runs without a VM: guest and viewer are processes of one host, peers of one `transom-serve`, on one clock
  (`CLOCK_MONOTONIC_RAW`), so that one-way figures need no relation of clocks. In a VM the exit that a doorbell costs comes on top.
- A quantile needs a sample beyond it: p99 100 samples, p99.9 1000. "met" and "missed" are about the target beside the figure.
- *Seen*: from the moment before "complete" is stored until the consumer has found the frame. Only frames for which the consumer really waited
  count. How deep an idle CPU sleeps decides much of it: with `haltpoll` it hardly sleeps at all, in a deep C-state waking alone takes
  50-200 µs. *Predictive polling* is the viewer's own way where nobody rings (`host/app/poll_pacer.h`); *spinning* is there to compare.
- *Consumed*: until a reader has copied the last byte out of the region. *By bands*: it follows the frame while it is written, so only the
  last band is left when it is complete. The plain `memcpy` reads the same bytes, every third frame of the same run.
- *Matrix*: `bench_guest` publishes at a display's ticks; `transom latency`, headless, takes every frame, and these are its own stamps. Headless
  means that the CPU copies the damage into the picture; consumed is the end of that, submitted when the presenter is told to draw. Where the
  guest could not hold the rate on this machine the rate is in bold, as what was published of what was wanted. *Not taken*: frames that were
  replaced by a newer one before the viewer came to them.
- *Idle*: voluntary context switches and run time of all threads (`/proc/PID/task/*/{{status,schedstat}}`), still picture. The agent's back-off is
  stated in `guest/core/poll_pacer.h`, the viewer's without doorbells in `host/app/poll_pacer.h`.
- *Start and recovery*: the witness is the region itself, looked at each half millisecond by one more peer.
- *Clocks*: `transom latency` with an agent on this host, without being told that both read one clock.
- *Memory*: `/proc/PID/smaps_rollup`. The region is shared, so each process has a part of it in its PSS.
- *Input* and *a real guest* run in QEMU without KVM: they compare ways with each other and are no figures of hardware.
- *Peer*: Looking Glass (master of July 2026), measured on a 2-core machine without a GPU, synthetic guest, default settings.
"""


def run_line(facts):
    host = facts["machine"]
    return (f"Machine: {host['cpu']}, {host['cpus']} CPUs, Linux {host['kernel']}, idle driver {host['idle_driver']}, load average "
            f"{host['load_at_start']:.2f} at the start. Commit: {facts['commit']}. Command: `{facts['command']}`.")  # fmt: skip


def verdicts(facts):
    """How many were met, and which were not."""
    results = [(f"{what} ({name})" if name != "value" else what, result) for section in facts["sections"].values()
               for what, row in named(rows_of(section)) for name, result in row.get("verdicts", {}).items() if result]  # fmt: skip
    missed = [what for what, result in results if result == "missed"]
    text = f"Targets: {len(results)}, met: {sum(result == 'met' for _, result in results)}."
    return text + (" Missed: " + "; ".join(dict.fromkeys(missed)) + "." if missed else "")


def named(rows):
    """(what, row): one that goes on from the row before it with its dots is named after that."""
    before = ""
    for row in rows:
        before = before if row["what"].startswith("…") else row["what"]
        yield (f"{before} {row['what']}" if row["what"].startswith("…") else before), row


def rows_of(section):
    return [row for step in section["steps"].values() for row in step]


def tables(facts, modules):
    parts = []
    for module in modules:
        section = facts["sections"].get(module.NAME)
        if section is None:
            continue
        rows = rows_of(section)
        parts.append(f"## {module.TITLE}\n\n" + (module.tables(rows) if rows else "Cannot be measured on this machine.\n"))
    return "\n".join(parts)


def markdown(facts, modules):
    return f"{run_line(facts)}\n\n{verdicts(facts)}\n\n{tables(facts, modules)}"


def document(facts, modules):
    return DOCUMENT.format(run=f"{run_line(facts)}\n\n{verdicts(facts)}", tables=tables(facts, modules))
