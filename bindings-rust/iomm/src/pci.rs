// SPDX-License-Identifier: MIT OR Apache-2.0
//! PCI topologies: under which requester IDs a function's DMA arrives.

use crate::ctx::Context;
use crate::error::{Code, Error, Result};
use crate::handle::{handle, numbers};
use crate::text;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

numbers! {
    /// What a function is, by its PCI Express capability.
    PciKind {
        /// A PCIe endpoint.
        ENDPOINT = IOMM_PCI_ENDPOINT, "endpoint";
        /// A legacy PCIe endpoint.
        LEGACY_ENDPOINT = IOMM_PCI_LEGACY_ENDPOINT, "legacy endpoint";
        /// A root port.
        ROOT_PORT = IOMM_PCI_ROOT_PORT, "root port";
        /// The upstream port of a switch.
        UPSTREAM = IOMM_PCI_UPSTREAM, "upstream port";
        /// A downstream port of a switch.
        DOWNSTREAM = IOMM_PCI_DOWNSTREAM, "downstream port";
        /// A bridge with PCIe above and PCI below.
        PCIE_TO_PCI = IOMM_PCI_PCIE_TO_PCI, "PCIe-to-PCI bridge";
        /// A bridge with PCI above and PCIe below.
        PCI_TO_PCIE = IOMM_PCI_PCI_TO_PCIE, "PCI-to-PCIe bridge";
        /// An endpoint in the root complex.
        RC_ENDPOINT = IOMM_PCI_RC_ENDPOINT, "integrated endpoint";
        /// An event collector of the root complex.
        RC_COLLECTOR = IOMM_PCI_RC_COLLECTOR, "event collector";
        /// Without a PCI Express capability.
        CONVENTIONAL = IOMM_PCI_CONVENTIONAL, "conventional";
    }
}

/// A requester ID, in its segment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PciId {
    /// The segment.
    pub segment: u32,
    /// `bus << 8 | device << 3 | function`.
    pub rid: u16,
}

impl PciId {
    /// From its parts, of which those that are too large are cut.
    pub const fn new(segment: u32, bus: u8, device: u8, function: u8) -> PciId {
        let rid = (bus as u16) << 8 | (device as u16 & 31) << 3 | function as u16 & 7;
        PciId { segment, rid }
    }
}

impl fmt::Display for PciId {
    /// As everybody writes it: `0000:00:1f.2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bus, devfn) = (self.rid >> 8, self.rid & 0xff);
        write!(
            f,
            "{:04x}:{bus:02x}:{:02x}.{}",
            self.segment,
            devfn >> 3,
            devfn & 7
        )
    }
}

impl fmt::Debug for PciId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One function of a topology.
#[derive(Clone, Debug)]
pub struct PciFunction {
    /// Its own requester ID.
    pub id: PciId,
    /// What it is.
    pub kind: PciKind,
    /// A bridge: the bus below it, and the highest bus below it.
    pub buses: Option<(u8, u8)>,
    /// A bridge below which the IOMMU translates: those above give no ID.
    pub translation_root: bool,
    /// The function whose DMA its own is.
    pub real_dma: Option<PciId>,
    /// Vendor and device ID, as configuration space has them.
    pub device: (u16, u16),
    /// Vendor and device ID of the subsystem.
    pub subsystem: (u16, u16),
    /// Use what is known of its vendor and device ID.
    pub quirks: bool,
    /// `device << 3 | function` under whose IDs it does DMA, too.
    pub aliases: Vec<u8>,
}

impl PciFunction {
    /// A function that is no bridge and has no peculiarities.
    pub fn new(id: PciId, kind: PciKind) -> PciFunction {
        PciFunction {
            id,
            kind,
            buses: None,
            translation_root: false,
            real_dma: None,
            device: (0, 0),
            subsystem: (0, 0),
            quirks: false,
            aliases: Vec::new(),
        }
    }

    /// A bridge to the buses `secondary` to `subordinate`.
    pub fn bridge(id: PciId, kind: PciKind, secondary: u8, subordinate: u8) -> PciFunction {
        PciFunction {
            buses: Some((secondary, subordinate)),
            ..PciFunction::new(id, kind)
        }
    }

