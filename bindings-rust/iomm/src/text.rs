// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strings, arrays and times on their way to C and back.

use crate::boundary;
use crate::ctx::Context;
use crate::error::{Code, Error, Result};
use alloc::ffi::CString;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::time::Duration;
use iomm_sys as sys;

/// `what` names the string in the error.
pub(crate) fn c_string(what: &str, text: &str) -> Result<CString> {
    CString::new(text).map_err(|error| {
        let at = error.nul_position();
        Error::new(
            Code::EINVAL,
            format!("the {what} {text:?} has a NUL at byte {at}"),
        )
    })
}

/// Reads a string through a call that copies out and answers the whole length.
pub(crate) fn read(
    ctx: &Context,
    mut copy: impl FnMut(*mut c_char, u64) -> c_int,
) -> Result<String> {
    let mut buf = vec![0u8; 64];
    loop {
        let len = ctx.check(copy(buf.as_mut_ptr().cast(), buf.len() as u64))? as usize;
        if len < buf.len() {
            buf.truncate(len);
            return Ok(String::from_utf8_lossy(&buf).into_owned());
        }
        buf.resize(len + 1, 0);
    }
}

/// Reads an array through a call that copies out as many elements as there is
/// room for, with this stride, and says how many there are.
pub(crate) fn array<T: Clone + Default>(
    ctx: &Context,
    mut copy: impl FnMut(*mut T, u32, &mut u32) -> c_int,
) -> Result<Vec<T>> {
    let mut all = vec![T::default(); 4];
    loop {
        let mut count = all.len() as u32;
        let answer = copy(all.as_mut_ptr(), size_of::<T>(), &mut count);
        let too_small = count as usize > all.len();
        all.resize(count as usize, T::default());
        match ctx.done(answer) {
            Err(error) if error.code() == Code::EMSGSIZE && too_small => {}
            answer => return answer.map(|()| all),
        }
    }
}

/// What a callback is told: of what the library had to cut, or never was
/// UTF-8, the part that is.
///
/// # Safety
///
/// `text` is NULL, or a C string that outlives `'a`.
pub(crate) unsafe fn borrow<'a>(text: *const c_char) -> &'a str {
    if text.is_null() {
        return "";
    }
    // SAFETY: not NULL, so the caller promises a C string.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    valid_part(text)
}

/// As much of `text` as is UTF-8.
pub(crate) fn valid_part(text: &[u8]) -> &str {
    match core::str::from_utf8(text) {
        Ok(text) => text,
        Err(error) => core::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or(""),
    }
}

/// A time-out in nanoseconds; `None` is for ever.
pub(crate) fn timeout(timeout: Option<Duration>) -> u64 {
    match timeout {
        None => sys::IOMM_FOREVER,
        Some(time) => nanoseconds(time),
    }
}

/// Saturates one below "for ever".
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos())
        .unwrap_or(sys::IOMM_FOREVER)
        .min(sys::IOMM_FOREVER - 1)
}

/// The `size` field of a struct.
pub(crate) const fn size_of<T>() -> u32 {
    core::mem::size_of::<T>() as u32
}

/// How much of a slice C can be told of.
pub(crate) fn room<T>(slice: &[T]) -> u32 {
    u32::try_from(slice.len()).unwrap_or(u32::MAX)
}

/// Reads the name of a live handle, which is legal anywhere and cannot fail.
pub(crate) fn name(ctx: &Context, copy: impl FnMut(*mut c_char, u64) -> c_int) -> String {
    boundary::call(|| read(ctx, copy)).expect("a live handle has a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_none_is_for_ever() {
        assert_eq!(timeout(None), sys::IOMM_FOREVER);
        assert_eq!(timeout(Some(Duration::ZERO)), 0);
        assert_eq!(timeout(Some(Duration::from_micros(3))), 3000);
        assert_eq!(timeout(Some(Duration::MAX)), sys::IOMM_FOREVER - 1);
    }

    #[test]
    fn a_cut_string_keeps_what_is_whole() {
        assert_eq!(valid_part("grün".as_bytes()), "grün");
        assert_eq!(valid_part(&"grün".as_bytes()[..3]), "gr");
        assert_eq!(valid_part(&[0xff]), "");
    }
}
