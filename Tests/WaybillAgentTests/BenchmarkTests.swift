import Testing
import Values
import waybill

/// The parts of `waybill bench` that only compute.
struct BenchmarkTests {
    // MARK: Statistics

    @Test(
        arguments: [
            ([], 0.0), ([3], 3), ([9, 1, 5], 5), ([4, 1, 2, 3], 2.5),
        ] as [([Double], Double)])
    func `the median is the middle of the rounds`(values: [Double], median: Double) {
        #expect(Spread(values).median == median)
    }

    @Test func `percentiles are times that were measured`() {
        let times = Latencies(milliseconds: (1...200).reversed().map { Double($0) })

        #expect(times.percentile(0.5) == 100)
        #expect(times.percentile(0.99) == 198)
        #expect(times.percentile(1) == 200)
        #expect(Latencies(milliseconds: [7]).percentile(0.99) == 7)
        #expect(Latencies(milliseconds: []).percentile(0.5) == nil)
    }

    // MARK: /proc

    @Test func `reads CPU times of a program whose name has spaces and parentheses`() {
        let stat = "42 (a) (b c) S 7 42 42 0 -1 4194304 100 200 0 0 1500 250 30 20 20 0 9 0 123 456 789"

        let ticks = ProcessUsage.ticks(stat: stat)

        #expect(ticks?.own == 1750 && ticks?.children == 50 && ticks?.parent == 7)
    }

    @Test(arguments: ["", "42 (a", "42 (a) S 1 2", "42 (a) S x 42 42 0 -1 4 1 2 0 0 x 2 3 4 5"])
    func `a line of the kernel that is none is no time`(stat: String) {
        #expect(ProcessUsage.ticks(stat: stat) == nil)
    }

    @Test func `reads resident memory`() {
        let status = "Name:\tbeam.smp\nVmPeak:\t  900 kB\nVmRSS:\t  160 kB\nThreads:\t9\n"

        #expect(ProcessUsage.size("VmRSS", status: status) == 160 * 1024)
        #expect(ProcessUsage.size("VmSwap", status: status) == nil)
    }

