"""What both servers share: the secret and the check of a delivery."""

import hashlib
import hmac
import os
import time

SECRET = os.environ.get("WEBHOOK_SECRET", "bench-secret-0123456789abcdef").encode()
TOLERANCE = 300
DEADLINE = 9
LONGEST_BODY = 2 << 20


def is_signed(headers, raw: bytes) -> bool:
    """Whether the raw body was signed with the secret, and now."""
    timestamp = headers.get("x-webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit()) or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    mac = hmac.new(SECRET, timestamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={mac}".encode(), headers.get("x-webhook-signature", "").encode())
