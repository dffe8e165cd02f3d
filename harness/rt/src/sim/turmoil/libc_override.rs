//! Overrides libc's clock and entropy on the thread of a simulation.
//!
//! std's `Instant`, `SystemTime` and hash maps, and every crate that requests randomness from the operating system, end
//! at a few functions of libc. This module defines these functions in the binary itself, so the linker takes ours; on
//! any other thread they call the kernel. No other module has unsafe code.
#![expect(unsafe_code, reason = "libc's symbols can be replaced only by extern functions")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::clock;

/// Fills `buffer` from the simulation's entropy, or calls the kernel.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, flags: u32) -> isize {
    if !clock::is_active() {
        // SAFETY: the caller's pointer and length are passed on unchanged.
        return unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) as isize };
    }
    // SAFETY: by libc's contract the buffer has `length` writable bytes.
    let bytes = unsafe { std::slice::from_raw_parts_mut(buffer, length) };
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&clock::next_entropy().to_le_bytes()[..chunk.len()]);
    }
    length as isize
}

/// Like [`getrandom`], for at most 256 bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn getentropy(buffer: *mut u8, length: usize) -> i32 {
    if length > 256 {
        return -1;
    }
    // SAFETY: the contract is the same.
    if unsafe { getrandom(buffer, length, 0) } < 0 { -1 } else { 0 }
}

/// Virtual time on a simulation's thread, the kernel's elsewhere.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(
    clock_id: libc::clockid_t,
    time: *mut libc::timespec,
) -> libc::c_int {
    let ask = || match clock_id {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => clock::wall_ns(),
        _ => clock::monotonic_ns(),
    };
    if let Some(ns) = clock::answer(ask) {
        // SAFETY: by libc's contract `time` points to a writable timespec.
        unsafe {
            time.write(libc::timespec {
                tv_sec: (ns / 1_000_000_000) as libc::time_t,
                tv_nsec: (ns % 1_000_000_000) as libc::c_long,
            });
        }
        return 0;
    }
    // SAFETY: the caller's arguments are passed on unchanged.
    unsafe { next_clock_gettime()(clock_id, time) }
}

/// Like [`clock_gettime`], for the wall clock in microseconds. SQLite calls it.
#[unsafe(no_mangle)]
unsafe extern "C" fn gettimeofday(time: *mut libc::timeval, _: *mut libc::c_void) -> libc::c_int {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a writable timespec, and the clock exists on every Linux.
    if unsafe { clock_gettime(libc::CLOCK_REALTIME, &raw mut now) } != 0 {
        return -1;
    }
    if !time.is_null() {
        // SAFETY: by libc's contract `time` is null or points to a writable timeval.
        unsafe { time.write(libc::timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1_000 }) };
    }
    0
}

/// The kernel's monotonic clock, in nanoseconds, even on a simulation's thread.
pub(crate) fn kernel_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a writable timespec, and the clock exists on every Linux.
    unsafe { next_clock_gettime()(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

type ClockGettime = unsafe extern "C" fn(libc::clockid_t, *mut libc::timespec) -> libc::c_int;

/// libc's own function, looked up once. A plain system call would be many times slower for every other thread.
fn next_clock_gettime() -> ClockGettime {
    static FOUND: AtomicUsize = AtomicUsize::new(0);
    let mut address = FOUND.load(Ordering::Relaxed);
    if address == 0 {
        // SAFETY: the name is a C string; a null pointer is refused below.
        address = unsafe { libc::dlsym(libc::RTLD_NEXT, c"clock_gettime".as_ptr()) } as usize;
        assert!(address != 0, "libc has a clock_gettime");
        FOUND.store(address, Ordering::Relaxed);
    }
    // SAFETY: the symbol has this type in every libc for Linux.
    unsafe { std::mem::transmute::<usize, ClockGettime>(address) }
}
