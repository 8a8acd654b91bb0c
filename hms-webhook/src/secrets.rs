//! The secrets of an app: where they come from, and taking new ones over while requests are answered.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tracing::{info, warn};
use zeroize::Zeroizing;

use crate::signature::{Key, Secret, Verifier};

/// One secret as the app was told of it.
#[derive(Debug)]
pub(crate) struct SecretSetting {
    /// What logs call it; by its place among the others where nothing is said.
    pub(crate) name: Option<Arc<str>>,
    /// It counts for calls of this tool only.
    pub(crate) tool: Option<String>,
    pub(crate) source: SecretSource,
}

#[derive(Debug)]
pub(crate) enum SecretSource {
    Text(Secret),
    File(PathBuf),
}

impl SecretSetting {
    pub(crate) fn new(source: SecretSource) -> Self {
        Self { name: None, tool: None, source }
    }
}

/// The verifier, and the files that its secrets came from.
#[derive(Debug)]
pub(crate) struct Keyring {
    verifier: RwLock<Verifier>,
    files: Vec<SecretFile>,
    rereading: Mutex<()>,
}

#[derive(Debug)]
struct SecretFile {
    /// The place of its secret in the verifier.
    place: usize,
    path: PathBuf,
    is_unreadable: AtomicBool,
}

impl Keyring {
    /// Reads every secret; notes what is wrong with any of them.
    pub(crate) fn open(
        settings: Vec<SecretSetting>,
        tolerance: Duration,
        allow_unsigned: bool,
        problems: &mut Vec<String>,
    ) -> Self {
        let (mut keys, mut files) = (Vec::new(), Vec::new());
        for (place, setting) in settings.into_iter().enumerate() {
            let secret = match setting.source {
                SecretSource::Text(secret) => Ok(secret),
                SecretSource::File(path) => {
                    let secret = read(&path);
                    files.push(SecretFile { place, path, is_unreadable: AtomicBool::new(false) });
                    secret
                }
            };
            let name = setting.name.unwrap_or_else(|| default_name(place));
            match secret {
                Ok(secret) => keys.push(Key { name, tool: setting.tool.map(Arc::from), secret }),
                Err(problem) => problems.push(problem),
            }
        }
        if keys.iter().any(|key| key.secret.is_empty()) {
            problems.push(
                "a webhook secret is empty, so that anyone could sign with it: set it to a long random text".into(),
            );
        }
        if keys.is_empty() && files.is_empty() && !allow_unsigned {
            problems.push(
                "no webhook secret is set: set the environment variable HMS_WEBHOOK_SECRET to the assistant's \
                 `webhook_secret`, or call `.secret(…)`; to try things out on this machine only, `--allow-unsigned` \
                 or `.allow_unsigned()` does without"
                    .into(),
            );
        }
        let verifier = Verifier::with_keys(keys, tolerance, allow_unsigned);
        Self { verifier: RwLock::new(verifier), files, rereading: Mutex::default() }
    }

    pub(crate) fn verifier(&self) -> RwLockReadGuard<'_, Verifier> {
        self.verifier.read().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(feature = "server")]
    pub(crate) fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Reads the files anew. What cannot be read leaves the secret that was there before.
    ///
    /// They are read in their order, the current secret before the previous one, and taken over together: who writes
    /// the previous one first never meets a moment in which the secret that was current is neither.
    pub(crate) fn reread(&self) {
        // Two that read at a time could take over what is older last.
        let _one_at_a_time = self.rereading.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets: Vec<_> = self.files.iter().map(SecretFile::reread).collect();
        let mut verifier = self.verifier.write().unwrap_or_else(PoisonError::into_inner);
        let changed: Vec<_> = self
            .files
            .iter()
            .zip(secrets)
            .filter_map(|(file, secret)| Some((file, verifier.replace(file.place, secret?)?)))
            .collect();
        drop(verifier);
        for (file, name) in changed {
            info!(key = &*name, "the secret in `{}` has changed and is taken from now on", file.path.display());
        }
    }
}

impl SecretFile {
    fn reread(&self) -> Option<Secret> {
        match read(&self.path).and_then(|secret| refuse_empty(secret, &self.path)) {
            Ok(secret) => {
                self.is_unreadable.store(false, Relaxed);
                Some(secret)
            }
            Err(problem) => {
                // Said once, and not every second until it is mended.
                if !self.is_unreadable.swap(true, Relaxed) {
                    warn!("{problem}; the secret that was there before stays");
                }
                None
            }
        }
    }
}

fn refuse_empty(secret: Secret, path: &Path) -> Result<Secret, String> {
    match secret.is_empty() {
        true => Err(format!("the file `{}` that holds a secret is empty", path.display())),
        false => Ok(secret),
    }
}

/// What a key is called that has no name.
pub(crate) fn default_name(place: usize) -> Arc<str> {
    match place {
        0 => Arc::from("current"),
        1 => Arc::from("previous"),
        place => Arc::from(format!("secret-{}", place + 1)),
    }
}

/// Reads a secret from a file; what is wrong, as a sentence without the secret.
fn read(path: &Path) -> Result<Secret, String> {
    let cannot =
        |error: io::Error| format!("the file `{}` that holds a secret cannot be read: {error}", path.display());
    let text = Zeroizing::new(fs::read(path).map_err(cannot)?);
    // Editors and `echo` end a file with a line break, which is no part of the secret.
    let end = text.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    match std::str::from_utf8(&text[..end]) {
        Ok(secret) => Ok(Secret::new(secret)),
        Err(_) => {
            Err(format!("the file `{}` that holds a secret is not UTF-8: write plain text into it", path.display()))
        }
    }
}
