// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page-table formats as plugins: for programs that open them, and for those
//! who write one.
//!
//! A plugin in Rust is a `cdylib` with codecs:
//!
//! ```ignore
//! fn init(formats: &mut iomm::plugin::Formats) -> iomm::Result<()> {
//!     formats.add("riscv-sv39x4", Sv39x4)
//! }
//!
//! iomm::plugin!(init);
//! ```
//!
//! Once loaded its code stays in the process, since Rust's cannot be unloaded
//! safely.

use crate::boundary::{self, Hook, callback};
use crate::codec::{AnyHeld, Codec, Held, answer};
use crate::ctx::Context;
use crate::error::{BROKEN, Code, Error, Result};
use crate::text;
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::mem;
use core::ptr::{self, NonNull};
use core::time::Duration;
use iomm_sys as sys;

/// A plugin that was opened, or announced.
///
/// Dropped, it is closed if none of its formats is in use; else it stays until
/// the process ends, and keeps its context. [`close`](Plugin::close) tells.
pub struct Plugin {
    raw: NonNull<sys::iomm_plugin>,
    ctx: Context,
}

// SAFETY: the library lets every call on a plugin be made from any thread.
unsafe impl Send for Plugin {}
// SAFETY: as above.
unsafe impl Sync for Plugin {}

impl Plugin {
    /// Loads a plugin, by its path or by its name, and registers its formats.
    ///
    /// # Safety
    ///
    /// It is a plugin for this library that does nothing that Rust forbids:
    /// code of any kind is run.
    pub unsafe fn open(ctx: &Context, name: &str) -> Result<Plugin> {
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the name during the call.
            ctx.done(unsafe { sys::iomm_plugin_open(ctx.as_raw(), name.as_ptr(), 0, &mut raw) })?;
            Ok(Plugin::from_raw(raw, ctx))
        })
    }

    /// Says that a format will come from a plugin, which is loaded when
    /// somebody asks for it. `timeout`: how long that may take; `None`: for ever.
    ///
    /// # Safety
    ///
    /// As for [`open`](Plugin::open).
    pub unsafe fn announce(
        ctx: &Context,
        format: &str,
        name: &str,
        timeout: Option<Duration>,
    ) -> Result<Plugin> {
        let format = text::c_string("format", format)?;
        let name = text::c_string("name", name)?;
        let timeout = text::timeout(timeout);
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the strings during the call.
            ctx.done(unsafe {
                sys::iomm_plugin_announce(
                    ctx.as_raw(),
                    format.as_ptr(),
                    name.as_ptr(),
                    timeout,
                    &mut raw,
                )
            })?;
            Ok(Plugin::from_raw(raw, ctx))
        })
    }

    fn from_raw(raw: *mut sys::iomm_plugin, ctx: &Context) -> Plugin {
        let raw = NonNull::new(raw).expect("the library gives no NULL handle with success");
        Plugin {
            raw,
            ctx: ctx.clone(),
        }
    }

    /// The file that it was loaded from; empty while it is not.
    pub fn path(&self) -> Result<String> {
        text::read(&self.ctx, |buf, len| {
            // SAFETY: the handle is alive, and there is so much room.
            unsafe { sys::iomm_plugin_path(self.raw.as_ptr(), buf, len) }
        })
    }

    /// Unregisters its formats and unloads it. Gives it back with the error:
    /// [`Code::EBUSY`](crate::Code::EBUSY) while one of them is in use.
    pub fn close(self) -> core::result::Result<(), (Plugin, Error)> {
        let closed = self.ctx.call(|| {
            // SAFETY: the handle is ours.
            self.ctx
                .done(unsafe { sys::iomm_plugin_close(self.raw.as_ptr()) })
        });
        match closed {
            Ok(()) => {
                // The context's reference, without a second close.
                let this = mem::ManuallyDrop::new(self);
                // SAFETY: `this` is not used again.
                drop(unsafe { ptr::read(&this.ctx) });
                Ok(())
            }
            Err(error) => Err((self, error)),
        }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        let raw = self.raw.as_ptr();
        boundary::give_back(move || {
            // In use it stays: its handle is lost then, and harms nobody.
            // SAFETY: the handle is ours, and not used again.
            let _ = unsafe { sys::iomm_plugin_close(raw) };
        });
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Plugin").field(&self.path()).finish()
    }
}

/// Where a plugin puts its formats, all of which are registered, or none.
pub struct Formats<'a> {
    api: &'a sys::iomm_plugin_api,
    held: Vec<Box<dyn AnyHeld>>,
}

