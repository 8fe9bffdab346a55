// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a context knows of formats, for a user's eyes.

use crate::ctx::Context;
use crate::error::Code;
use crate::handle::numbers;
use crate::text;
use alloc::string::{String, ToString};
use core::ffi::c_char;
use core::time::Duration;
use iomm_sys as sys;

numbers! {
    /// How a format stands.
    FormatState {
        /// Announced, and not there yet.
        EXPECTED = IOMM_FORMAT_EXPECTED, "expected";
        /// Its loader runs.
        LOADING = IOMM_FORMAT_LOADING, "loading";
        /// Registered; its self-test runs.
        TESTING = IOMM_FORMAT_TESTING, "testing";
        /// Can be used.
        LIVE = IOMM_FORMAT_LIVE, "live";
        /// Unregistered, and still pinned.
        DYING = IOMM_FORMAT_DYING, "dying";
        /// Announced, and its deadline has passed.
        LATE = IOMM_FORMAT_LATE, "late";
        /// Its loader or its self-test failed.
        FAILED = IOMM_FORMAT_FAILED, "failed";
    }
}

/// What a context knows of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormatSlot {
    /// The format's name.
    pub name: String,
    /// How it stands.
    pub state: FormatState,
    /// Handles, and page tables, of the one that is live.
    pub pins: u32,
    /// Pins of those of this name that were unregistered.
    pub dying_pins: u32,
    /// What a request answers; `None`: a handle.
    pub answer: Option<Code>,
    /// [`FormatState::EXPECTED`]: when to expect it no longer, on the
    /// platform's clock; `None`: never.
    pub deadline: Option<Duration>,
}

/// What the context knows of formats, in the order of their names. Names that
/// come and go meanwhile may be seen or not; the others are.
pub fn slots(ctx: &Context) -> FormatSlots<'_> {
    FormatSlots {
        ctx,
        after: [0; MAX],
    }
}

const MAX: usize = sys::IOMM_FORMAT_NAME_MAX as usize;

/// By [`slots`].
#[derive(Clone, Debug)]
pub struct FormatSlots<'a> {
    ctx: &'a Context,
    after: [c_char; MAX],
}

impl Iterator for FormatSlots<'_> {
    type Item = FormatSlot;

    fn next(&mut self) -> Option<FormatSlot> {
        let mut slot = sys::iomm_format_slot {
            size: text::size_of::<sys::iomm_format_slot>(),
            ..Default::default()
        };
        let ctx = self.ctx;
        // Also when the call is refused, in an atomic hook.
        ctx.call(|| {
            // SAFETY: the context is alive, the name terminated, and the struct
            // as large as it says.
            ctx.done(unsafe { sys::iomm_format_next(ctx.as_raw(), self.after.as_ptr(), &mut slot) })
        })
        .ok()?;
        self.after = slot.name;
        Some(FormatSlot {
            // SAFETY: the library has terminated it.
            name: unsafe { text::borrow(slot.name.as_ptr()) }.to_string(),
            state: FormatState::from_raw(slot.state),
            pins: slot.pins,
            dying_pins: slot.dying_pins,
            answer: (slot.answer != 0).then(|| Code::from_raw(slot.answer as i32)),
            deadline: (slot.deadline != 0 && slot.deadline != u64::MAX)
                .then(|| Duration::from_nanos(slot.deadline)),
        })
    }
}
