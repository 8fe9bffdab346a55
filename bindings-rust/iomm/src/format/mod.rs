// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page-table formats, which a context knows by name: those that are there, and
//! those that come and go.

mod arrival;
mod slot;

pub use arrival::{FormatSubscription, announce, announce_loaded, seal, subscribe};
pub use slot::{FormatSlot, FormatSlots, FormatState, slots};

use crate::boundary::{self, Hook, callback};
use crate::ctx::Context;
use crate::error::Result;
use crate::handle::handle;
use crate::prot::Prot;
use crate::text;
use alloc::boxed::Box;
use core::ffi::c_void;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr;
use core::time::Duration;
use iomm_sys as sys;

/// VMSAv8-64 stage 1, as CPUs, SMMUv3 and others walk it.
pub const ARM64_S1: &str = "arm64-s1";
/// VMSAv8-64 stage 2: from a guest's physical addresses to the host's.
pub const ARM64_S2: &str = "arm64-s2";

/// What a format can do at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormatInfo {
    /// Table granules: a bit for each, in bytes.
    pub granules: u64,
    /// Widest input address, bits.
    pub max_ias: u32,
    /// Widest output address, bits.
    pub max_oas: u32,
    /// The protections that can be expressed.
    pub prot: Prot,
    /// How many entries of [`PageTableInfo::regs`](crate::PageTableInfo::regs)
    /// are in use.
    pub nr_regs: u32,
}

handle! {
    /// A page-table format, pinned.
    ///
    /// ```
    /// use iomm::{Context, Format, format};
    ///
    /// let ctx = Context::new()?;
    /// let info = Format::request(&ctx, format::ARM64_S1)?.info();
    /// assert_ne!(info.granules & (16 << 10), 0);
    /// # Ok::<(), iomm::Error>(())
    /// ```
    Format, iomm_format, iomm_format_get, iomm_format_put
}

impl Format {
    /// Asks for a format by its name, and does not wait for it.
    ///
    /// [`Code::ENOENT`](crate::Code::ENOENT): there is none, and none is
    /// announced; [`Code::EPROBE_DEFER`](crate::Code::EPROBE_DEFER): not yet;
    /// [`Code::ETIMEDOUT`](crate::Code::ETIMEDOUT): not before the deadline of
    /// its announcement; [`Code::ELIBBAD`](crate::Code::ELIBBAD): it failed its
    /// self-test; and what its loader answered.
    pub fn request(ctx: &Context, name: &str) -> Result<Format> {
        Format::ask(ctx, name, 0, 0)
    }

    /// Asks for a format by its name, and waits for one that is on its way. Its
    /// loader may run on this thread.
    ///
    /// `timeout` is how long to wait for others; `None` waits until the deadline
    /// of the announcement. When the time is over the answer is that of
    /// [`request`](Format::request).
    pub fn wait(ctx: &Context, name: &str, timeout: Option<Duration>) -> Result<Format> {
        Format::ask(ctx, name, sys::IOMM_FORMAT_WAIT, text::timeout(timeout))
    }

    fn ask(ctx: &Context, name: &str, flags: u32, timeout: u64) -> Result<Format> {
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the name during the call.
            ctx.done(unsafe {
                sys::iomm_format_request(ctx.as_raw(), name.as_ptr(), flags, timeout, &mut raw)
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Format::from_raw(raw, ctx) })
        })
    }

    /// Takes the format away, if this is the only pin: nobody gets it any more.
    /// [`Code::EBUSY`](crate::Code::EBUSY) when somebody else has it; then this
    /// pin is gone, and the format is not.
    pub fn unregister(self) -> Result<()> {
        // SAFETY: without a callback there is no data.
        unsafe { self.unregister_raw(0, None, ptr::null_mut()) }
    }

    /// Takes the format away: nobody gets it any more, and with the last pin it
    /// goes. `done` is called then, on whichever thread that happens.
    pub fn unregister_later<F>(self, done: F) -> Result<()>
    where
        F: FnOnce() + Send + 'static,
    {
        let data = Box::into_raw(Box::new(done));
        // SAFETY: the data is an `F`, which is Send, and C calls back exactly
        // once on success.
        let answer = unsafe {
            self.unregister_raw(
                sys::IOMM_FORMAT_DEFER,
                Some(call_done::<F>),
                data.cast::<c_void>(),
            )
        };
        if answer.is_err() {
            // SAFETY: C has not kept it.
            drop(unsafe { Box::from_raw(data) });
        }
        answer
    }

    /// # Safety
    ///
    /// `done` may be called with `data` once, on any thread.
    unsafe fn unregister_raw(
        self,
        flags: u32,
        done: Option<unsafe extern "C" fn(*mut c_void)>,
        data: *mut c_void,
    ) -> Result<()> {
        let pin = ManuallyDrop::new(self);
        let raw = pin.as_raw();
        // SAFETY: the pin is not looked at again, nor dropped.
        let ctx = unsafe { ptr::read(&pin.ctx) };
        let answer = ctx.call(|| {
            // SAFETY: the handle is alive; C takes its reference on success.
            ctx.done(unsafe { sys::iomm_format_unregister(raw, flags, done, data) })
        });
        if answer.is_err() {
            // SAFETY: the reference is ours still, and this is its only put.
            boundary::give_back(move || unsafe { sys::iomm_format_put(raw) });
        }
        answer
    }

    /// What the format can do.
    pub fn info(&self) -> FormatInfo {
        let mut info = sys::iomm_format_info {
            size: text::size_of::<sys::iomm_format_info>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        let answer = boundary::call(|| unsafe { sys::iomm_format_info(self.as_raw(), &mut info) });
        assert_eq!(answer, 0, "a live format can be asked");
        FormatInfo {
            granules: info.granules,
            max_ias: info.max_ias,
            max_oas: info.max_oas,
            prot: Prot::from_bits_retain(info.prot),
            nr_regs: info.nr_regs,
        }
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Format").field(&self.info()).finish()
    }
}

unsafe extern "C" fn call_done<F: FnOnce()>(data: *mut c_void) {
    // SAFETY: what was given with the callback, handed back once.
    let done = unsafe { Box::from_raw(data.cast::<F>()) };
    callback(Hook::Plain, (), done);
}
