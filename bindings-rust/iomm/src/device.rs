// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices, and what keeps them present.

mod bound;
mod config;
mod data;
mod info;
mod resource;

pub use bound::BoundDevice;
pub use config::{DeviceConfig, DeviceDescription};
pub use data::DataKey;
pub use info::DeviceInfo;
pub use resource::{Resource, ResourceGuard};

use crate::boundary;
use crate::bus::Bus;
use crate::ctx::Context;
#[cfg(doc)]
use crate::error::Code;
use crate::error::Result;
use crate::firmware::Node;
use crate::group::Group;
use crate::handle::{handle, numbers};
use crate::table_memory::release_with;
use crate::text;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ptr;
use core::time::Duration;
use iomm_sys as sys;

numbers! {
    /// Where a device stands.
    DeviceState {
        /// Not probed yet.
        NEW = IOMM_DEVICE_NEW, "new";
        /// Its IOMMU is not there yet.
        WAITING = IOMM_DEVICE_WAITING, "waiting";
        /// A thread is at it.
        PROBING = IOMM_DEVICE_PROBING, "probing";
        /// Behind an IOMMU, ready for domains.
        BOUND = IOMM_DEVICE_BOUND, "bound";
        /// No IOMMU translates it, or probe failed.
        NONE = IOMM_DEVICE_NONE, "none";
        /// Gone.
        REMOVED = IOMM_DEVICE_REMOVED, "removed";
    }
}

/// One identity of a device at one IOMMU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeviceId {
    /// The IOMMU's firmware node.
    pub iommu: Node,
    /// Stream ID, requester ID, ...: as its driver sees it.
    pub id: u64,
}

handle! {
    /// A device. A handle keeps its memory alive; it does not keep the device
    /// present: that is what [`Device::enter`] is for. Once it is removed,
    /// every use answers [`Code::ENODEV`].
    Device, iomm_device, iomm_device_get, iomm_device_put
}

impl Device {
    /// Adds a device to a bus. It is not probed.
    pub fn create(bus: &Bus, config: &DeviceConfig<'_>) -> Result<Device> {
        let ctx = bus.context();
        let name = text::c_string("name", config.name())?;
        let c = config.to_c(&name);
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the bus is alive; the config, its name and what else it
            // points to live during the call, which copies them.
            ctx.done(unsafe { sys::iomm_device_create(bus.as_raw(), &c, &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Device::from_raw(raw, ctx) })
        })
    }

    /// Finds a present device by its name. [`Code::ENOENT`] when there is
    /// none.
    pub fn find(ctx: &Context, name: &str) -> Result<Device> {
        let name = text::c_string("name", name)?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the context is alive, and the name during the call.
            ctx.done(unsafe { sys::iomm_device_find(ctx.as_raw(), name.as_ptr(), &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Device::from_raw(raw, ctx) })
        })
    }

    /// Finds out what IOMMU the device stands behind, and sets it up there:
    /// all its DMA is blocked until a domain is attached.
    ///
    /// [`Code::EPROBE_DEFER`]: its IOMMU is not registered yet, and
    /// [`Context::run`] will probe it when that has arrived.
    /// [`Code::ENODEV`]: no IOMMU translates it; the sentence says why.
    pub fn probe(&self) -> Result<()> {
        let ctx = self.context();
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_device_probe(self.as_raw()) }))
    }

    /// Removes the device: refuses new guards, waits for those inside, runs
    /// the release actions last-in first-out, detaches its domain, and takes
    /// it away from its IOMMU.
    ///
    /// `timeout` is for the guards; `None` waits as long as it takes. After
    /// [`Code::ETIMEDOUT`] new guards stay refused, and the removal can be
    /// repeated. [`Code::EDEADLK`] under this thread's own guard.
    pub fn remove(&self, timeout: Option<Duration>) -> Result<()> {
        let ctx = self.context();
        let timeout = text::timeout(timeout);
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_device_remove(self.as_raw(), timeout) }))
    }

    /// The device is gone: pulled out, lost with its link, dead. Nobody enters
    /// it any more; those who are inside can ask [`is_gone`](Self::is_gone).
    /// When they have left, [`Context::run`] removes it, with all clean-up. May
    /// be called anywhere, in atomic hooks too; doing it again does nothing.
    pub fn set_gone(&self) {
        // SAFETY: the handle is alive.
        let answer = boundary::call(|| unsafe { sys::iomm_device_set_gone(self.as_raw()) });
        assert_eq!(answer, 0, "a live device can go");
    }

    /// Was [`set_gone`](Self::set_gone) called? May be asked anywhere.
    pub fn is_gone(&self) -> bool {
        // SAFETY: the handle is alive.
        boundary::call(|| unsafe { sys::iomm_device_gone(self.as_raw()) }) == 1
    }

    /// Enters: until what it gives is dropped the device is not removed. Nests.
    ///
    /// [`Code::ENODEV`]: removed, being removed, or gone. [`Code::ENOSPC`]: this
    /// thread is inside as many devices as it can be.
    pub fn enter(&self) -> Result<BoundDevice<'_>> {
        BoundDevice::enter(self)
    }

    /// Has `action` called when the device is removed, after the last guard,
    /// in reverse order of registration, while its IOMMU is still there.
    ///
    /// It is called exactly once, also when this call fails (but not when it
    /// is refused since an atomic hook is running).
    pub fn add_release<F: FnOnce() + Send + 'static>(&self, action: F) -> Result<()> {
        let ctx = self.context();
        ctx.call(|| {
            let data = Box::into_raw(Box::new(action));
            // SAFETY: the handle is alive; `release_with` takes `data` back,
            // once, on whatever thread, which `F: Send` allows.
            ctx.done(unsafe {
                sys::iomm_device_add_release(self.as_raw(), Some(release_with::<F>), data.cast())
            })
        })
    }

    /// The device's name.
    pub fn name(&self) -> String {
        text::name(self.context(), |buf, len| {
            // SAFETY: the handle is alive, and the buffer that long.
            unsafe { sys::iomm_device_name(self.as_raw(), buf, len) }
        })
    }

    /// Where the device stands; a snapshot.
    pub fn state(&self) -> DeviceState {
        let mut state = 0;
        // SAFETY: the handle is alive, and so is what is written to.
        let answer =
            boundary::call(|| unsafe { sys::iomm_device_state(self.as_raw(), &mut state) });
        assert_eq!(answer, 0, "a live device has a state");
        DeviceState::from_raw(state)
    }

    /// What the device is behind its IOMMUs. [`Code::ENODEV`] when it is not
    /// bound.
    pub fn ids(&self) -> Result<Vec<DeviceId>> {
        let ctx = self.context();
        let ids = ctx.call(|| {
            text::array(ctx, |ids: *mut sys::iomm_device_id, stride, count| {
                // SAFETY: the handle is alive, and `ids` has `count` elements
                // with that stride.
                unsafe { sys::iomm_device_ids(self.as_raw(), ids, stride, count) }
            })
        })?;
        Ok(ids
            .iter()
            .map(|id| DeviceId {
                iommu: Node::from_raw(id.iommu_node),
                id: id.id,
            })
            .collect())
    }

    /// The device's group. [`Code::ENODEV`] when it is not bound.
    pub fn group(&self) -> Result<Group> {
        let ctx = self.context();
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the handle is alive.
            ctx.done(unsafe { sys::iomm_device_group(self.as_raw(), &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Group::from_raw(raw, ctx) })
        })
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("name", &self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
