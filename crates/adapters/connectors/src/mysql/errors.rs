//! What the server says, in its own words.

use mysql_async::{DriverError, Error, IoError};
use rustls::CertificateError;
use tessera_kernel::{Code, Fault};

/// The server ended a statement that took too long: MariaDB, MySQL.
const TOO_LONG: [u16; 2] = [1969, 3024];

/// A statement that cannot be prepared.
const NOT_PREPARED: u16 = 1295;

/// A fault with the server's words.
pub(super) fn failed(error: &Error) -> Fault {
    let detail = match error {
        Error::Server(server) => server.message.clone(),
        Error::Driver(driver) => driver.to_string(),
        Error::Io(IoError::Io(io)) => io.to_string(),
        Error::Io(other) => other.to_string(),
        other => other.to_string(),
    };
    Fault::new(Code::SourceFailed, detail)
}

/// Why there is no server to speak to.
pub(super) fn unreachable(host: &str, error: &Error) -> Fault {
    match error {
        Error::Server(_) => failed(error),
        _ => {
            let reason = failed(error);
            let detail = format!("Can't connect to server on '{host}' ({})", reason.detail());
            Fault::new(Code::SourceFailed, detail)
        }
    }
}

/// Whether the server offers no encryption.
pub(super) fn is_plain(error: &Error) -> bool {
    matches!(error, Error::Driver(DriverError::NoClientSslFlagFromServer))
}

/// A name that the server's certificate is for, if it is good but for the name.
pub(super) fn presented_name(error: &Error) -> Option<String> {
    let Error::Io(IoError::Io(io)) = error else { return None };
    let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
        presented,
        ..
    }) = io.get_ref()?.downcast_ref()?
    else {
        return None;
    };
    // `DnsName("*.example.com")` or `IpAddress(127.0.0.1)`
    let name = presented.first()?.split_once('(')?.1.trim_end_matches(')').trim_matches('"');
    Some(name.replace('*', "any"))
}

/// Whether the server ended the statement because of the time.
pub(super) fn is_too_long(error: &Error) -> bool {
    matches!(error, Error::Server(server) if TOO_LONG.contains(&server.code))
}

/// Whether the statement can be sent as a text only.
pub(super) fn is_not_prepared(error: &Error) -> bool {
    matches!(error, Error::Server(server) if server.code == NOT_PREPARED)
}
