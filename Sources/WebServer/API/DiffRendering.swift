import Contracts
import Staging
import Values

/// How differences look as JSON.
extension JSONWriter {
    mutating func diffs(_ diffs: [PartDiff]) {
        beginArray()
        for diff in diffs {
            beginObject()
            diffMembers(diff)
            endObject()
        }
        endArray()
    }

    mutating func diffMembers(_ diff: PartDiff) {
        member("change", diff.kind.rawValue)
        member("kind", diff.id.kind)
        member("name", diff.id.name)
        for (name, versions) in [("versionsAdded", diff.versionsAdded), ("versionsRemoved", diff.versionsRemoved)] {
            key(name)
            beginArray()
            for version in versions { string(version.description) }
            endArray()
        }
        key("steps")
        beginArray()
        for step in diff.steps { self.step(step) }
        endArray()
    }

    private mutating func step(_ step: PartDiff.Step) {
        beginObject()
        member("from", step.from?.description)
        member("to", step.to?.description)
        member("compatibility", step.compatibility.rawValue)
        key("contract")
        changes(step.contract)
        key("breaks")
        beginArray()
        for finding in step.breaks { diagnostic(finding) }
        endArray()
        key("models")
        beginArray()
        for model in step.models { self.model(model) }
        endArray()
        endObject()
    }

    private mutating func model(_ model: ModelDiff) {
        beginObject()
        member("process", model.process)
        member("layoutChanged", model.layoutChanged)
        key("elements")
        beginArray()
        for element in model.elements {
            beginObject()
            member("change", element.kind.rawValue)
            member("id", element.id)
            member("type", element.type)
            member("name", element.name)
            member("from", element.from)
            member("to", element.to)
            key("changes")
            changes(element.changes)
            endObject()
        }
        endArray()
        endObject()
    }

    private mutating func changes(_ changes: [Change]) {
        beginArray()
        for change in changes {
            beginObject()
            member("change", change.kind.rawValue)
            member("path", change.path)
            if let before = change.before {
                key("before")
                value(before)
            }
            if let after = change.after {
                key("after")
                value(after)
            }
            endObject()
        }
        endArray()
    }
}
