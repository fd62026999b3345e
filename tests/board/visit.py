"""Plays a visit on the virtual board: touches it, photographs it, compares with the golden pictures."""

import os
import struct
import sys
import tempfile
import zlib

from machine import HEIGHT, Machine, WIDTH, touch_device

# How many pixels may differ: the pointer that the graphics card draws, and no more.
DIFFERENT_MAX = 400


class Board(Machine):
    def __init__(self, kernel, initramfs, folder):
        self.log = os.path.join(folder, "serial.log")
        super().__init__(folder, [
            "-m", "768", "-kernel", kernel, "-initrd", initramfs,
            "-append", "console=ttyS0 quiet panic=-1", "-serial", "file:" + self.log,
            "-device", touch_device(),
        ])

    def said(self):
        try:
            with open(self.log, errors="replace") as log:
                return log.read()
        except OSError:
            return ""

    def see(self, name, golden, folder):
        """Waits until the screen shows a golden picture, and keeps what it showed last."""
        expected, seen = read_png(os.path.join(golden, f"{name}-{WIDTH}x{HEIGHT}.png")), [None, None]

        def is_seen():
            pixels = self.photograph(name)
            if pixels is None:
                return False
            different = sum(
                pixels[at:at + 3] != expected[at:at + 3] for at in range(0, len(expected), 3))
            seen[:] = [pixels, different]
            write_png(os.path.join(folder, name + ".png"), pixels)
            return different <= DIFFERENT_MAX

        self.wait(f"the screen shows {name}", is_seen)
        print(f"{name}: as it should be, but for {seen[1]} pixels")


def read_png(path):
    """The pixels of a picture of eight bits a part, with or without transparency, as RGB."""
    data, at, packed, depth = open(path, "rb").read(), 8, b"", 4
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, bits, colours = struct.unpack(">IIBB", body[:10])
            assert bits == 8 and colours in (2, 6), path
            depth = 4 if colours == 6 else 3
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    raw, line = zlib.decompress(packed), width * depth
    before, rgb = bytearray(line), bytearray()
    for row in range(height):
        filter_type = raw[row * (line + 1)]
        now = bytearray(raw[row * (line + 1) + 1:(row + 1) * (line + 1)])
        for i in range(line):
            left = now[i - depth] if i >= depth else 0
            up, corner = before[i], before[i - depth] if i >= depth else 0
            if filter_type == 1:
                add = left
            elif filter_type == 2:
                add = up
            elif filter_type == 3:
                add = (left + up) // 2
            elif filter_type == 4:
                guess = left + up - corner
                add = min((left, up, corner), key=lambda value: abs(guess - value))
            else:
                add = 0
            now[i] = now[i] + add & 255
        before = now
        for i in range(0, line, depth):
            rgb += now[i:i + 3]
    return bytes(rgb)


def write_png(path, rgb):
    chunk = lambda kind, body: (struct.pack(">I", len(body)) + kind + body
                                + struct.pack(">I", zlib.crc32(kind + body)))
    rows = b"".join(b"\0" + rgb[at:at + WIDTH * 3] for at in range(0, len(rgb), WIDTH * 3))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def main():
    kernel, initramfs, pictures, golden = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        board = Board(kernel, initramfs, folder)
        try:
            see = lambda name: board.see(name, golden, pictures)
            see("ask")
            board.touch(250, 260)  # "Bad"
            see("reasons")
            board.touch(150, 160)  # "Waiting time"
            see("nps")
            board.touch(400, 375)  # "Skip"
            see("thanks")
            thanked = [line for line in board.said().splitlines() if line.startswith("thanked ")]
            assert len(thanked) == 1 and thanked[0].endswith(" 1 2"), thanked
        finally:
            board.process.kill()
            with open(os.path.join(pictures, "serial.log"), "w") as log:
                log.write(board.said())
    print("the visit went as it should")


if __name__ == "__main__":
    main()
