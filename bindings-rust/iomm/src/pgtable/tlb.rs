// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the translations that hardware has cached are invalidated.

use crate::boundary::{Hook, callback};
use crate::error::{BROKEN, Result, answer};
use crate::iommu::FlushRange;
use crate::text;
use core::ffi::{c_int, c_void};
use iomm_sys as sys;

/// How the translations that hardware has cached are invalidated. Flushes call
/// this, and so may all that changes a table, mapping included.
///
/// The methods return when no walker uses the old translations or tables any
/// more. An error means that this is not known, and nothing is reused. Those
/// of a [`SharedPageTable`](crate::SharedPageTable) are called from several
/// threads at once. They begin by making sure that walkers see what was stored
/// before they were called: on Arm, a DSB before the first TLBI.
///
/// They are atomic hooks: they may drop handles, and of the library call only
/// what is legal there ([`Soft::invalidate`](crate::Soft::invalidate), names
/// and numbers, and looking at a table: [`info`], [`translate`],
/// [`read_extents`]); the rest answers [`Code::EDEADLK`](crate::Code::EDEADLK). A
/// panic in them aborts the process, since what it left undone nobody can
/// know. The table holds them: hooks that hold their table keep both for ever.
///
/// [`info`]: crate::TableView::info
/// [`translate`]: crate::TableView::translate
/// [`read_extents`]: crate::TableView::read_extents
pub trait TlbOps: Send + Sync + 'static {
    /// Invalidates a range.
    fn flush(&self, range: &FlushRange) -> Result<()>;

    /// Invalidates the whole address space, tables included.
    fn flush_all(&self) -> Result<()>;
}

pub(super) fn ops<T: TlbOps>() -> sys::iomm_tlb_ops {
    sys::iomm_tlb_ops {
        size: text::size_of::<sys::iomm_tlb_ops>(),
        flags: 0,
        flush: Some(flush::<T>),
        flush_all: Some(flush_all::<T>),
    }
}

unsafe extern "C" fn flush<T: TlbOps>(
    data: *mut c_void,
    iova: u64,
    last: u64,
    page_size: u64,
    flags: u32,
) -> c_int {
    // SAFETY: C hands us our data, which lives until it is released.
    let tlb = unsafe { &*data.cast::<T>() };
    let range = FlushRange::from_c(iova, last, page_size, flags);
    callback(Hook::Atomic, BROKEN, || answer(tlb.flush(&range)))
}

unsafe extern "C" fn flush_all<T: TlbOps>(data: *mut c_void) -> c_int {
    // SAFETY: as in `flush`.
    let tlb = unsafe { &*data.cast::<T>() };
    callback(Hook::Atomic, BROKEN, || answer(tlb.flush_all()))
}
