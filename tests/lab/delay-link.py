#!/usr/bin/env python3
"""Joins two network namespaces by a link with delay, rate, queue and loss, through two TUN devices.

Prints "ready" once packets flow; runs until it is terminated. Needs root and /dev/net/tun.
Usage: delay-link.py NS_A ADDRESS_A NS_B ADDRESS_B DELAY_MS [RATE_MBIT [QUEUE_MS [LOSS_PERCENT [SEED]]]]
DELAY_MS is one way; RATE_MBIT 0 means unlimited; addresses are IPv4, on a /30 of their own.
"""

import collections
import ctypes
import fcntl
import os
import random
import select
import signal
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
MTU = 1500
BURST = 64

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
        ["ip", "link", "set", name, "mtu", str(MTU), "up"],
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
        self.dropped = 0

    def take(self, now):
        for _ in range(BURST):
            try:
                packet = os.read(self.source, MTU + 100)
            except BlockingIOError:
                return
            if self.loss and self.random.random() < self.loss:
                self.dropped += 1
                continue
            start = max(now, self.free_at)
            if self.rate and start - now > self.queue:
                self.dropped += 1
                continue
            self.free_at = start + (len(packet) / self.rate if self.rate else 0)
            self.waiting.append((self.free_at + self.delay, packet))

    def give(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            packet = self.waiting.popleft()[1]
            try:
                os.write(self.target, packet)
            except (BlockingIOError, OSError):
                self.dropped += 1

    def due_in(self, now):
        return max(0.0, self.waiting[0][0] - now) if self.waiting else 1.0


def main():
    # A lab whose maker is gone must not stay behind.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    ns_a, address_a, ns_b, address_b, delay_ms, *rest = sys.argv[1:]
    rate_mbit, queue_ms, loss_percent, seed = (list(map(float, rest)) + [0, 100, 0, 1][len(rest) :])[:4]
    device_a = open_tun(ns_a, "lab", address_a)
    device_b = open_tun(ns_b, "lab", address_b)
    shape = (float(delay_ms) / 1000, rate_mbit * 125_000, queue_ms / 1000, loss_percent / 100)
    directions = [
        Direction(device_a, device_b, *shape, seed),
        Direction(device_b, device_a, *shape, seed + 1),
    ]
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
