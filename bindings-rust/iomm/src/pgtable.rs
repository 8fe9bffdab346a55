// SPDX-License-Identifier: MIT OR Apache-2.0
//! I/O page tables, for whoever drives the hardware himself. Users of a
//! [`Domain`](crate::Domain) do not need this.

mod info;
mod table_gather;
mod tlb;

pub use info::{PageTableInfo, Partial, Translation, WalkEntry, WalkKind};
pub use table_gather::TableGather;
pub use tlb::TlbOps;

use crate::boundary::{self, Hook, callback};
use crate::ctx::Context;
use crate::error::{BROKEN, Code, Result};
use crate::prot::Prot;
use crate::table_memory::TableMemory;
use crate::text;
use alloc::boxed::Box;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::marker::PhantomData;
use core::ops::ControlFlow;
use core::ptr::{self, NonNull};
use iomm_sys as sys;

/// What is wanted of a table. The default is the format's own.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct PageTableConfig<'a> {
    granule: u64,
    page_sizes: u64,
    ias: u32,
    oas: u32,
    coherent: bool,
    max_table_pa: Option<u64>,
    memory: Option<&'a TableMemory>,
}

impl<'a> PageTableConfig<'a> {
    /// The format's defaults.
    pub fn new() -> PageTableConfig<'a> {
        PageTableConfig::default()
    }

    /// The granule, bytes.
    pub fn granule(mut self, bytes: u64) -> PageTableConfig<'a> {
        self.granule = bytes;
        self
    }

    /// Leaf sizes that may be used, a bit for each.
    pub fn page_sizes(mut self, sizes: u64) -> PageTableConfig<'a> {
        self.page_sizes = sizes;
        self
    }

    /// Input address width, bits.
    pub fn ias(mut self, bits: u32) -> PageTableConfig<'a> {
        self.ias = bits;
        self
    }

    /// Output address width, bits.
    pub fn oas(mut self, bits: u32) -> PageTableConfig<'a> {
        self.oas = bits;
        self
    }

    /// Walkers snoop the CPU's caches.
    pub fn coherent(mut self, coherent: bool) -> PageTableConfig<'a> {
        self.coherent = coherent;
        self
    }

    /// Highest address, inclusive, that the walker can fetch a table from.
    pub fn max_table_pa(mut self, pa: u64) -> PageTableConfig<'a> {
        self.max_table_pa = Some(pa);
        self
    }

    /// Where the tables lie, instead of the platform's memory.
    pub fn memory(mut self, memory: &'a TableMemory) -> PageTableConfig<'a> {
        self.memory = Some(memory);
        self
    }

    fn to_c(self) -> sys::iomm_pgtable_config {
        let mut flags = 0;
        if self.coherent {
            flags |= sys::IOMM_PGTABLE_COHERENT;
        }
        if self.max_table_pa.is_some() {
            flags |= sys::IOMM_PGTABLE_MAX_TABLE_PA;
        }
        sys::iomm_pgtable_config {
            size: text::size_of::<sys::iomm_pgtable_config>(),
            flags,
            granule: self.granule,
            page_sizes: self.page_sizes,
            ias: self.ias,
            oas: self.oas,
            max_table_pa: self.max_table_pa.unwrap_or(0),
            memory: self.memory.map_or(ptr::null_mut(), TableMemory::as_raw),
        }
    }
}

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
    raw: NonNull<sys::iomm_pgtable>,
    ctx: Context,
    /// Not even looking is allowed to two threads at once.
    not_sync: PhantomData<Cell<()>>,
}

// SAFETY: a table belongs to no thread, and its hooks and providers are Send.
unsafe impl Send for PageTable {}

impl PageTable {
    /// An empty table that no hardware walks, so that there is nothing to
    /// invalidate. [`Code::ENOENT`] when there is no such format.
    pub fn create(ctx: &Context, format: &str, config: &PageTableConfig<'_>) -> Result<PageTable> {
        // SAFETY: no hooks need no data.
        unsafe { PageTable::make(ctx, format, config, None, ptr::null_mut, None) }
    }

    /// An empty table whose translations hardware caches. `tlb` is dropped
    /// after its last call, or when this fails.
    pub fn with_tlb<T: TlbOps>(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
        tlb: T,
    ) -> Result<PageTable> {
        let ops = tlb::ops::<T>();
        let data = || Box::into_raw(Box::new(tlb)).cast();
        // SAFETY: the hooks are those of `T`, whose data this is, and
        // `tlb::release` takes it back.
        unsafe {
            PageTable::make(
                ctx,
                format,
                config,
                Some(&ops),
                data,
                Some(tlb::release::<T>),
            )
        }
    }

