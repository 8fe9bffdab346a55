// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contexts: making them, their events, and their end.
#![cfg(feature = "std")]

mod common;

use common::{Machine, context, on_machine};
use iomm::{Code, Context, Device, DeviceConfig, HandleKind, LogLevel};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

#[test]
fn versions_agree() {
    assert_eq!(
        iomm::version(),
        (
            iomm_sys::IOMM_VERSION_MAJOR as u16,
            iomm_sys::IOMM_VERSION_MINOR as u16
        )
    );
}

#[test]
fn a_context_goes_with_its_last_handle() {
    let (ctx, released) = context();
    let other = ctx.clone();
    assert_eq!(ctx, other);
    assert_eq!(ctx.live_handles(HandleKind::CONTEXT), 1);
    drop(ctx);
    assert_eq!(*released.lock().unwrap(), None);
    drop(other);
    assert_eq!(*released.lock().unwrap(), Some(0));
}

#[test]
fn released_is_called_once() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let ctx = Context::builder()
        .on_released(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    drop(ctx.clone());
    drop(ctx);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(Arc::strong_count(&calls), 1, "the closure was dropped");
}

#[test]
fn handles_may_go_in_any_order() {
    // Contexts first or last; children before and after their parents.
    for order in 0..24 {
        let (ctx, released) = context();
        let machine = Machine::new(&ctx);
        let bound = machine.bound();
        let domain = bound.domain();
        domain.attach(&bound.device).unwrap();
        ctx.close(None).unwrap();
        let mut parts: Vec<Box<dyn std::any::Any>> = vec![
            Box::new(ctx),
            Box::new(machine),
            Box::new(bound),
            Box::new(domain),
        ];
        let mut code = order;
        while !parts.is_empty() {
            let pick = code % parts.len();
            code /= parts.len();
            drop(parts.remove(pick));
        }
        assert_eq!(*released.lock().unwrap(), Some(0), "order {order}");
    }
}

#[test]
fn without_close_the_last_handles_take_everything_along() {
    let (ctx, released) = context();
    let machine = Machine::new(&ctx);
    let bound = machine.bound();
    let domain = bound.domain();
    domain.attach(&bound.device).unwrap();
    drop((domain, bound, machine, ctx));
    assert_eq!(*released.lock().unwrap(), Some(0));
}

#[test]
fn the_log_goes_to_the_closure() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let ctx = Context::builder()
        .log_level(LogLevel::INFO)
        .on_log(move |level, tag, line| {
            log.lock()
                .unwrap()
                .push((level, tag.to_string(), line.to_string()));
        })
        .build()
        .unwrap();
    let machine = Machine::new(&ctx);
    let bound = machine.bound();
    let lines = lines.lock().unwrap();
    assert!(
        lines.iter().any(|(level, tag, line)| {
            *level == LogLevel::INFO && tag == "/iommu@1000" && line.contains("test")
        }),
        "{lines:?}"
    );
    drop(lines);
    drop(bound);
}

