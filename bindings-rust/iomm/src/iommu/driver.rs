// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a driver of IOMMU hardware gives the library.

use crate::ctx::Context;
use crate::domain::DomainType;
use crate::error::{Code, Error, Result};
use crate::fwspec::Fwspec;
use crate::pgtable::PageTableInfo;
use crate::table_memory::TableMemory;
use crate::text;
use alloc::format;
use alloc::string::String;
use core::ffi::c_char;
use core::slice;
use iomm_sys as sys;

/// A driver of IOMMU hardware. Its callbacks run without library locks, from
/// any thread, several at once.
///
/// What may be refused is split: [`attach_prepare`](Self::attach_prepare) may
/// fail and has no effect, [`attach_commit`](Self::attach_commit) and
/// [`block`](Self::block) cannot fail.
///
/// Inside a callback nothing waits: a call that would answers
/// [`Code::EDEADLK`]. [`flush`](Self::flush) and
/// [`flush_all`](Self::flush_all) are atomic hooks, in which only
/// [`Soft::invalidate`] works and what reads names and numbers.
///
/// A callback that panics answers [`Code::EPROTO`] to the library, if it has an
/// answer, and the panic is resumed when the outermost call of this crate on its
/// thread returns. With no such call on the stack, in the atomic hooks, and in
/// [`attach_commit`](Self::attach_commit) and [`block`](Self::block), the
/// process aborts: what they left undone nobody can know.
///
/// [`Soft::invalidate`]: crate::Soft::invalidate
pub trait IommuDriver: Send + Sync + 'static {
    /// What the driver keeps of a device.
    type Device: Send + Sync + 'static;
    /// What the driver keeps of a domain.
    type Domain: Send + Sync + 'static;

    /// From a specifier's cells, in the host's order, to an ID.
    fn translate(&self, cells: &[u32]) -> Result<u64>;

    /// Devices to which this gives the same key cannot be told apart, and share
    /// a group, as those that share an ID do. `None`: there is no more to say of
    /// this one. Asked before [`probe`](Self::probe); has no effect.
    fn group(&self, info: &ProbeInfo<'_>) -> Result<Option<u64>> {
        let _ = info;
        Ok(None)
    }

    /// Takes a device on.
    fn probe(&self, info: &ProbeInfo<'_>) -> Result<Self::Device>;

    /// Lets a device go; its DMA is blocked, but for IDs that another device
    /// has too.
    fn release(&self, device: Self::Device) {
        drop(device);
    }

    /// What must be attached when nobody attaches anything?
    /// [`DomainType::ANY`] unless the device works with nothing else. Asked
    /// after [`probe`](Self::probe); has no effect.
    fn default_domain(&self, device: &Self::Device) -> Result<DomainType> {
        let _ = device;
        Ok(DomainType::ANY)
    }

    /// Makes a paging domain. `setup` says what the user wants; the driver
    /// corrects it to what the hardware can do.
    fn domain_alloc(&self, setup: &mut DomainSetup) -> Result<Self::Domain>;

    /// Frees a domain: nothing is attached, and the table's registers are of
    /// no use any more.
    fn domain_free(&self, domain: Self::Domain) {
        drop(domain);
    }

    /// Could the domain be attached to the device? Has no effect.
    fn attach_prepare(
        &self,
        device: &Self::Device,
        domain: &Self::Domain,
        table: &PageTableInfo,
        at: &Slots<'_>,
    ) -> Result<()> {
        let _ = (device, domain, table, at);
        Ok(())
    }

    /// Attaches; replaces in one step what was there. A domain that was there
    /// before may come again without another
    /// [`attach_prepare`](Self::attach_prepare).
    fn attach_commit(
        &self,
        device: &Self::Device,
        domain: &Self::Domain,
        table: &PageTableInfo,
        at: &Slots<'_>,
    );

    /// As [`attach_prepare`](Self::attach_prepare), for addresses that go
    /// through as they are. Asked of drivers whose instance can do that
    /// ([`IommuConfig::identity`](crate::IommuConfig::identity)).
    fn identity_prepare(&self, device: &Self::Device, at: &Slots<'_>) -> Result<()> {
        let _ = (device, at);
        Err(Error::new(
            Code::EOPNOTSUPP,
            "the driver does not let addresses through",
        ))
    }

    /// As [`attach_commit`](Self::attach_commit), for addresses that go through
    /// as they are. What [`identity_prepare`](Self::identity_prepare) refuses
    /// does not come.
    fn identity_commit(&self, device: &Self::Device, at: &Slots<'_>) {
        let _ = (device, at);
    }

    /// From now on no DMA there is translated. What is, is what was attached
    /// since [`probe`](Self::probe) and not blocked.
    fn block(&self, device: &Self::Device, at: &Slots<'_>);

    /// Invalidates a range of a domain, and returns when no walker uses the
    /// old translations or tables any more. An error means that this is not
    /// known, and nothing is reused. An atomic hook, which owes walkers what
    /// [`TlbOps`](crate::TlbOps) does.
    fn flush(&self, domain: &Self::Domain, range: &FlushRange) -> Result<()>;

    /// Invalidates the whole address space of a domain, tables included. An
    /// atomic hook.
    fn flush_all(&self, domain: &Self::Domain) -> Result<()>;
}

/// Address spaces of a device: where something is attached, or blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Slots<'a> {
    /// All of the device's IDs at the instance, or some: nothing changes for
    /// the others. At least one.
    pub ids: &'a [u64],
    /// 0: the address space of DMA without a PASID. Others only for instances
    /// that have PASIDs
    /// ([`IommuConfig::pasid_bits`](crate::IommuConfig::pasid_bits)).
    pub pasid: u32,
}

