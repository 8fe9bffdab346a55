// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be done with any table: looking.

use super::config::{Kind, PageTableConfig};
use super::extents::{Extent, Extents};
use super::info::{PageTableInfo, Translation, WalkEntry};
use super::tlb::{self, TlbOps};
use crate::boundary::{self, Hook, callback};
use crate::ctx::Context;
use crate::error::{BROKEN, Code, Result};
use crate::table_memory::release_box;
use crate::text;
use alloc::boxed::Box;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::ops::ControlFlow;
use core::ptr::{self, NonNull};
use iomm_sys as sys;

/// A page table to look at: what [`PageTable`](crate::PageTable) and
/// [`SharedPageTable`](crate::SharedPageTable) have in common, and what a
/// [dump](Self::load) becomes. It is [`Send`], but not [`Sync`]: where the
/// library does not order the calls, its owner does.
pub struct TableView {
    // One reference; not Send by itself, and not Sync at all.
    raw: NonNull<sys::iomm_pgtable>,
    ctx: Context,
}

// SAFETY: a table belongs to no thread, and its hooks and providers are Send.
unsafe impl Send for TableView {}

impl TableView {
    /// A table that no hardware walks.
    pub(super) fn create(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
        kind: Kind,
    ) -> Result<TableView> {
        // SAFETY: no hooks need no data.
        unsafe { TableView::make(ctx, format, config, kind, None, ptr::null_mut, None) }
    }

    /// A table whose translations hardware caches.
    pub(super) fn with_tlb<T: TlbOps>(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
        kind: Kind,
        tlb: T,
    ) -> Result<TableView> {
        let ops = tlb::ops::<T>();
        let data = || Box::into_raw(Box::new(tlb)).cast();
        let release = Some(release_box::<T> as _);
        // SAFETY: the hooks are those of `T`, whose data this is, and
        // `release_box` takes it back.
        unsafe { TableView::make(ctx, format, config, kind, Some(&ops), data, release) }
    }

