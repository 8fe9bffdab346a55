// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory for page tables.

use crate::boundary::{Hook, callback};
use crate::ctx::Context;
use crate::error::{BROKEN, Result};
use crate::handle::handle;
use crate::memory::GuestMemory;
use crate::text;
use alloc::boxed::Box;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::ops::Range;
use core::ptr::{self, NonNull};
use iomm_sys as sys;

/// A table that a provider gives.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Where it is in this process.
    pub va: NonNull<u8>,
    /// Where it is in the walker's view.
    pub pa: u64,
}

/// Where tables live, and how an address that a walker uses becomes a pointer.
///
/// The methods are called while the table that they serve is being worked on,
/// and leave it and its domain alone. One provider may serve several tables,
/// and those of domains and [shared](crate::SharedPageTable) ones from several
/// threads, all at once.
///
/// # Safety
///
/// The library writes through what the provider gives it:
///
/// - [`alloc`](Self::alloc) gives memory of at least the size asked for, aligned
///   to it, that nobody in this process touches until it is handed to
///   [`free`](Self::free), which happens once. It is zeroed, unless
///   [`is_zeroed`](Self::is_zeroed) says that it is not.
/// - With a [`linear_offset`](Self::linear_offset), every table is at that
///   distance from its address.
/// - [`to_virt`](Self::to_virt) gives `None`, or memory that is valid for so
///   many bytes for as long as the provider lives.
pub unsafe trait TableMemoryProvider: Send + Sync + 'static {
    /// Memory of `bytes` (a power of two), aligned to its size, no byte of it
    /// above `max_pa` in the walker's view.
    fn alloc(&self, bytes: u64, max_pa: u64) -> Result<Table>;

    /// Takes back what `alloc` gave.
    ///
    /// # Safety
    ///
    /// `table` comes from `alloc`, with the same `bytes`, and nothing looks at
    /// it any more.
    unsafe fn free(&self, table: Table, bytes: u64);

    /// What to add to an address in the walker's view to get the pointer,
    /// modulo 2^64, when that is the same for all tables. Asked once.
    fn linear_offset(&self) -> Option<u64> {
        None
    }

    /// Is what [`alloc`](Self::alloc) gives zeroed? If not, it may hold
    /// anything, or be uninitialised: the library writes all of it before a
    /// walker can see it, and tables that are filled at once are written once
    /// only. Asked once.
    fn is_zeroed(&self) -> bool {
        true
    }

    /// Must the library call [`sync`](Self::sync)? Asked once.
    fn needs_sync(&self) -> bool {
        false
    }

    /// Makes stores to a part of a table visible to walkers that do not snoop
    /// the CPU's caches. An atomic hook: a panic in it aborts.
    fn sync(&self, part: Table, bytes: u64) {
        let _ = (part, bytes);
    }

    /// A pointer to `bytes` at `pa`, or `None` when that is not memory in
    /// which tables can lie. For tables that the library did not make: see
    /// [`PageTableConfig::adopt`](crate::PageTableConfig::adopt). An atomic
    /// hook.
    fn to_virt(&self, pa: u64, bytes: u64) -> Option<NonNull<u8>> {
        let _ = (pa, bytes);
        None
    }
}

handle! {
    /// A provider of memory for page tables. Every table that is made with it
    /// holds it.
    ///
    /// ```
    /// use iomm::{Context, GuestMemory, TableMemory};
    ///
    /// let ctx = Context::new()?;
    /// let ram = GuestMemory::new(0x4000_0000, 4 << 20)?;
    /// // The first MiB is for tables.
    /// let tables = TableMemory::arena(&ctx, &ram, 0x4000_0000..0x4010_0000)?;
    /// # Ok::<(), iomm::Error>(())
    /// ```
    TableMemory, iomm_table_memory, iomm_table_memory_get, iomm_table_memory_put
}

impl TableMemory {
    /// A provider that carves tables out of a range of physical addresses in
    /// `memory`, which lives as long as the last table. Both ends are
    /// multiples of 4096. [`Code::EBUSY`](crate::Code::EBUSY) when tables of
    /// another provider lie there.
    pub fn arena(ctx: &Context, memory: &GuestMemory, range: Range<u64>) -> Result<TableMemory> {
        let bytes = range.end.saturating_sub(range.start);
        let va = memory.as_ptr(range.start, bytes)?;
        let reserved = memory.reserve(range.start, bytes)?;
        // SAFETY: the memory is valid until `reserved`, which holds it, is
        // dropped, and nobody else is given the range meanwhile. That devices
        // may write there does not matter: the library keeps its books
        // elsewhere.
        unsafe { TableMemory::arena_raw(ctx, va, range.start, bytes, move || drop(reserved)) }
    }

