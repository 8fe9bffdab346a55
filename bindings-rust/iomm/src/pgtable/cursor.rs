// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cursors: places in a table, for streams of small neighbouring maps and
//! unmaps.

use super::PageTable;
use super::config::MapOptions;
use super::info::Partial;
use super::shared::SharedPageTable;
use super::view::TableView;
use crate::boundary;
use crate::ctx::Context;
use crate::error::Result;
use crate::gather::{Gather, RawGather};
use crate::prot::Prot;
use crate::text;
use core::fmt;
use core::mem;
use core::ops::Deref;
use iomm_sys as sys;

/// A cursor in a [`PageTable`]: see
/// [`TableGather::cursor`](crate::TableGather::cursor). It remembers the table
/// that was used last, so that the next call need not look for it.
///
/// It works in the gather, which it borrows:
///
/// ```compile_fail,E0499
/// fn both(gather: &mut iomm::TableGather<'_>) -> iomm::Result<()> {
///     let mut cursor = gather.cursor();
///     cursor.unmap(0x1000, 0x1000)?;
///     gather.unmap(0x2000, 0x1000)?;
///     cursor.unmap(0x3000, 0x1000)?;
///     Ok(())
/// }
/// ```
///
/// ```
/// fn both(gather: &mut iomm::TableGather<'_>) -> iomm::Result<()> {
///     let mut cursor = gather.cursor();
///     cursor.unmap(0x1000, 0x1000)?;
///     gather.unmap(0x2000, 0x1000)?;
///     Ok(())
/// }
/// ```
#[must_use]
pub struct TableCursor<'g> {
    // No `&mut PageTable` gets out: it could be swapped for another table.
    table: &'g mut PageTable,
    gather: &'g mut RawGather,
    raw: RawCursor,
}

impl<'g> TableCursor<'g> {
    pub(super) fn new(table: &'g mut PageTable, gather: &'g mut RawGather) -> TableCursor<'g> {
        let raw = RawCursor::new(table);
        TableCursor { table, gather, raw }
    }

    /// [`PageTable::map_with`] at the cursor.
    pub fn map(
        &mut self,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: Prot,
        options: MapOptions,
    ) -> core::result::Result<(), Partial> {
        // SAFETY: we borrow the table.
        unsafe { self.raw.map(iova, paddr, bytes, prot, options) }
    }

    /// [`TableGather::unmap`](crate::TableGather::unmap) at the cursor.
    pub fn unmap(&mut self, iova: u64, bytes: u64) -> core::result::Result<u64, Partial> {
        // SAFETY: we borrow the table, and the gather that serves it.
        unsafe { self.raw.unmap(iova, bytes, self.gather) }
    }

    /// [`TableGather::flush`](crate::TableGather::flush), while the cursor is
    /// there.
    pub fn flush(&mut self) -> Result<()> {
        let ctx = self.table.context();
        // SAFETY: we borrow the table that it serves.
        ctx.call(|| unsafe { self.gather.flush(ctx) })
    }
}

impl Deref for TableCursor<'_> {
    type Target = TableView;

    fn deref(&self) -> &TableView {
        self.table
    }
}

impl fmt::Debug for TableCursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableCursor").finish_non_exhaustive()
    }
}

/// A cursor in a [`SharedPageTable`], which it holds. It remembers the table
/// that was used last, so that the next call need not look for it.
///
/// ```
/// use iomm::{Context, Gather, MapOptions, PageTableConfig, Prot, SharedPageTable, format};
///
/// let ctx = Context::new()?;
/// let table = SharedPageTable::create(&ctx, format::ARM64_S1, &PageTableConfig::new())?;
/// let mut cursor = table.cursor();
/// let mut gather = Gather::new();
/// for page in (0x10000..0x18000).step_by(0x1000) {
///     cursor.map(page, page, 0x1000, Prot::READ, MapOptions::new())?;
///     cursor.unmap(page - 0x1000, 0x1000, &mut gather)?;
/// }
/// gather.flush()?;
/// assert!(table.translate(0x17000)?.is_some());
/// assert!(table.translate(0x16000)?.is_none());
/// # Ok::<(), iomm::Error>(())
/// ```
#[must_use]
pub struct SharedCursor {
    raw: RawCursor,
}

impl SharedCursor {
    pub(super) fn new(table: &SharedPageTable) -> SharedCursor {
        SharedCursor {
            raw: RawCursor::new(table),
        }
    }

    /// [`SharedPageTable::map_with`] at the cursor.
    pub fn map(
        &mut self,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: Prot,
        options: MapOptions,
    ) -> core::result::Result<(), Partial> {
        // SAFETY: the table is shared.
        unsafe { self.raw.map(iova, paddr, bytes, prot, options) }
    }

    /// [`SharedPageTable::unmap`] at the cursor.
    pub fn unmap(
        &mut self,
        iova: u64,
        bytes: u64,
        gather: &mut Gather,
    ) -> core::result::Result<u64, Partial> {
        let gather = gather.serving(&self.raw.ctx)?;
        // SAFETY: the table is shared, and so are those that a gather serves.
        unsafe { self.raw.unmap(iova, bytes, gather) }
    }
}

impl fmt::Debug for SharedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedCursor").finish_non_exhaustive()
    }
}

/// C's cursor, on a table that it holds. It may be moved.
struct RawCursor {
    c: sys::iomm_cursor,
    ctx: Context,
}

// SAFETY: a cursor belongs to no thread; whoever uses its table needs leave for
// that anyway.
unsafe impl Send for RawCursor {}
// SAFETY: a shared reference is of no use.
unsafe impl Sync for RawCursor {}

impl RawCursor {
    fn new(table: &TableView) -> RawCursor {
        let mut c = sys::iomm_cursor {
            size: text::size_of::<sys::iomm_cursor>(),
            ..Default::default()
        };
        // SAFETY: storage of ours, of any content, and a live table.
        let answer = boundary::call(|| unsafe { sys::iomm_cursor_init(&mut c, table.as_raw()) });
        assert_eq!(answer, 0, "a live table has room for a cursor");
        RawCursor {
            c,
            ctx: table.context().clone(),
        }
    }

    /// # Safety
    ///
    /// The table is the caller's alone, or shared.
    unsafe fn map(
        &mut self,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: Prot,
        options: MapOptions,
    ) -> core::result::Result<(), Partial> {
        let flags = options.to_c()?;
        Partial::count(&self.ctx, |done| {
            // SAFETY: the cursor is alive, and the table as the caller
            // promises; no memory at `paddr` is touched.
            unsafe {
                sys::iomm_cursor_map(&mut self.c, iova, paddr, bytes, prot.bits(), flags, done)
            }
        })?;
        Ok(())
    }

    /// # Safety
    ///
    /// As for [`map`](Self::map), for the table that the gather serves too.
    unsafe fn unmap(
        &mut self,
        iova: u64,
        bytes: u64,
        gather: &mut RawGather,
    ) -> core::result::Result<u64, Partial> {
        Partial::count(&self.ctx, |done| {
            // SAFETY: cursor and gather are alive, and the table as the caller
            // promises.
            unsafe { sys::iomm_cursor_unmap(&mut self.c, iova, bytes, &mut gather.0, done) }
        })
    }
}

impl Drop for RawCursor {
    fn drop(&mut self) {
        let mut c = mem::take(&mut self.c);
        // SAFETY: the cursor is on its table, and nobody uses it again.
        boundary::give_back(move || unsafe { sys::iomm_cursor_fini(&mut c) });
    }
}
