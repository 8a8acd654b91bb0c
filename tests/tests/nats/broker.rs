//! Brokers of the test's own, on loopback.

use std::{fs, io, net::TcpListener, path::PathBuf, process::Stdio, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// How long a broker may take for one thing, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A `nats-server` with its files in a folder. It ends with the test.
pub(crate) struct Broker {
    pub(crate) port: u16,
    /// Where it says how it is.
    page: u16,
    configuration: PathBuf,
    child: Option<Child>,
}

impl Broker {
    /// One broker, to which `user` with `password` may log in.
    pub(crate) async fn start(folder: &tempfile::TempDir) -> Self {
        let mut broker = Self::configured(folder, "alone", "");
        broker.run().await;
        broker
    }

    /// Three brokers that know each other, once they have chosen who leads.
    pub(crate) async fn cluster(folder: &tempfile::TempDir) -> [Self; 3] {
        let routes = [(); 3].map(|()| free_port());
        let pages = [(); 3].map(|()| free_port());
        let known = routes.map(|port| format!("nats-route://127.0.0.1:{port}")).join(", ");
        let mut brokers = [0, 1, 2].map(|number| {
            let cluster = format!(
                "http: \"127.0.0.1:{}\"\ncluster {{ name: desk, listen: \"127.0.0.1:{}\", routes: [{known}] }}",
                pages[number], routes[number]
            );
            Self { page: pages[number], ..Self::configured(folder, &format!("node{number}"), &cluster) }
        });
        for broker in &mut brokers {
            broker.run().await;
        }
        brokers
    }

    fn configured(folder: &tempfile::TempDir, name: &str, cluster: &str) -> Self {
        let port = free_port();
        let configuration = folder.path().join(format!("{name}.conf"));
        let files = folder.path().join(name);
        let text = format!(
            "server_name: {name}\nlisten: \"127.0.0.1:{port}\"\njetstream {{ store_dir: {files:?} }}\n\
             authorization {{ user: desk, password: \"hush-hush\" }}\n{cluster}\n"
        );
        fs::write(&configuration, text).unwrap();
        Self { port, page: 0, configuration, child: None }
    }

    /// Starts it, and waits until it listens.
    pub(crate) async fn run(&mut self) {
        let log = fs::File::create(self.configuration.with_extension("log")).unwrap();
        let mut command = Command::new("nats-server");
        command.arg("-c").arg(&self.configuration).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("install nats-server: apt-get install -y nats-server"));
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            let has_ended = self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some());
            if has_ended || Instant::now() > until {
                let log = fs::read_to_string(self.configuration.with_extension("log")).unwrap();
                panic!("the broker does not start: {log}");
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Kills it, and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        self.child.take().unwrap().kill().await.unwrap();
    }

    /// The number of the broker that leads for `stream`, as this one knows it.
    pub(crate) async fn leader(&self, stream: &str) -> Option<usize> {
        let answer = timeout(PATIENCE, self.ask_page("/jsz?streams=true")).await.expect("it says how it is")?;
        let streams = answer["account_details"][0]["stream_detail"].as_array()?;
        let leader = streams.iter().find(|found| found["name"] == stream)?["cluster"]["leader"].as_str()?;
        leader.strip_prefix("node")?.parse().ok()
    }

    async fn ask_page(&self, path: &str) -> Option<Value> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.page)).await.ok()?;
        connection.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    /// Asks the broker's own programming interface, in the protocol's plain text.
    pub(crate) async fn ask(&self, subject: &str, question: &Value) -> Value {
        let answer = timeout(PATIENCE, self.try_ask(subject, question)).await.expect("an answer in time").unwrap();
        assert_eq!(answer["error"], Value::Null, "{subject}: {answer}");
        answer
    }

    async fn try_ask(&self, subject: &str, question: &Value) -> io::Result<Value> {
        let (read, mut write) = TcpStream::connect(("127.0.0.1", self.port)).await?.into_split();
        let (login, question) = (r#"{"verbose":false,"user":"desk","pass":"hush-hush"}"#, question.to_string());
        let text =
            format!("CONNECT {login}\r\nSUB answer 1\r\nPUB {subject} answer {}\r\n{question}\r\n", question.len());
        write.write_all(text.as_bytes()).await?;
        let mut lines = BufReader::new(read).lines();
        while !lines.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?.starts_with("MSG ") {}
        let answer = lines.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// Its address with a password, and this behind `?`.
    pub(crate) fn address(&self, query: &str) -> String {
        format!("nats://desk:hush-hush@127.0.0.1:{}?{query}", self.port)
    }
}

/// A port that nobody listens on, among those that the system gives to nobody by itself: another program that runs beside
/// this test does not get it before the broker does, nor while that is away.
fn free_port() -> u16 {
    loop {
        let port = fastrand::u16(10_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
