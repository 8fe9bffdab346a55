// SPDX-License-Identifier: MIT OR Apache-2.0
//! Domains: I/O address spaces that are attached to devices.

use crate::boundary::{Hook, callback};
use crate::device::Device;
use crate::error::{Code, Result};
use crate::gather::Gather;
use crate::handle::{handle, numbers};
use crate::iommu::Fault;
use crate::pgtable::{PageTableInfo, Partial, Translation};
use crate::prot::Prot;
use crate::table_memory::release_box;
use crate::text;
use alloc::boxed::Box;
use core::ffi::c_void;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

numbers! {
    /// A type of domains.
    DomainType {
        /// No wish.
        ANY = IOMM_DOMAIN_ANY, "any";
        /// Translated by a page table.
        PAGING = IOMM_DOMAIN_PAGING, "translated by a page table";
        /// Every access faults.
        BLOCKED = IOMM_DOMAIN_BLOCKED, "blocked";
        /// Addresses go through as they are.
        IDENTITY = IOMM_DOMAIN_IDENTITY, "identity";
    }
}

/// What is wanted of a domain.
///
/// ```
/// use iomm::{DomainConfig, format};
///
/// let config = DomainConfig::paging().format(format::ARM64_S1).granule(16 << 10);
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct DomainConfig<'a> {
    kind: DomainType,
    format: Option<&'a str>,
    granule: u64,
    page_sizes: u64,
    ias: u32,
}

impl<'a> DomainConfig<'a> {
    /// A domain that is translated by a page table, as the driver likes it.
    pub fn paging() -> DomainConfig<'a> {
        DomainConfig {
            kind: DomainType::PAGING,
            format: None,
            granule: 0,
            page_sizes: 0,
            ias: 0,
        }
    }

    /// A domain in which every access faults.
    pub fn blocked() -> DomainConfig<'a> {
        DomainConfig {
            kind: DomainType::BLOCKED,
            ..DomainConfig::paging()
        }
    }

    /// A domain in which addresses go through as they are.
    pub fn identity() -> DomainConfig<'a> {
        DomainConfig {
            kind: DomainType::IDENTITY,
            ..DomainConfig::paging()
        }
    }

    /// The table's format.
    pub fn format(mut self, format: &'a str) -> DomainConfig<'a> {
        self.format = Some(format);
        self
    }

    /// The table's granule, bytes.
    pub fn granule(mut self, bytes: u64) -> DomainConfig<'a> {
        self.granule = bytes;
        self
    }

    /// Leaf sizes that may be used, a bit for each.
    pub fn page_sizes(mut self, sizes: u64) -> DomainConfig<'a> {
        self.page_sizes = sizes;
        self
    }

    /// Input address width, bits.
    pub fn ias(mut self, bits: u32) -> DomainConfig<'a> {
        self.ias = bits;
        self
    }
}

handle! {
    /// An I/O address space. All calls may be made from any thread, and go on
    /// side by side: a domain's page table is a shared one, see
    /// [`SharedPageTable`](crate::SharedPageTable).
    Domain, iomm_domain, iomm_domain_get, iomm_domain_put
}