#[test]
fn wakeup_tells_of_work() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = calls.clone();
    let ctx = Context::builder()
        .wakeup(move || {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    let machine = Machine::new(&ctx);
    assert_eq!(ctx.next_deadline().unwrap(), None);
    let device = machine.device("/disk@3000");
    assert_eq!(device.probe().unwrap_err().code(), Code::EPROBE_DEFER);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
    assert_ne!(calls.load(Ordering::Relaxed), 0);
    assert_eq!(ctx.next_deadline().unwrap(), Some(Duration::ZERO));
    ctx.run().unwrap();
    assert_eq!(ctx.next_deadline().unwrap(), None);
    assert_eq!(device.state(), iomm::DeviceState::BOUND);
    drop(iommu);
}

#[test]
fn a_deadline_is_announced_and_kept() {
    on_machine(|machine| {
        let config = DeviceConfig::new("impatient")
            .node(machine.node("/disk@3000"))
            .probe_timeout(Duration::from_millis(1));
        let device = Device::create(&machine.platform, &config).unwrap();
        assert_eq!(device.probe().unwrap_err().code(), Code::EPROBE_DEFER);
        let wait = machine.ctx.next_deadline().unwrap().unwrap();
        assert!(wait <= Duration::from_millis(1));
        while device.state() == iomm::DeviceState::WAITING {
            machine.ctx.run().unwrap();
        }
        assert_eq!(device.probe().unwrap_err().code(), Code::ETIMEDOUT);
    });
}

/// A closure that breaks the rules is refused, and what it drops goes later.
#[test]
fn closures_of_events_cannot_get_into_the_library() {
    static CTX: OnceLock<Context> = OnceLock::new();
    static ERRORS: Mutex<Vec<Code>> = Mutex::new(Vec::new());
    static STILL_THERE: Mutex<u32> = Mutex::new(0);
    static DROP: Mutex<Vec<Device>> = Mutex::new(Vec::new());

    let ctx = Context::builder()
        .log_level(LogLevel::INFO)
        .on_log(|_, _, _| {
            let victims = std::mem::take(&mut *DROP.lock().unwrap());
            let (Some(ctx), false) = (CTX.get(), victims.is_empty()) else {
                return;
            };
            drop(victims);
            *STILL_THERE.lock().unwrap() = ctx.live_handles(HandleKind::DEVICE);
            *ERRORS.lock().unwrap() = vec![
                ctx.run().unwrap_err().code(),
                ctx.seal_iommus().unwrap_err().code(),
                Device::find(ctx, "x").unwrap_err().code(),
            ];
        })
        .build()
        .unwrap();
    let _ = CTX.set(ctx.clone());
    let machine = Machine::new(&ctx);
    let victim = machine.device("/net@4000");
    DROP.lock().unwrap().push(victim);
    assert_eq!(ctx.live_handles(HandleKind::DEVICE), 1);
    let iommu = machine.register("/iommu@1000", machine.driver()).unwrap();
    assert_eq!(*STILL_THERE.lock().unwrap(), 1, "not given back in there");
    assert_eq!(
        ctx.live_handles(HandleKind::DEVICE),
        0,
        "given back on the way out"
    );
    assert_eq!(*ERRORS.lock().unwrap(), [Code::EDEADLK; 3]);
    drop(iommu);
}

#[test]
fn sealing_ends_the_wait() {
    on_machine(|machine| {
        let device = machine.device("/disk@3000");
        assert_eq!(device.probe().unwrap_err().code(), Code::EPROBE_DEFER);
        machine.ctx.seal_iommus().unwrap();
        machine.ctx.run().unwrap();
        assert_eq!(device.probe().unwrap_err().code(), Code::ENODEV);
    });
}

#[test]
fn contexts_do_not_mix() {
    let (other, _released) = context();
    let strangers = Machine::new(&other);
    let stranger = strangers.bound();
    on_machine(|machine| {
        let bound = machine.bound();
        let domain = bound.domain();
        let error = domain.attach(&stranger.device).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
        assert_eq!(error.message(), "the device belongs to another context");

        let config = iomm::PageTableConfig::new().memory(&strangers.tables);
        let error = iomm::PageTable::create(&machine.ctx, "arm64-s1", &config).unwrap_err();
        assert_eq!(
            error.message(),
            "the table memory belongs to another context"
        );

        let mut gather = iomm::Gather::new();
        let theirs = stranger.domain();
        theirs
            .map(0x1000, common::BUFFER, 0x1000, iomm::Prot::READ)
            .unwrap();
        theirs.unmap(0x1000, 0x1000, &mut gather).unwrap();
        let error = domain.unmap(0x1000, 0x1000, &mut gather).unwrap_err();
        assert_eq!(
            error.error.message(),
            "the gather belongs to another context"
        );
    });
}
