import ArgumentParser
import Values

struct DeploymentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deployment",
        abstract: "Say whether the engine has what the config store says, and what was deployed past it.",
        discussion: """
            The deployment service makes both equal by itself. What somebody deployed past the config store is reported, and corrected
            where the server was started with --drift correct. Exit status 2 if there is such, or a difference.

            Example:
              waybill deployment
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var server: ServerOptions

    func run() async throws {
        let answer = try await RESTClient.with(server) {
            try await $0.get("/v1/config/deployment", with: "differences")
        }
        let drift = answer["drift"]?.elements() ?? []
        let differences = answer["differences"]?.intValue ?? 0
        if output.json {
            print(answer.text)
        } else {
            let revision = answer["revision"]?.intValue.map { "revision \($0) says" } ?? "the empty config store says"
            print(
                differences == 0
                    ? "The engine has what \(revision)."
                    : "The engine differs from what \(revision): \(Count.text(differences, "change")).")
            for row in drift { print("Drift: \(row.cell("message")).") }
        }
        if differences > 0 || !drift.isEmpty { throw ExitCode(2) }
    }
}
