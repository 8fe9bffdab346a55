// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory for a later map, taken now.

use super::view::TableView;
use crate::boundary;
use crate::error::{Code, Error, Result};
use core::fmt;
use core::ptr::{self, NonNull};
use iomm_sys as sys;

/// The tables that mapping a range can need, taken where failing is easy, to be
/// [committed](crate::PageTable::commit) where mapping must not allocate.
///
/// It holds its table, and gives back to it what was not needed when it is
/// dropped. It does not borrow the table: committing does.
///
/// ```
/// use iomm::{Context, MapOptions, PageTable, PageTableConfig, Prot, format};
///
/// let ctx = Context::new()?;
/// let config = PageTableConfig::new();
/// let mut table = PageTable::create(&ctx, format::ARM64_S1, &config)?;
/// let mut reserved = table.reserve(0x1000, 0x2000)?;
/// // Later, in the path of a page fault:
/// table.commit(
///     &mut reserved,
///     0x1000,
///     0x8000_0000,
///     0x1000,
///     Prot::READ,
///     MapOptions::new(),
/// )?;
/// assert!(table.translate(0x1000)?.is_some());
/// # Ok::<(), iomm::Error>(())
/// ```
#[must_use]
pub struct Reservation {
    raw: NonNull<sys::iomm_reservation>,
    /// Whose tables. The reservation holds it, so no other gets its address.
    table: NonNull<sys::iomm_pgtable>,
}

// SAFETY: a reservation belongs to no thread, and may be put from any.
unsafe impl Send for Reservation {}
// SAFETY: a shared reference is of no use.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// # Safety
    ///
    /// The table is the caller's alone, or shared.
    pub(super) unsafe fn new(table: &TableView, iova: u64, bytes: u64) -> Result<Reservation> {
        let ctx = table.context();
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the handle is alive, and the table as the caller
            // promises.
            ctx.done(unsafe { sys::iomm_pgtable_reserve(table.as_raw(), iova, bytes, &mut raw) })?;
            Ok(Reservation {
                raw: NonNull::new(raw).expect("success gives a reservation"),
                table: NonNull::new(table.as_raw()).expect("a live table has an address"),
            })
        })
    }

    /// The C handle, for a commit to `table`.
    pub(super) fn of(&mut self, table: &TableView) -> Result<*mut sys::iomm_reservation> {
        if self.table.as_ptr() != table.as_raw() {
            return Err(Error::new(
                Code::EINVAL,
                "the reservation is of another page table",
            ));
        }
        Ok(self.raw.as_ptr())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let raw = self.raw.as_ptr();
        // SAFETY: the reference is ours, and this is its only put.
        boundary::give_back(move || unsafe { sys::iomm_reservation_put(raw) });
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").finish_non_exhaustive()
    }
}
