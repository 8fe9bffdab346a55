// SPDX-License-Identifier: MIT OR Apache-2.0
//! The driver of an IOMMU.

use iomm::{
    Code, DomainSetup, Error, FlushRange, IommuDriver, PageTableInfo, ProbeInfo, Slots, Soft,
    SoftContext, TableMemory, format,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// Drives the software IOMMU: programs its contexts, and invalidates what it
/// has cached.
pub struct SoftIommuDriver {
    pub hardware: Soft,
    /// Where the hardware finds tables.
    pub tables: TableMemory,
    /// When nobody asks for another.
    pub granule: u64,
    pub last_tag: AtomicU64,
}

/// What the IOTLB entries of a domain are tagged with.
pub struct Tag(u64);

impl IommuDriver for SoftIommuDriver {
    /// There is nothing to keep of a device.
    type Device = ();
    type Domain = Tag;

    /// A specifier of one cell is the ID; of none, the IOMMU knows but one.
    fn translate(&self, cells: &[u32]) -> iomm::Result<u64> {
        match *cells {
            [] => Ok(0),
            [id] => Ok(id.into()),
            _ => Err(Error::new(
                Code::EINVAL,
                "the software IOMMU takes specifiers of one cell",
            )),
        }
    }

    fn probe(&self, _: &ProbeInfo<'_>) -> iomm::Result<()> {
        Ok(())
    }

    fn domain_alloc(&self, setup: &mut DomainSetup) -> iomm::Result<Tag> {
        setup.format = format::ARM64_S1.into();
        if setup.granule == 0 {
            setup.granule = self.granule;
        }
        setup.memory = Some(self.tables.clone());
        // This process's memory is coherent with itself.
        setup.coherent = true;
        Ok(Tag(self.last_tag.fetch_add(1, Ordering::Relaxed) + 1))
    }

    fn attach_commit(&self, (): &(), domain: &Tag, table: &PageTableInfo, at: &Slots<'_>) {
        let context = SoftContext::new(format::ARM64_S1, domain.0, table);
        for &id in at.ids {
            self.hardware
                .set_context(id, &context)
                .expect("the hardware takes a table that was made for it");
        }
    }

    fn block(&self, (): &(), at: &Slots<'_>) {
        for &id in at.ids {
            self.hardware
                .clear_context(id)
                .expect("the hardware can block any ID");
        }
    }

    fn flush(&self, domain: &Tag, range: &FlushRange) -> iomm::Result<()> {
        self.hardware.invalidate(domain.0, range.iova, range.last)
    }

    fn flush_all(&self, domain: &Tag) -> iomm::Result<()> {
        self.hardware.invalidate_all(domain.0)
    }
}
