// SPDX-License-Identifier: MIT OR Apache-2.0
//! Invalidate before free.

use crate::boundary;
use crate::ctx::Context;
use crate::error::Result;
use crate::text;
use core::fmt;
use core::mem;
use iomm_sys as sys;

/// What the unmaps of a [`Domain`](crate::Domain) or a
/// [`SharedPageTable`](crate::SharedPageTable) left to be invalidated and
/// freed. From a successful flush on, and not before, the memory that was
/// mapped may be used for something else.
///
/// It serves one domain or table from its first unmap to its flush. It stands
/// on its own and may go to another thread: the library orders what is done to
/// them, flushes included. (The table of a [`PageTable`](crate::PageTable) is
/// serialised by nobody but its owner, so its gather is another type,
/// [`TableGather`](crate::TableGather), which borrows the table.)
///
/// Dropped, it is flushed; what cannot be flushed goes to the quarantine of
/// its domain or table. Forgotten, it leaks what it holds, and blocks nobody.
///
/// ```
/// use iomm::Gather;
///
/// # fn free_both(domain: &iomm::Domain) -> iomm::Result<()> {
/// let mut gather = Gather::new();
/// domain.unmap(0x1000, 0x1000, &mut gather)?;
/// domain.unmap(0x2000, 0x1000, &mut gather)?;
/// gather.flush()?;
/// // Now, and not before, both pages can be used for something else.
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Gather {
    raw: RawGather,
    /// Of the domain or table that it serves, for sentences.
    ctx: Option<Context>,
}

// SAFETY: through a shared reference only its own numbers are read.
unsafe impl Sync for Gather {}

impl Gather {
    /// An empty gather.
    pub fn new() -> Gather {
        Gather {
            raw: RawGather::new(),
            ctx: None,
        }
    }

    /// How many bytes of I/O address space its flush will invalidate, holes
    /// between unmapped parts included; 0 when it is empty.
    pub fn pending(&self) -> u64 {
        self.raw.pending()
    }

    /// Invalidates, waits, and gives tables back. The gather is then empty and
    /// can be used again, for another domain or table too.
    ///
    /// After an error it holds all that it held: nothing may be reused, and
    /// the flush can be repeated.
    pub fn flush(&mut self) -> Result<()> {
        let Some(ctx) = &self.ctx else {
            return Ok(());
        };
        // SAFETY: it serves a domain, or a table that is shared.
        ctx.call(|| unsafe { self.raw.flush(ctx) })?;
        self.ctx = None;
        Ok(())
    }

    /// Gives up: what it holds goes to the quarantine of the domain or table.
    pub fn abandon(mut self) {
        if self.ctx.take().is_some() {
            let mut raw = mem::replace(&mut self.raw, RawGather::new());
            // SAFETY: as for a flush.
            boundary::give_back(move || unsafe { raw.abandon() });
        }
    }

    /// The raw gather, about to serve a domain or a shared table of the context
    /// `ctx`.
    pub(crate) fn serving(&mut self, ctx: &Context) -> Result<&mut RawGather> {
        match &self.ctx {
            Some(served) if self.raw.serves() => ctx.same(served, "gather")?,
            Some(served) if served == ctx => {}
            _ => self.ctx = Some(ctx.clone()),
        }
        Ok(&mut self.raw)
    }
}

impl Default for Gather {
    fn default() -> Gather {
        Gather::new()
    }
}

impl Drop for Gather {
    fn drop(&mut self) {
        if self.raw.serves() {
            let mut raw = mem::replace(&mut self.raw, RawGather::new());
            // SAFETY: it serves a domain, or a table that is shared.
            boundary::give_back(move || unsafe { raw.flush_or_abandon() });
        }
    }
}

impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather")
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

/// C's gather. It may be moved, and is forgotten without harm.
pub(crate) struct RawGather(pub(crate) sys::iomm_gather);

// SAFETY: a gather belongs to no thread; whoever uses the table that it serves
// needs leave for that anyway.
unsafe impl Send for RawGather {}

impl RawGather {
    pub(crate) fn new() -> RawGather {
        let mut raw = sys::iomm_gather {
            size: text::size_of::<sys::iomm_gather>(),
            ..Default::default()
        };
        // SAFETY: storage of ours, of any content.
        unsafe { sys::iomm_gather_init(&mut raw) };
        RawGather(raw)
    }

    pub(crate) fn pending(&self) -> u64 {
        // SAFETY: the gather was made empty by `new`, and is C's since.
        unsafe { sys::iomm_gather_pending(&self.0) }
    }

    /// Does it serve a table, and hold something of it?
    pub(crate) fn serves(&self) -> bool {
        !self.0.pgtable.is_null()
    }

    /// # Safety
    ///
    /// Nobody uses the table that it serves, or the library orders that.
    pub(crate) unsafe fn flush(&mut self, ctx: &Context) -> Result<()> {
        // SAFETY: the gather is C's; the table is as the caller promises.
        ctx.done(unsafe { sys::iomm_gather_flush(&mut self.0) })
    }

    /// # Safety
    ///
    /// As for [`flush`](Self::flush).
    pub(crate) unsafe fn abandon(&mut self) {
        // SAFETY: as above.
        unsafe { sys::iomm_gather_abandon(&mut self.0) };
    }

    /// # Safety
    ///
    /// As for [`flush`](Self::flush).
    pub(crate) unsafe fn flush_or_abandon(&mut self) {
        // SAFETY: as above.
        unsafe {
            if sys::iomm_gather_flush(&mut self.0) != 0 {
                self.abandon();
            }
        }
    }
}
