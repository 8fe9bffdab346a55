// SPDX-License-Identifier: MIT OR Apache-2.0
//! Buses: which node describes a device, and which IDs its DMA has.

use crate::error::Result;
use crate::firmware::{Firmware, Node};
use crate::handle::handle;
use crate::pci::Pci;
use crate::text;
use alloc::string::String;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

handle! {
    /// A bus.
    Bus, iomm_bus, iomm_bus_get, iomm_bus_put
}

impl Bus {
    /// The bus of the devices that firmware describes one by one. The address
    /// of a device is its node.
    pub fn platform(firmware: &Firmware, name: &str) -> Result<Bus> {
        let ctx = firmware.context();
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the source is alive, and the name during the call.
            ctx.done(unsafe {
                sys::iomm_bus_create_platform(firmware.as_raw(), name.as_ptr(), &mut raw)
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Bus::from_raw(raw, ctx) })
        })
    }

    /// The functions behind a PCI host bridge. The address of a device is its
    /// requester ID. Every function is taken to be behind PCI Express ports
    /// only.
    pub fn pci(firmware: &Firmware, host: Node, name: &str) -> Result<Bus> {
        Bus::pci_of(firmware, host, None, name)
    }

    /// The same, of a segment of a topology: the DMA of a function may arrive
    /// under aliases, too.
    pub fn pci_in(
        firmware: &Firmware,
        host: Node,
        (pci, segment): (&Pci, u32),
        name: &str,
    ) -> Result<Bus> {
        Bus::pci_of(firmware, host, Some((pci, segment)), name)
    }

    fn pci_of(
        firmware: &Firmware,
        host: Node,
        topology: Option<(&Pci, u32)>,
        name: &str,
    ) -> Result<Bus> {
        let ctx = firmware.context();
        let (pci, segment) = topology.map_or((ptr::null_mut(), 0), |(pci, segment)| {
            (pci.as_raw(), segment)
        });
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: source and topology are alive, and the name during the
            // call.
            ctx.done(unsafe {
                sys::iomm_bus_create_pci(
                    firmware.as_raw(),
                    host.raw(),
                    pci,
                    segment,
                    name.as_ptr(),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Bus::from_raw(raw, ctx) })
        })
    }

    /// The bus's name.
    pub fn name(&self) -> String {
        text::name(self.context(), |buf, len| {
            // SAFETY: the handle is alive, and the buffer that long.
            unsafe { sys::iomm_bus_name(self.as_raw(), buf, len) }
        })
    }
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bus").field(&self.name()).finish()
    }
}
