//! The ureq agent of one configuration, made again when its files change.
//!
//! Owns when an agent is made: when it is first needed, and again when a file of its `tls_config` has
//! changed. The lock is held while files are read, never while a thread waits for the network. Used by all
//! send threads.

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

/// The settings and the shared parts of all agents.
#[derive(Debug)]
pub struct AgentFactory {
    /// The header `User-Agent`.
    pub user_agent: String,
    /// Maximum numbers of idle connections of each agent.
    pub kept: KeptConnections,
    /// Resolves host names, for all agents.
    pub resolver: Arc<Resolver>,
    /// The host's trusted roots.
    pub host_roots: Arc<HostRoots>,
    /// Reads a variable of the environment, which may name proxies.
    pub variable: fn(&str) -> Option<String>,
    /// The clock of all deadlines.
    pub clock: Clock,
}

/// An agent that is made again when the files of its configuration change.
#[derive(Debug)]
pub struct ReloadingAgent {
    tls: TlsConfig,
    proxies: Arc<Proxies>,
    factory: Arc<AgentFactory>,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    /// No agent has been needed yet.
    Unused,
    /// The agent, and the stamps of the files that it was made from.
    Open(Vec<Option<Stamp>>, Agent),
    /// The agent is closed, and no other will be made.
    HungUp,
}

impl ReloadingAgent {
    /// An agent with the settings `tls` and `proxy`.
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

    /// The agent. All its connections use the files as they are now.
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

    /// The name of an endpoint for messages: `host:port`, and the proxy in front of it.
    pub fn describe(&self, address: &Address) -> String {
        let endpoint = address.endpoint();
        match self.proxies.toward(address.uri()) {
            Some(proxy) => format!("{endpoint} through the proxy {}", proxy.endpoint()),
            None => endpoint,
        }
    }

    /// Reports to the resolver that a connection towards `address` could not be made or has failed.
    pub fn failed(&self, address: &Address) {
        let proxy = self.proxies.toward(address.uri());
        let other_end = proxy.unwrap_or(address);
        self.factory.resolver.failed(host_of(other_end.uri()));
    }

    /// Closes every connection, also those in use, for good.
    pub fn hang_up(&self) {
        if let State::Open(_, agent) = mem::replace(&mut *self.state(), State::HungUp) {
            agent.shutdown();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic cannot leave the state half updated, so poisoning is ignored.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
