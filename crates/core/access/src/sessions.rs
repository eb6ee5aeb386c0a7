//! Sessions of people in a browser: random tokens, stored as keyed digests.

use std::sync::Arc;

use tessera_kernel::ids::{Uid, UserId};
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret, Timestamp};

use crate::acts::{EndSession, ListSessions, RevokeSessions};
use crate::ports::Repos;
use crate::signin::{Method, audit};
use crate::{Authorized, Caller, Gate, RequestContext, User, UserKind};

/// How much of what a browser says about itself is kept, in characters.
const CLIENT_CHARACTERS_MAX: usize = 120;

/// How often storage learns that a session is in use, in seconds.
const SEEN_EVERY_SECONDS: i64 = 300;

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The public identifier, by which it can be ended.
    pub uid: Uid,
    /// Keyed digest of the token in the cookie.
    pub digest: [u8; 32],
    /// Whose it is.
    pub user: UserId,
    /// The user's epoch when it began; a later one voids it.
    pub epoch: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends unless used.
    pub expires_at: Timestamp,
    /// When it was last used, within five minutes.
    pub last_seen_at: Timestamp,
    /// The address it was last used from.
    pub address: Option<String>,
    /// What the browser said about itself, shortened.
    pub client: Option<String>,
    /// How the person proved who they are.
    pub method: Method,
}

/// A session just begun: the only moment its token is known.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The token for the cookie.
    pub token: Secret,
    /// Whose it is.
    pub user: User,
    /// When it ends unless used.
    pub expires_at: Timestamp,
}

/// Who is behind a session's token.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// The person.
    pub caller: Caller,
    /// Until when it now lives, if that has moved: the cookie has to live on, too.
    pub renewed_until: Option<Timestamp>,
}

/// Sessions.
#[derive(Clone)]
pub struct Sessions {
    repos: Arc<dyn Repos>,
    gate: Gate,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Sessions {
    /// The service over its parts.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        gate: Gate,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { repos, gate, clock, random }
    }

    /// Begins a session for a person who has proved who they are, second factor included.
    pub(crate) async fn begin(
        &self,
        user: User,
        method: Method,
        context: &RequestContext,
    ) -> Result<NewSession> {
        if user.kind != UserKind::Person {
            return Err(Fault::new(Code::Forbidden, "a service account cannot sign in"));
        }
        let token = Secret::new(self.random.alphanumeric(43));
        let now = self.clock.now();
        let life = if context.remember { self.remembered() } else { self.idle() };
        let expires_at = now + life;
        let (_, digest) = self.gate.peppers().digest(token.expose());
        let session = Session {
            uid: self.random.uid(now),
            digest,
            user: user.id,
            epoch: user.epoch,
            created_at: now,
            expires_at,
            last_seen_at: now,
            address: context.address.clone(),
            client: context.client.as_deref().map(shorten),
            method,
        };
        audit::begun(&self.gate, &session, context).await?;
        self.repos.insert_session(&session).await?;
        self.gate.saw(user.id, now);
        Ok(NewSession { token, user, expires_at })
    }

    /// Recognises a session by its token, and lets it live on.
    ///
    /// # Errors
    /// `Unauthenticated` for one that is unknown or over.
    pub async fn authenticate(&self, token: &Secret, address: Option<&str>) -> Result<Recognised> {
        let now = self.clock.now();
        let session = self.find(token).await?;
        let record = self.repos.user(session.user).await?.ok_or_else(over)?;
        if record.epoch != session.epoch {
            return Err(over());
        }
        let user = self.gate.principal(session.user).await?.ok_or_else(over)?;
        // Written down only now and then, to spare storage.
        let life = self.life(&session);
        let fresh = now + life;
        let seen_long_ago = (now - session.last_seen_at).num_seconds() >= SEEN_EVERY_SECONDS;
        let extends = fresh - session.expires_at > life / 10 || seen_long_ago;
        if extends {
            self.repos.extend_session(&session.digest, fresh, now, address).await?;
        }
        self.gate.saw(user.id, now);
        let caller = Caller::User { user, key: None };
        Ok(Recognised { caller, renewed_until: extends.then_some(fresh) })
    }

