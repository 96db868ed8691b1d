//! The agent towards the servers that one configuration is for.
//!
//! Owns when an agent is made: when it is needed for the first time, and again when a file of its
//! `tls_config` has changed. The lock is held while files are looked at and read, never while
//! anything waits for the network. Used by all send threads.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::Agent;

use super::address::{Address, host_of};
use super::dial::Dialer;
use super::fault::Fault;
use super::idle::KeptConnections;
use super::proxy::Proxies;
use super::resolver::Resolver;
use super::tls::{TlsSettings, stamps_of};
use super::transport;
use super::trust::HostRoots;
use crate::clock::Clock;
use crate::config::{Proxy, TlsConfig};
use crate::files::Stamp;

/// What all agents have in common.
#[derive(Debug)]
pub struct AgentFactory {
    /// The header `User-Agent`.
    pub user_agent: String,
    /// Idle connections that each keeps.
    pub kept: KeptConnections,
    /// The memory of hosts.
    pub resolver: Arc<Resolver>,
    /// The host's trusted roots.
    pub host_roots: Arc<HostRoots>,
    /// Reads our environment, where proxies may stand.
    pub variable: fn(&str) -> Option<String>,
    /// What time it is.
    pub clock: Clock,
}

/// An agent that follows the files of its configuration.
#[derive(Debug)]
pub struct ReloadingAgent {
    tls: TlsConfig,
    proxies: Arc<Proxies>,
    factory: Arc<AgentFactory>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// Nobody has needed an agent yet.
    Unused,
    /// This one was made when the files had these stamps.
    Open(Vec<Option<Stamp>>, Agent),
    /// None will be made any more.
    HungUp,
}

impl ReloadingAgent {
    /// One that speaks to servers as `tls` and `proxy` say.
    pub fn new(tls: &TlsConfig, proxy: &Proxy, factory: &Arc<AgentFactory>) -> Result<Self, Fault> {
        let proxies = Proxies::new(proxy, factory.variable);
        let proxies = proxies.map_err(|why| Fault::Setup(why.to_owned()))?;
        Ok(ReloadingAgent {
            tls: tls.clone(),
            proxies: Arc::new(proxies),
            factory: factory.clone(),
            state: Mutex::new(State::Unused),
        })
    }

    /// The agent. Its connections were made, or will be, with the files as they are now.
    pub fn agent(&self) -> Result<Agent, Fault> {
        let stamps = stamps_of(&self.tls);
        let mut state = self.state();
        match &*state {
            State::HungUp => return Err(Fault::HungUp),
            State::Open(known, agent) if *known == stamps => return Ok(agent.clone()),
            State::Unused | State::Open(..) => {}
        }
        let factory = &self.factory;
        let settings = TlsSettings::load(&self.tls, &factory.host_roots).map_err(Fault::Setup)?;
        let agent = transport::agent(
            &factory.user_agent,
            factory.kept,
            Dialer {
                resolver: factory.resolver.clone(),
                proxies: self.proxies.clone(),
                clock: factory.clock,
            },
            settings,
        );
        *state = State::Open(stamps, agent.clone());
        Ok(agent)
    }

    /// The other end as messages name it: `host:port`, and the proxy in front of it.
    pub fn describe(&self, address: &Address) -> String {
        let endpoint = address.endpoint();
        match self.proxies.toward(address.uri()) {
            Some(proxy) => format!("{endpoint} through the proxy {}", proxy.endpoint()),
            None => endpoint,
        }
    }

    /// Notes that a connection towards `address` could not be made, or has failed.
    pub fn failed(&self, address: &Address) {
        let proxy = self.proxies.toward(address.uri());
        let other_end = proxy.unwrap_or(address);
        self.factory.resolver.failed(host_of(other_end.uri()));
    }

    /// Closes every connection, those in use included, for good.
    pub fn hang_up(&self) {
        if let State::Open(_, agent) = mem::replace(&mut *self.state(), State::HungUp) {
            agent.shutdown();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change of the state is complete in itself, so a panic elsewhere leaves it sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
