//! The command's own standard streams.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use super::apply::Console;

#[derive(Debug)]
pub(super) struct Terminal;

impl Terminal {
    /// Whether there is somebody to ask, who also sees the question.
    pub(super) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

impl Console for Terminal {
    fn show(&mut self, text: &str) -> io::Result<()> {
        let mut output = io::stdout().lock();
        match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
            // Whoever reads has seen enough, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    fn tell(&mut self, text: &str) {
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Blocks this thread, which nothing else needs while a person thinks.
    fn confirm(&mut self, question: &str) -> io::Result<bool> {
        let mut output = io::stderr().lock();
        write!(output, "{question} [y/N] ")?;
        output.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}
