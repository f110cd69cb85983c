"""Where a run was made, and of what."""
import os
import pathlib
import platform
import shutil
import subprocess

from .processes import ROOT


def machine():
    model = platform.processor() or "?"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    driver = pathlib.Path("/sys/devices/system/cpu/cpuidle/current_driver")
    return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "load_at_start": os.getloadavg()[0],
            "idle_driver": driver.read_text().strip() if driver.exists() else "none"}  # fmt: skip


def commit():
    if not shutil.which("git"):
        return "unknown"
    result = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude", "*"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return result.stdout.decode().strip() or "unknown"
