//! Tests that need an environment of their own: they run again, alone, in another process.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

const VARIABLE: &str = "POP3_STD_TEST_ALONE";

/// Whether this is that other process.
pub fn is_alone() -> bool {
    env::var_os(VARIABLE).is_some()
}

/// Runs `test`, which is the test of this name, in a process of its own with these environment variables.
pub fn with_environment(name: &str, variables: &[(&str, Option<&OsStr>)], test: impl FnOnce()) {
    if is_alone() {
        return test();
    }
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", name, "--nocapture"])
        .env(VARIABLE, "1");
    for (variable, value) in variables {
        match value {
            Some(value) => command.env(variable, value),
            None => command.env_remove(variable),
        };
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
