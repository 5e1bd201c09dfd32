import Foundation

/// Memory that two processes see: what input is being tried, so that it is known after a crash.
///
/// A number of inputs, the length of the newest, its bytes.
struct SharedInput {
    private static let capacity = 1 << 17
    private static let head = 16
    let descriptor: Int32
    private let memory: UnsafeMutableRawPointer

    /// A new one.
    init?() {
        // A file without a name, which goes with the last who has it open.
        var path = Array((NSTemporaryDirectory() + "/waybill-fuzz-XXXXXX").utf8CString)
        let descriptor = mkstemp(&path)
        guard descriptor >= 0 else { return nil }
        unlink(path)
        guard ftruncate(descriptor, Self.capacity) == 0 else { return nil }
        self.init(descriptor: descriptor)
    }

    /// The one of the process that started this one.
    init?(descriptor: Int32) {
        guard let memory = mmap(nil, Self.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            memory != MAP_FAILED
        else { return nil }
        self.descriptor = descriptor
        self.memory = memory
    }

    var count: Int { memory.load(as: Int.self) }

    var input: [UInt8] {
        let length = min(max(memory.load(fromByteOffset: 8, as: Int.self), 0), Self.capacity - Self.head)
        return [UInt8](UnsafeRawBufferPointer(start: memory + Self.head, count: length))
    }

    func note(_ input: [UInt8]) {
        let length = min(input.count, Self.capacity - Self.head)
        memory.storeBytes(of: length, toByteOffset: 8, as: Int.self)
        input.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { (memory + Self.head).copyMemory(from: start, byteCount: length) }
        }
        memory.storeBytes(of: count + 1, as: Int.self)
    }
}
