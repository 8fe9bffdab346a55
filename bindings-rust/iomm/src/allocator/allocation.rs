// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was allocated.

use super::alloc_type::next_above;
use super::descriptor::Access;
use super::info::AllocationInfo;
use crate::boundary;
use crate::ctx::Context;
use crate::error::{Code, Error, Result};
use alloc::format;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use iomm_sys as sys;

/// The state of an [`Allocation`] that can be filled.
#[derive(Debug)]
pub enum Writable {}

/// The state of an [`Allocation`] that nothing changes any more.
#[derive(Debug)]
pub enum Sealed {}

/// Memory of one type, freed when it is dropped. It keeps the allocator.
///
/// It is bytes, and no function: [`Code`](super::Code) makes it one. Who holds
/// it is its only user, so it is written with `&mut self`:
///
/// ```
/// use iomm::Context;
/// use iomm::allocator::{Access, Allocator, AllocatorConfig, Descriptor, Kind};
///
/// let config = AllocatorConfig::new().with(Descriptor::new(Kind::RODATA, Access::READ));
/// let allocator = Allocator::create(&Context::new()?, config)?;
/// let mut memory = allocator.alloc_type(Kind::RODATA)?.alloc(100)?;
/// memory.fill(0, b"bytes")?;
/// let bytes = memory.bytes()?;
/// assert_eq!(&bytes[..5], b"bytes");
/// memory.fill(5, b"!")?;
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// and not while somebody looks:
///
/// ```compile_fail,E0502
/// # use iomm::Context;
/// # use iomm::allocator::{Access, Allocator, AllocatorConfig, Descriptor, Kind};
/// # let config = AllocatorConfig::new().with(Descriptor::new(Kind::RODATA, Access::READ));
/// # let allocator = Allocator::create(&Context::new()?, config)?;
/// let mut memory = allocator.alloc_type(Kind::RODATA)?.alloc(100)?;
/// memory.fill(0, b"bytes")?;
/// let bytes = memory.bytes()?;
/// memory.fill(5, b"!")?;
/// assert_eq!(&bytes[..5], b"bytes");
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// What is [sealed](Self::seal) is read,
///
/// ```
/// use iomm::allocator::{Allocation, Sealed};
///
/// fn read(memory: &Allocation<Sealed>) -> iomm::Result<u8> {
///     Ok(memory.bytes()?[0])
/// }
/// ```
///
/// and not written:
///
/// ```compile_fail,E0599
/// use iomm::allocator::{Allocation, Sealed};
///
/// fn write(memory: &mut Allocation<Sealed>) -> iomm::Result<()> {
///     memory.fill(0, b"bytes")
/// }
/// ```
///
/// ```compile_fail,E0599
/// use iomm::allocator::{Allocation, Sealed};
///
/// fn write(memory: &mut Allocation<Sealed>) -> iomm::Result<()> {
///     Ok(memory.bytes_mut()?[0] = 1)
/// }
/// ```
///
/// One that a descriptor's or a backend's hook keeps from being freed is leaked
/// when it is dropped; [`free`](Self::free) gives it back instead.
pub struct Allocation<S = Writable> {
    address: NonNull<u8>,
    len: usize,
    /// One reference of ours.
    of: NonNull<sys::iomm_alloc_type>,
    ctx: Context,
    state: PhantomData<S>,
}

// SAFETY: it is memory that we alone can change, and whose type may be used
// from any thread.
unsafe impl<S> Send for Allocation<S> {}
// SAFETY: through a shared reference it is only read.
unsafe impl<S> Sync for Allocation<S> {}

impl Allocation {
    /// Takes over what was allocated of a type.
    ///
    /// # Safety
    ///
    /// There are `len` bytes of `of` at `address`, and they are nobody else's.
    pub(super) unsafe fn from_raw(
        of: &super::AllocType,
        address: *mut u8,
        len: usize,
    ) -> Allocation {
        // SAFETY: the caller's handle is alive, so another reference can be
        // taken; the call answers its argument.
        let raw = unsafe { sys::iomm_alloc_type_get(of.as_raw()) };
        Allocation {
            address: NonNull::new(address).expect("the library allocates nothing at NULL"),
            len,
            of: NonNull::new(raw).expect("a handle is not NULL"),
            ctx: of.context().clone(),
            state: PhantomData,
        }
    }

    /// Puts bytes into it, and makes them code for whoever runs them: for all
    /// threads, or with [`Flags::LAZY_SYNC`](super::Flags::LAZY_SYNC) for the
    /// calling one. What an error has left half done can be filled again.
    pub fn fill(&mut self, offset: usize, bytes: &[u8]) -> Result<()> {
        let dst = self.part(offset, bytes.len())?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.ctx.call(|| {
            // SAFETY: the handle is alive, the bytes go to memory that is ours,
            // and `&mut self` keeps others away.
            self.ctx.done(unsafe {
                sys::iomm_alloc_type_fill(
                    self.of.as_ptr(),
                    dst.cast(),
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                )
            })
        })
    }

    /// The memory, to be written in place. [`Code::EACCES`] for memory that is
    /// not writable where it is: use [`fill`](Self::fill).
    pub fn bytes_mut(&mut self) -> Result<&mut [u8]> {
        self.needs(Access::READ | Access::WRITE, "written in place")?;
        // SAFETY: it is readable and writable, `&mut self` keeps others away,
        // and the library and its backends give memory that holds something.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.address.as_ptr(), self.len) })
    }

