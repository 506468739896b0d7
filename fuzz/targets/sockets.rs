#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| vpcheck::fuzzing::run("sockets", bytes));
