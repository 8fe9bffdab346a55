// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formats that are asked for, announced, waited for, and taken away.

use iomm::format::{self, ARM64_S1};
use iomm::{Code, Context, Error, Format, FormatState, PageTable, PageTableConfig};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn code(ctx: &Context, name: &str) -> Option<Code> {
    Format::request(ctx, name).err().map(|error| error.code())
}

fn state(ctx: &Context, name: &str) -> Option<FormatState> {
    format::slots(ctx)
        .find(|slot| slot.name == name)
        .map(|slot| slot.state)
}

#[test]
fn slots_show_what_is_known() {
    let ctx = Context::new().unwrap();
    format::announce(&ctx, "a", Some(Duration::from_secs(3600))).unwrap();
    format::announce(&ctx, "b", None).unwrap();
    let pin = Format::request(&ctx, ARM64_S1).unwrap();
    let slots: Vec<_> = format::slots(&ctx).collect();
    let names: Vec<_> = slots.iter().map(|slot| slot.name.as_str()).collect();
    assert_eq!(names, ["a", ARM64_S1, format::ARM64_S2, "b"]);
    assert_eq!(slots[0].state, FormatState::EXPECTED);
    assert_eq!(slots[0].answer, Some(Code::EPROBE_DEFER));
    assert!(slots[0].deadline.is_some() && slots[3].deadline.is_none());
    assert_eq!(slots[1].state, FormatState::LIVE);
    assert_eq!((slots[1].pins, slots[2].pins), (1, 0));
    assert_eq!(slots[1].answer, None);
    drop(pin);
}

#[test]
fn a_loader_runs_once() {
    let ctx = Context::new().unwrap();
    let loads = Arc::new(AtomicUsize::new(0));
    let counted = loads.clone();
    format::announce_loaded(&ctx, "mine", None, move |_, name| {
        assert_eq!(name, "mine");
        counted.fetch_add(1, Ordering::Relaxed);
        Err(Error::new(Code::EACCES, "not today"))
    })
    .unwrap();
    assert_eq!(code(&ctx, "mine"), Some(Code::EPROBE_DEFER));
    assert_eq!(Arc::strong_count(&loads), 2);
    let error = Format::wait(&ctx, "mine", None).unwrap_err();
    assert_eq!(error.code(), Code::EACCES);
    // It is dropped, and not asked again.
    assert_eq!(Arc::strong_count(&loads), 1);
    assert_eq!(code(&ctx, "mine"), Some(Code::EACCES));
    assert_eq!(state(&ctx, "mine"), Some(FormatState::FAILED));
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    format::announce_loaded(&ctx, "mine", None, |ctx, _| {
        // It says that it went well, and brought nothing.
        assert!(Format::request(ctx, ARM64_S1).is_ok());
        Ok(())
    })
    .unwrap();
    ctx.run().unwrap();
    assert_eq!(code(&ctx, "mine"), Some(Code::EPROBE_DEFER));
    ctx.run().unwrap();
    assert_eq!(code(&ctx, "mine"), Some(Code::EPROTO));
}

#[test]
fn a_loader_that_panics() {
    let ctx = Context::new().unwrap();
    format::announce_loaded(&ctx, "mine", None, |_, _| panic!("in the loader")).unwrap();
    let caught = std::panic::catch_unwind(|| Format::wait(&ctx, "mine", None));
    assert!(caught.is_err());
    assert_eq!(code(&ctx, "mine"), Some(Code::EPROTO));
}

#[test]
fn waiting_has_an_end() {
    let ctx = Context::new().unwrap();
    format::announce(&ctx, "mine", None).unwrap();
    let wait = Format::wait(&ctx, "mine", Some(Duration::from_millis(1)));
    assert_eq!(wait.unwrap_err().code(), Code::EPROBE_DEFER);
    format::announce(&ctx, "late", Some(Duration::ZERO)).unwrap();
    let wait = Format::wait(&ctx, "late", None);
    assert_eq!(wait.unwrap_err().code(), Code::ETIMEDOUT);
}

type Told = Arc<Mutex<Vec<(String, Option<Code>)>>>;

#[test]
fn subscribers_are_told() {
    let ctx = Context::new().unwrap();
    let told: Told = Arc::default();
    let heard = told.clone();
    let subscription = format::subscribe(&ctx, move |name, code| {
        heard.lock().unwrap().push((name.into(), code));
    })
    .unwrap();
    // Two of the same closure type are two.
    let other = format::subscribe(&ctx, |_, _| {}).unwrap();
    let third = format::subscribe(&ctx, |_, _| {}).unwrap();
    format::announce(&ctx, "mine", None).unwrap();
    format::seal(&ctx).unwrap();
    assert_eq!(
        *told.lock().unwrap(),
        [("mine".to_string(), Some(Code::ENOENT))]
    );
    drop(subscription);
    assert_eq!(Arc::strong_count(&told), 1);
    other.detach();
    ctx.close(None).unwrap();
    drop(third);
    assert_eq!(
        format::subscribe(&ctx, |_, _| {}).unwrap_err().code(),
        Code::ENODEV
    );
}

#[test]
fn unregistering() {
    let ctx = Context::new().unwrap();
    let table = PageTable::create(&ctx, ARM64_S1, &PageTableConfig::default()).unwrap();
    let format = Format::request(&ctx, ARM64_S1).unwrap();
    assert_eq!(format.unregister().unwrap_err().code(), Code::EBUSY);
    let done = Arc::new(AtomicUsize::new(0));
    let counted = done.clone();
    let format = Format::request(&ctx, ARM64_S1).unwrap();
    format
        .unregister_later(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
    assert_eq!(code(&ctx, ARM64_S1), Some(Code::ENOENT));
    assert_eq!(state(&ctx, ARM64_S1), Some(FormatState::DYING));
    assert_eq!(done.load(Ordering::Relaxed), 0);
    drop(table);
    assert_eq!(done.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::strong_count(&done), 1);
    let format = Format::request(&ctx, format::ARM64_S2).unwrap();
    format.unregister().unwrap();
    assert_eq!(state(&ctx, format::ARM64_S2), None);
}
