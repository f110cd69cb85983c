"""What the libvirt tests share: the daemon, our guest as a domain that `transom setup` has prepared, its server as systemd would run it, and
viewers that an ordinary user starts."""
import glob
import os
import subprocess

from .chain import Chain
from .display import Display
from .failure import StepFailed, wait_until
from .guest import TOP, build_image
from .libvirt import USER_ID, Libvirt, as_user, mount_own
from .libvirt_guest import LibvirtGuest, install_image
from .region import RegionWatcher

RESOLUTION = "1920x1080"
STATE_TIMEOUT_S = 60


class LibvirtChain(Chain):
    """A chain whose guest and region are a domain's, and whose viewer is told nothing but the domain's name."""

    def __init__(self, rig, name):
        super().__init__(rig.children, rig.directory, rig.build_directory, rig.display.environment)
        self.rig = rig
        self.name = name
        self.region_socket = f"/run/transom/{name}/region.sock"

    def start_viewer(self, *options, renderer="sdl"):
        environment = dict(self.environment)
        if renderer != "sdl":
            environment["ASAN_OPTIONS"] = "detect_leaks=0"  # a driver's modules are gone when leaks are counted
        self.viewers += 1
        self.rig.viewer_count += 1
        self.stats_path = os.path.join(self.directory, f"viewer-{self.rig.viewer_count}-stats.json")
        argv = as_user([self.program("host/cli/transom"), "view", self.name, "--stats", "json", "--stats-interval-ms", "100",
                        "--log-level", "debug", "--renderer", renderer, *options])  # fmt: skip
        with open(self.stats_path, "wb") as stats:
            self.viewer = self.children.start(f"viewer-{self.rig.viewer_count}", argv, stdout=stats, env=environment)

    def wait_state(self, state):
        def look():
            self.viewer.require_running()
            return self.stats().get("domain_state") == state

        wait_until(look, STATE_TIMEOUT_S, f"the viewer knows that {self.name} is {state}", self.viewer.log)

    def stop_viewer(self):
        """It must end by itself, as a user would close it."""
        if self.viewer and self.viewer.stop() not in (0,):
            raise StepFailed(f"the viewer ended with status {self.viewer.process.returncode}", self.viewer.log)
        self.viewer = None


class LibvirtRig:
    def __init__(self, children, directory, build_directory):
        self.children = children
        self.directory = directory
        self.build_directory = build_directory
        self.image = build_image(build_directory, True)
        self.libvirt = Libvirt(children, directory)
        mount_own("/etc/systemd/system", self.libvirt.scratch)
        self.display = Display(children)
        self.viewer_count = 0
        self.servers = {}
        install_image(self.image)
        self.make_user_environment()

    def make_user_environment(self):
        runtime = os.path.join(self.directory, "user-run")
        os.makedirs(runtime)
        os.chown(runtime, USER_ID, USER_ID)
        os.chmod(runtime, 0o700)
        self.display.environment.update(XDG_RUNTIME_DIR=runtime, HOME=f"{self.libvirt.scratch}/home")
        self.display.environment.pop("XDG_CONFIG_HOME", None)
        # Leaks count: SDL draws by itself, and no Vulkan is tried, whose drivers leave modules behind that the sanitizer cannot name.
        suppressions = os.path.join(TOP, "tests/support/leaks.supp")
        self.display.environment.update(SDL_RENDER_DRIVER="software", LSAN_OPTIONS=f"suppressions={suppressions}:print_suppressions=0")

    def transom(self, *words, check=True, user=False, env=None, limit_s=120):
        argv = [os.path.join(self.build_directory, "host/cli/transom"), *words]
        result = subprocess.run(as_user(argv) if user else argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                timeout=limit_s, check=False, env=env or (self.display.environment if user else None))  # fmt: skip
        if check and result.returncode != 0:
            raise StepFailed(f"transom {' '.join(words)}: status {result.returncode}: {result.stderr.strip()}")
        return result

    def start_server(self, name):
        """What systemd does with the units and the drop-ins that setup wrote: directories, sockets, rights."""
        size = self.drop_in(name, "service", "Environment=TRANSOM_SIZE=")[0]
        server = self.children.start(f"serve-{name}", [os.path.join(self.build_directory, "host/serve/transom-serve"), name, "--size", size])
        wait_until(lambda: server.require_running() or os.path.exists(f"/run/transom/{name}/control.sock"), 20, "transom-serve's sockets", server.log)
        os.chmod(f"/run/transom/{name}", 0o755)
        for path in glob.glob(f"/run/transom/{name}/*.sock"):
            subprocess.run(["chgrp", "transom", path], check=True)
        for unit in ("transom-serve", "transom-serve-usb"):
            for command in self.drop_in(name, "socket", "ExecStartPost=", unit):
                if os.path.exists(command.split()[-1]):  # a server of an older release has no channels
                    subprocess.run(command.split(), check=True)
        self.servers[name] = server
        return server

    @staticmethod
    def drop_in(name, kind, key, unit="transom-serve"):
        with open(f"/etc/systemd/system/{unit}@{name}.{kind}.d/50-setup.conf", encoding="utf-8") as file:
            return [line[len(key):].strip() for line in file if line.startswith(key)]  # fmt: skip

    def new_domain(self, name, devices="", **options):
        """(chain, guest, the definition before setup)"""
        chain = LibvirtChain(self, name)
        chain.guest = LibvirtGuest(self.libvirt, name, devices, **options)
        before = self.libvirt.definition(name)
        self.transom("setup", name, "--yes", "--resolution", RESOLUTION)
        self.start_server(name)
        chain.region = RegionWatcher(chain.region_socket)
        return chain, chain.guest, before
