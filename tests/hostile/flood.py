#!/usr/bin/env python3
"""Measures what strangers cost a hub: its memory before, during and after each flood, and how long
a polite kiosk waits for its receipts meanwhile.

  tests/hostile/flood.py FOLDER [NAME…]     the folder of smilepost-hub; only these floods

The hub has the limits and the environment of its unit file. Everything stays on this machine. It
fails when a kiosk waits too long or when memory is not given back.
"""

import http.client
import json
import multiprocessing
import os
import pathlib
import re
import resource
import secrets
import selectors
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FLOOD_S, REST_S = 20, 30
WAIT_MAX_S, KEPT_MAX_MIB = 2.0, 16

HALF = b"POST /v1/deliveries HTTP/1.1\r\nhost: x\r\n%scontent-length: 500000\r\n\r\n{"
BODY = b" " * 400_000


HEADERS = b"GET / HTTP/1.1\r\nhost: x\r\n"
ENROLMENT = b"POST /v1/enrolments HTTP/1.1\r\nhost: x\r\ncontent-length: 4000\r\n\r\n{"


def often(path, host=b"x"):
    return b"GET %s HTTP/1.1\r\nhost: %s\r\n\r\n" % (path, host) * 50


def floods(token):
    """Where a flood goes, how many connections it has, and what each of them sends: first, as often
    as it is taken, and each second."""
    bearer = b"authorization: Bearer %s\r\n" % token.encode()
    return {
        "never-reading": ("kiosks", 1_100, b"", often(b"/healthz"), b""),
        "never-reading-pages": ("dashboard", 1_100, b"", often(b"/", b"localhost"), b""),
        "never-reading-refusals": ("kiosks", 1_100, b"", often(b"/nothing"), b""),
        "half-bodies": ("kiosks", 900, HALF % b"" + BODY, b"", b""),
        "half-bodies-of-a-kiosk": ("kiosks", 900, HALF % bearer + BODY, b"", b""),
        "half-enrolments": ("kiosks", 900, ENROLMENT + b" " * 3_900, b"", b""),
        "slow-headers": ("kiosks", 1_100, HEADERS, b"", b"a: b\r\n"),
        "large-headers": ("kiosks", 1_100, HEADERS + b"a: " + b"x" * 15_000, b"", b"y"),
        "silent": ("kiosks", 1_100, b"", b"", b""),
    }


class Stranger:
    """One connection that never reads; where it is hung up on, it comes again."""

    def __init__(self, address, first, always, slowly, selector):
        self.address, self.first, self.always, self.slowly = address, first, always, slowly
        self.selector = selector
        self.come()

    def come(self):
        self.left, self.begun = self.first, time.monotonic()
        self.stream = socket.socket()
        self.stream.setblocking(False)
        self.stream.connect_ex(self.address)
        self.selector.register(self.stream, selectors.EVENT_WRITE, self)

    def go(self):
        try:
            self.selector.unregister(self.stream)
        except KeyError:
            pass
        self.stream.close()

    def send(self, text):
        try:
            return self.stream.send(text)
        except BlockingIOError:
            return 0
        except OSError:
            self.go()
            self.come()
            return 0

    def can_write(self):
        if self.left:
            sent = self.send(self.left)
            self.left = self.left[sent:]
        elif self.always:
            self.send(self.always)
        else:
            # Nothing more to say; whether it is hung up on is seen by the next drop.
            self.selector.modify(self.stream, selectors.EVENT_READ, self)

    def is_hung_up(self):
        try:
            return self.stream.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


def flood(address, connections, first, always, slowly, seconds):
    selector = selectors.DefaultSelector()
    strangers = [Stranger(address, first, always, slowly, selector) for _ in range(connections)]
    until, dropped_at = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < until:
        for key, events in selector.select(0.2):
            if events & selectors.EVENT_WRITE:
                key.data.can_write()
            elif key.data.is_hung_up():
                key.data.go()
                key.data.come()
            else:
                # It has an answer, which it does not read.
                selector.unregister(key.data.stream)
        if slowly and time.monotonic() - dropped_at > 1:
            dropped_at = time.monotonic()
            for stranger in strangers:
                stranger.send(slowly)
        time.sleep(0.005)


