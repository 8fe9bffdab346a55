// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is known of a device when it is added.

use crate::domain::DomainType;
use crate::firmware::Node;
use crate::fwspec::{FwspecFlags, RegionKind};

use crate::prot::Prot;
use crate::text;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::ops::RangeInclusive;
use core::ptr;
use core::time::Duration;
use iomm_sys as sys;

/// What is known of a device when it is added to its bus.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct DeviceConfig<'a> {
    name: &'a str,
    address: Option<u64>,
    dma_mask: Option<u64>,
    probe_timeout: Option<Duration>,
    pasid_bits: Option<u32>,
    numa_node: Option<u32>,
    coherent: Option<bool>,
    default_domain: Option<DomainType>,
    description: Option<&'a DeviceDescription>,
}

impl<'a> DeviceConfig<'a> {
    /// A device with a name, which is unique among the present devices of the
    /// context.
    pub fn new(name: &'a str) -> DeviceConfig<'a> {
        DeviceConfig {
            name,
            address: None,
            dma_mask: None,
            probe_timeout: None,
            pasid_bits: None,
            numa_node: None,
            coherent: None,
            default_domain: None,
            description: None,
        }
    }

    /// Which device of the platform bus it is.
    pub fn node(self, node: Node) -> DeviceConfig<'a> {
        self.address(node.raw())
    }

    /// Which function of a PCI bus it is:
    /// `bus << 8 | device << 3 | function`.
    pub fn requester_id(self, id: u16) -> DeviceConfig<'a> {
        self.address(id.into())
    }

    /// Which device of its bus it is, as that bus counts.
    pub fn address(mut self, address: u64) -> DeviceConfig<'a> {
        self.address = Some(address);
        self
    }

    /// The highest I/O address, inclusive, that the device can emit. When
    /// firmware says something too, the lower one holds.
    pub fn dma_mask(mut self, mask: u64) -> DeviceConfig<'a> {
        self.dma_mask = Some(mask);
        self
    }

    /// How long, from the first probe, it may wait for its IOMMU. Without it:
    /// as long as it takes.
    pub fn probe_timeout(mut self, timeout: Duration) -> DeviceConfig<'a> {
        self.probe_timeout = Some(timeout);
        self
    }

    /// Width of its PASIDs, up to 20; 0: it has none. When firmware says
    /// something too, the narrower holds.
    pub fn pasid_bits(mut self, bits: u32) -> DeviceConfig<'a> {
        self.pasid_bits = Some(bits);
        self
    }

    /// The NUMA node to which it is nearest, whatever firmware says: tables of
    /// domains that are made for it are allocated there if they can be.
    pub fn numa_node(mut self, node: u32) -> DeviceConfig<'a> {
        self.numa_node = Some(node);
        self
    }

    /// Does its DMA snoop the CPU's caches? Whatever firmware says.
    pub fn coherent(mut self, coherent: bool) -> DeviceConfig<'a> {
        self.coherent = Some(coherent);
        self
    }

    /// What its group should have when nothing else is attached.
    pub fn default_domain(mut self, domain: DomainType) -> DeviceConfig<'a> {
        self.default_domain = Some(domain);
        self
    }

    /// What it stands behind: neither its bus nor firmware is asked.
    pub fn description(mut self, description: &'a DeviceDescription) -> DeviceConfig<'a> {
        self.description = Some(description);
        self
    }

    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// As C has it; it points to `name`, and to the description.
    pub(super) fn to_c(self, name: &CStr) -> sys::iomm_device_config {
        let flag = |given: bool, flag: u32| if given { flag } else { 0 };
        let mut c = sys::iomm_device_config {
            size: text::size_of::<sys::iomm_device_config>(),
            flags: flag(self.address.is_some(), sys::IOMM_DEVICE_ADDRESS)
                | flag(self.dma_mask.is_some(), sys::IOMM_DEVICE_DMA_MASK)
                | flag(self.pasid_bits.is_some(), sys::IOMM_DEVICE_PASID_BITS)
                | flag(self.numa_node.is_some(), sys::IOMM_DEVICE_NUMA_NODE)
                | flag(self.coherent == Some(true), sys::IOMM_DEVICE_COHERENT)
                | flag(self.coherent == Some(false), sys::IOMM_DEVICE_NOT_COHERENT),
            name: name.as_ptr(),
            address: self.address.unwrap_or(0),
            dma_mask: self.dma_mask.unwrap_or(0),
            // Zero would be "as long as it takes".
            probe_timeout: self
                .probe_timeout
                .map_or(0, |time| text::nanoseconds(time).max(1)),
            pasid_bits: self.pasid_bits.unwrap_or(0),
            numa_node: self.numa_node.unwrap_or(0),
            default_domain: self.default_domain.map_or(0, DomainType::raw),
            ..Default::default()
        };
        if let Some(description) = self.description {
            description.write(&mut c);
        }
        c
    }
}

