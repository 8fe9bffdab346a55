// SPDX-License-Identifier: MIT OR Apache-2.0
//! Custom allocators: whoever hands out the numbers in a space's place.

use super::IoasidSpace;
use crate::boundary::{Hook, callback};
use crate::error::{BROKEN, Error, Result};
use crate::text;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::ops::RangeInclusive;
use iomm_sys as sys;

/// Hands out numbers, as a guest's host does. The space still records every ID,
/// so look-ups do not come here. Called without locks, several at once, and may
/// take its time.
pub trait IoasidAllocator: Send + Sync + 'static {
    /// A number in the range that is not out. One outside of it, or one that is
    /// out, is the allocator's fault: the caller gets
    /// [`Code::EPROTO`](crate::Code::EPROTO), and nobody loses his ID.
    fn alloc(&self, range: RangeInclusive<u32>) -> Result<u32>;

    /// Takes a number back.
    fn free(&self, id: u32);
}

/// Names numbers that several allocators share: see
/// [`IoasidSpace::register_sharing_allocator`].
#[derive(Clone)]
pub struct IoasidHost(Arc<u8>);

impl IoasidHost {
    /// A name that no other has.
    pub fn new() -> IoasidHost {
        IoasidHost(Arc::new(0))
    }

    fn name(&self) -> *const c_void {
        Arc::as_ptr(&self.0).cast()
    }
}

impl Default for IoasidHost {
    fn default() -> IoasidHost {
        IoasidHost::new()
    }
}

impl fmt::Debug for IoasidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoasidHost").finish_non_exhaustive()
    }
}

struct Data {
    allocator: Box<dyn IoasidAllocator>,
    /// Its address is not used for another as long as C knows it.
    _host: IoasidHost,
}

/// The same functions for all allocators: whose numbers are the same is said by
/// the host alone, and not by where the compiler has put code.
fn ops(host: &IoasidHost) -> sys::iomm_ioasid_allocator_ops {
    sys::iomm_ioasid_allocator_ops {
        size: text::size_of::<sys::iomm_ioasid_allocator_ops>(),
        flags: 0,
        host: host.name(),
        alloc: Some(alloc_id),
        free: Some(free_id),
    }
}

impl IoasidSpace {
    /// Registers a custom allocator. The first becomes the active one at once,
    /// for which the space must be empty ([`Code::EBUSY`](crate::Code::EBUSY));
    /// others queue.
    ///
    /// It stays registered when what this gives is dropped, until the space is
    /// gone.
    pub fn register_allocator<A: IoasidAllocator>(
        &self,
        allocator: A,
    ) -> Result<IoasidAllocatorHandle> {
        self.register_sharing_allocator(&IoasidHost::new(), allocator)
    }

    /// As [`register_allocator`](Self::register_allocator); allocators with the
    /// same host share its numbers, and one of them can go while others stay.
    pub fn register_sharing_allocator<A: IoasidAllocator>(
        &self,
        host: &IoasidHost,
        allocator: A,
    ) -> Result<IoasidAllocatorHandle> {
        let ctx = self.context();
        ctx.call(|| {
            let data = Box::into_raw(Box::new(Data {
                allocator: Box::new(allocator),
                _host: host.clone(),
            }));
            // SAFETY: the space is alive; the hooks take `data`, and `release`
            // takes it back, once, also on failure.
            ctx.done(unsafe {
                sys::iomm_ioasid_allocator_register(
                    self.as_raw(),
                    &ops(host),
                    data.cast(),
                    Some(release),
                )
            })?;
            Ok(IoasidAllocatorHandle {
                space: self.clone(),
                host: host.clone(),
                data: data.cast(),
            })
        })
    }
}

/// A custom allocator that was registered.
pub struct IoasidAllocatorHandle {
    space: IoasidSpace,
    /// Of those that share it, each has data of its own while it is registered.
    host: IoasidHost,
    data: *mut c_void,
}

// SAFETY: the pointer is a name, and not followed here.
unsafe impl Send for IoasidAllocatorHandle {}
// SAFETY: as above.
unsafe impl Sync for IoasidAllocatorHandle {}

impl IoasidAllocatorHandle {
    /// Takes the allocator back out. While others share its numbers they go on
    /// with what is out. The last of them needs that nothing is out: else
    /// [`Code::EBUSY`](crate::Code::EBUSY), and it can be tried again. Then the
    /// next takes over, or the space itself.
    pub fn unregister(self) -> core::result::Result<(), (IoasidAllocatorHandle, Error)> {
        let ctx = self.space.context();
        let answer = ctx.call(|| {
            // SAFETY: the space is alive; what names the allocator is compared
            // only.
            ctx.done(unsafe {
                sys::iomm_ioasid_allocator_unregister(
                    self.space.as_raw(),
                    &ops(&self.host),
                    self.data,
                )
            })
        });
        answer.map_err(|error| (self, error))
    }
}

impl fmt::Debug for IoasidAllocatorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoasidAllocatorHandle")
            .finish_non_exhaustive()
    }
}

unsafe extern "C" fn alloc_id(data: *mut c_void, min: u32, max: u32, id: *mut u32) -> c_int {
    // SAFETY: C hands us our data, which lives until it is released.
    let allocator = unsafe { &(*data.cast::<Data>()).allocator };
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: C wants the number there.
        choice(allocator.alloc(min..=max), |chosen| unsafe { *id = chosen })
    })
}

/// What C is answered by who was asked for a number.
pub(super) fn choice(chosen: Result<u32>, tell: impl FnOnce(u32)) -> c_int {
    match chosen {
        Ok(id) => {
            tell(id);
            0
        }
        Err(error) => error.answer(),
    }
}

unsafe extern "C" fn free_id(data: *mut c_void, id: u32) {
    // SAFETY: as in `alloc_id`.
    let allocator = unsafe { &(*data.cast::<Data>()).allocator };
    callback(Hook::Plain, (), || allocator.free(id));
}

unsafe extern "C" fn release(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: what was given with the hooks, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<Data>()) });
    });
}
