// SPDX-License-Identifier: MIT OR Apache-2.0
//! I/O page tables, for whoever drives the hardware himself. Users of a
//! [`Domain`](crate::Domain) do not need this.

mod changes;
mod config;
mod cursor;
mod dump;
mod extents;
mod info;
mod reservation;
mod shared;
mod table_gather;
mod tlb;
mod view;

pub use config::{MapOptions, PageTableConfig};
pub use cursor::{SharedCursor, TableCursor};
pub use extents::{Extent, Extents, Segment};
pub use info::{PageTableInfo, Partial, Translation, WalkEntry, WalkKind};
pub use reservation::Reservation;
pub use shared::SharedPageTable;
pub use table_gather::TableGather;
pub use tlb::TlbOps;
pub use view::TableView;

use crate::ctx::Context;
use crate::error::Result;
use changes::changes;
use config::Kind;
use core::fmt;
use core::ops::Deref;

/// A page table that has one owner, who serialises all that is done to it: in
/// Rust, by holding it. It is [`Send`], but neither [`Sync`] nor [`Clone`],
/// and what changes it takes `&mut self`.
///
/// ```
/// use iomm::{Context, PageTable, PageTableConfig, Prot, format};
///
/// let ctx = Context::new()?;
/// let config = PageTableConfig::new().granule(4 << 10);
/// let mut table = PageTable::create(&ctx, format::ARM64_S1, &config)?;
/// table.map(0x1000, 0x8000_0000, 0x2000, Prot::READ | Prot::WRITE)?;
///
/// let found = table.translate(0x1234)?.expect("just mapped");
/// assert_eq!(found.paddr, 0x8000_0234);
///
/// let mut gather = table.gather();
/// gather.unmap(0x1000, 0x1000)?;
/// gather.unmap(0x2000, 0x1000)?;
/// gather.flush()?;
/// assert_eq!(gather.translate(0x1234)?, None);
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// It does not get into the hands of two threads:
///
/// ```compile_fail,E0277
/// fn needs_sync<T: Sync>() {}
/// needs_sync::<iomm::PageTable>();
/// ```
///
/// ```
/// fn needs_send<T: Send>() {}
/// needs_send::<iomm::PageTable>();
/// ```
///
/// ```compile_fail,E0599
/// fn two(table: iomm::PageTable) -> (iomm::PageTable, iomm::PageTable) {
///     (table.clone(), table)
/// }
/// ```
pub struct PageTable {
    view: TableView,
}

impl PageTable {
    /// An empty table that no hardware walks, so that there is nothing to
    /// invalidate. A format that is not there, or not yet, answers as
    /// [`Format::request()`](crate::Format::request).
    pub fn create(ctx: &Context, format: &str, config: &PageTableConfig<'_>) -> Result<PageTable> {
        TableView::create(ctx, format, config, Kind::Exclusive).map(|view| PageTable { view })
    }

    /// An empty table whose translations hardware caches. `tlb` is dropped
    /// after its last call, or when this fails.
    pub fn with_tlb<T: TlbOps>(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
        tlb: T,
    ) -> Result<PageTable> {
        TableView::with_tlb(ctx, format, config, Kind::Exclusive, tlb)
            .map(|view| PageTable { view })
    }

    /// Begins to unmap, or to change what is mapped: [`TableGather::unmap`].
    pub fn gather(&mut self) -> TableGather<'_> {
        TableGather::new(self)
    }

    /// Unmaps what is mapped in a range, invalidates, and frees tables, before
    /// it returns. Answers how many bytes were mapped there.
    ///
    /// After an error the first part is unmapped, but must not be used again
    /// until a [`flush_all`](Self::flush_all) succeeds.
    pub fn unmap(&mut self, iova: u64, bytes: u64) -> core::result::Result<u64, Partial> {
        let mut gather = self.gather();
        let done = gather.unmap(iova, bytes)?;
        // Dropped after an error, the gather gives what it holds to the
        // quarantine.
        gather.flush().map_err(|error| Partial { error, done })?;
        Ok(done)
    }
}

changes!(PageTable, (&mut self) self);

impl Deref for PageTable {
    type Target = TableView;

    fn deref(&self) -> &TableView {
        &self.view
    }
}

impl fmt::Debug for PageTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PageTable").field(&self.info()).finish()
    }
}