/// What a device stands behind, in its creator's words: for one that neither a
/// bus nor firmware describes.
///
/// ```
/// use iomm::{Bus, Context, Device, DeviceConfig, DeviceDescription, Node};
///
/// let ctx = Context::new()?;
/// // Without firmware, nodes are numbers of the program's choice.
/// let iommu = Node::from_raw(1);
/// let bus = Bus::manual(&ctx, "manual")?;
/// let description = DeviceDescription::new().specifier(iommu, &[0x10]);
/// let config = DeviceConfig::new("dma0").description(&description);
/// let device = Device::create(&bus, &config)?;
/// # device.remove(None)?;
/// # Ok::<(), iomm::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DeviceDescription {
    specifiers: Vec<sys::iomm_specifier>,
    regions: Vec<sys::iomm_reserved_region>,
    ranges: Vec<sys::iomm_dma_range>,
    capabilities: FwspecFlags,
}

impl DeviceDescription {
    /// A device behind nothing, to which at least one specifier has to be
    /// added.
    pub fn new() -> DeviceDescription {
        DeviceDescription::default()
    }

    /// It stands behind an IOMMU, which knows it by these cells.
    pub fn specifier(mut self, iommu: Node, cells: &[u32]) -> DeviceDescription {
        let mut raw = sys::iomm_specifier {
            size: text::size_of::<sys::iomm_specifier>(),
            // More than fit is an error that the library explains.
            nr_cells: u32::try_from(cells.len()).unwrap_or(u32::MAX),
            iommu: iommu.raw(),
            ..Default::default()
        };
        for (to, from) in raw.cells.iter_mut().zip(cells) {
            *to = *from;
        }
        self.specifiers.push(raw);
        self
    }

    /// A range of its I/O space is taken. `paddr` is where its first address is
    /// in memory: without it, of a direct one, where it is itself.
    pub fn region(
        mut self,
        kind: RegionKind,
        addresses: RangeInclusive<u64>,
        paddr: Option<u64>,
        prot: Prot,
    ) -> DeviceDescription {
        let direct = kind == RegionKind::DIRECT || kind == RegionKind::DIRECT_RELAXABLE;
        self.regions.push(sys::iomm_reserved_region {
            size: text::size_of::<sys::iomm_reserved_region>(),
            kind: kind.raw(),
            first: *addresses.start(),
            last: *addresses.end(),
            paddr: paddr.unwrap_or(if direct { *addresses.start() } else { 0 }),
            prot: prot.bits(),
            flags: if paddr.is_some() {
                sys::IOMM_REGION_MAPPED
            } else {
                0
            },
            ..Default::default()
        });
        self
    }

    /// A window through which its DMA passes, and where the first address comes
    /// out if it is not translated. Without any there are no limits.
    pub fn dma_range(mut self, addresses: RangeInclusive<u64>, paddr: u64) -> DeviceDescription {
        self.ranges.push(sys::iomm_dma_range {
            size: text::size_of::<sys::iomm_dma_range>(),
            first: *addresses.start(),
            last: *addresses.end(),
            paddr,
            ..Default::default()
        });
        self
    }

    /// What else holds for it: `ATS`, `PRI` and `STALL`.
    pub fn capabilities(mut self, flags: FwspecFlags) -> DeviceDescription {
        self.capabilities = flags;
        self
    }

    fn write(&self, c: &mut sys::iomm_device_config) {
        c.flags |= sys::IOMM_DEVICE_SPECIFIERS;
        c.capabilities = self.capabilities.bits();
        (c.specifiers, c.nr_specifiers, c.specifier_stride) = array(&self.specifiers);
        (c.regions, c.nr_regions, c.region_stride) = array(&self.regions);
        (c.dma_ranges, c.nr_dma_ranges, c.dma_range_stride) = array(&self.ranges);
    }
}

/// Pointer, count and stride.
fn array<T>(items: &[T]) -> (*const T, u32, u32) {
    if items.is_empty() {
        return (ptr::null(), 0, 0);
    }
    // More than C takes is an error there.
    let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
    (items.as_ptr(), count, text::size_of::<T>())
}
