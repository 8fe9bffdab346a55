// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a context tells its maker: closures behind C's event hooks.

use crate::boundary::{Hook, callback};
use crate::ctx::LogLevel;
use crate::text;
use core::ffi::{c_char, c_void};
use iomm_sys as sys;
use std::boxed::Box;
use std::sync::Mutex;

type Released = Mutex<Option<Box<dyn FnOnce(u32) + Send>>>;
type Log = Option<Box<dyn Fn(LogLevel, &str, &str) + Send + Sync>>;
type Misuse = Option<Box<dyn Fn(&str) + Send + Sync>>;

#[derive(Default)]
pub(crate) struct Events {
    pub(crate) wakeup: Option<Box<dyn Fn() + Send + Sync>>,
    pub(crate) released: Released,
    pub(crate) log: Log,
    pub(crate) misuse: Misuse,
}

type Release = Option<unsafe extern "C" fn(*mut c_void)>;

impl Events {
    /// The hooks, their data, and what takes the data back. A hook that nobody
    /// asked for is left to the library.
    pub(crate) fn into_c(self) -> (sys::iomm_ctx_events, *mut c_void, Release) {
        let mut events = sys::iomm_ctx_events {
            size: text::size_of::<sys::iomm_ctx_events>(),
            released: Some(released),
            ..Default::default()
        };
        if self.wakeup.is_some() {
            events.wakeup = Some(wakeup);
        }
        if self.misuse.is_some() {
            events.misuse = Some(misuse);
        }
        if self.log.is_some() {
            events.log = Some(log);
        }
        (events, Box::into_raw(Box::new(self)).cast(), Some(release))
    }
}

/// # Safety
///
/// `data` is what [`Events::into_c`] gave, and has not been released.
unsafe fn events<'a>(data: *mut c_void) -> &'a Events {
    // SAFETY: it is a box that nobody changes, and that lives until `release`,
    // which is the last call.
    unsafe { &*data.cast() }
}

unsafe extern "C" fn wakeup(data: *mut c_void) {
    // SAFETY: C hands us our data.
    let events = unsafe { events(data) };
    callback(Hook::Event, (), || {
        if let Some(f) = &events.wakeup {
            f();
        }
    });
}

unsafe extern "C" fn released(data: *mut c_void, live_handles: u32) {
    // SAFETY: C hands us our data.
    let events = unsafe { events(data) };
    callback(Hook::Event, (), || {
        let f = events.released.lock().ok().and_then(|mut f| f.take());
        if let Some(f) = f {
            f(live_handles);
        }
    });
}

unsafe extern "C" fn misuse(data: *mut c_void, sentence: *const c_char) {
    // SAFETY: C hands us our data, and a string that is valid during the call.
    let (events, sentence) = unsafe { (events(data), text::borrow(sentence)) };
    callback(Hook::Event, (), || {
        if let Some(f) = &events.misuse {
            f(sentence);
        }
    });
}

unsafe extern "C" fn log(data: *mut c_void, level: u32, tag: *const c_char, line: *const c_char) {
    // SAFETY: C hands us our data, and strings that are valid during the call.
    let (events, tag, line) = unsafe { (events(data), text::borrow(tag), text::borrow(line)) };
    callback(Hook::Event, (), || {
        if let Some(f) = &events.log {
            f(LogLevel::from_raw(level), tag, line);
        }
    });
}

unsafe extern "C" fn release(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: C hands us our data, for the last time.
        drop(unsafe { Box::from_raw(data.cast::<Events>()) });
    });
}
