// SPDX-License-Identifier: MIT OR Apache-2.0
//! The proof that a device is present.

use super::{Device, Resource};
use crate::boundary;
#[cfg(doc)]
use crate::error::Code;
use crate::error::Result;
use crate::text;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use iomm_sys as sys;

/// A device that is present: until this is dropped the device is not removed.
/// [`Device::enter`] gives it, a function that needs it takes
/// `&BoundDevice<'_>`, and it can do all that a [`Device`] can.
///
/// One that is forgotten is sound: the device can then never be removed
/// ([`Code::ETIMEDOUT`], on the same thread [`Code::EDEADLK`]), its
/// [resources](Resource) are never revoked, and all of them leak.
///
/// It cannot be used after it was dropped:
///
/// ```
/// fn enter(device: &iomm::Device) -> iomm::Result<()> {
///     let bound = device.enter()?;
///     let regs = bound.manage(5)?;
///     drop(bound);
///     Ok(drop(regs))
/// }
/// ```
///
/// ```compile_fail,E0382
/// fn enter(device: &iomm::Device) -> iomm::Result<()> {
///     let bound = device.enter()?;
///     drop(bound);
///     let regs = bound.manage(5)?;
///     Ok(drop(regs))
/// }
/// ```
///
/// It belongs to the thread that entered:
///
/// ```
/// fn enter(device: &iomm::Device) -> iomm::Result<()> {
///     let bound = device.enter()?;
///     std::thread::scope(|scope| {
///         scope.spawn(|| ());
///     });
///     drop(bound);
///     Ok(())
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn enter(device: &iomm::Device) -> iomm::Result<()> {
///     let bound = device.enter()?;
///     std::thread::scope(|scope| {
///         scope.spawn(|| drop(bound));
///     });
///     Ok(())
/// }
/// ```
#[must_use = "the device may be removed as soon as this is dropped"]
pub struct BoundDevice<'a> {
    device: &'a Device,
    raw: sys::iomm_device_guard,
    /// Leaving is only right on the thread that entered.
    bound_to_thread: PhantomData<*mut ()>,
}

impl<'a> BoundDevice<'a> {
    pub(super) fn enter(device: &'a Device) -> Result<BoundDevice<'a>> {
        let ctx = device.context();
        ctx.call(|| {
            let mut raw = sys::iomm_device_guard {
                size: text::size_of::<sys::iomm_device_guard>(),
                ..Default::default()
            };
            // SAFETY: the handle is alive, and the guard is storage of ours.
            ctx.done(unsafe { sys::iomm_device_enter(device.as_raw(), &mut raw) })?;
            Ok(BoundDevice {
                device,
                raw,
                bound_to_thread: PhantomData,
            })
        })
    }

    /// Ties a value to the device's presence: it is dropped when the device is
    /// removed, or before, when the [`Resource`] is.
    ///
    /// When this fails the value is dropped: [`Code::ENODEV`] if somebody waits
    /// to remove the device, [`Code::ENOMEM`].
    pub fn manage<T: Send + 'static>(&self, value: T) -> Result<Resource<T>> {
        Resource::new(self.device, value)
    }
}

impl Deref for BoundDevice<'_> {
    type Target = Device;

    fn deref(&self) -> &Device {
        self.device
    }
}

impl Drop for BoundDevice<'_> {
    fn drop(&mut self) {
        let mut raw = core::mem::take(&mut self.raw);
        boundary::give_back(move || {
            // SAFETY: this thread entered, since what entered cannot leave it,
            // and what is put off stays on it too. Guards may be moved, and
            // hold the device by themselves.
            unsafe { sys::iomm_device_exit(&mut raw) };
        });
    }
}

impl fmt::Debug for BoundDevice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoundDevice").field(self.device).finish()
    }
}
