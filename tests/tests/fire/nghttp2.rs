//! The clients of nghttp2, which know HTTP/2 from another side than hyper.

use std::process::Command;

use crate::process::Process;

/// What a client prints; `None`, and said so, where it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned()),
        Err(error) => {
            #[allow(clippy::print_stderr, reason = "a skipped test says so")]
            {
                eprintln!("skipped: {program} is not there ({error}); it is in Debian's nghttp2-client");
            }
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_nghttp2_are_answered() {
    let process = Process::start(&[]).await;
    let url = format!("http://{}/readyz", process.address());
    for options in [&["-nv"][..], &["-nv", "--continuation"], &["-nv", "-p", "256"], &["-nv", "--no-dep"]] {
        let Some(said) = run("nghttp", &[options, &[&url]].concat()) else { return };
        assert!(said.contains(":status: 200"), "{options:?}: {said}");
    }
    for options in [&["-n", "5000", "-c", "10", "-m", "100"][..], &["-n", "5000", "-c", "10", "--h1"]] {
        let Some(said) = run("h2load", &[options, &[&url]].concat()) else { return };
        assert!(said.contains("5000 succeeded, 0 failed, 0 errored"), "{options:?}: {said}");
    }
}
