//! Networks and addresses, one on a line.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::controls::Errors;
use crate::fields::Fields;

/// Reads the networks of a field.
pub(crate) fn read(form: &Fields, name: &str, errors: &mut Errors) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for line in form.lines(name).iter().flat_map(|line| line.split([',', ' '])) {
        let single = || line.parse::<IpAddr>().map(IpNet::from);
        match line.parse::<IpNet>().or_else(|_| single()) {
            _ if line.is_empty() => {}
            Ok(network) => networks.push(network),
            Err(_) => {
                let text = format!(
                    "“{line}” is no address or subnet; write one such as 203.0.113.0/24 or 2001:db8::1."
                );
                errors.add("conditions.ip_in", text);
            }
        }
    }
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_subnets_are_read_and_others_named() {
        let mut errors = Errors::default();
        let form = Fields::read(b"n=203.0.113.0%2F24%0D%0A2001:db8::1,+10.0.0.1");
        let read_all = |form: &Fields, errors: &mut Errors| -> Vec<String> {
            read(form, "n", errors).iter().map(ToString::to_string).collect()
        };
        let expected = ["203.0.113.0/24", "2001:db8::1/128", "10.0.0.1/32"];
        assert_eq!(read_all(&form, &mut errors), expected);
        assert!(errors.is_empty());
        read_all(&Fields::read(b"n=here"), &mut errors);
        assert!(errors.of("conditions.ip_in").is_some_and(|text| text.contains("here")));
    }
}
