//! Tests of the HTTP server over TLS, with certificates made by the tests.

use std::sync::Arc;

use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::folder::{Authority, Certified, Folder};
use super::*;

type Versions = &'static [&'static SupportedProtocolVersion];

static BOTH: Versions = &[&TLS13, &TLS12];
static NEW: Versions = &[&TLS13];
static OLD: Versions = &[&TLS12];

/// A folder with a server's certificate, and the authorities that sign certificates.
struct Setting {
    folder: Folder,
    servers: Authority,
    clients: Authority,
}

impl Setting {
    fn new() -> Self {
        let setting = Setting {
            folder: Folder::create(),
            servers: Authority::new("servers"),
            clients: Authority::new("clients"),
        };
        setting.renew("localhost");
        setting.folder.write("ca.pem", &setting.clients.pem());
        setting
    }

    /// Gives the server another certificate.
    fn renew(&self, name: &str) {
        let signed = self.servers.sign(name, ServerAuth);
        self.folder.write("key.pem", &signed.key.serialize_pem());
        self.folder.write("cert.pem", &signed.certificate.pem());
    }

    fn door(&self, more: &str) -> Door {
        self.folder.door(&web(more))
    }

    fn door_with(&self, limits: Limits) -> Door {
        let gate = self.folder.gate(&web("")).expect("a sound configuration");
        Door::open_behind(Some(gate), limits)
    }

    fn client(&self) -> ClientOfTls<'_> {
        ClientOfTls {
            setting: self,
            name: "localhost",
            certificate: None,
            versions: BOTH,
        }
    }
}

/// The section with the server's certificate and `more` keys.
fn web(more: &str) -> String {
    format!("tls_server_config: {{cert_file: cert.pem, key_file: key.pem, {more}}}\n")
}

/// How a client comes.
#[derive(Clone, Copy)]
struct ClientOfTls<'a> {
    setting: &'a Setting,
    name: &'static str,
    certificate: Option<&'a Certified>,
    versions: Versions,
}

impl<'a> ClientOfTls<'a> {
    fn with(self, certificate: Option<&'a Certified>) -> Self {
        ClientOfTls {
            certificate,
            ..self
        }
    }

    fn connect(self, door: &Door) -> TlsClient {
        let mut roots = RootCertStore::empty();
        roots.add(self.setting.servers.der()).expect("a root");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(self.versions)
            .expect("versions")
            .with_root_certificates(roots);
        let config = match self.certificate.map(Certified::chain) {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .expect("a certificate"),
        };
        let name = ServerName::try_from(self.name).expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("settings");
        TlsClient(StreamOwned::new(connection, door.connect().stream))
    }

    /// The status of one request, or why there is none.
    fn try_ask(self, door: &Door) -> Result<u16, String> {
        let mut client = self.connect(door);
        client.try_ask(&get("/")).map(|reply| reply.status)
    }
}

struct TlsClient(StreamOwned<ClientConnection, TcpStream>);

impl TlsClient {
    fn try_ask(&mut self, request: &str) -> Result<Reply, String> {
        // A refusal of the handshake may arrive with the answer only.
        let _ = self.0.write_all(request.as_bytes());
        self.read_reply().map_err(|error| error.to_string())
    }

    fn read_reply(&mut self) -> io::Result<Reply> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.read_byte()?);
        }
        let mut reply = Reply::from_head(&String::from_utf8(head).expect("ASCII"));
        let length = reply.header("content-length").expect("a length");
        reply.body = vec![0; length.parse().expect("a length")];
        self.0.read_exact(&mut reply.body)?;
        Ok(reply)
    }

    fn read_byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}

#[test]
fn a_prometheus_keeps_its_connection_for_small_and_large_requests() {
    let setting = Setting::new();
    let door = setting.door("");
    for versions in [OLD, NEW] {
        let client = ClientOfTls {
            versions,
            ..setting.client()
        };
        let mut client = client.connect(&door);
        let large = "x".repeat(3_000_000);
        for body in ["", "alert", &large, "alert"] {
            let head = format!(
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}",
                body.len()
            );
            let reply = client.try_ask(&format!("{head}\r\n\r\n{body}"));
            let text = format!("{} bytes", body.len());
            assert_eq!(reply.expect("an answer").text(), text);
        }
        let reply = client.try_ask(&get("/bytes?3000000")).expect("an answer");
        assert_eq!(reply.body.len(), 3_000_000);
        assert_eq!(door.door.open_connections(), 1);
        drop(client);
        door.assert_empties();
    }
    door.stop();
}

