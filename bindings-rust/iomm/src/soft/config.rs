// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the software IOMMU is told, and what it answers.

use crate::error::Error;
use crate::firmware::Node;
use crate::iommu::Fault;
use crate::pgtable::PageTableInfo;
use crate::table_memory::TableMemory;
use core::fmt;
use iomm_sys as sys;

/// How the hardware is made.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct SoftConfig {
    pub(super) iotlb_entries: u32,
}

impl SoftConfig {
    /// The defaults.
    pub fn new() -> SoftConfig {
        SoftConfig::default()
    }

    /// Entries of the IOTLB, a power of two up to 65536.
    pub fn iotlb_entries(mut self, entries: u32) -> SoftConfig {
        self.iotlb_entries = entries;
        self
    }
}

/// Whose DMA it is: a device's ID, and one of its address spaces. An ID alone,
/// or `(id, pasid)`, will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DmaSource {
    /// The device's ID.
    pub id: u64,
    /// 0: the address space of DMA without a PASID.
    pub pasid: u32,
}

impl From<u64> for DmaSource {
    fn from(id: u64) -> DmaSource {
        DmaSource { id, pasid: 0 }
    }
}

impl From<(u64, u32)> for DmaSource {
    fn from((id, pasid): (u64, u32)) -> DmaSource {
        DmaSource { id, pasid }
    }
}

/// What the hardware is told of a device's address space: which tables, in
/// which format.
#[derive(Clone, Copy, Debug)]
pub struct SoftContext<'a> {
    /// Format of the tables; `None`: addresses go through as they are.
    pub format: Option<&'a str>,
    /// What IOTLB entries are tagged with (an ASID). Contexts with the same
    /// tag must have the same registers.
    pub tag: u64,
    /// As [`PageTableInfo::regs`].
    pub regs: [u64; sys::IOMM_PGTABLE_REGS as usize],
}

impl<'a> SoftContext<'a> {
    /// The context for a table.
    pub fn new(format: &'a str, tag: u64, table: &PageTableInfo) -> SoftContext<'a> {
        SoftContext {
            format: Some(format),
            tag,
            regs: table.regs,
        }
    }

    /// Without tables: addresses go through as they are.
    pub fn identity() -> SoftContext<'a> {
        SoftContext {
            format: None,
            tag: 0,
            regs: Default::default(),
        }
    }
}

/// Counters since creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftStats {
    /// Translations found in the IOTLB.
    pub iotlb_hits: u64,
    /// Translations that walked.
    pub iotlb_misses: u64,
    /// Invalidation commands.
    pub invalidations: u64,
    /// Accesses that were refused.
    pub faults: u64,
}

/// How the built-in driver is registered.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct SoftDriver<'a> {
    pub(super) node: Node,
    pub(super) name: &'a str,
    pub(super) format: Option<&'a str>,
    pub(super) granule: u64,
    pub(super) ias: u32,
    pub(super) oas: u32,
    pub(super) memory: Option<&'a TableMemory>,
    pub(super) pasid_bits: u32,
}

impl<'a> SoftDriver<'a> {
    /// It stands for the IOMMU at `node`.
    pub fn new(node: Node, name: &'a str) -> SoftDriver<'a> {
        SoftDriver {
            node,
            name,
            format: None,
            granule: 0,
            ias: 0,
            oas: 0,
            memory: None,
            pasid_bits: 0,
        }
    }

    /// The format of its tables, instead of arm64-s1.
    pub fn format(mut self, format: &'a str) -> SoftDriver<'a> {
        self.format = Some(format);
        self
    }

    /// The granule of a domain that has no wish, bytes.
    pub fn granule(mut self, bytes: u64) -> SoftDriver<'a> {
        self.granule = bytes;
        self
    }

    /// Widest input address, bits.
    pub fn ias(mut self, bits: u32) -> SoftDriver<'a> {
        self.ias = bits;
        self
    }

    /// Widest output address, bits.
    pub fn oas(mut self, bits: u32) -> SoftDriver<'a> {
        self.oas = bits;
        self
    }

    /// Where its domains' tables lie, so that the hardware finds them.
    /// Required, but for an [identity](crate::Soft::create_identity) IOMMU.
    pub fn memory(mut self, memory: &'a TableMemory) -> SoftDriver<'a> {
        self.memory = Some(memory);
        self
    }

    /// Width of the PASIDs that it tells apart, up to 20 bits, which it is
    /// otherwise.
    pub fn pasid_bits(mut self, bits: u32) -> SoftDriver<'a> {
        self.pasid_bits = bits;
        self
    }
}

/// A device's access that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DmaError {
    /// Why it failed.
    pub error: Error,
    /// When it was not translated: what happened.
    pub fault: Option<Fault>,
}

impl From<Error> for DmaError {
    fn from(error: Error) -> DmaError {
        DmaError { error, fault: None }
    }
}

impl From<DmaError> for Error {
    fn from(dma: DmaError) -> Error {
        dma.error
    }
}

impl fmt::Display for DmaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for DmaError {}
