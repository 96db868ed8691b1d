//! PURE. Matches the targets to reach without a proxy.
//!
//! Owns the rules of Go's `httpproxy` for NO_PROXY: networks, addresses and domains, each with or
//! without a port. Called on send threads.

use std::net::IpAddr;

/// The rules for targets to reach without a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// `*`
    Everything,
    /// `10.0.0.0/8`
    Network { address: IpAddr, prefix_bits: u8 },
    /// `10.0.0.1` or `10.0.0.1:80`
    Address { address: IpAddr, port: Port },
    /// `example.com` with its subdomains, or `.example.com` for the subdomains alone.
    Domain {
        /// The domain, with a leading dot.
        suffix: String,
        includes_itself: bool,
        port: Port,
    },
}

/// The port of a rule, as written; the empty text means every port.
type Port = String;

impl NoProxy {
    /// Parses a list in the form of NO_PROXY. An invalid entry matches nothing.
    pub fn parse(list: &str) -> Self {
        let rules = list.split(',').map(|entry| entry.trim().to_lowercase());
        NoProxy {
            rules: rules.filter_map(|entry| Rule::parse(&entry)).collect(),
        }
    }

    /// Whether to reach `host` (a name, or an address with or without brackets) directly at `port`. This
    /// machine itself is always reached directly.
    pub fn covers(&self, host: &str, port: u16) -> bool {
        let host = without_brackets(host).to_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let address = address.map(|address| address.to_canonical());
        host == "localhost"
            || address.is_some_and(|address| address.is_loopback())
            || self
                .rules
                .iter()
                .any(|rule| rule.covers(&host, address, port))
    }
}

impl Rule {
    fn parse(entry: &str) -> Option<Rule> {
        if entry == "*" {
            return Some(Rule::Everything);
        }
        if let Some(rule) = parse_network(entry) {
            return Some(rule);
        }
        let (host, port) = split_port(entry);
        let port = port.to_owned();
        if let Ok(address) = host.parse::<IpAddr>() {
            let address = address.to_canonical();
            return Some(Rule::Address { address, port });
        }
        let host = match host.strip_prefix('*') {
            Some(below) if below.starts_with('.') => below,
            _ => host,
        };
        if host.is_empty() {
            return None;
        }
        let includes_itself = !host.starts_with('.');
        let dot = if includes_itself { "." } else { "" };
        Some(Rule::Domain {
            suffix: format!("{dot}{host}"),
            includes_itself,
            port,
        })
    }

    fn covers(&self, host: &str, address: Option<IpAddr>, at_port: u16) -> bool {
        let fits = |port: &Port| port.is_empty() || port.parse() == Ok(at_port);
        match self {
            Rule::Everything => true,
            Rule::Network {
                address: network,
                prefix_bits,
            } => address.is_some_and(|address| is_within(address, *network, *prefix_bits)),
            Rule::Address {
                address: other,
                port,
            } => address == Some(*other) && fits(port),
            Rule::Domain {
                suffix,
                includes_itself,
                port,
            } => {
                let is_itself = *includes_itself && host == &suffix[1..];
                (is_itself || host.ends_with(suffix.as_str())) && fits(port)
            }
        }
    }
}

fn parse_network(entry: &str) -> Option<Rule> {
    let (address, bits) = entry.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let prefix_bits: u8 = bits.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    (prefix_bits <= most).then_some(Rule::Network {
        address,
        prefix_bits,
    })
}

fn is_within(address: IpAddr, network: IpAddr, prefix_bits: u8) -> bool {
    let bits = u32::from(prefix_bits);
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let difference = address.to_bits() ^ network.to_bits();
            difference.checked_shr(32 - bits).unwrap_or(0) == 0
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let difference = address.to_bits() ^ network.to_bits();
            difference.checked_shr(128 - bits).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Splits `host:port` or `[address]:port`. A text without a port, such as `::1`, is all host.
fn split_port(entry: &str) -> (&str, &str) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (without_brackets(host), port)
        }
        _ => (without_brackets(entry), ""),
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered<'a>(list: &str, targets: &[(&'a str, u16)]) -> Vec<&'a str> {
        let no_proxy = NoProxy::parse(list);
        let targets = targets.iter();
        let covered = targets.filter(|(host, port)| no_proxy.covers(host, *port));
        covered.map(|(host, _)| *host).collect()
    }

    #[test]
    fn this_host_needs_no_proxy_whatever_the_list_says() {
        let targets = [
            ("localhost", 80),
            ("LOCALHOST", 80),
            ("127.0.0.1", 80),
            ("127.9.9.9", 80),
            ("[::1]", 80),
            ("[::ffff:127.0.0.1]", 80),
            ("localhost.example", 80),
            ("10.0.0.1", 80),
        ];
        let direct: Vec<&str> = targets[..6].iter().map(|(host, _)| *host).collect();
        assert_eq!(covered("", &targets), direct);
    }

    #[test]
    fn each_form_of_a_rule_covers_what_go_says() {
        let targets = [
            ("example.com", 80),
            ("Sub.Example.com", 443),
            ("notexample.com", 80),
            ("10.1.2.3", 80),
            ("192.168.0.1", 8080),
            ("[2001:db8::1]", 443),
        ];
        for (list, expected) in [
            ("*", &targets.map(|(host, _)| host)[..]),
            ("example.com", &["example.com", "Sub.Example.com"]),
            ("EXAMPLE.COM", &["example.com", "Sub.Example.com"]),
            (".example.com", &["Sub.Example.com"]),
            ("*.example.com", &["Sub.Example.com"]),
            ("example.com:443", &["Sub.Example.com"]),
            ("*.example.com:80", &[]),
            ("com", &["example.com", "Sub.Example.com", "notexample.com"]),
            ("10.0.0.0/8", &["10.1.2.3"]),
            ("10.1.2.3/32", &["10.1.2.3"]),
            ("0.0.0.0/0", &["10.1.2.3", "192.168.0.1"]),
            ("10.1.2.3", &["10.1.2.3"]),
            ("192.168.0.1:8080", &["192.168.0.1"]),
            ("192.168.0.1:80", &[]),
            ("2001:db8::1", &["[2001:db8::1]"]),
            ("[2001:db8::1]:443", &["[2001:db8::1]"]),
            ("[2001:db8::1]:80", &[]),
            ("2001:db8::/32", &["[2001:db8::1]"]),
            ("::/0", &["[2001:db8::1]"]),
            (" 10.1.2.3 , ,example.com:80 ", &["example.com", "10.1.2.3"]),
            ("10.0.0.0/33,:80,*.,/8", &[]),
        ] {
            assert_eq!(covered(list, &targets), expected, "{list:?}");
        }
    }
}
