//! Standard output of the commands, which other programs may read.

use std::io::{self, ErrorKind, Write};

use crate::words::unwritable;

/// Writes `text` to standard output. Colours in it are left out unless a terminal is there and `NO_COLOR` is not set.
pub(super) fn show(text: &str) -> io::Result<()> {
    let mut output = anstream::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        // Whoever reads has seen enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| io::Error::new(error.kind(), unwritable(&error))),
    }
}

/// Writes one line to standard error: what is for people while standard output is for programs.
pub(super) fn tell(text: &str) {
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
