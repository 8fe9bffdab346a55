// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where memory comes from, when not from the system.

use super::Owner;
use super::descriptor::{Access, Kind};
use crate::boundary::{Hook, callback};
use crate::error::{BROKEN, Code, Result, answer};
use crate::text;
use core::ffi::{c_int, c_void};
use core::ops::RangeInclusive;
use core::ptr::{self, NonNull};
use iomm_sys as sys;

/// What a backend is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantRequest {
    /// The type that the pool belongs to.
    pub kind: Kind,
    /// What it allows at its address.
    pub access: Access,
    /// How many bytes; a multiple of `align`.
    pub bytes: u64,
    /// What the address is aligned to; a power of two.
    pub align: u64,
    /// No byte lies elsewhere.
    pub bounds: RangeInclusive<u64>,
    /// A second address through which the same bytes can be written.
    pub alias: bool,
    /// Large pages, if they can be had.
    pub huge: bool,
    /// Nothing accessible in the page before and in the page behind.
    pub guard: bool,
    /// A place at random.
    pub random: bool,
}

/// What a backend gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The memory.
    pub address: NonNull<u8>,
    /// Where to write the same bytes, if that was asked for.
    pub alias: Option<NonNull<u8>>,
    /// Whatever the backend likes.
    pub cookie: u64,
    /// How many of the bytes are in large pages.
    pub huge: u64,
}

/// Where an [`Allocator`](super::Allocator) takes its memory from: see
/// [`Allocator::with_backend`](super::Allocator::with_backend). The methods are
/// called without locks, save [`flush`](Self::flush), and from several threads
/// at once. What answers an error has done nothing.
///
/// # Safety
///
/// Safe code reads and writes what the backend gives:
///
/// - [`map`](Self::map) gives as many bytes as are asked for, which are zeroes,
///   are nobody else's until they are unmapped, and allow
///   [`GrantRequest::access`]. So do those of the alias, which are the same
///   bytes, and allow reading and writing.
/// - [`protect`](Self::protect) changes what the pages allow, and not what they
///   hold.
/// - [`barrier`](Self::barrier) and [`flush`](Self::flush) do what they say, or
///   the machine needs no such thing.
pub unsafe trait Backend: Send + Sync + 'static {
    /// Smallest unit of protection: a power of two, 64 or more. Asked once.
    fn page(&self) -> u64;

    /// What [`Flags::SHARED_HUGE`](super::Flags::SHARED_HUGE) rounds grants
    /// to; 0: there is no such thing. Asked once.
    fn huge(&self) -> u64 {
        0
    }

    /// Can `map` give an alias? Asked once.
    fn has_alias(&self) -> bool {
        false
    }

    /// Can `protect` be called? It must be for types that are sealed and,
    /// without an alias, for those that are not writable. Asked once.
    fn has_protect(&self) -> bool {
        false
    }

    /// Must `flush` be called? Asked once.
    fn has_flush(&self) -> bool {
        false
    }

    /// Must `barrier` be called? Asked once.
    fn has_barrier(&self) -> bool {
        false
    }

    /// Gives memory. [`Code::ENOSPC`]: there is no room in the bounds.
    fn map(&self, request: &GrantRequest) -> Result<Grant>;

    /// Takes it back.
    ///
    /// # Safety
    ///
    /// `grant` comes from `map`, with as many bytes; if this succeeds it is not
    /// used any more.
    unsafe fn unmap(&self, grant: &Grant, bytes: u64) -> Result<()>;

    /// Changes what whole pages of a grant allow.
    ///
    /// # Safety
    ///
    /// They lie in `grant`, which comes from `map`, and nobody relies on what
    /// is taken away.
    unsafe fn protect(
        &self,
        grant: &Grant,
        address: NonNull<u8>,
        bytes: u64,
        access: Access,
    ) -> Result<()> {
        let _ = (grant, address, bytes, access);
        Err(Code::EOPNOTSUPP.into())
    }

    /// Makes the processors' instruction caches see what was written. An atomic
    /// hook: a panic in it aborts.
    fn flush(&self, address: NonNull<u8>, bytes: u64) {
        let _ = (address, bytes);
    }

    /// Returns once each processor that runs a thread of the process has
    /// dropped the instructions that it had fetched ahead.
    fn barrier(&self) -> Result<()> {
        Ok(())
    }
}

