// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a table has to say.

use crate::ctx::Context;
use crate::error::Error;
use crate::handle::numbers;
use crate::prot::Prot;
use crate::text;
use core::ffi::c_int;
use core::fmt;
use iomm_sys as sys;

/// What a table was granted, and what hardware must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageTableInfo {
    /// Walks snoop the CPU's caches.
    pub coherent: bool,
    /// Calls from several threads at once are safe.
    pub shared: bool,
    /// It spans the upper half of the address space.
    pub upper: bool,
    /// Walkers track what was written to.
    pub dirty: bool,
    /// Walkers tolerate that leaves are replaced by leaves of another size.
    pub hitless: bool,
    /// Walked in Secure state: leaves point to Non-secure memory.
    pub non_secure: bool,
    /// Memory types are encoded as with FEAT_S2FWB.
    pub s2fwb: bool,
    /// It works on tables that were there already.
    pub adopted: bool,
    /// Table granule, bytes.
    pub granule: u64,
    /// Leaf sizes in use, a bit for each.
    pub page_sizes: u64,
    /// Input address width, bits.
    pub ias: u32,
    /// Output address width, bits.
    pub oas: u32,
    /// First address that can be mapped.
    pub first_iova: u64,
    /// Last address that can be mapped, inclusive.
    pub last_iova: u64,
    /// First table, in the walker's view.
    pub root_pa: u64,
    /// Tables in use now, the first included.
    pub tables: u64,
    /// Their memory, bytes.
    pub table_bytes: u64,
    /// Tables that are kept back since a flush failed.
    pub quarantined: u64,
    /// Tables that are kept for the next need; `trim` gives them back.
    pub spare: u64,
    /// Of [`tables`](Self::tables): adopted, and never freed.
    pub foreign: u64,
    /// Register values, by format: of arm64-s1 [`TTBR0`](Self::TTBR0),
    /// [`TCR`](Self::TCR) and [`MAIR`](Self::MAIR), of arm64-s2
    /// [`VTTBR`](Self::VTTBR), [`VTCR`](Self::VTCR) and
    /// [`HCR`](Self::HCR).
    pub regs: [u64; sys::IOMM_PGTABLE_REGS as usize],
}

impl PageTableInfo {
    /// Index of an arm64-s1 table's TTBR0_EL1 in [`regs`](Self::regs); of one
    /// for the upper half, TTBR1_EL1.
    pub const TTBR0: usize = sys::IOMM_ARM64_S1_TTBR0 as usize;
    /// Index of an arm64-s1 table's TCR_EL1.
    pub const TCR: usize = sys::IOMM_ARM64_S1_TCR as usize;
    /// Index of an arm64-s1 table's MAIR_EL1.
    pub const MAIR: usize = sys::IOMM_ARM64_S1_MAIR as usize;
    /// Index of an arm64-s2 table's VTTBR_EL2.
    pub const VTTBR: usize = sys::IOMM_ARM64_S2_VTTBR as usize;
    /// Index of an arm64-s2 table's VTCR_EL2.
    pub const VTCR: usize = sys::IOMM_ARM64_S2_VTCR as usize;
    /// Index of what an arm64-s2 table wants of HCR_EL2: FWB, or nothing.
    pub const HCR: usize = sys::IOMM_ARM64_S2_HCR as usize;

    /// A struct for C to fill.
    pub(crate) fn empty() -> sys::iomm_pgtable_info {
        sys::iomm_pgtable_info {
            size: text::size_of::<sys::iomm_pgtable_info>(),
            ..Default::default()
        }
    }

