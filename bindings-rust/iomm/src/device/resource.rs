// SPDX-License-Identifier: MIT OR Apache-2.0
//! Values that go with the device that they belong to.

use super::{BoundDevice, Device};
use crate::boundary;
use crate::error::{Code, Error, Result};
use crate::table_memory::release_box;
use alloc::boxed::Box;
use alloc::format;
use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;
use iomm_sys as sys;

/// A value that is tied to a device's presence: mapped registers, an interrupt
/// handler, a ring that the device reads. [`BoundDevice::manage`] makes it.
///
/// The value is there while the device is. When the device is removed it is
/// dropped: after the last [`BoundDevice`], newest first among the device's
/// resources and [release actions](Device::add_release), while the IOMMU is
/// still there; on the thread that removes, inside a callback, where nothing
/// waits. What is to be done to the hardware at the end thus belongs in the
/// value's [`Drop`], and the value owns what it needs for it: the device cannot
/// be entered any more.
///
/// When the resource itself is dropped before that, so is the value, then and
/// there (in an atomic hook: when the outermost call returns, and without `std`
/// with the device). If the device is being removed at that moment, the removal
/// drops it.
///
/// A resource holds its device's handle. So a value that holds a resource of
/// its own device, or the handle, leaks with it unless the device is removed.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// /// Stands for a mapping of the device's registers.
/// struct Registers([AtomicU32; 4]);
///
/// fn start(device: &iomm::Device) -> iomm::Result<iomm::Resource<Registers>> {
///     let bound = device.enter()?;
///     let registers = bound.manage(Registers(Default::default()))?;
///     // With the proof at hand, the access costs a comparison.
///     registers.access(&bound)?.0[0].store(1, Ordering::Relaxed);
///     Ok(registers)
/// }
///
/// fn interrupt(registers: &iomm::Resource<Registers>) -> u32 {
///     match registers.try_access() {
///         Ok(present) => present.0[1].load(Ordering::Relaxed),
///         Err(gone) => 0,
///     }
/// }
/// ```
///
/// A reference to the value lasts no longer than the proof:
///
/// ```
/// fn read(device: &iomm::Device, value: &iomm::Resource<u32>) -> iomm::Result<u32> {
///     let bound = device.enter()?;
///     let seen = value.access(&bound)?;
///     let copy = *seen;
///     drop(bound);
///     Ok(copy)
/// }
/// ```
///
/// ```compile_fail,E0505
/// fn read(device: &iomm::Device, value: &iomm::Resource<u32>) -> iomm::Result<u32> {
///     let bound = device.enter()?;
///     let seen = value.access(&bound)?;
///     drop(bound);
///     Ok(*seen)
/// }
/// ```
///
/// nor than the resource:
///
/// ```
/// fn read(bound: &iomm::BoundDevice<'_>, value: iomm::Resource<u32>) -> iomm::Result<u32> {
///     let copy = *value.access(bound)?;
///     drop(value);
///     Ok(copy)
/// }
/// ```
///
/// ```compile_fail,E0505
/// fn read(bound: &iomm::BoundDevice<'_>, value: iomm::Resource<u32>) -> iomm::Result<u32> {
///     let seen = value.access(bound)?;
///     drop(value);
///     Ok(*seen)
/// }
/// ```
///
/// and what [`try_access`](Resource::try_access) gives carries its own:
///
/// ```
/// fn read(value: &iomm::Resource<u32>) -> iomm::Result<u32> {
///     let seen = value.try_access()?;
///     let copy = *seen;
///     drop(seen);
///     Ok(copy)
/// }
/// ```
///
/// ```compile_fail,E0505
/// fn read(value: &iomm::Resource<u32>) -> iomm::Result<u32> {
///     let seen = value.try_access()?;
///     let reference: &u32 = &seen;
///     drop(seen);
///     Ok(*reference)
/// }
/// ```
///
/// The removal drops the value on whatever thread, whenever, so it must be
/// [`Send`] and borrow nothing:
///
/// ```
/// fn tie(bound: &iomm::BoundDevice<'_>, text: &str) -> iomm::Result<()> {
///     let resource = bound.manage(text.to_string())?;
///     Ok(drop(resource))
/// }
/// ```
///
/// ```compile_fail,E0521
/// fn tie(bound: &iomm::BoundDevice<'_>, text: &str) -> iomm::Result<()> {
///     let resource = bound.manage(text)?;
///     Ok(drop(resource))
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn tie(bound: &iomm::BoundDevice<'_>) -> iomm::Result<()> {
///     let resource = bound.manage(std::rc::Rc::new(5))?;
///     Ok(drop(resource))
/// }
/// ```
#[must_use = "the value is dropped with its resource"]
pub struct Resource<T: Send + 'static> {
    device: Device,
    action: Action<T>,
}

/// A release action that drops a value: what C knows it by.
struct Action<T> {
    /// The address of a generic function is not the same in each crate.
    release: unsafe extern "C" fn(*mut c_void),
    /// Dangles once the action has run.
    managed: NonNull<Managed<T>>,
}

