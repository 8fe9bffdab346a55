// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is wanted of a table, and of a mapping.

use crate::error::{Code, Error, Result};
use crate::table_memory::TableMemory;
use crate::text;
use alloc::format;
use core::ptr;
use iomm_sys as sys;

/// What is wanted of a table. The default is the format's own.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct PageTableConfig<'a> {
    flags: u32,
    granule: u64,
    page_sizes: u64,
    ias: u32,
    oas: u32,
    max_table_pa: u64,
    memory: Option<&'a TableMemory>,
    root_pa: u64,
    numa_node: u32,
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

    /// Leaf sizes that may be used, a bit for each; sizes of contiguous runs
    /// among them.
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
    pub fn coherent(self, coherent: bool) -> PageTableConfig<'a> {
        self.flag(sys::IOMM_PGTABLE_COHERENT, coherent)
    }

    /// The upper half of the address space: the last addresses, up to
    /// 2^64 - 1. Arm stage 1: walked from TTBR1.
    pub fn upper(self, upper: bool) -> PageTableConfig<'a> {
        self.flag(sys::IOMM_PGTABLE_UPPER, upper)
    }

    /// Walkers track in the tables what was written to, for
    /// [`TableGather::read_and_clear_dirty`]. Needs
    /// [`coherent`](Self::coherent).
    ///
    /// [`TableGather::read_and_clear_dirty`]: crate::TableGather::read_and_clear_dirty
    pub fn dirty(self, dirty: bool) -> PageTableConfig<'a> {
        self.flag(sys::IOMM_PGTABLE_DIRTY, dirty)
    }

    /// Walkers tolerate that a leaf, or a contiguous run, is replaced in place
    /// by leaves of another size.
    pub fn hitless(self, hitless: bool) -> PageTableConfig<'a> {
        self.flag(sys::IOMM_PGTABLE_HITLESS, hitless)
    }

    /// Arm stage 1, walked in Secure state: leaves point to Non-secure memory.
    pub fn non_secure(self, non_secure: bool) -> PageTableConfig<'a> {
        self.flag(sys::IOMM_PGTABLE_NS, non_secure)
    }

    /// Arm stage 2: memory types as FEAT_S2FWB encodes them.
    pub fn s2fwb(self, s2fwb: bool) -> PageTableConfig<'a> {
        self.flag(sys::IOMM_PGTABLE_S2FWB, s2fwb)
    }

    /// Highest address, inclusive, that the walker can fetch a table from.
    pub fn max_table_pa(mut self, pa: u64) -> PageTableConfig<'a> {
        self.max_table_pa = pa;
        self.flag(sys::IOMM_PGTABLE_MAX_TABLE_PA, true)
    }

    /// The NUMA node near which tables should lie, if they are in the
    /// platform's memory.
    pub fn numa_node(mut self, node: u32) -> PageTableConfig<'a> {
        self.numa_node = node;
        self.flag(sys::IOMM_PGTABLE_NUMA_NODE, true)
    }

    /// Where the tables lie, instead of the platform's memory.
    pub fn memory(mut self, memory: &'a TableMemory) -> PageTableConfig<'a> {
        self.memory = Some(memory);
        self
    }

    /// Works on tables that are there already, the first of them at `root_pa`
    /// in the walker's view. They are found through the
    /// [`memory`](Self::memory), which must be given (its
    /// [`to_virt`](crate::TableMemoryProvider::to_virt)), and never freed.
    ///
    /// # Safety
    ///
    /// At most one table is made with this config. From then on until it has
    /// been destroyed, every table that can be reached from `root_pa` is
    /// memory which is valid for reads and writes where the provider says that
    /// it is, and which nobody else in this process reads or writes, save as
    /// walkers do.
    pub unsafe fn adopt(mut self, root_pa: u64) -> PageTableConfig<'a> {
        self.root_pa = root_pa;
        self.flag(sys::IOMM_PGTABLE_ADOPT, true)
    }

    fn flag(mut self, flag: u32, on: bool) -> PageTableConfig<'a> {
        self.flags = if on {
            self.flags | flag
        } else {
            self.flags & !flag
        };
        self
    }

    pub(super) fn provider(&self) -> Option<&'a TableMemory> {
        self.memory
    }

    pub(super) fn to_c(self, kind: Kind) -> sys::iomm_pgtable_config {
        let kind = match kind {
            Kind::Exclusive => 0,
            Kind::Shared => sys::IOMM_PGTABLE_SHARED,
        };
        sys::iomm_pgtable_config {
            size: text::size_of::<sys::iomm_pgtable_config>(),
            flags: self.flags | kind,
            granule: self.granule,
            page_sizes: self.page_sizes,
            ias: self.ias,
            oas: self.oas,
            max_table_pa: self.max_table_pa,
            memory: self.memory.map_or(ptr::null_mut(), TableMemory::as_raw),
            root_pa: self.root_pa,
            numa_node: self.numa_node,
            reserved: 0,
        }
    }
}

/// Who serialises the calls on a table.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Its owner.
    Exclusive,
    /// The library.
    Shared,
}

/// How memory is mapped. The default: one range after the other, with the
/// largest leaves that fit.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct MapOptions {
    repeat: bool,
    page_size: Option<u64>,
}

impl MapOptions {
    /// The default.
    pub fn new() -> MapOptions {
        MapOptions::default()
    }

    /// Maps the one page at the output address over and over, all through the
    /// range.
    pub fn repeat(mut self, repeat: bool) -> MapOptions {
        self.repeat = repeat;
        self
    }

    /// Leaves of exactly so many bytes, one of the table's page sizes.
    pub fn page_size(mut self, bytes: u64) -> MapOptions {
        self.page_size = Some(bytes);
        self
    }

    pub(super) fn to_c(self) -> Result<u32> {
        let repeat = if self.repeat { sys::IOMM_MAP_REPEAT } else { 0 };
        let page = match self.page_size {
            None => 0,
            // A page of one byte has no encoding either.
            Some(bytes) if bytes > 1 && bytes.is_power_of_two() => bytes.trailing_zeros() << 8,
            Some(bytes) => {
                return Err(Error::new(
                    Code::EINVAL,
                    format!("no table has pages of {bytes:#x} bytes"),
                ));
            }
        };
        Ok(repeat | page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_size_is_a_shift() {
        let flags = |bytes| MapOptions::new().page_size(bytes).to_c();
        assert_eq!(MapOptions::new().to_c(), Ok(0));
        assert_eq!(MapOptions::new().repeat(true).to_c(), Ok(1));
        assert_eq!(flags(4096), Ok(12 << 8));
        assert_eq!(flags(1 << 63), Ok(63 << 8));
        for bytes in [0, 1, 3, 4097] {
            assert_eq!(flags(bytes).unwrap_err().code(), Code::EINVAL, "{bytes}");
        }
        for shift in 1..64 {
            let page = flags(1 << shift).unwrap();
            assert_eq!(page & !sys::IOMM_MAP_PAGE_MASK, 0);
        }
    }

    #[test]
    fn a_flag_can_be_taken_back() {
        let config = PageTableConfig::new().upper(true).dirty(true).upper(false);
        let flags = |kind| config.to_c(kind).flags;
        assert_eq!(flags(Kind::Exclusive), sys::IOMM_PGTABLE_DIRTY);
        assert_eq!(
            flags(Kind::Shared),
            sys::IOMM_PGTABLE_DIRTY | sys::IOMM_PGTABLE_SHARED
        );
    }
}
