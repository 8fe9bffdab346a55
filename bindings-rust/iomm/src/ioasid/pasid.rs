// SPDX-License-Identifier: MIT OR Apache-2.0
//! The PASIDs of a device.

use super::allocator::choice;
use super::set::{self, IoasidSet, IoasidSetConfig};
use super::{Ioasid, IoasidSpace};
use crate::boundary::{Hook, callback};
use crate::error::{BROKEN, Code, Result};
use crate::handle::handle;
use crate::text;
use alloc::boxed::Box;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::ops::{ControlFlow, RangeInclusive};
use core::ptr;
use iomm_sys as sys;

/// What a driver says of the PASIDs of one device. Called without locks.
pub trait PasidDriver: Send + Sync + 'static {
    /// The PASIDs that the device can do, of those that the space has. Asked
    /// once.
    fn limits(&self, space: RangeInclusive<u32>) -> Result<RangeInclusive<u32>> {
        Ok(space)
    }

    /// Chooses a PASID in the range: exactly that one is taken. `None`: the
    /// space chooses.
    fn alloc(&self, range: RangeInclusive<u32>) -> Result<Option<u32>> {
        let _ = range;
        Ok(None)
    }

    /// Takes back what `alloc` chose.
    fn free(&self, id: u32) {
        let _ = id;
    }
}

/// A device whose driver has nothing to say.
impl PasidDriver for () {}

handle! {
    /// The handle below the types.
    PasidHandle, iomm_pasid, iomm_pasid_get, iomm_pasid_put
}

/// The PASIDs of a device: a set whose numbers the device's driver may narrow,
/// and may choose.
///
/// ```
/// use iomm::{Context, IoasidSetConfig, IoasidSpace, Pasid, PasidDriver};
/// use std::ops::RangeInclusive;
///
/// struct EightBits;
/// impl PasidDriver for EightBits {
///     fn limits(&self, space: RangeInclusive<u32>) -> iomm::Result<RangeInclusive<u32>> {
///         Ok(*space.start()..=0xff)
///     }
/// }
///
/// let space = IoasidSpace::create(&Context::new()?, 0x80..=0xf_ffff)?;
/// let pasids = Pasid::create(&space, &IoasidSetConfig::new(), EightBits)?;
/// let id = pasids.alloc("a context")?;
/// assert_eq!(id, 0x80);
/// # Ok::<(), iomm::Error>(())
/// ```
pub struct Pasid<T: Send + Sync + 'static> {
    handle: PasidHandle,
    set: IoasidSet<T>,
}

impl<T: Send + Sync + 'static> Pasid<T> {
    /// Makes the PASID consumer of a device, and asks its driver for the limits.
    pub fn create<D: PasidDriver>(
        space: &IoasidSpace,
        config: &IoasidSetConfig,
        driver: D,
    ) -> Result<Pasid<T>> {
        let ctx = space.context();
        let config = config.to_c();
        let ops = sys::iomm_pasid_ops {
            size: text::size_of::<sys::iomm_pasid_ops>(),
            flags: 0,
            limits: Some(limits::<D>),
            alloc: Some(alloc_id::<D>),
            free: Some(free_id::<D>),
        };
        ctx.call(|| {
            let driver = Box::into_raw(Box::new(driver));
            let mut raw = ptr::null_mut();
            // SAFETY: the space is alive; the structs are copied; the hooks are
            // those of `D`, whose data this is, and `release_driver` takes it
            // back, once, also on failure; the set's data is what
            // `set::release` takes.
            ctx.done(unsafe {
                sys::iomm_pasid_create(
                    space.as_raw(),
                    &config,
                    Some(set::release::<T>),
                    &ops,
                    driver.cast(),
                    Some(release_driver::<D>),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours, and so is that on the
            // set, which was made with `set::release`.
            unsafe {
                let handle = PasidHandle::from_raw(raw, ctx);
                let set = IoasidSet::from_raw(sys::iomm_pasid_set(raw), space);
                Ok(Pasid { handle, set })
            }
        })
    }

    /// The C handle, for calls that this crate does not wrap. It is valid as
    /// long as `self`.
    pub fn as_raw(&self) -> *mut sys::iomm_pasid {
        self.handle.as_raw()
    }

    /// The set of the device's PASIDs. Taking an ID from it leaves the driver
    /// out.
    pub fn set(&self) -> &IoasidSet<T> {
        &self.set
    }

    /// Takes a PASID within the device's limits. The driver is asked first.
    pub fn alloc(&self, data: T) -> Result<u32> {
        let ctx = self.handle.context();
        let data = set::into_c(data);
        let mut id = 0;
        ctx.call(|| {
            // SAFETY: the handle is alive; data is what `set::release` takes,
            // once, also on failure.
            ctx.done(unsafe { sys::iomm_pasid_alloc(self.as_raw(), data(), &mut id) })
        })?;
        Ok(id)
    }

    /// Gives a PASID back; see [`IoasidSet::free`].
    pub fn free(&self, id: u32) -> Result<()> {
        self.set.free(id)
    }

    /// Takes a reference on a PASID; see [`IoasidSet::find`].
    pub fn find(&self, id: u32) -> Result<Ioasid<T>> {
        self.set.find(id)
    }

    /// Calls `visit` for each PASID; see [`IoasidSet::for_each`].
    pub fn for_each<B>(
        &self,
        visit: impl FnMut(u32, Option<&T>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>> {
        self.set.for_each(visit)
    }
}

impl<T: Send + Sync + 'static> Clone for Pasid<T> {
    fn clone(&self) -> Pasid<T> {
        Pasid {
            handle: self.handle.clone(),
            set: self.set.clone(),
        }
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Pasid<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pasid").finish_non_exhaustive()
    }
}

/// # Safety
///
/// `data` is a `D` that C was given, and has not been released.
unsafe fn driver<'a, D>(data: *mut c_void) -> &'a D {
    // SAFETY: it is a box that nobody changes, and that lives until it is
    // released, after the last call.
    unsafe { &*data.cast::<D>() }
}

unsafe extern "C" fn limits<D: PasidDriver>(
    data: *mut c_void,
    min: *mut u32,
    max: *mut u32,
) -> c_int {
    // SAFETY: C hands us our data, and the limits to read and to write.
    let (driver, min, max) = unsafe { (driver::<D>(data), &mut *min, &mut *max) };
    callback(Hook::Plain, BROKEN, || {
        match driver
            .limits(*min..=*max)
            .and_then(|range| super::ends(&range))
        {
            Ok(ends) => {
                (*min, *max) = ends;
                0
            }
            Err(error) => error.answer(),
        }
    })
}

unsafe extern "C" fn alloc_id<D: PasidDriver>(
    data: *mut c_void,
    min: u32,
    max: u32,
    id: *mut u32,
) -> c_int {
    // SAFETY: C hands us our data.
    let driver = unsafe { driver::<D>(data) };
    callback(Hook::Plain, BROKEN, || {
        let chosen = driver.alloc(min..=max);
        let chosen = chosen.and_then(|id| id.ok_or(Code::EAGAIN.into()));
        // SAFETY: C wants the number there.
        choice(chosen, |chosen| unsafe { *id = chosen })
    })
}

unsafe extern "C" fn free_id<D: PasidDriver>(data: *mut c_void, id: u32) {
    // SAFETY: C hands us our data.
    let driver = unsafe { driver::<D>(data) };
    callback(Hook::Plain, (), || driver.free(id));
}

unsafe extern "C" fn release_driver<D>(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: what was given with the hooks, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<D>()) });
    });
}
