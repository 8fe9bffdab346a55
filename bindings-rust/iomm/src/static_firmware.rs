// SPDX-License-Identifier: MIT OR Apache-2.0
//! A machine that a program describes itself.

use crate::ctx::Context;
use crate::error::Result;
use crate::firmware::{Firmware, NodeFlags};
use crate::fwspec::{FwspecFlags, RegionKind};
use crate::prot::Prot;
use crate::text;
use alloc::ffi::CString;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::ptr;
use iomm_sys as sys;

/// An IOMMU, a device, or a bridge before devices, for [`StaticFirmware`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StaticNode {
    /// Its path, unlike all others.
    pub name: String,
    /// What drivers know it by.
    pub compatible: Option<String>,
    /// `IOMMU`, `PCI_HOST`, `MEMORY` and `COHERENT`; the others follow from
    /// the tables.
    pub flags: NodeFlags,
    /// Its registers: where, and how many bytes. 0 bytes: none.
    pub reg: (u64, u64),
    /// Of an IOMMU: cells of a specifier.
    pub iommu_cells: u32,
    /// `ATS`, `PRI` and `STALL`.
    pub limits: FwspecFlags,
    /// Width of its PASIDs, up to 20; 0 when it has none.
    pub pasid_bits: u32,
    /// Width of its addresses, if that is to be said.
    pub address_bits: Option<u32>,
    /// The NUMA node that it is near to.
    pub numa_node: Option<u32>,
}

impl StaticNode {
    /// A device.
    pub fn device(name: &str) -> StaticNode {
        StaticNode {
            name: name.into(),
            ..Default::default()
        }
    }

    /// An IOMMU, with the cells that a specifier of it has.
    pub fn iommu(name: &str, cells: u32) -> StaticNode {
        StaticNode {
            flags: NodeFlags::IOMMU,
            iommu_cells: cells,
            ..StaticNode::device(name)
        }
    }

    /// A PCI host bridge.
    pub fn pci_host(name: &str) -> StaticNode {
        StaticNode {
            flags: NodeFlags::PCI_HOST,
            ..StaticNode::device(name)
        }
    }
}

/// A node of one [`StaticFirmware`], as its [`node`](StaticFirmware::node)
/// answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StaticId(u32);

/// A machine that a program describes itself, for want of firmware that does.
///
/// ```
/// use iomm::{Context, StaticFirmware, StaticNode};
///
/// let ctx = Context::new()?;
/// let mut machine = StaticFirmware::new();
/// let smmu = machine.node(StaticNode::iommu("smmu", 1));
/// let host = machine.node(StaticNode::pci_host("host"));
/// // Bus 0: stream IDs are requester IDs, and 0x1000.
/// machine.map_inputs(host, 0..=0xff, smmu, &[0x1000]);
///
/// let firmware = machine.build(&ctx)?;
/// let spec = firmware.lookup(firmware.find("host")?, &[0x10])?;
/// assert_eq!(spec.iommus().next().unwrap().cells(), [0x1010]);
/// # Ok::<(), iomm::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct StaticFirmware {
    nodes: Vec<StaticNode>,
    maps: Vec<sys::iomm_static_map>,
    regions: Vec<sys::iomm_static_region>,
    ranges: Vec<sys::iomm_static_range>,
}

impl StaticFirmware {
    /// No machine yet.
    pub fn new() -> StaticFirmware {
        StaticFirmware::default()
    }

    /// Adds a node.
    pub fn node(&mut self, node: StaticNode) -> StaticId {
        self.nodes.push(node);
        StaticId(self.nodes.len() as u32 - 1)
    }

    /// A device stands behind an IOMMU, which knows it by these cells.
    pub fn map(&mut self, device: StaticId, iommu: StaticId, cells: &[u32]) -> &mut StaticFirmware {
        self.add_map(device, iommu, cells, None)
    }

    /// Input IDs at a bridge stand behind an IOMMU, which knows the first of
    /// them by these cells; the first cell is counted up with the IDs.
    pub fn map_inputs(
        &mut self,
        bridge: StaticId,
        inputs: RangeInclusive<u64>,
        iommu: StaticId,
        cells: &[u32],
    ) -> &mut StaticFirmware {
        self.add_map(bridge, iommu, cells, Some(inputs))
    }