impl<'a> Slots<'a> {
    /// # Safety
    ///
    /// What `at` points to is valid during `'a`.
    pub(super) unsafe fn from_c(at: &'a sys::iomm_attach) -> Slots<'a> {
        Slots {
            // SAFETY: so many IDs, valid that long.
            ids: unsafe { array(at.ids, at.nr_ids) },
            pasid: at.pasid,
        }
    }
}

/// A device that a driver is to take on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProbeInfo<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its IDs at this instance: at least one.
    pub ids: &'a [u64],
    /// Does its DMA snoop the CPU's caches?
    pub coherent: bool,
    /// Width of its PASIDs; 0: it has none.
    pub pasid_bits: u32,
    /// Its NUMA node.
    pub numa_node: Option<u32>,
    /// Highest I/O address that it can emit.
    pub dma_mask: u64,
    /// All that firmware says of it, at other instances too.
    pub fwspec: Fwspec,
}

impl<'a> ProbeInfo<'a> {
    /// # Safety
    ///
    /// What `info` points to is valid during `'a`, and of the context `ctx`.
    pub(crate) unsafe fn from_c(info: &'a sys::iomm_probe_info, ctx: &Context) -> ProbeInfo<'a> {
        ProbeInfo {
            // SAFETY: a string that is valid that long.
            name: unsafe { text::borrow(info.name) },
            // SAFETY: so many IDs, valid that long.
            ids: unsafe { array(info.ids, info.nr_ids) },
            coherent: info.coherent != 0,
            pasid_bits: info.pasid_bits,
            numa_node: (info.flags & sys::IOMM_PROBE_NUMA_NODE != 0).then_some(info.numa_node),
            dma_mask: info.dma_mask,
            // SAFETY: it is alive, so a reference more can be taken, which is
            // then ours.
            fwspec: unsafe { Fwspec::from_raw(sys::iomm_fwspec_get(info.fwspec), ctx) },
        }
    }
}

/// # Safety
///
/// `first` points to `count` elements that are valid and unchanged during
/// `'a`; of none, it may be anything.
pub(crate) unsafe fn array<'a, T>(first: *const T, count: u32) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    // SAFETY: as the caller says.
    unsafe { slice::from_raw_parts(first, count as usize) }
}

/// What a driver is to invalidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlushRange {
    /// First address.
    pub iova: u64,
    /// Last address, inclusive.
    pub last: u64,
    /// Size of the leaves that mapped the range, bytes. Tables that were in it
    /// spanned no less: an invalidation for each `page_size` reaches all.
    pub page_size: u64,
    /// Tables went out of use too: walk caches are to go. No leaf-only
    /// invalidation, then, nor a hint at which level the leaves are.
    pub tables: bool,
}

