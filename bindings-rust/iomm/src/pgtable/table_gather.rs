// SPDX-License-Identifier: MIT OR Apache-2.0
//! The gather of a table that has one owner.

use super::PageTable;
use super::changes::{changes, gathered};
use super::cursor::TableCursor;
use super::view::TableView;
use crate::boundary;
use crate::error::{Error, Result};
use crate::gather::RawGather;
use core::fmt;
use core::ops::Deref;

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

impl TableGather<'_> {
    /// A cursor, for streams of small neighbouring maps and unmaps.
    ///
    /// ```
    /// use iomm::{Context, MapOptions, PageTable, PageTableConfig, Prot, format};
    ///
    /// let ctx = Context::new()?;
    /// let config = PageTableConfig::new();
    /// let mut table = PageTable::create(&ctx, format::ARM64_S1, &config)?;
    /// let mut gather = table.gather();
    /// let mut cursor = gather.cursor();
    /// for page in (0x10000..0x18000).step_by(0x1000) {
    ///     cursor.map(page, page, 0x1000, Prot::READ, MapOptions::new())?;
    ///     cursor.unmap(page - 0x1000, 0x1000)?;
    /// }
    /// cursor.flush()?;
    /// # Ok::<(), iomm::Error>(())
    /// ```
    pub fn cursor(&mut self) -> TableCursor<'_> {
        TableCursor::new(self.table, &mut self.raw)
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
        let ctx = self.table.context();
        // SAFETY: we borrow the table that it serves.
        ctx.call(|| unsafe { self.raw.flush(ctx) })
    }

    /// Gives up: what it holds goes to the table's quarantine, where it stays
    /// until a [`PageTable::flush_all`] succeeds.
    pub fn abandon(mut self) {
        let abandoned = self.table.context().call(|| {
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

changes!(TableGather<'_>, (&mut self) self);
gathered!(
    TableGather<'_>,
    (&mut self) () => (&**self.table, &mut self.raw)
);

impl Deref for TableGather<'_> {
    type Target = TableView;

    fn deref(&self) -> &TableView {
        self.table
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
        // SAFETY: we borrow the table that it serves.
        boundary::call(|| unsafe { self.raw.flush_or_abandon() });
    }
}

impl fmt::Debug for TableGather<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableGather")
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}