    fn add_map(
        &mut self,
        node: StaticId,
        iommu: StaticId,
        cells: &[u32],
        inputs: Option<RangeInclusive<u64>>,
    ) -> &mut StaticFirmware {
        let mut map = sys::iomm_static_map {
            size: text::size_of::<sys::iomm_static_map>(),
            node: node.0,
            iommu: iommu.0,
            // Too many for any IOMMU are refused for their number.
            nr_cells: u32::try_from(cells.len()).unwrap_or(u32::MAX),
            ..Default::default()
        };
        for (to, from) in map.cells.iter_mut().zip(cells) {
            *to = *from;
        }
        if let Some(inputs) = inputs {
            map.flags = sys::IOMM_STATIC_INPUTS;
            map.first_input = *inputs.start();
            map.last_input = *inputs.end();
        }
        self.maps.push(map);
        self
    }

    /// A range of a device's I/O space, or of all devices' behind a bridge, is
    /// taken. With `paddr` firmware has it mapped to there.
    pub fn region(
        &mut self,
        node: StaticId,
        kind: RegionKind,
        addresses: RangeInclusive<u64>,
        paddr: Option<u64>,
        prot: Prot,
    ) -> &mut StaticFirmware {
        self.regions.push(sys::iomm_static_region {
            size: text::size_of::<sys::iomm_static_region>(),
            node: node.0,
            kind: kind.raw(),
            flags: match paddr {
                Some(_) => sys::IOMM_REGION_MAPPED,
                None => 0,
            },
            first: *addresses.start(),
            last: *addresses.end(),
            paddr: paddr.unwrap_or(0),
            prot: prot.bits(),
            ..Default::default()
        });
        self
    }

    /// The DMA of a device, or of all devices behind a bridge, passes from
    /// these addresses to `paddr` and up. Without any there are no limits.
    pub fn dma_range(
        &mut self,
        node: StaticId,
        addresses: RangeInclusive<u64>,
        paddr: u64,
    ) -> &mut StaticFirmware {
        self.ranges.push(sys::iomm_static_range {
            size: text::size_of::<sys::iomm_static_range>(),
            node: node.0,
            first: *addresses.start(),
            last: *addresses.end(),
            paddr,
        });
        self
    }

    /// Makes a source of it, which keeps copies.
    /// [`Code::EINVAL`](crate::Code::EINVAL): an entry is malformed, or
    /// contradicts another.
    pub fn build(&self, ctx: &Context) -> Result<Firmware> {
        let strings = self
            .nodes
            .iter()
            .map(Strings::of)
            .collect::<Result<Vec<_>>>()?;
        let nodes: Vec<_> = self.nodes.iter().zip(&strings).map(raw_node).collect();
        let config = sys::iomm_static_config {
            size: text::size_of::<sys::iomm_static_config>(),
            flags: 0,
            nodes: nodes.as_ptr(),
            nr_nodes: count(&nodes),
            node_stride: text::size_of::<sys::iomm_static_node>(),
            maps: self.maps.as_ptr(),
            nr_maps: count(&self.maps),
            map_stride: text::size_of::<sys::iomm_static_map>(),
            regions: self.regions.as_ptr(),
            nr_regions: count(&self.regions),
            region_stride: text::size_of::<sys::iomm_static_region>(),
            ranges: self.ranges.as_ptr(),
            nr_ranges: count(&self.ranges),
            range_stride: text::size_of::<sys::iomm_static_range>(),
        };
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: tables and strings are there during the call, which
            // copies them.
            ctx.done(unsafe { sys::iomm_firmware_create_static(ctx.as_raw(), &config, &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Firmware::from_raw(raw, ctx) })
        })
    }
}

/// More than fit are more than are allowed.
fn count<T>(table: &[T]) -> u32 {
    u32::try_from(table.len()).unwrap_or(u32::MAX)
}

struct Strings {
    name: CString,
    compatible: Option<CString>,
}

impl Strings {
    fn of(node: &StaticNode) -> Result<Strings> {
        let compatible = node.compatible.as_deref();
        Ok(Strings {
            name: text::c_string("name", &node.name)?,
            compatible: compatible
                .map(|name| text::c_string("compatible string", name))
                .transpose()?,
        })
    }
}

fn raw_node((node, strings): (&StaticNode, &Strings)) -> sys::iomm_static_node {
    let mut limits = node.limits.bits();
    if node.numa_node.is_some() {
        limits |= sys::IOMM_FWSPEC_NUMA_NODE;
    }
    sys::iomm_static_node {
        size: text::size_of::<sys::iomm_static_node>(),
        flags: node.flags.bits(),
        name: strings.name.as_ptr(),
        compatible: strings
            .compatible
            .as_ref()
            .map_or(ptr::null(), |name| name.as_ptr()),
        reg_base: node.reg.0,
        reg_bytes: node.reg.1,
        iommu_cells: node.iommu_cells,
        limits,
        pasid_bits: node.pasid_bits,
        address_bits: node.address_bits.unwrap_or(0),
        numa_node: node.numa_node.unwrap_or(0),
        ..Default::default()
    }
}
