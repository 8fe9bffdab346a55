// SPDX-License-Identifier: MIT OR Apache-2.0
//! What users keep with a device.

use super::Device;
use crate::boundary;
#[cfg(doc)]
use crate::error::Code;
use crate::error::Result;
use crate::table_memory::release_box;
use alloc::boxed::Box;
use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::AtomicU8;
use iomm_sys as sys;

/// Under what something is kept with devices, and of which type it is: a static
/// of whoever keeps it. A look-up cannot give another type, nor what somebody
/// else keeps.
///
/// ```
/// use iomm::DataKey;
///
/// struct Queue {
///     depth: usize,
/// }
/// static QUEUE: DataKey<Queue> = DataKey::new();
///
/// fn start(device: &iomm::Device) -> iomm::Result<()> {
///     device.set_data(&QUEUE, Queue { depth: 64 })
/// }
///
/// fn depth(device: &iomm::Device) -> Option<usize> {
///     device.data(&QUEUE).map(|queue| queue.depth)
/// }
/// ```
///
/// What a look-up gives is good for as long as the handle it was asked of:
///
/// ```compile_fail,E0505
/// # static KEY: iomm::DataKey<u32> = iomm::DataKey::new();
/// fn outlives(device: iomm::Device) -> Option<u32> {
///     let data = device.data(&KEY);
///     drop(device);
///     data.copied()
/// }
/// ```
pub struct DataKey<T> {
    /// The key is the address of this. An atomic can be written to, so no two
    /// keys are ever laid over each other, as constants might be.
    address: AtomicU8,
    /// Invariant: a key of one type must not pass for one of another, not even
    /// of a subtype.
    data: PhantomData<fn(T) -> T>,
}

impl<T: Send + Sync + 'static> DataKey<T> {
    /// A key that is no other.
    #[allow(clippy::new_without_default)] // for statics
    pub const fn new() -> DataKey<T> {
        DataKey {
            address: AtomicU8::new(0),
            data: PhantomData,
        }
    }

    fn as_raw(&'static self) -> *const c_void {
        ptr::from_ref(&self.address).cast()
    }
}

impl<T> fmt::Debug for DataKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey").finish_non_exhaustive()
    }
}

impl Device {
    /// Keeps something with the device, until its last handle is dropped,
    /// however it is removed before. Once for each key: [`Code::EEXIST`]. What
    /// could not be kept is dropped.
    ///
    /// What holds a handle to the device itself is never dropped.
    pub fn set_data<T: Send + Sync + 'static>(
        &self,
        key: &'static DataKey<T>,
        value: T,
    ) -> Result<()> {
        let ctx = self.context();
        ctx.call(|| {
            let data = Box::into_raw(Box::new(value));
            // SAFETY: the handle is alive; `release_box` takes `data` back,
            // once, on whatever thread, which `T: Send` allows.
            ctx.done(unsafe {
                sys::iomm_device_set_data(
                    self.as_raw(),
                    key.as_raw(),
                    data.cast(),
                    Some(release_box::<T>),
                )
            })
        })
    }

    /// What is kept with the device under a key. May be asked anywhere.
    pub fn data<T: Send + Sync + 'static>(&self, key: &'static DataKey<T>) -> Option<&T> {
        let mut data = ptr::null_mut();
        // SAFETY: the handle is alive, and so is what is written to.
        let answer = boundary::call(|| unsafe {
            sys::iomm_device_data(self.as_raw(), key.as_raw(), &mut data)
        });
        if answer != 0 {
            return None;
        }
        // SAFETY: no other key has this address, since keys last for ever and
        // take room; so this is the box that `set_data` made of a `T`. It is
        // neither changed nor taken back while there is a reference on the
        // device, and we have one for as long as what is borrowed from us.
        // `T: Sync`, since other threads may look at it too.
        unsafe { data.cast::<T>().as_ref() }
    }
}
