//! How the programs have the C library keep memory: they allocate in steps of a megabyte, and a
//! function has 128 of them.
//!
//! The one place with `unsafe`, for what it was measured to save: of 41 MB that `riacho load` took
//! for one object of 100 MB, 6 MB were memory that nobody used.

/// Has the C library keep one pool of memory, and little that is not in use. For the start of a
/// program, before there are threads; where the C library is not GNU's it changes nothing.
///
/// Left to itself, GNU's keeps a pool for each thread, and the more for itself the more it was asked
/// for at once. Source: the manual page mallopt(3), `M_ARENA_MAX`, `M_MMAP_THRESHOLD`,
/// `M_TRIM_THRESHOLD`.
pub fn keep_little() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// From here on memory comes from the system and goes back to it at once: batches of rows
        /// do, rows don't.
        const MMAP_THRESHOLD: libc::c_int = 512 << 10;
        /// Given back in larger steps than it is asked for, so that not every batch takes its pages
        /// anew.
        const TRIM_THRESHOLD: libc::c_int = 4 << 20;
        let settings = [
            (libc::M_ARENA_MAX, 1),
            (libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD),
            (libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD),
        ];
        for (name, value) in settings {
            // SAFETY: mallopt takes two numbers and sets a parameter of the allocator; one that it
            // refuses leaves all as it was.
            #[allow(unsafe_code)]
            unsafe {
                libc::mallopt(name, value);
            }
        }
    }
}
