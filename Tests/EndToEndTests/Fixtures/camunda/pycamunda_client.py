#!/usr/bin/env python3
"""pycamunda, unchanged, deploys and works orders to their end: the URL and a BPMN file are the arguments."""
import sys

import pycamunda.deployment
import pycamunda.externaltask
import pycamunda.incident
import pycamunda.message
import pycamunda.processdef
import pycamunda.processinst
import pycamunda.version

url, model = sys.argv[1:]
assert pycamunda.version.Get(url)().startswith("7.")


def deploy():
    create = pycamunda.deployment.Create(url, name="orders", source="pycamunda", enable_duplicate_filtering=True)
    with open(model, "rb") as file:
        create.add_resource(file)
        return create()


first = deploy()
assert list(first.deployed_process_definitions) == ["order:1"], first
again = deploy()
assert again.id_ == first.id_ and again.deployed_process_definitions is None
assert [d.name for d in pycamunda.deployment.GetList(url, name="orders")()] == ["orders"]
assert pycamunda.deployment.GetResources(url, first.id_)()[0].name == "order.bpmn"
definition = pycamunda.processdef.GetList(url, key="order", latest_version=True)()[0]
assert definition.id_ == "order:1" and definition.name == "An order"


def start(**variables):
    request = pycamunda.processdef.StartInstance(url, key="order", business_key="k")
    for name, value in variables.items():
        request.add_variable(name=name, value=value)
    return request()


def fetch(topic, timeout=10000):
    request = pycamunda.externaltask.FetchAndLock(url, "py", 10, async_response_timeout=timeout, use_priority=True)
    request.add_topic(topic, 60000)
    return request()


def complete(task, **variables):
    request = pycamunda.externaltask.Complete(url, task.id_, "py")
    for name, value in variables.items():
        request.add_variable(name, value)
    request()


instance = start(item="book", count=3)
assert [i.id_ for i in pycamunda.processinst.GetList(url, process_definition_key="order")()] == [instance.id_]
(task,) = fetch("reserve")
assert task.variables["item"].value == "book" and task.variables["count"].type_ == "Integer"
assert task.business_key == "k" and task.retries is None and task.lock_expiration_time is not None

# Locks.
pycamunda.externaltask.ExtendLock(url, task.id_, 90000, "py")()
assert pycamunda.externaltask.Count(url, locked=True)() == 1
pycamunda.externaltask.Unlock(url, task.id_)()
(task,) = fetch("reserve")
try:
    pycamunda.externaltask.Complete(url, task.id_, "somebody")()
    raise SystemExit("somebody else's task was completed")
except pycamunda.BadRequest as refusal:
    assert "It is locked by worker 'py'" in str(refusal), refusal
complete(task, reserved=True)
(task,) = fetch("charge")

# Failures, an incident, and new retries.
pycamunda.externaltask.HandleFailure(url, task.id_, "py", "no network", "a story", retries=1, retry_timeout=0)()
(task,) = fetch("charge")
assert task.retries == 1 and task.error_message == "no network"
pycamunda.externaltask.HandleFailure(url, task.id_, "py", "broken", "a story", retries=0, retry_timeout=0)()
(incident,) = pycamunda.incident.GetList(url, process_instance_id=instance.id_)()
assert incident.incident_message == "broken" and incident.configuration == task.id_
pycamunda.externaltask.SetRetries(url, task.id_, 2)()
(task,) = fetch("charge")
complete(task)
assert not pycamunda.processinst.GetList(url, process_definition_key="order")()

# A BPMN error.
start(item="unicorn")
(task,) = fetch("reserve")
pycamunda.externaltask.HandleBPMNError(url, task.id_, "py", "SOLD_OUT", "no unicorns")()
(task,) = fetch("apologize")
complete(task)
assert not pycamunda.processinst.GetList(url, process_definition_key="order")()

# A message nobody waits for, and an instance that is ended.
try:
    pycamunda.message.CorrelateSingle(url, "paid")()
    raise SystemExit("a message reached nobody, and nobody said so")
except pycamunda.BadRequest:
    pass
instance = start(item="pen")
pycamunda.processinst.Delete(url, instance.id_)()
assert not pycamunda.processinst.GetList(url)()
print("all is well")
