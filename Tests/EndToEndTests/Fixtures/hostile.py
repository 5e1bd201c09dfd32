"""An agent that first says everything wrong it can about the task it got, then the right thing. Usage: hostile.py URL_FILE"""
import json
import sys

import pika

connection = pika.BlockingConnection(pika.URLParameters(open(sys.argv[1]).read().strip()))
channel = connection.channel()
channel.confirm_delivery()


def take():
    for method, properties, body in channel.consume("task.hostile.echo.v1", inactivity_timeout=60):
        if method is None:
            sys.exit("no task came in 60 s")
        return method, properties, json.loads(body)


def say(kind, body, properties, **changes):
    headers = dict(properties.headers)
    headers.update(changes.pop("headers", {}))
    for name in changes.pop("without", []):
        headers.pop(name, None)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    channel.basic_publish(
        "waybill.results", properties.reply_to, raw,
        pika.BasicProperties(
            type=kind, message_id=changes.get("message_id", properties.message_id), headers=headers, delivery_mode=2,
            correlation_id=properties.correlation_id, content_type="application/json"),
        mandatory=True)


method, task, content = take()
wrong = {"output": {"text": "forged"}}
say("completed", wrong, task, headers={"waybill-token": "0" * 32})
say("completed", wrong, task, headers={"waybill-attempt": 0}, message_id=task.headers["waybill-task"] + ":0")
say("completed", wrong, task, headers={"waybill-attempt": 99}, message_id=task.headers["waybill-task"] + ":99")
say("completed", wrong, task, headers={"waybill-task": "no-such-instance.1"}, message_id="no-such-instance.1:1")
say("completed", wrong, task, headers={"waybill-task": "gibberish"}, message_id="gibberish")
say("completed", wrong, task, without=["waybill-token", "waybill-task", "waybill-attempt"])
say("conquered", wrong, task)
say("hello", {"agent": "liar", "contract": "no.such.contract@7", "prefetch": 3}, task)
say("hello", {"agent": "liar", "contract": 7, "prefetch": -1}, task)
say("started", b"\xff\xfe not json", task, headers={"waybill-token": "0" * 32})
say("completed", b"[" * 5000, task, headers={"waybill-token": "0" * 32})
say("completed", b"{\"output\": \"" + b"x" * (17 << 20) + b"\"}", task, headers={"waybill-token": "0" * 32})
say("progress", {"progress": 7}, task, headers={"waybill-token": "0" * 32})
# The holder of the task sends what cannot be read: the attempt fails, and the next one comes.
say("completed", b"this is not JSON", task)
channel.basic_ack(method.delivery_tag)

method, task, content = take()
assert int(task.headers["waybill-attempt"]) == 2, task.headers
say("completed", {"output": {"text": content["input"]["text"].upper()}}, task)
channel.basic_ack(method.delivery_tag)
say("completed", wrong, task)
connection.close()
print("said everything")
