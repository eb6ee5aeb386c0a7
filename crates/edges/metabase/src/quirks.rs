//! What only this dialect does, each with the client that needs it, and a test of that name.

use http::{HeaderMap, HeaderValue};
use tessera_access::{Caller, Credential, Group, NewSession, SignIn, Transport};
use tessera_httpkit::{KitSettings, cookies, credential};
use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Code, Fault, Result, Secret, Timestamp};

use crate::errors::Refusal;

/// The cookie with a session, which scripts cannot read.
const SESSION_COOKIE: &str = "metabase.SESSION";
/// The cookie that tells pages that a session is there.
const TIMEOUT_COOKIE: &str = "metabase.TIMEOUT";
/// The header with a session, for programs.
const SESSION_HEADER: &str = "x-metabase-session";
/// The header with a key.
const KEY_HEADER: &str = "x-api-key";

/// A session's token as a request carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionToken {
    pub(crate) token: Secret,
    pub(crate) from_cookie: bool,
}

/// Sessions in the order in which they are tried: cookie, then header, and only then a key. So a
/// stale session beside a good key counts as the key, and a good session beside any key as the
/// session. Programs that keep cookies and add a key rely on it.
pub(crate) fn sessions(headers: &HeaderMap) -> Vec<SessionToken> {
    let token = |text: String, from_cookie| {
        (!text.is_empty()).then(|| SessionToken { token: Secret::new(text), from_cookie })
    };
    let cookie = cookies::value(headers, SESSION_COOKIE).and_then(|text| token(text, true));
    let header = headers.get(SESSION_HEADER).and_then(|value| value.to_str().ok());
    let header = header.and_then(|text| token(text.trim().to_owned(), false));
    cookie.into_iter().chain(header).collect()
}

/// The key of a request: `X-API-Key`, and then as on the rest of the server, but never from the
/// address, where no client of this dialect puts it. A proxy in front may use `Authorization` for
/// itself, so that header comes second.
pub(crate) fn key(headers: &HeaderMap) -> Option<Credential> {
    let own = headers.get(KEY_HEADER).and_then(|value| value.to_str().ok());
    match own {
        Some(text) => {
            let secret = Secret::new(text.trim());
            Some(Credential { secret, transport: Transport::Header })
        }
        None => credential::key_of(headers, None),
    }
}

/// Whether a request comes from a client of this dialect, by the credential it carries. Paths that
/// nobody serves are shared with other dialects, which answer in other words.
pub(crate) fn is_own_client(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY_HEADER) || !sessions(headers).is_empty()
}

/// The cookies of a session that begins.
pub(crate) fn session_cookies(
    settings: &KitSettings,
    token: &Secret,
    expires_at: Timestamp,
) -> [HeaderValue; 2] {
    let expires = expires_at.format("%a, %d %b %Y %H:%M:%S GMT");
    let rest = format!("Expires={expires}; Path=/; SameSite=Lax{}", secure(settings));
    [
        build(&format!("{SESSION_COOKIE}={}; HttpOnly; {rest}", token.expose())),
        build(&format!("{TIMEOUT_COOKIE}=alive; {rest}")),
    ]
}

/// Takes the cookies of a session away.
pub(crate) fn clear_cookies(settings: &KitSettings) -> [HeaderValue; 2] {
    let rest = format!("Max-Age=0; Path=/; SameSite=Lax{}", secure(settings));
    [
        build(&format!("{SESSION_COOKIE}=; HttpOnly; {rest}")),
        build(&format!("{TIMEOUT_COOKIE}=; {rest}")),
    ]
}

fn secure(settings: &KitSettings) -> &'static str {
    if settings.cookies_secure { "; Secure" } else { "" }
}

fn build(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("tokens are letters and digits")
}

/// The built-in groups under the names that clients look them up by.
pub(crate) fn group_name(group: &Group) -> &str {
    if group.is_default() {
        "All Users"
    } else if group.is_admin() {
        "Administrators"
    } else {
        &group.name
    }
}

/// First and last name: a person's name is one text here, and `first last` gives it back.
pub(crate) fn names(name: &str, is_program: bool) -> (&str, &str) {
    match name.rsplit_once(' ') {
        Some((first, last)) if !is_program => (first.trim_end(), last),
        _ => (name, ""),
    }
}

/// A membership's number, by which clients end it. Memberships have none here: it is made of the
/// numbers of group and user, one to one (Szudzik's pairing, which stays small).
pub(crate) fn membership_id(group: GroupId, user: UserId) -> i64 {
    let (a, b) = (group.0, user.0);
    if a >= b { a * a + a + b } else { b * b + a }
}

/// The membership with a number.
pub(crate) fn membership(id: i64) -> Option<(GroupId, UserId)> {
    let root = u64::try_from(id).ok()?.isqrt();
    let root = i64::try_from(root).ok()?;
    let rest = id - root * root;
    Some(if rest < root {
        (GroupId(rest), UserId(root))
    } else {
        (GroupId(root), UserId(rest - root))
    })
}

