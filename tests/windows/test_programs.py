"""Programs that test the agent's own code on the Windows side, where a Python script cannot reach."""
import json
import os
import subprocess

from rig.wine import windows_path


# Of Windows 10 itself, without any package.
WINDOWS_DLLS = set("advapi32 avrt bcrypt d3d11 dxgi gdi32 kernel32 msvcrt ole32 setupapi shell32 user32 userenv wtsapi32".split())
WINDOWS_DLLS = {name + ".dll" for name in WINDOWS_DLLS}


def show(output):
    for line in output.splitlines():
        print(f"       {line}", flush=True)


def direct_copy_survives_every_failure(rig):
    """Against a Direct3D 12 device of software that fails at each call in turn."""
    show(rig.wine.require("tests/windows/guest/test_direct_copy.exe", timeout_s=600))


def virtual_displays_are_told_of_modes(rig):
    directory = os.path.join(rig.directory, "vdd")
    os.mkdir(directory)
    show(rig.wine.require("tests/windows/guest/test_virtual_display.exe", windows_path(directory)))


def starts_and_stops_leave_no_handles(rig):
    region = os.path.join(rig.directory, "cycles")
    show(rig.wine.require("tests/windows/guest/test_cycles.exe", windows_path(region), timeout_s=1200))


def selftest_says_what_works(rig):
    """A line for each capability, and the same as JSON. Under Wine neither Desktop Duplication nor the direct copy may pass."""
    region = windows_path(rig.region_path("selftest", 64))
    report = json.loads(rig.wine.require("guest/windows/transom-agent.exe", "selftest", "--region", region, "--json"))
    show("\n".join(f"{result['result']}  {result['subject']}: {result['detail']}" for result in report["results"]))
    assert report["schema"] == 1 and report["ok"], report
    verdicts = {}
    for result in report["results"]:
        verdicts.setdefault(result["subject"], []).append(result["result"])
    for subject in ("active outputs", "region", "mapping, file", "cursor", "session", "clock", "desktop", "GDI",
                    "HDR (PQ) by the GPU", "wide gamut (sRGB) by the GPU", "the test card, read back from the GPU", "the test card, by Direct3D 11"):  # fmt: skip
        assert verdicts[subject] == ["PASS"], f"{subject}: {verdicts.get(subject)}"
    for subject, verdict in verdicts.items():
        assert verdict == ["FAIL"] or ("Duplication" not in subject and "into the region" not in subject), f"{subject} passed under Wine"


def agent_is_one_small_file(rig):
    path = rig.wine.program("guest/windows/transom-agent.exe")
    assert os.path.getsize(path) < 2 << 20, f"{os.path.getsize(path)} bytes"
    table = subprocess.run(["x86_64-w64-mingw32-objdump", "-p", path], capture_output=True, text=True, check=True).stdout
    names = {line.split()[-1].lower() for line in table.splitlines() if "DLL Name:" in line}
    foreign = names - WINDOWS_DLLS
    assert not foreign, f"needs {foreign}, which no Windows brings"
    print(f"       {os.path.getsize(path)} bytes; from Windows it takes {', '.join(sorted(names))}", flush=True)


TESTS = [
    agent_is_one_small_file,
    selftest_says_what_works,
    virtual_displays_are_told_of_modes,
    direct_copy_survives_every_failure,
    starts_and_stops_leave_no_handles,
]
