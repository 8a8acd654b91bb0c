"""Starts the servers, checks them, and measures: `bench.py check|duel|instructions|allocations|idle … NAMES`.

All traffic stays on 127.0.0.1. Results go to `.work/results.jsonl`, one line of JSON for each server and setting.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import delivery

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")) / "release"
COUNTING = WORK / "counting"
FIRST_PORT = int(os.environ.get("BENCH_PORT", "18080"))

FRAMEWORK = {"HMS_WEBHOOK_STORE": "memory", "RUST_LOG": "info"}
SERVERS = {
    "ceiling": dict(program="ceiling", checked=False),
    "bare-floor": dict(program="bare"),
    "floor": dict(program="promises"),
    "floor-again": dict(program="promises"),
    "framework": dict(program="framework", env=FRAMEWORK),
    "framework-quiet": dict(program="framework", env=FRAMEWORK | {"RUST_LOG": "warn"}),
    "framework-sqlite": dict(program="framework", env=FRAMEWORK | {"HMS_WEBHOOK_STORE": f"sqlite:{WORK}/bench.sqlite3"}),
    "framework-100-tools": dict(program="framework", env=FRAMEWORK | {"TOOLS": "99"}),
    "framework-10000-tools": dict(program="framework", env=FRAMEWORK | {"TOOLS": "9999"}),
    "axum": dict(program="axum-peer", env={"STYLE": "tuned"}),
    "axum-typical": dict(program="axum-peer", env={"STYLE": "typical"}),
    "actix-web": dict(program="actix-peer"),
    "rmcp": dict(program="rmcp-peer", protocol="mcp"),
}


class Server:
    """A server on a core of its own, until the `with` block ends."""

    def __init__(self, name, port=FIRST_PORT, folder=TARGET, core="0", threads=1, env=None):
        self.name, self.port, self.setup = name, port, SERVERS[name]
        own = {
            "PORT": str(port),
            "THREADS": str(threads),
            "WEBHOOK_SECRET": delivery.SECRET.decode(),
            "HMS_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
        }
        pinned = ["taskset", "-c", core] if core else []
        self.log_path = WORK / f"{name}.log"
        self.log = open(self.log_path, "w")
        self.process = subprocess.Popen(
            [*pinned, folder / self.setup["program"]],
            env=os.environ | own | self.setup.get("env", {}) | (env or {}),
            stdout=self.log,
            stderr=self.log,
        )

    def __enter__(self):
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.2).close()
                return self
            except OSError:
                time.sleep(0.05)
            if self.process.poll() is not None:
                break
        self.__exit__()
        raise SystemExit(f"{self.name} did not start; see {self.log_path}")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def check(self):
        if self.setup.get("protocol") == "mcp":
            delivery.check_mcp(self.port)
        elif self.setup.get("checked", True):
            delivery.check(self.port)

    def resident(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


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


def duel(options, results):
    """The first name is the reference."""
    servers = []
    env = {"HTTP2": "1"} if options.http2 else {}
    try:
        for index, name in enumerate(options.names):
            server = Server(name, FIRST_PORT + index, env=env)
            servers.append(server.__enter__())
            if not options.http2:
                server.check()
        peers = [
            f"{s.name}={s.port}:{s.process.pid}" + (":mcp" if s.setup.get("protocol") == "mcp" else "")
            for s in servers
        ]
        driver = "duel2" if options.http2 else "duel"
        numbers = [options.connections, options.slot, options.rounds, options.size, options.calls]
        command = ["taskset", "-c", "1", TARGET / driver, *map(str, numbers), *peers]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for line in output.splitlines():
            setting = dict(connections=options.connections, calls=options.calls, http2=options.http2)
            keep(results, what="duel", size=options.size, rounds=options.rounds, **setting, **json.loads(line))
    finally:
        for server in servers:
            server.__exit__()


def instructions(options, results):
    for name in options.names:
        with Server(name) as server:
            numbers = [server.port, server.process.pid, 2, options.size, options.calls]
            command = ["taskset", "-c", "0", TARGET / "steps", *map(str, numbers)]
            count = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            keep(results, what="instructions", name=name, size=options.size, calls=options.calls, count=count)


def allocations(options, results):
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
            keep(results, what="allocations", name=name, count=round(count, 2), bytes=round(size))


def idle(options, results):
    """What a connection costs that has had one request and waits."""
    count = 3000
    for name in options.names:
        with Server(name) as server:
            for _ in range(50):
                server.check()
            before = server.resident()
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
            each = (server.resident() - before) / count
            keep(results, what="idle", name=name, bytes=round(each), base=before)
            for connection in connections:
                connection.close()


def time_kept(options, results):
    """Two workers and no pinning, as the promise has it."""
    with Server("framework", core="", threads=2) as server:
        output = subprocess.run([TARGET / "time_kept", str(server.port), "1000"], check=True, capture_output=True, text=True)
        keep(results, what="time_kept", name="framework", **json.loads(output.stdout))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["check", "duel", "instructions", "allocations", "idle", "time_kept"])
    parser.add_argument("names", nargs="+")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--slot", type=int, default=50, help="milliseconds")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--size", type=int, default=600, help="bytes of a body")
    parser.add_argument("--calls", type=int, default=1, help="tool calls in a request")
    parser.add_argument("--http2", action="store_true")
    options = parser.parse_args()
    WORK.mkdir(exist_ok=True)
    with open(WORK / "results.jsonl", "a") as results:
        globals()[options.what](options, results)


if __name__ == "__main__":
    sys.exit(main())
