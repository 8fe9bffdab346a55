// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page tables that several threads may work on at once.

use super::changes::{changes, gathered};
use super::config::{Kind, PageTableConfig};
use super::cursor::SharedCursor;
use super::info::Partial;
use super::tlb::TlbOps;
use super::view::TableView;
use crate::ctx::Context;
use crate::error::Result;
use crate::gather::Gather;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use iomm_sys as sys;

/// A page table that several threads may work on at once, on ranges that
/// overlap too. Every page then ends as one of the racing calls left it; a
/// call that covers several pages is one step for each of them, not for all
/// together. Calls that only read never wait for anybody.
///
/// Its [`TlbOps`] and memory provider are called from several threads at once.
///
/// ```
/// use iomm::{Context, Gather, PageTableConfig, Prot, SharedPageTable, format};
/// use std::thread;
///
/// let ctx = Context::new()?;
/// let table = SharedPageTable::create(&ctx, format::ARM64_S1, &PageTableConfig::new())?;
/// thread::scope(|scope| {
///     for n in 0..4 {
///         let table = &table;
///         scope.spawn(move || table.map(n << 21, n << 21, 1 << 21, Prot::READ).unwrap());
///     }
/// });
///
/// let mut gather = Gather::new();
/// assert_eq!(table.unmap(0, 4 << 21, &mut gather)?, 4 << 21);
/// gather.flush()?;
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// What its hooks hold must be for several threads too:
///
/// ```compile_fail,E0277
/// use iomm::{FlushRange, Result, TlbOps};
///
/// struct Tlb(std::cell::Cell<u32>);
///
/// impl TlbOps for Tlb {
///     fn flush(&self, _: &FlushRange) -> Result<()> {
///         Ok(self.0.set(self.0.get() + 1))
///     }
///     fn flush_all(&self) -> Result<()> {
///         Ok(())
///     }
/// }
/// ```
///
/// ```
/// use iomm::{FlushRange, Result, TlbOps};
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// struct Tlb(AtomicU32);
///
/// impl TlbOps for Tlb {
///     fn flush(&self, _: &FlushRange) -> Result<()> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Ok(())
///     }
///     fn flush_all(&self) -> Result<()> {
///         Ok(())
///     }
/// }
/// ```
pub struct SharedPageTable {
    view: TableView,
}

// SAFETY: the table is made shared, so that all calls on it may be made from
// any thread at any time; its hooks and provider are Sync.
unsafe impl Sync for SharedPageTable {}

impl SharedPageTable {
    /// An empty table that no hardware walks, so that there is nothing to
    /// invalidate. A format that is not there, or not yet, answers as
    /// [`Format::request()`](crate::Format::request).
    pub fn create(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
    ) -> Result<SharedPageTable> {
        TableView::create(ctx, format, config, Kind::Shared).map(|view| SharedPageTable { view })
    }

    /// An empty table whose translations hardware caches. `tlb` is dropped
    /// after its last call, or when this fails.
    pub fn with_tlb<T: TlbOps>(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
        tlb: T,
    ) -> Result<SharedPageTable> {
        TableView::with_tlb(ctx, format, config, Kind::Shared, tlb)
            .map(|view| SharedPageTable { view })
    }

    /// Unmaps, invalidates and frees before it returns. After an error the
    /// first part is unmapped, but must not be used again until a
    /// [`flush_all`](Self::flush_all) succeeds.
    pub fn unmap_now(&self, iova: u64, bytes: u64) -> core::result::Result<u64, Partial> {
        let mut gather = Gather::new();
        let done = self.unmap(iova, bytes, &mut gather)?;
        // Dropped after an error, the gather gives what it holds to the
        // quarantine.
        gather.flush().map_err(|error| Partial { error, done })?;
        Ok(done)
    }

    /// A cursor, for streams of small neighbouring maps and unmaps.
    pub fn cursor(&self) -> SharedCursor {
        SharedCursor::new(self)
    }
}

changes!(SharedPageTable, (&self) self);
gathered!(
    SharedPageTable,
    (&self) (gather: &mut Gather) => (&**self, gather.serving(self.context())?)
);

impl Deref for SharedPageTable {
    type Target = TableView;

    fn deref(&self) -> &TableView {
        &self.view
    }
}

impl Clone for SharedPageTable {
    fn clone(&self) -> SharedPageTable {
        // SAFETY: we hold a reference, so another can be taken, wherever we
        // are.
        let raw = unsafe { sys::iomm_pgtable_get(self.as_raw()) };
        // SAFETY: that call answers its argument, and the reference is ours.
        let view = unsafe { TableView::from_raw(raw, self.context()) };
        SharedPageTable { view }
    }
}

impl PartialEq for SharedPageTable {
    /// Is it the same table?
    fn eq(&self, other: &SharedPageTable) -> bool {
        self.as_raw() == other.as_raw()
    }
}

impl Eq for SharedPageTable {}

impl Hash for SharedPageTable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_raw().hash(state);
    }
}

impl fmt::Debug for SharedPageTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedPageTable")
            .field(&self.info())
            .finish()
    }
}
