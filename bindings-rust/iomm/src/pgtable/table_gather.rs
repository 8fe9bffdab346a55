// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gather of a table that has one owner.

use super::{PageTable, PageTableInfo, Partial, Translation};
use crate::boundary;
use crate::error::{Error, Result};
use crate::gather::RawGather;
use crate::prot::Prot;
use core::fmt;
use iomm_sys as sys;

/// What the unmaps of a [`PageTable`] left to be invalidated and freed. From a
/// successful flush on, and not before, the memory that was mapped may be used
/// for something else.
///
/// A flush works on the table, which nobody serialises but its owner. So the
/// gather borrows the table for as long as it may flush, its own drop
/// included, and what one wants of the table meanwhile goes through it.
///
/// Dropped, it is flushed; what cannot be flushed goes to the table's
/// quarantine. Forgotten, it leaks what it holds, and the table is as usable
/// as before.
///
/// ```compile_fail,E0499
/// fn both(table: &mut iomm::PageTable) -> iomm::Result<()> {
///     let mut gather = table.gather();
///     gather.unmap(0x1000, 0x1000)?;
///     table.map(0x1000, 0, 0x1000, iomm::Prot::READ)?;
///     gather.flush()
/// }
/// ```
///
/// ```
/// fn both(table: &mut iomm::PageTable) -> iomm::Result<()> {
///     let mut gather = table.gather();
///     gather.unmap(0x1000, 0x1000)?;
///     gather.map(0x2000, 0, 0x1000, iomm::Prot::READ)?;
///     gather.flush()
/// }
/// ```
///
/// ```compile_fail,E0505
/// fn gone(mut table: iomm::PageTable) -> iomm::Result<()> {
///     let mut gather = table.gather();
///     drop(table);
///     gather.flush()
/// }
/// ```
#[must_use]
pub struct TableGather<'t> {
    // No `&mut PageTable` gets out: it could be swapped for another table.
    table: &'t mut PageTable,
    raw: RawGather,
}

impl<'t> TableGather<'t> {
    pub(super) fn new(table: &'t mut PageTable) -> TableGather<'t> {
        TableGather {
            table,
            raw: RawGather::new(),
        }
    }
}

// SAFETY: it may go where the table may go, whose only user it is.
unsafe impl Send for TableGather<'_> {}

impl TableGather<'_> {
    /// Unmaps what is mapped in a range; holes are skipped. Answers how many
    /// bytes were mapped there.
    pub fn unmap(&mut self, iova: u64, bytes: u64) -> core::result::Result<u64, Partial> {
        let table = self.table.as_raw();
        let ctx = &self.table.ctx;
        let mut done = 0;
        let answer = ctx.call(|| {
            // SAFETY: handle and gather are alive, and both ours alone.
            ctx.done(unsafe {
                sys::iomm_pgtable_unmap(table, iova, bytes, &mut self.raw.0, &mut done)
            })
        });
        match answer {
            Ok(()) => Ok(done),
            Err(error) => Err(Partial { error, done }),
        }
    }

    /// [`PageTable::map`], while the gather is open.
    pub fn map(
        &mut self,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: Prot,
    ) -> core::result::Result<(), Partial> {
        self.table.map(iova, paddr, bytes, prot)
    }

    /// [`PageTable::translate`], while the gather is open.
    pub fn translate(&self, iova: u64) -> Result<Option<Translation>> {
        self.table.translate(iova)
    }

    /// [`PageTable::info`], while the gather is open.
    pub fn info(&self) -> PageTableInfo {
        self.table.info()
    }

    /// How many bytes of I/O address space its flush will invalidate, holes
    /// between unmapped parts included; 0 when it is empty.
    pub fn pending(&self) -> u64 {
        self.raw.pending()
    }

    /// Invalidates, waits, and gives tables back. The gather is then empty and
    /// can be used again.
    ///
    /// After an error it holds all that it held: nothing may be reused, and
    /// the flush can be repeated.
    pub fn flush(&mut self) -> Result<()> {
        let ctx = &self.table.ctx;
        // SAFETY: we borrow the table that it serves.
        ctx.call(|| unsafe { self.raw.flush(ctx) })
    }

    /// Gives up: what it holds goes to the table's quarantine, where it stays
    /// until a [`PageTable::flush_all`] succeeds.
    pub fn abandon(mut self) {
        let abandoned = self.table.ctx.call(|| {
            // SAFETY: we borrow the table that it serves.
            unsafe { self.raw.abandon() };
            Ok::<(), Error>(())
        });
        if abandoned.is_err() {
            self.leak();
        }
    }

    /// For an atomic hook, where it can neither be flushed nor abandoned, nor
    /// put off: the borrow ends here.
    fn leak(&mut self) {
        self.raw = RawGather::new();
    }
}

impl Drop for TableGather<'_> {
    fn drop(&mut self) {
        if !self.raw.serves() {
            return;
        }
        if boundary::in_atomic_hook() {
            self.leak();
            return;
        }
        let ctx = &self.table.ctx;
        // SAFETY: we borrow the table that it serves.
        boundary::call(|| unsafe {
            if self.raw.flush(ctx).is_err() {
                self.raw.abandon();
            }
        });
    }
}

impl fmt::Debug for TableGather<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableGather")
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