impl Formats<'_> {
    /// Adds a format that is a codec.
    pub fn add<C: Codec>(&mut self, name: &str, codec: C) -> Result<()> {
        let held = Held::new(name, codec)?;
        let mut ops = held.ops();
        ops.self_test = Some(self_tests);
        self.held.push(held);
        let add = self.api.add.expect("the library has all functions");
        // SAFETY: what `ops` points to is in `held`, which `keep` hands over.
        match unsafe { add(self.api.plugin, &ops) } {
            0 => Ok(()),
            code => Err(Error::new(
                Code::from_raw(-code),
                alloc::format!("format {name} is not taken"),
            )),
        }
    }
}

/// What a plugin exports, for [`plugin!`](crate::plugin!).
#[doc(hidden)]
pub type Info = sys::iomm_plugin_info;

#[doc(hidden)]
pub const INFO: Info = Info {
    size: size_of::<Info>() as u32,
    flags: sys::IOMM_PLUGIN_RESIDENT,
    abi: sys::IOMM_PLUGIN_ABI,
    engine_version: 0,
};

/// What a plugin's function is.
pub type Init = fn(&mut Formats<'_>) -> Result<()>;

/// Runs a plugin's function.
///
/// # Safety
///
/// `api` is what the library gave `iomm_plugin_init()`.
#[doc(hidden)]
pub unsafe fn run(api: *const c_void, init: Init) -> c_int {
    // SAFETY: as the caller promises.
    let api = unsafe { &*api.cast::<sys::iomm_plugin_api>() };
    let mut formats = Formats {
        api,
        held: Vec::new(),
    };
    match caught(init, &mut formats).and_then(|()| keep(api, formats.held)) {
        Ok(()) => 0,
        Err(error) => fail(api, &error),
    }
}

#[cfg(feature = "std")]
fn caught(init: Init, formats: &mut Formats<'_>) -> Result<()> {
    // Unwind safe: what is half done is dropped.
    let run = std::panic::AssertUnwindSafe(|| init(formats));
    std::panic::catch_unwind(run).unwrap_or_else(|_| Err(crate::codec::panicked()))
}

#[cfg(not(feature = "std"))]
fn caught(init: Init, formats: &mut Formats<'_>) -> Result<()> {
    init(formats)
}

type Kept = Vec<Box<dyn AnyHeld>>;

fn keep(api: &sys::iomm_plugin_api, held: Kept) -> Result<()> {
    let keep = api.keep.expect("the library has all functions");
    let data = Box::into_raw(Box::new(held));
    // SAFETY: `release` takes the box back, once; not if this call fails.
    match unsafe { keep(api.plugin, data.cast(), Some(release)) } {
        0 => Ok(()),
        code => {
            // SAFETY: nobody has taken it.
            drop(unsafe { Box::from_raw(data) });
            Err(Error::new(
                Code::from_raw(-code),
                "its formats are not kept",
            ))
        }
    }
}

fn fail(api: &sys::iomm_plugin_api, error: &Error) -> c_int {
    let fail = api.fail.expect("the library has all functions");
    let sentence: Vec<u8> = error.message().bytes().filter(|&b| b != 0).collect();
    let sentence = CString::new(sentence).expect("there is no NUL left");
    // SAFETY: the sentence lives during the call, which copies it.
    unsafe { fail(api.plugin, -error.answer(), sentence.as_ptr()) }
}

unsafe extern "C" fn release(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: the box that was kept, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<Kept>()) });
    });
}

/// Of all that the plugin has.
unsafe extern "C" fn self_tests(data: *mut c_void) -> c_int {
    // SAFETY: the box that was kept, and was not handed back yet.
    let held = unsafe { &*data.cast::<Kept>() };
    callback(Hook::Plain, BROKEN, || {
        answer(held.iter().try_for_each(|held| held.self_test()))
    })
}

/// Makes a plugin of a `cdylib`: `init` is called for each context that opens
/// it, as [`Init`](crate::plugin::Init) says. See [`plugin`](mod@crate::plugin).
#[macro_export]
macro_rules! plugin {
    ($init:path) => {
        /// What the plugin says of itself.
        #[allow(non_upper_case_globals)]
        #[unsafe(no_mangle)]
        pub static iomm_plugin_info: $crate::plugin::Info = $crate::plugin::INFO;

        /// The entry point.
        ///
        /// # Safety
        ///
        /// For the library's loader only.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn iomm_plugin_init(
            _ctx: *mut ::core::ffi::c_void,
            api: *const ::core::ffi::c_void,
        ) -> ::core::ffi::c_int {
            // SAFETY: the loader gives it.
            unsafe { $crate::plugin::run(api, $init) }
        }
    };
}
