import ProcessEngine
import Services
import Values

/// How the API's objects look as JSON; `contracts/openapi.yaml` has the shapes.
extension JSONWriter {
    mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    mutating func member(_ name: String, _ value: Bool) {
        key(name)
        bool(value)
    }

    mutating func instance(_ row: IndexedInstance) {
        beginObject()
        instanceMembers(row)
        endObject()
    }

    mutating func instanceMembers(_ row: IndexedInstance) {
        let labels = row.labels.shown
        member("id", row.id.text)
        member("workflow", row.labels.workflow ?? row.definition.process)
        member("version", row.labels.workflowVersion)
        member("definition", row.definition.description)
        member("state", row.state.rawValue)
        member("businessKey", row.businessKey)
        member("objectId", row.labels.objectID)
        member("startedBy", row.labels.startedBy)
        member("runAs", labels.runAs)
        member("correlationId", labels.correlationID ?? row.id.text)
        member("startedAt", row.startedAt.iso8601)
        member("endedAt", row.endedAt?.iso8601)
        member("message", row.message)
        member("restartedFrom", row.labels.restartedFrom?.text)
        key("metadata")
        variables(labels.metadata)
        key("tasksCreated")
        int(row.tasksCreated)
        key("tasksDone")
        int(row.tasksDone)
    }

    mutating func task(_ row: IndexedTask) {
        beginObject()
        member("id", row.id.description)
        member("instance", row.id.instance.text)
        member("element", row.element.text)
        member("contract", row.contract.description)
        member("state", row.state.rawValue)
        member("createdAt", row.createdAt.iso8601)
        member("endedAt", row.endedAt?.iso8601)
        member("message", row.message)
        if let live = row.live {
            member("phase", live.phase.rawValue)
            member("paused", live.isPaused)
            key("attempt")
            int(live.attempt)
            key("retries")
            int(live.retries)
            member("availableAt", live.availableAt.iso8601)
            member("startedAt", live.startedAt?.iso8601)
            if let progress = live.progress {
                key("progress")
                double(progress)
            }
            member("progressMessage", live.progressMessage)
        }
        endObject()
    }

    mutating func userTask(_ row: IndexedUserTask) {
        beginObject()
        member("instance", row.instance.text)
        member("workflow", row.workflow)
        member("businessKey", row.businessKey)
        member("createdAt", row.createdAt.iso8601)
        member("suspended", row.isSuspended)
        userTaskMembers(row.task)
        endObject()
    }

    mutating func userTask(_ task: OpenUserTask) {
        beginObject()
        userTaskMembers(task)
        endObject()
    }

    private mutating func userTaskMembers(_ task: OpenUserTask) {
        key("number")
        int(task.number)
        member("element", task.element.text)
        member("name", task.name)
        member("assignee", task.assignee)
        for (name, words) in [("candidateUsers", task.candidateUsers), ("candidateGroups", task.candidateGroups)] {
            key(name)
            beginArray()
            for word in words { string(word) }
            endArray()
        }
        member("dueAt", task.dueAt?.iso8601)
        member("followUpAt", task.followUpAt?.iso8601)
        member("formKey", task.formKey)
        key("priority")
        int(task.priority)
    }

    mutating func incident(_ incident: Event.Incident) {
        beginObject()
        key("incident")
        int(incident.number)
        member("kind", incident.kind.rawValue)
        member("element", incident.element.text)
        key("task")
        if let task = incident.task { int(task) } else { null() }
        member("message", incident.message)
        endObject()
    }

    mutating func variables(_ variables: [Variable]) {
        beginObject()
        for variable in variables {
            key(variable.name)
            raw(variable.value)
        }
        endObject()
    }

    mutating func revision(_ revision: Revision) {
        beginObject()
        key("number")
        int(revision.number)
        key("parent")
        if let parent = revision.parent { int(parent) } else { null() }
        member("author", revision.author)
        member("message", revision.message)
        member("at", revision.at.iso8601)
        switch revision.origin {
        case .staged(let staged):
            key("staged")
            beginObject()
            member("store", staged.store)
            key("revision")
            int(staged.revision)
            endObject()
        case .restored(let number):
            key("restored")
            int(number)
        case nil: break
        }
        endObject()
    }

    mutating func artifact(_ entry: ArtifactEntry) {
        beginObject()
        artifactMembers(entry)
        endObject()
    }

    mutating func artifactMembers(_ entry: ArtifactEntry) {
        member("kind", entry.kind)
        member("name", entry.name)
        member("version", entry.version)
        member("hash", entry.hash)
    }

    mutating func diagnostic(_ diagnostic: Diagnostic) {
        beginObject()
        member("severity", diagnostic.severity.rawValue)
        member("code", diagnostic.code)
        member("file", diagnostic.file)
        key("line")
        int(diagnostic.position.line)
        key("column")
        int(diagnostic.position.column)
        member("element", diagnostic.element)
        member("elementName", diagnostic.elementName)
        member("message", diagnostic.message)
        member("suggestion", diagnostic.suggestion)
        endObject()
    }
}

extension IndexedInstance {
    /// 1 when it has ended; else the share of its known tasks that is done, running ones counted by their own progress.
    func progress(of tasks: [IndexedTask]) -> Double {
        guard endedAt == nil else { return 1 }
        guard !tasks.isEmpty else { return 0 }
        let done = tasks.reduce(0.0) { $0 + ($1.endedAt != nil ? 1 : $1.live?.progress ?? 0) }
        // Steps that are not known yet remain: never all of it before the end.
        return min(done / Double(tasks.count + 1), 0.99)
    }
}
