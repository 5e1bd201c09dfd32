#!/usr/bin/env python3
"""camunda-external-task-client-python3, unchanged, works orders to their end: URL is the only argument."""
import sys
import threading

import requests
from camunda.client.engine_client import EngineClient
from camunda.external_task.external_task_worker import ExternalTaskWorker, NoExternalTaskFound

url = sys.argv[1]
engine = EngineClient(url)
config = {"maxTasks": 1, "lockDuration": 60000, "asyncResponseTimeout": 5000, "retries": 3, "retryTimeout": 100}


def work(topic, action, config=config):
    """One fetch, as the worker's endless loop does it; None if nothing came."""
    worker = ExternalTaskWorker(worker_id=f"{topic}-worker", base_url=url, config=config)
    try:
        worker.fetch_and_execute(topic, action)
    except NoExternalTaskFound:
        return None
    return True


def running():
    return {instance["id"] for instance in engine.get_process_instance("order")}


# A worker that waits before there is anything gets the task that comes.
seen = []


def reserve(task):
    seen.append(task.get_variables())
    assert task.get_topic_name() == "reserve" and task.get_business_key() == "order-1"
    return task.complete({"reserved": True, "shelf": {"row": 7}}, {"scratch": 1})


waiting = threading.Thread(target=work, args=("reserve", reserve, {**config, "asyncResponseTimeout": 60000}))
waiting.start()
started = engine.start_process("order", {"item": "book", "count": 3, "price": 9.5}, business_key="order-1")
waiting.join()
assert seen == [{"item": "book", "count": 3, "price": 9.5}], seen

# Its retries: the first failure sends the worker's own limit, later ones what is left.
retries = []


def fail_twice(task):
    retries.append(task._context["retries"])
    if len(retries) < 3:
        return task.failure("no network", "a long story", max_retries=3, retry_timeout=1)
    assert task._context["errorMessage"] == "no network"
    return task.complete({"charged": True})


while work("charge", fail_twice) and len(retries) < 3:
    pass
assert retries == [None, 3, 2], retries
assert started["id"] not in running()

# A BPMN error goes the other way.
started = engine.start_process("order", {"item": "unicorn"})
assert work("reserve", lambda task: task.bpmn_error("SOLD_OUT", "no unicorns", {"left": 0}))
assert work("apologize", lambda task: task.complete())
assert started["id"] not in running()

# No retries left: an incident, which an operator gives new ones.
started = engine.start_process("order", {"item": "pen"}, tenant_id="any")
assert work("reserve", lambda task: task.failure("broken", "for good", max_retries=0, retry_timeout=0))
assert work("reserve", lambda task: task.complete(), {**config, "asyncResponseTimeout": 200}) is None
incident = requests.get(f"{url}/incident?processInstanceId={started['id']}").json()[0]
assert incident["incidentType"] == "failedExternalTask" and incident["incidentMessage"] == "broken"
assert requests.put(f"{url}/external-task/{incident['configuration']}/retries", json={"retries": 1}).status_code == 204
assert work("reserve", lambda task: task.complete({"n": 1}))
assert engine.get_process_instance("order", ["n_eq_1"])[0]["id"] == started["id"]
assert work("charge", lambda task: task.complete())
assert not running()
print("all is well")
