// SPDX-License-Identifier: MIT OR Apache-2.0
//! A tiny JIT compiler: each request is an expression, for which it makes a
//! function, calls it, and frees it.
//!
//! ```text
//! jit [EXPRESSION X]...
//! ```
//!
//! Expressions are in postfix notation: "x 2 * 1 +" is 2x + 1. Where code goes
//! is not its business: that is what `strict` says, which is data. `respond` is
//! where the code gets to.

use iomm::Context;
use iomm::allocator::{
    Access, AllocType, Allocator, AllocatorConfig, Code, Descriptor, Flags, Kind,
};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Code that is not writable where it runs, at random places, between guards.
fn strict() -> AllocatorConfig {
    AllocatorConfig::new().with(
        Descriptor::new(Kind::TEXT, Access::READ | Access::EXEC)
            .flags(Flags::RANDOMIZE | Flags::GUARD)
            .granularity(256 << 10),
    )
}

/// The compiler: words become code that works on the processor's stack.
#[derive(Default)]
struct Compiler {
    code: Vec<u8>,
    /// Values on the stack.
    depth: usize,
}

#[cfg(target_arch = "x86_64")]
mod machine {
    pub const ARGUMENT: &[u8] = &[0x57]; // push rdi
    pub const ADD: &[u8] = &[0x59, 0x58, 0x48, 0x01, 0xc8, 0x50]; // pop rcx; pop rax; add; push
    pub const SUB: &[u8] = &[0x59, 0x58, 0x48, 0x29, 0xc8, 0x50];
    pub const MUL: &[u8] = &[0x59, 0x58, 0x48, 0x0f, 0xaf, 0xc1, 0x50];
    pub const RETURN: &[u8] = &[0x58, 0xc3]; // pop rax; ret

    pub fn number(number: i32) -> Vec<u8> {
        let mut code = vec![0x68]; // push number
        code.extend(number.to_le_bytes());
        code
    }
}

#[cfg(target_arch = "aarch64")]
mod machine {
    pub const ARGUMENT: &[u8] = &[0xe0, 0x0f, 0x1f, 0xf8]; // str x0, [sp, #-16]!
    // ldr x2, [sp], #16; ldr x1, [sp], #16; add x1, x1, x2; str x1, [sp, #-16]!
    pub const ADD: &[u8] = &[
        0xe2, 0x07, 0x41, 0xf8, 0xe1, 0x07, 0x41, 0xf8, 0x21, 0x00, 0x02, 0x8b, 0xe1, 0x0f, 0x1f,
        0xf8,
    ];
    pub const SUB: &[u8] = &[
        0xe2, 0x07, 0x41, 0xf8, 0xe1, 0x07, 0x41, 0xf8, 0x21, 0x00, 0x02, 0xcb, 0xe1, 0x0f, 0x1f,
        0xf8,
    ];
    pub const MUL: &[u8] = &[
        0xe2, 0x07, 0x41, 0xf8, 0xe1, 0x07, 0x41, 0xf8, 0x21, 0x7c, 0x02, 0x9b, 0xe1, 0x0f, 0x1f,
        0xf8,
    ];
    // ldr x0, [sp], #16; ret
    pub const RETURN: &[u8] = &[0xe0, 0x07, 0x41, 0xf8, 0xc0, 0x03, 0x5f, 0xd6];

