"""FastAPI on uvicorn, typed with pydantic from the raw body to the answer."""

import asyncio
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, ValidationError

from webhook import DEADLINE, LONGEST_BODY, is_signed


class Call(BaseModel):
    id: str
    type: str
    status: str


class PhoneNumber(BaseModel):
    number: str
    name: str


class Customer(BaseModel):
    number: str


class Function(BaseModel):
    name: str
    arguments: dict[str, Any]


class ToolCall(BaseModel):
    id: str
    type: str
    function: Function


class Message(BaseModel):
    type: str
    timestamp: str
    call: Call
    phone_number: PhoneNumber
    customer: Customer
    tool_call_list: list[ToolCall]


class Envelope(BaseModel):
    message: Message


class LookupOrder(BaseModel):
    order_id: str


class OrderStatus(BaseModel):
    order_id: str
    status: str
    eta_days: int


class Result(BaseModel):
    tool_call_id: str
    result: OrderStatus | None = None
    error: str | None = None


class Reply(BaseModel):
    results: list[Result]


async def lookup_order(arguments: LookupOrder) -> OrderStatus:
    return OrderStatus(order_id=arguments.order_id, status="shipped", eta_days=2)


TOOLS = {"lookup_order": (LookupOrder, lookup_order)}
app = FastAPI()


async def run(call: ToolCall) -> Result:
    name = call.function.name
    if name not in TOOLS:
        return Result(tool_call_id=call.id, error=f"there is no tool {name}")
    read, tool = TOOLS[name]
    try:
        outcome = await asyncio.wait_for(tool(read.model_validate(call.function.arguments)), DEADLINE)
    except ValidationError:
        return Result(tool_call_id=call.id, error="bad arguments")
    except TimeoutError:
        return Result(tool_call_id=call.id, error="the tool took too long")
    return Result(tool_call_id=call.id, result=outcome)


@app.post("/webhook", response_model_exclude_none=True)
async def webhook(request: Request) -> Reply:
    if int(request.headers.get("content-length", 0)) > LONGEST_BODY:
        raise HTTPException(413)
    raw = await request.body()
    if not is_signed(request.headers, raw):
        raise HTTPException(401)
    try:
        message = Envelope.model_validate_json(raw).message
    except ValidationError:
        raise HTTPException(400)
    if message.type != "tool-calls":
        raise HTTPException(400)
    return Reply(results=[await run(call) for call in message.tool_call_list])
