"""Starts the servers, checks them, and measures: `bench.py check|duel|instructions|… … NAMES`.

All traffic stays on 127.0.0.1. Results go to `.work/results.jsonl`, one line of JSON for each server and setting.
"""

import argparse
import json
import re
import socket
import subprocess
import sys
import time

import delivery
from pressure import flooded, peak, soak
from servers import COUNTING, FIRST_PORT, GUIDED, INSTRUMENTED, PROFILES, TARGET, WORK, Server

def keep(results, **record):
    record["at"] = int(time.time())
    results.write(json.dumps(record) + "\n")
    results.flush()
    print(json.dumps(record), flush=True)


def check(options, _):
    for name in options.names:
        with Server(name) as server:
            server.check()
            print(f"{name}: as it should", flush=True)


def duel(options, keep):
    """The first name is the reference."""
    servers = []
    env = {"HTTP2": "1"} if options.http2 else {}
    # Those that were compiled by what they did have a table of their own.
    folder = GUIDED if options.table == "guided" else TARGET
    try:
        for index, name in enumerate(options.names):
            server = Server(name, FIRST_PORT + index, folder=folder, env=env)
            servers.append(server.__enter__())
            if not options.http2:
                server.check()
        peers = [
            f"{s.name}={s.port}:{s.process.pid}" + (":mcp" if s.setup.get("protocol") == "mcp" else "")
            for s in servers
        ]
        shape = ["http2" if options.http2 else "http1", options.connections, options.streams]
        load = [options.slot, options.rounds, options.size, options.calls]
        command = ["taskset", "-c", "1", TARGET / "duel", *map(str, shape + load), *peers]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in output.splitlines():
            setting = {name: getattr(options, name) for name in ("table", "connections", "streams", "calls", "http2")}
            keep(what="duel", size=options.size, rounds=options.rounds, **setting, **json.loads(line))
    finally:
        for server in servers:
            server.__exit__()


def train(options, _):
    """Lets instrumented servers note what a request runs through; the compiler reads it then."""
    for name in options.names:
        # Written when the process ends: after so many seconds, or, as actix-web does it, when it is asked to.
        profile, seconds = PROFILES / f"{name}.profraw", (options.rounds + 10) * options.slot // 1000 + 5
        env = {"LLVM_PROFILE_FILE": str(profile), "RUN_SECONDS": str(seconds)}
        with Server(name, folder=INSTRUMENTED, env=env) as server:
            load = ["http1", options.connections, 1, options.slot, options.rounds, options.size, options.calls]
            peer = f"{name}={server.port}:{server.process.pid}"
            command = ["taskset", "-c", "1", TARGET / "duel", *map(str, load), peer]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            try:
                server.process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        if not profile.exists() or profile.stat().st_size == 0:
            raise SystemExit(f"{name} has written no profile")


def instructions(options, keep):
    for name in options.names:
        with Server(name) as server:
            numbers = [server.port, server.process.pid, 2, options.size, options.calls]
            command = ["taskset", "-c", "0", TARGET / "steps", *map(str, numbers)]
            count = int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            keep(what="instructions", name=name, size=options.size, calls=options.calls, count=count)


def allocations(options, keep):
    requests = 2000
    for name in options.names:
        with Server(name, folder=COUNTING) as server:

            def read():
                time.sleep(0.35)
                last = re.findall(r"^allocations (\d+) bytes (\d+)$", server.log_path.read_text(), re.M)[-1]
                return [int(number) for number in last]

            now = int(time.time())
            raws = [delivery.body(f"tool_{time.time_ns():020}") for _ in range(2 * requests)]
            sent = [
                f"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}\r\n".encode()
                + "".join(f"{name}: {it}\r\n" for name, it in delivery.headers(raw, now).items()).encode()
                + b"\r\n"
                + raw
                for raw in raws
            ]
            connection = socket.create_connection(("127.0.0.1", server.port))

            def send(part):
                for one in part:
                    connection.sendall(one)
                    assert connection.recv(65536).startswith(b"HTTP/1.1 200")

            send(sent[:requests])
            before = read()
            send(sent[requests:])
            after = read()
            connection.close()
            count, size = [(now - then) / requests for now, then in zip(after, before)]
            keep(what="allocations", name=name, count=round(count, 2), bytes=round(size))


def idle(options, keep):
    """What a connection costs that has had one request and waits."""
    count = 3000
    for name in options.names:
        with Server(name) as server:
            for _ in range(50):
                server.check()
            before = server.memory()
            now = int(time.time())
            connections = []
            for _ in range(count):
                connection = socket.create_connection(("127.0.0.1", server.port))
                raw = delivery.body(f"tool_{time.time_ns()}")
                head = "".join(f"{name}: {it}\r\n" for name, it in delivery.headers(raw, now).items())
                head = f"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}\r\n{head}\r\n"
                connection.sendall(head.encode() + raw)
                assert connection.recv(65536).startswith(b"HTTP/1.1 200")
                connections.append(connection)
            each = (server.memory() - before) / count
            keep(what="idle", name=name, bytes=round(each), base=before)
            for connection in connections:
                connection.close()


def time_kept(options, keep):
    """Two workers and no pinning, as the promise has it."""
    with Server("framework", core="", threads=2) as server:
        command = [TARGET / "time_kept", str(server.port), "1000"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        keep(what="time_kept", name="framework", **json.loads(output))


MEASURES = [check, train, duel, instructions, allocations, idle, time_kept, soak, peak, flooded]


def main():
    measures = {measure.__name__: measure for measure in MEASURES}
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=measures)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--slot", type=int, default=50, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--size", type=int, default=600, help="bytes of a body")
    parser.add_argument("--calls", type=int, default=1, help="tool calls in a request")
    parser.add_argument("--http2", action="store_true")
    parser.add_argument("--streams", type=int, default=1, help="requests in flight on a connection of HTTP/2")
    parser.add_argument("--table", default="servers", help="where a duel of the usual setting is shown; `guided` takes the servers of that step")
    parser.add_argument("--seconds", type=int, default=600, help="of a soak")
    parser.add_argument("--bodies", type=int, default=256, help="that stream in at once")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    with open(WORK / "results.jsonl", "a") as results:
        measures[options.what](options, lambda **record: keep(results, **record))


if __name__ == "__main__":
    sys.exit(main())