    /// # Safety
    ///
    /// The hooks accept what `data` makes, and `release` takes it back.
    unsafe fn make(
        ctx: &Context,
        format: &str,
        config: &PageTableConfig<'_>,
        ops: Option<&sys::iomm_tlb_ops>,
        data: impl FnOnce() -> *mut c_void,
        release: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> Result<PageTable> {
        let format = text::c_string("format", format)?;
        if let Some(memory) = config.memory {
            ctx.same(memory.context(), "table memory")?;
        }
        let config = config.to_c();
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: context and provider are alive; config, name and hooks
            // live during the call, which copies them; the hooks are as the
            // caller promises, and released once, also on failure.
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
            Ok(PageTable {
                raw: NonNull::new(raw).expect("success gives a table"),
                ctx: ctx.clone(),
                not_sync: PhantomData,
            })
        })
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
        // nobody changes the table while we borrow it.
        let answer = boundary::call(|| unsafe { sys::iomm_pgtable_info(self.as_raw(), &mut info) });
        assert_eq!(answer, 0, "a live table can be asked");
        PageTableInfo::from_c(&info)
    }

    /// Maps `bytes` at `iova` to the physical memory at `paddr`, with the
    /// largest leaves that fit. What is already mapped is never replaced
    /// ([`Code::EEXIST`]).
    pub fn map(
        &mut self,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: Prot,
    ) -> core::result::Result<(), Partial> {
        let mut done = 0;
        let answer = self.ctx.call(|| {
            // SAFETY: the handle is alive, and the table ours alone; no memory at
            // `paddr` is touched.
            self.ctx.done(unsafe {
                sys::iomm_pgtable_map(self.as_raw(), iova, paddr, bytes, prot.bits(), 0, &mut done)
            })
        });
        answer.map_err(|error| Partial { error, done })
    }

    /// Begins to unmap: [`TableGather::unmap`].
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

    /// Looks one address up. `None` when it is not mapped.
    pub fn translate(&self, iova: u64) -> Result<Option<Translation>> {
        let mut out = Translation::empty();
        let answer = boundary::call(|| {
            // SAFETY: the handle is alive, the struct as large as it says, and
            // nobody changes the table while we borrow it.
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
    pub fn walk<B, F>(&self, iova: u64, bytes: u64, visit: F) -> Result<ControlFlow<B>>
    where
        F: FnMut(&WalkEntry) -> ControlFlow<B>,
    {
        let mut walk = Walk { visit, broke: None };
        let answer = self.ctx.call(|| {
            // SAFETY: the handle is alive, and nobody changes the table while
            // we borrow it; `visit` gets the walk that it is made for.
            Ok(unsafe {
                sys::iomm_pgtable_walk(
                    self.as_raw(),
                    iova,
                    bytes,
                    Some(Walk::<B, F>::step),
                    ptr::from_mut(&mut walk).cast(),
                )
            })
        })?;
        match walk.broke {
            Some(value) => Ok(ControlFlow::Break(value)),
            None => self.ctx.done(answer).map(ControlFlow::Continue),
        }
    }

    /// Invalidates the whole address space and, when that succeeds, frees what
    /// is in quarantine.
    pub fn flush_all(&mut self) -> Result<()> {
        self.ctx.call(|| {
            // SAFETY: the handle is alive, and the table ours alone.
            self.ctx
                .done(unsafe { sys::iomm_pgtable_flush_all(self.as_raw()) })
        })
    }
}

impl Drop for PageTable {
    fn drop(&mut self) {
        let raw = self.as_raw();
        // SAFETY: the reference is ours, and this is its only put.
        boundary::give_back(move || unsafe { sys::iomm_pgtable_put(raw) });
    }
}

impl fmt::Debug for PageTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PageTable").field(&self.info()).finish()
    }
}

/// A walk that is under way.
struct Walk<B, F> {
    visit: F,
    broke: Option<B>,
}

impl<B, F: FnMut(&WalkEntry) -> ControlFlow<B>> Walk<B, F> {
    unsafe extern "C" fn step(data: *mut c_void, entry: *const sys::iomm_walk_entry) -> c_int {
        // SAFETY: C hands us the walk, which is ours alone during the call,
        // and an entry that is valid as long.
        let (walk, entry) =
            unsafe { (&mut *data.cast::<Walk<B, F>>(), WalkEntry::from_c(&*entry)) };
        callback(Hook::Plain, BROKEN, || match (walk.visit)(&entry) {
            ControlFlow::Continue(()) => 0,
            ControlFlow::Break(value) => {
                walk.broke = Some(value);
                1
            }
        })
    }
}
