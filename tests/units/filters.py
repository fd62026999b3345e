#!/usr/bin/env python3
"""Runs the programs under the system call filters of their unit files, to a delivered rating.

  tests/units/filters.py FOLDER     the folder of smilepost-kiosk, smilepost-hub and smilepost-demo

Here a call that the filter refuses ends the program, so that none goes unnoticed; under systemd it
only fails. With strace installed, the call is named. Exits with 2 where a tool is missing.
"""

import ctypes
import ctypes.util
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 60
NOBODY = 65534
PROGRAMS = ["smilepost-kiosk", "smilepost-hub", "smilepost-demo"]
# From seccomp.h.
TRAP, ALLOW, NO_SUCH_CALL = 0x00030000, 0x7FFF0000, -1
PR_SET_NO_NEW_PRIVS = 38


def not_run(why):
    print(f"NOT RUN: the system call filters, for want of {why}")
    sys.exit(2)


def groups():
    """The members of each group, as the installed systemd has them."""
    try:
        text = subprocess.run(
            ["systemd-analyze", "syscall-filter", "--no-pager"],
            check=True, capture_output=True, text=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        not_run(f"systemd-analyze ({error})")
    found, name = {}, None
    for line in text.splitlines():
        word = line.strip().split(" ")[0]
        if line.startswith("@"):
            name = word
            found[name] = []
        elif not word:
            name = None
        elif name and not word.startswith("#"):
            found[name].append(word)
    return found


def expand(name, all_groups):
    if not name.startswith("@"):
        return {name}
    return set().union(*(expand(member, all_groups) for member in all_groups[name]))


def allowed(unit, all_groups):
    """The calls that a unit allows, by the rules of systemd.exec(5)."""
    text = (ROOT / "systemd" / f"smilepost-{unit}.service").read_text()
    # Whoever lists what is allowed allows these too.
    calls = expand("@default", all_groups)
    for line in re.findall(r"^SystemCallFilter=(.*)$", text, re.MULTILINE):
        names = [expand(name, all_groups) for name in line.lstrip("~").split()]
        calls = calls - set().union(*names) if line.startswith("~") else calls.union(*names)
    return calls


def become(lib, calls):
    """Gives up root and filters this process and all it starts, in the order of systemd."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    if calls is None:
        return
    context = lib.seccomp_init(TRAP)
    for call in calls:
        number = lib.seccomp_syscall_resolve_name(call.encode())
        # Other machines have other calls.
        if number != NO_SUCH_CALL and number > -1:
            lib.seccomp_rule_add(context, ALLOW, number, 0)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if lib.seccomp_load(context) != 0:
        os._exit(3)


class Scene:
    def __init__(self, programs, lib):
        self.all_groups = groups()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="smilepost-filters-"))
        self.lib, self.running = lib, {}
        # Nobody may not be allowed to go where they were built.
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        for program in PROGRAMS:
            shutil.copy(programs / program, self.programs)
        if os.getuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        self.ports = [free_port() for _ in range(3)]
        hub, dashboard, phone = self.ports
        self.write("hub.toml", f'''
data_dir = "{self.folder}/hub"
listen = "127.0.0.1:{hub}"
[dashboard]
listen = "127.0.0.1:{dashboard}"
''')
        self.write("kiosk.toml", f'''
data_dir = "{self.folder}/kiosk"
allow_volatile = true
[visit]
thanks_ms = 0
correction_ms = 0
interval_ms = 0
[buttons]
driver = "script"
script = "{self.folder}/buttons"
[sound]
tones = true
player = ["{shutil.which('cp')}", "-t", "{self.folder}/played"]
[uplink]
coalesce_ms = 0
first_max_ms = 0
[desk]
listen = "127.0.0.1:{phone}"
''')
        os.mkfifo(self.folder / "buttons")
        (self.folder / "played").mkdir()
        if os.getuid() == 0:
            os.chown(self.folder / "buttons", NOBODY, NOBODY)
            os.chown(self.folder / "played", NOBODY, NOBODY)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)

    def become(self, unit):
        calls = allowed(unit, self.all_groups) if unit else None
        return lambda: become(self.lib, calls)

    def start(self, unit, program, *arguments):
        command = [str(self.programs / f"smilepost-{program}"), *arguments]
        log = open(self.folder / f"{program}.log", "ab")
        if shutil.which("strace"):
            # Of strace only what ends the program is wanted; it is outside of the filter.
            me = [sys.executable, __file__, "--under", unit]
            trace = ["strace", "-f", "-qq", "-e", "trace=none", "-e", "signal=SIGSYS"]
            command, before = trace + me + command, None
        else:
            before = self.become(unit)
        home, path = str(self.folder), os.environ["PATH"]
        environment = {"SMILEPOST_LOG": "info", "HOME": home, "PATH": path}
        self.running[program] = subprocess.Popen(
            command, preexec_fn=before, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=environment, start_new_session=True,
        )

    def say(self, program, *arguments, given=None):
        """What a command prints that a person gives, which no unit filters."""
        told = subprocess.run(
            [str(self.programs / f"smilepost-{program}"), *arguments, "--config",
             f"{self.folder}/{program}.toml"],
            preexec_fn=self.become(None), capture_output=True, text=True, input=given,
        )
        if told.returncode != 0:
            self.fail(f"{program} {arguments}: {told.stderr}")
        return told.stdout

    def wait(self, what, is_there):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            for program, process in self.running.items():
                if process.poll() is not None:
                    self.fail(f"{what}: smilepost-{program} has ended")
            try:
                if is_there():
                    return
            except (OSError, urllib.request.URLError):
                pass
            time.sleep(0.05)
        self.fail(f"{what}: waited for {PATIENCE_S} s")

    def press(self):
        with open(self.folder / "buttons", "w", encoding="ascii") as buttons:
            buttons.write("5\n")

    def page(self, port, path="/", scheme="http"):
        context = ssl._create_unverified_context() if scheme == "https" else None
        url = f"{scheme}://localhost:{port}{path}"
        with urllib.request.urlopen(url, timeout=10, context=context) as answer:
            return answer.read().decode()

    def stop(self, program):
        process = self.running.pop(program)
        os.killpg(process.pid, signal.SIGTERM)
        ended = process.wait(PATIENCE_S)
        if ended not in (0, -signal.SIGTERM):
            self.fail(f"smilepost-{program} ended with {ended}")

    def fail(self, what):
        print(f"FAILED: {what}")
        for log in self.folder.glob("*.log"):
            lines = log.read_text(errors="replace").splitlines()
            refused = [line for line in lines if "SIGSYS" in line]
            print(f"--- {log.name}", *(refused or lines[-15:]), sep="\n")
        self.end()
        sys.exit(1)

    def end(self):
        for process in self.running.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def shop(scene):
    """A hub and an enrolled kiosk, each under its unit's filter, and everything a shop does."""
    hub, dashboard, phone = scene.ports
    scene.say("hub", "shop", "add", "Kallio", "--zone", "Europe/Helsinki")
    added = scene.say("hub", "kiosk", "add", "--shop", "kallio", "--touchpoint", "Checkout 1")
    scene.start("hub", "hub", "serve", "--config", f"{scene.folder}/hub.toml")
    scene.wait("the hub serves", lambda: scene.page(hub, "/healthz"))
    scene.say("kiosk", "enrol", f"http://127.0.0.1:{hub}", added.split()[-1])
    scene.say("kiosk", "pin", "set", given="2580\n")
    scene.start("kiosk", "kiosk", "run", "--headless", "--config", f"{scene.folder}/kiosk.toml")
    scene.wait("the desk's page", lambda: "PIN" in scene.page(phone, "/pin", "https"))
    for n in range(1, 4):
        scene.press()
        rows = lambda: scene.say("hub", "export").count("\n") - 1
        scene.wait(f"rating {n} is delivered", lambda: rows() >= n)
    scene.wait("the player got the tone", lambda: list((scene.folder / "played").iterdir()))
    scene.wait("it is on the dashboard", lambda: "Kallio" in scene.page(dashboard))
    stick = scene.folder / "stick"
    stick.mkdir(mode=0o777)
    stick.chmod(0o777)
    scene.say("kiosk", "carry", str(stick))
    scene.say("kiosk", "summary")
    if "holds" not in scene.say("kiosk", "verify"):
        scene.fail("the equation does not hold")
    scene.stop("kiosk")
    scene.stop("hub")


def demo(scene):
    """The demo, under the kiosk's filter, until it has counted a made-up rating."""
    folder, log = scene.folder / "demo", scene.folder / "demo.log"
    scene.start("kiosk", "demo", "--headless", "--shoppers", "600", "--data-dir", str(folder))
    read = lambda: re.search(r"Head office +http://\S+?:(\d+)", log.read_text(errors="replace"))
    scene.wait("the demo says where it is", read)
    ratings = r'Ratings</span><span class="value">[1-9]'
    port = int(read()[1])
    scene.wait("a made-up rating is counted", lambda: re.search(ratings, scene.page(port)))
    scene.stop("demo")


def main():
    name = ctypes.util.find_library("seccomp") or "libseccomp.so.2"
    try:
        lib = ctypes.CDLL(name)
    except OSError:
        not_run("libseccomp")
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_rule_add.argtypes = [
        ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
    ]
    lib.seccomp_load.argtypes = [ctypes.c_void_p]
    if sys.argv[1] == "--under":
        become(lib, allowed(sys.argv[2], groups()))
        os.execv(sys.argv[3], sys.argv[3:])
    scene = Scene(pathlib.Path(sys.argv[1]).resolve(), lib)
    for part in (shop, demo):
        part(scene)
        print(f"passed: {part.__doc__.splitlines()[0]}")
    scene.end()


if __name__ == "__main__":
    main()