    /// # Safety
    ///
    /// The hooks accept what `data` makes, and `release` takes it back.
    unsafe fn make(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
        kind: Kind,
        ops: Option<&sys::iomm_tlb_ops>,
        data: impl FnOnce() -> *mut c_void,
        release: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> Result<TableView> {
        let format = text::c_string("format", format)?;
        if let Some(memory) = config.provider() {
            ctx.same(memory.context(), "table memory")?;
        }
        let config = config.to_c(kind);
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: context and provider are alive; config, name and hooks
            // live during the call, which copies them; the hooks are as the
            // caller promises, and released once, also on failure. Who set
            // the address of tables to adopt promised that they are there.
            ctx.done(unsafe {
                sys::iomm_pgtable_create(
                    ctx.as_raw(),
                    format.as_ptr(),
                    &config,
                    ops.map_or(ptr::null(), ptr::from_ref),
                    data(),
                    release,
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { TableView::from_raw(raw, ctx) })
        })
    }

    /// # Safety
    ///
    /// `raw` is a table of the context `ctx`, and comes with a reference that
    /// nobody else will put.
    pub(super) unsafe fn from_raw(raw: *mut sys::iomm_pgtable, ctx: &Context) -> TableView {
        TableView {
            raw: NonNull::new(raw).expect("success gives a table"),
            ctx: ctx.clone(),
        }
    }

    /// The C handle, for calls that this crate does not wrap. It is valid as
    /// long as `self`, whose exclusiveness is then the caller's affair.
    pub fn as_raw(&self) -> *mut sys::iomm_pgtable {
        self.raw.as_ptr()
    }

    /// The context that the table belongs to.
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// What was granted, the register values, and the memory in use.
    pub fn info(&self) -> PageTableInfo {
        let mut info = PageTableInfo::empty();
        // SAFETY: the handle is alive, the struct as large as it says, and
        // the table is shared, or changed by nobody while we borrow it.
        let answer = boundary::call(|| unsafe { sys::iomm_pgtable_info(self.as_raw(), &mut info) });
        assert_eq!(answer, 0, "a live table can be asked");
        PageTableInfo::from_c(&info)
    }

    /// Looks one address up. `None` when it is not mapped.
    pub fn translate(&self, iova: u64) -> Result<Option<Translation>> {
        let mut out = Translation::empty();
        let answer = boundary::call(|| {
            // SAFETY: the handle is alive, the struct as large as it says, and
            // the table is shared, or changed by nobody while we borrow it.
            self.ctx
                .done(unsafe { sys::iomm_pgtable_translate(self.as_raw(), iova, &mut out) })
        });
        match answer {
            Ok(()) => Ok(Some(Translation::from_c(&out))),
            Err(error) if error.code() == Code::ENOENT => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Shows every table entry and leaf that overlaps a range, in ascending
    /// order, a table before what it holds, until `visit` breaks.
    ///
    /// What others change meanwhile in a shared table is shown as it was
    /// before or after.
    pub fn walk<B, F>(&self, iova: u64, bytes: u64, visit: F) -> Result<ControlFlow<B>>
    where
        F: FnMut(&WalkEntry) -> ControlFlow<B>,
    {
        let mut visitor = Visitor::new(visit);
        let data = ptr::from_mut(&mut visitor).cast();
        let step = Some(show_entry::<B, F> as _);
        let answer = self.ctx.call(|| {
            // SAFETY: the handle is alive, and the table is shared, or changed
            // by nobody while we borrow it; `show_entry` gets the visitor that
            // it is made for.
            Ok(unsafe { sys::iomm_pgtable_walk(self.as_raw(), iova, bytes, step, data) })
        })?;
        visitor.finish(&self.ctx, answer)
    }

    /// What is mapped in a range, in ascending order, cut off at the range's
    /// ends.
    ///
    /// ```
    /// # use iomm::{Context, PageTable, PageTableConfig, Prot, format};
    /// # let ctx = Context::new()?;
    /// # let config = PageTableConfig::new();
    /// let mut table = PageTable::create(&ctx, format::ARM64_S1, &config)?;
    /// table.map(0x1000, 0x8000_0000, 0x2000, Prot::READ)?;
    /// table.map(0x5000, 0x9000_0000, 0x1000, Prot::READ)?;
    ///
    /// let mapped: u64 = table.extents(0, 1 << 32)?.map(|extent| extent.bytes).sum();
    /// assert_eq!(mapped, 0x3000);
    /// # Ok::<(), iomm::Error>(())
    /// ```
    pub fn extents(&self, iova: u64, bytes: u64) -> Result<Extents<'_>> {
        Extents::new(self, iova, bytes)
    }

    /// As [`extents`](Self::extents), into a slice. Answers how many were
    /// filled; when that is all of the slice, there may be more behind the
    /// last.
    pub fn read_extents(&self, iova: u64, bytes: u64, extents: &mut [Extent]) -> Result<usize> {
        let mut count = text::room(extents);
        boundary::call(|| {
            // SAFETY: the handle is alive, there is room for `count` extents,
            // whose layout is C's, and the table is shared, or changed by
            // nobody while we borrow it.
            self.ctx.done(unsafe {
                sys::iomm_pgtable_extents(
                    self.as_raw(),
                    iova,
                    bytes,
                    extents.as_mut_ptr().cast(),
                    text::size_of::<Extent>(),
                    &mut count,
                )
            })
        })?;
        Ok(count as usize)
    }

    /// What the hardware has written to, without starting anew: sets a bit for
    /// each dirty page of the range, counted in smallest pages from the lowest
    /// bit of the first word on, and leaves the others alone.
    pub fn read_dirty(&self, iova: u64, bytes: u64, bitmap: &mut [u64]) -> Result<()> {
        self.ctx.call(|| {
            // SAFETY: the handle is alive, the bitmap has so many words, and
            // the table is shared, or changed by nobody while we borrow it.
            self.ctx.done(unsafe {
                sys::iomm_pgtable_read_and_clear_dirty(
                    self.as_raw(),
                    iova,
                    bytes,
                    sys::IOMM_DIRTY_KEEP,
                    bitmap.as_mut_ptr(),
                    text::room(bitmap),
                    ptr::null_mut(),
                )
            })
        })
    }
}

impl Drop for TableView {
    fn drop(&mut self) {
        let raw = self.as_raw();
        // SAFETY: the reference is ours, and this is its only put.
        boundary::give_back(move || unsafe { sys::iomm_pgtable_put(raw) });
    }
}

impl fmt::Debug for TableView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TableView").field(&self.info()).finish()
    }
}

unsafe extern "C" fn show_entry<B, F>(
    data: *mut c_void,
    entry: *const sys::iomm_walk_entry,
) -> c_int
where
    F: FnMut(&WalkEntry) -> ControlFlow<B>,
{
    // SAFETY: C hands us the visitor, which is ours alone during the call, and
    // an entry that is valid as long.
    let (visitor, entry) = unsafe {
        (
            &mut *data.cast::<Visitor<B, F>>(),
            WalkEntry::from_c(&*entry),
        )
    };
    visitor.step(|visit| visit(&entry))
}

/// A closure that C calls until it breaks.
pub(super) struct Visitor<B, F> {
    visit: F,
    broke: Option<B>,
}

impl<B, F> Visitor<B, F> {
    pub(super) fn new(visit: F) -> Visitor<B, F> {
        Visitor { visit, broke: None }
    }

    /// One call from C.
    pub(super) fn step(&mut self, call: impl FnOnce(&mut F) -> ControlFlow<B>) -> c_int {
        callback(Hook::Plain, BROKEN, || match call(&mut self.visit) {
            ControlFlow::Continue(()) => 0,
            ControlFlow::Break(value) => {
                self.broke = Some(value);
                1
            }
        })
    }

    /// What came of it, when C has answered.
    pub(super) fn finish(self, ctx: &Context, answer: c_int) -> Result<ControlFlow<B>> {
        match self.broke {
            Some(value) => Ok(ControlFlow::Break(value)),
            None => ctx.done(answer).map(ControlFlow::Continue),
        }
    }
}
