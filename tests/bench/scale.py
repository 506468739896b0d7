"""Many targets at once: sockets, memory, time and DNS packets for 500, 1,000 and 2,000 names with four addresses each."""

import array
import os
import pathlib
import socket
import struct
import tempfile
import threading
import time

from figures import number
from process import Run
from stage import inside

COUNTS = (500, 1000, 2000)
# Names of one block have the same four addresses.
BLOCKS = 50
# What the VPC's resolver takes of one network interface in a second (Amazon VPC user guide, "DNS quotas").
PACKETS = 1024
SOCKETS = 1024
MEGABYTES = 120
FACTOR = 1.5


def take(figures, stage, options):
    figures.part("Many targets at once, four addresses each")
    counts = (50, 100, 200) if options.debug else COUNTS
    with tempfile.TemporaryDirectory() as scratch:
        world = pathlib.Path(scratch, "scale.toml")
        world.write_text(written())
        taken = stage.play("scale", {"counts": counts}, world)
    for count, run in zip(counts, taken):
        figures.say(f"{count:,} targets: {run['milliseconds'] / 1000:.1f} s, {run['milliseconds'] / count:.2f} ms for each, "
                    f"{run['processor'] / count:.2f} ms of processor time for each, {run['packets']:,} DNS packets")
    largest = taken[-1]
    figures.most(f"{counts[-1]:,} targets, most open files", [largest["files"]], SOCKETS, "files")
    figures.most(f"{counts[-1]:,} targets, most memory", [largest["megabytes"]], MEGABYTES, "MB")
    for count, run in zip(counts, taken):
        figures.most(f"{count:,} targets, DNS packets in any second", [run["fastest"]], PACKETS - 1, "packets")
    each = [run["milliseconds"] / count for count, run in zip(counts, taken)]
    figures.most("time for each target, most against least", [max(each) / min(each)], FACTOR, "times",
                 " ".join(f"{number(value)} ms" for value in each))
    figures.holds_that("every target passed", all(run["code"] == 0 for run in taken), str([run["code"] for run in taken]))


def written():
    """A world whose private zone has so many blocks of names."""
    records = [f'"*.b{block:02}.scale.internal" = [{addresses(block)}]' for block in range(BLOCKS)]
    return "\n".join([
        'title = "A private zone with names without end"',
        'why = """\nFor tests/bench."""',
        '[world.dns.private_zones."scale.internal".records]',
        *records,
        '[world.addresses."10.0.20.0/22"]',
        'tcp = "ok"',
        "[expect]",
        'verdict = "pass"',
        "exit = 0",
        "",
    ])


def addresses(block):
    return ", ".join(f'"10.0.{20 + at}.{1 + block}"' for at in range(4))


def act(plan):
    return [one(plan["vpcheck"], count) for count in plan["counts"]]


def one(vpcheck, count):
    home = os.environ["HOME"]
    names = [f"n{at:04}.b{at % BLOCKS:02}.scale.internal" for at in range(count)]
    ended = threading.Event()
    heard, files = array.array("d"), [0]
    listener = listening()
    threads = [threading.Thread(target=listen, args=(listener, heard, ended))]
    check = Run([vpcheck, "check", *names, "--service-roots", f"{home}/service-roots.pem", "--deadline", "120s", "-q"])
    threads.append(threading.Thread(target=watch, args=(check.pid, files, ended)))
    for thread in threads:
        thread.start()
    codes = (0, 1, 3)
    # Its exit code is looked at before it is gone.
    code = os.waitid(os.P_PID, check.pid, os.WEXITED | os.WNOWAIT).si_status
    took = check.end(codes)
    ended.set()
    for thread in threads:
        thread.join()
    listener.close()
    return {**took, "code": code, "files": files[0], "packets": len(heard), "fastest": fastest(heard)}


# Packets to port 53 over UDP, as the network layer has them: `udp dst port 53` over IPv4.
FILTER = [
    (0x30, 0, 0, 9),  # the protocol
    (0x15, 0, 4, 17),
    (0xB1, 0, 0, 0),  # behind the header
    (0x48, 0, 0, 2),  # the port
    (0x15, 0, 1, 53),
    (0x06, 0, 0, 64),
    (0x06, 0, 0, 0),
]
SO_ATTACH_FILTER = 26
# Packets that leave are shown to those alone who want every protocol's.
ETH_P_ALL = 3


def listening():
    """A socket that hears every DNS question that leaves, on whichever device."""
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
    code = array.array("B", b"".join(struct.pack("HBBI", *step) for step in FILTER))
    address, _ = code.buffer_info()
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(FILTER), address))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    listener.settimeout(0.2)
    return listener


def listen(listener, heard, ended):
    while not ended.is_set():
        try:
            _, (_, _, direction, *_) = listener.recvfrom(64)
        except TimeoutError:
            continue
        if direction == socket.PACKET_OUTGOING:
            heard.append(time.monotonic())


def fastest(heard):
    """The most packets in any one second."""
    most = first = 0
    for last, at in enumerate(heard):
        while heard[first] <= at - 1:
            first += 1
        most = max(most, last - first + 1)
    return most


def watch(pid, files, ended):
    """The most files that the process has open at a time."""
    while not ended.wait(0.05):
        try:
            files[0] = max(files[0], len(os.listdir(f"/proc/{pid}/fd")))
        except OSError:
            return


if __name__ == "__main__":
    inside(act)
