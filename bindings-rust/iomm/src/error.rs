// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors: a code, and one sentence that says what was wrong.

use crate::ctx::Context;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use core::ffi::{CStr, c_char, c_int};
use core::fmt;
use iomm_sys as sys;

/// What a call of this crate answers.
pub type Result<T> = core::result::Result<T, Error>;

/// A kind of error. The numbers are Linux's errno numbers on every platform.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(i32);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $value:ident,)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Code = Code(sys::$value as i32);)*

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Code::$name => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// No such object.
    ENOENT = IOMM_ENOENT,
    /// The hardware, or its model, failed.
    EIO = IOMM_EIO,
    /// A struct has a tail that the library does not know.
    E2BIG = IOMM_E2BIG,
    /// Made for another version of the library.
    ENOEXEC = IOMM_ENOEXEC,
    /// Try again.
    EAGAIN = IOMM_EAGAIN,
    /// A hook had no memory to give.
    ENOMEM = IOMM_ENOMEM,
    /// It belongs to somebody else.
    EACCES = IOMM_EACCES,
    /// A device's access was not translated.
    EFAULT = IOMM_EFAULT,
    /// In use.
    EBUSY = IOMM_EBUSY,
    /// There already.
    EEXIST = IOMM_EEXIST,
    /// Gone, or there is none.
    ENODEV = IOMM_ENODEV,
    /// Malformed.
    EINVAL = IOMM_EINVAL,
    /// Nothing free in the range.
    ENOSPC = IOMM_ENOSPC,
    /// It would wait for itself, or wait in a callback.
    EDEADLK = IOMM_EDEADLK,
    /// A callback broke its contract, for instance by panicking.
    EPROTO = IOMM_EPROTO,
    /// A value does not fit.
    EOVERFLOW = IOMM_EOVERFLOW,
    /// A format failed its self-test.
    ELIBBAD = IOMM_ELIBBAD,
    /// An array is too small.
    EMSGSIZE = IOMM_EMSGSIZE,
    /// Known, but not supported here.
    EOPNOTSUPP = IOMM_EOPNOTSUPP,
    /// The deadline passed.
    ETIMEDOUT = IOMM_ETIMEDOUT,
    /// Not yet: something is still to arrive.
    EPROBE_DEFER = IOMM_EPROBE_DEFER,
}

impl Code {
    /// A code by its number, which is positive.
    pub const fn from_raw(number: i32) -> Code {
        Code(number)
    }

    /// The number: positive.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// What the code means, in a few words that do not depend on the call.
    pub fn description(self) -> &'static str {
        // SAFETY: the answer is a static string, never NULL, for any number.
        let text = unsafe { CStr::from_ptr(sys::iomm_strerror(self.0)) };
        text.to_str().unwrap_or("unknown error")
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Code({})", self.0),
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Why a call failed. Displayed, it is one sentence with the values in it,
/// which was fetched from the library when the call failed.
///
/// ```
/// use iomm::{Code, Context, Firmware};
///
/// let ctx = Context::new()?;
/// let error = Firmware::from_fdt(&ctx, b"no tree").unwrap_err();
/// assert_eq!(error.code(), Code::EINVAL);
/// assert!(!error.to_string().is_empty());
/// # Ok::<(), iomm::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    code: Code,
    message: Box<str>,
}

impl Error {
    /// An error of the caller's own making: what a driver's callback answers.
    /// The code goes through the library; the sentence does not.
    pub fn new(code: Code, message: impl Into<Box<str>>) -> Error {
        Error {
            code,
            message: message.into(),
        }
    }

    /// The kind of error.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What a callback answers C. Success it is not, whatever the code.
    pub(crate) fn answer(&self) -> c_int {
        match self.code.0 {
            code @ 1..=4095 => -code,
            _ => BROKEN,
        }
    }

    /// The error of a call on `ctx` that has just answered `answer` on this
    /// thread.
    pub(crate) fn last(ctx: &Context, answer: c_int) -> Error {
        let code = Code(answer.wrapping_neg());
        match sentence(ctx) {
            Some(message) => Error::new(code, message),
            None => code.into(),
        }
    }
}

/// What C is answered for a callback that panicked.
pub(crate) const BROKEN: c_int = -(sys::IOMM_EPROTO as c_int);

/// Of a call that must not be made in an atomic hook.
pub(crate) fn refused() -> Error {
    Error::new(
        Code::EDEADLK,
        "an atomic hook, or the closure of an event, must not make this call",
    )
}

fn sentence(ctx: &Context) -> Option<String> {
    let mut buf = [0u8; 256];
    let len = sentence_into(ctx, &mut buf)?;
    if let Some(sentence) = buf.get(..len) {
        return Some(String::from_utf8_lossy(sentence).into_owned());
    }
    let mut buf = vec![0u8; len + 1];
    let len = sentence_into(ctx, &mut buf)?.min(len);
    buf.truncate(len);
    Some(String::from_utf8_lossy(&buf).into_owned())
}

/// The sentence's whole length; `None` when there is none.
fn sentence_into(ctx: &Context, buf: &mut [u8]) -> Option<usize> {
    // SAFETY: the context is alive, the buffer is as long as is said, and
    // nothing of it is kept.
    let len = unsafe {
        sys::iomm_error_message(
            ctx.as_raw(),
            buf.as_mut_ptr().cast::<c_char>(),
            buf.len() as u64,
        )
    };
    usize::try_from(len).ok().filter(|len| *len > 0)
}

impl From<Code> for Error {
    /// An error that has no more to say than its code.
    fn from(code: Code) -> Error {
        Error::new(code, code.description())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}
