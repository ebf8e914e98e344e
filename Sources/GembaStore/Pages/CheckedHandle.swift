import GRDBSQLite

/// What SQLite has of a checked file: a table of functions, the object that they work on, and behind them the system's own
/// handle.
struct CheckedHandle {
    private var base: sqlite3_file
    private var object: UnsafeMutableRawPointer?

    /// Bytes before the system's handle; its alignment is kept.
    static let bytes = (MemoryLayout<CheckedHandle>.size + 15) & ~15

    /// The system's handle behind one of ours.
    static func inner(of file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<sqlite3_file> {
        (UnsafeMutableRawPointer(file) + bytes).assumingMemoryBound(to: sqlite3_file.self)
    }

    static func set(_ checked: CheckedFile, on file: UnsafeMutablePointer<sqlite3_file>) {
        UnsafeMutableRawPointer(file).assumingMemoryBound(to: CheckedHandle.self).pointee.object =
            Unmanaged.passRetained(checked).toOpaque()
    }

    /// The object of a handle, or nil when it is not one of ours.
    static func checked(_ file: UnsafeMutablePointer<sqlite3_file>) -> CheckedFile? {
        file.pointee.pMethods == UnsafePointer(methods) ? object(file) : nil
    }

    private static func object(_ file: UnsafeMutablePointer<sqlite3_file>?) -> CheckedFile {
        let handle = UnsafeMutableRawPointer(file)?.assumingMemoryBound(to: CheckedHandle.self)
        guard let object = handle?.pointee.object else { preconditionFailure("SQLite calls a file that is closed") }
        return Unmanaged<CheckedFile>.fromOpaque(object).takeUnretainedValue()
    }

    /// The functions of checked files. Version 2 of the table knows no memory mapping, which would go past the checks.
    ///
    /// Written once, before SQLite is given it.
    nonisolated(unsafe) static let methods: UnsafeMutablePointer<sqlite3_io_methods> = {
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        var table = sqlite3_io_methods()
        table.iVersion = 2
        addCheckedFunctions(to: &table)
        addPassedFunctions(to: &table)
        methods.initialize(to: table)
        return methods
    }()

    private static func addCheckedFunctions(to table: inout sqlite3_io_methods) {
        table.xClose = { file in
            guard let file else { return SQLITE_MISUSE }
            let code = CheckedHandle.object(file).close()
            Unmanaged.passUnretained(CheckedHandle.object(file)).release()
            return code
        }
        table.xRead = { file, buffer, count, offset in
            guard let buffer else { return SQLITE_MISUSE }
            return CheckedHandle.object(file).read(into: buffer, count: Int(count), at: offset)
        }
        table.xWrite = { file, buffer, count, offset in
            guard let buffer else { return SQLITE_MISUSE }
            return CheckedHandle.object(file).write(buffer, count: Int(count), at: offset)
        }
        table.xSync = { file, flags in CheckedHandle.object(file).sync(flags) }
        table.xTruncate = { file, size in CheckedHandle.object(file).truncate(to: size) }
        table.xFileSize = { file, size in CheckedHandle.object(file).measure(size) }
        table.xFileControl = { file, operation, argument in
            CheckedHandle.object(file).control(operation, argument)
        }
        table.xShmLock = { file, first, count, flags in
            CheckedHandle.object(file).lockShared(first: first, count: count, flags: flags)
        }
    }

    private static func addPassedFunctions(to table: inout sqlite3_io_methods) {
        table.xLock = { file, level in
            CheckedHandle.object(file).functions.xLock(CheckedHandle.object(file).inner, level)
        }
        table.xUnlock = { file, level in
            CheckedHandle.object(file).functions.xUnlock(CheckedHandle.object(file).inner, level)
        }
        table.xCheckReservedLock = { file, result in
            CheckedHandle.object(file).functions.xCheckReservedLock(CheckedHandle.object(file).inner, result)
        }
        table.xSectorSize = { file in CheckedHandle.object(file).functions.xSectorSize(CheckedHandle.object(file).inner)
        }
        table.xDeviceCharacteristics = { file in
            CheckedHandle.object(file).functions.xDeviceCharacteristics(CheckedHandle.object(file).inner)
        }
        table.xShmMap = { file, region, size, extends, result in
            CheckedHandle.object(file).functions.xShmMap(
                CheckedHandle.object(file).inner, region, size, extends, result)
        }
        table.xShmBarrier = { file in CheckedHandle.object(file).functions.xShmBarrier(CheckedHandle.object(file).inner)
        }
        table.xShmUnmap = { file, deletes in
            CheckedHandle.object(file).functions.xShmUnmap(CheckedHandle.object(file).inner, deletes)
        }
    }
}
