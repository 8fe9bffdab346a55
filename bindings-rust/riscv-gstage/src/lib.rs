// SPDX-License-Identifier: MIT OR Apache-2.0
//! "riscv-sv39x4" and "riscv-sv48x4": G-stage page tables of RISC-V, as its
//! harts and its IOMMU walk them, as a plugin for libiomm.
//!
//! The RISC-V Instruction Set Manual, Volume II: "Supervisor-Level ISA", Sv39
//! and Sv48, for the entries; "Hypervisor Extension", "Two-Stage Address
//! Translation", for the four tables side by side that are the first one, and
//! for `hgatp`, as which the IOMMU's `iohgatp` is laid out.
use iomm::plugin::Formats;
use iomm::{Code, Codec, Dirty, Error, Kind, Layout, Prot, Registers, Result, Start, TableFlags};

const VALID: u64 = 1 << 0;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 2;
const EXEC: u64 = 1 << 3;
/// Accesses of the G stage are those of a user.
const USER: u64 = 1 << 4;
const ACCESSED: u64 = 1 << 6;
const DIRTY: u64 = 1 << 7;
const RIGHTS: u64 = READ | WRITE | EXEC;
/// The page number, bits 53 to 10, of addresses of 56 bits.
const NUMBER: u64 = ((1 << 44) - 1) << 10;
const PAGE_SHIFT: u32 = 12;
const ADDRESS_BITS: u32 = 56;

/// `hgatp`: the mode, and the first table's page number.
const MODE_SHIFT: u32 = 60;
const ROOT: u64 = (1 << 44) - 1;

/// One mode of `hgatp`.
#[derive(Clone, Copy, Debug)]
pub struct GStage {
    levels: u32,
    mode: u64,
}

/// Three levels: 41 bits.
pub const SV39X4: GStage = GStage { levels: 3, mode: 8 };
/// Four levels: 50 bits.
pub const SV48X4: GStage = GStage { levels: 4, mode: 9 };

impl GStage {
    /// Guest physical addresses: two bits more than the tables of one stage.
    fn width(self) -> u32 {
        PAGE_SHIFT + 9 * self.levels + 2
    }
}

fn address(desc: u64) -> u64 {
    (desc & NUMBER) << 2
}

impl Codec for GStage {
    fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        layout.page_shift = PAGE_SHIFT;
        layout.levels = self.levels;
        layout.concat = 2;
        layout.min_root = 4 * 4096;
        // Walkers resolve all bits of the mode.
        layout.min_ias = self.width();
        layout.max_ias = self.width();
        layout.ias = self.width();
        layout.max_oas = ADDRESS_BITS;
        layout.oas = ADDRESS_BITS;
        layout.leaf_levels = (1 << self.levels) - 1;
        layout.nr_regs = 1;
        layout.valid = VALID;
        layout.attrs = !(NUMBER | VALID);
        layout.accessed = ACCESSED;
        layout.dirty = Some(Dirty {
            mask: WRITE | DIRTY,
            value: WRITE | DIRTY,
            bit: DIRTY,
        });
        layout.page_step = 1 << 10;
        layout.prot = Prot::READ | Prot::WRITE | Prot::EXEC;
        layout.table_flags = TableFlags::DIRTY;
        layout
    }

    fn leaf(&self, pa: u64, attrs: u64, _level: u32) -> u64 {
        pa >> 2 | attrs | VALID
    }

    fn link(&self, pa: u64, _flags: TableFlags) -> u64 {
        pa >> 2 | VALID
    }

    fn kind(&self, desc: u64, _level: u32) -> Kind {
        match desc & RIGHTS {
            0 => Kind::Link,
            // Writing without reading is reserved.
            WRITE => Kind::None,
            rights if rights == WRITE | EXEC => Kind::None,
            _ => Kind::Leaf,
        }
    }

    fn leaf_address(&self, desc: u64, _level: u32) -> u64 {
        address(desc)
    }

    fn link_address(&self, desc: u64) -> u64 {
        address(desc)
    }

    /// Without hardware that notes writes, a leaf that may be written to says
    /// that it was, since the walker would fault else.
    fn encode(&self, prot: Prot, flags: TableFlags) -> Option<u64> {
        if !prot.contains(Prot::READ) {
            return None;
        }
        let mut attrs = READ | USER | ACCESSED;
        if prot.contains(Prot::WRITE) {
            attrs |= WRITE;
            if !flags.contains(TableFlags::DIRTY) {
                attrs |= DIRTY;
            }
        }
        if prot.contains(Prot::EXEC) {
            attrs |= EXEC;
        }
        Some(attrs)
    }

    fn decode(&self, desc: u64, _regs: &Registers, _restricts: u64) -> Prot {
        let mut prot = Prot::empty();
        prot.set(Prot::READ, desc & READ != 0);
        prot.set(Prot::WRITE, desc & WRITE != 0);
        prot.set(Prot::EXEC, desc & EXEC != 0);
        prot
    }

    fn registers(&self, start: &Start) -> Registers {
        let mut regs = Registers::default();
        regs[0] = self.mode << MODE_SHIFT | start.root >> PAGE_SHIFT;
        regs
    }

    fn start(&self, regs: &Registers) -> Option<Start> {
        if regs[0] >> MODE_SHIFT != self.mode {
            return None;
        }
        let mut start = Start::default();
        start.ias = self.width();
        start.oas = ADDRESS_BITS;
        start.root = (regs[0] & ROOT) << PAGE_SHIFT;
        Some(start)
    }

    /// By hand: a page at 0x8040_3000 to be read and written.
    fn self_test(&self) -> Result<()> {
        let attrs = self.encode(Prot::READ | Prot::WRITE, TableFlags::empty());
        match attrs.map(|attrs| self.leaf(0x8040_3000, attrs, self.levels - 1)) {
            Some(0x2010_0cd7) => Ok(()),
            other => Err(Error::new(
                Code::EIO,
                format!("a leaf came out as {other:x?}"),
            )),
        }
    }
}

fn init(formats: &mut Formats<'_>) -> Result<()> {
    formats.add("riscv-sv39x4", SV39X4)?;
    formats.add("riscv-sv48x4", SV48X4)
}

iomm::plugin!(init);
