//! TLS of the server itself: both versions of HTTP, and a certificate that changes while it is used.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use hms_webhook::App;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    support::{Server, message, signed_request},
    wire::Wire,
};

/// A certificate for `localhost` and its key, in files of their own.
struct Files {
    folder: PathBuf,
}

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("hms-webhook-tls-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// Writes a new pair, the certificate first.
    fn renew(&self) -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.certificate(), made.cert.pem()).unwrap();
        fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

async fn connect(
    server: &Server,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> Option<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(server.address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await.ok()
}

async fn deliver(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(&signed_request(message("status-update", "").as_bytes())).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    String::from_utf8(answer.to_vec()).unwrap()
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let files = Files::new("versions");
    let certificate = files.renew();
    let server = Server::start(App::new().tls(files.certificate(), files.key())).await;
    let mut one = connect(&server, &certificate, &["http/1.1"]).await.unwrap();
    assert_eq!(one.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    assert_eq!(deliver(&mut one).await, "HTTP/1.1 200");

    let two = connect(&server, &certificate, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(two.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), hyper_util::rt::TokioIo::new(two))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request =
        http::Request::get("https://localhost/readyz").body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_certificate_is_changed_and_open_connections_go_on() {
    let files = Files::new("change");
    let old = files.renew();
    let server = Server::start(App::new().tls(files.certificate(), files.key())).await;
    let mut open = connect(&server, &old, &[]).await.unwrap();
    let new = files.renew();
    while connect(&server, &new, &[]).await.is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(connect(&server, &old, &[]).await.is_none());
    assert_eq!(deliver(&mut open).await, "HTTP/1.1 200");

    // What cannot be used changes nothing.
    fs::write(files.key(), "no key").unwrap();
    fs::write(files.certificate(), "no certificate").unwrap();
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(connect(&server, &new, &[]).await.is_some());
}

#[tokio::test]
async fn half_a_handshake_and_no_handshake_are_cut_off() {
    let files = Files::new("half");
    files.renew();
    let app = App::new().tls(files.certificate(), files.key());
    let server = Server::start(app.limits(|limits| limits.head_time = Duration::from_millis(300))).await;
    for beginning in ["", "\x16\x03\x01", "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let mut wire = Wire::connect(server.address).await;
        wire.send(beginning).await;
        wire.until_end().await;
        assert_eq!(wire.statuses(), [0; 0], "{beginning:?}");
    }
}

#[tokio::test]
async fn files_that_cannot_be_used_are_reported_at_the_start() {
    let files = Files::new("wrong");
    files.renew();
    let start = async || {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        App::new().secret("a").tls(files.certificate(), files.key()).serve(listener).await.unwrap_err().to_string()
    };
    let other = rcgen::KeyPair::generate().unwrap();
    fs::write(files.key(), other.serialize_pem()).unwrap();
    assert!(start().await.contains("key.pem"), "a key of another certificate");
    fs::write(files.certificate(), "").unwrap();
    assert!(start().await.contains("no certificate"));
    fs::remove_file(files.certificate()).unwrap();
    assert!(start().await.contains("cannot read"));
}