    /// As [`arena`](Self::arena), in memory that is the caller's affair.
    /// `release` is called once, when nothing uses it any more, also when this
    /// fails (but not when it is refused since an atomic hook is running).
    ///
    /// # Safety
    ///
    /// `va` is valid for reads and writes of `bytes` until `release` is
    /// called, and nobody in this process touches it meanwhile, save as
    /// devices do.
    pub unsafe fn arena_raw<F: FnOnce() + Send + 'static>(
        ctx: &Context,
        va: *mut u8,
        pa: u64,
        bytes: u64,
        release: F,
    ) -> Result<TableMemory> {
        ctx.call(|| {
            let data = Box::into_raw(Box::new(release));
            let mut raw = ptr::null_mut();
            // SAFETY: the memory is as the caller promises; `release_with`
            // takes `data` back, once, also on failure.
            ctx.done(unsafe {
                sys::iomm_table_memory_create_arena(
                    ctx.as_raw(),
                    va.cast(),
                    pa,
                    bytes,
                    data.cast(),
                    Some(release_with::<F>),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { TableMemory::from_raw(raw, ctx) })
        })
    }

    /// A provider of the caller's own making. It is dropped after its last
    /// table.
    pub fn from_provider<P: TableMemoryProvider>(
        ctx: &Context,
        provider: P,
    ) -> Result<TableMemory> {
        let ops = ops(&provider);
        ctx.call(|| {
            let data = Box::into_raw(Box::new(provider));
            let mut raw = ptr::null_mut();
            // SAFETY: the hooks are those of `P`, whose data this is, and are
            // copied; `release_box` takes it back, once, also on failure.
            ctx.done(unsafe {
                sys::iomm_table_memory_create(
                    ctx.as_raw(),
                    &ops,
                    data.cast(),
                    Some(release_box::<P>),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { TableMemory::from_raw(raw, ctx) })
        })
    }
}

impl fmt::Debug for TableMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableMemory").finish_non_exhaustive()
    }
}

fn ops<P: TableMemoryProvider>(provider: &P) -> sys::iomm_table_memory_ops {
    let offset = provider.linear_offset();
    let mut ops = sys::iomm_table_memory_ops {
        size: text::size_of::<sys::iomm_table_memory_ops>(),
        alloc: Some(alloc_table::<P>),
        free: Some(free_table::<P>),
        to_virt: Some(to_virt::<P>),
        ..Default::default()
    };
    if let Some(offset) = offset {
        ops.flags |= sys::IOMM_TABLE_MEMORY_LINEAR;
        ops.linear_offset = offset;
    }
    if !provider.is_zeroed() {
        ops.flags |= sys::IOMM_TABLE_MEMORY_RAW;
    }
    if provider.needs_sync() {
        ops.sync = Some(sync::<P>);
    }
    ops
}

/// Calls the closure that `data` is, once. For C's release functions.
pub(crate) unsafe extern "C" fn release_with<F: FnOnce()>(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: it is a box of an `F`, handed back once.
        let release = unsafe { Box::from_raw(data.cast::<F>()) };
        release();
    });
}

/// Drops the `T` that `data` is a box of. For C's release functions.
pub(crate) unsafe extern "C" fn release_box<T>(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: what was given with the hooks of `T`, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<T>()) });
    });
}

unsafe extern "C" fn alloc_table<P: TableMemoryProvider>(
    data: *mut c_void,
    bytes: u64,
    max_pa: u64,
    va: *mut *mut c_void,
    pa: *mut u64,
) -> c_int {
    // SAFETY: C hands us our data, which lives until it is released.
    let provider = unsafe { &*data.cast::<P>() };
    callback(Hook::Plain, BROKEN, || {
        match provider.alloc(bytes, max_pa) {
            Ok(table) => {
                // SAFETY: C wants the table there.
                unsafe {
                    *va = table.va.as_ptr().cast();
                    *pa = table.pa;
                }
                0
            }
            Err(error) => error.answer(),
        }
    })
}

unsafe extern "C" fn free_table<P: TableMemoryProvider>(
    data: *mut c_void,
    va: *mut c_void,
    pa: u64,
    bytes: u64,
) {
    // SAFETY: as in `alloc_table`.
    let provider = unsafe { &*data.cast::<P>() };
    callback(Hook::Plain, (), || {
        if let Some(va) = NonNull::new(va.cast()) {
            // SAFETY: C gives back what it was given, once, when no walker
            // looks at it any more.
            unsafe { provider.free(Table { va, pa }, bytes) };
        }
    });
}

unsafe extern "C" fn sync<P: TableMemoryProvider>(
    data: *mut c_void,
    va: *const c_void,
    pa: u64,
    bytes: u64,
) {
    // SAFETY: as in `alloc_table`.
    let provider = unsafe { &*data.cast::<P>() };
    callback(Hook::Atomic, (), || {
        if let Some(va) = NonNull::new(va.cast_mut().cast()) {
            provider.sync(Table { va, pa }, bytes);
        }
    });
}

unsafe extern "C" fn to_virt<P: TableMemoryProvider>(
    data: *mut c_void,
    pa: u64,
    bytes: u64,
) -> *mut c_void {
    // SAFETY: as in `alloc_table`.
    let provider = unsafe { &*data.cast::<P>() };
    callback(Hook::Atomic, ptr::null_mut(), || {
        provider
            .to_virt(pa, bytes)
            .map_or(ptr::null_mut(), |va| va.as_ptr().cast())
    })
}