/// The built-in user that clients skip when they are told so; there is none here.
pub(crate) fn internal_user(id: UserId) -> Result<(), Refusal> {
    const INTERNAL: UserId = UserId(13_371_338);
    if id == INTERNAL {
        return Err(Refusal::field("id", "Not able to read or change the internal user"));
    }
    Ok(())
}

/// A user is shown to itself and to administrators only, whoever may list users.
pub(crate) fn oneself_or_admin(caller: &Caller, user: UserId) -> Result<(), Fault> {
    match caller.user() {
        Some(known) if known.is_admin() || known.id == user => Ok(()),
        _ => Err(Fault::new(Code::Forbidden, "only administrators may see other users")),
    }
}

/// These clients know no second step: who has a second factor signs in elsewhere.
pub(crate) fn only_whole_sign_ins(signed_in: SignIn) -> Result<NewSession> {
    match signed_in {
        SignIn::Session(session) => Ok(session),
        SignIn::SecondFactor(_) => {
            Err(Fault::new(Code::Unauthenticated, "a second factor is needed; sign in at /login"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), value.parse().expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn sessions_come_from_the_cookie_first_and_then_from_the_header() {
        let both = headers(&[("cookie", "a=b; metabase.SESSION=one"), (SESSION_HEADER, "two")]);
        let found: Vec<_> = sessions(&both)
            .into_iter()
            .map(|session| (session.token.expose().to_owned(), session.from_cookie))
            .collect();
        assert_eq!(found, [("one".to_owned(), true), ("two".to_owned(), false)]);
        assert!(
            sessions(&headers(&[("cookie", "metabase.SESSION="), (KEY_HEADER, "k")])).is_empty()
        );
    }

    #[test]
    fn key_in_its_own_header_goes_before_authorization() {
        let text = |pairs: &[(&'static str, &str)]| {
            key(&headers(pairs)).map(|key| key.secret.expose().to_owned())
        };
        let proxied = [("authorization", "Basic dTpw"), (KEY_HEADER, "mb_x")];
        assert_eq!(text(&proxied).as_deref(), Some("mb_x"));
        assert_eq!(text(&[("authorization", "Bearer mb_y")]).as_deref(), Some("mb_y"));
        assert_eq!(text(&[]), None);
    }

    #[test]
    fn is_own_client_by_the_credential_it_carries() {
        assert!(is_own_client(&headers(&[(KEY_HEADER, "bad")])));
        assert!(is_own_client(&headers(&[(SESSION_HEADER, "x")])));
        assert!(!is_own_client(&headers(&[("authorization", "Key x"), ("cookie", "session=x")])));
    }

    #[test]
    fn names_are_split_at_the_last_space_and_those_of_programs_not_at_all() {
        assert_eq!(names("Ada Lovelace", false), ("Ada", "Lovelace"));
        assert_eq!(names("Ada King Lovelace", false), ("Ada King", "Lovelace"));
        assert_eq!(names("Ada", false), ("Ada", ""));
        assert_eq!(names("nightly export", true), ("nightly export", ""));
    }

    #[test]
    fn membership_id_and_membership_are_each_others_inverse() {
        let mut seen = std::collections::HashSet::new();
        for group in 1..40 {
            for user in 1..40 {
                let id = membership_id(GroupId(group), UserId(user));
                assert!(seen.insert(id), "{group} {user}");
                assert_eq!(membership(id), Some((GroupId(group), UserId(user))));
            }
        }
        assert!(membership_id(GroupId(90_000_000), UserId(7)) < 1 << 53, "exact in JavaScript");
        assert_eq!(membership(-1), None);
    }

    #[test]
    fn internal_user_is_refused_with_the_words_that_a_client_looks_for() {
        let refusal = internal_user(UserId(13_371_338)).expect_err("refused");
        assert_eq!(refusal.status().as_u16(), 400);
        assert!(format!("{refusal:?}").contains("internal user"));
        assert!(internal_user(UserId(1)).is_ok());
    }

    #[test]
    fn oneself_or_admin_keeps_nobody_out_of_its_own_record() {
        assert!(oneself_or_admin(&Caller::Anonymous, UserId(1)).is_err());
    }

    #[test]
    fn session_cookies_cannot_be_read_by_scripts() {
        let settings = KitSettings { cookies_secure: true, ..KitSettings::default() };
        let [session, timeout] =
            session_cookies(&settings, &Secret::new("abc"), Timestamp::UNIX_EPOCH);
        let session = session.to_str().expect("text");
        assert!(session.starts_with("metabase.SESSION=abc; HttpOnly; "), "{session}");
        assert!(session.ends_with("Path=/; SameSite=Lax; Secure"), "{session}");
        assert!(!timeout.to_str().expect("text").contains("HttpOnly"));
    }
}
