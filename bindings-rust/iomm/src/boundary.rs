// SPDX-License-Identifier: MIT OR Apache-2.0
//! The border between Rust and C: calls down, callbacks up.
//!
//! A panic must not unwind through C. A callback that panics answers an error
//! at once, and its payload is kept on the thread until the outermost call of
//! this crate into C returns there, which resumes it.
//!
//! Where the thread stands is kept too, because Rust's types cannot say that a
//! closure must not call the library: what an atomic hook asks for is refused,
//! and what it drops is given back later.
//!
//! All of this needs thread-local state. Without the feature `std` a callback
//! is called as it is, and a panic aborts when it reaches the `extern "C"`
//! function around it.

/// What calls a callback, and so what the callback may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hook {
    /// No lock is held: anything that does not wait.
    Plain,
    /// As `Plain`, but the library relies on what the callback does, and it has
    /// no answer to say that it did not: a panic aborts.
    Vital,
    /// Locks may be held, and nobody can be told of a failure: a panic aborts.
    Atomic,
    /// Locks may be held, but the library only tells us something, or shows it,
    /// and goes on as it would have.
    Event,
}

#[cfg(not(feature = "std"))]
mod state {
    use super::Hook;

    pub(crate) fn in_atomic_hook() -> bool {
        false
    }

    pub(crate) fn call<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    pub(crate) fn callback<R>(_hook: Hook, _broken: R, f: impl FnOnce() -> R) -> R {
        f()
    }

    pub(crate) fn pure<R>(f: impl FnOnce() -> R) -> R {
        f()
    }

    /// Nothing is known of the thread: the library decides what is legal here.
    pub(crate) fn later(f: impl FnOnce() + 'static) {
        f();
    }
}

#[cfg(feature = "std")]
mod state {
    use super::Hook;
    use std::any::Any;
    use std::boxed::Box;
    use std::cell::{Cell, RefCell};
    use std::io::Write;
    use std::panic::{self, AssertUnwindSafe};
    use std::vec::Vec;

    type Payload = Box<dyn Any + Send>;

    /// What must happen, and cannot happen here.
    struct Later(RefCell<Vec<Box<dyn FnOnce()>>>);

    impl Later {
        fn run(&self) {
            loop {
                // The list is not borrowed while an entry runs, which may add
                // to it.
                let next = self.0.borrow_mut().pop();
                match next {
                    Some(f) => f(),
                    None => return,
                }
            }
        }
    }

    impl Drop for Later {
        /// The thread ends, so no call will come by any more.
        fn drop(&mut self) {
            call(|| self.run());
        }
    }

    /// A call into C that is on this thread's stack.
    struct Call;

    impl Call {
        fn begin() -> Call {
            CALLS.set(CALLS.get() + 1);
            Call
        }

        fn is_outermost(&self) -> bool {
            CALLS.get() == 1
        }
    }

    impl Drop for Call {
        fn drop(&mut self) {
            CALLS.set(CALLS.get() - 1);
        }
    }

    std::thread_local! {
        /// Calls into C that are on this thread's stack.
        static CALLS: Cell<usize> = const { Cell::new(0) };
        /// Is one of the callbacks on the stack an atomic one?
        static ATOMIC: Cell<bool> = const { Cell::new(false) };
        static PANIC: Cell<Option<Payload>> = const { Cell::new(None) };
        static LATER: Later = const { Later(RefCell::new(Vec::new())) };
    }

    pub(crate) fn in_atomic_hook() -> bool {
        ATOMIC.get()
    }

    /// Calls down into C. `f` makes the handle too that the call returned:
    /// should a panic be resumed here, the handle is dropped and not lost.
    pub(crate) fn call<R>(f: impl FnOnce() -> R) -> R {
        let this = Call::begin();
        let answer = f();
        let outermost = this.is_outermost();
        if outermost && !ATOMIC.get() {
            // After the destruction of thread-locals nothing is pending.
            let _ = LATER.try_with(Later::run);
        }
        drop(this);
        if outermost {
            resume();
        }
        answer
    }

    fn resume() {
        let Ok(Some(payload)) = PANIC.try_with(Cell::take) else {
            return;
        };
        if std::thread::panicking() {
            // We are in a destructor that an earlier panic runs. This one has
            // been reported by the panic hook, and a second unwinding would
            // abort.
            discard(payload);
        } else {
            panic::resume_unwind(payload);
        }
    }

    /// Runs a callback that C has called. `broken` is what C is answered when
    /// it panics.
    pub(crate) fn callback<R>(hook: Hook, broken: R, f: impl FnOnce() -> R) -> R {
        let here = !matches!(hook, Hook::Plain | Hook::Vital);
        let outer = ATOMIC.replace(ATOMIC.get() || here);
        // Unwind safe: what `f` may have left half done belongs to the user,
        // who sees the panic resumed.
        let result = panic::catch_unwind(AssertUnwindSafe(f));
        ATOMIC.set(outer);
        result.unwrap_or_else(|payload| {
            keep(hook, payload);
            broken
        })
    }

    /// Runs a callback as an atomic one, for an `extern "C"` function whose
    /// answer nobody can do without: a panic aborts there.
    pub(crate) fn pure<R>(f: impl FnOnce() -> R) -> R {
        let outer = ATOMIC.replace(true);
        let answer = f();
        ATOMIC.set(outer);
        answer
    }

    fn keep(hook: Hook, payload: Payload) {
        match hook {
            Hook::Atomic => abort("a callback that runs in atomic context panicked"),
            Hook::Vital => abort("a callback that attaches or blocks a device panicked"),
            _ => {}
        }
        if CALLS.get() == 0 {
            abort("a callback panicked, and no call from Rust is below it to resume the panic");
        }
        let mut payload = Some(payload);
        let kept = PANIC.try_with(|slot| {
            let earlier = slot.take();
            slot.set(earlier.or_else(|| payload.take()));
        });
        if kept.is_err() {
            abort("a callback panicked on a thread that is ending");
        }
        // The first panic is the one that is resumed. A later one has been
        // reported too; only its payload is lost.
        if let Some(later) = payload {
            discard(later);
        }
    }

    /// The destructor of a payload that is not a mere message could panic.
    fn discard(payload: Payload) {
        if !payload.is::<std::string::String>() && !payload.is::<&str>() {
            core::mem::forget(payload);
        }
    }

    fn abort(sentence: &str) -> ! {
        let _ = writeln!(std::io::stderr(), "iomm: {sentence}; aborting");
        std::process::abort();
    }

    /// Notes what cannot be done here for the end of the outermost call, or
    /// else of the thread. `f` must not own anything: it may be leaked.
    pub(crate) fn later(f: impl FnOnce() + 'static) {
        // A thread that is ending has no list any more.
        let _ = LATER.try_with(|later| later.0.borrow_mut().push(Box::new(f)));
    }
}

pub(crate) use state::{call, callback, in_atomic_hook, later, pure};

/// Gives something back to the library, which in an atomic hook must wait.
/// `f` must not own anything: it may be leaked.
pub(crate) fn give_back(f: impl FnOnce() + 'static) {
    if in_atomic_hook() {
        state::later(f);
    } else {
        call(f);
    }
}