impl FlushRange {
    pub(crate) fn from_c(iova: u64, last: u64, page_size: u64, flags: u32) -> FlushRange {
        FlushRange {
            iova,
            last,
            page_size,
            tables: flags & sys::IOMM_TLB_TABLES != 0,
        }
    }
}

/// A paging domain that a driver is to make: as the user wants it at first,
/// as the hardware can do it in the end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DomainSetup {
    /// The table's format: as the user wants it, or empty.
    pub format: String,
    /// Table granule, bytes; 0: no wish, or the format's smallest.
    pub granule: u64,
    /// Leaf sizes, a bit for each; 0: all.
    pub page_sizes: u64,
    /// Input address width, bits; 0: no wish, or the widest.
    pub ias: u32,
    /// Output address width, bits; 0: no wish, or the widest.
    pub oas: u32,
    /// Do table walks snoop the CPU's caches?
    pub coherent: bool,
    /// Highest address, inclusive, that the walker can fetch a table from.
    pub max_table_pa: Option<u64>,
    /// Where the tables lie. Without it: in the platform's memory, where a
    /// table's address is its pointer.
    pub memory: Option<TableMemory>,
    /// The NUMA node near which tables should lie, without `memory`: the
    /// device's at first, if that is known.
    pub numa_node: Option<u32>,
}

const FLAGS: u32 =
    sys::IOMM_PGTABLE_COHERENT | sys::IOMM_PGTABLE_MAX_TABLE_PA | sys::IOMM_PGTABLE_NUMA_NODE;

impl DomainSetup {
    /// # Safety
    ///
    /// A provider in `c` is alive, and of the context `ctx`.
    pub(crate) unsafe fn from_c(c: &sys::iomm_domain_setup, ctx: &Context) -> DomainSetup {
        let format: alloc::vec::Vec<u8> = c
            .format
            .iter()
            .map(|byte| *byte as u8)
            .take_while(|byte| *byte != 0)
            .collect();
        DomainSetup {
            format: String::from_utf8_lossy(&format).into_owned(),
            granule: c.granule,
            page_sizes: c.page_sizes,
            ias: c.ias,
            oas: c.oas,
            coherent: c.flags & sys::IOMM_PGTABLE_COHERENT != 0,
            max_table_pa: (c.flags & sys::IOMM_PGTABLE_MAX_TABLE_PA != 0).then_some(c.max_table_pa),
            memory: (!c.memory.is_null()).then(|| {
                // SAFETY: the provider is alive, so a reference more can be
                // taken, which is then ours.
                unsafe { TableMemory::from_raw(sys::iomm_table_memory_get(c.memory), ctx) }
            }),
            numa_node: (c.flags & sys::IOMM_PGTABLE_NUMA_NODE != 0).then_some(c.numa_node),
        }
    }

    /// Tells C what the driver made of it. The provider must live until C has
    /// taken a reference of its own.
    pub(crate) fn write(&self, c: &mut sys::iomm_domain_setup, ctx: &Context) -> Result<()> {
        let name = self.format.as_bytes();
        if name.len() >= c.format.len() || name.contains(&0) {
            return Err(Error::new(
                Code::EINVAL,
                format!("{:?} is no name of a format", self.format),
            ));
        }
        if let Some(memory) = &self.memory {
            ctx.same(memory.context(), "table memory")?;
        }
        c.format = [0; sys::IOMM_FORMAT_NAME_MAX as usize];
        for (to, from) in c.format.iter_mut().zip(name) {
            *to = *from as c_char;
        }
        c.flags &= !FLAGS;
        if self.coherent {
            c.flags |= sys::IOMM_PGTABLE_COHERENT;
        }
        if self.max_table_pa.is_some() {
            c.flags |= sys::IOMM_PGTABLE_MAX_TABLE_PA;
        }
        if self.numa_node.is_some() {
            c.flags |= sys::IOMM_PGTABLE_NUMA_NODE;
        }
        c.numa_node = self.numa_node.unwrap_or(0);
        c.granule = self.granule;
        c.page_sizes = self.page_sizes;
        c.ias = self.ias;
        c.oas = self.oas;
        c.max_table_pa = self.max_table_pa.unwrap_or(0);
        c.memory = self
            .memory
            .as_ref()
            .map_or(core::ptr::null_mut(), TableMemory::as_raw);
        Ok(())
    }
}
