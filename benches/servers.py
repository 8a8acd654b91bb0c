"""The servers that are compared, and how each is started."""

import os
import re
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

import delivery

HERE = Path(__file__).resolve().parent
WORK = HERE / ".work"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target")) / "release"
PYTHON = WORK / "python/bin"
COUNTING = WORK / "counting"
INSTRUMENTED = WORK / "instrumented"
GUIDED = WORK / "guided"
PROFILES = WORK / "profiles"
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
    "express": dict(command=["node", WORK / "node/express.js"], env={"NODE_ENV": "production"}),
    "fastify": dict(command=["node", WORK / "node/fastify.js"], env={"NODE_ENV": "production"}),
    "fastapi": dict(
        command=[
            *[PYTHON / "uvicorn", "--app-dir", HERE / "peers/python", "fastapi_peer:app", "--port", "{port}"],
            *["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"],
        ],
    ),
    # A worker that keeps connections open, as all others do.
    "flask": dict(
        command=[
            *[PYTHON / "gunicorn", "--chdir", HERE / "peers/python", "flask_peer:app", "--bind", "127.0.0.1:{port}"],
            *["--workers", "1", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "75"],
            *["--timeout", "10", "--log-level", "error"],
        ],
    ),
}

# Ten thousand connections need as many open files.
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Server:
    """A server on a core of its own, until the `with` block ends."""

    def __init__(self, name, port=FIRST_PORT, folder=TARGET, core="0", threads=1, env=None):
        self.name, self.port, self.setup = name, port, SERVERS[name]
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError as error:
            raise SystemExit(f"port {port} is not free ({error}): choose others with BENCH_PORT")
        own = {
            "PORT": str(port),
            "THREADS": str(threads),
            "WEBHOOK_SECRET": delivery.SECRET.decode(),
            "HMS_WEBHOOK_LISTEN": f"127.0.0.1:{port}",
        }
        pinned = ["taskset", "-c", core] if core else []
        program = self.setup.get("command") or [folder / self.setup["program"]]
        command = [*pinned, *[str(part).replace("{port}", str(port)) for part in program]]
        self.log_path = WORK / f"{name}.log"
        self.log = open(self.log_path, "w")
        self.process = subprocess.Popen(
            command,
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

    def memory(self, which="VmRSS"):
        """Bytes that are resident, or were at most (`VmHWM`)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{which}:\s+(\d+)", status)[1]) * 1024
