"""One signed delivery, and the check that every server must pass before it is measured."""

import hashlib
import hmac
import http.client
import json
import os
import time

SECRET = os.environ.get("WEBHOOK_SECRET", "bench-secret-0123456789abcdef").encode()


def body(tool_call_id: str = "tool_1", order_id: str = "A-1042", turns: int = 0) -> bytes:
    """A call with so many turns of its conversation so far, of some 100 bytes each."""
    message = {
        "type": "tool-calls",
        "timestamp": "2026-01-13T12:00:00.000Z",
        "call": {"id": f"call-of-{tool_call_id}", "type": "inbound_phone_call", "status": "in-progress"},
        "phone_number": {"number": "+31850835037", "name": "Demo"},
        "customer": {"number": "+31612345678"},
        "tool_call_list": [
            {
                "id": tool_call_id,
                "type": "function",
                "function": {"name": "lookup_order", "arguments": {"order_id": order_id}},
            }
        ],
    }
    if turns:
        words = "Good morning, could you tell me where my order is now, please?"
        message["transcript"] = [{"role": "user", "message": words, "seconds_from_start": it} for it in range(turns)]
    return json.dumps({"message": message}, separators=(",", ":")).encode()


def headers(raw: bytes, timestamp: int) -> dict:
    mac = hmac.new(SECRET, f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Webhook-Event": "tool-calls",
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-Signature": "sha256=" + mac,
    }


def post(port: int, raw: bytes, head: dict) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/webhook", raw, head)
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def check(port: int) -> None:
    """200 with the right results in the right order; 401 for everything that is not signed, now, with the secret."""
    now = int(time.time())
    identity = f"tool_{time.time_ns()}"
    raw = body(identity)
    good = headers(raw, now)
    status, answer = post(port, raw, good)
    result = {"order_id": "A-1042", "status": "shipped", "eta_days": 2}
    assert (status, json.loads(answer)) == (200, {"results": [{"tool_call_id": identity, "result": result}]}), (
        status,
        answer,
    )
    signature = good["X-Webhook-Signature"]
    last = "0" if signature[-1] != "0" else "1"
    for what, head, sent in [
        ("a wrong signature", good | {"X-Webhook-Signature": signature[:-1] + last}, raw),
        ("a changed body", good, raw.replace(b"A-1042", b"A-1043")),
        ("an old delivery", headers(raw, now - 302), raw),
        ("one from the future", headers(raw, now + 302), raw),
        ("a short signature", good | {"X-Webhook-Signature": "sha256=00"}, raw),
        ("no signature", {name: it for name, it in good.items() if name != "X-Webhook-Signature"}, raw),
    ]:
        status, answer = post(port, sent, head)
        assert status == 401, (what, status, answer)


def check_mcp(port: int) -> None:
    call = {"name": "lookup_order", "arguments": {"order_id": "A-1042"}}
    raw = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    head = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    status, answer = post(port, raw, head)
    assert status == 200 and b"A-1042" in answer, (status, answer)
