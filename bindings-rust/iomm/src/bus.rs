// SPDX-License-Identifier: MIT OR Apache-2.0
//! Buses: which node describes a device, and which IDs its DMA has.

use crate::boundary::{Hook, callback};
use crate::ctx::Context;
#[cfg(doc)]
use crate::device::DeviceConfig;
#[cfg(doc)]
use crate::error::Code;
use crate::error::{BROKEN, Result, answer};
use crate::firmware::{Firmware, Node};
use crate::handle::handle;
use crate::pci::Pci;
use crate::table_memory::release_box;
use crate::text;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::ptr;
use iomm_sys as sys;

/// A bus of the program's: what it answers about its devices. It knows nothing
/// of IOMMUs; they ask it, from any thread, several at once, when a device is
/// created and at each of its probes.
///
/// Inside an answer nothing waits: a call that would answers [`Code::EDEADLK`].
/// An answer that panics is [`Code::EPROTO`] to the library, and the panic is
/// resumed when the outermost call of this crate on its thread returns.
///
/// ```
/// use iomm::{BusDriver, Node, Result};
///
/// /// Its devices come through one bridge, under IDs of their own.
/// struct Fabric {
///     bridge: Node,
/// }
///
/// impl BusDriver for Fabric {
///     fn node(&self, _address: u64) -> Result<Node> {
///         Ok(self.bridge)
///     }
///
///     fn inputs(&self, address: u64) -> Result<Vec<u64>> {
///         Ok(vec![address << 4])
///     }
/// }
/// ```
pub trait BusDriver: Send + Sync + 'static {
    /// Could a device have this address?
    fn check_address(&self, address: u64) -> Result<()> {
        let _ = address;
        Ok(())
    }

    /// The node that describes the device, or the bridge at which its DMA
    /// arrives. [`Code::EPROBE_DEFER`]: not known yet.
    fn node(&self, address: u64) -> Result<Node>;

    /// The IDs under which the device's DMA arrives at the node; none: the
    /// device is the node. Asked again at once, it has to say the same.
    fn inputs(&self, address: u64) -> Result<Vec<u64>> {
        let _ = address;
        Ok(Vec::new())
    }
}

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

    /// A bus of the program's, on a source that describes what it names. The
    /// address of a device is [`DeviceConfig::address`]. `driver` is dropped
    /// with the bus.
    pub fn register<B: BusDriver>(firmware: &Firmware, name: &str, driver: B) -> Result<Bus> {
        let ctx = firmware.context();
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let data = Box::into_raw(Box::new(driver));
            let mut raw = ptr::null_mut();
            // SAFETY: the source is alive, and name and table during the call;
            // the functions take `data`, and `release_box` takes it back, once,
            // also on failure.
            ctx.done(unsafe {
                sys::iomm_bus_create(
                    firmware.as_raw(),
                    name.as_ptr(),
                    &ops::<B>(),
                    data.cast(),
                    Some(release_box::<B>),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Bus::from_raw(raw, ctx) })
        })
    }

    /// The bus of devices that nothing describes: each comes with its own
    /// [`DeviceConfig::description`].
    pub fn manual(ctx: &Context, name: &str) -> Result<Bus> {
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the name during the call.
            ctx.done(unsafe {
                sys::iomm_bus_create_manual(ctx.as_raw(), name.as_ptr(), &mut raw)
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

fn ops<B: BusDriver>() -> sys::iomm_bus_ops {
    sys::iomm_bus_ops {
        size: text::size_of::<sys::iomm_bus_ops>(),
        flags: 0,
        check_address: Some(check_address::<B>),
        node: Some(node::<B>),
        inputs: Some(inputs::<B>),
    }
}

unsafe extern "C" fn check_address<B: BusDriver>(data: *mut c_void, address: u64) -> c_int {
    // SAFETY: C hands us our data, which nobody changes, and which lives until
    // it is released.
    let driver = unsafe { &*data.cast::<B>() };
    callback(Hook::Plain, BROKEN, || {
        answer(driver.check_address(address))
    })
}

unsafe extern "C" fn node<B: BusDriver>(data: *mut c_void, address: u64, node: *mut u64) -> c_int {
    // SAFETY: as in `check_address`.
    let driver = unsafe { &*data.cast::<B>() };
    callback(Hook::Plain, BROKEN, || {
        answer(driver.node(address).map(|found| {
            // SAFETY: C wants the node there.
            unsafe { *node = found.raw() };
        }))
    })
}

unsafe extern "C" fn inputs<B: BusDriver>(
    data: *mut c_void,
    address: u64,
    inputs: *mut u64,
    room: u32,
    count: *mut u32,
) -> c_int {
    // SAFETY: as in `check_address`.
    let driver = unsafe { &*data.cast::<B>() };
    callback(Hook::Plain, BROKEN, || {
        answer(driver.inputs(address).map(|ids| {
            let fit = ids.len().min(room as usize);
            // SAFETY: C has room for so many IDs there, and wants to know how
            // many there are; what we copy from is our own.
            unsafe {
                ptr::copy_nonoverlapping(ids.as_ptr(), inputs, fit);
                *count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            }
        }))
    })
}
