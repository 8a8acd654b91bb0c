"""Flask on gunicorn. Its handlers are functions of a thread, which nothing can stop: gunicorn's own time-out, which
restarts the worker, is all the deadline there is."""

from flask import Flask, abort, jsonify, request

from webhook import LONGEST_BODY, is_signed

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY


def lookup_order(order_id: str) -> dict:
    return {"order_id": order_id, "status": "shipped", "eta_days": 2}


TOOLS = {"lookup_order": lookup_order}


def run(call: dict) -> dict:
    name, arguments = call["function"]["name"], call["function"]["arguments"]
    if name not in TOOLS:
        return {"tool_call_id": call["id"], "error": f"there is no tool {name}"}
    try:
        return {"tool_call_id": call["id"], "result": TOOLS[name](**arguments)}
    except TypeError:
        return {"tool_call_id": call["id"], "error": "bad arguments"}


@app.post("/webhook")
def webhook():
    if not is_signed(request.headers, request.get_data(cache=True)):
        abort(401)
    message = request.get_json()["message"]
    if message["type"] != "tool-calls":
        abort(400)
    return jsonify(results=[run(call) for call in message["tool_call_list"]])
