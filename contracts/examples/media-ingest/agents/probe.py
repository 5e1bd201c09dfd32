#!/usr/bin/python3
"""Serves media.probe@1 with nothing but AMQP. Usage: probe.py FILE_WITH_THE_AMQP_URL"""
import json, sys, time
import pika
from media_headers import NotMedia, read_headers

QUEUE, RESULTS = "task.media.probe.v1", "waybill.results"
FENCE = ("waybill-task", "waybill-attempt", "waybill-token")


def work(body):
    """The type and the body of the answer to a task."""
    try:
        path = json.loads(body)["input"]["path"]
        with open(path, "rb") as file:
            return "completed", {"output": {"media": read_headers(file)}}
    except NotMedia as reason:  # a BPMN error: the workflow decides what follows
        return "error", {"code": "NOT_MEDIA", "message": f"{path}: {reason}"}
    except OSError as reason:  # the file may come, or the disk come back: tried again as the contract says
        return "failed", {"code": "UNREADABLE", "message": str(reason), "retry": True}
    except Exception as reason:  # the same bytes fail the same way each time
        return "failed", {"code": "BROKEN", "message": repr(reason), "retry": False}


def serve(url_file):
    """Consumes on one connection and publishes on another: a bus that holds back publishers still takes acks."""
    with open(url_file) as file:
        url = pika.URLParameters(file.read().strip())
    with pika.BlockingConnection(url) as consuming, pika.BlockingConnection(url) as publishing:
        tasks, results = consuming.channel(), publishing.channel()
        tasks.queue_declare(QUEUE, passive=True)  # the broker makes it; until then this fails and is tried again
        tasks.basic_qos(prefetch_count=4)
        results.confirm_delivery()
        print(f"serving {QUEUE}", flush=True)
        for delivery, task, body in tasks.consume(QUEUE, inactivity_timeout=1):
            publishing.process_data_events()  # the idle connection's AMQP heartbeat
            if delivery is None:
                continue
            kind, answer = work(body)
            properties = pika.BasicProperties(
                type=kind, message_id=task.message_id, correlation_id=task.correlation_id, delivery_mode=2,
                content_type="application/json", headers={name: task.headers[name] for name in FENCE})
            # Returns when the bus has confirmed the result, throws if it refused or returned it. Only then the ack.
            results.basic_publish(RESULTS, task.reply_to, json.dumps(answer), properties, mandatory=True)
            tasks.basic_ack(delivery.delivery_tag)
            print(task.message_id, kind, flush=True)


while True:  # whatever breaks: an unacked task is delivered again, here or to another agent
    try:
        serve(sys.argv[1])
    except (pika.exceptions.AMQPError, OSError) as reason:
        print(f"bus: {reason!r}; again in 1 s", file=sys.stderr, flush=True)
        time.sleep(1)
    except KeyboardInterrupt:
        break