impl<T> Clone for Action<T> {
    fn clone(&self) -> Action<T> {
        *self
    }
}

impl<T> Copy for Action<T> {}

struct Managed<T> {
    value: T,
    /// Never empty, so each has an address of its own, by which its release
    /// action is known.
    _address: u8,
}

// SAFETY: the value goes to the thread that uses the resource, which `T: Send`
// allows. The release action shares nothing with the resource: one of the two
// drops the value, and before that only the resource looks at it.
unsafe impl<T: Send + 'static> Send for Resource<T> {}
// SAFETY: as above; through a shared resource several threads have references
// to the value, which `T: Sync` allows.
unsafe impl<T: Send + Sync + 'static> Sync for Resource<T> {}

impl<T: Send + 'static> Resource<T> {
    pub(super) fn new(device: &Device, value: T) -> Result<Resource<T>> {
        let ctx = device.context();
        ctx.call(|| {
            let managed = Box::new(Managed { value, _address: 0 });
            let action = Action {
                release: release_box::<Managed<T>>,
                managed: NonNull::from(Box::leak(managed)),
            };
            // SAFETY: the handle is alive; `release_box` takes the box back,
            // once, also on failure, on whatever thread, which `T: Send` allows.
            ctx.done(unsafe {
                sys::iomm_device_add_release(
                    device.as_raw(),
                    Some(action.release),
                    action.managed.as_ptr().cast(),
                )
            })?;
            Ok(Resource {
                device: device.clone(),
                action,
            })
        })
    }

    /// The device that it is tied to.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The value, while its device is present. [`Code::EINVAL`] when `bound` is
    /// another device.
    pub fn access<'a>(&'a self, bound: &'a BoundDevice<'_>) -> Result<&'a T> {
        if **bound != self.device {
            return Err(stranger(&self.device, bound));
        }
        // SAFETY: the device is present during 'a, so the release action, which
        // comes after the last who is inside, has not run and will not during
        // 'a; nor is the value dropped with the resource, which 'a borrows.
        Ok(unsafe { &self.action.managed.as_ref().value })
    }

    /// Enters the device, and gives the value for as long as that lasts.
    ///
    /// As [`Device::enter`]: [`Code::ENODEV`] when the device is removed, or
    /// being removed, and the value gone with it; [`Code::ENOSPC`].
    pub fn try_access(&self) -> Result<ResourceGuard<'_, T>> {
        Ok(ResourceGuard {
            bound: self.device.enter()?,
            managed: self.action.managed,
            resource: PhantomData,
        })
    }
}

fn stranger(own: &Device, other: &Device) -> Error {
    Error::new(
        Code::EINVAL,
        format!(
            "a resource of device {} is not accessed with device {}",
            own.name(),
            other.name()
        ),
    )
}

impl<T: Send + 'static> Drop for Resource<T> {
    fn drop(&mut self) {
        if boundary::in_atomic_hook() {
            let (device, action) = (self.device.clone(), self.action);
            boundary::later(move || drop(take_back(&device, action)));
        } else {
            // Dropped outside of the call, as any value is.
            let value = boundary::call(|| take_back(&self.device, self.action));
            drop(value);
        }
    }
}

/// The value, whose release action is then gone; `None` when that has run or
/// is running.
fn take_back<T>(device: &Device, action: Action<T>) -> Option<Box<Managed<T>>> {
    let data = action.managed.as_ptr();
    // SAFETY: the handle is alive; the data is not looked at. It names no other
    // action: while the action is there the box is too, so nobody else has its
    // address, and once it has run the device takes no new ones.
    let answer = unsafe {
        sys::iomm_device_remove_release(device.as_raw(), Some(action.release), data.cast())
    };
    // SAFETY: it comes from a box, and with the action that was going to drop it
    // taken back, it is ours.
    (answer == 0).then(|| unsafe { Box::from_raw(data) })
}

impl<T: Send + 'static> fmt::Debug for Resource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("device", &self.device)
            .finish_non_exhaustive()
    }
}

/// A [`Resource`]'s value, and the proof that its device is present.
#[must_use = "the device may be removed as soon as this is dropped"]
pub struct ResourceGuard<'a, T: Send + 'static> {
    bound: BoundDevice<'a>,
    /// Not a reference, which would have to be valid until this is dropped
    /// wholly: the value may go as soon as `bound` is.
    managed: NonNull<Managed<T>>,
    resource: PhantomData<&'a Resource<T>>,
}

impl<'a, T: Send + 'static> ResourceGuard<'a, T> {
    /// The proof, for the other resources of the device.
    pub fn bound(this: &Self) -> &BoundDevice<'a> {
        &this.bound
    }
}

impl<T: Send + 'static> Deref for ResourceGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: as in `Resource::access`: the device is present as long as
        // `bound`, and the resource is borrowed.
        unsafe { &self.managed.as_ref().value }
    }
}

impl<T: Send + fmt::Debug + 'static> fmt::Debug for ResourceGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
