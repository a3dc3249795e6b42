import Glibc

/// The limit of this process's open files, sockets included.
package enum OpenFiles {
    /// The kernel's present limit (`RLIMIT_NOFILE`); nil if unlimited.
    package static var limit: Int? {
        guard let limit = current, limit.rlim_cur != rlim_t.max else { return nil }
        return Int(clamping: limit.rlim_cur)
    }

    /// Raises the limit to `wanted`, as far as the system allows; never lowers it.
    package static func raise(to wanted: Int) {
        guard var limit = current, limit.rlim_cur < rlim_t(wanted) else { return }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(wanted))
        // If this is refused, the present limit remains.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static var current: rlimit? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? limit : nil
    }
}
