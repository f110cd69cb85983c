#!/usr/bin/env python3
"""usage: test_private_server.py BUILD_DIRECTORY

A viewer finds no server for its VM, starts its own, and shows what a guest publishes there. The server ends with the viewer, but not while
a VM uses its region: then the next viewer finds the same one, and it ends with the VM. No QEMU: transom-agent is the VM's peer."""
import os
import shutil
import signal
import socket
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from rig.children import Children  # noqa: E402
from rig.failure import wait_until  # noqa: E402

LIMIT_S = 60


class Fixture:
    def __init__(self, build_directory):
        self.build_directory = build_directory
        self.directory = tempfile.mkdtemp(prefix="transom-private-")
        self.children = Children(self.directory)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": self.directory, "HOME": self.directory}
        self.environment.pop("XDG_CONFIG_HOME", None)
        self.socket = os.path.join(self.directory, "transom", "games", "region.sock")

    def start_viewer(self, name, *options):
        argv = [os.path.join(self.build_directory, "host/cli/transom"), "view", "games", "--renderer", "headless", *options]
        return self.children.start(name, argv, env=self.environment)

    def start_agent(self):
        argv = [os.path.join(self.build_directory, "guest/linux/transom-agent"), "run", "--source", "test-card", "--size", "320x200",
                "--region", "server:" + self.socket]  # fmt: skip
        return self.children.start("agent", argv)

    def answers(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def finish(self):
        self.children.stop_all()
        shutil.rmtree(self.directory, ignore_errors=True)


def await_end(child):
    wait_until(lambda: not child.is_running(), LIMIT_S, f"{child.name} ends", child.log)
    assert child.process.returncode == 0, f"{child.name} ended with {child.process.returncode}"


def server_follows_its_viewer(fixture):
    viewer = fixture.start_viewer("viewer-alone")
    wait_until(fixture.answers, LIMIT_S, "the viewer's own server", viewer.log)
    viewer.stop(signal.SIGKILL)
    wait_until(lambda: not os.path.exists(fixture.socket), LIMIT_S, "the end of a killed viewer's server", viewer.log)


def server_stays_for_a_vm(fixture):
    viewer = fixture.start_viewer("viewer-first", "--frames", "3")
    wait_until(fixture.answers, LIMIT_S, "the viewer's own server", viewer.log)
    agent = fixture.start_agent()
    await_end(viewer)
    assert fixture.answers(), "the server went although a VM was connected"
    await_end(fixture.start_viewer("viewer-second", "--frames", "3", "--private-server", "never"))
    agent.require_running()
    agent.stop()
    wait_until(lambda: not os.path.exists(fixture.socket), LIMIT_S, "the end of the server after the VM's", viewer.log)


def none_is_started_unless_wanted(fixture):
    viewer = fixture.start_viewer("viewer-waiting", "--private-server", "never", "--seconds", "1")
    await_end(viewer)
    assert not os.path.exists(fixture.socket), "a server was started"


def main():
    fixture = Fixture(sys.argv[1])
    try:
        for test in (server_follows_its_viewer, server_stays_for_a_vm, none_is_started_unless_wanted):
            test(fixture)
            print(f"ok     {test.__name__}", flush=True)
    finally:
        fixture.finish()


main()
