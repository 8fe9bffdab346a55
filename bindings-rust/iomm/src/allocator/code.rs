// SPDX-License-Identifier: MIT OR Apache-2.0
//! Allocations that are functions.

use super::allocation::{Allocation, AllocationError};
use super::descriptor::Access;
use core::fmt;

/// A function whose code lies in an [`Allocation`].
///
/// Making one is unsafe: nobody but its maker knows what the bytes do. Holding
/// one is safe. It keeps its memory, and nobody writes there; the pointer is
/// not given out, so that nobody calls it later.
///
/// ```
/// use iomm::Context;
/// use iomm::allocator::{Access, Allocator, AllocatorConfig, Code, Descriptor, Kind};
///
/// # #[cfg(target_arch = "x86_64")]
/// const CODE: &[u8] = &[0x8d, 0x47, 0x01, 0xc3]; // lea eax, [rdi + 1]; ret
/// # #[cfg(target_arch = "aarch64")]
/// # const CODE: &[u8] = &[0x00, 0x04, 0x00, 0x11, 0xc0, 0x03, 0x5f, 0xd6];
/// # #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
/// # {
///
/// let config = AllocatorConfig::new()
///     .with(Descriptor::new(Kind::TEXT, Access::READ | Access::EXEC));
/// let allocator = Allocator::create(&Context::new()?, config)?;
///
/// let mut memory = allocator.alloc_type(Kind::TEXT)?.alloc(CODE.len())?;
/// memory.fill(0, CODE)?;
/// // SAFETY: these are the bytes of such a function.
/// let increment: Code<extern "C" fn(u32) -> u32> = unsafe { Code::new(memory, 0) }?;
/// assert_eq!(increment.call((41,)), 42);
/// # }
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// The maker has to say `unsafe`:
///
/// ```compile_fail,E0133
/// use iomm::allocator::{Allocation, Code};
///
/// fn make(memory: Allocation) -> Option<Code<extern "C" fn()>> {
///     Code::new(memory, 0).ok()
/// }
/// ```
///
/// ```
/// use iomm::allocator::{Allocation, Code};
///
/// unsafe fn make(memory: Allocation) -> Option<Code<extern "C" fn()>> {
///     // SAFETY: our caller's affair.
///     unsafe { Code::new(memory, 0) }.ok()
/// }
/// ```
///
/// An allocation alone is not called:
///
/// ```compile_fail,E0618
/// fn call(memory: iomm::allocator::Allocation) {
///     memory()
/// }
/// ```
///
/// While it can be called, it is not written,
///
/// ```compile_fail,E0382
/// use iomm::allocator::{Allocation, Code};
///
/// unsafe fn make(mut memory: Allocation) -> iomm::Result<()> {
///     // SAFETY: our caller's affair.
///     let code = unsafe { Code::<extern "C" fn()>::new(memory, 0) }?;
///     memory.fill(0, &[])?;
///     code.call(());
///     Ok(())
/// }
/// ```
///
/// ```
/// use iomm::allocator::{Allocation, Code};
///
/// unsafe fn make(memory: Allocation) -> iomm::Result<()> {
///     // SAFETY: our caller's affair.
///     let code = unsafe { Code::<extern "C" fn()>::new(memory, 0) }?;
///     code.call(());
///     let mut memory = code.into_allocation();
///     memory.fill(0, &[])
/// }
/// ```
///
/// nor freed while somebody is about to call it:
///
/// ```compile_fail,E0505
/// use iomm::allocator::Code;
///
/// fn late(code: Code<extern "C" fn()>) {
///     let call = || code.call(());
///     drop(code);
///     call();
/// }
/// ```
///
/// ```
/// use iomm::allocator::Code;
///
/// fn in_time(code: Code<extern "C" fn()>) {
///     let call = || code.call(());
///     call();
///     drop(code);
/// }
/// ```
///
/// A function that trusts its arguments is `unsafe`, and so are its calls:
///
/// ```compile_fail,E0277
/// use iomm::allocator::Code;
///
/// fn read(code: &Code<unsafe extern "C" fn(*const u8) -> u8>) -> u8 {
///     code.call((std::ptr::null(),))
/// }
/// ```
///
/// ```
/// use iomm::allocator::Code;
///
/// fn read(code: &Code<unsafe extern "C" fn(*const u8) -> u8>) -> u8 {
///     let byte = 42;
///     // SAFETY: it reads what it is pointed to.
///     unsafe { code.call_unsafe((&byte,)) }
/// }
/// ```
pub struct Code<F> {
    function: F,
    allocation: Allocation,
}