impl Domain {
    /// Makes a domain for the IOMMU instance that serves a bound device. It is
    /// attached to nothing, and does not hold the device.
    pub fn create(device: &Device, config: &DomainConfig<'_>) -> Result<Domain> {
        let ctx = device.context();
        let format = match config.format {
            Some(format) => Some(text::c_string("format", format)?),
            None => None,
        };
        let c = sys::iomm_domain_config {
            size: text::size_of::<sys::iomm_domain_config>(),
            flags: 0,
            type_: config.kind.raw(),
            ias: config.ias,
            granule: config.granule,
            page_sizes: config.page_sizes,
            format: format.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
        };
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the device is alive; the config and its string live
            // during the call, which copies them.
            ctx.done(unsafe { sys::iomm_domain_create(device.as_raw(), &c, &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Domain::from_raw(raw, ctx) })
        })
    }

    /// Has `handler` called for every fault of a device to which the domain is
    /// attached: without locks, from any thread, several at once. A domain has
    /// one handler at most, for as long as it lives; a handler that holds the
    /// domain keeps it alive for ever.
    pub fn set_fault_handler<F>(&self, handler: F) -> Result<()>
    where
        F: Fn(&Fault) + Send + Sync + 'static,
    {
        let ctx = self.context();
        ctx.call(|| {
            let data = Box::into_raw(Box::new(handler));
            // SAFETY: the handle is alive; the handler's data is an `F`, and
            // `release_box` takes it back, once, also on failure.
            ctx.done(unsafe {
                sys::iomm_domain_set_fault_handler(
                    self.as_raw(),
                    Some(call_handler::<F>),
                    data.cast(),
                    Some(release_box::<F>),
                )
            })
        })
    }

    /// Invalidates the whole address space and, when that succeeds, frees what
    /// is in quarantine: what a flush that failed had left.
    pub fn flush_all(&self) -> Result<()> {
        let ctx = self.context();
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_domain_flush_all(self.as_raw()) }))
    }

    /// What the domain's page table was granted.
    pub fn info(&self) -> Result<PageTableInfo> {
        let ctx = self.context();
        let mut info = PageTableInfo::empty();
        // SAFETY: the handle is alive, and the struct as large as it says.
        ctx.call(|| ctx.done(unsafe { sys::iomm_domain_info(self.as_raw(), &mut info) }))?;
        Ok(PageTableInfo::from_c(&info))
    }

    /// Attaches the domain to all devices of a device's group, in the place of
    /// the default domain. What firmware wants mapped for them
    /// ([`RegionKind::DIRECT`](crate::RegionKind::DIRECT)) is mapped in it
    /// before, and stays for as long as it is attached.
    pub fn attach(&self, device: &Device) -> Result<()> {
        let ctx = self.context();
        ctx.same(device.context(), "device")?;
        // SAFETY: both handles are alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_domain_attach(self.as_raw(), device.as_raw()) }))
    }

    /// Attaches the domain in the place of the one that is attached, in one
    /// step. When it fails that one stays attached to all devices of the group.
    /// [`Code::ENOENT`] when there is none.
    pub fn replace(&self, device: &Device) -> Result<()> {
        let ctx = self.context();
        ctx.same(device.context(), "device")?;
        // SAFETY: both handles are alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_domain_replace(self.as_raw(), device.as_raw()) }))
    }

    /// Detaches the domain: the group's default domain is attached again or,
    /// while the group is claimed, everything is blocked.
    pub fn detach(&self, device: &Device) -> Result<()> {
        let ctx = self.context();
        ctx.same(device.context(), "device")?;
        // SAFETY: both handles are alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_domain_detach(self.as_raw(), device.as_raw()) }))
    }

    /// Attaches the domain to an address space of a device beside its own: that
    /// of DMA with a PASID, from 1 on. Nothing changes for the others.
    pub fn attach_pasid(&self, device: &Device, pasid: u32) -> Result<()> {
        let ctx = self.context();
        ctx.same(device.context(), "device")?;
        let (domain, device) = (self.as_raw(), device.as_raw());
        // SAFETY: both handles are alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_domain_attach_pasid(domain, device, pasid) }))
    }

    /// Detaches the domain from an address space: DMA with that PASID is
    /// blocked.
    pub fn detach_pasid(&self, device: &Device, pasid: u32) -> Result<()> {
        let ctx = self.context();
        ctx.same(device.context(), "device")?;
        let (domain, device) = (self.as_raw(), device.as_raw());
        // SAFETY: both handles are alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_domain_detach_pasid(domain, device, pasid) }))
    }

    /// Maps `bytes` at `iova` to the physical memory at `paddr`, with the
    /// largest leaves that fit. What is already mapped is never replaced
    /// ([`Code::EEXIST`]).
    pub fn map(
        &self,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: Prot,
    ) -> core::result::Result<(), Partial> {
        Partial::count(self.context(), |done| {
            // SAFETY: the handle is alive; no memory at `paddr` is touched.
            unsafe { sys::iomm_domain_map(self.as_raw(), iova, paddr, bytes, prot.bits(), 0, done) }
        })?;
        Ok(())
    }

    /// Unmaps what is mapped in a range; holes are skipped. The memory may be
    /// used for something else once the gather has been flushed with success.
    /// Answers how many bytes were mapped there.
    pub fn unmap(
        &self,
        iova: u64,
        bytes: u64,
        gather: &mut Gather,
    ) -> core::result::Result<u64, Partial> {
        let ctx = self.context();
        let gather = gather.serving(ctx)?;
        Partial::count(ctx, |done| {
            // SAFETY: handle and gather are alive; the library orders what is
            // done to the domain.
            unsafe { sys::iomm_domain_unmap(self.as_raw(), iova, bytes, &mut gather.0, done) }
        })
    }

    /// Unmaps, invalidates and frees before it returns. After an error the
    /// first part is unmapped, but must not be used again.
    pub fn unmap_now(&self, iova: u64, bytes: u64) -> core::result::Result<u64, Partial> {
        Partial::count(self.context(), |done| {
            // SAFETY: the handle is alive, and no gather is a fine one.
            unsafe { sys::iomm_domain_unmap(self.as_raw(), iova, bytes, ptr::null_mut(), done) }
        })
    }

    /// Looks one address up. `None` when it is not mapped.
    pub fn translate(&self, iova: u64) -> Result<Option<Translation>> {
        let ctx = self.context();
        let mut out = Translation::empty();
        let answer = ctx.call(|| {
            // SAFETY: the handle is alive, and the struct as large as it says.
            ctx.done(unsafe { sys::iomm_domain_translate(self.as_raw(), iova, &mut out) })
        });
        match answer {
            Ok(()) => Ok(Some(Translation::from_c(&out))),
            Err(error) if error.code() == Code::ENOENT => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Domain").finish_non_exhaustive()
    }
}

unsafe extern "C" fn call_handler<F: Fn(&Fault)>(data: *mut c_void, fault: *const sys::iomm_fault) {
    // SAFETY: the closure lives until it is released, after its last call;
    // the fault is valid during this one.
    let (handler, fault) = unsafe { (&*data.cast::<F>(), Fault::from_c(&*fault)) };
    callback(Hook::Plain, (), || handler(&fault));
}