    fn raw(&self) -> sys::iomm_pci_function {
        let (secondary, subordinate) = self.buses.unwrap_or_default();
        let real = self.real_dma.unwrap_or(PciId { segment: 0, rid: 0 });
        let pair = |(vendor, device): (u16, u16)| u32::from(device) << 16 | u32::from(vendor);
        let flag = |set: bool, flag: u32| if set { flag } else { 0 };
        sys::iomm_pci_function {
            flags: flag(self.buses.is_some(), sys::IOMM_PCI_BRIDGE)
                | flag(self.translation_root, sys::IOMM_PCI_TRANSLATION_ROOT)
                | flag(self.real_dma.is_some(), sys::IOMM_PCI_REAL_DMA)
                | flag(self.quirks, sys::IOMM_PCI_QUIRKS),
            type_: self.kind.raw(),
            segment: self.id.segment,
            rid: self.id.rid.into(),
            secondary: secondary.into(),
            subordinate: subordinate.into(),
            real_segment: real.segment,
            real_rid: real.rid.into(),
            id: pair(self.device),
            subsystem: pair(self.subsystem),
            aliases: self.aliases.as_ptr(),
            nr_aliases: self.aliases.len() as u32,
            ..Default::default()
        }
    }
}

handle! {
    /// A PCI topology.
    ///
    /// ```
    /// use iomm::{Context, Pci, PciFunction, PciId, PciKind};
    ///
    /// # fn main() -> iomm::Result<()> {
    /// let ctx = Context::new()?;
    /// let bridge = PciFunction::bridge(PciId::new(0, 0, 4, 0), PciKind::PCIE_TO_PCI, 5, 5);
    /// let pci = Pci::new(&ctx, &[bridge])?;
    /// // What is behind the bridge may be seen under the bridge's ID.
    /// let ids = pci.aliases(PciId::new(0, 5, 2, 0))?;
    /// assert_eq!(ids, [PciId::new(0, 5, 2, 0), PciId::new(0, 5, 0, 0)]);
    /// # Ok(())
    /// # }
    /// ```
    Pci, iomm_pci, iomm_pci_get, iomm_pci_put
}

impl Pci {
    /// A topology of these functions.
    pub fn new(ctx: &Context, functions: &[PciFunction]) -> Result<Pci> {
        let count = u32::try_from(functions.len())
            .map_err(|_| Error::new(Code::EINVAL, "more functions than any topology has"))?;
        let raw: Vec<_> = functions.iter().map(PciFunction::raw).collect();
        ctx.call(|| {
            let mut pci = ptr::null_mut();
            // SAFETY: the array has `count` elements with that stride, and the
            // aliases that they point to are alive during the call.
            ctx.done(unsafe {
                sys::iomm_pci_create(
                    ctx.as_raw(),
                    raw.as_ptr(),
                    count,
                    text::size_of::<sys::iomm_pci_function>(),
                    &mut pci,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Pci::from_raw(pci, ctx) })
        })
    }

    /// The topology that a sysfs has: this machine's for `"/"`.
    pub fn from_sysfs(ctx: &Context, root: &str) -> Result<Pci> {
        let root = text::c_string("root", root)?;
        ctx.call(|| {
            let mut pci = ptr::null_mut();
            // SAFETY: the context is alive, and the path during the call.
            ctx.done(unsafe { sys::iomm_pci_from_sysfs(ctx.as_raw(), root.as_ptr(), &mut pci) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Pci::from_raw(pci, ctx) })
        })
    }

    /// Under which IDs a function's DMA may arrive at an IOMMU: its own first,
    /// then what bridges put in its place, upwards.
    pub fn aliases(&self, id: PciId) -> Result<Vec<PciId>> {
        let ctx = self.context();
        let ids = ctx.call(|| {
            text::array(ctx, |ids: *mut sys::iomm_pci_id, stride, count| {
                let (segment, rid) = (id.segment, id.rid.into());
                // SAFETY: the handle is alive, and `ids` has `count` elements
                // with that stride.
                unsafe { sys::iomm_pci_aliases(self.as_raw(), segment, rid, ids, stride, count) }
            })
        })?;
        Ok(ids
            .iter()
            .map(|id| PciId {
                segment: id.segment,
                rid: id.rid as u16,
            })
            .collect())
    }

    /// Where a path of firmware leads: from a bus, `device << 3 | function` of
    /// each bridge and of the end. [`Code::ENOENT`] when a bridge is missing.
    pub fn route(&self, segment: u32, bus: u8, path: &[u8]) -> Result<PciId> {
        let ctx = self.context();
        let steps = u32::try_from(path.len())
            .map_err(|_| Error::new(Code::EINVAL, "a path longer than any"))?;
        ctx.call(|| {
            let mut rid = 0;
            // SAFETY: the handle is alive, and the path has that many steps.
            ctx.done(unsafe {
                sys::iomm_pci_route(
                    self.as_raw(),
                    segment,
                    bus.into(),
                    path.as_ptr(),
                    steps,
                    &mut rid,
                )
            })?;
            Ok(PciId {
                segment,
                rid: rid as u16,
            })
        })
    }
}

impl fmt::Debug for Pci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pci").field(&self.as_raw()).finish()
    }
}
