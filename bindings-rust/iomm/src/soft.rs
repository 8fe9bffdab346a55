// SPDX-License-Identifier: MIT OR Apache-2.0
//! The software IOMMU.

mod config;

pub use config::{DmaError, DmaSource, SoftConfig, SoftContext, SoftDriver, SoftStats};

use crate::boundary;
use crate::ctx::Context;
use crate::error::{Code, Error, Result};
use crate::handle::handle;
use crate::iommu::{Fault, Iommu};
use crate::memory::GuestMemory;
use crate::pgtable::Translation;
use crate::prot::Prot;
use crate::table_memory::{TableMemory, release_with};
use crate::text;
use alloc::boxed::Box;
use core::ffi::c_void;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

handle! {
    /// A software IOMMU: hardware that has memory, a context for each address
    /// space of a device, and an IOTLB. It walks page tables that lie in that memory, whoever
    /// wrote them, and reads and writes for devices. What it has cached stays
    /// until it is invalidated.
    ///
    /// It has a built-in driver ([`register`](Soft::register)); who writes his
    /// own programs the contexts himself.
    ///
    /// ```
    /// use iomm::{
    ///     Context, GuestMemory, PageTable, PageTableConfig, Prot, Soft, SoftConfig, SoftContext,
    ///     TableMemory, format,
    /// };
    ///
    /// let ctx = Context::new()?;
    /// let ram = GuestMemory::new(0x4000_0000, 1 << 20)?;
    /// let tables = TableMemory::arena(&ctx, &ram, 0x4000_0000..0x4008_0000)?;
    /// let config = PageTableConfig::new().memory(&tables);
    /// let mut table = PageTable::create(&ctx, format::ARM64_S1, &config)?;
    /// table.map(0x1000, 0x4008_0000, 0x1000, Prot::READ | Prot::WRITE)?;
    ///
    /// let iommu = Soft::create(&ctx, &SoftConfig::new())?;
    /// iommu.add_memory(&ram)?;
    /// iommu.set_context(7, &SoftContext::new(format::ARM64_S1, 1, &table.info()))?;
    /// iommu.write(7, 0x1234, b"bytes")?;
    ///
    /// let mut bytes = [0; 5];
    /// ram.read(0x4008_0234, &mut bytes)?;
    /// assert_eq!(&bytes, b"bytes");
    /// assert!(iommu.write(7, 0x2000, b"elsewhere").is_err());
    /// # Ok::<(), iomm::Error>(())
    /// ```
    Soft, iomm_soft, iomm_soft_get, iomm_soft_put
}

impl Soft {
    /// A software IOMMU without memory, and with every ID blocked.
    pub fn create(ctx: &Context, config: &SoftConfig) -> Result<Soft> {
        Soft::make(ctx, config, 0)
    }

    /// A software IOMMU whose physical addresses are this process's pointers,
    /// all of them.
    ///
    /// # Safety
    ///
    /// Whoever holds the handle can, with safe calls, point a context to any
    /// table, and with it let a device access any memory of this process. The
    /// caller vouches for all of them: the tables are trusted, and what they
    /// map is memory that devices may access.
    pub unsafe fn create_identity(ctx: &Context, config: &SoftConfig) -> Result<Soft> {
        Soft::make(ctx, config, sys::IOMM_SOFT_IDENTITY)
    }