def canary(address, token, nonce_run, waits, stop):
    """Delivers one rating after the other on a new connection, as a kiosk does."""
    n = 0
    boot = secrets.token_hex(16)
    while not stop.is_set():
        n += 1
        event = {
            "n": n, "kind": "rated", "boot_ms": n, "wall_ms": int(time.time() * 1_000), "score": 5,
            "scale": 5, "input": "button", "question": "q", "question_version": 1, "language": "en",
        }
        run = {"run": nonce_run, "boot": boot, "taken": n, "events": [event]}
        counters = {"taken": n, "settled": n - 1, "set_aside": 0, "waiting": 1}
        body = {"nonce": secrets.token_hex(16), "app": "flood", "runs": [run], "counters": counters}
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        begun = time.monotonic()
        try:
            connection = http.client.HTTPConnection(*address, timeout=30)
            connection.request("POST", "/v1/deliveries", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
            status = answer.status
            connection.close()
        except OSError as error:
            status, text = 0, str(error)
        waits.put((time.monotonic() - begun, status, str(text[:80]) if status != 200 else ""))
        time.sleep(0.15)


class Hub:
    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="smilepost-flood-")
        folder = pathlib.Path(self.folder.name)
        ports = [free_port(), free_port()]
        self.kiosks, self.dashboard = (("127.0.0.1", port) for port in ports)
        self.config = folder / "hub.toml"
        self.config.write_text(
            f'data_dir = "{folder}/data"\nlisten = "127.0.0.1:{ports[0]}"\n'
            f'[dashboard]\nlisten = "127.0.0.1:{ports[1]}"\n'
        )
        self.program = program
        unit = (ROOT / "systemd" / "smilepost-hub.service").read_text()
        words = " ".join(re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)).split()
        environment = dict(word.split("=", 1) for word in words)
        files = int(re.search(r"^LimitNOFILE=(\d+)$", unit, re.MULTILINE)[1])
        self.say("shop", "add", "Kallio", "--zone", "Europe/Helsinki")
        add = ["kiosk", "add", "--shop", "kallio", "--touchpoint"]
        codes = [self.say(*add, f"Checkout {n}").split()[-1] for n in (1, 2)]
        log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            [program, "serve", "--config", str(self.config)], stderr=log, stdout=log,
            env=environment | {"SMILEPOST_LOG": "warn"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
        )
        self.polite, self.stolen = (self.enrol(code) for code in codes)

    def say(self, *arguments):
        command = [self.program, *arguments, "--config", str(self.config)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def enrol(self, code):
        body = json.dumps({"code": code, "app": "flood"})
        until = time.monotonic() + 30
        while True:
            try:
                connection = http.client.HTTPConnection(*self.kiosks, timeout=30)
                connection.request(
                    "POST", "/v1/enrolments", body, {"content-type": "application/json"}
                )
                return json.loads(connection.getresponse().read())["token"]
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def rss_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1_024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def share(waits, of):
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(len(ordered) * of))] if ordered else float("nan")


def main():
    wanted = sys.argv[2:]
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    hub = Hub(str(pathlib.Path(sys.argv[1]) / "smilepost-hub"))
    is_bad = False
    print(f"{'flood':24} {'before':>7} {'most':>7} {'after':>7} MiB {'fds':>6} | "
          f"{'answers':>7} {'p50':>6} {'p99':>6} {'max':>6} s  refused")
    try:
        for name, (to, connections, *texts) in floods(hub.stolen).items():
            if wanted and name not in wanted:
                continue
            waits, stop = multiprocessing.Queue(), multiprocessing.Event()
            run = secrets.token_hex(16)
            polite = multiprocessing.Process(
                target=canary, args=(hub.kiosks, hub.polite, run, waits, stop)
            )
            address = hub.kiosks if to == "kiosks" else hub.dashboard
            sent = (address, connections, *texts, FLOOD_S)
            rude = multiprocessing.Process(target=flood, args=sent)
            before = hub.rss_mib()
            most, fds = before, 0
            rude.start()
            time.sleep(1)
            polite.start()
            told = []
            while rude.is_alive():
                most, fds = max(most, hub.rss_mib()), max(fds, hub.descriptors())
                while not waits.empty():
                    told.append(waits.get())
                time.sleep(0.1)
            stop.set()
            polite.join(60)
            while not waits.empty():
                told.append(waits.get())
            time.sleep(REST_S)
            after = hub.rss_mib()
            times = [wait for wait, *_ in told]
            refused = [f"{status} {text}" for _, status, text in told if status != 200]
            refused = f"{len(refused)}: {refused[0]}" if refused else ""
            p50, p99, most_s = (share(times, of) for of in (0.5, 0.99, 1))
            print(f"{name:24} {before:7.1f} {most:7.1f} {after:7.1f}     {fds:6} | "
                  f"{len(told):7} {p50:6.3f} {p99:6.3f} {most_s:6.3f}    {refused}", flush=True)
            is_slow = not told or p99 > WAIT_MAX_S
            # What is warmed up by the first requests stays.
            is_kept = after - before > KEPT_MAX_MIB
            is_bad |= is_slow or is_kept
    finally:
        hub.process.terminate()
        hub.process.wait(30)
        log = pathlib.Path(hub.folder.name, "log").read_text(errors="replace").splitlines()
        print(*log[-5:], sep="\n", file=sys.stderr)
    sys.exit(1 if is_bad else 0)


if __name__ == "__main__":
    main()