    /// The running sessions of a user, the one used last first.
    ///
    /// # Errors
    /// `NotFound` if there is no such user.
    pub async fn list(&self, grant: &Authorized<ListSessions>) -> Result<Vec<Session>> {
        let user = self.user(grant.act().user).await?;
        let mut sessions = self.repos.sessions_of(user.id, self.clock.now()).await?;
        sessions.retain(|session| session.epoch == user.epoch);
        Ok(sessions)
    }

    /// Whether a session is the one with this token.
    #[must_use]
    pub fn is_same(&self, session: &Session, token: &Secret) -> bool {
        self.gate.peppers().digests(token.expose()).any(|digest| digest == session.digest)
    }

    /// Ends one session of a user.
    ///
    /// # Errors
    /// `NotFound` if the user has no such session.
    pub async fn revoke(&self, grant: &Authorized<RevokeSessions>, session: Uid) -> Result<()> {
        if self.repos.delete_session_of(grant.act().user, session).await? {
            return Ok(());
        }
        Err(Fault::not_found("session"))
    }

    /// Ends all sessions of a user but the one with the token `except`; tells how many.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn revoke_all(
        &self,
        grant: &Authorized<RevokeSessions>,
        except: Option<&Secret>,
    ) -> Result<u64> {
        let mut kept = None;
        if let Some(token) = except
            && let Ok(session) = self.find(token).await
        {
            kept = Some(session.digest);
        }
        self.repos.delete_sessions_of(grant.act().user, kept).await
    }

    /// Lets the session in which a user has just changed something live on, where the change ends
    /// all sessions: `user` is the record after the change.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn keep(&self, user: &User, token: &Secret) -> Result<()> {
        let Ok(session) = self.find(token).await else { return Ok(()) };
        // Only the step from the last epoch: what was over before stays over.
        if session.user == user.id && session.epoch + 1 == user.epoch {
            self.repos.set_session_epoch(&session.digest, user.epoch).await?;
        }
        Ok(())
    }

    /// Ends the session with this token.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn end(&self, _grant: &Authorized<EndSession>, token: &Secret) -> Result<()> {
        for digest in self.gate.peppers().digests(token.expose()) {
            self.repos.delete_session(&digest).await?;
        }
        Ok(())
    }

    /// Removes sessions, links and unfinished sign-ins that are over.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self) -> Result<u64> {
        self.repos.purge_sessions(self.clock.now()).await
    }

    async fn find(&self, token: &Secret) -> Result<Session> {
        for digest in self.gate.peppers().digests(token.expose()) {
            if let Some(session) = self.repos.session(&digest).await? {
                let alive = session.expires_at > self.clock.now();
                return if alive { Ok(session) } else { Err(over()) };
            }
        }
        Err(over())
    }

    async fn user(&self, id: UserId) -> Result<User> {
        self.repos.user(id).await?.ok_or_else(|| Fault::not_found("user"))
    }

    /// How long a session lives from now on. One that was remembered was given just that time when
    /// it was last seen; any other time than the present one is that of an idle session.
    fn life(&self, session: &Session) -> chrono::TimeDelta {
        let given = (session.expires_at - session.last_seen_at).num_seconds();
        let remembered = self.remembered();
        if given == remembered.num_seconds() { remembered } else { self.idle() }
    }

    fn remembered(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(self.gate.settings().session_remembered_seconds)
    }

    fn idle(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(self.gate.settings().session_idle_seconds)
    }
}

fn over() -> Fault {
    Fault::new(Code::Unauthenticated, "the session is over; sign in again")
}

fn shorten(client: &str) -> String {
    client.chars().filter(|letter| !letter.is_control()).take(CLIENT_CHARACTERS_MAX).collect()
}
