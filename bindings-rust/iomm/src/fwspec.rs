// SPDX-License-Identifier: MIT OR Apache-2.0
//! What firmware says about one device.

use crate::error::{Code, Error, Result};
use crate::firmware::{Firmware, Node};
use crate::handle::{handle, numbers};
use crate::prot::Prot;
use crate::text;
use alloc::string::String;
use bitflags::bitflags;
use core::ffi::c_int;
use core::fmt;
use core::ops::RangeInclusive;
use core::ptr;
use iomm_sys as sys;

bitflags! {
    /// What holds for the device as a whole.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FwspecFlags: u32 {
        /// DMA snoops the CPU's caches.
        const COHERENT = sys::IOMM_FWSPEC_COHERENT;
        /// The host bridge passes ATS on: devices may keep translations.
        const ATS = sys::IOMM_FWSPEC_ATS;
        /// The host bridge passes page requests (PRI) on.
        const PRI = sys::IOMM_FWSPEC_PRI;
        /// The device lets an access wait for as long as a fault is handled.
        const STALL = sys::IOMM_FWSPEC_STALL;
    }
}

/// Where in firmware something is said: [`Firmware::place`] has it as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u64);

impl Place {
    /// A place by its number.
    pub const fn from_raw(raw: u64) -> Place {
        Place(raw)
    }

    /// The number.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// One IOMMU behind which a device stands, and what it is called there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Specifier {
    /// The IOMMU's node.
    pub iommu: Node,
    /// Where that is said.
    pub place: Place,
    cells: [u32; sys::IOMM_SPECIFIER_CELLS as usize],
    nr_cells: usize,
}

impl Specifier {
    /// The specifier, as the IOMMU defines it.
    pub fn cells(&self) -> &[u32] {
        &self.cells[..self.nr_cells]
    }
}

numbers! {
    /// What a reserved region is for.
    RegionKind {
        /// Must stay mapped, each address to itself: the device uses it all
        /// the time.
        DIRECT = IOMM_REGION_DIRECT, "direct";
        /// As `DIRECT` until the device's driver has taken over.
        DIRECT_RELAXABLE = IOMM_REGION_DIRECT_RELAXABLE, "direct, for now";
        /// Not for mappings.
        RESERVED = IOMM_REGION_RESERVED, "reserved";
        /// Writes there are interrupts and are not translated: not for
        /// mappings.
        MSI = IOMM_REGION_MSI, "MSI";
        /// The doorbell of the device's interrupts, which is translated as any
        /// address is, and so has to be mapped, anywhere.
        SOFTWARE_MSI = IOMM_REGION_SOFTWARE_MSI, "doorbell";
    }
}

/// A range of a device's I/O space that firmware has a say in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReservedRegion {
    /// What it is for.
    pub kind: RegionKind,
    /// First address in I/O space.
    pub first: u64,
    /// Last one, inclusive.
    pub last: u64,
    /// Where `first` is in memory: of what firmware has mapped, and of
    /// doorbells.
    pub paddr: Option<u64>,
    /// What it needs; nothing: not to be mapped.
    pub prot: Prot,
    /// Where that is said.
    pub place: Place,
}

impl ReservedRegion {
    pub(crate) fn from_c(r: &sys::iomm_reserved_region) -> ReservedRegion {
        let kind = RegionKind::from_raw(r.kind);
        let mapped = r.flags & sys::IOMM_REGION_MAPPED != 0;
        ReservedRegion {
            kind,
            first: r.first,
            last: r.last,
            paddr: (mapped || kind == RegionKind::SOFTWARE_MSI).then_some(r.paddr),
            prot: Prot::from_bits_retain(r.prot),
            place: Place(r.place),
        }
    }
}

/// A window through which the device's bus lets DMA pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DmaRange {
    /// First address that the device sends.
    pub first: u64,
    /// Last one, inclusive.
    pub last: u64,
    /// Where `first` comes out, if it is not translated.
    pub paddr: u64,
    /// Where that is said.
    pub place: Place,
}

/// What is said of a device as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceLimits {
    /// What holds for it.
    pub flags: FwspecFlags,
    /// Width of its PASIDs; 0 when it has none.
    pub pasid_bits: u32,
    /// Width of its addresses, if that is said.
    pub address_bits: Option<u32>,
    /// The NUMA node that it is near to.
    pub numa_node: Option<u32>,
    /// All addresses that some window lets pass lie within; `None`: no limits.
    pub dma: Option<RangeInclusive<u64>>,
}

handle! {
    /// What firmware says about one device: [`Firmware::lookup`]. It never
    /// changes.
    ///
    /// ```
    /// use iomm::{Context, StaticFirmware, StaticNode};
    ///
    /// let ctx = Context::new()?;
    /// let mut machine = StaticFirmware::new();
    /// let smmu = machine.node(StaticNode::iommu("smmu", 1));
    /// let gpu = machine.node(StaticNode::device("gpu"));
    /// machine.map(gpu, smmu, &[0x10]);
    ///
    /// let firmware = machine.build(&ctx)?;
    /// let spec = firmware.lookup(firmware.find("gpu")?, &[])?;
    /// for specifier in spec.iommus() {
    ///     assert_eq!(specifier.cells(), [0x10]);
    ///     assert_eq!(firmware.path(specifier.iommu)?, "smmu");
    ///     assert_eq!(firmware.place(specifier.place)?, "static table: maps[0]");
    /// }
    /// # Ok::<(), iomm::Error>(())
    /// ```
    Fwspec, iomm_fwspec, iomm_fwspec_get, iomm_fwspec_put
}