impl<F: FnPointer> Code<F> {
    /// The function that starts at an offset of an allocation.
    /// [`EACCES`](crate::Code::EACCES) for memory that is not executable.
    ///
    /// # Safety
    ///
    /// - The bytes, put there with [`fill`](Allocation::fill), are code of
    ///   this machine that does what a function of type `F` may do: for one
    ///   that is not `unsafe`, whatever its arguments and whichever the thread.
    /// - Every thread that gets hold of the result sees them: for types with
    ///   [`Flags::LAZY_SYNC`](super::Flags::LAZY_SYNC)
    ///   [`sync`](super::AllocType::sync) has been called since; where
    ///   [`AllocatorInfo::barrier`](super::AllocatorInfo::barrier) is false
    ///   each thread synchronises its processor.
    /// - Whatever else the code uses, such as data beside it, is there for as
    ///   long as the result.
    pub unsafe fn new(
        allocation: Allocation,
        offset: usize,
    ) -> core::result::Result<Code<F>, AllocationError> {
        let start = allocation
            .part(offset, 1)
            .and_then(|start| allocation.needs(Access::EXEC, "run").map(|()| start));
        match start {
            Ok(start) => Ok(Code {
                // SAFETY: the caller says that there is such a function.
                function: unsafe { F::from_address(start.cast()) },
                allocation,
            }),
            Err(error) => Err(allocation.with(error)),
        }
    }

    /// Calls it.
    pub fn call(&self, arguments: F::Arguments) -> F::Output
    where
        F: SafeFnPointer,
    {
        // SAFETY: the function is there as long as we are, and a safe one.
        unsafe { self.function.invoke(arguments) }
    }

    /// Calls it.
    ///
    /// # Safety
    ///
    /// What the function asks of its callers.
    pub unsafe fn call_unsafe(&self, arguments: F::Arguments) -> F::Output {
        // SAFETY: the function is there as long as we are; the rest is as the
        // caller promises.
        unsafe { self.function.invoke(arguments) }
    }

    /// The pointer, for tables of functions and the like.
    ///
    /// # Safety
    ///
    /// It is called only while `self` is there. Rust does not see to that.
    pub unsafe fn pointer(&self) -> F {
        self.function
    }
}

impl<F> Code<F> {
    /// The memory, to look at.
    pub fn allocation(&self) -> &Allocation {
        &self.allocation
    }

    /// The memory, for something else: nobody calls the function any more.
    pub fn into_allocation(self) -> Allocation {
        self.allocation
    }
}

impl<F> fmt::Debug for Code<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code")
            .field("allocation", &self.allocation)
            .finish_non_exhaustive()
    }
}

mod function {
    /// Only the pointers below are function pointers.
    pub trait Function: Copy {
        type Arguments;
        type Output;

        /// # Safety
        ///
        /// There is such a function.
        unsafe fn from_address(address: *const ()) -> Self;

        /// # Safety
        ///
        /// The function is there, and its callers do what it asks of them.
        unsafe fn invoke(self, arguments: Self::Arguments) -> Self::Output;
    }
}

/// A pointer to a function of the C calling convention, with up to eight
/// arguments: `extern "C" fn(A, ...) -> R`, and the same with `unsafe`.
pub trait FnPointer: function::Function {}

/// A [`FnPointer`] that is not `unsafe`.
pub trait SafeFnPointer: FnPointer {}

macro_rules! function {
    ($($argument:ident)*; $type:ty) => {
        impl<Out, $($argument),*> function::Function for $type {
            type Arguments = ($($argument,)*);
            type Output = Out;

            unsafe fn from_address(address: *const ()) -> Self {
                // SAFETY: the caller says that there is such a function.
                unsafe { core::mem::transmute::<*const (), Self>(address) }
            }

            #[allow(non_snake_case, unused_unsafe)]
            unsafe fn invoke(self, arguments: Self::Arguments) -> Out {
                let ($($argument,)*) = arguments;
                // SAFETY: as the caller promises.
                unsafe { self($($argument),*) }
            }
        }

        impl<Out, $($argument),*> FnPointer for $type {}
    };
}

macro_rules! functions {
    ($($argument:ident)*) => {
        function!($($argument)*; extern "C" fn($($argument),*) -> Out);
        function!($($argument)*; unsafe extern "C" fn($($argument),*) -> Out);
        impl<Out, $($argument),*> SafeFnPointer for extern "C" fn($($argument),*) -> Out {}
    };
}

functions!();
functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D E);
functions!(A B C D E F);
functions!(A B C D E F G);
functions!(A B C D E F G H);