#[test]
fn both_ends_of_a_connection_are_told_apart_from_a_cable_that_was_cut() {
    let setting = Setting::new();
    let door = setting.door("");
    let mut client = setting.client().connect(&door);
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert_eq!(client.try_ask(request).expect("an answer").status, 200);
    assert_eq!(client.0.read(&mut [0]).expect("a goodbye"), 0, "as asked");
    door.stop();

    let door = setting.door_with(Limits {
        idle_timeout: SHORT,
        ..patient_limits()
    });
    let mut client = setting.client().connect(&door);
    let end = client.0.read(&mut [0]);
    assert_eq!(end.expect("a goodbye"), 0, "it was idle");
    door.stop();
}

#[test]
fn clients_show_what_is_asked_of_them_or_are_refused_with_the_reason() {
    let setting = Setting::new();
    let good = setting.clients.sign("good.example", ClientAuth);
    let expired = setting.clients.sign_until("good.example", ClientAuth, 2001);
    let strange = setting.servers.sign("good.example", ClientAuth);
    let server = setting.clients.sign("good.example", ServerAuth);
    let clients = [
        None,
        Some(&good),
        Some(&expired),
        Some(&strange),
        Some(&server),
    ];
    let (fine, missing) = ("200", "CertificateRequired");
    let (late, unknown, purpose) = ("CertificateExpired", "UnknownCA", "UnsupportedCertificate");
    for (asked, expected) in [
        ("NoClientCert", [fine; 5]),
        ("RequestClientCert", [fine; 5]),
        ("RequireAnyClientCert", [missing, fine, fine, fine, fine]),
        (
            "VerifyClientCertIfGiven",
            [fine, fine, late, unknown, purpose],
        ),
        (
            "RequireAndVerifyClientCert",
            [missing, fine, late, unknown, purpose],
        ),
    ] {
        let authority = match asked {
            "VerifyClientCertIfGiven" | "RequireAndVerifyClientCert" => "client_ca_file: ca.pem",
            _ => "",
        };
        let door = setting.door(&format!("client_auth_type: {asked}, {authority}"));
        for (number, (client, expected)) in clients.iter().zip(expected).enumerate() {
            let told = setting.client().with(*client).try_ask(&door);
            let told = told.map_or_else(|error| error, |status| status.to_string());
            assert!(told.contains(expected), "{asked} {number}: {told}");
        }
        door.stop();
    }
}

#[test]
fn only_clients_with_an_allowed_name_are_let_in() {
    let setting = Setting::new();
    let [good, by_address, other] = ["good.example", "192.0.2.1", "other.example"]
        .map(|name| setting.clients.sign(name, ClientAuth));
    let door = setting.door(
        "client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, \
         client_allowed_sans: [good.example, 192.0.2.1]",
    );
    for (client, is_let_in) in [(&good, true), (&by_address, true), (&other, false)] {
        let told = setting.client().with(Some(client)).try_ask(&door);
        assert_eq!(told.is_ok(), is_let_in, "{told:?}");
    }
    door.stop();
}

#[test]
fn versions_suites_and_curves_are_those_of_the_configuration() {
    let setting = Setting::new();
    for (more, versions, is_let_in) in [
        ("min_version: TLS13", NEW, true),
        ("min_version: TLS13", OLD, false),
        ("max_version: TLS12", OLD, true),
        ("max_version: TLS12", NEW, false),
        ("cipher_suites: [TLS_AES_128_GCM_SHA256]", OLD, false),
        (
            "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
            OLD,
            false,
        ),
        (
            "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]",
            OLD,
            true,
        ),
        (
            "cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
            BOTH,
            true,
        ),
        ("curve_preferences: [CurveP384]", BOTH, true),
    ] {
        let door = setting.door(more);
        let client = ClientOfTls {
            versions,
            ..setting.client()
        };
        let told = client.try_ask(&door);
        assert_eq!(told.is_ok(), is_let_in, "{more}: {told:?}");
        door.stop();
    }
}

#[test]
fn a_renewed_certificate_is_shown_to_the_next_connection() {
    let setting = Setting::new();
    let door = setting.door("");
    let mut old = setting.client().connect(&door);
    assert!(old.try_ask(&get("/")).is_ok());
    setting.renew("renewed.example");
    let client = ClientOfTls {
        name: "renewed.example",
        ..setting.client()
    };
    assert_eq!(client.try_ask(&door), Ok(200));
    assert!(setting.client().try_ask(&door).is_err(), "the old name");
    assert!(old.try_ask(&get("/")).is_ok(), "what is open stays open");
    door.stop();
}

#[test]
fn while_the_certificate_is_broken_connections_end_with_a_word() {
    let setting = Setting::new();
    let door = setting.door("");
    setting.folder.write("cert.pem", "half of a copy");
    let told = setting.client().try_ask(&door).expect_err("no certificate");
    assert!(told.contains("InternalError"), "{told}");
    setting.folder.write("web.yml", "");
    assert!(setting.client().try_ask(&door).is_err(), "never in plain");
    setting.renew("localhost");
    setting.folder.write("web.yml", &web(""));
    assert_eq!(setting.client().try_ask(&door), Ok(200));
    door.stop();
}

