import CMalloc

/// What the C library's allocator is told before anything else runs.
///
/// A batch takes some megabytes and frees them a moment later. Left alone, the allocator gives what is free at the end of a heap back
/// to the system from 128 KiB on, and the next batch faults it in again, page by page: a tenth of the time under load.
enum HeapSettings {
    static func prepare() {
        _ = mallopt(M_TRIM_THRESHOLD, 32 << 20)
        _ = mallopt(M_TOP_PAD, 1 << 20)
        // Setting one of them ends the adaption of the others. What is larger is rare, and goes back at once.
        _ = mallopt(M_MMAP_THRESHOLD, 4 << 20)
    }
}
