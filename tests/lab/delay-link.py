#!/usr/bin/env python3
"""Joins two network namespaces by a link with delay, rate, queue and loss, through two TUN devices.

Prints "ready" once packets flow; runs until it is terminated. Needs root and /dev/net/tun.
At SIGUSR1 it prints, as JSON, what it has done since the last one: packets given, given late, dropped.
DELAY_MS is one way; RATE_MBIT 0 means unlimited; addresses are IPv4, on a /30 of their own.
"""

import argparse
import collections
import ctypes
import fcntl
import json
import os
import random
import select
import signal
import struct
import subprocess
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
MTU = 1500
BURST = 64
# The emulated queue is the only one that drops: the devices' own are out of its way.
DEVICE_PACKETS = 10_000
# A packet given this much after its time was held up by the machine, not by the emulated network.
LATE_S = 0.002

libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    """Moves this thread into a network namespace."""
    with open(f"/run/netns/{namespace}") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


def open_tun(namespace, name, address):
    enter(namespace)
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    for command in (
        ["ip", "addr", "add", f"{address}/30", "dev", name],
        ["ip", "link", "set", name, "mtu", str(MTU), "txqueuelen", str(DEVICE_PACKETS), "up"],
    ):
        subprocess.run(command, check=True)
    return device


class Direction:
    """Packets on their way from one device to the other."""

    def __init__(self, source, target, delay, rate, queue, loss, seed):
        self.source, self.target = source, target
        self.delay, self.rate, self.queue, self.loss = delay, rate, queue, loss
        self.random = random.Random(seed)
        self.free_at = 0.0
        self.waiting = collections.deque()
        self.counts = collections.Counter()

    def take(self, now):
        for _ in range(BURST):
            try:
                packet = os.read(self.source, MTU + 100)
            except BlockingIOError:
                return
            if self.loss and self.random.random() < self.loss:
                self.counts["lost"] += 1
                continue
            start = max(now, self.free_at)
            if self.rate and start - now > self.queue:
                self.counts["overflowed"] += 1
                continue
            self.free_at = start + (len(packet) / self.rate if self.rate else 0)
            self.waiting.append((self.free_at + self.delay, packet))

    def give(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            due, packet = self.waiting.popleft()
            self.counts["given"] += 1
            self.counts["late"] += now - due > LATE_S
            try:
                os.write(self.target, packet)
            except (BlockingIOError, OSError):
                self.counts["refused"] += 1

    def due_in(self, now):
        return max(0.0, self.waiting[0][0] - now) if self.waiting else 1.0


def report(directions):
    """Prints what both directions have counted, and counts anew."""
    names = ("given", "late", "lost", "overflowed", "refused")
    print(json.dumps({name: sum(each.counts[name] for each in directions) for name in names}), flush=True)
    for direction in directions:
        direction.counts.clear()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("ns_a", "address_a", "ns_b", "address_b"):
        parser.add_argument(name)
    parser.add_argument("delay_ms", type=float)
    parser.add_argument("rate_mbit", type=float, nargs="?", default=0)
    parser.add_argument("queue_ms", type=float, nargs="?", default=100)
    parser.add_argument("loss_percent", type=float, nargs="?", default=0)
    parser.add_argument("seed", type=float, nargs="?", default=1)
    parser.add_argument("--device", default="lab", help="the device's name in both namespaces")
    parser.add_argument("--far-device", help="its name in the second, where it is another")
    return parser.parse_args()


def main():
    # A lab whose maker is gone must not stay behind.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    options = arguments()
    device_a = open_tun(options.ns_a, options.device, options.address_a)
    device_b = open_tun(options.ns_b, options.far_device or options.device, options.address_b)
    shape = (
        options.delay_ms / 1000,
        options.rate_mbit * 125_000,
        options.queue_ms / 1000,
        options.loss_percent / 100,
    )
    directions = [
        Direction(device_a, device_b, *shape, options.seed),
        Direction(device_b, device_a, *shape, options.seed + 1),
    ]
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGUSR1, lambda *_: report(directions))
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        wait = min(direction.due_in(now) for direction in directions)
        select.select([device_a, device_b], [], [], wait)
        now = time.monotonic()
        for direction in directions:
            direction.take(now)
            direction.give(now)


main()