    @Test func `finds who listens on a port, not who is connected to it`() {
        let tcp = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:1632 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1 0 100 0
               1: 0100007F:1632 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 222 1 0 20 4
               2: 00000000:1633 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1 0 100 0
            """

        #expect(ProcessUsage.listeners(port: 0x1632, tcp: tcp) == ["111"])
        #expect(ProcessUsage.listeners(port: 0x1634, tcp: tcp) == [])
    }

    @Test(arguments: [
        ("/var/tmp", "ext4"), ("/dev/shm/a", "tmpfs"), ("/dev/shmx", "devtmpfs"), ("/mnt/two words", "xfs"),
        ("/", "ext4"),
    ])
    func `finds the file system of a path`(path: String, type: String) {
        let mounts = """
            rootfs / rootfs rw 0 0
            /dev/vda / ext4 rw 0 0
            dev /dev devtmpfs rw 0 0
            shm /dev/shm tmpfs rw 0 0
            /dev/vdb /mnt/two\\040words xfs rw 0 0
            """

        #expect(ProcessUsage.fileSystem(of: path, mounts: mounts) == type)
    }

    // MARK: Metrics

    @Test func `reads the metrics that the server writes`() {
        let metrics = BenchMetrics(
            """
            # HELP waybill_tasks_out Attempts.
            # TYPE waybill_tasks_out gauge
            waybill_tasks_out{contract="bench.one@1"} 30
            waybill_tasks_out{contract="bench.two@1"} 12
            waybill_index_position 7
            waybill_store_durable{store="sqlite",note="a \\"b\\", c"} 1
            """)

        #expect(metrics.sum("waybill_tasks_out") == 42)
        #expect(metrics["waybill_index_position"].map(\.value) == [7])
        #expect(metrics["waybill_store_durable"].first?.labels["store"] == "sqlite")
        #expect(metrics.sum("waybill_nothing") == 0)
    }

    // MARK: What agents counted

    @Test func `a task that comes twice is told`() {
        var count = BenchCount()
        for task in ["a.1", "a.2", "a.1"] { count.executed(task) }

        #expect(count.executions == 3 && count.repeated == 1)
        #expect(BenchCount(count.json.text)?.repeated == 1)
        #expect(BenchCount("no JSON") == nil)
    }

    // MARK: Confirms

    @Test func `confirms are counted exactly, single and multiple in any order`() {
        var tally = ConfirmTally(capacity: 10)

        tally.confirm(3, multiple: false)
        #expect(tally.count == 1 && tally.prefix == 0)
        tally.confirm(2, multiple: true)
        #expect(tally.count == 3 && tally.prefix == 3)
        tally.confirm(2, multiple: false)
        tally.confirm(3, multiple: true)
        #expect(tally.count == 3 && tally.prefix == 3)
        tally.confirm(5, multiple: false)
        tally.confirm(6, multiple: true)
        #expect(tally.count == 6 && tally.prefix == 6)
        for foreign: UInt64 in [0, 11, .max] { tally.confirm(foreign, multiple: true) }
        #expect(tally.count == 6 && tally.prefix == 6)
    }

    // MARK: Frames

    @Test func `a publish is method, persistent header and body, and large bodies are cut`() throws {
        var buffer = AMQPBuffer()
        buffer.publish(
            channel: 1, exchange: "x", routingKey: "key", body: Array(repeating: 7, count: 250), frameLimit: 108)

        let frames = try frames(in: buffer.bytes)

        #expect(frames.map(\.kind) == [.method, .header, .body, .body, .body])
        #expect(frames.map(\.size) == [4 + 2 + 2 + 4 + 1, 15, 100, 100, 50])
        #expect(frames[0].method == .basicPublish)
        #expect(frames[1].mode == 2 && frames[1].bodySize == 250)
    }

    @Test func `an acknowledgement has its tag and says whether it is for all before`() throws {
        var buffer = AMQPBuffer()
        buffer.acknowledge(channel: 1, tag: 0x0102_0304_0506_0708, multiple: true)

        try buffer.bytes.withUnsafeBytes { bytes in
            let first = try #require(try AMQPFrame.first(in: bytes))
            var arguments = first.frame.arguments
            #expect(first.frame.method == .basicAck && first.size == bytes.count)
            #expect(arguments.integer(UInt64.self) == 0x0102_0304_0506_0708)
            #expect(arguments.integer(UInt8.self) == 1)
            #expect(arguments.integer(UInt8.self) == nil && arguments.shortString() == nil)
        }
    }

    @Test func `a frame is read when it is whole, and what is no frame is refused`() throws {
        var buffer = AMQPBuffer()
        buffer.acknowledge(channel: 1, tag: 1, multiple: false)
        for count in 0..<buffer.bytes.count {
            let isWhole = try buffer.bytes.prefix(count).withUnsafeBytes { bytes in
                try AMQPFrame.first(in: bytes) != nil
            }
            #expect(!isWhole)
        }
        for index in [0, buffer.bytes.count - 1] {
            var damaged = buffer.bytes
            damaged[index] = 77
            #expect(throws: AMQPTrouble.self) {
                try damaged.withUnsafeBytes { bytes in _ = try AMQPFrame.first(in: bytes) }
            }
        }
    }

    @Test func `finds the delivery mode behind other properties`() throws {
        // Content type, headers (one: a = 1), delivery mode 2, priority.
        let properties: [UInt8] =
            [0b1011_1000, 0, 1, 0x74] + [0, 0, 0, 4, 1, 0x61, 0x62, 1] + [2, 5]
        let payload: [UInt8] = [0, 60, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 9] + properties
        let bytes: [UInt8] = [2, 0, 1, 0, 0, 0, UInt8(payload.count)] + payload + [0xce]

        let frames = try frames(in: bytes)

        #expect(frames.map(\.mode) == [2])
        #expect(frames.map(\.bodySize) == [9])
    }

    private struct Read {
        var kind: AMQPFrame.Kind
        var size: Int
        var method: AMQPMethod?
        var mode: UInt8?
        var bodySize: Int?
    }

    private func frames(in bytes: [UInt8]) throws -> [Read] {
        var frames: [Read] = []
        try bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while let (frame, size) = try AMQPFrame.first(in: UnsafeRawBufferPointer(rebasing: rest)) {
                frames.append(
                    Read(
                        kind: frame.kind, size: frame.payload.count, method: frame.method, mode: frame.deliveryMode,
                        bodySize: frame.bodySize))
                rest = rest.dropFirst(size)
            }
        }
        return frames
    }
}
