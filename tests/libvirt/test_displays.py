"""SPICE, VNC, both, none, SPICE removed: the firmware's picture is seen in each, and undo gives back every byte."""
from rig.failure import wait_until

WAIT_S = 90
SPICE = "<graphics type='spice'><listen type='none'/></graphics>"
VNC = "<graphics type='vnc' passwd='secret7'><listen type='socket'/></graphics>"
DISPLAYS = {"spice": SPICE, "vnc": VNC, "both": SPICE + VNC, "none": "", "spice-removed": "<audio id='1' type='none'/>"}


def show(rig, name, devices):
    chain, guest, before = rig.new_domain("display-" + name, devices)
    assert "secret7" not in rig.transom("setup", chain.name, "--undo", "--dry-run").stdout
    chain.start_viewer("--start", "--seconds", "600")
    window = rig.display.wait_for_window(chain.viewer)
    wait_until(lambda: chain.stats().get("fallback_frames"), WAIT_S, f"{name}: the emulated display is shown", chain.viewer.log)
    guest.wait_serial("guest: userspace")
    chain.stop_viewer()
    rig.libvirt.virsh("destroy", chain.name)
    rig.transom("setup", chain.name, "--undo", "--yes")
    assert rig.libvirt.definition(chain.name) == before, f"{name}: undo is not byte for byte"
    rig.servers[chain.name].stop()
    return window


def every_kind_of_display(rig):
    for name, devices in DISPLAYS.items():
        show(rig, name, devices)


TESTS = [every_kind_of_display]