pub(super) fn ops<B: Backend>(backend: &B) -> sys::iomm_alloc_backend_ops {
    let mut ops = sys::iomm_alloc_backend_ops {
        size: text::size_of::<sys::iomm_alloc_backend_ops>(),
        page: backend.page(),
        huge: backend.huge(),
        map: Some(map::<B>),
        unmap: Some(unmap::<B>),
        ..Default::default()
    };
    if backend.has_alias() {
        ops.flags |= sys::IOMM_ALLOC_BACKEND_ALIAS;
    }
    if backend.has_protect() {
        ops.protect = Some(protect::<B>);
    }
    if backend.has_flush() {
        ops.flush = Some(flush::<B>);
    }
    if backend.has_barrier() {
        ops.barrier = Some(barrier::<B>);
    }
    ops
}

/// # Safety
///
/// `data` is what C was given with the hooks of `B`.
unsafe fn backend<'a, B>(data: *mut c_void) -> &'a B {
    // SAFETY: it lives until it is released.
    unsafe { &(*data.cast::<Owner<B>>()).backend }
}

fn request(grant: &sys::iomm_alloc_grant) -> GrantRequest {
    let wants = |flag| grant.flags & flag != 0;
    GrantRequest {
        kind: Kind::from_raw(grant.type_),
        access: Access::from_bits_retain(grant.prot),
        bytes: grant.bytes,
        align: grant.align,
        bounds: grant.first..=grant.last,
        alias: wants(sys::IOMM_ALLOC_GRANT_ALIAS),
        huge: wants(sys::IOMM_ALLOC_GRANT_HUGE),
        guard: wants(sys::IOMM_ALLOC_GRANT_GUARD),
        random: wants(sys::IOMM_ALLOC_GRANT_RANDOM),
    }
}

/// `None` for an address that `map` did not give.
fn granted(grant: &sys::iomm_alloc_grant) -> Option<Grant> {
    Some(Grant {
        address: NonNull::new(grant.address.cast())?,
        alias: NonNull::new(grant.alias.cast()),
        cookie: grant.cookie,
        huge: grant.huge,
    })
}

unsafe extern "C" fn map<B: Backend>(
    data: *mut c_void,
    grant: *mut sys::iomm_alloc_grant,
) -> c_int {
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: C hands us our data, and a grant to fill.
        let (backend, grant) = unsafe { (backend::<B>(data), &mut *grant) };
        answer(backend.map(&request(grant)).map(|given| {
            grant.address = given.address.as_ptr().cast();
            grant.alias = given
                .alias
                .map_or(ptr::null_mut(), |alias| alias.as_ptr().cast());
            grant.cookie = given.cookie;
            grant.huge = given.huge;
        }))
    })
}

unsafe extern "C" fn unmap<B: Backend>(
    data: *mut c_void,
    grant: *const sys::iomm_alloc_grant,
) -> c_int {
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: C hands us our data, and a grant.
        let (backend, grant) = unsafe { (backend::<B>(data), &*grant) };
        let Some(given) = granted(grant) else {
            return BROKEN;
        };
        // SAFETY: C gives back what it was given.
        answer(unsafe { backend.unmap(&given, grant.bytes) })
    })
}

unsafe extern "C" fn protect<B: Backend>(
    data: *mut c_void,
    grant: *const sys::iomm_alloc_grant,
    address: *mut c_void,
    bytes: u64,
    prot: u32,
) -> c_int {
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: C hands us our data, and a grant.
        let (backend, grant) = unsafe { (backend::<B>(data), &*grant) };
        let (Some(given), Some(address)) = (granted(grant), NonNull::new(address.cast())) else {
            return BROKEN;
        };
        let access = Access::from_bits_retain(prot);
        // SAFETY: the pages lie in the grant, and are those of an allocation
        // that is being filled, sealed or freed.
        answer(unsafe { backend.protect(&given, address, bytes, access) })
    })
}

unsafe extern "C" fn flush<B: Backend>(data: *mut c_void, address: *mut c_void, bytes: u64) {
    callback(Hook::Atomic, (), || {
        // SAFETY: C hands us our data.
        let backend = unsafe { backend::<B>(data) };
        if let Some(address) = NonNull::new(address.cast()) {
            backend.flush(address, bytes);
        }
    });
}

unsafe extern "C" fn barrier<B: Backend>(data: *mut c_void) -> c_int {
    callback(Hook::Plain, BROKEN, || {
        // SAFETY: C hands us our data.
        answer(unsafe { backend::<B>(data) }.barrier())
    })
}
