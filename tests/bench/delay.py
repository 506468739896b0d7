#!/usr/bin/env python3
"""Run a command at a distance from the lab's servers: every packet between the two takes half of a round trip.

delay.py --milliseconds RTT COMMAND...

To be run inside the lab (`demo --exec`). The command gets a network namespace of its own, with the host's addresses on one
end of a pair of TAP devices; the lab keeps its servers at the other end. Between them this program hands each frame
over when it has been under way for long enough, in order and without loss. @HOME@ in the command is $HOME, which is the
lab's directory. Ends with the command's exit code.
"""

import argparse
import collections
import ctypes
import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time

TUNSETIFF = 0x400454CA
TAP_WITHOUT_HEADER = 0x0002 | 0x1000
HERE, THERE = "near", "far"


def tap(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP_WITHOUT_HEADER))
    return device


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def routes():
    """The lab's addresses, each a route of type local without a table of its own."""
    told = subprocess.run(["ip", "-json", "route", "show", "table", "main"], check=True, capture_output=True).stdout
    return [route for route in json.loads(told) if route.get("type") in ("local", "unreachable")]


def hand_over(one, other, half, ended):
    """Moves frames both ways until `ended` is readable."""
    lanes = {one: (other, collections.deque()), other: (one, collections.deque())}
    while True:
        now = time.monotonic()
        due = min((queue[0][0] for _, queue in lanes.values() if queue), default=now + 1)
        readable, _, _ = select.select([one, other, ended], [], [], max(0, due - now))
        if ended in readable:
            return
        now = time.monotonic()
        for device in readable:
            queue = lanes[device][1]
            while True:
                try:
                    queue.append((now + half, os.read(device, 65536)))
                except BlockingIOError:
                    break
                except OSError:
                    return  # the command has ended, and its device with it
        now = time.monotonic()
        for target, queue in lanes.values():
            while queue and queue[0][0] <= now:
                try:
                    os.write(target, queue.popleft()[1])
                except OSError:
                    pass  # a device that is gone, or a full queue: a lost packet


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--milliseconds", type=float, required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = [word.replace("@HOME@", os.environ["HOME"]) for word in options.command]
    # The kernel rounds sleeps up by this much otherwise (PR_SET_TIMERSLACK, nanoseconds).
    ctypes.CDLL(None).prctl(29, 1000)

    device = json.loads(subprocess.run(["ip", "-json", "addr", "show", "eth0"], check=True, capture_output=True).stdout)[0]
    mine = [(a["local"], a["prefixlen"]) for a in device["addr_info"] if a["family"] == "inet"]
    kept = routes()
    near, far = tap(HERE), tap(THERE)
    # Without ARP a frame goes to the device's own address: with one address for both it is always the right one.
    for name in (HERE, THERE):
        ip("link", "set", name, "address", device["address"], "arp", "off", "addrgenmode", "none")
    ip("link", "set", THERE, "up", "txqueuelen", "10000")
    # The host's addresses leave, and the routes that name them as their source with them.
    for address, length in mine:
        ip("addr", "del", f"{address}/{length}", "dev", "eth0")
        ip("route", "add", address, "dev", THERE)
    for route in kept:
        where = ["dev", "lo"] if route["type"] == "local" else []
        ip("route", "replace", route["type"], route["dst"], *where)

    begin, begun = os.pipe()
    # It starts when its network is there.
    script = "read line && mount -t sysfs sysfs /sys 2>/dev/null; exec \"$@\""
    process = subprocess.Popen(["unshare", "-n", "-m", "sh", "-c", script, "sh", *command], stdin=begin)
    os.close(begin)
    within = ["nsenter", f"--target={process.pid}", "--net", "ip"]
    wait_for_namespace(process.pid)
    ip("link", "set", HERE, "netns", str(process.pid))
    steps = [["link", "set", "lo", "up"], ["link", "set", HERE, "name", "eth0"], ["link", "set", "eth0", "up", "txqueuelen", "10000"]]
    steps += [["addr", "add", f"{address}/{length}", "dev", "eth0"] for address, length in mine]
    steps += [["route", "add", "default", "dev", "eth0", "src", mine[0][0]]]
    for step in steps:
        subprocess.run(within + step, check=True)

    ended, end = os.pipe()
    mover = threading.Thread(target=hand_over, args=(near, far, options.milliseconds / 2000, ended))
    mover.start()
    os.write(begun, b"\n")
    code = process.wait()
    os.write(end, b"\n")
    mover.join()
    return code if code >= 0 else 128 - code


def wait_for_namespace(pid):
    own = os.readlink("/proc/self/ns/net")
    deadline = time.monotonic() + 10
    while os.readlink(f"/proc/{pid}/ns/net") == own:
        if time.monotonic() > deadline:
            sys.exit("the command got no network of its own")
        time.sleep(0.002)


if __name__ == "__main__":
    sys.exit(main())