#[test]
fn who_speaks_in_plain_is_told_so() {
    let setting = Setting::new();
    let door = setting.door("");
    let mut client = door.connect();
    client.send(get("/").as_bytes());
    while client.read_more().is_ok() {}
    let told = String::from_utf8(client.read).expect("text");
    let words = "Client sent an HTTP request to an HTTPS server.\n";
    assert_eq!(told, format!("HTTP/1.0 400 Bad Request\r\n\r\n{words}"));
    door.stop();
}

#[test]
fn a_handshake_that_does_not_come_to_an_end_is_cut_at_its_deadline() {
    let setting = Setting::new();
    let door = setting.door_with(Limits {
        // Time enough for a handshake that does complete.
        head_timeout: Duration::from_secs(2),
        ..patient_limits()
    });
    let mut slow: Vec<_> = (0..20).map(|_| door.connect()).collect();
    for (number, client) in slow.iter_mut().enumerate() {
        // None at all, the beginning of a record, and one that is announced and does not come.
        client.send(&[22, 3, 1, 2, 0, 1, 0][..number % 3 * 3]);
    }
    assert_eq!(setting.client().try_ask(&door), Ok(200));
    for client in &mut slow {
        assert!(client.is_ended());
    }
    drop(slow);
    door.assert_empties();
    door.stop();
}

#[test]
fn what_is_not_tls_ends_its_connection_and_no_other() {
    let setting = Setting::new();
    let door = setting.door("");
    for bytes in [
        &[22; 100][..],
        &[0x80; 100],
        &[22, 3, 3, 0, 4, 1, 0, 0, 0],
        b"\r\n\r\n",
    ] {
        let mut client = door.connect();
        client.send(bytes);
        client.finish_sending();
        while client.read_more().is_ok() {}
    }
    assert_eq!(setting.client().try_ask(&door), Ok(200));
    door.assert_empties();
    door.stop();
}

#[test]
fn passwords_are_asked_for_within_tls_as_well() {
    let setting = Setting::new();
    let hash = bcrypt::hash("secret", 4).expect("a hash");
    let users = format!("basic_auth_users: {{bob: {hash}}}\n");
    let door = setting.folder.door(&[web(""), users].concat());
    let mut client = setting.client().connect(&door);
    assert_eq!(client.try_ask(&get("/")).expect("an answer").status, 401);
    let request = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic Ym9iOnNlY3JldA==\r\n\r\n";
    assert_eq!(client.try_ask(request).expect("an answer").status, 200);
    door.stop();
}

#[test]
fn what_cannot_be_served_with_is_said_before_anything_starts() {
    let setting = Setting::new();
    let other = setting.servers.sign("localhost", ServerAuth);
    setting
        .folder
        .write("other.pem", &other.key.serialize_pem());
    setting.folder.write("empty.pem", "");
    let pair = |cert: &str, key: &str| {
        format!("tls_server_config: {{cert_file: {cert}, key_file: {key}}}")
    };
    let switched = "did find a private key; PEM inputs may have been switched";
    for (web, reason) in [
        (pair("none.pem", "key.pem"), "failed to read cert_file ("),
        (pair("cert.pem", "none.pem"), "failed to read key_file ("),
        (
            pair("empty.pem", "key.pem"),
            "failed to find any PEM data in certificate input",
        ),
        (
            pair("cert.pem", "empty.pem"),
            "failed to find any PEM data in key input",
        ),
        (pair("key.pem", "cert.pem"), switched),
        (
            pair("cert.pem", "other.pem"),
            "private key does not match public key",
        ),
        (
            web("client_auth_type: VerifyClientCertIfGiven, client_ca_file: empty.pem"),
            "found no certificate in client_ca or client_ca_file",
        ),
    ] {
        let error = setting.folder.gate(&web).expect_err(&web).to_string();
        assert!(error.contains(reason), "{web}: {error}");
    }
}

#[test]
fn names_in_a_certificate_count_only_if_an_authority_is_checked() {
    let setting = Setting::new();
    let good = setting.clients.sign("good.example", ClientAuth);
    let names = |web: &str, certificate: Option<&Certified>| {
        let door = setting.door(web);
        let mut client = setting.client().with(certificate).connect(&door);
        let reply = client.try_ask(&get("/names")).expect("an answer");
        door.stop();
        reply.text().to_owned()
    };
    let checked = "client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem";
    assert_eq!(names(checked, Some(&good)), "good.example");
    assert_eq!(names(checked, None), "");
    let unchecked = "client_auth_type: RequireAnyClientCert";
    assert_eq!(
        names(unchecked, Some(&good)),
        "",
        "anybody can make such a certificate"
    );
}