impl Firmware {
    /// What is said about a device: the node itself or, with `inputs`, what is
    /// behind the bridge at the node and sends its DMA under these IDs.
    ///
    /// [`Code::ENODEV`]: no IOMMU is described for it or for one of the IDs, or
    /// it is disabled. [`Code::EINVAL`]: malformed; the sentence says where.
    pub fn lookup(&self, node: Node, inputs: &[u64]) -> Result<Fwspec> {
        let count = u32::try_from(inputs.len())
            .map_err(|_| Error::new(Code::EINVAL, "over 32 bits of input IDs"))?;
        let inputs = if inputs.is_empty() {
            ptr::null()
        } else {
            inputs.as_ptr()
        };
        self.context().call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the handle is alive, and the IDs are there during the
            // call.
            self.context().done(unsafe {
                sys::iomm_firmware_lookup(self.as_raw(), node.raw(), inputs, count, &mut raw)
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Fwspec::from_raw(raw, self.context()) })
        })
    }

    /// A place as text: `/soc/gpu@1000: iommus[0]`.
    pub fn place(&self, place: Place) -> Result<String> {
        self.context().call(|| {
            text::read(self.context(), |buf, len| {
                // SAFETY: the handle is alive, and the buffer that long.
                unsafe { sys::iomm_firmware_place(self.as_raw(), place.0, buf, len) }
            })
        })
    }
}

impl Fwspec {
    fn info(&self) -> sys::iomm_fwspec_info {
        let mut info = sys::iomm_fwspec_info {
            size: text::size_of::<sys::iomm_fwspec_info>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        self.filled(unsafe { sys::iomm_fwspec_info(self.as_raw(), &mut info) });
        info
    }

    /// A call that only copies out what is there cannot fail.
    fn filled(&self, answer: c_int) {
        assert_eq!(answer, 0, "the library knows the struct and the index");
    }

    /// The IOMMUs, in the order in which firmware lists them; at least one.
    pub fn iommus(&self) -> impl ExactSizeIterator<Item = Specifier> + '_ {
        items(self.info().nr_iommus).map(|index| self.specifier(index))
    }

    fn specifier(&self, index: u32) -> Specifier {
        let mut s = sys::iomm_specifier {
            size: text::size_of::<sys::iomm_specifier>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        self.filled(unsafe { sys::iomm_fwspec_iommu(self.as_raw(), index, &mut s) });
        Specifier {
            iommu: Node::from_raw(s.iommu),
            place: Place(s.place),
            cells: s.cells,
            nr_cells: s.nr_cells as usize,
        }
    }

    /// The reserved regions. They may overlap.
    pub fn regions(&self) -> impl ExactSizeIterator<Item = ReservedRegion> + '_ {
        items(self.info().nr_regions).map(|index| self.region(index))
    }

    fn region(&self, index: u32) -> ReservedRegion {
        let mut r = sys::iomm_reserved_region {
            size: text::size_of::<sys::iomm_reserved_region>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        self.filled(unsafe { sys::iomm_fwspec_region(self.as_raw(), index, &mut r) });
        ReservedRegion::from_c(&r)
    }

    /// The windows through which DMA passes. None: the bus sets no limits.
    pub fn dma_ranges(&self) -> impl ExactSizeIterator<Item = DmaRange> + '_ {
        items(self.info().nr_dma_ranges).map(|index| self.dma_range(index))
    }

    fn dma_range(&self, index: u32) -> DmaRange {
        let mut r = sys::iomm_dma_range {
            size: text::size_of::<sys::iomm_dma_range>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        self.filled(unsafe { sys::iomm_fwspec_dma_range(self.as_raw(), index, &mut r) });
        DmaRange {
            first: r.first,
            last: r.last,
            paddr: r.paddr,
            place: Place(r.place),
        }
    }

    /// What is said of the device as a whole.
    pub fn limits(&self) -> DeviceLimits {
        let info = self.info();
        let given = |flag| info.flags & flag != 0;
        DeviceLimits {
            flags: FwspecFlags::from_bits_truncate(info.flags),
            pasid_bits: info.pasid_bits,
            address_bits: (info.address_bits != 0).then_some(info.address_bits),
            numa_node: given(sys::IOMM_FWSPEC_NUMA_NODE).then_some(info.numa_node),
            dma: given(sys::IOMM_FWSPEC_DMA_RANGE).then_some(info.dma_first..=info.dma_last),
        }
    }
}

/// Indices, as many as a list has. (`0..u32` has no exact size everywhere.)
fn items(count: u32) -> impl ExactSizeIterator<Item = u32> {
    (0..count as usize).map(|index| index as u32)
}

impl fmt::Debug for Fwspec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fwspec")
            .field("iommus", &self.iommus().len())
            .field("regions", &self.regions().len())
            .field("limits", &self.limits())
            .finish_non_exhaustive()
    }
}
