// SPDX-License-Identifier: MIT OR Apache-2.0
//! What all counted handles have in common.

/// Makes the type of a handle: one reference, and the context, for its
/// sentences.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident, $raw:ident, $get:ident, $put:ident) => {
        $(#[$doc])*
        pub struct $name {
            raw: core::ptr::NonNull<iomm_sys::$raw>,
            // Goes after the handle has been put: fields are dropped last.
            ctx: $crate::ctx::Context,
        }

        // SAFETY: the library counts references atomically and lets every
        // call on this handle be made from any thread.
        unsafe impl Send for $name {}
        // SAFETY: as above; calls at the same time are ordered by the library.
        unsafe impl Sync for $name {}

        impl $name {
            /// Takes over a reference that the library has just given out.
            ///
            /// # Safety
            ///
            /// `raw` is a handle of this kind, of the context `ctx`, and comes
            /// with a reference that nobody else will put.
            pub unsafe fn from_raw(
                raw: *mut iomm_sys::$raw,
                ctx: &$crate::ctx::Context,
            ) -> $name {
                let raw = core::ptr::NonNull::new(raw)
                    .expect("the library gives no NULL handle with success");
                $name { raw, ctx: ctx.clone() }
            }

            /// The C handle, for calls that this crate does not wrap. It is
            /// valid as long as `self`.
            pub fn as_raw(&self) -> *mut iomm_sys::$raw {
                self.raw.as_ptr()
            }

            /// The context that the handle belongs to.
            pub fn context(&self) -> &$crate::ctx::Context {
                &self.ctx
            }
        }

        impl Clone for $name {
            fn clone(&self) -> $name {
                // SAFETY: we hold a reference, so another can be taken,
                // wherever we are.
                let raw = unsafe { iomm_sys::$get(self.as_raw()) };
                // SAFETY: that call answers its argument, and the reference
                // is ours.
                unsafe { $name::from_raw(raw, &self.ctx) }
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                let raw = self.as_raw();
                // SAFETY: the reference is ours, and this is its only put.
                $crate::boundary::give_back(move || unsafe { iomm_sys::$put(raw) });
            }
        }

        impl PartialEq for $name {
            /// Is it the same object?
            fn eq(&self, other: &$name) -> bool {
                self.raw == other.raw
            }
        }

        impl Eq for $name {}

        impl core::hash::Hash for $name {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.raw.hash(state);
            }
        }
    };
}

/// A number that C gives a name to. Later versions of the library may know
/// more of them.
macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$item:meta])* $constant:ident = $value:ident, $words:literal;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name(u32);

        impl $name {
            $($(#[$item])* pub const $constant: $name = $name(iomm_sys::$value);)*

            /// The number as C knows it.
            pub const fn raw(self) -> u32 {
                self.0
            }

            #[allow(dead_code)]
            pub(crate) const fn from_raw(raw: u32) -> $name {
                $name(raw)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match *self {
                    $($name::$constant => f.write_str(stringify!($constant)),)*
                    $name(raw) => write!(f, concat!(stringify!($name), "({})"), raw),
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match *self {
                    $($name::$constant => f.write_str($words),)*
                    $name(raw) => write!(f, "{raw}"),
                }
            }
        }
    };
}

pub(crate) use {handle, numbers};
