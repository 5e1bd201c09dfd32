import ProcessEngine
import Services
import Values

extension IndexWrites {
    static func writeUserTasks(_ update: IndexUpdate) -> [Connection.Statement] {
        var statements: [Connection.Statement] = []
        let ended = update.endedUserTasks.sorted()
        if !ended.isEmpty {
            for table in ["index_user_task", "index_candidate"] {
                statements.append(
                    Connection.Statement(
                        sql: """
                            DELETE FROM \(table) USING unnest($1::text[], $2::bigint[]) AS k(instance, number)
                            WHERE \(table).instance = k.instance COLLATE "C" AND \(table).number = k.number
                            """, values: [.texts(ended.map(\.instance.text)), .ints(ended.map(\.number))]))
            }
        }
        let claimed = update.claimedUserTasks.sorted { $0.key < $1.key }
        if !claimed.isEmpty {
            statements.append(
                Connection.Statement(
                    sql: """
                        UPDATE index_user_task SET assignee = k.assignee
                        FROM unnest($1::text[], $2::bigint[], $3::text[]) AS k(instance, number, assignee)
                        WHERE index_user_task.instance = k.instance COLLATE "C" AND index_user_task.number = k.number
                        """,
                    values: [
                        .texts(claimed.map(\.key.instance.text)), .ints(claimed.map(\.key.number)),
                        .texts(claimed.map(\.value)),
                    ]))
        }
        for renaming in update.renamings {
            statements.append(
                Connection.Statement(
                    sql: """
                        UPDATE index_user_task SET element = n.new
                        FROM unnest($2::text[], $3::text[]) AS n(old, new)
                        WHERE index_user_task.instance = $1 AND index_user_task.element = n.old COLLATE "C"
                        """,
                    values: [
                        .text(renaming.instance.text), .texts(renaming.names.map(\.from.text)),
                        .texts(renaming.names.map(\.to.text)),
                    ]))
        }
        let opened = update.openedUserTasks.sorted { $0.key < $1.key }
        if !opened.isEmpty { statements += write(opened.map { ($0.key, $0.value.task, $0.value.createdAt) }) }
        return statements
    }

    private static func write(
        _ tasks: [(id: TaskID, task: OpenUserTask, createdAt: Timestamp)]
    ) -> [Connection.Statement] {
        let candidates = tasks.flatMap { entry in
            (entry.task.candidateUsers.map { IndexColumns.candidate("user", $0) }
                + entry.task.candidateGroups.map { IndexColumns.candidate("group", $0) }).map { (entry.id, $0) }
        }
        var statements = [
            Connection.Statement(
                sql: """
                    INSERT INTO index_user_task (
                        instance, number, created_at, element, name, assignee, candidates, due_at, follow_up_at, form_key,
                        priority)
                    SELECT * FROM unnest(
                        $1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                        $8::bigint[], $9::bigint[], $10::text[], $11::bigint[])
                    ON CONFLICT DO NOTHING
                    """,
                values: [
                    .texts(tasks.map(\.id.instance.text)), .ints(tasks.map(\.id.number)),
                    .ints(tasks.map(\.createdAt.stored)), .texts(tasks.map(\.task.element.text)),
                    .texts(tasks.map(\.task.name)), .texts(tasks.map(\.task.assignee)),
                    .texts(tasks.map { UserTaskCandidates($0.task).text }), .ints(tasks.map(\.task.dueAt?.stored)),
                    .ints(tasks.map(\.task.followUpAt?.stored)), .texts(tasks.map(\.task.formKey)),
                    .ints(tasks.map(\.task.priority)),
                ])
        ]
        if !candidates.isEmpty {
            statements.append(
                Connection.Statement(
                    sql: """
                        INSERT INTO index_candidate (candidate, instance, number)
                        SELECT sha256(convert_to(candidate, 'UTF8')), instance, number
                        FROM unnest($1::text[], $2::text[], $3::bigint[]) AS c(candidate, instance, number)
                        ON CONFLICT DO NOTHING
                        """,
                    values: [
                        .texts(candidates.map(\.1)), .texts(candidates.map(\.0.instance.text)),
                        .ints(candidates.map(\.0.number)),
                    ]))
        }
        return statements
    }
}
