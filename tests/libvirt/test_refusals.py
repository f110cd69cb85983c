"""What goes wrong says so in one line, and the domain is as it was. And what list and doctor say of it all."""
import json
import os
import signal
import subprocess
import tempfile

from rig.libvirt_guest import LibvirtGuest

NAME = "refusals"


def one_line(result, *words):
    assert result.returncode == 1, f"status {result.returncode}: {result.stdout}{result.stderr}"
    assert result.stderr.count("\n") == 1, f"not one line: {result.stderr!r}"
    for word in words:
        assert word in result.stderr, f"{word!r} is not in {result.stderr!r}"


def no_such_domain(rig):
    one_line(rig.transom("setup", "no-such-domain", "--yes", check=False), "no such domain")
    result = rig.transom("doctor", "no-such-domain", "--json", check=False)
    report = json.loads(result.stdout)
    assert result.returncode == 1 and report["schema"] == 1 and not report["ok"], result.stdout


def prepare(rig):
    rig.refused = LibvirtGuest(rig.libvirt, NAME)
    return rig.libvirt.definition(NAME)


def nobody_to_ask(rig):
    before = prepare(rig)
    one_line(rig.transom("setup", NAME, check=False), "--yes")
    assert rig.libvirt.definition(NAME) == before


def nothing_to_pick(rig):
    """Without a name, and no running VM that is set up: the choice is the user's."""
    one_line(rig.transom("view", "--renderer", "headless", "--seconds", "60", user=True, check=False), "which VM?", NAME)


def nothing_to_undo(rig):
    one_line(rig.transom("setup", NAME, "--undo", "--yes", check=False), "nothing to undo")


def no_permission(rig):
    """A user who is in no group."""
    argv = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", os.path.join(rig.build_directory, "host/cli/transom"), "setup", NAME, "--yes"]
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    one_line(result, "qemu:///system", "Permission denied")


def full_disk(rig):
    """No room for the backup, and room for one of its two files only: either way nothing has changed."""
    before = rig.libvirt.definition(NAME)
    for pages in (1, 2):
        with tempfile.TemporaryDirectory() as place:
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={4096 * pages},nr_inodes=64", "tmpfs", place], check=True)
            try:
                subprocess.run(["mount", "--bind", place, "/var/lib/transom"], check=True)
                one_line(rig.transom("setup", NAME, "--yes", check=False), "No space left on device")
                left = [name for _, _, names in os.walk(place) for name in names]
                assert not left, f"left over: {left}"
            finally:
                subprocess.run(["umount", "/var/lib/transom"], check=False)
                subprocess.run(["umount", place], check=False)
        assert rig.libvirt.definition(NAME) == before


def daemon_dies_in_mid_call(rig):
    """Stopped, so that the call hangs; then killed."""
    before = rig.libvirt.definition(NAME)
    rig.libvirt.daemon.process.send_signal(signal.SIGSTOP)
    setup = subprocess.Popen([os.path.join(rig.build_directory, "host/cli/transom"), "setup", NAME, "--yes"], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    while b"poll" not in open(f"/proc/{setup.pid}/wchan", "rb").read() and setup.poll() is None:
        pass
    rig.libvirt.daemon.stop(signal.SIGKILL)
    output, error = setup.communicate(timeout=60)
    assert setup.returncode == 1 and error.count("\n") == 1 and "qemu:///system" in error, f"{setup.returncode}: {output}{error}"
    rig.libvirt.start_daemon()
    assert rig.libvirt.definition(NAME) == before


def ordinary_user_sets_up(rig):
    """The domain is his to change; what needs root is one command, which he is told where sudo cannot ask him."""
    before = rig.libvirt.definition(NAME)
    result = rig.transom("setup", NAME, "--yes", "--resolution", "640x480", user=True, check=False)
    line = next(line for line in result.stdout.splitlines() if line.startswith("As root: sudo transom "))
    assert result.returncode == 1 and "before you start the VM" in result.stderr, result.stderr
    assert rig.libvirt.definition(NAME) != before
    rig.transom(*[word.strip("'") for word in line[len("As root: sudo transom "):].split()])  # fmt: skip
    assert rig.drop_in(NAME, "service", "Environment=") == ["TRANSOM_SIZE=8M"], rig.drop_in(NAME, "service", "Environment=")
    rig.transom("setup", NAME, "--undo", "--yes", user=True)
    assert rig.libvirt.definition(NAME) == before
    rig.transom("setup", NAME, "--system-only", "--undo")
    assert not os.path.exists(f"/etc/systemd/system/transom-serve@{NAME}.service.d")


def edited_since(rig):
    """What the user changes between setup and undo stays."""
    before = rig.libvirt.definition(NAME)
    rig.transom("setup", NAME, "--yes", "--resolution", "640x480")
    path = f"{rig.directory}/edited.xml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(rig.libvirt.definition(NAME).replace("524288", "655360"))
    rig.libvirt.virsh("define", path)
    rig.transom("setup", NAME, "--undo", "--yes")
    after = rig.libvirt.definition(NAME)
    assert "ua-transom" not in after and "655360" in after, after
    rig.libvirt.virsh("undefine", NAME)
    assert before.replace("524288", "655360").count("memballoon") == after.count("memballoon")


def server_gone_is_named(rig):
    """A domain that was set up and has no server cannot start: list and doctor say so."""
    rig.libvirt.virsh("define", f"/var/lib/libvirt/guest/{NAME}.xml")
    rig.transom("setup", NAME, "--yes", "--resolution", "640x480")
    listed = [line for line in rig.transom("list").stdout.splitlines() if line.startswith(NAME)]
    assert len(listed) == 1 and "its server is gone" in listed[0], listed
    report = json.loads(rig.transom("doctor", NAME, "--json", check=False).stdout)
    server = next(check for check in report["checks"] if check["name"] == "server")
    assert server["verdict"] == "failed" and "--undo" in server["fix"], server


def removal_undoes_all(rig):
    """What the package's removal runs: every domain of ours starts without us."""
    rig.transom("setup", "--undo", "--all", "--yes")
    for name in rig.libvirt.virsh("list", "--all", "--name").split():
        assert "transom" not in rig.libvirt.definition(name), name
    rig.libvirt.virsh("start", NAME)
    rig.libvirt.virsh("destroy", NAME)


TESTS = [no_such_domain, nobody_to_ask, nothing_to_pick, nothing_to_undo, no_permission, full_disk, daemon_dies_in_mid_call, ordinary_user_sets_up, edited_since, server_gone_is_named,
         removal_undoes_all]  # fmt: skip
