"""Where the instructions of a request go: `profile.py NAME` runs a server under callgrind. Its SHA-256 is done in
software there, since valgrind hides the processor's instructions for it; leave that line out."""

import os
import socket
import subprocess
import sys
import time

import delivery
from servers import FIRST_PORT, SERVERS, TARGET, WORK

REQUESTS = 400


def main(name):
    WORK.mkdir(exist_ok=True)
    out = WORK / f"callgrind.{name}"
    tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--dump-instr=no", "--instr-atstart=no"]
    server = SERVERS[name]
    env = os.environ | {
        "PORT": str(FIRST_PORT),
        "THREADS": "1",
        "WEBHOOK_SECRET": delivery.SECRET.decode(),
        "HMS_WEBHOOK_LISTEN": f"127.0.0.1:{FIRST_PORT}",
    } | server.get("env", {})
    log = open(WORK / f"callgrind.{name}.log", "w")
    process = subprocess.Popen([*tool, TARGET / server["program"]], env=env, stdout=log, stderr=log)
    for _ in range(600):
        try:
            connection = socket.create_connection(("127.0.0.1", FIRST_PORT))
            break
        except OSError:
            time.sleep(0.1)
    now = int(time.time())

    def send(count):
        for _ in range(count):
            raw = delivery.body(f"tool_{time.time_ns():020}")
            head = "".join(f"{name}: {it}\r\n" for name, it in delivery.headers(raw, now).items())
            head = f"POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: {len(raw)}\r\n{head}\r\n"
            connection.sendall(head.encode() + raw)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")

    send(100)
    subprocess.run(["callgrind_control", "-i", "on", str(process.pid)], check=True, capture_output=True)
    send(REQUESTS)
    subprocess.run(["callgrind_control", "-i", "off", str(process.pid)], check=True, capture_output=True)
    connection.close()
    process.terminate()
    process.wait(60)
    for more in (["--inclusive=yes"], []):
        text = subprocess.run(["callgrind_annotate", *more, str(out)], capture_output=True, text=True).stdout
        for line in text.splitlines():
            words = line.split()
            if len(words) > 2 and words[0].replace(",", "").isdigit():
                count = int(words[0].replace(",", "")) // REQUESTS
                if count >= 150:
                    print(f"{count:8} {' '.join(words[2:])[:150]}")
        print()


main(sys.argv[1])