    pub fn number(number: i32) -> Vec<u8> {
        let number = number as u32;
        [
            0xd280_0001 | (number & 0xffff) << 5, // movz x1
            0xf2a0_0001 | (number >> 16) << 5,    // movk x1, lsl #16
            0x9340_7c21,                          // sxtw x1, w1
            0xf81f_0fe1,                          // str x1, [sp, #-16]!
        ]
        .iter()
        .flat_map(|word: &u32| word.to_le_bytes())
        .collect()
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod machine {
    pub const ARGUMENT: &[u8] = &[];
    pub const ADD: &[u8] = &[];
    pub const SUB: &[u8] = &[];
    pub const MUL: &[u8] = &[];
    pub const RETURN: &[u8] = &[];

    pub fn number(_: i32) -> Vec<u8> {
        Vec::new()
    }
}

const HAS_COMPILER: bool = !machine::RETURN.is_empty();

/// More would be more than the stack should have.
const CODE_MAX: usize = 1024;

impl Compiler {
    fn compile(expression: &str) -> Result<Vec<u8>, String> {
        let mut compiler = Compiler::default();
        for word in expression.split_whitespace() {
            compiler
                .word(word)
                .map_err(|why| format!("{expression:?}: {why}"))?;
        }
        if compiler.depth != 1 {
            return Err(format!("{expression:?}: one value is wanted at the end"));
        }
        compiler.code.extend(machine::RETURN);
        if compiler.code.len() > CODE_MAX {
            return Err(format!("{expression:?}: this is too long for one function"));
        }
        Ok(compiler.code)
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        match word {
            "x" => self.value(machine::ARGUMENT),
            "+" => self.operator(word, machine::ADD),
            "-" => self.operator(word, machine::SUB),
            "*" => self.operator(word, machine::MUL),
            _ => {
                let number: i64 = word
                    .parse()
                    .map_err(|_| format!("neither a number, x, +, - nor *: {word}"))?;
                let number =
                    i32::try_from(number).map_err(|_| format!("more than 32 bits: {word}"))?;
                self.value(&machine::number(number))
            }
        }
    }

    fn value(&mut self, code: &[u8]) -> Result<(), String> {
        self.code.extend(code);
        self.depth += 1;
        Ok(())
    }

    fn operator(&mut self, word: &str, code: &[u8]) -> Result<(), String> {
        if self.depth < 2 {
            return Err(format!("two values are wanted before {word}"));
        }
        self.code.extend(code);
        self.depth -= 1;
        Ok(())
    }
}

type Outcome = Result<(), Box<dyn Error>>;

/// A request: code goes into memory of the type, wherever and however that is;
/// it is called there, and its place is free again.
fn respond(text: &AllocType, code: &[u8], x: i64) -> iomm::Result<i64> {
    let mut memory = text.alloc(code.len())?;
    memory.fill(0, code)?;
    // SAFETY: the compiler makes functions of this type, which touch nothing
    // but their stack, and not much of that.
    let function: Code<extern "C" fn(i64) -> i64> = unsafe { Code::new(memory, 0) }?;
    Ok(function.call((x,)))
}

fn serve_all(text: &AllocType, requests: &[(String, String)]) -> Outcome {
    for (expression, x) in requests {
        let code = Compiler::compile(expression)?;
        let x = x
            .parse()
            .map_err(|_| format!("{expression:?}: x is no number: {x}"))?;
        let y = respond(text, &code, x)?;
        let bytes = code.len();
        println!("{expression:>20}  at x = {x:<4} is {y:<6} ({bytes} bytes of code)");
    }
    Ok(())
}

/// As a server would: the same again and again.
fn serve_many(text: &AllocType, count: i64) -> Outcome {
    let code = Compiler::compile("x x * 1 +")?;
    for x in 0..count {
        if respond(text, &code, x)? != x * x + 1 {
            return Err(format!("wrong at x = {x}").into());
        }
    }
    Ok(())
}

fn run(requests: &[(String, String)], released: Arc<AtomicBool>) -> Outcome {
    let ctx = Context::builder()
        .on_released(move |live_handles| {
            released.store(true, Ordering::Relaxed);
            println!("live handles: {live_handles}");
        })
        .build()?;
    if !HAS_COMPILER {
        println!("this JIT compiler knows x86-64 and arm64, and not this processor");
        return Ok(());
    }
    let allocator = Allocator::create(&ctx, strict())?;
    let text = allocator.alloc_type(Kind::TEXT)?;
    serve_all(&text, requests)?;
    serve_many(&text, 10_000)?;
    let stats = text.stats()?;
    println!(
        "{} functions made, called and freed in {} KiB of memory, and {} are left",
        requests.len() + 10_000,
        stats.granted >> 10,
        stats.allocations
    );
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments.is_empty() {
        arguments = ["x 2 * 1 +", "20", "x x * x - 41 +", "7", "1 x -", "42"]
            .map(String::from)
            .to_vec();
    }
    if arguments.len() % 2 != 0 || arguments[0].starts_with('-') {
        eprintln!("usage: jit [EXPRESSION X]...\nsuch as: jit 'x 2 * 1 +' 20");
        return ExitCode::from(2);
    }
    let requests: Vec<_> = arguments
        .chunks(2)
        .map(|pair| (pair[0].clone(), pair[1].clone()))
        .collect();
    let released = Arc::new(AtomicBool::new(false));
    match run(&requests, released.clone()) {
        Ok(()) if released.load(Ordering::Relaxed) => ExitCode::SUCCESS,
        Ok(()) => ExitCode::FAILURE,
        Err(sentence) => {
            eprintln!("jit: {sentence}");
            ExitCode::FAILURE
        }
    }
}