    /// Makes it what its descriptor says that it finally is, for types with
    /// [`Flags::SEAL_AFTER_INIT`](super::Flags::SEAL_AFTER_INIT);
    /// [`Code::EINVAL`] for others.
    pub fn seal(self) -> core::result::Result<Allocation<Sealed>, AllocationError> {
        let done = self.ctx.call(|| {
            // SAFETY: the handle is alive, and the memory ours.
            self.ctx.done(unsafe {
                sys::iomm_alloc_type_seal(self.of.as_ptr(), self.address.as_ptr().cast())
            })
        });
        match done {
            Ok(()) => Ok(self.into_state()),
            Err(error) => Err(self.with(error)),
        }
    }
}

impl<S> Allocation<S> {
    /// Where it is.
    pub fn address(&self) -> *const u8 {
        self.address.as_ptr()
    }

    /// How many bytes were asked for.
    #[allow(clippy::len_without_is_empty)] // it never is
    pub fn len(&self) -> usize {
        self.len
    }

    /// The context that it belongs to.
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// The memory. [`Code::EACCES`] when it cannot be read where it is.
    pub fn bytes(&self) -> Result<&[u8]> {
        self.needs(Access::READ, "read")?;
        // SAFETY: it is readable, nobody writes it but through `&mut self`, and
        // the library and its backends give memory that holds something.
        Ok(unsafe { core::slice::from_raw_parts(self.address.as_ptr(), self.len) })
    }

    /// What a walk says of it.
    pub fn info(&self) -> Result<AllocationInfo> {
        let before = self.address.addr().get() as u64 - 1;
        // SAFETY: the handle is alive.
        let found = unsafe { next_above(&self.ctx, self.of.as_ptr(), before) }?;
        found.ok_or_else(|| Code::ENOENT.into())
    }

    /// Frees it, as dropping does. After an error it is allocated still.
    pub fn free(self) -> core::result::Result<(), AllocationError<S>> {
        // SAFETY: the memory is ours, and not used again on success.
        let done = self
            .ctx
            .call(|| self.ctx.done(unsafe { free(self.of, self.address) }));
        if let Err(error) = done {
            return Err(self.with(error));
        }
        let this = ManuallyDrop::new(self);
        let of = this.of;
        // SAFETY: the reference is ours, and this is its only put.
        boundary::give_back(move || unsafe { sys::iomm_alloc_type_put(of.as_ptr()) });
        // SAFETY: read once, from what is not dropped.
        drop(unsafe { ptr::read(&this.ctx) });
        Ok(())
    }

    /// An address in it, when so many bytes are there.
    pub(super) fn part(&self, offset: usize, bytes: usize) -> Result<*mut u8> {
        if offset > self.len || bytes > self.len - offset {
            return Err(Error::new(
                Code::EINVAL,
                format!(
                    "{bytes} bytes at {offset} do not lie in an allocation of {} bytes",
                    self.len
                ),
            ));
        }
        // SAFETY: the offset lies in the memory, or is its end.
        Ok(unsafe { self.address.as_ptr().add(offset) })
    }

    /// Refuses what the memory does not allow.
    pub(super) fn needs(&self, access: Access, what: &str) -> Result<()> {
        let info = self.info()?;
        if info.access.contains(access) {
            return Ok(());
        }
        Err(Error::new(
            Code::EACCES,
            format!(
                "memory of the type {} cannot be {what}: it allows {:?}",
                info.kind, info.access
            ),
        ))
    }

    pub(super) fn with(self, error: Error) -> AllocationError<S> {
        AllocationError {
            allocation: self,
            error,
        }
    }

    fn into_state<T>(self) -> Allocation<T> {
        let this = ManuallyDrop::new(self);
        Allocation {
            address: this.address,
            len: this.len,
            of: this.of,
            // SAFETY: read once, from what is not dropped.
            ctx: unsafe { ptr::read(&this.ctx) },
            state: PhantomData,
        }
    }
}

/// # Safety
///
/// The type is alive; the memory is the caller's, and if this succeeds is not
/// used again.
unsafe fn free(of: NonNull<sys::iomm_alloc_type>, address: NonNull<u8>) -> core::ffi::c_int {
    // SAFETY: as the caller promises.
    unsafe { sys::iomm_alloc_type_free(of.as_ptr(), address.as_ptr().cast()) }
}

impl<S> Drop for Allocation<S> {
    fn drop(&mut self) {
        let (of, address) = (self.of, self.address);
        // In this order, and so in one closure.
        boundary::give_back(move || {
            // SAFETY: the memory and the reference are ours, and not used any
            // more. What cannot be freed stays allocated.
            unsafe {
                free(of, address);
                sys::iomm_alloc_type_put(of.as_ptr());
            }
        });
    }
}

impl<S> fmt::Debug for Allocation<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocation")
            .field("address", &self.address)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Why something could not be done to an [`Allocation`], and the allocation,
/// which is as it was.
#[derive(Debug)]
pub struct AllocationError<S = Writable> {
    /// Not lost.
    pub allocation: Allocation<S>,
    /// What was wrong.
    pub error: Error,
}

impl<S> fmt::Display for AllocationError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, f)
    }
}

impl<S: fmt::Debug> core::error::Error for AllocationError<S> {}

impl<S> From<AllocationError<S>> for Error {
    /// The allocation is freed.
    fn from(failed: AllocationError<S>) -> Error {
        failed.error
    }
}
