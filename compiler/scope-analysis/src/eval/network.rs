//! Functions of addresses and networks, on what is known when compiling.
//!
//! `subnet("10.0.0.0/16", 8, 3)` → `"10.0.3.0/24"`; `host("10.0.3.0/24", 5)` → `"10.0.3.5"`; `in_network("10.0.3.5",
//! "10.0.0.0/16")` → true; `prefix("10.0.3.0/24")` → 24; `netmask("10.0.3.0/24")` → `"255.255.255.0"`; `network("10.0.3.7/24")`
//! → `"10.0.3.0/24"`. Both versions of the protocol.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use scope_diagnostics::{Diagnostic, Span, codes};
use scope_syntax::ast::Argument;

use super::{Frame, describe};
use crate::context::Context;
use crate::functions;
use crate::hir::Value;

/// A call that fits.
fn example(name: &str) -> &'static str {
    match name {
        "subnet" => "subnet(\"10.0.0.0/16\", 8, 3)",
        "host" => "host(\"10.0.3.0/24\", 5)",
        "network" => "network(\"10.0.3.7/24\")",
        "netmask" => "netmask(\"10.0.3.0/24\")",
        "prefix" => "prefix(\"10.0.3.0/24\")",
        _ => "in_network(\"10.0.3.5\", \"10.0.0.0/16\")",
    }
}

/// A network: the first address as a number, its prefix, and the bits of an address.
#[derive(Clone, Copy)]
struct Network {
    address: u128,
    prefix: u32,
    bits: u32,
}

impl Context<'_> {
    pub(super) fn network(&self, name: &str, args: &[Argument], span: Span, frame: &Frame) -> Value {
        let values: Vec<Value> = args.iter().map(|argument| self.eval(&argument.value, frame)).collect();
        if values.contains(&Value::Error) {
            return Value::Error;
        }
        let is_named = args.iter().any(|argument| argument.name.is_some());
        if let (false, Some(value)) = (is_named, known(name, &values)) {
            return value;
        }
        let waiting = args.iter().zip(&values).find(|(_, value)| matches!(value, Value::Deferred(_)));
        if let (false, Some((argument, _))) = (is_named, waiting) {
            let read = self.sources.borrow().snippet(argument.value.span).to_string();
            self.report(
                Diagnostic::new(
                    codes::E0210,
                    argument.value.span,
                    format!("`{name}` is computed when compiling, and `{read}` is known only when running"),
                )
                .label("what the site answers")
                .help("where the program gives it, write it once, `let net = \"10.0.0.0/24\"`, and use that in both places"),
            );
            return Value::Error;
        }
        let written = functions::find(name).map_or(name, |function| function.written);
        let found: Vec<String> = values.iter().map(describe).collect();
        let report =
            Diagnostic::new(codes::E0210, span, format!("`{name}` cannot be done with {}", found.join(", ")))
                .label("not what it takes, or out of its range")
                .help(format!("`{written}`, all known when compiling; such as `{}`", example(name)));
        self.report(out_of_range(name, &values).into_iter().fold(report, Diagnostic::note));
        Value::Error
    }
}

/// Which number is too large for which network, where that is it.
fn out_of_range(name: &str, values: &[Value]) -> Option<String> {
    let (Value::Text(network), [Value::Int(number), rest @ ..]) = values.split_first()? else { return None };
    let Network { prefix, bits, .. } = parsed(network)?;
    let free = bits - prefix;
    match (name, rest) {
        ("subnet", [Value::Int(_)]) if *number > i64::from(free) => {
            Some(format!("{prefix} + {number} is more than the {bits} bits of an address"))
        }
        ("subnet", [Value::Int(_)]) if *number >= 0 => {
            Some(format!("{number} more bits make {} networks, numbered from 0", power_of_two(*number)))
        }
        ("host", []) => Some(format!("a /{prefix} has {} addresses, numbered from 0", power_of_two(free))),
        _ => None,
    }
}

/// `2^n`, as a number where it can be read as one.
fn power_of_two(exponent: impl TryInto<u32>) -> String {
    let exponent: u32 = exponent.try_into().unwrap_or(u32::MAX);
    match 1_u64.checked_shl(exponent) {
        Some(power) if exponent < 33 => power.to_string(),
        _ => format!("2^{exponent}"),
    }
}

fn known(name: &str, values: &[Value]) -> Option<Value> {
    Some(match (name, values) {
        ("subnet", [Value::Text(network), Value::Int(more), Value::Int(number)]) => {
            let network = parsed(network)?;
            let prefix = network.prefix.checked_add(u32::try_from(*more).ok()?)?;
            let number = u128::try_from(*number).ok()?;
            let count = 1_u128.checked_shl(prefix - network.prefix).unwrap_or(u128::MAX);
            if prefix > network.bits || number >= count {
                return None;
            }
            let step = number.checked_shl(network.bits - prefix).unwrap_or(0);
            let subnet = Network { address: network.address | step, prefix, ..network };
            Value::Text(format!("{}/{prefix}", address(subnet.address, subnet.bits)))
        }
        ("host", [Value::Text(network), Value::Int(number)]) => {
            let network = parsed(network)?;
            let number = u128::try_from(*number).ok()?;
            let count = 1_u128.checked_shl(network.bits - network.prefix).unwrap_or(u128::MAX);
            if number >= count {
                return None;
            }
            Value::Text(address(network.address | number, network.bits))
        }
        ("network", [Value::Text(network)]) => {
            let network = parsed(network)?;
            Value::Text(format!("{}/{}", address(network.address, network.bits), network.prefix))
        }
        ("netmask", [Value::Text(network)]) => {
            let network = parsed(network)?;
            Value::Text(address(mask(network.prefix, network.bits), network.bits))
        }
        ("prefix", [Value::Text(network)]) => Value::Int(i64::from(parsed(network)?.prefix)),
        ("in_network", [Value::Text(inner), Value::Text(network)]) => {
            let network = parsed(network)?;
            let (inner, prefix) = match inner.split_once('/') {
                Some(_) => (inner.clone(), parsed(inner)?.prefix),
                None => (format!("{inner}/{}", network.bits), network.bits),
            };
            let inner = parsed(&inner).filter(|inner| inner.bits == network.bits);
            let is_in = inner.is_some_and(|inner| {
                prefix >= network.prefix
                    && inner.address & mask(network.prefix, network.bits) == network.address
            });
            Value::Bool(is_in)
        }
        _ => return None,
    })
}

fn parsed(text: &str) -> Option<Network> {
    let (first, prefix) = text.split_once('/')?;
    let prefix: u32 = prefix.parse().ok()?;
    let (number, bits) = match first.parse().ok()? {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    (prefix <= bits).then(|| Network { address: number & mask(prefix, bits), prefix, bits })
}

/// The bits of a prefix, in the low `bits`.
fn mask(prefix: u32, bits: u32) -> u128 {
    let all = u128::MAX >> (128 - bits);
    all & !all.checked_shr(prefix).unwrap_or(0)
}

fn address(number: u128, bits: u32) -> String {
    match u32::try_from(number) {
        Ok(number) if bits == 32 => Ipv4Addr::from(number).to_string(),
        _ => Ipv6Addr::from(number).to_string(),
    }
}
