//! Shared fixtures of the tests of receivers: posters, generated certificates, files.

pub mod certificates;

use std::fs;
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, connect, getsockname, listen, socket_with,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::address::Address;
use super::client::Clients;
use super::fake_receiver::{Bodies, FakeReceiver, Reply, Seen, Stream, answer};
use super::fault::Fault;
use super::idle::KeptConnections;
use super::post::Poster;
use super::reloading_agent::AgentFactory;
use super::resolver::Resolver;
use super::trust::{HostRoots, provider};
use super::verdict::Answer;
use crate::clock::Clock;
use crate::config::{HttpConfig, Secret, TlsConfig};

/// Longer than any test takes.
pub const LONG: Duration = Duration::from_secs(60);

/// What agents are made from, in an environment without proxies.
pub fn factory(clock: Clock) -> AgentFactory {
    AgentFactory {
        user_agent: "Alertmanager/0.1.0".to_owned(),
        kept: KeptConnections {
            total: 8,
            per_host: 4,
        },
        resolver: Arc::new(Resolver::new(clock)),
        host_roots: Arc::new(HostRoots::default()),
        variable: |_| None,
        clock,
    }
}

/// A poster in such an environment.
pub fn poster() -> Poster {
    let clock = Clock::start();
    Poster::new(Clients::new(factory(clock)), clock)
}

/// A poster for which names have the addresses that `ask` says.
pub fn poster_asking(
    ask: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static,
) -> Poster {
    let clock = Clock::start();
    poster_with(Arc::new(Resolver::asking(clock, ask)), clock)
}

/// A poster that looks names up by way of `resolver`.
pub fn poster_with(resolver: Arc<Resolver>, clock: Clock) -> Poster {
    let mut factory = factory(clock);
    factory.resolver = resolver;
    Poster::new(Clients::new(factory), clock)
}

/// Posts `{}` to `url` as `http` says, by way of a poster of its own.
pub fn post_as(http: &HttpConfig, url: &str) -> Result<Answer, Fault> {
    post_by(&poster(), http, url)
}

/// Posts `{}` to `url` as `http` says.
pub fn post_by(poster: &Poster, http: &HttpConfig, url: &str) -> Result<Answer, Fault> {
    let address = Address::parse(url).expect("an address");
    poster.send("POST", &Arc::new(http.clone()), address, b"{}", LONG)
}

/// A receiver that finds everything fine.
pub fn content_receiver() -> FakeReceiver {
    FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "fine")))
}

/// An address that drops packets, like one without a route back. It is a listener with a full backlog, which
/// drops every further SYN.
pub struct Hole {
    /// Where it is.
    pub address: SocketAddr,
    _listener: OwnedFd,
    _waiting: Vec<OwnedFd>,
}

impl Hole {
    /// One at `address`, which may have port 0.
    pub fn at(address: &str) -> Self {
        let address: SocketAddr = address.parse().expect("an address");
        let tcp = || {
            let family = if address.is_ipv6() {
                AddressFamily::INET6
            } else {
                AddressFamily::INET
            };
            socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK, None).expect("a socket")
        };
        let listener = tcp();
        bind(&listener, &address).expect("a free port");
        listen(&listener, 0).expect("it is bound");
        let address = getsockname(&listener).expect("it is bound");
        let address: SocketAddr = address.try_into().expect("an address with a port");
        let waiting = (0..4).map(|_| {
            let socket = tcp();
            connect(&socket, &address).expect_err("it waits for its place");
            socket
        });
        let waiting = waiting.collect();
        Hole {
            address,
            _listener: listener,
            _waiting: waiting,
        }
    }
}

/// A secret that stands in the configuration.
pub fn inline(text: &str) -> Secret {
    Secret::Inline(text.to_owned())
}

/// A file of one test, removed at its end.
pub struct TestFile(pub PathBuf);