    pub(crate) fn from_c(info: &sys::iomm_pgtable_info) -> PageTableInfo {
        let flag = |flag| info.flags & flag != 0;
        PageTableInfo {
            coherent: flag(sys::IOMM_PGTABLE_COHERENT),
            shared: flag(sys::IOMM_PGTABLE_SHARED),
            upper: flag(sys::IOMM_PGTABLE_UPPER),
            dirty: flag(sys::IOMM_PGTABLE_DIRTY),
            hitless: flag(sys::IOMM_PGTABLE_HITLESS),
            non_secure: flag(sys::IOMM_PGTABLE_NS),
            s2fwb: flag(sys::IOMM_PGTABLE_S2FWB),
            adopted: flag(sys::IOMM_PGTABLE_ADOPT),
            granule: info.granule,
            page_sizes: info.page_sizes,
            ias: info.ias,
            oas: info.oas,
            first_iova: info.first_iova,
            last_iova: info.last_iova,
            root_pa: info.root_pa,
            tables: info.tables,
            table_bytes: info.table_bytes,
            quarantined: info.quarantined,
            spare: info.spare,
            foreign: info.foreign,
            regs: info.regs,
        }
    }
}

/// The answer of a translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Translation {
    /// Output address of exactly the address that was asked for.
    pub paddr: u64,
    /// Size of the leaf that maps it, or of the contiguous run that the leaf is
    /// part of; bytes.
    pub page_size: u64,
    /// What the mapping allows.
    pub prot: Prot,
}

impl Translation {
    /// A struct for C to fill.
    pub(crate) fn empty() -> sys::iomm_translation {
        sys::iomm_translation {
            size: text::size_of::<sys::iomm_translation>(),
            ..Default::default()
        }
    }

    pub(crate) fn from_c(found: &sys::iomm_translation) -> Translation {
        Translation {
            paddr: found.paddr,
            page_size: found.page_size,
            prot: Prot::from_bits_retain(found.prot),
        }
    }
}

numbers! {
    /// What an entry of a table is.
    WalkKind {
        /// It links a table.
        TABLE = IOMM_WALK_TABLE, "table";
        /// It maps memory.
        LEAF = IOMM_WALK_LEAF, "leaf";
        /// A leaf that is part of a contiguous run.
        RUN = IOMM_WALK_RUN, "leaf of a run";
    }
}

/// One entry of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WalkEntry {
    /// What it is.
    pub kind: WalkKind,
    /// Its level, as the architecture counts; arm64: from -1 on.
    pub level: i32,
    /// Of a leaf: what it allows.
    pub prot: Prot,
    /// First address that it covers.
    pub iova: u64,
    /// How much it covers, bytes.
    pub bytes: u64,
    /// Of a leaf the output address, else the table's address.
    pub paddr: u64,
    /// The descriptor itself.
    pub raw: u64,
}

impl WalkEntry {
    pub(crate) fn from_c(entry: &sys::iomm_walk_entry) -> WalkEntry {
        WalkEntry {
            kind: WalkKind::from_raw(entry.kind),
            level: entry.level,
            prot: Prot::from_bits_retain(entry.prot),
            iova: entry.iova,
            bytes: entry.bytes,
            paddr: entry.paddr,
            raw: entry.raw,
        }
    }
}

/// A map, an unmap or the like that stopped on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Why it stopped.
    pub error: Error,
    /// How many bytes had been mapped, or unmapped, by then.
    pub done: u64,
}

impl Partial {
    /// A call down into C, which counts what it has done. Answers the count.
    pub(crate) fn count(
        ctx: &Context,
        call: impl FnOnce(&mut u64) -> c_int,
    ) -> core::result::Result<u64, Partial> {
        let mut done = 0;
        match ctx.call(|| ctx.done(call(&mut done))) {
            Ok(()) => Ok(done),
            Err(error) => Err(Partial { error, done }),
        }
    }
}

impl From<Error> for Partial {
    /// An error before anything was done.
    fn from(error: Error) -> Partial {
        Partial { error, done: 0 }
    }
}

impl From<Partial> for Error {
    fn from(partial: Partial) -> Error {
        partial.error
    }
}

impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (after {:#x} bytes)", self.error, self.done)
    }
}

impl core::error::Error for Partial {}
