//! A proxy for tests: answers CONNECT, and forwards all further bytes to one receiver.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use crossbeam_channel::{Receiver, bounded};

use crate::threads::{self, CONNECTION_STACK};

/// A listening proxy, with the requests it received.
pub struct FakeProxy {
    port: u16,
    heads: Receiver<String>,
}

impl FakeProxy {
    /// Answers each CONNECT with `answer`, and connects the client to `receiver_port` of this host, whatever
    /// target it asked for.
    pub fn start(answer: &'static str, receiver_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, heads) = bounded(100);
        start_thread(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                start_thread(move || {
                    let mut stream = stream;
                    sender.send(read_head(&mut stream)).ok();
                    stream.write_all(answer.as_bytes()).ok();
                    pass_on(stream, receiver_port);
                });
            }
        });
        FakeProxy { port, heads }
    }

    /// Its address, with `userinfo@` if it is not empty.
    pub fn url(&self, userinfo: &str) -> String {
        let at = if userinfo.is_empty() { "" } else { "@" };
        format!("http://{userinfo}{at}127.0.0.1:{}", self.port)
    }

    /// The heads of the CONNECTs so far.
    pub fn take_heads(&self) -> Vec<String> {
        self.heads.try_iter().collect()
    }
}

fn start_thread(body: impl FnOnce() + Send + 'static) {
    threads::spawn("fake-proxy", CONNECTION_STACK, body).expect("a thread");
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("a head in ASCII")
}

fn pass_on(mut near: TcpStream, receiver_port: u16) {
    let Ok(mut far) = TcpStream::connect(("127.0.0.1", receiver_port)) else {
        return;
    };
    let mut answers = far.try_clone().expect("a second handle");
    let mut back = near.try_clone().expect("a second handle");
    start_thread(move || {
        io::copy(&mut answers, &mut back).ok();
    });
    io::copy(&mut near, &mut far).ok();
}