impl TestFile {
    /// One that holds `text`. The name must be unique among all tests.
    pub fn new(name: &str, text: &str) -> Self {
        let name = format!("alertwheel-{}-{name}", std::process::id());
        let file = TestFile(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    /// Replaces the file by one that holds `text`.
    pub fn write(&self, text: &str) {
        let new = self.0.with_extension("new");
        fs::write(&new, text).expect("a file");
        fs::rename(&new, &self.0).expect("a file");
    }

    /// The file as a configuration names it.
    pub fn secret(&self) -> Secret {
        Secret::File(self.0.clone())
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // A test may have removed it on purpose.
        fs::remove_file(&self.0).ok();
    }
}

/// An authority that signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// A certificate with its key.
pub struct Issued {
    /// PEM of the certificate.
    pub cert: String,
    /// PEM of the key.
    pub key: String,
    certificate: Certificate,
    pair: KeyPair,
}

impl Authority {
    /// A new authority, which no configuration trusts yet.
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        // Two authorities of one name would be taken for one another, up to the signature.
        let name = format!("authority {:x?}", key.public_key_raw());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Authority {
            issuer: Issuer::new(params, key),
            certificate,
        }
    }

    /// PEM of its own certificate, to trust it by.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate for a host name or address.
    pub fn issue(&self, name: &str) -> Issued {
        self.issue_with(name, |_| ())
    }

    /// The same with details `changed`.
    pub fn issue_with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let pair = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a sound name");
        change(&mut params);
        let certificate = params.signed_by(&pair, &self.issuer);
        let certificate = certificate.expect("a certificate");
        Issued {
            cert: certificate.pem(),
            key: pair.serialize_pem(),
            certificate,
            pair,
        }
    }

    /// A certificate that signs itself and calls itself an authority, as `openssl req -x509` makes
    /// it. No authority is needed for it.
    pub fn self_signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let pair = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a sound name");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        change(&mut params);
        let certificate = params.self_signed(&pair).expect("a certificate");
        Issued {
            cert: certificate.pem(),
            key: pair.serialize_pem(),
            certificate,
            pair,
        }
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        let added = roots.add(self.certificate.der().clone());
        added.expect("a sound certificate");
        Arc::new(roots)
    }
}

/// What a receiver behind TLS asks for.
#[derive(Clone, Copy)]
pub enum Demand<'a> {
    /// Nothing.
    Nothing,
    /// TLS 1.2, neither more nor less.
    Tls12,
    /// TLS 1.3, not less.
    Tls13,
    /// A certificate from this authority.
    Client(&'a Authority),
}

/// A receiver behind TLS that finds everything fine. Post to its `url` under https.
pub fn tls_receiver(shown: &Issued, demand: Demand<'_>) -> FakeReceiver {
    let wrap = under_tls(shown, demand);
    FakeReceiver::start_over(wrap, Bodies::Read, |_: &Seen| {
        Reply::Write(answer("200 OK", "", "fine"))
    })
}

/// What puts TLS around a connection, as a server that shows `shown`.
pub fn under_tls(
    shown: &Issued,
    demand: Demand<'_>,
) -> impl Fn(TcpStream) -> Box<dyn Stream> + Send + Sync + 'static + use<> {
    let versions = match demand {
        Demand::Tls12 => vec![&TLS12],
        Demand::Tls13 => vec![&TLS13],
        _ => vec![&TLS12, &TLS13],
    };
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&versions)
        .expect("versions that the provider speaks");
    let config = match demand {
        Demand::Client(authority) => {
            let roots = authority.roots();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
        _ => config.with_no_client_auth(),
    };
    let key = PrivateKeyDer::Pkcs8(shown.pair.serialize_der().into());
    let chain = vec![shown.certificate.der().clone()];
    let config = config.with_single_cert(chain, key);
    let config = Arc::new(config.expect("a sound certificate"));
    move |mut stream| {
        let connection = ServerConnection::new(config.clone());
        let mut connection = connection.expect("a sound configuration");
        // What is said must be on its way before the connection is closed with bytes unread.
        stream.set_nodelay(true).expect("it is open");
        if connection.complete_io(&mut stream).is_err() {
            // A close with bytes unread would overtake the alert that says why.
            stream.shutdown(Shutdown::Write).ok();
            io::copy(&mut stream, &mut io::sink()).ok();
        }
        Box::new(StreamOwned::new(connection, stream))
    }
}

/// The address of a receiver behind TLS.
pub fn https(receiver: &FakeReceiver) -> String {
    receiver.url("/").replace("http://", "https://")
}

/// The configuration with these TLS settings.
pub fn with_tls(tls: TlsConfig) -> HttpConfig {
    HttpConfig {
        tls,
        ..HttpConfig::default()
    }
}

/// Settings that trust only `authority`.
pub fn trusting(authority: &Authority) -> TlsConfig {
    TlsConfig {
        ca: Some(inline(&authority.pem())),
        ..TlsConfig::default()
    }
}
