// SPDX-License-Identifier: MIT OR Apache-2.0
//! The main job, in Rust: find the IOMMUs and devices of a device tree, bring
//! them together, and do DMA through a page table.
//!
//! ```text
//! driver [--granule 4k|16k|64k] FILE.dtb
//! ```
//!
//! The IOMMUs are played by the software IOMMU, one for each node, of which
//! only the hardware is used: its driver is written here, in Rust. Everything
//! is what a driver on real hardware does too. Read `run` first.

mod bind;
mod contexts;
mod drive;
mod machine;
mod report;
mod soft_iommu;
mod tree;

use crate::drive::drive_first;
use crate::machine::Machine;
use crate::report::{Attempt, Outcome, heading};
use iomm::{Context, Firmware, LogLevel};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Arguments {
    file: String,
    /// 0: what the IOMMU likes.
    granule: u64,
}

const USAGE: &str = "\
usage: driver [--granule 4k|16k|64k] FILE.dtb
FILE.dtb is a flattened device tree: dtc makes one from its text,
and a Linux machine has its own in /sys/firmware/fdt.";

fn read_arguments() -> Result<Arguments, String> {
    let mut file = None;
    let mut granule = 0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--granule" => {
                let wish = arguments.next().ok_or(USAGE)?;
                granule = match wish.as_str() {
                    "4k" => 4 << 10,
                    "16k" => 16 << 10,
                    "64k" => 64 << 10,
                    _ => {
                        return Err(format!(
                            "driver: there is no granule {wish}: take 4k, 16k or 64k"
                        ));
                    }
                };
            }
            option if option.starts_with('-') => {
                return Err(format!("driver: unknown option {option}\n{USAGE}"));
            }
            _ if file.is_some() => return Err(USAGE.into()),
            _ => file = Some(argument),
        }
    }
    let file = file.ok_or(USAGE)?;
    Ok(Arguments { file, granule })
}

fn run(arguments: &Arguments, released: Arc<AtomicBool>) -> Outcome<()> {
    // The context tells its maker when it goes, and what its books show then.
    let ctx = Context::builder()
        .log_level(LogLevel::ERROR)
        .on_released(move |live_handles| {
            released.store(true, Ordering::Relaxed);
            println!("live handles: {live_handles}");
        })
        .build()
        .attempt("no context")?;
    let blob = std::fs::read(&arguments.file).map_err(|error| error.to_string())?;
    let firmware = Firmware::from_fdt(&ctx, &blob).attempt("cannot read the device tree")?;

    heading("What the tree says");
    let mut machine = Machine::new(&ctx, firmware, arguments.granule)?;
    machine.find_iommus()?;
    machine.find_devices()?;

    heading("Devices come first, their IOMMUs later");
    machine.probe_too_early()?;
    machine.register_iommus()?;
    machine.find_left_over();

    heading("Who is behind what");
    machine.draw();

    drive_first(&machine)?;

    heading("Contexts of two drivers take IDs from one space");
    contexts::share_ids(&ctx)?;

    heading("The end");
    // Removes the devices and unregisters the IOMMUs that are left.
    ctx.close(None).attempt("cannot close")
    // Everything is dropped here, the context last.
}

fn main() -> ExitCode {
    let arguments = match read_arguments() {
        Ok(arguments) => arguments,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::from(2);
        }
    };
    let released = Arc::new(AtomicBool::new(false));
    let outcome = run(&arguments, released.clone()).and_then(|()| {
        if released.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err("the context is still held: a handle was not dropped".into())
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("driver: {}: {sentence}", arguments.file);
            ExitCode::FAILURE
        }
    }
}
