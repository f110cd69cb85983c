"""Programs that test the agent's own code on the Windows side, where a Python script cannot reach."""
import os

from rig.wine import windows_path


def show(output):
    for line in output.splitlines():
        print(f"       {line}", flush=True)


def direct_copy_survives_every_failure(rig):
    """Against a Direct3D 12 device of software that fails at each call in turn."""
    show(rig.wine.require("tests/windows/guest/test_direct_copy.exe", timeout_s=600))


def starts_and_stops_leave_no_handles(rig):
    region = os.path.join(rig.directory, "cycles")
    show(rig.wine.require("tests/windows/guest/test_cycles.exe", windows_path(region), timeout_s=300))


TESTS = [direct_copy_survives_every_failure, starts_and_stops_leave_no_handles]
