//! Addresses: of `ip`, else of `ifconfig`, else of the kernel's tables.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use indexmap::IndexSet;

use super::parse::Said;
use crate::model::Value;

/// `addresses`: those that others can reach the host by, each once.
pub(super) fn addresses(said: &Said<'_>) -> Value {
    let sources: [(&str, fn(&[&str]) -> Vec<IpAddr>); 4] =
        [("ip", from_ip), ("ifconfig", from_ifconfig), ("trie", from_trie), ("inet6", from_inet6)];
    if sources.iter().all(|(name, _)| said.all(name).is_empty()) {
        return Value::None;
    }
    let found: IndexSet<IpAddr> = sources.iter().flat_map(|(name, read)| read(said.all(name))).filter(reachable).collect();
    found.iter().map(IpAddr::to_string).collect()
}

fn reachable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local() && !v4.is_unspecified() && !v4.is_broadcast(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local() && !v6.is_unspecified(),
    }
}

/// The word behind `inet` or `inet6`, without its prefix length.
fn behind_inet(line: &str) -> Option<IpAddr> {
    let mut words = line.split_ascii_whitespace();
    words.find(|word| matches!(*word, "inet" | "inet6"))?;
    let word = words.find(|word| *word != "addr:")?;
    let word = word.strip_prefix("addr:").unwrap_or(word);
    word.split(['/', '%']).next()?.parse().ok()
}

fn from_ip(lines: &[&str]) -> Vec<IpAddr> {
    lines.iter().filter_map(|line| behind_inet(line)).collect()
}

fn from_ifconfig(lines: &[&str]) -> Vec<IpAddr> {
    lines.iter().filter_map(|line| behind_inet(line)).collect()
}

/// An address stands before the line that calls it local.
fn from_trie(lines: &[&str]) -> Vec<IpAddr> {
    let pairs = lines.windows(2).filter(|pair| pair[1].contains("/32 host LOCAL"));
    let last = |line: &str| line.rsplit(' ').next()?.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    pairs.filter_map(|pair| last(pair[0].trim_end())).collect()
}

fn from_inet6(lines: &[&str]) -> Vec<IpAddr> {
    let bits = |line: &&str| u128::from_str_radix(line.split_ascii_whitespace().next()?, 16).ok();
    lines.iter().filter_map(bits).map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stdout: &str) -> String {
        serde_json::to_string(&addresses(&Said::read(stdout))).unwrap()
    }

    #[test]
    fn four_sources() {
        let ip = "ip 1: lo    inet 127.0.0.1/8 scope host lo\nip 2: eth0    inet 10.0.0.5/24 brd 10.0.0.255 scope global eth0\nip 2: eth0    inet6 fe80::1/64 scope link\nip 2: eth0    inet6 2001:db8::5/64 scope global\n";
        assert_eq!(of(ip), r#"["10.0.0.5","2001:db8::5"]"#);
        let bsd = "ifconfig eth0: flags=4163<UP>\nifconfig         inet 10.0.0.6  netmask 255.255.255.0\nifconfig         inet6 2001:db8::6  prefixlen 64\n";
        assert_eq!(of(bsd), r#"["10.0.0.6","2001:db8::6"]"#);
        let busybox = "ifconfig           inet addr:10.0.0.7  Bcast:10.0.0.255  Mask:255.255.255.0\nifconfig           inet6 addr: 2001:db8::7/64 Scope:Global\n";
        assert_eq!(of(busybox), r#"["10.0.0.7","2001:db8::7"]"#);
        let trie = "trie            |-- 10.0.0.0\ntrie               /24 link UNICAST\ntrie            |-- 10.0.0.8\ntrie               /32 host LOCAL\ntrie            |-- 10.0.0.8\ntrie               /32 host LOCAL\ninet6 20010db8000000000000000000000008 02 40 00 80     eth0\n";
        assert_eq!(of(trie), r#"["10.0.0.8","2001:db8::8"]"#);
        assert_eq!(of(""), "null");
    }
}
