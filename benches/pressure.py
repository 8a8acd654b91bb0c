"""What becomes of a server under load that lasts, under many large bodies, and beside hostile peers."""

import json
import selectors
import socket
import statistics
import subprocess
import time

import delivery
from servers import TARGET, WORK, Server

SAMPLE_EVERY = 10
# Of the resident memory, in a minute: less is noise.
GROWTH = 0.005


def soak(options, keep):
    """Whether memory grows while a mixed load lasts, in the second half of the time."""
    for name in options.names:
        stored = "bench.sqlite3*" if name == "framework-sqlite" else "no file"
        for old in WORK.glob(stored):
            old.unlink()
        with Server(name, core="", threads=2) as server:
            server.check()
            command = [TARGET / "soak", str(server.port), str(options.seconds)]
            load = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            began, samples = time.monotonic(), [(0, server.memory())]
            while load.poll() is None:
                time.sleep(SAMPLE_EVERY)
                samples.append((time.monotonic() - began, server.memory()))
                print(f"{name}: {samples[-1][0]:.0f} s, {samples[-1][1] / 2**20:.2f} MB", flush=True)
            assert load.returncode == 0, f"the load ended with {load.returncode}"
            late = [(seconds / 60, size) for seconds, size in samples[:-1] if seconds >= options.seconds / 2]
            growth = statistics.linear_regression(*zip(*late)).slope
            keep(
                what="soak",
                name=name,
                seconds=options.seconds,
                **json.loads(load.stdout.read()),
                start=samples[0][1],
                half=round(statistics.mean(size for _, size in late[:3])),
                end=round(statistics.mean(size for _, size in late[-3:])),
                most=server.memory("VmHWM"),
                per_minute=round(growth),
                grows=growth > GROWTH * statistics.mean(size for _, size in late),
                on_disk=sum(path.stat().st_size for path in WORK.glob(stored)),
            )


# What the framework lets all bodies take at a time. Beside them, a connection has its own state and what hyper reads
# ahead: a buffer that is being filled, and the one before it while a piece of that is still there.
BODIES = 32 << 20
CONNECTION = (21 << 10) + 2 * (64 << 10)
PIECE = 16 << 10


def peak(options, keep):
    """The most memory while bodies of 1 MB arrive at once: all have sent all but the end before one is answered."""
    for name in options.names:
        with Server(name) as server:
            for _ in range(50):
                server.check()
            before = server.memory()
            statuses = stream_in(server.port, options.bodies)
            most = server.memory("VmHWM")
            keep(
                what="peak",
                name=name,
                bodies=options.bodies,
                before=before,
                most=most,
                allowed=BODIES + options.bodies * CONNECTION,
                answered=statuses.count(b"200"),
                refused=statuses.count(b"503"),
                lost=sum(status not in (b"200", b"503") for status in statuses),
            )


def stream_in(port, count):
    """Sends so many bodies a piece at a time in turn, and gives back the statuses of their answers."""
    now, peers = int(time.time()), []
    for _ in range(count):
        raw = delivery.body(f"tool_{time.time_ns()}", turns=9600)
        head = "".join(f"{name}: {it}\r\n" for name, it in delivery.headers(raw, now).items())
        head = f"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}\r\n{head}\r\n"
        peers.append([socket.create_connection(("127.0.0.1", port)), memoryview(head.encode() + raw)])
    for peer in peers:
        peer[0].setblocking(False)
    send(peers, but=1)
    # What was sent has arrived.
    time.sleep(1)
    send(peers, but=0)
    answers = []
    for connection, _ in peers:
        connection.settimeout(30)
        try:
            answers.append(connection.recv(4096)[9:12])
        except OSError:
            answers.append(b"")
        connection.close()
    return answers


def send(peers, but):
    """Sends all of it but so many bytes, or until the server does not want more."""
    waiting = selectors.DefaultSelector()
    for peer in peers:
        if len(peer[1]) > but:
            waiting.register(peer[0], selectors.EVENT_READ | selectors.EVENT_WRITE, peer)
    until = time.monotonic() + 15
    while waiting.get_map() and time.monotonic() < until:
        for key, ready in waiting.select(1):
            connection, unsent = key.data
            try:
                # An answer before the end is a refusal.
                refused = ready & selectors.EVENT_READ
                if not refused:
                    key.data[1] = unsent[connection.send(unsent[: min(PIECE, len(unsent) - but)]) :]
            except BlockingIOError:
                continue
            except OSError:
                refused = True
            if refused:
                key.data[1] = unsent[:0]
            if len(key.data[1]) <= but:
                waiting.unregister(connection)


FLOODS = {
    "idle": "10,000 connections that say nothing",
    "heads": "2,000 heads, a byte each second",
    "bodies": "2,000 bodies of which half arrives",
    "aborted": "16 connections, opened anew 10 times a second each, that give up half a body",
    "pipelined": "16 connections, opened anew 10 times a second each, that send 16 unsigned requests at once",
    "chunks": "64 connections that break the rules of chunks 10 times a second each",
    "all": "all of these at once",
    "more-chunks": "64 connections that break the rules of chunks 30 times a second each",
}
PAIRS = 7
HONEST = 3000  # milliseconds
PARTS = ("p50_us", "p99_us")


def flooded(options, keep):
    """The p99 of honest signed calls, quiet and beside a flood, in turns."""
    for name in options.names:
        for flood, words in FLOODS.items():
            with Server(name) as server:
                quiet, beside, rates = [], [], []
                for pair in range(PAIRS + 1):
                    quiet.append(honest(server))
                    with Flood(server, flood) as hostile:
                        beside.append(honest(server))
                    rates.append(hostile.per_second)
                # The first pair warms up.
                quiet, beside = quiet[1:], beside[1:]
                ratios = sorted(there["p99_us"] / here["p99_us"] for there, here in zip(beside, quiet))
                keep(
                    what="flooded",
                    name=f"{name} {flood}",
                    server=name,
                    flood=words,
                    per_second=round(statistics.median(rates)),
                    **{f"quiet_{part}": statistics.median(it[part] for it in quiet) for part in PARTS},
                    **{f"beside_{part}": statistics.median(it[part] for it in beside) for part in PARTS},
                    ratio=round(statistics.median(ratios), 3),
                    low=round(ratios[0], 3),
                    high=round(ratios[-1], 3),
                )


def honest(server):
    command = ["taskset", "-c", "1", TARGET / "honest", str(server.port), str(HONEST)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


class Flood:
    """Hostile peers on the core of the driver, to whom the honest ones need not wait."""

    def __init__(self, server, kind):
        command = ["taskset", "-c", "1", "chrt", "--other", "0", "nice", "-n", "19", TARGET / "flood", str(server.port), kind]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline() == "ready\n", "the flood did not start"
        return self

    def __exit__(self, *_):
        self.process.kill()
        # A line each second, whole but for the last.
        counts = [int(line) for line in self.process.stdout.read().split("\n")[:-1]]
        self.per_second = (counts[-1] - counts[0]) / max(len(counts) - 1, 1) if counts else 0
        self.process.wait()
        # The server sees the ends of their connections.
        time.sleep(1.5)
