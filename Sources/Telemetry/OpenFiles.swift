import Glibc

/// How many files this process may have open; sockets count.
package enum OpenFiles {
    /// What the kernel allows now (`RLIMIT_NOFILE`); nil for any number.
    package static var limit: Int? {
        guard let limit = current, limit.rlim_cur != rlim_t.max else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    /// Asks for so many, as far as the system lets this process; never lowers what it has.
    package static func raise(to wanted: Int) {
        guard var limit = current, limit.rlim_cur < rlim_t(wanted) else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(wanted))
        // If it is refused, what there was remains.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static var current: rlimit? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit : nil
    }
}
