// SPDX-License-Identifier: MIT OR Apache-2.0
//! The hooks of a descriptor.

use crate::boundary::{Hook, callback};
use crate::error::{BROKEN, Result, answer};
use alloc::boxed::Box;
use core::ffi::{c_int, c_void};
use iomm_sys as sys;

type Fill = Box<dyn Fn(u64, &mut [u8], &[u8]) -> Result<()> + Send + Sync>;
type Invalidate = Box<dyn Fn(u64, &mut [u8]) -> Result<()> + Send + Sync>;
type Tell = Box<dyn Fn(u64, u64) + Send + Sync>;

#[derive(Default)]
pub(super) struct Hooks {
    pub(super) fill: Option<Fill>,
    pub(super) invalidate: Option<Invalidate>,
    pub(super) on_map: Option<Tell>,
    pub(super) on_unmap: Option<Tell>,
}

impl Hooks {
    pub(super) fn are_none(&self) -> bool {
        self.fill.is_none()
            && self.invalidate.is_none()
            && self.on_map.is_none()
            && self.on_unmap.is_none()
    }

    /// Has C call those that are there, with `data`: ourselves.
    pub(super) fn tell(&self, desc: &mut sys::iomm_alloc_desc, data: *const Hooks) {
        desc.data = data.cast_mut().cast();
        desc.fill = self.fill.as_ref().map(|_| fill as _);
        desc.invalidate = self.invalidate.as_ref().map(|_| invalidate as _);
        desc.on_map = self.on_map.as_ref().map(|_| on_map as _);
        desc.on_unmap = self.on_unmap.as_ref().map(|_| on_unmap as _);
    }
}

/// # Safety
///
/// `writable` is memory of so many bytes, which hold something, and nobody else
/// looks at it for now.
unsafe fn slice<'a>(writable: *mut c_void, bytes: u64) -> &'a mut [u8] {
    // SAFETY: as the caller promises. What is in memory fits into its size.
    unsafe { core::slice::from_raw_parts_mut(writable.cast(), bytes as usize) }
}

unsafe extern "C" fn fill(
    data: *mut c_void,
    dst: *mut c_void,
    writable: *mut c_void,
    src: *const c_void,
    bytes: u64,
) -> c_int {
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: C hands us our data, which lives until it is released. The
        // allocation is in nobody else's hands, and the source is a slice that
        // `Allocation::fill` has, or another reader's.
        let (hooks, writable, src) = unsafe {
            (
                &*data.cast::<Hooks>(),
                slice(writable, bytes),
                core::slice::from_raw_parts(src.cast::<u8>(), bytes as usize),
            )
        };
        answer(match &hooks.fill {
            Some(fill) => fill(dst as u64, writable, src),
            None => Ok(()),
        })
    })
}

unsafe extern "C" fn invalidate(
    data: *mut c_void,
    address: *mut c_void,
    writable: *mut c_void,
    bytes: u64,
) -> c_int {
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: as in `fill`.
        let (hooks, writable) = unsafe { (&*data.cast::<Hooks>(), slice(writable, bytes)) };
        answer(match &hooks.invalidate {
            Some(invalidate) => invalidate(address as u64, writable),
            None => Ok(()),
        })
    })
}

unsafe extern "C" fn on_map(data: *mut c_void, address: *mut c_void, bytes: u64) {
    callback(Hook::Plain, (), || {
        // SAFETY: as in `fill`.
        let hooks = unsafe { &*data.cast::<Hooks>() };
        if let Some(f) = &hooks.on_map {
            f(address as u64, bytes);
        }
    });
}

unsafe extern "C" fn on_unmap(data: *mut c_void, address: *mut c_void, bytes: u64) {
    callback(Hook::Plain, (), || {
        // SAFETY: as in `fill`.
        let hooks = unsafe { &*data.cast::<Hooks>() };
        if let Some(f) = &hooks.on_unmap {
            f(address as u64, bytes);
        }
    });
}