    fn make(ctx: &Context, config: &SoftConfig, flags: u32) -> Result<Soft> {
        let config = sys::iomm_soft_config {
            size: text::size_of::<sys::iomm_soft_config>(),
            flags,
            iotlb_entries: config.iotlb_entries,
            reserved: 0,
        };
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the config during the call.
            ctx.done(unsafe { sys::iomm_soft_create(ctx.as_raw(), &config, &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Soft::from_raw(raw, ctx) })
        })
    }

    /// Gives the hardware memory, at its physical address. It lives as long as
    /// the hardware. [`Code::EEXIST`] when the hardware has memory there.
    pub fn add_memory(&self, memory: &GuestMemory) -> Result<()> {
        let (base, bytes) = (memory.base(), memory.len());
        let va = memory.as_ptr(base, bytes)?;
        let held = memory.clone();
        // SAFETY: the memory is valid until `held` is dropped, and whoever
        // else has it expects devices to write there.
        unsafe { self.add_raw_memory(base, va, bytes, move || drop(held)) }
    }

    /// Gives the hardware memory that is the caller's affair. `release` is
    /// called once, when the hardware is gone, also when this fails (but not
    /// when it is refused since an atomic hook is running).
    ///
    /// # Safety
    ///
    /// `va` is valid for reads and writes of `bytes` until `release` is
    /// called, and whoever else looks at it expects that it changes.
    pub unsafe fn add_raw_memory<F: FnOnce() + Send + 'static>(
        &self,
        paddr: u64,
        va: *mut u8,
        bytes: u64,
        release: F,
    ) -> Result<()> {
        let ctx = self.context();
        ctx.call(|| {
            let data = Box::into_raw(Box::new(release));
            // SAFETY: the memory is as the caller promises; `release_with`
            // takes `data` back, once, also on failure.
            ctx.done(unsafe {
                sys::iomm_soft_add_memory(
                    self.as_raw(),
                    paddr,
                    va.cast::<c_void>(),
                    bytes,
                    data.cast(),
                    Some(release_with::<F>),
                )
            })
        })
    }

    /// Sets up translation for an address space of a device, replacing in one
    /// step what was there. Invalidates nothing.
    pub fn set_context(
        &self,
        whose: impl Into<DmaSource>,
        context: &SoftContext<'_>,
    ) -> Result<()> {
        let ctx = self.context();
        let DmaSource { id, pasid } = whose.into();
        let format = context
            .format
            .map(|name| text::c_string("format", name))
            .transpose()?;
        let context = sys::iomm_soft_context {
            size: text::size_of::<sys::iomm_soft_context>(),
            flags: match format {
                Some(_) => 0,
                None => sys::IOMM_SOFT_CONTEXT_IDENTITY,
            },
            format: format.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
            tag: context.tag,
            regs: context.regs,
        };
        ctx.call(|| {
            // SAFETY: the handle is alive; context and name live during the
            // call, which copies them. The registers may be anything: the
            // hardware only fetches tables from memory that it was given. (An
            // identity IOMMU was made by somebody who vouches for the tables.)
            ctx.done(unsafe { sys::iomm_soft_set_context(self.as_raw(), id, pasid, &context) })
        })
    }

    /// Blocks an address space of a device; the others stay.
    pub fn clear_context(&self, whose: impl Into<DmaSource>) -> Result<()> {
        let ctx = self.context();
        let DmaSource { id, pasid } = whose.into();
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_soft_clear_context(self.as_raw(), id, pasid) }))
    }

    /// Drops what the IOTLB holds for a range of a tag, `last` included, and
    /// waits for accesses that are using it. Legal in atomic hooks.
    pub fn invalidate(&self, tag: u64, iova: u64, last: u64) -> Result<()> {
        let ctx = self.context();
        boundary::call(|| {
            // SAFETY: the handle is alive.
            ctx.done(unsafe { sys::iomm_soft_invalidate(self.as_raw(), tag, iova, last) })
        })
    }

    /// Drops all that the IOTLB holds for a tag. Legal in atomic hooks.
    pub fn invalidate_all(&self, tag: u64) -> Result<()> {
        self.invalidate(tag, 0, u64::MAX)
    }

    /// A device reads memory. What lies before a fault was done.
    pub fn read(
        &self,
        from: impl Into<DmaSource>,
        iova: u64,
        buf: &mut [u8],
    ) -> core::result::Result<(), DmaError> {
        let DmaSource { id, pasid } = from.into();
        self.access(|fault| {
            // SAFETY: the handle is alive, and the buffer ours.
            unsafe {
                sys::iomm_soft_read(
                    self.as_raw(),
                    id,
                    pasid,
                    iova,
                    buf.as_mut_ptr().cast(),
                    buf.len() as u64,
                    fault,
                )
            }
        })
    }

    /// A device writes memory. What lies before a fault was done.
    pub fn write(
        &self,
        from: impl Into<DmaSource>,
        iova: u64,
        buf: &[u8],
    ) -> core::result::Result<(), DmaError> {
        let DmaSource { id, pasid } = from.into();
        self.access(|fault| {
            // SAFETY: the handle is alive, and the buffer valid.
            unsafe {
                sys::iomm_soft_write(
                    self.as_raw(),
                    id,
                    pasid,
                    iova,
                    buf.as_ptr().cast(),
                    buf.len() as u64,
                    fault,
                )
            }
        })
    }

    /// Translates for a device, through the IOTLB, without touching the
    /// memory. `access` is what must be allowed.
    pub fn translate(
        &self,
        from: impl Into<DmaSource>,
        iova: u64,
        access: Prot,
    ) -> core::result::Result<Translation, DmaError> {
        let DmaSource { id, pasid } = from.into();
        let mut out = Translation::empty();
        self.access(|fault| {
            // SAFETY: the handle is alive, and the structs as large as they
            // say.
            unsafe {
                sys::iomm_soft_translate(
                    self.as_raw(),
                    id,
                    pasid,
                    iova,
                    access.bits(),
                    &mut out,
                    fault,
                )
            }
        })?;
        Ok(Translation::from_c(&out))
    }

    fn access(
        &self,
        f: impl FnOnce(&mut sys::iomm_fault) -> core::ffi::c_int,
    ) -> core::result::Result<(), DmaError> {
        let ctx = self.context();
        let mut fault = Fault::empty();
        ctx.call(|| ctx.done(f(&mut fault)))
            .map_err(|error: Error| DmaError {
                fault: (error.code() == Code::EFAULT).then(|| Fault::from_c(&fault)),
                error,
            })
    }

    /// The counters.
    pub fn stats(&self) -> Result<SoftStats> {
        let ctx = self.context();
        let mut stats = sys::iomm_soft_stats {
            size: text::size_of::<sys::iomm_soft_stats>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        ctx.call(|| ctx.done(unsafe { sys::iomm_soft_stats(self.as_raw(), &mut stats) }))?;
        Ok(SoftStats {
            iotlb_hits: stats.iotlb_hits,
            iotlb_misses: stats.iotlb_misses,
            invalidations: stats.invalidations,
            faults: stats.faults,
        })
    }

    /// Registers the hardware as an IOMMU instance, with the built-in driver:
    /// its domains program the contexts, flush the IOTLB, and hear of faults.
    pub fn register(&self, driver: &SoftDriver<'_>) -> Result<Iommu> {
        let ctx = self.context();
        let name = text::c_string("name", driver.name)?;
        let format = match driver.format {
            Some(format) => Some(text::c_string("format", format)?),
            None => None,
        };
        if let Some(memory) = driver.memory {
            ctx.same(memory.context(), "table memory")?;
        }
        let driver = sys::iomm_soft_driver {
            size: text::size_of::<sys::iomm_soft_driver>(),
            flags: 0,
            node: driver.node.raw(),
            name: name.as_ptr(),
            format: format.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
            granule: driver.granule,
            ias: driver.ias,
            oas: driver.oas,
            memory: driver.memory.map_or(ptr::null_mut(), TableMemory::as_raw),
            pasid_bits: driver.pasid_bits,
            reserved: 0,
        };
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: hardware and provider are alive; the description and its
            // strings live during the call, which copies them.
            ctx.done(unsafe { sys::iomm_soft_register(self.as_raw(), &driver, &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Iommu::from_raw(raw, ctx) })
        })
    }
}

impl fmt::Debug for Soft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Soft").finish_non_exhaustive()
    }
}
