// SPDX-License-Identifier: MIT OR Apache-2.0
//! IOMMU instances, and the drivers behind them.

mod driver;
mod fault;
mod hooks;

pub use driver::{DomainSetup, FlushRange, IommuDriver, ProbeInfo, Slots};
pub use fault::{Fault, FaultReason};

use crate::ctx::Context;
use crate::error::Result;
use crate::firmware::Node;
use crate::handle::handle;
use crate::text;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::ptr;
use core::time::Duration;
use hooks::Registered;
use iomm_sys as sys;

/// How an instance is known.
#[derive(Clone, Copy, Debug)]
pub struct IommuConfig<'a> {
    /// Its firmware node.
    pub node: Node,
    /// Its name, for messages.
    pub name: &'a str,
    /// The name of its driver. Several instances may serve one device when
    /// they have the same driver.
    pub driver: &'a str,
    /// The page-table format that it walks: its devices wait for that as for
    /// the instance. `None`: the driver asks for formats itself, and
    /// [`probe`](IommuDriver::probe) answers
    /// [`Code::EPROBE_DEFER`](crate::Code::EPROBE_DEFER) when one is not there.
    pub format: Option<&'a str>,
    /// Width of the PASIDs that it tells apart; 0: none.
    pub pasid_bits: u32,
    /// It can let addresses through as they are.
    pub identity: bool,
}

handle! {
    /// An IOMMU instance. It stays registered until it is unregistered, the
    /// context is closed, or the last handle and device that hold it are gone.
    ///
    /// A driver that holds the handle of its own instance keeps it alive for
    /// ever: who reports faults had better be somebody else.
    Iommu, iomm_iommu, iomm_iommu_get, iomm_iommu_put
}

impl Iommu {
    /// Registers an instance that is ready, with its driver: from now on
    /// devices can be probed to it, and those that wait for its node are
    /// replayed by [`Context::run`].
    ///
    /// The driver is dropped after its last callback, or when this fails.
    pub fn register<D: IommuDriver>(
        ctx: &Context,
        config: &IommuConfig<'_>,
        driver: D,
    ) -> Result<Iommu> {
        let name = text::c_string("name", config.name)?;
        let driver_name = text::c_string("driver name", config.driver)?;
        let format = config
            .format
            .map(|name| text::c_string("format", name))
            .transpose()?;
        let config = sys::iomm_iommu_config {
            size: text::size_of::<sys::iomm_iommu_config>(),
            flags: if config.identity {
                sys::IOMM_IOMMU_IDENTITY
            } else {
                0
            },
            node: config.node.raw(),
            name: name.as_ptr(),
            driver: driver_name.as_ptr(),
            format: format.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
            pasid_bits: config.pasid_bits,
            reserved: 0,
        };
        ctx.call(|| {
            let data = Box::into_raw(Box::new(Registered::new(driver, ctx)));
            let mut raw = ptr::null_mut();
            // SAFETY: config, names and hooks live during the call, which
            // copies them. The hooks are those of `D`, whose data this is,
            // and `release` takes it back, once, also on failure.
            ctx.done(unsafe {
                sys::iomm_iommu_register(
                    ctx.as_raw(),
                    &config,
                    &hooks::ops::<D>(),
                    data.cast(),
                    Some(hooks::release::<D>),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Iommu::from_raw(raw, ctx) })
        })
    }

    /// Takes the instance away: sends its devices back to waiting, and waits
    /// for the callbacks that are running. Domains that survive answer
    /// [`Code::ENODEV`](crate::Code::ENODEV).
    ///
    /// `None` waits as long as it takes. After
    /// [`Code::ETIMEDOUT`](crate::Code::ETIMEDOUT) the call can be repeated.
    pub fn unregister(&self, timeout: Option<Duration>) -> Result<()> {
        let ctx = self.context();
        let timeout = text::timeout(timeout);
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_iommu_unregister(self.as_raw(), timeout) }))
    }

    /// For a driver: hands a fault to the domain that is attached to the
    /// device with that ID; the domain's handler has been called when this
    /// returns. [`Code::ENOENT`](crate::Code::ENOENT) when there is nobody to
    /// tell.
    pub fn report_fault(&self, fault: &Fault) -> Result<()> {
        let ctx = self.context();
        let fault = fault.to_c();
        // SAFETY: the handle is alive, and the fault during the call.
        ctx.call(|| ctx.done(unsafe { sys::iomm_iommu_report_fault(self.as_raw(), &fault) }))
    }

    /// The instance's name.
    pub fn name(&self) -> String {
        text::name(self.context(), |buf, len| {
            // SAFETY: the handle is alive, and the buffer that long.
            unsafe { sys::iomm_iommu_name(self.as_raw(), buf, len) }
        })
    }
}

impl fmt::Debug for Iommu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iommu").field(&self.name()).finish()
    }
}
