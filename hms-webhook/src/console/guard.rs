//! Who may see the console: a browser on this machine that was given the address, and no page of another site.
//!
//! Another site's page can make a browser send requests to a loopback address, and by DNS rebinding even read the
//! answers. `Host` shows the second, `Origin` and `Sec-Fetch-Site` the first, and neither page knows the token.

use std::{
    env, fmt,
    net::{IpAddr, SocketAddr},
    time::SystemTime,
};

use http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};

use super::{PATH, answer::Refusal};
use crate::signature::{Secret, Signer};

/// The environment variable that fixes the token, so that a page survives the start of a new build.
const TOKEN_VARIABLE: &str = "HMS_WEBHOOK_CONSOLE_TOKEN";
const TOKEN_LENGTH: usize = 16;

/// What the address of the console holds beside its path: known to whoever reads the server's log.
pub(super) struct Token(String);

impl Token {
    /// 128 random bits, or what `TOKEN_VARIABLE` says.
    ///
    /// # Errors
    /// Says what is wrong with the variable, or that the system gives no random numbers.
    pub(super) fn choose() -> Result<Self, String> {
        match env::var(TOKEN_VARIABLE) {
            Ok(text) if !text.is_empty() => Self::given(text),
            _ => Self::random(),
        }
    }

    fn given(text: String) -> Result<Self, String> {
        if text.len() < 2 * TOKEN_LENGTH || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(format!(
                "{TOKEN_VARIABLE} is no token: set it to {} or more random letters and digits, \
                 as `openssl rand -hex {TOKEN_LENGTH}` makes them, or leave it out",
                2 * TOKEN_LENGTH
            ));
        }
        Ok(Self(text))
    }

    fn random() -> Result<Self, String> {
        let mut bits = [0; TOKEN_LENGTH];
        getrandom::fill(&mut bits).map_err(|error| format!("the system gives no random numbers: {error}"))?;
        Ok(Self(base16ct::lower::encode_string(&bits)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Whether the console may be served on `address`.
pub(crate) fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

pub(super) struct Guard {
    token: String,
    /// Compares tokens by their MACs, so that the time that it takes tells nothing.
    comparison: (Secret, [u8; 32]),
    hosts: Vec<String>,
    /// Another one after each start, even where the token stays.
    instance: String,
}

/// A proxy or a tunnel may write this machine's address into `Host`; by these it says that somebody else asks.
const FORWARDED: [HeaderName; 7] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("cf-connecting-ip"),
];
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Guard {
    pub(super) fn new(Token(token): Token, address: SocketAddr) -> Self {
        let key = Secret::new(&token);
        let mut tag = [0; 32];
        let signed = Signer::new(key.clone()).sign("console", token.as_bytes());
        let _ = base16ct::lower::decode(signed.trim_start_matches("sha256="), &mut tag);
        Self { token, comparison: (key, tag), hosts: hosts(address), instance: instance() }
    }

    /// The path of the page.
    pub(super) fn base(&self) -> String {
        format!("{PATH}/{}/", self.token)
    }

    /// Which start of the server this is.
    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    /// What is behind the token in the path of `request`, if it may be answered.
    pub(super) fn admit<'r, B>(&self, request: &'r Request<B>) -> Result<&'r str, Refusal> {
        let headers = request.headers();
        let named = headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
        let names: Vec<_> = request.uri().authority().map(|name| name.as_str()).into_iter().chain(named).collect();
        let host = names.first().copied().unwrap_or_default();
        if names.is_empty() || !names.iter().all(|name| self.hosts.iter().any(|known| known.eq_ignore_ascii_case(name)))
        {
            return Err(Refusal::new(
                StatusCode::MISDIRECTED_REQUEST,
                "the console answers under this machine's own addresses only, such as 127.0.0.1",
            ));
        }
        if FORWARDED.iter().any(|name| headers.contains_key(name)) {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "the console answers a browser on this machine, and this request was forwarded by a proxy or a tunnel",
            ));
        }
        if !self.is_own_page(host, request.method(), headers) {
            return Err(Refusal::new(StatusCode::FORBIDDEN, "the console answers no other page"));
        }
        let rest = request.uri().path().strip_prefix(PATH).unwrap_or_default().trim_start_matches('/');
        let (token, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        if !self.knows(token) {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                "the console's address has a token in it, another one after each start: the server's log shows it",
            ));
        }
        Ok(path)
    }

    fn is_own_page(&self, host: &str, method: &Method, headers: &HeaderMap) -> bool {
        if let Some(origin) = headers.get(header::ORIGIN)
            && origin.as_bytes() != format!("http://{host}").as_bytes()
        {
            return false;
        }
        match text(headers, &SEC_FETCH_SITE) {
            // Not every client says it.
            None | Some("same-origin") => true,
            // An address that was typed, or followed from outside of a browser.
            Some("none") => method == Method::GET,
            Some(_) => false,
        }
    }

    fn knows(&self, token: &str) -> bool {
        let (key, tag) = &self.comparison;
        key.authenticates(format!("console.{token}").as_bytes(), tag)
    }
}

fn instance() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), since.as_millis())
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// How a browser on this machine calls the server at `address`.
fn hosts(address: SocketAddr) -> Vec<String> {
    let name = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let port = address.port();
    let names = [name(address.ip()), "127.0.0.1".into(), "[::1]".into(), "localhost".into()];
    let with_port = names.iter().map(|host| format!("{host}:{port}"));
    // A browser leaves out the port that HTTP has by itself.
    let without = names.iter().filter(|_| port == 80).cloned();
    with_port.chain(without).collect()
}
