"""A virtual machine, and what is asked of it through QEMU's monitor."""

import json
import os
import socket
import subprocess
import time

WIDTH, HEIGHT = 800, 480
# How long something may take: emulation on a busy machine is slow.
PATIENCE_S = 90


class Machine:
    def __init__(self, folder, arguments):
        self.folder = folder
        path = os.path.join(folder, "qmp")
        self.process = subprocess.Popen([
            "qemu-system-x86_64", "-M", "q35", "-smp", "1", "-nodefaults", "-display", "none",
            "-no-reboot", "-qmp", "unix:" + path + ",server=on,wait=off",
            "-device", f"virtio-gpu-pci,xres={WIDTH},yres={HEIGHT}", *arguments,
        ])
        self.wait("the machine is there", lambda: os.path.exists(path))
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.events = []
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            answer = json.loads(self.lines.readline())
            if "event" in answer:
                self.events.append(answer)
            if "error" in answer:
                raise SystemExit(f"{command}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def wait(self, what, is_so):
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"it never came about that {what}\n{self.said()[-3000:]}")
            time.sleep(0.1)

    def said(self):
        """What it has said so far, for whoever reads why a test failed."""
        return ""

    def move(self, x, y):
        axis = lambda name, value, size: {
            "type": "abs", "data": {"axis": name, "value": value * 32767 // (size - 1)}}
        place = [axis("x", x, WIDTH), axis("y", y, HEIGHT)]
        self.ask("input-send-event", events=place)

    def touch(self, x, y):
        self.move(x, y)
        for down in (True, False):
            button = {"type": "btn", "data": {"down": down, "button": BUTTON}}
            self.ask("input-send-event", events=[button])
            time.sleep(0.2)

    def photograph(self, name):
        path = os.path.join(self.folder, name + ".ppm")
        self.ask("screendump", filename=path)
        with open(path, "rb") as file:
            kind, size, _, pixels = file.read().split(b"\n", 3)
        assert kind == b"P6", kind
        if size.split() != [str(WIDTH).encode(), str(HEIGHT).encode()]:
            return None
        return pixels


def touch_device():
    """A touch panel where QEMU has one (8.1 and newer), and a tablet where it does not."""
    known = subprocess.run(["qemu-system-x86_64", "-device", "help"], capture_output=True, text=True)
    return "virtio-multitouch-pci" if "virtio-multitouch-pci" in known.stdout else "virtio-tablet-pci"


BUTTON = "touch" if touch_device() == "virtio-multitouch-pci" else "left"
